"""The trigger: one event, survives what passes, gives up in time, never blocks the loop."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from calcom_provider.api.http.retries import RetryPolicy
from calcom_provider.hooks.calcom import CalComHook
from calcom_provider.triggers.calcom import CalComConditionTrigger


def trigger(**arguments: Any) -> CalComConditionTrigger:
    return CalComConditionTrigger(
        **(
            {
                "calcom_conn_id": "calcom_default",
                "condition": {"kind": "booking_state", "uid": "none", "states": ["accepted"]},
                "poll_interval": 0.02,
                "deadline": time.time() + 60,
            }
            | arguments
        )
    )


async def events(of: CalComConditionTrigger) -> list[dict[str, Any]]:
    found = [event.payload async for event in of.run()]
    await of.cleanup()
    return found


def test_serialization_makes_the_same_trigger() -> None:
    from airflow.sdk.module_loading import import_string

    path, arguments = trigger(organization_id=7).serialize()
    assert json.loads(json.dumps(arguments)) == arguments
    assert import_string(path)(**arguments).serialize() == (path, arguments)


def accepted(sandbox: Any) -> dict[str, Any]:
    row = next(row for row in sandbox.state.tables["bookings"] if row["status"] == "accepted")
    return {"kind": "booking_state", "uid": row["uid"], "states": ["accepted"]}


def test_one_event_when_it_holds(sandbox: Any, calcom_default: str) -> None:
    (event,) = asyncio.run(events(trigger(condition=accepted(sandbox))))
    assert event["status"] == "success"
    assert "@" not in json.dumps(event)


def test_one_event_when_time_is_up(sandbox: Any, calcom_default: str) -> None:
    # Asleep for the whole interval it would be ended with the test, by pytest's own time limit.
    late = trigger(deadline=time.time() + 0.3, poll_interval=3600)
    assert asyncio.run(events(late)) == [{"status": "timeout"}]


def test_the_condition_is_asked_once_more_at_the_deadline(sandbox: Any, calcom_default: str) -> None:
    (event,) = asyncio.run(
        events(trigger(condition=accepted(sandbox), deadline=time.time() + 0.1, poll_interval=3600))
    )
    assert event["status"] == "success"


@pytest.mark.parametrize("fault", ["500", "502", "503", "reset", "truncated"])
def test_what_passes_is_survived(
    fault: str, sandbox: Any, calcom_default: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CalComHook, "retries", RetryPolicy(attempts=1))
    sandbox.faults.script([{"do": fault, "operation": "bookings.get", "times": 3}])
    (event,) = asyncio.run(events(trigger(condition=accepted(sandbox), deadline=time.time() + 60)))
    assert event["status"] == "success"
    assert sum(sandbox.faults.happened.values()) >= 1


def test_what_cannot_pass_ends_it_with_the_reason(sandbox: Any, set_connection: Callable[..., str]) -> None:
    set_connection("calcom_default", conn_type="calcom", host=sandbox.url, password=sandbox.keys["expired"])
    (event,) = asyncio.run(events(trigger(deadline=time.time() + 60)))
    assert event["status"] == "error"
    assert "expired" in event["message"]
    assert sandbox.keys["expired"] not in json.dumps(event)


def test_the_loop_goes_on_while_calcom_is_slow(sandbox: Any, calcom_default: str) -> None:
    gone_on = threading.Event()

    def hold(*_: object) -> None:
        gone_on.wait(60)

    sandbox.before_answer(hold)

    async def watch() -> int:
        ticks = 0
        waiting = asyncio.ensure_future(events(trigger(condition=accepted(sandbox))))
        while not waiting.done():
            await asyncio.sleep(0.01)
            ticks += 1
            if ticks > 20:
                gone_on.set()
        assert (await waiting)[0]["status"] == "success"
        return ticks

    assert asyncio.run(watch()) > 20

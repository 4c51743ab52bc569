"""Sensors: what they wait for, in a worker and deferred, and what ends the wait."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    TaskDeferred,
)
from hypothesis import given
from hypothesis import strategies as st

from calcom_provider.api.http.retries import RetryPolicy
from calcom_provider.hooks.calcom import CalComHook
from calcom_provider.sensors.calcom import CalComBookingSensor, CalComOutOfOfficeSensor
from calcom_provider.triggers.calcom import CalComConditionTrigger
from calcom_provider.triggers.conditions import current, moment


def booking(sandbox: Any, status: str) -> Any:
    return next(row for row in sandbox.state.tables["bookings"] if row["status"] == status)


def sensor(**arguments: Any) -> CalComBookingSensor:
    return CalComBookingSensor(**({"task_id": "wait", "poke_interval": 0.01, "timeout": 5} | arguments))


def absence(**arguments: Any) -> CalComOutOfOfficeSensor:
    return CalComOutOfOfficeSensor(**({"task_id": "wait", "poke_interval": 0.01, "timeout": 5} | arguments))


def test_a_booking_in_the_wanted_state_ends_the_wait(
    sandbox: Any, calcom_default: str, task_context: Any
) -> None:
    row = booking(sandbox, "accepted")
    found = sensor(booking_uid=row["uid"]).poke(task_context)
    assert found.is_done
    assert found.xcom_value["uid"] == row["uid"]
    assert set(found.xcom_value) == {"uid", "id", "status", "start"}


def test_an_unknown_booking_is_waited_for(sandbox: Any, calcom_default: str, task_context: Any) -> None:
    assert not sensor(booking_uid="not-yet-made").poke(task_context).is_done


def test_a_booking_that_ended_otherwise_fails(sandbox: Any, calcom_default: str, task_context: Any) -> None:
    row = booking(sandbox, "cancelled")
    with pytest.raises(AirflowFailException, match="cancelled"):
        sensor(booking_uid=row["uid"]).poke(task_context)
    assert sensor(booking_uid=row["uid"], states="cancelled,accepted").poke(task_context).is_done


@pytest.mark.parametrize("scope", ["organization", "account"])
def test_bookings_are_counted(scope: str, sandbox: Any, calcom_default: str, task_context: Any) -> None:
    many = sensor(filters={"sortStart": "asc"}, count=100000, scope=scope)
    assert not many.poke(task_context).is_done
    if scope == "organization":
        found = sensor(filters={"sortStart": "asc"}, count="3").poke(task_context)
        assert found.is_done
        assert len(found.xcom_value["uids"]) == 3


def entry(sandbox: Any, user_id: int, start: datetime, end: datetime) -> None:
    days = {"start": f"{start:%Y-%m-%dT00:00:00Z}", "end": f"{end:%Y-%m-%dT00:00:00Z}"}
    CalComHook().call("org_user_ooo.create", userId=user_id, **days)


def test_absence_and_return(sandbox: Any, calcom_default: str, task_context: Any) -> None:
    busy = {row["userId"] for row in sandbox.state.ooo} | {row["toUserId"] for row in sandbox.state.ooo}
    profiles = sandbox.state.profiles.by("organizationId", sandbox.organization_id)
    user_id = next(row["userId"] for row in profiles if row["userId"] not in busy)
    assert not absence(user_id=user_id).poke(task_context).is_done
    assert absence(user_id=user_id, away=False).poke(task_context).xcom_value == {"away": False}
    now = datetime.now(UTC)
    entry(sandbox, user_id, now, now + timedelta(days=2))
    found = absence(user_id=str(user_id)).poke(task_context)
    assert found.is_done
    assert set(found.xcom_value) == {"away", "id", "start", "end"}
    assert not absence(user_id=user_id, away="false").poke(task_context).is_done


instants = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))


@given(st.lists(st.tuples(instants, st.timedeltas(timedelta(0), timedelta(days=9)))), instants)
def test_the_entry_that_counts_covers_now_and_ends_last(
    entries: list[tuple[datetime, timedelta]], now: datetime
) -> None:
    rows = [{"start": start.isoformat(), "end": (start + length).isoformat()} for start, length in entries]
    found = current(rows, now)
    covering = [row for row in rows if moment(row["start"]) <= now <= moment(row["end"])]
    assert (found is None) == (not covering)
    if found is not None:
        assert found in covering
        assert all(moment(row["end"]) <= moment(found["end"]) for row in covering)


# -- failures -------------------------------------------------------------------------------------------


def test_passing_failures_are_survived_while_poking(
    sandbox: Any, calcom_default: str, task_context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CalComHook, "retries", RetryPolicy(attempts=1))
    row = booking(sandbox, "accepted")
    sandbox.faults.script([{"do": "503", "operation": "bookings.get", "times": 1}])
    waiting = sensor(booking_uid=row["uid"])
    assert not waiting.poke(task_context).is_done
    assert waiting.poke(task_context).is_done


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_wrong_key_ends_the_wait_at_once(
    deferrable: bool, sandbox: Any, set_connection: Callable[..., str], task_context: Any
) -> None:
    set_connection("calcom_default", conn_type="calcom", host=sandbox.url, password=sandbox.keys["unknown"])
    with pytest.raises(AirflowFailException, match="does not know the key"):
        sensor(booking_uid="x", deferrable=deferrable).execute(task_context)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "booking_uid or filters"),
        ({"booking_uid": "x", "filters": {}}, "booking_uid or filters"),
        ({"booking_uid": "x", "states": "acepted"}, "states"),
        ({"booking_uid": "x", "states": ""}, "states"),
        ({"filters": {}, "scope": "everybody"}, "scope"),
        ({"filters": {}, "count": "some"}, "count"),
        ({"filters": {"eventTypId": 1}}, "eventTypeId"),
    ],
)
def test_wrong_arguments_are_named(
    arguments: dict[str, Any], said: str, sandbox: Any, calcom_default: str, task_context: Any
) -> None:
    with pytest.raises(AirflowFailException, match=said):
        sensor(**arguments).poke(task_context)


# -- deferral -------------------------------------------------------------------------------------------


def test_what_is_there_already_is_not_waited_for(
    sandbox: Any, calcom_default: str, task_context: Any
) -> None:
    row = booking(sandbox, "accepted")
    assert sensor(booking_uid=row["uid"], deferrable=True).execute(task_context)["status"] == "accepted"


def test_deferral_carries_the_condition_and_a_deadline(
    sandbox: Any, calcom_default: str, task_context: Any
) -> None:
    with pytest.raises(TaskDeferred) as caught:
        sensor(booking_uid="later", deferrable=True, timeout=90).execute(task_context)
    trigger = caught.value.trigger
    assert isinstance(trigger, CalComConditionTrigger)
    assert trigger.condition == {"kind": "booking_state", "uid": "later", "states": ["accepted"]}
    assert trigger.deadline == pytest.approx(time.time() + 90, abs=60)
    # The trigger has to be the first to say that time is up.
    assert caught.value.timeout > timedelta(seconds=90)
    assert caught.value.method_name == "execute_complete"


def test_events_end_the_wait(task_context: Any) -> None:
    waiting = sensor(booking_uid="x")
    assert waiting.execute_complete(task_context, {"status": "success", "found": {"uid": "x"}}) == {
        "uid": "x"
    }
    with pytest.raises(AirflowSensorTimeout):
        waiting.execute_complete(task_context, {"status": "timeout"})
    with pytest.raises(AirflowSkipException):
        sensor(booking_uid="x", soft_fail=True).execute_complete(task_context, {"status": "timeout"})
    with pytest.raises(AirflowFailException, match="no such key"):
        waiting.execute_complete(task_context, {"status": "error", "message": "no such key"})
    for unusable in (None, {}, {"status": "done"}):
        with pytest.raises(AirflowFailException, match="no usable event"):
            waiting.execute_complete(task_context, unusable)


def test_a_trigger_finds_what_comes_later(sandbox: Any, calcom_default: str, task_context: Any) -> None:
    row = booking(sandbox, "pending")
    with pytest.raises(TaskDeferred) as caught:
        sensor(booking_uid=row["uid"], deferrable=True).execute(task_context)

    async def wait() -> Any:
        events = caught.value.trigger.run()
        pending = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.3)
        with sandbox.paused() as world:
            world.tables["bookings"].update(row, status="accepted")
        return await asyncio.wait_for(pending, 10)

    event = asyncio.run(wait())
    found = sensor(booking_uid=row["uid"]).execute_complete(task_context, event.payload)
    assert found["status"] == "accepted"


@pytest.mark.parametrize("kind", [CalComBookingSensor, CalComOutOfOfficeSensor])
def test_values_are_templated(kind: Any) -> None:
    own = set(inspect.signature(kind.__init__).parameters) - {"self", "kwargs", "scope"}
    assert own | {"calcom_conn_id", "organization_id"} == set(kind.template_fields)

"""One message a change of state, none in between."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.notifications.state import CalComStateNotifier
from tests.plugins.airflow_env import TaskInstance

USUAL = {"critical_missed": 10}
SET = {"warning_failures": 2, "critical_failures": 4, "warning_missed": 5, "critical_missed": 7}
LATE = {"events_late_seconds": 1.0}


@pytest.fixture
def told(tmp_path: Path, set_connection: Callable[..., str]) -> Callable[..., list[str]]:
    set_connection("events", conn_type="sqlite", host=f"{tmp_path}/events.db")
    lines: list[str] = []

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    def end(error: str = "", thresholds: Mapping[str, int] = USUAL, **result: Any) -> list[str]:
        instance = TaskInstance()
        if "quarantine" in result:
            instance.xcom_push("quarantine", result.pop("quarantine"))
        instance.xcom_push("return_value", {"organization_id": 7, "tables": {}, "requests": 1, **result})
        notifier = CalComStateNotifier(events_conn_id="events", title="sync", **thresholds)
        notifier._log = logging.getLogger("told")  # type: ignore[assignment]
        notifier._log.handlers, notifier._log.propagate = [Told()], False
        notifier._log.setLevel(logging.INFO)
        context: dict[str, Any] = {"ti": instance}
        if error:
            context["exception"] = RuntimeError(error)
        before = len(lines)
        notifier.notify(context)  # type: ignore[arg-type]
        return [line.split(": ")[1] for line in lines[before:]]

    return end


def test_each_change_is_told_once(told: Callable[..., list[str]]) -> None:
    assert told() == []
    assert told("no answer") == ["OK -> WARNING"]
    assert told("no answer") == []
    assert told("no answer") == ["WARNING -> CRITICAL"]
    assert [told("no answer") for _ in range(3)] == [[], [], []]
    assert told() == ["CRITICAL -> OK"]
    assert told() == []
    assert told(events_missed=3, **LATE) == ["OK -> WARNING"]
    assert told(events_missed=4, **LATE) == []
    assert told(events_missed=12, **LATE) == ["WARNING -> CRITICAL"]
    assert told(events_missed=0, **LATE) == ["CRITICAL -> OK"]


def test_failures_are_told_at_the_numbers_that_are_set(told: Callable[..., list[str]]) -> None:
    lines = [told("no answer", SET) for _ in range(6)]
    assert lines == [[], ["OK -> WARNING"], [], ["WARNING -> CRITICAL"], [], []]
    assert told(thresholds=SET) == ["CRITICAL -> OK"]
    # They are counted from the last success on.
    assert [told("no answer", SET), told(thresholds=SET), told("no answer", SET)] == [[], [], []]
    assert told("no answer", SET) == ["OK -> WARNING"]
    assert told(thresholds=SET) == ["WARNING -> OK"]


def test_missed_rows_are_told_at_the_numbers_that_are_set(told: Callable[..., list[str]]) -> None:
    lines = [told(thresholds=SET, events_missed=rows, **LATE) for rows in (4, 5, 6, 7, 700, 6, 5, 4, 0)]
    assert lines == [
        [],
        ["OK -> WARNING"],
        [],
        ["WARNING -> CRITICAL"],
        [],
        ["CRITICAL -> WARNING"],
        [],
        ["WARNING -> OK"],
        [],
    ]
    # A failure below its own number leaves the state that missed rows made.
    assert told(thresholds=SET, events_missed=5, **LATE) == ["OK -> WARNING"]
    assert told("no answer", SET) == []
    assert told(thresholds=SET) == ["WARNING -> OK"]


def test_a_write_back_in_quarantine_is_critical_once(told: Callable[..., list[str]]) -> None:
    def held(state: str) -> dict[str, Any]:
        return {"quarantine": {"state": state, "namespace": "hr", "kind": "attributes"}}

    assert told("refused", SET) == []
    assert told(thresholds=SET, **held("began")) == ["OK -> CRITICAL"]
    assert told(thresholds=SET, **held("lasts")) == []
    assert told(thresholds=SET) == ["CRITICAL -> OK"]

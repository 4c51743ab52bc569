"""The notifier: one line about a task, to a web hook or the log, and no address of it in an error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.api.errors import AuthenticationError
from calcom_provider.notifications.calcom import LONGEST, CalComNotifier, describe_sync
from calcom_provider.transfers.calcom_to_sql import CalComToSqlOperator
from tests.plugins.api import Reply, ScriptedServer
from tests.unit.hr.promises import promised


@pytest.fixture
def chat(http_server: ScriptedServer, set_connection: Callable[..., str]) -> ScriptedServer:
    http_server.answer = lambda _: Reply(200, b"ok")
    root = http_server.url.removesuffix("/v2")
    set_connection("chat", conn_type="http", host=f"{root}/services", password="T0/B0/t0ps3cret")
    return http_server


def said(chat: ScriptedServer) -> list[str]:
    return [seen.json["text"] for seen in chat.seen]


def test_a_sync_is_told_in_counts(
    chat: ScriptedServer, calcom_default: str, sandbox: Any, warehouse_default: Path, task_context: Any
) -> None:
    task = CalComToSqlOperator(task_id="t", sql_conn_id="warehouse_default", resource_names="users,teams")
    task_context["ti"].pushed["return_value"] = task.execute(task_context)
    CalComNotifier(http_conn_id="chat")(task_context)
    (line,) = said(chat)
    assert line.startswith("dag.task (run): ")
    assert f"{sandbox.rows()['users']} rows in calcom_users" in line
    assert f"organization {sandbox.organization_id}" in line
    assert chat.seen[0].path == "/services/T0/B0/t0ps3cret"


def test_silence_about_nothing(chat: ScriptedServer, task_context: Any) -> None:
    counts = {"inserted": 0, "updated": 0, "deleted": 0, "complete": True}
    result = {"organization_id": 1, "requests": 3, "tables": {"calcom_users": counts}}
    task_context["ti"].pushed["return_value"] = result
    CalComNotifier(http_conn_id="chat", only_changes=True)(task_context)
    assert said(chat) == []
    CalComNotifier(http_conn_id="chat", title="Nightly")(task_context)
    assert said(chat) == ["Nightly: nothing changed"]


def test_an_incomplete_table_is_told_even_without_changes() -> None:
    counts = {"inserted": 0, "updated": 0, "deleted": 0, "complete": False}
    line = describe_sync({"organization_id": 1, "requests": 3, "tables": {"calcom_users": counts}})
    assert line is not None
    assert "not proven complete: calcom_users" in line


def test_what_events_had_missed_is_told_even_without_changes() -> None:
    result = {
        "organization_id": 1,
        "requests": 3,
        "tables": {},
        "events_missed": 4,
        "events_late_seconds": 91.4,
    }
    line = describe_sync(result)
    assert line is not None
    assert line.endswith("events had missed 4 rows, the oldest for 91 s")
    assert describe_sync(result | {"events_missed": 0, "events_late_seconds": 0.0}) is None
    assert describe_sync(result | {"events_missed": None, "events_late_seconds": None}) is None


def test_a_failure_is_told_with_its_advice(chat: ScriptedServer, task_context: Any) -> None:
    task_context["exception"] = AuthenticationError("the key\nis not known", advice="Make a new one.")
    CalComNotifier(http_conn_id="chat", only_changes=True)(task_context)
    assert said(chat) == ["dag.task (run): failed: the key is not known Make a new one."]


def test_lines_are_short(chat: ScriptedServer, task_context: Any) -> None:
    task_context["exception"] = "x" * 5000
    CalComNotifier(http_conn_id="chat")(task_context)
    assert len(said(chat)[0]) == LONGEST


def test_other_results_show_their_counts(chat: ScriptedServer, task_context: Any) -> None:
    task_context["ti"].pushed["return_value"] = {"refused": "mass change", "creates": 40, "rows": [{"a": 1}]}
    CalComNotifier(http_conn_id="chat")(task_context)
    assert said(chat) == ["dag.task (run): refused mass change, creates 40"]


def test_the_title_is_a_template(chat: ScriptedServer, task_context: Any) -> None:
    CalComNotifier(http_conn_id="chat", title="{{ ti.run_id }}!")(task_context)
    assert said(chat) == ["run!: done"]


def test_without_a_connection_it_is_logged(task_context: Any, capsys: Any) -> None:
    CalComNotifier()(task_context)
    assert "dag.task (run): done" in capsys.readouterr().out


@pytest.mark.parametrize("broken", ["status", "connection"])
def test_a_broken_web_hook_is_told_without_its_secret(
    broken: str, chat: ScriptedServer, task_context: Any, set_connection: Callable[..., str]
) -> None:
    chat.answer = lambda _: Reply(403, b"invalid_token")
    if broken == "connection":
        set_connection("chat", conn_type="http", host="http://127.0.0.1:1/s", password="t0ps3cret")
    with pytest.raises(RuntimeError) as caught:
        CalComNotifier(http_conn_id="chat")(task_context)
    assert "t0ps3cret" not in str(caught.value)
    assert "403" in str(caught.value) or "cannot be reached" in str(caught.value)


def test_a_quarantine_is_told_when_it_begins_and_when_it_ends_and_not_in_between(
    chat: ScriptedServer, task_context: Any
) -> None:
    promised("``CalComNotifier`` tells one message when it begins and one when it ends, and none in between")
    guard = {"guard": "removals", "subject": "entries", "observed": 700, "limit": 140.0}
    quarantine = {
        "state": "began",
        "namespace": "hr",
        "kind": "out_of_office",
        "plan_id": "p1",
        "guards": [guard],
    }
    pushed = task_context["ti"].pushed
    pushed["quarantine"] = quarantine
    task_context["exception"] = "plan p1 is refused"
    CalComNotifier(http_conn_id="chat", only_changes=True)(task_context)
    for failure in ("plan p2 is refused", "plan p3: namespace hr is in quarantine", None):
        pushed["quarantine"] = quarantine | {"state": "lasts"}
        task_context["exception"] = failure
        CalComNotifier(http_conn_id="chat")(task_context)
    del task_context["exception"]
    pushed["quarantine"] = quarantine | {"state": "ended", "ended_as": "confirmed", "confirmed": [guard]}
    pushed["return_value"] = {"writes": 700}
    CalComNotifier(http_conn_id="chat", only_changes=True)(task_context)
    began, ended = said(chat)
    assert "quarantine of namespace hr (out_of_office) began: removals:entries 700 (limit 140)" in began
    assert "plan p1" in began
    assert (
        "quarantine of namespace hr (out_of_office) ended: confirmed removals:entries 700; writes 700"
        in ended
    )

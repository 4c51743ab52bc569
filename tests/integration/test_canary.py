"""A canary in every secret and every personal field, and every place searched that people or programs look at.

What never appears is promised in ``docs/privacy.rst``: keys, tokens, names, addresses, notes and values of rows.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import AssetAlias

from calcom_provider.api.client import CalComClient
from calcom_provider.api.http.auth import ApiKey
from calcom_provider.notifications.calcom import CalComNotifier
from calcom_provider.operators.hr_attributes import CalComAttributeSyncOperator
from calcom_provider.operators.hr_out_of_office import CalComOutOfOfficeSyncOperator
from calcom_provider.operators.privacy import CalComErasePersonOperator
from calcom_provider.sandbox import Sandbox
from calcom_provider.sandbox.world import stores
from calcom_provider.transfers.calcom_to_sql import CalComToSqlOperator
from tests.plugins.airflow_env import OutletEvents, TaskInstance
from tests.plugins.api import client_for
from tests.plugins.canaries import MARK

PAGE = Path(__file__).parents[2] / "docs" / "privacy.rst"

MAPPING = {
    "employees": {"format": "json", "fields": {"id": "id", "email": "email"}},
    "absences": {
        "format": "json",
        "fields": {
            "key": "id", "email": "email", "status": "status", "type": "type", "start": "from", "end": "to",
        },
    },
}  # fmt: skip


class Sinks:
    """Gather what every place was told, and search all of it."""

    def __init__(self, secrets: set[str]) -> None:
        self.words = {MARK, *(one.lower() for one in secrets)}
        self.told: dict[str, list[str]] = {}

    def add(self, place: str, what: Any) -> None:
        self.told.setdefault(place, []).append(what if isinstance(what, str) else repr(what))

    def add_files(self, place: str, folder: Path) -> None:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.add(place, f"{path.name} {path.read_bytes().decode('utf-8', 'replace')}")

    def add_tables(self, place: str, database: Path, *begins: str) -> None:
        with closing(sqlite3.connect(database)) as opened:
            names = [row[0] for row in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for name in (one for one in names if one.startswith(begins)):
                for row in opened.execute(f'SELECT * FROM "{name}"'):
                    self.add(place, f"{name} {row!r}")

    def leaks(self) -> list[str]:
        """Return where a canary was seen, with what stands around it."""
        found = []
        for place, texts in self.told.items():
            for text in texts:
                lowered = text.lower()
                for word in self.words:
                    at = lowered.find(word)
                    if at >= 0:
                        found.append(f"{place}: {text[max(at - 60, 0) : at + 40]!r}")
        return found


def plant(sandbox: Sandbox) -> None:
    """Put a canary into every text about people that the sandbox holds."""
    with sandbox.paused() as world:
        for user in list(world.users):
            name = user["email"].partition("@")[0]
            fields = {
                "name": f"{MARK} {name}",
                "email": f"{MARK}.{name}@example.com",
                "username": f"{MARK}-{name}",
            }
            fields |= {"bio": f"{MARK} bio", "avatarUrl": f"https://example.com/{MARK}.png"}
            world.users.update(user, **{key: value for key, value in fields.items() if key in user})
        for entry in list(world.ooo):
            world.ooo.update(entry, notes=f"{MARK} notes")
        for booking in list(world.tables["bookings"]):
            texts = {
                "title": f"{MARK} title",
                "description": f"{MARK} words",
                "cancellationReason": f"{MARK} reason",
            }
            world.tables["bookings"].update(
                booking, **{key: text for key, text in texts.items() if key in booking}
            )

        for webhook in list(stores.webhooks(world)):
            address = f"https://example.com/{MARK}/token"
            stores.webhooks(world).update(webhook, secret=f"{MARK}-secret", subscriberUrl=address)
        for client in list(world.oauth_clients):
            world.oauth_clients.update(client, secret=f"{MARK}-client-secret")
        for option in list(world.options):
            world.options.update(option, value=f"{MARK} {option['value']}")
        for response in list(stores.form_responses(world)):
            answers = {
                key: {**given, "value": f"{MARK} answer"} for key, given in response["response"].items()
            }
            stores.form_responses(world).update(response, response=answers)


@pytest.fixture
def sandbox() -> Any:
    with Sandbox(users=20, limit=(1_000_000, 60.0, 60.0), bookings=30) as running:
        plant(running)
        yield running


def execute(operator: Any, sinks: Sinks, outlets: bool = False) -> Any:
    """Run an operator as a task does, and gather what Airflow would keep of it."""
    context: dict[str, Any] = {"ti": TaskInstance(), "outlet_events": OutletEvents()}
    operator.render_template_fields(context)
    for field in operator.template_fields:
        from airflow.sdk._shared.secrets_masker import redact

        sinks.add("rendered templates", redact(f"{field} = {getattr(operator, field)!r}"))
    try:
        result = operator.execute(context)
        context["ti"].xcom_push("return_value", result)
        sinks.add("xcom", result)
    except Exception as error:
        context["exception"] = error
        sinks.add("tracebacks", "".join(traceback.format_exception(error)))
    sinks.add("xcom", context["ti"].pushed)
    sinks.add("asset events", [one.events for one in context["outlet_events"].values()])
    if hasattr(operator, "get_openlineage_facets_on_complete"):
        sinks.add("lineage", operator.get_openlineage_facets_on_complete(context["ti"]))
    sinks.add("approval text", context["ti"].pushed.get("plan_markdown", ""))
    context["ti"].xcom_pull = lambda key="return_value", **_: context["ti"].pushed.get(key)
    CalComNotifier(only_changes=False).notify(context)
    try:
        CalComNotifier(http_conn_id="web_hook").notify(context)
    except RuntimeError as error:
        sinks.add("tracebacks", "".join(traceback.format_exception(error)))
    return context.get("exception")


def test_no_canary_is_seen_in_any_sink(
    sandbox: Sandbox,
    set_connection: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """They hold no key, no token, no name, no address, no note and no value of a row."""
    assert "no key, no" in PAGE.read_text("utf-8")
    caplog.set_level(logging.DEBUG)
    key = sandbox.keys["admin"]
    sinks = Sinks({key})
    state, ledger, warehouse = tmp_path / "state", tmp_path / "ledger.db", tmp_path / "warehouse.db"
    monkeypatch.setenv("CALCOM_STATE_DIR", str(state))
    set_connection("calcom_default", conn_type="calcom", host=sandbox.url, password=key)
    set_connection(
        "calcom_wrong", conn_type="calcom", host=sandbox.url, password=f"cal_{MARK}_wrong_key_0000"
    )
    set_connection("warehouse_default", conn_type="sqlite", host=str(warehouse), password=f"{MARK}-password")
    set_connection("ledger", conn_type="sqlite", host=str(ledger), password=f"{MARK}-password")
    set_connection(
        "dead",
        conn_type="postgres",
        host="127.0.0.1",
        port=9,
        login="me",
        password=f"{MARK}-password",
        schema="db",
    )
    set_connection("hash_key", conn_type="generic", password=f"{MARK}-hash-key-0123456789")
    set_connection("web_hook", conn_type="http", host="http://127.0.0.1:9/hook", password=f"{MARK}-token")
    outlets = [AssetAlias("calcom")]
    columns = {"sensitive": True, "hash": ["memberships.user_email"]}

    def syncing(**more: Any) -> CalComToSqlOperator:
        asked = {"task_id": "sync", "sql_conn_id": "warehouse_default", "outlets": outlets} | more
        return CalComToSqlOperator(resource_names="all", columns=columns, hash_conn_id="hash_key", **asked)

    assert execute(syncing(), sinks) is None
    assert execute(syncing(calcom_conn_id="calcom_wrong"), sinks) is not None
    assert execute(syncing(sql_conn_id="dead"), sinks) is not None
    with closing(sqlite3.connect(warehouse)) as opened:
        stored = opened.execute("SELECT id, email FROM calcom_users ORDER BY id").fetchall()
        notes = opened.execute("SELECT count(*) FROM calcom_ooo_entries WHERE notes LIKE ?", (f"%{MARK}%",))
        assert notes.fetchone()[0] > 0, "the canary is stored where it belongs"
    assert all(MARK in email for _, email in stored)

    employees, absences = tmp_path / "employees.json", tmp_path / "absences.json"
    people = stored[3:8]
    employees.write_text(
        json.dumps(
            [{"id": f"E{one}", "email": mail, "name": f"{MARK} {one}", "centre": "A"} for one, mail in people]
        )
    )
    absences.write_text(
        json.dumps(
            [
                {
                    "id": f"R{one}", "email": mail, "status": "approved", "type": f"{MARK} type",
                    "from": "2031-03-03", "to": "2031-03-05", "comment": f"{MARK} comment",
                }
                for one, mail in [*people, (0, f"{MARK}.nobody@example.com")]
            ]
        )
    )  # fmt: skip
    shared = {"timezone": "UTC", "mapping": MAPPING, "ledger_conn_id": "ledger", "as_of": "2031-03-01"}
    away = {"task_id": "away", "absences": str(absences), "employees": str(employees), **shared}
    assert execute(CalComOutOfOfficeSyncOperator(preview=True, **away), sinks) is None
    execute(CalComOutOfOfficeSyncOperator(max_failed_rows=5, **away), sinks)
    execute(
        CalComAttributeSyncOperator(
            task_id="attributes", employees=str(employees), columns={"centre": "No such attribute"},
            directory_sync=False, **shared,
        ),
        sinks,
    )  # fmt: skip
    person = people[0][1]
    erasing = {"task_id": "erase", "sql_conn_id": "warehouse_default", "ledger_conn_ids": ["ledger"]}
    assert execute(CalComErasePersonOperator(user=person, **erasing), sinks) is not None, (
        "entries are not over"
    )
    execute(CalComErasePersonOperator(user=person, force=True, hash_conn_id="hash_key", **erasing), sinks)
    assert execute(CalComErasePersonOperator(user=f"{MARK}.nobody@example.com", **erasing), sinks) is not None

    with client_for(sandbox.url, auth=ApiKey(key), organization_id=None) as client:
        refused(client, people[1][1], sinks)
    watch_command(sandbox, key, tmp_path, sinks)

    sinks.add_files("state files", state)
    sinks.add_tables("run records", warehouse, "calcom_sync_", "calcom_schema_version")
    sinks.add_tables("ledger", ledger, "calcom_writeback_")
    sinks.add("logs", caplog.text)
    shown = capsys.readouterr()
    sinks.add("output", shown.out + shown.err)
    must_speak = {
        "rendered templates", "xcom", "asset events", "lineage", "approval text", "tracebacks", "state files",
        "run records", "ledger", "logs", "process list", "command output",
    }  # fmt: skip
    assert {place for place in must_speak if not "".join(sinks.told.get(place, []))} == set()
    assert len(sinks.told["ledger"]) > 5
    assert sinks.leaks() == []


def refused(client: CalComClient, email: str, sinks: Sinks) -> None:
    """Provoke an error whose text may repeat what was sent."""
    try:
        client.call("users.create", email=email, username=f"{MARK} name", timeZone=f"{MARK} zone")
    except Exception as error:
        sinks.add("tracebacks", "".join(traceback.format_exception(error)))


def watch_command(sandbox: Sandbox, key: str, folder: Path, sinks: Sinks) -> None:
    """Sync by the command line, and look at the list of processes meanwhile."""
    words = ["sync", "--to", f"sqlite:///{folder / 'command.db'}", "--base-url", sandbox.url, "--sensitive"]
    environment = {**os.environ, "CALCOM_API_KEY": key, "CALCOM_STATE_DIR": str(folder / "state")}
    child = subprocess.Popen(
        [sys.executable, "-m", "calcom_provider.cli", *words],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    while child.poll() is None:
        for pid in (os.getpid(), child.pid):
            try:
                shown = (
                    Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                )
            except OSError:
                continue
            sinks.add("process list", shown)
        time.sleep(0.2)
    assert child.stdout is not None
    sinks.add("command output", child.stdout.read())
    child.stdout.close()
    assert child.returncode == 0

"""A canary in every declared field about people and every declared secret; what is declared later is covered too."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import AssetAlias

from calcom_provider.resources.registry import catalogue
from calcom_provider.sandbox import Sandbox
from calcom_provider.sandbox.core.wire import Incoming, Response
from calcom_provider.transfers.calcom_to_sql import CalComToSqlOperator
from tests.integration.test_canary import Sinks, execute
from tests.plugins.canaries import MARK, guarded_columns, plant_answers
from tests.plugins.filled import fill

READERS = {
    "calcom_default": [one.name for one in catalogue().values() if one.group != "platform"],
    "calcom_platform": [one.name for one in catalogue().values() if one.group == "platform"],
}
"""Connections, and the lists that each can read."""
SECRETS = [f"{table}.{column.name}" for table, column in guarded_columns() if column.data_class == "secret"]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(users=20, limit=(1_000_000, 60.0, 60.0), bookings=30) as running:
        fill(running)
        yield running


@pytest.fixture
def sinks(
    sandbox: Sandbox,
    set_connection: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> Sinks:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("CALCOM_STATE_DIR", str(tmp_path / "state"))
    platform = {"organization_id": int(sandbox.keys["platform_organization_id"])}
    set_connection("calcom_default", conn_type="calcom", host=sandbox.url, password=sandbox.keys["admin"])
    set_connection(
        "calcom_platform",
        conn_type="calcom",
        host=sandbox.url,
        password=sandbox.keys["operator"],
        extra=platform,
    )
    for name in ("warehouse_default", "closed"):
        set_connection(name, conn_type="sqlite", host=str(tmp_path / f"{name}.db"))
    set_connection("web_hook", conn_type="http", host="http://127.0.0.1:9/hook")
    return Sinks({sandbox.keys[name] for name in ("admin", "operator", "client_secret")})


def sync(sinks: Sinks, conn_id: str, names: list[str], **more: Any) -> Any:
    settings = {"sql_conn_id": "warehouse_default", "outlets": [AssetAlias("calcom")]} | more
    operator = CalComToSqlOperator(task_id="sync", calcom_conn_id=conn_id, resource_names=names, **settings)
    return execute(operator, sinks)


def held(database: Path) -> dict[str, str]:
    """Return what the tables hold, as one text for each column."""
    found = {}
    with closing(sqlite3.connect(database)) as opened:
        for name, kind in opened.execute("SELECT name, type FROM sqlite_master").fetchall():
            if kind == "table" and not name.startswith("calcom_sync_"):
                cursor = opened.execute(f'SELECT * FROM "{name}"')
                columns = [f"{name.removeprefix('calcom_')}.{one[0]}" for one in cursor.description]
                values: list[list[str]] = [[] for _ in columns]
                for row in cursor:
                    for place, value in enumerate(row):
                        values[place].append(str(value))
                found |= {column: " ".join(texts) for column, texts in zip(columns, values, strict=True)}
    return found


def test_every_field_about_people_and_every_secret_is_planted_and_in_no_sink(
    sandbox: Sandbox,
    sinks: Sinks,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plant_answers(sandbox)
    for conn_id, names in READERS.items():
        mine = [one for one in SECRETS if one.partition(".")[0] in tables_of(names)]
        policy = {"sensitive": True, "include": mine}
        assert sync(sinks, conn_id, names, columns=policy) is None
        assert sync(sinks, conn_id, names, columns=policy) is None, "nothing has changed"
        # Asked for by nobody, secrets are stored nowhere.
        assert sync(sinks, conn_id, names, columns={"sensitive": True}, sql_conn_id="closed") is None
    stored = held(tmp_path / "warehouse_default.db")
    declared = {f"{table}.{column.name}" for table, column in guarded_columns()}
    assert {name for name in declared if MARK not in stored.get(name, "")} == set(), "no canary is planted"
    assert len(declared) > 100
    without = held(tmp_path / "closed.db")
    assert set(SECRETS) & set(without) == set()
    assert {name for name, text in without.items() if MARK in text} == declared - set(SECRETS)
    search(sinks, tmp_path, caplog, capsys)
    assert sinks.leaks() == [], "\n".join(sinks.leaks())


def test_values_of_the_wrong_type_are_refused_without_being_told(
    sandbox: Sandbox,
    sinks: Sinks,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is no number, no time and no truth may be somebody's name that came into the wrong field."""
    failed = 0
    for conn_id, names in READERS.items():
        for name in names:
            spoil(sandbox, name)
            failed += sync(sinks, conn_id, [name]) is not None
            sandbox.faults.clear()
    assert failed > len(catalogue()) / 2
    search(sinks, tmp_path, caplog, capsys)
    assert sinks.leaks() == [], "\n".join(sinks.leaks())


def spoil(sandbox: Sandbox, name: str) -> None:
    """Put a canary where a list's rows have a number, a time or a truth."""
    resource = catalogue()[name]
    fields = {
        (column.source or column.name)
        for column in (resource.table.columns if resource.table is not None else ())
        if column.type not in ("text", "json")
    }
    places = {one for one in fields if one[0] not in "$#^" and "." not in one}

    def answer(request: Incoming, given: Response) -> Response | None:
        if sandbox.app.operation_of(request) != resource.read.operation or given.status != 200:
            return None
        body = json.loads(given.body)
        data = body["data"] if isinstance(body, dict) and "data" in body else body
        for row in data if isinstance(data, list) else [data]:
            row.update(dict.fromkeys(places & row.keys(), MARK))
        return Response(200, json.dumps(body).encode(), {})

    sandbox.before_answer(answer)


def tables_of(names: list[str]) -> set[str]:
    return {table.name for name in names for table in catalogue()[name].tables}


def search(
    sinks: Sinks, folder: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Gather what is left when all tasks have ended."""
    sinks.add_files("state files", folder / "state")
    for name in ("warehouse_default", "closed"):
        if (folder / f"{name}.db").exists():
            sinks.add_tables("run records", folder / f"{name}.db", "calcom_sync_", "calcom_schema_version")
    # The sandbox runs in this process, and its own server writes down what it was asked for.
    told = [
        one.getMessage() + str(one.exc_text) for one in caplog.records if not one.name.startswith("uvicorn")
    ]
    sinks.add("logs", "\n".join(told))
    shown = capsys.readouterr()
    sinks.add("output", shown.out + shown.err)
    assert {"rendered templates", "xcom", "state files", "run records", "logs"} <= set(sinks.told)

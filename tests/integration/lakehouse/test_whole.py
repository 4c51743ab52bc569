"""All resources land in a lakehouse as in SQLite, and a run without changes writes records only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import sqlalchemy as sa

from calcom_provider.api.client import CalComClient
from calcom_provider.sandbox import Sandbox
from calcom_provider.sync import sync
from calcom_provider.warehouse import Warehouse
from tests.plugins.bench import open_client
from tests.plugins.lakehouses import snapshots, tables

pytestmark = pytest.mark.cloud

RECORDS = {f"calcom_sync_{name}" for name in ("lease", "running", "state", "facts", "runs", "run_resources")}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    world: dict[str, Any] = {
        "bookings": 40,
        "routing_forms": 3,
        "schedules": 10,
        "event_types": 4,
        "managed_organizations": 2,
        "platform": True,
        "form_responses": 10,
    }
    with Sandbox(users=30, limit=None, **world) as made:
        yield made


@pytest.fixture(scope="module")
def client(sandbox: Sandbox) -> Iterator[CalComClient]:
    with open_client(sandbox, "admin") as made:
        yield made


@pytest.fixture(scope="module")
def in_sqlite(client: CalComClient, tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('whole') / 'w.sqlite'}"
    warehouse = Warehouse(url)
    sync(client, warehouse, resources="all")
    warehouse.close()
    return url


def rows_in_sqlite(url: str, table: str, columns: list[str]) -> list[tuple[Any, ...]]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        listed = ", ".join(f'"{name}"' for name in columns)
        return [tuple(row) for row in connection.exec_driver_sql(f"SELECT {listed} FROM {table}")]


def plain(value: Any, kind: pa.DataType) -> Any:
    if value is None:
        return None
    if pa.types.is_boolean(kind):
        return bool(value)
    if pa.types.is_timestamp(kind):
        return str(value)[:23].ljust(19) if "." in str(value) else f"{value}.000"
    if pa.types.is_date(kind):
        return str(value)
    return value


def test_all_resources_land_as_in_sqlite_and_the_next_run_writes_no_new_version(
    client: CalComClient, in_sqlite: str, lakehouse_url: str
) -> None:
    warehouse = Warehouse(lakehouse_url)
    first = sync(client, warehouse, resources="all")
    held = tables(lakehouse_url)
    for table in (one.table for one in first.tables):
        lake = held[f"calcom_{table}"]
        # When and by which run a row was written differs, as does the begin of its version.
        names = [
            name for name in lake.schema.names if not name.startswith("_calcom_") and name != "valid_from"
        ]
        names.append("_calcom_row_hash")
        kinds = [lake.schema.field(name).type for name in names]
        found = [tuple(map(plain, row.values(), kinds)) for row in lake.select(names).to_pylist()]
        expected = rows_in_sqlite(in_sqlite, f"calcom_{table}", names)
        assert sorted(map(repr, found)) == sorted(repr(tuple(map(plain, row, kinds))) for row in expected), (
            table
        )
    before = snapshots(lakehouse_url)
    second = sync(client, warehouse, resources="all")
    assert second.rows_changed == 0
    after = snapshots(lakehouse_url)
    assert {name for name in after if after[name] != before[name]} <= RECORDS
    warehouse.close()


def test_the_command_line_syncs_into_it(sandbox: Sandbox, lakehouse_url: str, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CALCOM_")} | {
        "CALCOM_BASE_URL": sandbox.url,
        "CALCOM_API_KEY": sandbox.keys["admin"],
        "CALCOM_STATE_DIR": str(tmp_path / "state"),
        "CALCOM_ASSUMED_LIMIT": "0",
    }

    def calcom(*words: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "calcom_provider.cli", *words, "--to", lakehouse_url, "--json"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    first = calcom("sync")
    held = sandbox.rows()
    assert {one["table"]: one["inserted"] for one in first["tables"]} == {
        one["table"]: held[one["table"]] for one in first["tables"]
    }
    assert calcom("sync")["rows_changed"] == 0
    with duckdb.connect() as connection:
        connection.register("runs", tables(lakehouse_url)["calcom_sync_runs"])
        statuses = connection.execute("SELECT DISTINCT status FROM runs").fetchall()
    assert ("success",) in statuses

"""All resources land in BigQuery as in SQLite, from Python, the command line and an Airflow connection."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from calcom_provider.api.client import CalComClient
from calcom_provider.hooks.sql import describe_target, warehouse_target
from calcom_provider.resources.policy import ColumnPolicy
from calcom_provider.sandbox import Sandbox
from calcom_provider.sync import SyncOptions, sync
from calcom_provider.sync.privacy import erase
from calcom_provider.warehouse import Warehouse
from calcom_provider.warehouse.backends.bigquery.client import ClientConnection
from tests.integration.warehouse.model import load_pages
from tests.plugins.bench import open_client
from tests.plugins.bigqueries import PROJECT, query

pytestmark = pytest.mark.cloud

WRITES = ("INSERT", "UPDATE", "DELETE", "CREATE", "load", "make_stage")


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


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the texts of jobs, and names of other calls, that are sent from now on."""
    texts: list[str] = []

    def recorded(name: str) -> None:
        made = getattr(ClientConnection, name)

        def call(self: ClientConnection, first: Any, *more: Any) -> Any:
            texts.append(first if name == "run" else f"{name} {more[0] if name == 'load' else first}")
            return made(self, first, *more)

        monkeypatch.setattr(ClientConnection, name, call)

    for name in ("run", "load", "make_stage", "drop"):
        recorded(name)
    return texts


def plain(value: Any, kind: str) -> Any:
    if value is None or kind in ("integer", "float", "text"):
        return value
    if kind == "boolean":
        return bool(value)
    if kind == "json":
        return json.dumps(json.loads(value) if isinstance(value, str) else value, sort_keys=True)
    if kind == "timestamp":
        return str(value)[:23].ljust(19) if "." in str(value) else f"{str(value)[:19]}.000"
    return str(value)[:10]


def test_all_resources_land_as_in_sqlite_and_the_next_run_writes_records_alone(
    client: CalComClient, bigquery_url: str, tmp_path: Path, said: list[str]
) -> None:
    beside = f"sqlite:///{tmp_path / 'w.sqlite'}"
    with_sqlite = Warehouse(beside)
    sync(client, with_sqlite, resources="all")
    with_sqlite.close()
    warehouse = Warehouse(bigquery_url)
    first = sync(client, warehouse, resources="all")
    published = [one.table for one in first.tables]
    assert len(published) > 30
    assert len(said) <= 100 + 12 * len(published)
    session = warehouse.backend.connect()
    held = warehouse.backend.reflect(session, "calcom_")
    session.close()
    engine = sa.create_engine(beside, poolclass=sa.NullPool)
    for table in published:
        kinds = held[f"calcom_{table}"]
        # When and by which run a row was written differs, as does the begin of its version.
        names = [name for name in kinds if not name.startswith("_calcom_") and name != "valid_from"]
        names.append("_calcom_row_hash")
        found = query(bigquery_url, f"SELECT {', '.join(f'`{name}`' for name in names)} FROM calcom_{table}")
        with engine.connect() as connection:
            listed = ", ".join(f'"{name}"' for name in names)
            expected = connection.exec_driver_sql(f"SELECT {listed} FROM calcom_{table}").fetchall()
        rows, wanted = (
            sorted(
                repr([plain(value, kinds[name]) for name, value in zip(names, row, strict=True)])
                for row in some
            )
            for some in (found, expected)
        )
        assert rows == wanted, table
    said.clear()
    assert sync(client, warehouse, resources="all").rows_changed == 0
    data = [f"`calcom_{table}`" for table in published]
    parts = [part for text in said for part in text.split(";\n")]
    assert not [part for part in parts if part.startswith(WRITES) and any(name in part for name in data)]
    assert len(said) <= 60 + 4 * len(published)
    warehouse.close()


def test_the_command_line_syncs_into_it(sandbox: Sandbox, bigquery_url: str, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CALCOM_")} | {
        "CALCOM_BASE_URL": sandbox.url,
        "CALCOM_API_KEY": sandbox.keys["admin"],
        "CALCOM_STATE_DIR": str(tmp_path / "state"),
        "CALCOM_ASSUMED_LIMIT": "0",
    }
    command = [sys.executable, "-m", "calcom_provider.cli", "sync", "--resources", "users,teams"]
    done = subprocess.run(
        [*command, "--to", bigquery_url, "--json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    inserted = {one["table"]: one["inserted"] for one in json.loads(done.stdout)["tables"]}
    held = sandbox.rows()
    assert inserted == {table: held[table] for table in inserted}
    assert query(bigquery_url, "SELECT count(*) FROM calcom_users") == [(inserted["users"],)]


def test_a_connection_of_airflow_names_it(
    bigquery_url: str, set_connection: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk import Connection
    from google.auth.credentials import AnonymousCredentials

    class Hook:
        """Stand in for that of the Google provider, which is not installed here."""

        def get_credentials_and_project_id(self) -> tuple[Any, str]:
            return AnonymousCredentials(), PROJECT

    made = sa.make_url(bigquery_url)
    monkeypatch.setattr(Connection, "get_hook", lambda self, **given: Hook())
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", str(made.query["endpoint"]))
    extra = {"dataset": made.database, "keyfile_dict": "not-to-be-seen"}
    set_connection("big", conn_type="google_cloud_platform", extra=json.dumps(extra))
    assert describe_target("big") == f"bigquery://{made.database}"
    warehouse = Warehouse(warehouse_target("big"))
    assert load_pages(warehouse, [((1, "v"), (2, "v"))]).inserted == 2
    assert query(bigquery_url, "SELECT count(*) FROM calcom_items") == [(2,)]
    warehouse.close()


def test_an_erased_person_is_in_no_row(bigquery_url: str) -> None:
    with Sandbox(users=6, limit=None) as sandbox, open_client(sandbox, "admin") as client:
        warehouse = Warehouse(bigquery_url)
        options = SyncOptions(policy=ColumnPolicy(sensitive=True))
        sync(client, warehouse, resources="users,memberships", options=options)
        person, email = query(bigquery_url, "SELECT id, email FROM calcom_users ORDER BY id LIMIT 1")[0]
    assert erase(warehouse, person).tables["users"] == 1
    for table in ("users", "memberships"):
        rows = query(bigquery_url, f"SELECT * FROM calcom_{table}")
        assert rows
        assert not [row for row in rows if email in map(str, row)]
    warehouse.close()


def test_staging_tables_are_found_and_dropped(bigquery_url: str) -> None:
    warehouse = Warehouse(bigquery_url)
    session = warehouse.backend.connect()
    warehouse.backend.prepare(session)
    session.connection.make_stage("calcom_stage_1", {"a": "INT64"})
    assert session.connection.names("calcom_stage_") == ["calcom_stage_1"]
    warehouse.backend.drop_stages(session, "calcom_stage")
    assert session.connection.names("calcom_") == []
    session.close()
    warehouse.close()

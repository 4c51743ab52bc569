"""All resources land in Snowflake as in SQLite, from Python, the command line and an Airflow connection."""

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
from calcom_provider.warehouse.backends.snowflake.naming import quote
from calcom_provider.warehouse.backends.snowflake.session import SnowflakeSession
from tests.integration.warehouse.model import load_pages
from tests.plugins.bench import open_client
from tests.plugins.snowflakes import query

pytestmark = pytest.mark.cloud

WRITES = ("INSERT", "UPDATE", "DELETE", "COPY", "PUT", "CREATE")


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
    """Give the statements that are sent from now on."""
    texts: list[str] = []
    cursor, send = SnowflakeSession._cursor, SnowflakeSession._say

    def recorded(self: SnowflakeSession, text: str, values: Any) -> Any:
        texts.append(text)
        return cursor(self, text, values)

    def sent(self: SnowflakeSession, text: str) -> None:
        texts.append(text)
        send(self, text)

    monkeypatch.setattr(SnowflakeSession, "_cursor", recorded)
    monkeypatch.setattr(SnowflakeSession, "_say", sent)
    return texts


def plain(value: Any, kind: str) -> Any:
    if value is None or kind in ("integer", "float", "text"):
        return value
    if kind == "boolean":
        return bool(value)
    if kind == "json":
        return json.dumps(json.loads(value), sort_keys=True)
    if kind == "timestamp":
        return str(value)[:23].ljust(19) if "." in str(value) else f"{value}.000"
    return str(value)[:10]


def test_all_resources_land_as_in_sqlite_and_the_next_run_writes_records_alone(
    client: CalComClient, snowflake_url: str, tmp_path: Path, said: list[str]
) -> None:
    beside = f"sqlite:///{tmp_path / 'w.sqlite'}"
    with_sqlite = Warehouse(beside)
    sync(client, with_sqlite, resources="all")
    with_sqlite.close()
    warehouse = Warehouse(snowflake_url)
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
        listed = ", ".join(map(quote, names))
        found = query(snowflake_url, f"SELECT {listed} FROM {quote('calcom_' + table)}")
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
    data = [f'"CALCOM_{table.upper()}"' for table in published]
    assert not [text for text in said if text.startswith(WRITES) and any(name in text for name in data)]
    assert len(said) <= 60 + 4 * len(published)
    warehouse.close()


def test_the_command_line_syncs_into_it(sandbox: Sandbox, snowflake_url: str, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CALCOM_")} | {
        "CALCOM_BASE_URL": sandbox.url,
        "CALCOM_API_KEY": sandbox.keys["admin"],
        "CALCOM_STATE_DIR": str(tmp_path / "state"),
        "CALCOM_ASSUMED_LIMIT": "0",
    }
    command = [sys.executable, "-m", "calcom_provider.cli", "sync", "--resources", "users,teams"]
    done = subprocess.run(
        [*command, "--to", snowflake_url, "--json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    inserted = {one["table"]: one["inserted"] for one in json.loads(done.stdout)["tables"]}
    held = sandbox.rows()
    assert inserted == {table: held[table] for table in inserted}
    assert query(snowflake_url, "SELECT count(*) FROM calcom_users") == [(inserted["users"],)]


def test_a_connection_of_airflow_names_it(
    snowflake_url: str, set_connection: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from functools import partial

    import snowflake.connector

    # The server of the tests has no certificate, which the hook knows no word for.
    monkeypatch.setattr(snowflake.connector, "connect", partial(snowflake.connector.connect, protocol="http"))
    made = sa.make_url(snowflake_url)
    database, _, schema = str(made.database).partition("/")
    set_connection(
        "snow",
        conn_type="snowflake",
        login=made.username,
        password="not-to-be-seen",
        schema=schema,
        extra=json.dumps(
            {
                "account": "fakesnow",
                "database": database,
                "host": made.query["host"],
                "port": int(str(made.query["port"])),
                "warehouse": "LOADING",
            }
        ),
    )
    assert describe_target("snow") == f"snowflake://fakesnow/{database}/{schema}"
    warehouse = Warehouse(warehouse_target("snow"))
    assert load_pages(warehouse, [((1, "v"), (2, "v"))]).inserted == 2
    assert warehouse.asset_base() == f"snowflake://fakesnow/{database}/{schema}/"
    assert query(snowflake_url, "SELECT count(*) FROM calcom_items") == [(2,)]
    warehouse.close()


def test_an_erased_person_is_in_no_row(snowflake_url: str) -> None:
    with Sandbox(users=6, limit=None) as sandbox, open_client(sandbox, "admin") as client:
        warehouse = Warehouse(snowflake_url)
        options = SyncOptions(policy=ColumnPolicy(sensitive=True))
        sync(client, warehouse, resources="users,memberships", options=options)
        person, email = query(snowflake_url, "SELECT id, email FROM calcom_users ORDER BY id LIMIT 1")[0]
    assert erase(warehouse, person).tables["users"] == 1
    for table in ("users", "memberships"):
        rows = query(snowflake_url, f"SELECT * FROM calcom_{table}")
        assert rows
        assert not [row for row in rows if email in map(str, row)]
    warehouse.close()

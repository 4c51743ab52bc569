"""Snowflakes for tests: fakesnow's server in a process of its own, spoken to by Snowflake's own connector."""

from __future__ import annotations

import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.polling import wait_for

ROOT = Path(__file__).resolve().parents[2]

OPEN = "the emulator never ends the transaction of a client that was killed, as Snowflake does after five minutes"
RELEASED = "no release before this one wrote into Snowflake"
LONG = "500 syncs are hours on the emulator"
EXCEPTIONS: dict[str, str] = {
    "test_five_hundred_syncs_two_at_a_time_leave_nothing": LONG,
    "test_a_run_that_is_killed_takes_nothing_from_its_neighbours[snowflake-written]": OPEN,
    "test_killed_run_changes_nothing_or_everything[snowflake-written]": OPEN,
    "test_killed_run_changes_nothing_or_everything[snowflake-accounted]": OPEN,
    "test_tables_of_an_earlier_release_keep_their_owner": RELEASED,
    "test_a_released_database_is_brought_forward": RELEASED,
    "test_nothing_is_written_and_the_next_sync_finds_everything_unchanged": RELEASED,
    "test_a_killed_run_is_gone_on_with": RELEASED,
    "test_views_that_name_old_columns_stop_nothing_and_are_named": RELEASED,
}
"""Tests of the warehouse suite that are not run on Snowflake, and why; docs/snowflake.rst lists them."""

VIEWS = "tests/integration/reporting/"
"""Tests of reporting views, which are not made in Snowflake."""


@pytest.fixture(scope="session")
def snowflake_server() -> Iterator[int]:
    """Give the port of a server that is ended with the tests."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.plugins.snowflake_server", str(port)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: child.poll() is not None or _answers(port))
        assert child.poll() is None, "fakesnow's server ended"
        yield port
    finally:
        child.kill()
        child.wait()


def _answers(port: int) -> bool:
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def snowflake_url(snowflake_server: int) -> str:
    """Give the URL of a database of Snowflake that is empty."""
    database = f"CALCOM_TEST_{uuid.uuid4().hex[:12].upper()}"
    return (
        f"snowflake://fake:snow@fakesnow/{database}/public"
        f"?host=127.0.0.1&port={snowflake_server}&protocol=http&login_timeout=30&network_timeout=30"
    )


def query(url: str, sql: str) -> list[tuple[Any, ...]]:
    """Run a query as somebody else would, by the connector alone."""
    import snowflake.connector
    import sqlalchemy as sa

    made = sa.make_url(url)
    database, _, schema = str(made.database).partition("/")
    with snowflake.connector.connect(
        user=made.username,
        password=str(made.password),
        account=made.host,
        host=made.query["host"],
        port=int(str(made.query["port"])),
        protocol="http",
        database=database,
        schema=schema,
        session_parameters={"CLIENT_TELEMETRY_ENABLED": False},
    ) as connection:
        return [tuple(row) for row in connection.cursor().execute(sql).fetchall()]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if _is_exception(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        gone = set(map(id, left_out))
        items[:] = [item for item in items if id(item) not in gone]


def _is_exception(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    on_snowflake = callspec is not None and callspec.params.get("warehouse_url") == "snowflake"
    if on_snowflake and item.nodeid.startswith(VIEWS):
        return True
    return on_snowflake and not EXCEPTIONS.keys().isdisjoint({item.name, getattr(item, "originalname", "")})

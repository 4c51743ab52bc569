"""BigQueries for tests: bqemulator in a process and an environment of its own, spoken to by Google's own client."""

from __future__ import annotations

import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.polling import wait_for

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-bigquery" / "bin" / "python"
SERVER = Path(__file__).with_name("bigquery_server.py")
PROJECT = "calcom-test"

RELEASED = "no release before this one wrote into BigQuery"
LONG = "500 syncs are hours on the emulator"
LEDGER = "a ledger is not kept in BigQuery"
EXCEPTIONS: dict[str, str] = {
    "test_a_ledger_beside_the_tables_is_reached_in_every_database": LEDGER,
    "test_five_hundred_syncs_two_at_a_time_leave_nothing": LONG,
    "test_tables_of_an_earlier_release_keep_their_owner": RELEASED,
    "test_a_released_database_is_brought_forward": RELEASED,
    "test_nothing_is_written_and_the_next_sync_finds_everything_unchanged": RELEASED,
    "test_a_killed_run_is_gone_on_with": RELEASED,
    "test_views_that_name_old_columns_stop_nothing_and_are_named": RELEASED,
}
"""Tests of the warehouse suite that are not run on BigQuery, and why; docs/bigquery.rst lists them."""

OTHERS = ("tests/integration/reporting/", "tests/unit/hr/", "tests/integration/hr/")
"""Tests of reporting views and of ledgers, which are not made in BigQuery."""


@pytest.fixture(scope="session")
def bigquery_server() -> Iterator[str]:
    """Give the address of a server that is ended with the tests."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    child = subprocess.Popen(
        [str(PYTHON), str(SERVER), str(port)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(lambda: child.poll() is not None or _answers(port), 60)
        assert child.poll() is None, "the emulator of BigQuery ended"
        yield f"http://127.0.0.1:{port}"
    finally:
        child.kill()
        child.wait()


def _answers(port: int) -> bool:
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def bigquery_url(bigquery_server: str) -> str:
    """Give the URL of a dataset of BigQuery that does not exist yet."""
    return f"bigquery://{PROJECT}/calcom_test_{uuid.uuid4().hex[:12]}?endpoint={bigquery_server}"


def client_of(url: str) -> Any:
    """Make a client that knows nothing of this package."""
    import sqlalchemy as sa
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    made = sa.make_url(url)
    return bigquery.Client(
        project=made.host,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": str(made.query["endpoint"])},
    )


def query(url: str, sql: str) -> list[tuple[Any, ...]]:
    """Run a query as somebody else would, by the client alone."""
    import sqlalchemy as sa
    from google.cloud import bigquery

    made = sa.make_url(url)
    with client_of(url) as client:
        config = bigquery.QueryJobConfig(default_dataset=f"{made.host}.{made.database}")
        return [tuple(row.values()) for row in client.query(sql, job_config=config).result()]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if _is_exception(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        gone = set(map(id, left_out))
        items[:] = [item for item in items if id(item) not in gone]


def _is_exception(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    on_bigquery = callspec is not None and callspec.params.get("warehouse_url") == "bigquery"
    if on_bigquery and item.nodeid.startswith(OTHERS):
        return True
    return on_bigquery and not EXCEPTIONS.keys().isdisjoint({item.name, getattr(item, "originalname", "")})

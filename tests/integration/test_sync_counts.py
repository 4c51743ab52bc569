"""The counts that a person compares agree with the rows that there are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from calcom_provider.api.http.auth import ApiKey
from calcom_provider.sandbox import Sandbox
from calcom_provider.sync import SyncOptions, sync
from calcom_provider.sync.result import Progress, SyncResult
from calcom_provider.warehouse import Warehouse
from tests.plugins.api import client_for

LISTS = "users,memberships,ooo_entries,bookings,attribute_options"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(1100, limit=None, teams=4, bookings=320) as started:
        yield started


def run(sandbox: Sandbox, warehouse: Warehouse, resources: str) -> tuple[SyncResult, dict[str, int]]:
    """Sync; return what it did and the rows that the last progress event of each resource told."""
    told: dict[str, int] = {}

    def progress(event: Progress) -> None:
        told[event.resource] = event.rows

    with client_for(sandbox.url, auth=ApiKey(sandbox.keys["admin"]), organization_id=None) as client:
        return sync(client, warehouse, resources=resources, options=SyncOptions(), progress=progress), told


def test_progress_tells_the_rows_that_there_are(sandbox: Sandbox, sqlite_url: str) -> None:
    """Pages overlap by a row, which counts once."""
    warehouse = Warehouse(sqlite_url)
    result, told = run(sandbox, warehouse, LISTS)
    for table in result.tables:
        if table.table == table.resource:
            assert told[table.resource] == table.rows_read == table.rows_after
    _, told = run(sandbox, warehouse, "users,memberships")
    held = {table.table: table.rows_after for table in result.tables}
    assert {name: told[name] for name in ("users", "memberships")} == {
        name: held[name] for name in ("users", "memberships")
    }
    warehouse.close()


@pytest.mark.parametrize("place", [0, 5, 249, 250, 300, 700, -1])
def test_rows_read_and_rows_kept_are_the_rows_that_there_are(
    sandbox: Sandbox, sqlite_url: str, place: int
) -> None:
    """docs/warehouse.rst: «a row that two pages share counts once»."""
    warehouse = Warehouse(sqlite_url)
    run(sandbox, warehouse, "memberships")
    with sandbox.paused() as world:
        rows = world.memberships.ordered("teamId", sandbox.organization_id)
        role = "MEMBER" if rows[place]["role"] == "ADMIN" else "ADMIN"
        if rows[place]["role"] == "OWNER":
            role = "OWNER"
        world.memberships.update(rows[place], role=role, disableImpersonation=True)
    (table,) = run(sandbox, warehouse, "memberships")[0].tables
    assert table.pages_kept in (3, 4)
    assert table.rows_read + table.rows_kept == table.rows_after == len(rows)
    warehouse.close()

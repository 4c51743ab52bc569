"""A table of the engine that somebody dropped by hand is made anew, with a warning and a full read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from calcom_provider.api.http.auth import ApiKey
from calcom_provider.sandbox import Sandbox
from calcom_provider.sync import SyncOptions, sync
from calcom_provider.warehouse import Warehouse
from calcom_provider.warehouse.bookkeeping.migrations import CURRENT
from tests.integration.warehouse.model import Reader
from tests.plugins.api import client_for

OWN = (
    "sync_runs",
    "sync_run_resources",
    "sync_facts",
    "sync_state",
    "sync_pages",
    "sync_columns",
    "schema_version",
)
ALL = (*OWN, "sync_running", "sync_fleet_runs")


class Place:
    """A sandbox and a database that were synced, and then the next syncs of bookings and people."""

    def __init__(self, sandbox: Sandbox, url: str) -> None:
        self.sandbox = sandbox
        self.warehouse = Warehouse(url)
        self.reader = Reader(url, "merge", "remove")

    def sync(self) -> dict[str, Any]:
        with client_for(
            self.sandbox.url, auth=ApiKey(self.sandbox.keys["admin"]), organization_id=None
        ) as client:
            found = sync(client, self.warehouse, resources="bookings,users", options=SyncOptions())
        return {table.table: table for table in found.tables}

    def drop(self, *names: str) -> None:
        session = self.warehouse.backend.connect()
        session.begin()
        for name in names:
            session.execute(f"DROP TABLE {self.warehouse.backend.qualify('calcom_' + name)}")
        session.commit()
        session.close()


@pytest.fixture
def place(warehouse_url: str) -> Iterator[Place]:
    with Sandbox(12, limit=None, teams=2, bookings=12) as sandbox:
        made = Place(sandbox, warehouse_url)
        made.sync()
        yield made
        made.warehouse.close()


@pytest.mark.parametrize("names", [*((name,) for name in OWN), ALL], ids=lambda names: "+".join(names))
def test_a_dropped_table_of_the_engine_is_made_anew_and_everything_read_in_full(
    place: Place, names: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    """docs/warehouse.rst: «made anew by the next run, with a warning, and that run reads everything in full»."""
    held = place.reader.rows("SELECT id, _calcom_row_hash FROM calcom_bookings ORDER BY id")
    place.drop(*names)
    tables = place.sync()
    warned = [record.getMessage() for record in caplog.records if "made anew" in record.getMessage()]
    if names == ALL:
        # Nothing tells that there ever was a run
        assert not warned
    else:
        (text,) = warned
        assert all(f"calcom_{name}" in text for name in names)
    for table in tables.values():
        assert table.complete
        assert not table.partial
        assert not table.rows_kept
    # Read in full, and found unchanged
    assert (tables["bookings"].inserted, tables["bookings"].updated) == (0, 0)
    assert place.reader.rows("SELECT id, _calcom_row_hash FROM calcom_bookings ORDER BY id") == held
    versions = place.reader.rows("SELECT number FROM calcom_schema_version ORDER BY 1")
    assert versions == [(number,) for number in range(1, CURRENT + 1)]
    # What the run writes of itself is whole again
    assert place.reader.rows("SELECT count(*) FROM calcom_sync_runs WHERE status = 'success'") != [(0,)]
    assert place.reader.rows("SELECT count(*) FROM calcom_sync_columns") != [(0,)]


def test_the_run_after_it_goes_on_from_there(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.drop("sync_pages")
    place.sync()
    caplog.clear()
    tables = place.sync()
    assert tables["bookings"].partial
    assert not [record for record in caplog.records if "made anew" in record.getMessage()]

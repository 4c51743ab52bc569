"""A clock that stood ahead and was set right: what the records say of the runs, and what is made of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from calcom_provider.reporting.checks.checks import Checks
from calcom_provider.warehouse import RunInfo, Warehouse
from calcom_provider.warehouse.bookkeeping.fleet_records import FleetRecords
from calcom_provider.warehouse.bookkeeping.run_store import RunStore
from calcom_provider.warehouse.rows import as_utc
from tests.integration.warehouse.model import ITEMS, SCOPE, as_tuple, load_pages

AHEAD = timedelta(days=3)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


class BrokenError(Exception):
    """End a run."""


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[Warehouse]:
    made = Warehouse(warehouse_url)
    yield made
    made.close()


def fetch(warehouse: Warehouse, text: str, **named: Any) -> list[Any]:
    with closing(warehouse.backend.connect()) as session:
        return session.fetch(text, named)


def break_run(warehouse: Warehouse, ahead: timedelta = AHEAD, scope: Any = SCOPE) -> str:
    run = RunInfo(scope=scope, started_at=datetime.now(UTC) + ahead)
    with suppress(BrokenError), warehouse.load(run) as load:
        load.table(ITEMS, resource="items", scope=scope)
        raise BrokenError
    return run.run_id


def publish_ahead(warehouse: Warehouse) -> None:
    with warehouse.load(RunInfo(scope=SCOPE, started_at=datetime.now(UTC) + AHEAD)) as load:
        load.table(ITEMS, resource="items").write([as_tuple((1, "a"))])
        load.tables[0].finish(True)
        load.publish()


def order(warehouse: Warehouse, table: str) -> list[str]:
    rows = fetch(warehouse, f"SELECT status FROM {warehouse.backend.qualify(table)} ORDER BY started_at")
    return [row[0] for row in rows]


@pytest.mark.parametrize("ahead", [AHEAD, SECOND])
def test_a_run_that_failed_by_a_clock_ahead_stands_before_its_healer(
    warehouse: Warehouse, ahead: timedelta
) -> None:
    load_pages(warehouse, [((1, "a"),)])
    other = break_run(warehouse, scope={"organization_id": 8})
    break_run(warehouse, ahead)
    break_run(warehouse)
    load_pages(warehouse, [((1, "b"),)])
    latest = fetch(
        warehouse,
        f"SELECT run_id, started_at FROM {warehouse.backend.qualify('calcom_sync_runs')} ORDER BY started_at",
    )
    # Nobody ran after the run of the other organisation: its record is as it was.
    assert latest.pop()[0] == other
    assert as_utc(latest[-1][1]) <= datetime.now(UTC) + SECOND
    assert order(warehouse, "calcom_sync_runs")[:-1] == ["success", "failed", "failed", "success"]
    tables = order(warehouse, "calcom_sync_run_resources")
    assert tables[:-1] == ["published", "failed", "failed", "published"]


def test_a_run_that_lost_its_lease_keeps_its_place_when_it_ends(warehouse: Warehouse) -> None:
    load_pages(warehouse, [((1, "a"),)])
    lost = RunInfo(scope=SCOPE, started_at=datetime.now(UTC) + AHEAD)
    with suppress(BrokenError), warehouse.load(lost) as load:
        load.table(ITEMS, resource="items")
        healer = RunInfo(scope=SCOPE)
        # What the run does first that takes the lease over.
        load.run_store.lose(lost.run_id)
        load.run_store.date_before(healer)
        raise BrokenError
    for table in ("calcom_sync_runs", "calcom_sync_run_resources"):
        ((began, status),) = fetch(
            warehouse,
            f"SELECT started_at, status FROM {warehouse.backend.qualify(table)} WHERE run_id = :run_id",
            run_id=lost.run_id,
        )
        assert status == "failed"
        assert as_utc(began) < healer.started_at


def test_what_was_published_by_a_clock_ahead_keeps_its_time(warehouse: Warehouse) -> None:
    publish_ahead(warehouse)
    break_run(warehouse, timedelta(0))
    load_pages(warehouse, [((1, "b"),)])
    assert order(warehouse, "calcom_sync_runs") == ["success", "failed", "success"]
    begins = fetch(
        warehouse, f"SELECT DISTINCT started_at FROM {warehouse.backend.qualify('calcom_sync_runs')}"
    )
    assert len(begins) == 3
    rows = fetch(
        warehouse,
        f"SELECT min(r.started_at), max(r.started_at), max(i._calcom_synced_at)"
        f" FROM {warehouse.backend.qualify('calcom_sync_runs')} r, {warehouse.backend.qualify('calcom_items')} i"
        " WHERE r.status = 'success'",
    )
    first, second, synced = map(as_utc, rows[0])
    assert datetime.now(UTC) + AHEAD - HOUR < first < second == synced


def test_a_failed_run_does_not_date_event_syncs(warehouse: Warehouse) -> None:
    load_pages(warehouse, [((1, "a"),)])
    break_run(warehouse)
    if not warehouse.backend.patchable:
        with closing(warehouse.backend.connect()) as session:
            assert RunStore(session, "calcom_").newest_begin() <= datetime.now(UTC)
        return
    with warehouse.patch(RunInfo(scope=SCOPE)) as patch:
        assert patch.run.started_at <= datetime.now(UTC)
    with warehouse.load(RunInfo(scope=SCOPE, started_at=datetime.now(UTC) + AHEAD)) as running:
        # One under way may still publish: an event sync goes after it.
        with warehouse.patch(RunInfo(scope=SCOPE)) as patch:
            assert patch.run.started_at > running.run.started_at


def test_a_full_read_is_never_dated_in_the_future(warehouse: Warehouse) -> None:
    publish_ahead(warehouse)
    load_pages(warehouse, [((1, "b"),)])
    with closing(warehouse.backend.connect()) as session:
        state = RunStore(session, "calcom_").states(SCOPE)["items"].state
    assert state.full_read_at is not None
    assert state.full_read_at <= datetime.now(UTC)


def ended(warehouse: Warehouse, at: datetime) -> None:
    """Let the clock still stand wrong when the runs ended."""
    for table in ("calcom_sync_runs", "calcom_sync_run_resources"):
        with closing(warehouse.backend.connect()) as session:
            session.execute(
                f"UPDATE {warehouse.backend.qualify(table)} SET finished_at = :at",
                {"at": warehouse.backend.time(at)},
            )


def test_rows_are_as_old_as_the_end_of_a_run_that_is_dated_after_it(
    warehouse: Warehouse, warehouse_url: str
) -> None:
    publish_ahead(warehouse)
    before = datetime.now(UTC)
    load_pages(warehouse, [((1, "b"),)])

    def fresh(after: timedelta) -> bool:
        with Checks(warehouse_url) as checks:
            (found,) = checks.freshness(2 * HOUR, now=datetime.now(UTC) + after)
        return found.failed == 0

    def last() -> datetime:
        with closing(warehouse.backend.connect()) as session:
            return FleetRecords(session, "calcom_").last_reads()[7]["items"].read_at

    assert fresh(HOUR)
    assert not fresh(3 * HOUR)
    assert before - HOUR < last() <= datetime.now(UTC)
    with closing(warehouse.backend.connect()) as session:
        read = FleetRecords(session, "calcom_").read_before(datetime.now(UTC) + HOUR)
    assert before - HOUR < read[7, "items"] <= datetime.now(UTC)
    # By a clock that still stood ahead when the runs ended nobody knows how old they are.
    ended(warehouse, datetime.now(UTC) + 2 * AHEAD)
    assert not fresh(timedelta(0))


def test_a_run_whose_end_could_not_be_recorded_is_not_under_way_for_ever(warehouse: Warehouse) -> None:
    """Where the database fails at the end, what a run staged may go while its record still says that it runs."""
    mine, theirs = break_run(warehouse, -HOUR), break_run(warehouse, -HOUR, scope={"organization_id": 8})
    runs = warehouse.backend.qualify("calcom_sync_runs")
    with closing(warehouse.backend.connect()) as session:
        session.execute(f"UPDATE {runs} SET status = 'running'")
    load_pages(warehouse, [((1, "a"),)])
    told = dict(fetch(warehouse, f"SELECT run_id, status FROM {runs}"))
    assert (told.pop(mine), told.pop(theirs)) == ("lost", "running")
    assert list(told.values()) == ["success"]

"""Organisations loaded at the same time into one set of tables: docs/warehouse.rst, "Many runs at once"."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.warehouse import (
    Column,
    DeleteGuard,
    LeaseLostError,
    Load,
    LoadInProgressError,
    RunInfo,
    Warehouse,
    WarehouseError,
)
from calcom_provider.warehouse.backends import waiting
from calcom_provider.warehouse.backends.base import Session
from calcom_provider.warehouse.bookkeeping.running import revoke
from calcom_provider.warehouse.errors import DatabaseBusyError
from calcom_provider.warehouse.loading import repeating
from calcom_provider.warehouse.loading.publish import Publication
from tests.integration.warehouse.model import ITEMS, Reader, as_tuple, mark
from tests.integration.warehouse.test_killed import CHILD, ROOT

ORGANIZATIONS = (1, 2, 3, 4)
NOTE = Column("note", "text")
LONG = 60.0


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[Warehouse]:
    made = Warehouse(warehouse_url)
    yield made
    made.close()


def open_load(warehouse: Warehouse, organization: int) -> Load:
    return warehouse.load(RunInfo(scope={"organization_id": organization}))


def stage(load: Load, organization: int, rows: dict[int, str], mode: str = "merge", **more: Any) -> None:
    """Hand over all rows of an organisation, in pages of fifty; with ``note`` in a column of its own."""
    table = load.table(ITEMS, resource="items", mode=mode, deletes="remove", guard=DeleteGuard.off())
    known = load.known_pages("items")
    notes = ()
    if "note" in more:
        table.add_columns([NOTE])
        notes = (more["note"],)
    whole = sorted(rows.items())
    for start in range(0, len(whole), 50):
        page = tuple(whole[start : start + 50])
        made = mark(start, page)
        if made.key in known and known[made.key].digest == made.digest:
            table.keep(made)
        else:
            table.write([(*as_tuple(row, organization), *notes) for row in page], made)
    table.finish(complete=True)


def sync(
    warehouse: Warehouse, organization: int, rows: dict[int, str], mode: str = "merge", **more: Any
) -> Load:
    with open_load(warehouse, organization) as load:
        stage(load, organization, rows, mode, **more)
        load.publish()
    return load


def held(url: str, more: str = "") -> dict[int, dict[int, str]]:
    """Read the live rows by organisation."""
    reader = Reader(url, "merge", "remove")
    key, value = reader.quote("Order"), reader.quote("näme")
    found: dict[int, dict[int, str]] = {}
    for organization, number, name in reader.rows(
        f"SELECT organization_id, {key}, {value} FROM calcom_items {more} ORDER BY 1, 2"
    ):
        assert found.setdefault(organization, {}).setdefault(number, name) is name, "a key is held twice"
    return found


def left_over(warehouse: Warehouse) -> list[str]:
    """Name staging tables and folders, and runs that are registered as under way."""
    session = warehouse.backend.connect()
    try:
        names = [name for name in warehouse.backend.reflect(session, "calcom_") if "stage_" in name]
        runs = session.fetch(f"SELECT run_id FROM {warehouse.backend.qualify('calcom_sync_running')}")
    finally:
        session.close()
    file = warehouse.backend.file
    folders = [one.name for one in file.parent.iterdir() if ".stage-" in one.name] if file else []
    return [*names, *folders, *(run for (run,) in runs)]


def at_once(*work: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(work)) as pool:
        return [one.result() for one in [pool.submit(each) for each in work]]


@pytest.mark.parametrize("mode", ["merge", "history", "replace"])
def test_organisations_at_once_leave_what_serial_runs_leave(
    warehouse: Warehouse, warehouse_url: str, mode: str
) -> None:
    """ "Runs of different organisations download and publish side by side", the first ones included."""
    current = "WHERE is_current" if mode == "history" else ""
    rounds = [
        {org: dict.fromkeys(range(120), f"{org}a") for org in ORGANIZATIONS},
        # Changed, deleted and new rows; one organisation stays as it is, another one brings a column.
        {
            org: {key: f"{org}a" if key < 60 else f"{org}b" for key in range(10 * org, 130)}
            for org in ORGANIZATIONS
        }
        | {2: dict.fromkeys(range(120), "2a")},
    ]
    for place, rows in enumerate(rounds):
        # All of them have opened their load, before any of them publishes.
        meet = threading.Barrier(len(ORGANIZATIONS), timeout=LONG)

        def run(org: int, rows: dict[int, str], more: dict[str, Any], meet: threading.Barrier = meet) -> None:
            with open_load(warehouse, org) as load:
                stage(load, org, rows, mode, **more)
                meet.wait()
                load.publish()

        more = [{"note": "n"} if place and org == 3 else {} for org in ORGANIZATIONS]
        at_once(
            *(lambda org=org, m=m: run(org, rows[org], m) for org, m in zip(ORGANIZATIONS, more, strict=True))
        )
        assert held(warehouse_url, current) == rows
        assert left_over(warehouse) == []
    reader = Reader(warehouse_url, "merge", "remove")
    assert reader.rows("SELECT count(*) FROM calcom_items WHERE note = 'n' AND organization_id = 3") == [
        (100,)
    ]
    assert reader.rows("SELECT count(DISTINCT run_id) FROM calcom_sync_runs WHERE status = 'success'") == [
        (8,)
    ]
    # Nobody's pages are taken for known that hold no value of the new column yet; after that they are.
    last = [sync(warehouse, org, rounds[1][org], mode).tables[0].result for org in (1, 2) for _ in range(2)]
    assert [one.rows_after for one in last] == [120, 120, 120, 120]
    assert held(warehouse_url, current) == rounds[1]
    if mode == "merge":
        assert [one.status for one in last[1::2]] == ["unchanged", "unchanged"]


@pytest.mark.parametrize("moment", ["staging", "written"])
def test_a_run_that_is_killed_takes_nothing_from_its_neighbours(
    warehouse: Warehouse, warehouse_url: str, moment: str
) -> None:
    """What it leaves behind goes with the next run of any organisation."""
    old = dict.fromkeys(range(300), "old")
    sync(warehouse, 1, old)
    with open_load(warehouse, 2) as running:
        stage(running, 2, {1: "two"})
        child = subprocess.Popen(
            [sys.executable, "-m", CHILD, warehouse_url, moment, "new", "400", "1"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        assert child.stdout.readline().strip() == "here"
        if moment == "staging":
            # Its neighbours do not wait for it.
            running.publish()
            with pytest.raises(LoadInProgressError, match="organization_id=1"):
                open_load(warehouse, 1)
        child.kill()
        child.wait()
        child.stdout.close()
        if moment == "written":
            running.publish()
    assert held(warehouse_url) == {1: old, 2: {1: "two"}}
    _until(lambda: sync(warehouse, 3, {1: "three"}) and not left_over(warehouse))
    reader = Reader(warehouse_url, "merge", "remove")
    assert reader.rows("SELECT count(*) FROM calcom_sync_runs WHERE status = 'lost'") == [(1,)]
    sync(warehouse, 1, {5: "new"})
    assert held(warehouse_url) == {1: {5: "new"}, 2: {1: "two"}, 3: {1: "three"}}


def _until(done: Callable[[], bool]) -> None:
    """Wait for something that a server does when it notices that a client is gone."""
    for _ in range(int(LONG)):
        if done():
            return
        threading.Event().wait(1.0)
    raise AssertionError("it did not happen")


def _abort(session: Session) -> None:
    """Let the database itself say that it ended the transaction for the sake of another."""
    name = session.backend.capabilities.name
    if name == "postgresql":
        session.execute("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$")
    elif name == "mysql":
        session.execute("SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213")
    elif name == "duckdb":
        import duckdb

        raise duckdb.TransactionException("Conflict on update!")
    raise DatabaseBusyError("Another process holds the file")


def test_a_publication_that_the_database_aborts_is_repeated_whole(
    warehouse: Warehouse, warehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "is repeated whole, at most five times" """
    monkeypatch.setattr(repeating, "PAUSE", 0.0)
    old, new = dict.fromkeys(range(60), "old"), dict.fromkeys(range(30), "new")
    sync(warehouse, 1, old)
    record, left = Publication._record_run, [2]

    def aborted(self: Publication, works: Any) -> None:
        # Everything is written by then.
        record(self, works)
        if left[0]:
            left[0] -= 1
            _abort(self._session)

    monkeypatch.setattr(Publication, "_record_run", aborted)
    load = sync(warehouse, 1, new)
    assert load.waits.publish_retries == 2
    ended = Reader(warehouse_url, "merge", "remove").rows(
        "SELECT publish_retries FROM calcom_sync_runs WHERE status = 'success' ORDER BY started_at"
    )
    assert ended == [(0,), (2,)]
    result = load.tables[0].result
    assert (result.updated, result.deleted, result.rows_after, result.status) == (30, 30, 30, "published")
    assert held(warehouse_url) == {1: new}
    left[0] = repeating.REPEATS + 1
    with pytest.raises(WarehouseError):
        sync(warehouse, 1, old)
    assert left == [0]
    assert held(warehouse_url) == {1: new}
    assert left_over(warehouse) == []
    reader = Reader(warehouse_url, "merge", "remove")
    assert reader.rows("SELECT count(DISTINCT run_id) FROM calcom_sync_runs WHERE status = 'failed'") == [
        (1,)
    ]


def test_who_holds_the_tables_as_a_whole_keeps_runs_from_publishing_not_from_reading(
    warehouse: Warehouse, warehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "PATIENCE", 1.0)
    sync(warehouse, 1, {1: "a"})
    holder = warehouse.backend.connect()
    with open_load(warehouse, 1) as load:
        assert warehouse.backend.lock(holder, "calcom_", "views") is None
        stage(load, 1, {1: "b"})
        with pytest.raises(LoadInProgressError, match="nothing was published"):
            load.publish()
        reader = Reader(warehouse_url, "merge", "remove")
        ((waited,),) = reader.rows("SELECT lock_seconds FROM calcom_sync_runs WHERE status = 'failed'")
        assert waited >= 1.0
        warehouse.backend.unlock(holder, "calcom_", "views")
    holder.close()
    assert held(warehouse_url) == {1: {1: "a"}}
    sync(warehouse, 1, {1: "b"})
    assert held(warehouse_url) == {1: {1: "b"}}


def test_a_run_that_read_before_somebody_was_erased_publishes_nothing(
    warehouse: Warehouse, warehouse_url: str
) -> None:
    sync(warehouse, 1, {1: "a"})
    with open_load(warehouse, 1) as load:
        stage(load, 1, {1: "a", 2: "erased"})
        session = warehouse.backend.connect()
        assert warehouse.backend.lock(session, "calcom_", "erasure") is None
        with session.transaction():
            revoke(session, "calcom_", "people were erased while it was reading")
        warehouse.backend.unlock(session, "calcom_", "erasure")
        session.close()
        with pytest.raises(LeaseLostError, match="people were erased"):
            load.publish()
    assert held(warehouse_url) == {1: {1: "a"}}
    assert left_over(warehouse) == []


READER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1], read_only=True)
print(connection.execute("SELECT count(*) FROM calcom_items").fetchone()[0], flush=True)
sys.stdin.readline()
"""


def test_a_duckdb_file_can_be_read_while_a_run_downloads(duckdb_url: str, tmp_path: Path) -> None:
    """ "a DuckDB file can be read by other processes while a run downloads" """
    warehouse = Warehouse(duckdb_url)
    sync(warehouse, 1, dict.fromkeys(range(70), "old"))
    with open_load(warehouse, 1) as load:
        table = load.table(ITEMS, resource="items", deletes="remove", guard=DeleteGuard.off())
        table.write([as_tuple((key, "new"), 1) for key in range(30_000)])
        (folder,) = [one for one in tmp_path.iterdir() if ".stage-" in one.name]
        assert folder.stat().st_mode & 0o777 == 0o700
        reader = subprocess.Popen(
            [sys.executable, "-c", READER, duckdb_url.removeprefix("duckdb:///")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert reader.stdout is not None
        assert reader.stdin is not None
        assert reader.stdout.readline() == "70\n"
        table.write([as_tuple((key, "new"), 1) for key in range(30_000, 40_000)])
        table.finish(complete=True)
        with ThreadPoolExecutor(1) as pool:
            # Publishing waits for who has the file open at that moment.
            publishing = pool.submit(load.publish)
            reader.stdin.write("\n")
            reader.stdin.flush()
            assert publishing.result(LONG)[0].rows_after == 40_000
        reader.communicate(timeout=LONG)
    assert not folder.exists()
    warehouse.close()

"""Commits of tables, one after another: cut between any two of them, beaten by other writers, and counted."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from calcom_provider.warehouse import DeleteGuard, RunInfo, Warehouse, WarehouseError
from calcom_provider.warehouse.backends.lakehouse import iceberg, publishing
from calcom_provider.warehouse.backends.lakehouse.backend import LakeBackend
from calcom_provider.warehouse.backends.lakehouse.formats import ConflictError
from calcom_provider.warehouse.backends.lakehouse.publishing import Publisher
from tests.integration.warehouse.model import ITEMS, Reader, as_tuple, load_pages
from tests.plugins.lakehouses import query, snapshots

pytestmark = pytest.mark.cloud

OLD = [tuple((key, "old") for key in range(start, start + 20)) for start in (0, 20)]
NEW = [OLD[0], tuple((key, "new") for key in range(20, 40))]


class Cut(BaseException):
    """End a run the way the end of its process does."""


def test_a_run_cut_between_two_commits_is_made_good_by_the_next(
    lakehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """docs/lakehouse.rst: "A run that is killed in between leaves tables that are newer than the records"."""
    warehouse, reader = Warehouse(lakehouse_url), Reader(lakehouse_url, "merge", "remove")
    load_pages(warehouse, OLD)
    written: list[str] = []
    once = Publisher._write

    def cut_after_rows(self: Publisher, table: Any) -> None:
        if written and written[-1] == "calcom_items":
            raise Cut
        once(self, table)
        written.append(table.name)

    with monkeypatch.context() as patch:
        patch.setattr(Publisher, "_write", cut_after_rows)
        with pytest.raises(Cut):
            load_pages(warehouse, NEW)
    assert written[-1] == "calcom_items"
    assert set(reader.state()[0].values()) == {"old", "new"}
    # Cal.com shows again what it showed before: no mark of a page may stand for rows that are there no more.
    result = load_pages(Warehouse(lakehouse_url), OLD)
    assert result.updated == 20
    assert set(reader.state()[0].values()) == {"old"}
    statuses = query(lakehouse_url, "SELECT status FROM calcom_sync_runs ORDER BY started_at")
    assert [status for (status,) in statuses if status in ("success", "lost", "failed")].count("success") >= 2


def test_a_commit_that_fails_tells_what_was_published(
    lakehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = Warehouse(lakehouse_url)
    load_pages(warehouse, OLD)
    once = Publisher._write

    def refused(self: Publisher, table: Any) -> None:
        if table.name == "calcom_sync_state":
            raise OSError("the storage refused someone@example.com")
        once(self, table)

    monkeypatch.setattr(Publisher, "_write", refused)
    with pytest.raises(WarehouseError, match="Published were calcom_items") as caught:
        load_pages(warehouse, NEW)
    assert "someone" not in str(caught.value)


def test_an_unchanged_run_commits_its_records_only_and_a_changed_one_the_table_once(
    lakehouse_url: str,
) -> None:
    warehouse = Warehouse(lakehouse_url)
    load_pages(warehouse, OLD)
    first = snapshots(lakehouse_url)
    load_pages(warehouse, OLD)
    unchanged = snapshots(lakehouse_url)
    load_pages(warehouse, NEW)
    changed = snapshots(lakehouse_url)
    assert {name for name in first if unchanged[name] != first[name]} <= {
        "calcom_sync_lease",
        "calcom_sync_runs",
        "calcom_sync_run_resources",
        "calcom_sync_state",
        "calcom_sync_running",
        "calcom_sync_facts",
    }
    # An Iceberg commit that puts rows in the place of others is two snapshots: one that deletes, one that adds.
    assert changed["calcom_items"] - unchanged["calcom_items"] == (2 if "iceberg" in lakehouse_url else 1)


def test_organisations_at_once_lose_no_row_of_each_other(
    lakehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """docs/lakehouse.rst: "Each commit is tried again when another writer was first"."""
    for method, answer in (("lock", None), ("unlock", None), ("still_locked", True)):
        monkeypatch.setattr(LakeBackend, method, lambda *_, answer=answer, **__: answer)
    numbers = range(1, 17)
    load(lakehouse_url, 99, "first")
    told: list[BaseException] = []
    start = threading.Barrier(len(numbers))

    def run(number: int) -> None:
        start.wait()
        try:
            load(lakehouse_url, number, "v")
        except BaseException as error:
            told.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == []
    rows = query(
        lakehouse_url,
        'SELECT organization_id, count(*), count(DISTINCT "Order") FROM calcom_items GROUP BY 1',
    )
    assert sorted(rows) == [*((number, 25, 25) for number in numbers), (99, 25, 25)]


def test_rows_of_the_same_organisation_that_another_writer_changed_are_not_written_over(
    lakehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "LONGEST_WAIT", 0.01)
    load(lakehouse_url, 7, "old")
    warehouse, other = Warehouse(lakehouse_url), Warehouse(lakehouse_url)
    session = other.backend.connect()
    once = Publisher._write

    def beaten(self: Publisher, table: Any) -> None:
        if table.name == "calcom_items" and self is not session._publisher:  # type: ignore[attr-defined]
            session.execute('DELETE FROM "calcom_items" WHERE "Order" = 3')
        once(self, table)

    monkeypatch.setattr(Publisher, "_write", beaten)
    with pytest.raises(WarehouseError, match="changed its rows meanwhile"):
        load_pages(warehouse, NEW)
    session.close()
    assert query(lakehouse_url, "SELECT count(*) FROM calcom_items") == [(24,)]


def test_a_lease_of_another_organisation_that_is_taken_first_is_in_nobodys_way(
    lakehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse, other = Warehouse(lakehouse_url), Warehouse(lakehouse_url)
    load_pages(warehouse, OLD)
    session, theirs = warehouse.backend.connect(), other.backend.connect()
    once = Publisher._write

    def beaten(self: Publisher, table: Any) -> None:
        if self is session._publisher:  # type: ignore[attr-defined]
            with monkeypatch.context() as patch:
                patch.setattr(Publisher, "_write", once)
                assert other.backend.lock(theirs, "calcom_", "theirs", "organization_id=2") is None
        once(self, table)

    with monkeypatch.context() as patch:
        patch.setattr(Publisher, "_write", beaten)
        assert warehouse.backend.lock(session, "calcom_", "ours", "organization_id=1") is None
    assert warehouse.backend.still_locked(session, "calcom_", "ours", "organization_id=1")
    assert other.backend.still_locked(theirs, "calcom_", "theirs", "organization_id=2")
    warehouse.backend.unlock(session, "calcom_", "ours", "organization_id=1")
    other.backend.unlock(theirs, "calcom_", "theirs", "organization_id=2")
    for one in (session, theirs, warehouse, other):
        one.close()


def load(url: str, number: int, value: str) -> None:
    warehouse = Warehouse(url)
    scope = {"organization_id": number}
    with warehouse.load(RunInfo(scope=scope), wait=300) as run:
        table = run.table(ITEMS, resource="items", deletes="remove", guard=DeleteGuard.off())
        table.write([as_tuple((key, value), number) for key in range(25)])
        table.finish(complete=True)
        run.publish()
    warehouse.close()


@pytest.mark.parametrize(
    "text", ["Missing required files to delete: a.parquet", "Data files were concurrently deleted"]
)
def test_files_that_another_writer_replaced_are_a_lost_race(text: str) -> None:
    from pyiceberg.exceptions import ValidationException

    with pytest.raises(ConflictError, match="another writer"), iceberg._conflicts():
        raise ValidationException(text)

"""How tables are brought into a lakehouse beside other writers, on a format that keeps its tables in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pyarrow import compute

from calcom_provider.warehouse import Column, LeaseLostError, WarehouseError
from calcom_provider.warehouse.backends.lakehouse import publishing
from calcom_provider.warehouse.backends.lakehouse.columns import arrow_schema
from calcom_provider.warehouse.backends.lakehouse.formats import (
    ConflictError,
    LakeFormat,
    LakeTable,
    Layout,
    Values,
)
from calcom_provider.warehouse.backends.lakehouse.publishing import Publisher
from calcom_provider.warehouse.backends.lakehouse.working_copy import ADDED, WorkingTable

COLUMNS = (
    Column("organization_id", "integer", nullable=False),
    Column("id", "integer", nullable=False),
    Column("name", "text"),
)
KEY, PARTITION = ("organization_id", "id"), "organization_id"
Row = tuple[int, int, str]


def arrow(rows: Sequence[Row]) -> pa.Table:
    schema = arrow_schema(COLUMNS, KEY)
    return pa.table(list(zip(*rows, strict=True)) or [[], [], []], schema=schema)


class Stored:
    """Hold what the lakehouse has of a table: each commit takes the place of the one before."""

    def __init__(self, rows: pa.Table) -> None:
        self.rows = rows
        self.version = 0
        #: What other writers do before the next commits of the one that is tested, in turn.
        self.rivals: list[Callable[[], None]] = []

    def commit(self, rows: pa.Table) -> None:
        self.rows, self.version = rows, self.version + 1


class MemoryTable(LakeTable):
    """Commit as a format does that knows no two writers at once: who did not see the newest is refused."""

    def __init__(self, stored: Stored, partition: str | None) -> None:
        super().__init__(json.dumps(KEY), partition)
        self._stored = stored
        self.refresh()

    @property
    def version(self) -> str:
        return str(self._seen)

    def schema(self) -> pa.Schema:
        return self._rows.schema

    def read(self, columns: Sequence[str], values: Values | None = None) -> pa.Table:
        return _of(self._rows, values).select(list(columns))

    def files(self, values: Values | None = None) -> frozenset[str]:
        return frozenset({str(self._seen)} if _of(self._rows, values).num_rows else ())

    def refresh(self) -> None:
        self._seen, self._rows = self._stored.version, self._stored.rows

    def append(self, rows: pa.Table) -> None:
        self._commit(lambda held: pa.concat_tables([held, rows.cast(held.schema)]))

    def replace(self, rows: pa.Table, values: Values | None) -> None:
        self._commit(lambda held: pa.concat_tables([_of(held, values, without=True), rows.cast(held.schema)]))

    def _commit(self, change: Callable[[pa.Table], pa.Table]) -> None:
        if self._stored.rivals:
            self._stored.rivals.pop(0)()
        if self._stored.version != self._seen:
            raise ConflictError("somebody was first")
        self._stored.commit(change(self._rows))

    def add_columns(self, columns: Sequence[Column]) -> None:
        raise AssertionError("no column is new here")

    def reshape(self, rows: pa.Table) -> None:
        raise AssertionError("no column has another type here")

    def small_files(self, below: int) -> Mapping[int | str | None, int]:
        return {}

    def expire(self, hours: float) -> int:
        return 0

    def remove_files(self, hours: float) -> int:
        return 0


def _of(rows: pa.Table, values: Values | None, *, without: bool = False) -> pa.Table:
    if values is None:
        return rows.slice(0, 0) if without else rows
    within = compute.is_in(rows[PARTITION], value_set=pa.array(values, pa.int64()))
    return rows.filter(compute.invert(within) if without else within)


class MemoryFormat(LakeFormat):
    """Hold tables in memory."""

    def __init__(self) -> None:
        self.stored: dict[str, Stored] = {}
        self.partition: str | None = PARTITION

    def tables(self, prefix: str) -> list[str]:
        return [name for name in self.stored if name.startswith(prefix)]

    def find(self, name: str) -> LakeTable | None:
        return self.open(name) if name in self.stored else None

    def open(self, name: str) -> LakeTable:
        return MemoryTable(self.stored[name], self.partition)

    def create(self, name: str, layout: Layout) -> LakeTable:
        self.stored.setdefault(name, Stored(arrow([])))
        return self.open(name)

    def drop(self, name: str) -> None:
        del self.stored[name]

    def close(self) -> None:
        pass


class Lake:
    """Hold one lakehouse, the session of the run that is tested, and what others do."""

    def __init__(self) -> None:
        self.format = MemoryFormat()
        self.connection = duckdb.connect()
        self.connection.execute(f"CREATE SCHEMA {ADDED}")
        self.publisher = Publisher(self.format)

    def holds(self, name: str, *rows: Row) -> None:
        self.format.stored[name] = Stored(arrow(rows))

    def rows(self, name: str) -> list[Row]:
        return sorted(tuple(row.values()) for row in self.format.stored[name].rows.to_pylist())

    def rival(self, name: str, *rows: Row, instead: bool = False) -> None:
        """Let another writer add rows, or put them in the place of all, before the next commit."""
        stored = self.format.stored[name]

        def act() -> None:
            stored.commit(arrow(rows) if instead else pa.concat_tables([stored.rows, arrow(rows)]))

        stored.rivals.append(act)

    def seen(self, name: str, organization: int = 7) -> WorkingTable:
        values = [organization] if self.format.partition else None
        return WorkingTable(self.connection, name, self.format.find(name), LAYOUT, values)

    def added(self, name: str, *rows: Row) -> WorkingTable:
        working = self.seen(name)
        self.connection.executemany(f"INSERT INTO {working.table_beside()} VALUES (?, ?, ?)", rows)
        return working

    def changed(self, name: str, sql: str) -> WorkingTable:
        working = self.seen(name)
        working.copy()
        self.connection.execute(sql)
        return working


LAYOUT = Layout(COLUMNS, KEY, PARTITION)
RENAME = "UPDATE items SET name = 'new' WHERE id = 1"


@pytest.fixture
def lake(monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setattr(publishing, "LONGEST_WAIT", 0.0)
    return Lake()


def test_a_commit_that_lost_to_another_organisation_is_tried_again(lake: Lake) -> None:
    lake.holds("items", (7, 1, "old"), (9, 1, "theirs"))
    changed = lake.changed("items", RENAME)
    for number in range(2, 5):
        lake.rival("items", (9, number, "theirs"))
    lake.publisher.publish([changed])
    assert lake.rows("items") == [(7, 1, "new"), *((9, number, "theirs") for number in range(1, 5))]
    lake.rival("items", (9, 5, "theirs"))
    lake.publisher.publish([lake.added("items", (7, 2, "more"))])
    assert (7, 2, "more") in lake.rows("items")
    assert len(lake.rows("items")) == 7


@pytest.mark.parametrize("adds", [False, True], ids=["changed", "added"])
def test_rows_of_the_organisation_that_another_writer_changed_are_not_written_over(
    lake: Lake, adds: bool
) -> None:
    lake.holds("items", (7, 1, "old"))
    mine = lake.added("items", (7, 2, "more")) if adds else lake.changed("items", RENAME)
    lake.rival("items", (7, 1, "theirs"), instead=True)
    with pytest.raises(ConflictError, match="another writer changed its rows meanwhile"):
        lake.publisher.publish([mine])
    assert lake.rows("items") == [(7, 1, "theirs")]


def test_the_same_rows_in_other_files_are_no_change(lake: Lake) -> None:
    """Small files are written together beside runs."""
    lake.holds("items", (7, 1, "old"))
    changed = lake.changed("items", RENAME)
    lake.rival("items", (7, 1, "old"), instead=True)
    lake.publisher.publish([changed])
    assert lake.rows("items") == [(7, 1, "new")]


def test_what_another_writer_added_first_is_not_added_twice(lake: Lake) -> None:
    """A lease is such a row: its table has no partitions, and two take it at the same moment."""
    lake.format.partition = None
    lake.holds("lease", (0, 1, "held"))
    other = lake.added("lease", (0, 2, "mine"))
    lake.rival("lease", (0, 2, "theirs"))
    with pytest.raises(ConflictError, match="another writer added the same rows"):
        lake.publisher.publish([other])
    assert lake.rows("lease") == [(0, 1, "held"), (0, 2, "theirs")]
    own = lake.added("more", (0, 3, "mine"))
    lake.publisher.publish([own])
    assert lake.rows("more") == [(0, 3, "mine")]


def test_a_table_that_another_writer_made_and_filled_meanwhile_is_looked_at_first(lake: Lake) -> None:
    mine = lake.added("items", (7, 1, "mine"))
    lake.holds("items", (7, 1, "theirs"))
    with pytest.raises(ConflictError, match="changed its rows meanwhile"):
        lake.publisher.publish([mine])
    lake.holds("items", (9, 1, "theirs"))
    lake.publisher.publish([mine])
    assert lake.rows("items") == [(7, 1, "mine"), (9, 1, "theirs")]


def test_who_is_beaten_again_and_again_gives_up(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "ATTEMPTS", 3)
    lake.holds("items", (7, 1, "old"))
    changed = lake.changed("items", RENAME)
    for number in range(3):
        lake.rival("items", (9, number, "theirs"))
    with pytest.raises(ConflictError, match="somebody was first"):
        lake.publisher.publish([changed])
    assert (7, 1, "old") in lake.rows("items")


def test_a_run_that_lost_its_rows_says_which_tables_are_published(lake: Lake) -> None:
    for name in ("first", "second"):
        lake.holds(name, (7, 1, "old"))
    lake.rival("second", (7, 1, "theirs"), instead=True)
    tables: list[Any] = [lake.changed(name, RENAME.replace("items", name)) for name in ("first", "second")]
    with pytest.raises(LeaseLostError, match="Published were first, and no record of the run"):
        lake.publisher.publish(tables)
    assert (lake.rows("first"), lake.rows("second")) == ([(7, 1, "new")], [(7, 1, "theirs")])


def test_a_table_that_cannot_be_written_ends_it_and_names_those_that_were(lake: Lake) -> None:
    def refused() -> None:
        raise OSError("the storage refused someone@example.com")

    for name in ("first", "second"):
        lake.holds(name, (7, 1, "old"))
    lake.format.stored["second"].rivals.append(refused)
    tables = [lake.changed(name, RENAME.replace("items", name)) for name in ("first", "second")]
    with pytest.raises(WarehouseError, match="second could not be written.*Published were first") as caught:
        lake.publisher.publish(tables)
    assert "someone" not in str(caught.value)

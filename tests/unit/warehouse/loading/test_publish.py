"""What publishing decides: which rows changed, which pages stay known, what is refused, what is counted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.warehouse import (
    Column,
    DeleteGuard,
    GuardExceededError,
    IncompleteLoadError,
    PageMark,
    Parent,
    RunInfo,
    Table,
    Warehouse,
    WarehouseUsageError,
)
from calcom_provider.warehouse.loading import preparing, publish
from calcom_provider.warehouse.schema import ColumnRecord

SCOPE = {"organization_id": 7}
PEOPLE = Table(
    "people",
    (
        Column("organization_id", "integer", nullable=False),
        Column("id", "integer", nullable=False),
        Column("name", "text"),
    ),
    key=("organization_id", "id"),
)
TAGS = Table(
    "tags",
    (
        Column("organization_id", "integer", nullable=False),
        Column("person_id", "integer", nullable=False),
        Column("tag", "text", nullable=False),
    ),
    key=("organization_id", "person_id", "tag"),
    parent=Parent("people", ("organization_id", "person_id")),
)

Rows = Iterable[tuple[Any, ...]]


class Scene:
    """Load pages of people into one SQLite file and look at it with the plain driver."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "w.sqlite"
        self.warehouse = Warehouse(f"sqlite:///{self.path}")

    def load(
        self,
        *pages: tuple[int, Rows],
        partial: bool = False,
        complete: bool = True,
        preview: bool = False,
        **how: Any,
    ) -> Any:
        """Load pages given as (digest, rows); a page whose digest is known is kept."""
        how = {"mode": "merge", "deletes": "remove", "guard": DeleteGuard.off(), **how}
        with self.warehouse.load(RunInfo(scope=SCOPE)) as load:
            table = load.table(how.pop("table", PEOPLE), resource="people", **how)
            known = load.known_pages("people")
            for number, (digest, rows) in enumerate(pages):
                mark = PageMark(str(number), digest, len(list(rows)))
                if mark.key in known and known[mark.key].digest == digest:
                    table.keep(mark)
                else:
                    table.write([(7, *row) for row in rows], mark)
            table.finish(complete, partial=partial)
            return (load.preview() if preview else load.publish())[0]

    def known(self) -> set[str]:
        with self.warehouse.load(RunInfo(scope=SCOPE)) as load:
            load.table(PEOPLE, resource="people", mode="merge", deletes="remove")
            return set(load.known_pages("people"))

    def sql(self, sql: str) -> list[Any]:
        with sqlite3.connect(self.path) as connection:
            return connection.execute(sql).fetchall()

    def people(self) -> dict[int, str]:
        return dict(self.sql("SELECT id, name FROM calcom_people"))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_a_row_without_a_hash_counts_as_changed_and_gets_one(scene: Scene) -> None:
    """A hash that somebody took away proves nothing: NULL is equal to no hash, not even to NULL."""
    scene.load((1, [(1, "a"), (2, "b")]))
    scene.sql("UPDATE calcom_people SET name = 'stale', _calcom_row_hash = NULL WHERE id = 1")
    result = scene.load((2, [(1, "a"), (2, "b")]))
    assert (result.updated, result.unchanged) == (1, 1)
    assert scene.people() == {1: "a", 2: "b"}
    assert scene.sql("SELECT count(*) FROM calcom_people WHERE _calcom_row_hash IS NULL") == [(0,)]


def test_pages_are_not_known_after_a_partial_run_that_changed_rows(scene: Scene) -> None:
    scene.load((1, [(1, "a"), (2, "b")]), (2, [(3, "c")]))
    assert scene.known() == {"0", "1"}
    scene.load((9, [(2, "changed")]), partial=True)
    assert scene.known() == set()
    # The pages as they were are read again, so the row goes back to what Cal.com has.
    scene.load((1, [(1, "a"), (2, "b")]), (2, [(3, "c")]))
    assert scene.people() == {1: "a", 2: "b", 3: "c"}


def test_pages_stay_known_after_a_partial_run_that_changed_nothing(scene: Scene) -> None:
    scene.load((1, [(1, "a"), (2, "b")]), (2, [(3, "c")]))
    scene.load((9, [(2, "b")]), partial=True)
    assert scene.known() == {"0", "1"}


def test_pages_are_not_known_after_an_incomplete_run_that_changed_rows(scene: Scene) -> None:
    scene.load((1, [(1, "a"), (2, "b")]), (2, [(3, "c")]))
    scene.load((8, [(1, "z"), (2, "b")]), complete=False)
    assert scene.known() == set()
    assert scene.people() == {1: "z", 2: "b", 3: "c"}


def test_a_key_on_two_pages_is_stored_once_as_it_was_read_last(scene: Scene) -> None:
    result = scene.load((1, [(1, "a"), (2, "first")]), (2, [(3, "c"), (2, "second")]))
    assert scene.people() == {1: "a", 2: "second", 3: "c"}
    assert (result.duplicates, result.inserted, result.rows_after) == (1, 3, 3)


def test_pages_that_disagree_about_a_row_are_not_known_afterwards(scene: Scene) -> None:
    scene.load((1, [(1, "a"), (2, "first")]), (2, [(2, "second"), (3, "c")]), (3, [(4, "d")]))
    assert scene.known() == {"2"}


def test_pages_that_agree_about_a_row_stay_known(scene: Scene) -> None:
    result = scene.load((1, [(1, "a"), (2, "b")]), (2, [(9, "x"), (2, "b")]))
    assert result.duplicates == 1
    assert scene.known() == {"0", "1"}


def test_a_row_of_a_kept_page_that_another_page_shows_changed_is_written(scene: Scene) -> None:
    scene.load((1, [(1, "a"), (2, "b")]), (2, [(3, "c")]))
    result = scene.load((1, [(1, "a"), (2, "b")]), (3, [(2, "moved"), (3, "c")]))
    assert (result.updated, result.deleted, result.rows_after) == (1, 0, 3)
    assert scene.people() == {1: "a", 2: "moved", 3: "c"}
    # Which of the two pages is right the next run must find out: neither is believed.
    assert scene.known() == set()


@pytest.mark.parametrize(("changed", "known"), [(2, {"1"}), (3, set())])
def test_of_more_conflicts_than_can_be_told_apart_no_page_is_known(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, changed: int, known: set[str]
) -> None:
    for module in (preparing, publish):
        monkeypatch.setattr(module, "MANY_CONFLICTS", 2)
    rows = [(number, "v") for number in range(1, 5)]
    scene.load((1, rows), (2, [(9, "x")]))
    moved = [(number, "moved") for number in range(1, 1 + changed)]
    assert scene.load((1, rows), (2, [(9, "x")]), (3, moved)).updated == changed
    assert scene.known() == known


def test_who_watches_a_table_is_told_which_rows_are_new_and_which_changed(scene: Scene) -> None:
    scene.load((1, [(0, "same"), (1, "a"), (2, "b")]))
    with scene.warehouse.load(RunInfo(scope=SCOPE)) as load:
        table = load.table(PEOPLE, resource="people", deletes="remove", guard=DeleteGuard.off())
        table.watch(["id", "name"])
        table.write([(7, 0, "new name"), (7, 1, "a"), (7, 2, "z"), (7, 3, "c")])
        table.finish(complete=True)
        load.publish()
    assert sorted(table.found) == [(False, (0, "new name")), (False, (2, "z")), (True, (3, "c"))]


def test_rows_of_kept_pages_are_not_missing(scene: Scene) -> None:
    scene.load((1, [(1, "a"), (2, "b")]), (2, [(3, "c"), (4, "d")]))
    result = scene.load((1, [(1, "a"), (2, "b")]), (3, [(3, "c")]))
    assert (result.deleted, result.rows_after) == (1, 3)
    assert scene.people() == {1: "a", 2: "b", 3: "c"}


@pytest.mark.parametrize(("left", "refused"), [(80, False), (79, True)])
def test_a_guard_refuses_the_first_row_above_its_share(scene: Scene, left: int, refused: bool) -> None:
    """One fifth of a hundred rows may go, not one more; a refused run leaves everything as it was."""
    rows = [(number, "v") for number in range(100)]
    scene.load((1, rows))
    if refused:
        with pytest.raises(GuardExceededError, match="21 of 100 rows"):
            scene.load((2, rows[:left]), guard=DeleteGuard())
        assert len(scene.people()) == 100
        assert scene.known() == {"0"}
    else:
        assert scene.load((2, rows[:left]), guard=DeleteGuard()).deleted == 20
        assert len(scene.people()) == 80


@pytest.mark.parametrize(("left", "refused"), [(80, False), (79, True)])
def test_a_replacement_is_guarded_like_a_deletion(scene: Scene, left: int, refused: bool) -> None:
    rows = [(number, "v") for number in range(100)]
    scene.load((1, rows), mode="replace")
    if refused:
        with pytest.raises(GuardExceededError):
            scene.load((2, rows[:left]), mode="replace", guard=DeleteGuard())
        assert len(scene.people()) == 100
    else:
        scene.load((2, rows[:left]), mode="replace", guard=DeleteGuard())
        assert len(scene.people()) == 80


def test_a_replacement_by_as_many_rows_deletes_none_for_the_guard(scene: Scene) -> None:
    scene.load((1, [(1, "a"), (2, "b")]), mode="replace")
    none = DeleteGuard(absolute=0)
    for digest, rows in ((2, [(1, "a"), (3, "c")]), (3, [(1, "a"), (3, "c"), (4, "d")])):
        assert scene.load((digest, rows), mode="replace", guard=none).rows_after == len(rows)
    with pytest.raises(GuardExceededError, match="1 of 3 rows would be deleted, allowed are 0"):
        scene.load((4, [(1, "a"), (3, "c")]), mode="replace", guard=none)


def test_a_preview_of_a_table_that_is_not_there_counts_what_it_would_hold(scene: Scene) -> None:
    result = scene.load((1, [(1, "a"), (2, "b")]), preview=True)
    assert (result.status, result.inserted, result.updated, result.deleted) == ("preview", 2, 0, 0)
    assert result.rows_after == 2
    assert scene.sql("SELECT name FROM sqlite_master WHERE name = 'calcom_people'") == []


def test_a_column_that_is_emptied_is_a_change_although_every_page_was_kept(scene: Scene) -> None:
    bare = replace(PEOPLE, columns=PEOPLE.columns[:2])
    stored = [ColumnRecord(name, name, "plain") for name in bare.names]
    how: dict[str, Any] = {"table": bare, "columns": [*stored, ColumnRecord("name", "", "dropped")]}
    scene.load((1, [(1, "a"), (2, "b")]), columns=[*stored, ColumnRecord("name", "name", "plain")])
    assert scene.load((1, [(1,), (2,)]), **how, keep_dropped=True).emptied == 0
    assert scene.people() == {1: "a", 2: "b"}
    result = scene.load((1, [(1,), (2,)]), **how)
    assert (result.status, result.emptied, result.rows_read, result.rows_after) == ("published", 2, 0, 2)
    assert scene.people() == {1: None, 2: None}
    assert scene.load((1, [(1,), (2,)]), **how).status == "unchanged"


@pytest.mark.parametrize("how", [{"complete": False}, {"partial": True}], ids=["incomplete", "partial"])
def test_a_table_is_not_replaced_by_a_read_that_may_lack_rows(scene: Scene, how: dict[str, bool]) -> None:
    scene.load((1, [(1, "a"), (2, "b")]), mode="replace")
    with pytest.raises(IncompleteLoadError, match="not proven complete"):
        scene.load((2, [(1, "a")]), mode="replace", **how)
    assert scene.people() == {1: "a", 2: "b"}


@pytest.mark.parametrize("how", [{"complete": False}, {"partial": True}], ids=["incomplete", "partial"])
def test_nothing_is_deleted_by_a_read_that_may_lack_rows(scene: Scene, how: dict[str, bool]) -> None:
    scene.load((1, [(1, "a"), (2, "b")]))
    assert scene.load((2, [(1, "z")]), **how).deleted == 0
    assert scene.people() == {1: "z", 2: "b"}


def test_rows_of_another_scope_are_neither_counted_nor_touched(scene: Scene) -> None:
    scene.load((1, [(1, "a"), (2, "b")]))
    with scene.warehouse.load(RunInfo(scope={"organization_id": 8})) as load:
        table = load.table(PEOPLE, resource="people", deletes="remove", guard=DeleteGuard.off())
        table.write([(8, 1, "other")])
        table.finish(complete=True)
        assert load.publish()[0].rows_after == 1
    assert scene.sql("SELECT count(*) FROM calcom_people") == [(3,)]
    assert scene.load((2, [])).rows_after == 0
    assert scene.sql("SELECT organization_id, name FROM calcom_people") == [(8, "other")]


def test_marked_rows_come_back_and_are_counted_as_live_again(scene: Scene) -> None:
    scene.load((1, [(1, "a"), (2, "b")]), deletes="mark")
    assert scene.load((2, [(1, "a")]), deletes="mark").rows_after == 1
    back = scene.load((3, [(1, "a"), (2, "b")]), deletes="mark")
    assert (back.inserted, back.updated, back.deleted, back.rows_after) == (0, 1, 0, 2)
    assert scene.sql("SELECT count(*) FROM calcom_people WHERE _calcom_deleted_at IS NOT NULL") == [(0,)]


def test_a_changed_row_closes_one_version_and_opens_one(scene: Scene) -> None:
    scene.load((1, [(1, "a"), (2, "b")]), mode="history")
    scene.load((2, [(1, "z"), (2, "b")]), mode="history")
    versions = scene.sql(
        "SELECT name, is_current, valid_to IS NULL FROM calcom_people WHERE id = 1 ORDER BY valid_from"
    )
    assert versions == [("a", 0, 0), ("z", 1, 1)]
    assert scene.sql("SELECT count(*) FROM calcom_people WHERE id = 2") == [(1,)]


def test_children_of_a_read_parent_are_replaced_as_a_set_in_a_partial_run(scene: Scene) -> None:
    def load(people: Rows, tags: list[tuple[int, str]], partial: bool) -> None:
        with scene.warehouse.load(RunInfo(scope=SCOPE)) as run:
            parents = run.table(PEOPLE, resource="people", deletes="remove", guard=DeleteGuard.off())
            children = run.table(TAGS, resource="people", deletes="remove", guard=DeleteGuard.off())
            parents.write([(7, *row) for row in people])
            children.write([(7, *row) for row in tags])
            parents.finish(complete=True, partial=partial)
            children.finish(complete=True, partial=partial)
            run.publish()

    load([(1, "a"), (2, "b")], [(1, "x"), (1, "y"), (2, "x")], partial=False)
    load([(1, "a")], [(1, "y"), (1, "z")], partial=True)
    held = scene.sql("SELECT person_id, tag FROM calcom_tags ORDER BY person_id, tag")
    assert held == [(1, "y"), (1, "z"), (2, "x")]


def test_an_unfinished_table_stops_the_publication(scene: Scene) -> None:
    with scene.warehouse.load(RunInfo(scope=SCOPE)) as load:
        load.table(PEOPLE, resource="people").write([(7, 1, "a")])
        with pytest.raises(WarehouseUsageError, match="not finished"):
            load.publish()
    assert scene.sql("SELECT name FROM sqlite_master WHERE name = 'calcom_people'") == []


def test_a_failed_table_is_left_out_and_the_run_is_recorded_as_failed(scene: Scene) -> None:
    scene.load((1, [(1, "a")]))
    with scene.warehouse.load(RunInfo(scope=SCOPE, run_id="half")) as load:
        failed = load.table(PEOPLE, resource="people", deletes="remove", guard=DeleteGuard.off())
        other = load.table(TAGS, resource="tags")
        failed.write([(7, 2, "b")])
        failed.fail("the list could not be read")
        other.write([(7, 1, "x")])
        other.finish(complete=True)
        load.publish()
    assert scene.people() == {1: "a"}
    assert scene.sql("SELECT tag FROM calcom_tags") == [("x",)]
    status = dict(scene.sql("SELECT table_name, status FROM calcom_sync_run_resources WHERE run_id = 'half'"))
    assert status["people"] == "failed"
    assert status["tags"] == "published"


def test_a_run_in_which_every_page_was_kept_writes_nothing(scene: Scene) -> None:
    pages = ((1, [(1, "a"), (2, "b")]), (2, [(3, "c")]))
    scene.load(*pages)
    before = scene.sql("SELECT id, _calcom_run_id, _calcom_synced_at FROM calcom_people")
    result = scene.load(*pages)
    assert (result.status, result.rows_after, result.rows_kept) == ("unchanged", 3, 3)
    assert scene.sql("SELECT id, _calcom_run_id, _calcom_synced_at FROM calcom_people") == before


def test_a_page_that_is_gone_takes_its_rows_and_its_mark_along(scene: Scene) -> None:
    scene.load((1, [(1, "a")]), (2, [(2, "b")]))
    assert scene.load((1, [(1, "a")])).deleted == 1
    assert scene.people() == {1: "a"}
    assert scene.known() == {"0"}

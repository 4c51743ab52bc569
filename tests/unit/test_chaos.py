"""The campaign's own checks: they fail on a wrong table, on what is left over, and when too little was attacked."""

from __future__ import annotations

import argparse
import itertools
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.resources.registry import catalogue
from calcom_provider.sandbox import Sandbox
from calcom_provider.warehouse.loading.load import Load
from tests.chaos import looking, run, wire
from tests.chaos.children import watch_publishing
from tests.chaos.truth import KEYS, Truth, forms, truth
from tests.chaos.verdict import Judge, WrongError

OLD: Truth = {"teams": {(1,): {"id": 1, "name": "a"}, (2,): {"id": 2, "name": "b"}}}
NEW: Truth = {"teams": {(1,): {"id": 1, "name": "x"}, (3,): {"id": 3, "name": "c"}}}


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return Sandbox(users=20, limit=None, bookings=12)


class Table:
    """A table of teams that is written by hand."""

    def __init__(self, path: Path) -> None:
        self.url = f"sqlite:///{path}"
        self._path = path
        self.ask("CREATE TABLE calcom_teams (id, name)")

    def ask(self, sql: str, *values: Any) -> None:
        with sqlite3.connect(self._path) as opened:
            opened.execute(sql, values)
        opened.close()

    def hold(self, *rows: tuple[Any, ...]) -> None:
        self.ask("DELETE FROM calcom_teams")
        for row in rows:
            self.ask(f"INSERT INTO calcom_teams VALUES ({', '.join('?' * len(row))})", *row)


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path / "warehouse.db")


def test_the_state_before_and_the_new_one_are_told_apart(table: Table) -> None:
    judge = Judge(table.url, OLD)
    table.hold((1, "a"), (2, "b"))
    assert judge.look(new=NEW) == "old"
    table.hold((1, "x"), (3, "c"))
    assert judge.look(new=NEW) == "new"
    judge.must_be_as_told(NEW, "done")
    with pytest.raises(WrongError, match="all of it was published"):
        judge.must_be_as_told(NEW, "WarehouseError: nothing was published")


@pytest.mark.parametrize(
    "rows",
    [
        [(1, "a"), (3, "c")],
        [(1, "x")],
        [(1, "x"), (2, "b"), (3, "c")],
        [(1, "x"), (3, "c"), (3, "c")],
        [(1, "x"), (3, "d")],
        [],
    ],
    ids=["mixed", "short", "not deleted", "doubled", "wrong value", "empty"],
)
def test_a_wrong_table_is_found(table: Table, rows: list[tuple[Any, ...]]) -> None:
    table.hold(*rows)
    with pytest.raises(WrongError):
        Judge(table.url, OLD).look(new=NEW)
    with pytest.raises(WrongError):
        Judge(table.url, OLD).must_be_right(NEW, set())


def test_a_run_that_is_done_has_published(table: Table) -> None:
    table.hold((1, "a"), (2, "b"))
    with pytest.raises(WrongError, match="still those of before"):
        Judge(table.url, OLD).must_be_as_told(NEW, "done")


def test_an_incomplete_table_holds_no_row_that_never_was(table: Table) -> None:
    judge = Judge(table.url, OLD)
    table.hold((1, "x"), (2, "b"))
    judge.must_be_right(NEW, {"teams"})
    table.hold((1, "invented"), (2, "b"))
    with pytest.raises(WrongError, match="never were"):
        judge.must_be_right(NEW, {"teams"})


@pytest.mark.parametrize("broken", ["overlap", "twice current", "lost version"])
def test_wrong_versions_are_found(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "warehouse.db"
    with sqlite3.connect(path) as opened:
        opened.execute("CREATE TABLE calcom_teams (id, name, valid_from, valid_to, is_current)")
        first = (1, "a", "2026-01-01 00:00:00.000", "2026-01-02 00:00:00.000", 0)
        second = (1, "x", "2026-01-02 00:00:00.000", None, 1)
        if broken == "overlap":
            first = (1, "a", "2026-01-01 00:00:00.000", "2026-01-03 00:00:00.000", 0)
        if broken == "twice current":
            first = (*first[:4], 1)
        rows = [second] if broken == "lost version" else [first, second]
        opened.executemany("INSERT INTO calcom_teams VALUES (?, ?, ?, ?, ?)", rows)
    opened.close()
    judge = Judge(f"sqlite:///{path}", {"teams": {}}, history=True)
    judge._note("teams", {(1,): {"id": 1, "name": "a"}})
    with pytest.raises(WrongError):
        judge.advance({"teams": {(1,): {"id": 1, "name": "x"}}})


def test_what_is_left_over_is_named(table: Table) -> None:
    assert looking.leftovers(table.url) == []
    table.ask("CREATE TABLE calcom_stage_0a83ebb8cb_0 (id)")
    table.ask("CREATE TABLE calcom_sync_lease (name, owner)")
    table.ask("INSERT INTO calcom_sync_lease VALUES ('calcom_', 'somebody')")
    assert len(looking.leftovers(table.url)) == 2


def test_the_truth_knows_as_many_rows_as_the_sandbox(sandbox: Sandbox) -> None:
    counted = sandbox.rows()
    found = truth(sandbox.state, sandbox.organization_id) | forms(sandbox.state, sandbox.organization_id)
    assert {table: len(rows) for table, rows in found.items()} == {table: counted[table] for table in KEYS}


def test_every_list_is_computed_from_the_sandbox(sandbox: Sandbox) -> None:
    """Both ways to the truth agree, and each table that the sandbox has rows for gets some."""
    found: dict[str, int] = {}
    for resource in catalogue().values():
        found |= {name: len(rows) for name, rows in wire.expected(sandbox, resource).items()}
    counted = {name: count for name, count in sandbox.rows().items() if name in found and count}
    # Roles of the system are listed by every team, and the platform's lists are another organisation's.
    skipped = {"roles", "role_permissions", "team_roles", "team_role_permissions"}
    assert {n: found[n] for n in counted if n not in skipped} == {
        n: count for n, count in counted.items() if n not in skipped
    }


def test_too_few_attacks_fail(capsys: pytest.CaptureFixture[str]) -> None:
    asked = argparse.Namespace(minutes=20.0, only="", seed=1)
    enough = run.Campaign()
    enough.counts.update(run.QUOTAS)
    assert run._report(enough, asked, 1.0) == 0
    enough.counts["kills"] -= 1
    assert run._report(enough, asked, 1.0) == 1
    assert "99 kills, 100 are needed" in capsys.readouterr().out


def test_a_seed_gives_the_same_attacks_again() -> None:
    first, again, other = (list(itertools.islice(run.orders_of(seed, "", None), 200)) for seed in (1, 1, 2))
    assert first == again != other
    assert {kind for kind, _ in first} == set(run.KINDS)


def test_each_promise_of_the_page_names_a_test_that_there_is() -> None:
    page = (run.ROOT / "docs" / "reliability.rst").read_text()
    named = re.findall(r"``(tests/\S+)::(\w+)``", page)
    assert len(named) > 8
    assert [
        f"{path}::{name}" for path, name in named if f"def {name}(" not in (run.ROOT / path).read_text()
    ] == []
    assert [kind for kind in run.KINDS if f"``{kind}``" not in page] == []
    assert [name for name, count in run.QUOTAS.items() if f"{count} {name}" not in page] == []


def test_what_publishing_is_told_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(Load, "publish", lambda *given, **more: told.append((given, more)))
    watch_publishing(lambda *_: None)
    Load.publish("a load", compared=None)  # type: ignore[arg-type]
    assert told == [(("a load",), {"compared": None})]

"""A warehouse that is a file is kept from other users, is not made by looking, and does not wait without end."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from calcom_provider.cli.app import run
from calcom_provider.cli.connection import open_event_store
from calcom_provider.hr.ledger.database import Database
from calcom_provider.warehouse import LoadInProgressError, RunInfo, UnsupportedTargetError, Warehouse
from calcom_provider.warehouse.backends import sqlite
from calcom_provider.warehouse.backends.lakehouse.places import folder_of
from tests.integration.warehouse.model import ITEMS, SCOPE, load_pages

PAGES = [tuple((key, "v") for key in range(50))]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_new_warehouse_cannot_be_read_by_others(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    warehouse = Warehouse(f"{kind}:///{path}")
    with warehouse.load(RunInfo(scope=SCOPE)) as load:
        load.table(ITEMS, resource="items").finish(complete=True)
        load.publish()
        seen = {one.name: mode(one) for one in tmp_path.iterdir()}
    warehouse.close()
    assert seen["w.db"] == 0o640
    assert all(not found & 0o007 for found in seen.values()), seen
    assert [one.name for one in tmp_path.iterdir()] == ["w.db"], "something was left over"


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_the_log_beside_a_warehouse_is_as_private_after_a_checkpoint(kind: str, tmp_path: Path) -> None:
    warehouse = Warehouse(f"{kind}:///{tmp_path / 'w.db'}")
    session = warehouse.backend.connect()
    session.execute("PRAGMA journal_mode = WAL" if kind == "sqlite" else "SELECT 1")
    for number in range(3):
        session.begin()
        session.execute(f"CREATE TABLE t{number} (a INTEGER)")
        session.commit()
        assert [one.name for one in tmp_path.iterdir() if mode(one) & 0o007] == []
        session.execute("PRAGMA wal_checkpoint(TRUNCATE)" if kind == "sqlite" else "CHECKPOINT")
    session.close()
    warehouse.close()


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_file_that_was_there_keeps_its_mode(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    load_pages(Warehouse(f"{kind}:///{path}"), PAGES)
    path.chmod(0o664)
    warehouse = Warehouse(f"{kind}:///{path}")
    load_pages(warehouse, PAGES)
    warehouse.close()
    assert mode(path) == 0o664


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_new_ledger_is_for_its_owner_alone(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    database = Database(f"{kind}:///{path}")
    with database.transaction() as run_statement:
        import sqlalchemy as sa

        run_statement(sa.text("CREATE TABLE t (a INTEGER)"))
        assert {mode(one) for one in tmp_path.iterdir()} == {0o600}
    database.close()
    assert mode(path) == 0o600


@pytest.mark.parametrize("mode_before", [None, 0o664])
def test_a_new_store_of_events_is_for_its_owner_alone(mode_before: int | None, tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    if mode_before is not None:
        path.touch()
        path.chmod(mode_before)
    store = open_event_store(f"sqlite:///{path}")
    store.database.prepare()
    store.database.close()
    assert mode(path) == (mode_before or 0o600)


def test_the_folder_of_a_new_lakehouse_lets_no_others_in(tmp_path: Path) -> None:
    new, there = tmp_path / "a new one", tmp_path / "there"
    there.mkdir(0o755)
    assert [folder_of(quote(str(folder))) for folder in (new, there)] == [new, there]
    assert (mode(new), mode(there)) == (0o750, 0o755)


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
@pytest.mark.parametrize(
    "words",
    [
        ("reports", "render"),
        ("reports", "create"),
        ("reports", "list"),
        ("privacy", "erase", "--user", "7", "--yes"),
        ("privacy", "retention", "--days", "9"),
    ],
    ids=" ".join,
)
def test_a_mistyped_path_makes_no_file(
    kind: str,
    words: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run([*words, "--to", f"{kind}:///{tmp_path / 'mistyped.db'}"]) == 2
    assert "There is no database file" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_engine_says_that_its_file_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedTargetError, match=r"There is no database file '.*w\.db': check the path"):
        Warehouse(f"sqlite:///{tmp_path / 'w.db'}", must_exist=True)
    assert Warehouse("sqlite://", must_exist=True).exists


def test_a_file_that_another_process_holds_is_given_up_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "WAIT", 0.2)
    path = tmp_path / "w.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("CREATE TABLE t (a INTEGER)")
    other.execute("BEGIN EXCLUSIVE")
    refused: list[str] = []
    run = sqlite.SqliteSession._run

    def note(self: sqlite.SqliteSession, sql: str, params: Any) -> Any:
        try:
            return run(self, sql, params)
        except LoadInProgressError:
            refused.append(sql)
            raise

    monkeypatch.setattr(sqlite.SqliteSession, "_run", note)
    with pytest.raises(LoadInProgressError, match="Another process holds the SQLite file"):
        Warehouse(f"sqlite:///{path}").load(RunInfo(scope=SCOPE))
    # One wait, not one for each try to take the lease: five of them made five minutes.
    assert len(refused) == 1
    other.execute("COMMIT")
    other.close()
    load_pages(Warehouse(f"sqlite:///{path}"), PAGES)


def test_the_default_wait_is_a_minute() -> None:
    assert sqlite.WAIT == 60.0

"""A database that a release made is brought forward, and goes on being loaded.

Each release adds the dump of a database of its own under ``tests/fixtures/warehouse`` and a migration where it
changes the engine's tables; a dump is never edited.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from calcom_provider.warehouse import SchemaVersionError, Warehouse
from calcom_provider.warehouse import migrations as module
from calcom_provider.warehouse.backend import Session
from calcom_provider.warehouse.migrations import CURRENT, MIGRATIONS, Migration
from tests.integration.warehouse.model import SCOPE, Reader, load_pages

FIXTURES = sorted((Path(__file__).resolve().parents[2] / "fixtures" / "warehouse").glob("sqlite-*.sql"))
NOW = [((1, "a"), (2, "b")), ((3, "c"), (4, "d"))]


def restore(dump: Path, url: str) -> None:
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        connection.executescript(dump.read_text())


def test_there_is_a_database_of_each_release() -> None:
    assert [path.stem for path in FIXTURES] == ["sqlite-0.1.0"]
    assert [migration.number for migration in MIGRATIONS] == list(range(1, CURRENT + 1))


@pytest.mark.parametrize("dump", FIXTURES, ids=lambda path: path.stem)
def test_a_released_database_is_brought_forward(dump: Path, sqlite_url: str) -> None:
    restore(dump, sqlite_url)
    warehouse = Warehouse(sqlite_url)
    assert warehouse.states(SCOPE)["events"].watermark == "2026-03-16T08:00:00Z"
    result = load_pages(warehouse, NOW, deletes="mark")
    # The first page is known from the release's own page marks, and its rows by their hashes.
    assert (result.pages_kept, result.inserted, result.updated, result.unchanged) == (1, 1, 1, 0)
    assert Reader(sqlite_url, "merge", "mark").state() == ({1: "a", 2: "b", 3: "c", 4: "d"}, {}, [])
    versions = Reader(sqlite_url, "merge", "mark").rows("SELECT number FROM calcom_schema_version ORDER BY 1")
    assert versions == [(number,) for number in range(1, CURRENT + 1)]


def test_a_database_of_a_newer_release_is_left_alone(warehouse_url: str) -> None:
    warehouse = Warehouse(warehouse_url)
    load_pages(warehouse, NOW)
    session = warehouse.backend.connect()
    table = warehouse.backend.qualify("calcom_schema_version")
    session.execute(f"UPDATE {table} SET number = {CURRENT + 1}")
    session.close()
    with pytest.raises(SchemaVersionError, match="update the package"):
        load_pages(warehouse, NOW)


def test_a_migration_is_applied_once_or_not_at_all(
    warehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = Warehouse(warehouse_url)
    load_pages(warehouse, NOW)
    applied: list[int] = []

    def second(session: Session, prefix: str) -> None:
        applied.append(1)
        table = session.backend.qualify(prefix + "sync_state")
        session.execute(f"ALTER TABLE {table} ADD COLUMN note {session.backend.capabilities.types['text']}")

    def third(session: Session, prefix: str) -> None:
        raise RuntimeError("no power")

    monkeypatch.setattr(module, "CURRENT", 3)
    monkeypatch.setattr(
        module, "MIGRATIONS", (*MIGRATIONS, Migration(2, "notes", second), Migration(3, "broken", third))
    )
    with pytest.raises(RuntimeError):
        load_pages(warehouse, NOW)
    reader = Reader(warehouse_url, "merge", "remove")
    if warehouse.backend.capabilities.transactional_ddl:
        assert reader.rows("SELECT max(number) FROM calcom_schema_version") == [(1,)]
        monkeypatch.setattr(module, "CURRENT", 2)
        monkeypatch.setattr(module, "MIGRATIONS", (*MIGRATIONS, Migration(2, "notes", second)))
        assert load_pages(warehouse, NOW).status == "unchanged"
        assert load_pages(warehouse, NOW).status == "unchanged"
        assert reader.rows("SELECT count(note) FROM calcom_sync_state") == [(0,)]
        assert len(applied) == 2

"""A database that a release made is brought forward, and goes on being loaded.

A release that changes the engine's tables adds a migration (``tests/integration/released.py`` holds the databases).
"""

from __future__ import annotations

import pytest

from calcom_provider.warehouse import SchemaVersionError, Warehouse
from calcom_provider.warehouse.backends.base import Session
from calcom_provider.warehouse.bookkeeping import migrations as module
from calcom_provider.warehouse.bookkeeping.migrations import CURRENT, MIGRATIONS, Migration
from tests.integration.released import RELEASES, restore
from tests.integration.warehouse.model import SCOPE, Reader, load_pages

NOW = [((1, "a"), (2, "b")), ((3, "c"), (4, "d"))]


def test_there_is_a_database_of_each_release() -> None:
    assert RELEASES == ["0.1.0"]
    assert [migration.number for migration in MIGRATIONS] == list(range(1, CURRENT + 1))


@pytest.mark.parametrize("release", RELEASES)
def test_a_released_database_is_brought_forward(release: str, warehouse_url: str) -> None:
    restore(release, warehouse_url)
    warehouse = Warehouse(warehouse_url)
    assert warehouse.states(SCOPE)["events"].watermark == "2026-03-16T08:00:00Z"
    result = load_pages(warehouse, NOW, deletes="mark")
    # The first page is known from the release's own page marks, and its rows by their hashes.
    assert (result.pages_kept, result.inserted, result.updated, result.unchanged) == (1, 1, 1, 0)
    warehouse.close()
    reader = Reader(warehouse_url, "merge", "mark")
    assert reader.state() == ({1: "a", 2: "b", 3: "c", 4: "d"}, {}, [])
    versions = reader.rows("SELECT number FROM calcom_schema_version ORDER BY 1")
    assert versions == [(number,) for number in range(1, CURRENT + 1)]


def test_a_database_of_a_newer_release_is_left_alone(warehouse_url: str) -> None:
    warehouse = Warehouse(warehouse_url)
    load_pages(warehouse, NOW)
    session = warehouse.backend.connect()
    table = warehouse.backend.qualify("calcom_schema_version")
    session.execute(f"UPDATE {table} SET number = {CURRENT + 1} WHERE number = {CURRENT}")
    session.close()
    with pytest.raises(SchemaVersionError, match="update the package"):
        load_pages(warehouse, NOW)


def test_a_migration_is_applied_once_or_not_at_all(
    warehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = Warehouse(warehouse_url)
    load_pages(warehouse, NOW)
    applied: list[int] = []

    def notes(session: Session, prefix: str) -> None:
        applied.append(1)
        table = session.backend.qualify(prefix + "sync_state")
        session.execute(f"ALTER TABLE {table} ADD COLUMN note {session.backend.capabilities.types['text']}")

    def broken(session: Session, prefix: str) -> None:
        raise RuntimeError("no power")

    added, last = Migration(CURRENT + 1, "notes", notes), Migration(CURRENT + 2, "broken", broken)
    monkeypatch.setattr(module, "CURRENT", last.number)
    monkeypatch.setattr(module, "MIGRATIONS", (*MIGRATIONS, added, last))
    with pytest.raises(RuntimeError):
        load_pages(warehouse, NOW)
    reader = Reader(warehouse_url, "merge", "remove")
    if warehouse.backend.capabilities.transactional_ddl:
        assert reader.rows("SELECT max(number) FROM calcom_schema_version") == [(CURRENT,)]
        monkeypatch.setattr(module, "CURRENT", added.number)
        monkeypatch.setattr(module, "MIGRATIONS", (*MIGRATIONS, added))
        assert load_pages(warehouse, NOW).status == "unchanged"
        assert load_pages(warehouse, NOW).status == "unchanged"
        assert reader.rows("SELECT count(note) FROM calcom_sync_state") == [(0,)]
        assert len(applied) == 2

"""Opening a database waits for whoever has it at that moment, and finds its backend in every thread."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from calcom_provider.hr.errors import WriterBusyError
from calcom_provider.hr.ledger.database import Database
from calcom_provider.hr.ledger.migrations import migrate
from calcom_provider.hr.ledger.tables import WRITERS
from calcom_provider.warehouse import Warehouse
from calcom_provider.warehouse.backends import registry
from calcom_provider.warehouse.backends import sqlite as module
from calcom_provider.warehouse.backends.sqlite import SqliteBackend
from tests.integration.warehouse.model import load_pages


class Clock:
    """Stand for the module's time: its pauses take no time, and what happens in one is said."""

    def __init__(self, in_pause) -> None:  # type: ignore[no-untyped-def]
        self.pauses = 0
        self._now = 0.0
        self._in_pause = in_pause

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self.pauses += 1
        self._now += seconds
        self._in_pause(self.pauses)


@pytest.fixture
def holder(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Give a program that is writing to a file which is not a ledger yet."""
    holder = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
    holder.execute("CREATE TABLE other (number INTEGER)")
    holder.execute("BEGIN IMMEDIATE")
    yield holder
    holder.close()


def test_a_ledger_that_somebody_writes_to_is_opened_when_they_have_ended(
    tmp_path: Path, holder: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite waits for no writer when it changes how its log is kept: it refuses at once."""
    clock = Clock(lambda pauses: holder.execute("COMMIT") if pauses == 3 else None)
    monkeypatch.setattr(module, "time", clock)
    database = Database(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    assert clock.pauses == 3
    assert database._session.value("PRAGMA journal_mode") == "wal"
    assert database._session.value("PRAGMA synchronous") == 1
    migrate(database)
    # Who reads keeps nobody from writing from now on.
    holder.execute("BEGIN")
    holder.execute("SELECT count(*) FROM other").fetchall()
    with database.transaction() as run:
        run(sa.insert(WRITERS), [{"organization_id": 9, "holder": "a", "until": 1.5}])
    database.close()


def test_a_ledger_whose_file_never_gets_free_is_busy(
    tmp_path: Path, holder: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(lambda pauses: None)
    monkeypatch.setattr(module, "time", clock)
    with pytest.raises(WriterBusyError, match="another process may be writing"):
        Database(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    assert clock.monotonic() == pytest.approx(module.WAIT, abs=2 * module.PAUSE)


def test_a_file_without_such_a_log_is_synced_at_every_commit(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network share has no memory that processes share; what is written there must last as well."""
    monkeypatch.setattr(module.SqliteSession, "write_ahead", lambda _: False)
    database = Database(sqlite_url)
    assert database._session.value("PRAGMA synchronous") == 2
    database.close()


def test_threads_that_open_the_first_database_at_once_all_find_its_backend(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking, go = threading.Event(), threading.Event()

    def slowly(name: str) -> None:
        looking.set()
        assert go.wait(60)
        registry.register("sqlite")(SqliteBackend)

    monkeypatch.setattr(registry, "_registered", {})
    monkeypatch.setattr(registry, "_looked", [])
    monkeypatch.setattr(registry, "import_module", slowly)
    monkeypatch.setattr(registry, "metadata", SimpleNamespace(entry_points=lambda group: ()))
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(registry.backend_class(sqlite_url))) for _ in range(2)
    ]
    threads[0].start()
    assert looking.wait(60)
    threads[1].start()
    threads[1].join(0.2)  # as long as it takes to look at a list, or for the other thread
    go.set()
    for thread in threads:
        thread.join(60)
    assert found == [SqliteBackend, SqliteBackend]


def test_a_load_seldom_opens_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between its looks the file is free for other processes, and opening it is what takes the time of a small load."""
    warehouse = Warehouse(f"duckdb:///{tmp_path}/warehouse.duckdb")
    load_pages(warehouse, [((1, "a"),)])
    opened = []
    really = duckdb.connect

    def connect(path: str, *args: Any, **named: Any) -> Any:
        if path != ":memory:":
            opened.append(path)
        return really(path, *args, **named)

    monkeypatch.setattr(duckdb, "connect", connect)
    load_pages(warehouse, [((1, "b"),)])
    assert 1 <= len(opened) <= 9
    warehouse.close()

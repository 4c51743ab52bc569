"""What is told when the connection to the warehouse breaks: in the commit, and while a run opens it."""

from __future__ import annotations

import inspect
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from calcom_provider.warehouse import PublicationUnknownError, RunInfo, Warehouse, engine
from calcom_provider.warehouse.backends.postgresql import PostgresBackend
from calcom_provider.warehouse.backends.sql_session import SqlSession
from calcom_provider.warehouse.backends.sqlite import SqliteSession
from tests.integration.warehouse.model import SCOPE, Reader, load_pages

PAGES = [((1, "a"), (2, "b"))]


def broken(self: SqlSession, *_: object) -> None:
    raise sqlite3.OperationalError("the connection is gone")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_commit_whose_answer_is_lost_is_not_called_unpublished(
    sqlite_url: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "the run fails and says so, all of it was published or nothing, and the next run goes on from what is there" """
    warehouse = Warehouse(sqlite_url)
    load_pages(warehouse, [((1, "a"),)])
    commit = SqlSession.commit

    def lost(self: SqlSession) -> None:
        if self.fetch('SELECT 1 FROM calcom_items WHERE "Order" = 2'):
            if when == "after":
                self.execute("COMMIT")
            self.connection.connection.dbapi_connection.close()
            broken(self)
        commit(self)

    with monkeypatch.context() as patched:
        patched.setattr(SqlSession, "commit", lost)
        with pytest.raises(PublicationUnknownError, match="all of it was published, or nothing"):
            load_pages(warehouse, PAGES, use_marks=False)
    held = Reader(sqlite_url, "merge", "remove").state()[0]
    assert held == ({1: "a", 2: "b"} if when == "after" else {1: "a"})
    load_pages(warehouse, PAGES, use_marks=False)
    assert Reader(sqlite_url, "merge", "remove").state()[0] == {1: "a", 2: "b"}
    warehouse.close()


def test_the_error_that_ended_a_run_is_told_not_that_of_clearing_up(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = Warehouse(sqlite_url)

    def first(*_: object) -> None:
        raise sqlite3.OperationalError("the first error")

    monkeypatch.setattr(engine, "migrate", first)
    monkeypatch.setattr(type(warehouse.backend), "unlock", broken)
    with pytest.raises(sqlite3.OperationalError, match="the first error"):
        warehouse.load(RunInfo(scope=SCOPE))
    warehouse.close()


def test_a_connection_that_is_cut_while_tables_are_claimed_is_told_as_such(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first statement of a claim finds the connection cut; nothing is tried on what is left of it."""
    warehouse = Warehouse(postgres_url)
    load_pages(warehouse, PAGES)
    reflect, cut = PostgresBackend.reflect, [True]

    def lost(self: PostgresBackend, session: Any, prefix: str) -> Any:
        if cut and any(frame.function == "_claim" for frame in inspect.stack()):
            cut.pop()
            pid = session.value("SELECT pg_backend_pid()")
            other = warehouse.backend.connect()
            other.fetch("SELECT pg_terminate_backend(:pid)", {"pid": pid})
            other.close()
        return reflect(self, session, prefix)

    monkeypatch.setattr(PostgresBackend, "reflect", lost)
    with pytest.raises(sqlalchemy.exc.OperationalError) as told, warehouse.load(RunInfo(scope=SCOPE)):
        pass
    assert cut == []
    assert told.value.connection_invalidated
    assert load_pages(warehouse, PAGES).unchanged + load_pages(warehouse, PAGES).rows_kept > 0


@pytest.mark.parametrize("warehouse_url", ["postgresql", "mysql"], indirect=True)
def test_rolling_back_does_not_hide_that_the_connection_was_cut(warehouse_url: str) -> None:
    warehouse = Warehouse(warehouse_url)
    load_pages(warehouse, PAGES)
    session, other = warehouse.backend.connect(), warehouse.backend.connect()
    mysql = warehouse_url.startswith("mysql")
    number = session.value("SELECT connection_id()" if mysql else "SELECT pg_backend_pid()")
    session.begin()
    if mysql:
        other.execute(f"KILL {number}")
    else:
        other.fetch("SELECT pg_terminate_backend(:number)", {"number": number})
    with pytest.raises(sqlalchemy.exc.OperationalError) as told:
        session.fetch("SELECT 1")
    assert told.value.connection_invalidated
    session.rollback()
    session.close()
    other.close()
    warehouse.close()


@pytest.mark.parametrize("database", ["sqlite", "duckdb"])
def test_a_transaction_that_the_database_ended_is_not_rolled_back(database: str, tmp_path: Path) -> None:
    warehouse = Warehouse(f"{database}:///{tmp_path}/warehouse.{database}")
    session = warehouse.backend.connect()
    session.begin()
    session.connection.execute("ROLLBACK") if database == "duckdb" else session.driver.execute("ROLLBACK")
    session.rollback()
    session.begin()
    session.rollback()
    session.close()
    warehouse.close()


def test_a_lease_that_finds_no_room_is_told_as_that(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite ends the transaction itself, and rolling back would say that there is none."""
    warehouse = Warehouse(sqlite_url)
    load_pages(warehouse, PAGES)
    run = SqliteSession._run

    def full(self: SqliteSession, sql: str, params: Any) -> Any:
        if sql.startswith("INSERT") and "sync_lease" in sql:
            self.driver.execute("ROLLBACK")
            raise sqlite3.OperationalError("disk I/O error")
        return run(self, sql, params)

    monkeypatch.setattr(SqliteSession, "_run", full)
    with pytest.raises(sqlite3.OperationalError, match="disk I/O error"):
        warehouse.load(RunInfo(scope=SCOPE))
    warehouse.close()

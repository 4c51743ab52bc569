"""The ledger's one connection: it survives what a long wait does to it, and its commits last."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from calcom_provider.hr.errors import LedgerError, WriterBusyError
from calcom_provider.hr.ledger import database as module
from calcom_provider.hr.ledger.database import Database
from calcom_provider.hr.ledger.migrations import migrate
from calcom_provider.hr.ledger.tables import WRITERS
from calcom_provider.warehouse import LoadInProgressError
from calcom_provider.warehouse.backends.duckdb import DuckBackend

WRITER = {"organization_id": 9, "holder": "a", "until": 1.5}


def writers(database: Database) -> list[dict[str, object]]:
    with database.transaction() as run:
        return list(run(sa.select(WRITERS)))


@pytest.mark.parametrize("server", ["postgres", "mysql"])
def test_a_connection_that_the_server_dropped_is_opened_anew(
    server: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = request.getfixturevalue(f"{server}_url")
    database, other = Database(url), Database(url)
    migrate(database)
    number = "SELECT pg_backend_pid()" if server == "postgres" else "SELECT CONNECTION_ID()"
    kill = "SELECT pg_terminate_backend({})" if server == "postgres" else "KILL {}"
    other._session.execute(kill.format(database._session.value(number)))
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.0)
    with database.transaction() as run:
        run(sa.insert(WRITERS), [WRITER])
    assert writers(other) == [WRITER]
    for one in (database, other):
        one.close()


def test_records_are_committed_to_the_disk(postgres_url: str) -> None:
    """A load's session does not wait for the disk; what the ledger says was sent must be there after a crash."""
    database = Database(postgres_url)
    assert database._session.value("SHOW synchronous_commit") == "on"
    database.close()


def test_a_transaction_that_fails_leaves_nothing(warehouse_url: str) -> None:
    database = Database(warehouse_url)
    migrate(database)
    with pytest.raises(KeyError), database.transaction() as run:  # noqa: PT012
        run(sa.insert(WRITERS), [WRITER])
        raise KeyError
    assert writers(database) == []
    with database.transaction() as run:
        run(sa.insert(WRITERS), [WRITER])
        assert run(sa.update(WRITERS).values(holder="b")) == 1
    assert writers(database) == [{**WRITER, "holder": "b"}]
    database.close()


def test_a_file_that_another_process_has_is_busy(duckdb_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: DuckBackend) -> None:
        raise LoadInProgressError("open in another process")

    monkeypatch.setattr(DuckBackend, "connect", refuse)
    with pytest.raises(WriterBusyError, match="another process may be writing"):
        Database(duckdb_url)


def test_a_target_that_cannot_be_used_is_told_as_the_ledgers() -> None:
    with pytest.raises(LedgerError, match="the ledger's database cannot be used"):
        Database("duckdb:///")

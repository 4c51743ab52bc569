"""Run the ledger's few statements on any database SQLAlchemy knows, and on DuckDB through its own driver."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from calcom_provider.hr.errors import LedgerError, WriterBusyError

Run = Any
"""``run(statement, rows=None)`` in a transaction returns a query's rows as dicts, else how many changed."""


class Database:
    """Open a database for the ledger.

    :param target: SQLAlchemy engine or URL; ``duckdb:///path`` opens a DuckDB file
    """

    def __init__(self, target: sa.Engine | sa.URL | str) -> None:
        self._duckdb = _open_duckdb(target)
        self._lock = threading.RLock()
        self._own_engine = not isinstance(target, sa.Engine)
        self._engine: sa.Engine | None = None
        if self._duckdb is None:
            self._engine = target if isinstance(target, sa.Engine) else _make_engine(target)

    def create(self, metadata: sa.MetaData) -> None:
        """Create the tables that do not exist yet.

        :param metadata: the tables
        """
        if self._engine is not None:
            metadata.create_all(self._engine)
            return
        with self.transaction() as run:
            for table in metadata.sorted_tables:
                run(CreateTable(table, if_not_exists=True))

    @contextmanager
    def transaction(self) -> Iterator[Run]:
        """Give a function that runs statements; all of them take effect, or none."""
        if self._engine is not None:
            with self._engine.begin() as connection:
                yield lambda statement, rows=None: _on_engine(connection, statement, rows)
            return
        with self._lock:
            cursor = self._duckdb
            cursor.execute("BEGIN TRANSACTION")
            try:
                yield lambda statement, rows=None: _on_duckdb(cursor, statement, rows)
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")

    def close(self) -> None:
        """Close what was opened here."""
        if self._duckdb is not None:
            self._duckdb.close()
        elif self._own_engine and self._engine is not None:
            self._engine.dispose()


def _make_engine(target: sa.URL | str) -> sa.Engine:
    engine = sa.create_engine(target, pool_pre_ping=True)
    if engine.dialect.name == "sqlite":

        @sa.event.listens_for(engine, "connect")
        def _settle(connection: Any, _: Any) -> None:
            # A record is written before and after each call: wait for a reader, and do not sync twice a
            # commit.
            connection.execute("PRAGMA busy_timeout = 30000")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")

    return engine


def _open_duckdb(target: Any) -> Any:
    if not str(target).startswith("duckdb:"):
        return None
    try:
        import duckdb
    except ImportError:
        raise LedgerError("the ledger is a DuckDB file and duckdb is not installed") from None
    path = str(target).removeprefix("duckdb:").removeprefix("///")
    try:
        return duckdb.connect(path or ":memory:")
    except duckdb.IOException:
        raise WriterBusyError(
            "the ledger's DuckDB file cannot be opened; another process may be writing",
            advice="Run it again later.",
        ) from None


def _on_engine(connection: sa.Connection, statement: Any, rows: Sequence[dict[str, Any]] | None) -> Any:
    result = connection.execute(statement, list(rows)) if rows else connection.execute(statement)
    return [dict(row) for row in result.mappings()] if result.returns_rows else result.rowcount


def _on_duckdb(cursor: Any, statement: Any, rows: Sequence[dict[str, Any]] | None) -> Any:
    keys = {"column_keys": list(rows[0])} if rows else {}
    compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True}, **keys)
    if rows:
        names = compiled.positiontup or list(rows[0])
        cursor.executemany(str(compiled), [[row[name] for name in names] for row in rows])
        return len(rows)
    known = getattr(compiled, "params", None) or {}
    names = getattr(compiled, "positiontup", None) or []
    result = cursor.execute(str(compiled), [known[name] for name in names])
    columns = [one[0] for one in result.description or ()]
    found = result.fetchall() if columns else []
    if getattr(statement, "is_select", False):
        return [dict(zip(columns, row, strict=True)) for row in found]
    return int(found[0][0]) if found and found[0] else 0


_DIALECT = postgresql.dialect(paramstyle="qmark")

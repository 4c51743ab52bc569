"""Run the ledger's few statements over a session of the database's backend, each transaction as a whole."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable, DDLElement

from calcom_provider.hr.errors import LedgerError, WriterBusyError
from calcom_provider.private_files import OWNER
from calcom_provider.warehouse.backends.base import Session
from calcom_provider.warehouse.backends.registry import open_backend
from calcom_provider.warehouse.errors import LoadInProgressError, UnsupportedTargetError
from calcom_provider.warehouse.schema import Column

Run = Callable[..., Any]
"""``run(statement, rows=None)`` in a transaction returns a query's rows as dicts, else how many changed."""

IDLE_SECONDS = 5.0
"""How long a connection may have lain idle before it is asked whether it is still there."""


class Database:
    """Open a database for the ledger.

    One connection serves all threads, one transaction after the other. A write may wait for an hour between two
    records, and servers drop connections that lie idle for so long: it is then opened anew.

    :param target: SQLAlchemy engine or URL, of any database that has a backend.
    :param schema: schema of the tables, the connection's own by default.
    :param must_exist: whether a database file that is not there is an error, instead of being made.
    :raises LedgerError: when its driver is missing, its file while it must exist, or it keeps no ledgers.
    :raises WriterBusyError: when another process has the file.
    """

    def __init__(
        self, target: sa.Engine | sa.URL | str, schema: str | None = None, *, must_exist: bool = False
    ) -> None:
        self._lock = threading.RLock()
        try:
            self.backend = open_backend(target, schema)
            if not self.backend.keeps_ledgers:
                self.backend.close()
                raise LedgerError(
                    f"{self.backend.title} keeps no ledger.",
                    advice="Keep it in another database: it may be a small file.",
                )
            if must_exist and self.backend.file is not None and not self.backend.file.exists():
                self.backend.close()
                raise LedgerError(
                    "There is no ledger yet: no such database file.",
                    advice="Look at the path in its address, or plan with this ledger first.",
                )
            self.backend.file_mode = OWNER
            self._session = self._connected()
        except UnsupportedTargetError as error:
            raise LedgerError(f"the ledger's database cannot be used: {error}") from None
        except LoadInProgressError:
            raise WriterBusyError(
                "the ledger's file cannot be opened; another process may be writing",
                advice="Run it again later.",
            ) from None
        self._dialect = self.backend.dialect()
        self._used = time.monotonic()

    def create(self, metadata: sa.MetaData) -> None:
        """Create the tables that do not exist yet.

        :param metadata: the tables.
        """
        with self.transaction() as run:
            for table in metadata.sorted_tables:
                if self.columns(table.name):
                    continue
                run(CreateTable(table))
                remarks = [Column(one.name, "text", comment=one.comment or "") for one in table.columns]
                self.backend.comment(self._session, table.name, table.comment or "", remarks)

    def columns(self, table: str) -> set[str]:
        """Return the names of a table's columns; empty where there is no such table.

        :param table: its name.
        """
        return self.tables(table).get(table, set())

    def tables(self, prefix: str) -> dict[str, set[str]]:
        """Return the names of the columns of all tables whose names begin with a prefix.

        :param prefix: the beginning.
        """
        with self._lock:
            found = self.backend.reflect(self._session, prefix)
            return {table: set(columns) for table, columns in found.items()}

    def lengthen(self, table: sa.Table) -> None:
        """Give texts that were made with SQL's TEXT the length that texts have now.

        :param table: the table with these columns alone.
        """
        compiler: Any = self._dialect.ddl_compiler(self._dialect, CreateTable(table))
        columns = [compiler.get_column_specification(one) for one in table.columns]
        with self._lock:
            self.backend.lengthen(self._session, table.name, columns)

    @property
    def long_text(self) -> sa.types.TypeEngine[Any]:
        """Return the type of texts of any length."""
        return _Spelled(self.backend.capabilities.types["text"])

    @contextmanager
    def transaction(self) -> Iterator[Run]:
        """Give a function that runs statements; all of them take effect, or none."""
        with self.session() as session:
            session.begin()
            try:
                yield lambda statement, rows=None: self._run(session, statement, rows)
            except BaseException:
                session.rollback()
                raise
            session.commit()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Give the connection to one thread, opened anew if it lay idle and was dropped; no transaction is begun."""
        with self._lock:
            if time.monotonic() - self._used >= IDLE_SECONDS and self.backend.many_connections:
                try:
                    self._session.fetch("SELECT 1")
                except Exception:
                    with suppress(Exception):
                        self._session.close()
                    self._session = self._connected()
            yield self._session
            self._used = time.monotonic()

    def close(self) -> None:
        """Close what was opened here."""
        with self._lock:
            self._session.close()
            self.backend.close()

    def _connected(self) -> Session:
        session = self.backend.connect()
        self.backend.commit_durably(session)
        return session

    def _run(self, session: Session, statement: Any, rows: Sequence[dict[str, Any]] | None) -> Any:
        if isinstance(statement, DDLElement):
            return session.execute(str(statement.compile(dialect=self._dialect)))
        keys = {"column_keys": list(rows[0])} if rows else {}
        compiled = statement.compile(
            dialect=self._dialect, compile_kwargs={"render_postcompile": True}, **keys
        )
        if rows:
            session.insert(str(compiled), rows)
            return len(rows)
        if not getattr(statement, "is_select", False):
            return session.execute(str(compiled), compiled.params)
        columns = list(statement.selected_columns)
        return [_row(columns, values) for values in session.fetch(str(compiled), compiled.params)]


def _row(columns: Sequence[Any], values: Sequence[Any]) -> dict[str, Any]:
    """Name the values of a row; some databases keep truth values as numbers."""
    return {
        column.name: bool(value) if value is not None and isinstance(column.type, sa.Boolean) else value
        for column, value in zip(columns, values, strict=True)
    }


class _Spelled(sa.types.UserDefinedType[str]):
    """Spell a type as the backend does."""

    cache_ok = True

    def __init__(self, spelling: str) -> None:
        self.spelling = spelling

    def get_col_spec(self, **_: Any) -> str:
        return self.spelling

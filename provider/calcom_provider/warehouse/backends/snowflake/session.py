"""A session on Snowflake, over a connection of its connector."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from calcom_provider.warehouse.backends.base import Backend, Params, Session
from calcom_provider.warehouse.backends.driver_errors import is_aborted
from calcom_provider.warehouse.backends.remote.catalogue import Catalogue
from calcom_provider.warehouse.backends.remote.grammar import Insert
from calcom_provider.warehouse.backends.remote.records import Kept
from calcom_provider.warehouse.backends.snowflake.statements import (
    GRAMMAR,
    bound,
    deletions,
    for_each,
    inserts,
    unquoted,
)
from calcom_provider.warehouse.errors import WarehouseError

#: How often a statement of its own is repeated that others kept from a table.
REPEATS = 8
#: Seconds before the first repetition, about; each next one waits twice as long.
PAUSE = 0.1


#: How statements begin that change what there is.
DDL = frozenset({"CREATE", "ALTER ", "DROP T", "DROP V", "COMMEN"})

#: Column by which the engine's own records are told.
RECORDS = "scope"


Types = Callable[[Session, str, Sequence[str]], Mapping[str, str]]
"""Gives the types of columns that a statement writes: session, quoted table, columns as they stand there."""


class SnowflakeSession(Session):
    """Hold a connection in autocommit; transactions are begun by statement.

    :param backend: the account.
    :param connection: connection of the connector.
    :param types: gives the types of columns of a table, by the names under which they are stored.
    """

    def __init__(self, backend: Backend, connection: Any, types: Types) -> None:
        self._types_of = types
        self.backend = backend
        self.connection = connection
        #: Whether the engine has begun a transaction, and whether the account knows of it.
        self._open = self._begun = False
        #: Tables of the engine's records, each with what is kept back of them.
        self._records: dict[str, Kept] = {}
        self.catalogue = Catalogue()
        #: Tables that it made, or found when it was about to.
        self.made: set[str] = set()
        self._folder: str | None = None
        self._files_at: str | None = None
        self._loads = 0

    def confine(self, table: str, values: Mapping[str, int | str]) -> None:
        if RECORDS in values:
            self._records[self.backend.qualify(table)] = Kept(unquoted)

    def execute(self, sql: str, params: Params | None = None) -> int:
        insert = GRAMMAR.insert(sql) if params else None
        if insert is not None and params is not None:
            return self._insert(insert, [params])
        deleted = GRAMMAR.deletion(sql, params) if params else None
        if deleted is not None and self._open and deleted[0] in self._records:
            self._records[deleted[0]].delete(deleted[1])
            return 0
        return self.run(*bound(sql, params or {}))

    def fetch(self, sql: str, params: Params | None = None) -> list[tuple[Any, ...]]:
        with self._cursor(*bound(sql, params or {})) as cursor:
            return [tuple(row) for row in cursor.fetchall()]

    def insert(self, sql: str, rows: Sequence[Params]) -> None:
        if not rows:
            return
        insert = GRAMMAR.insert(sql)
        if insert is not None:
            self._insert(insert, rows)
            return
        if self._open and (first := GRAMMAR.deletion(sql, rows[0])) and first[0] in self._records:
            for row in rows:
                self.execute(sql, row)
            return
        for text, values in for_each(sql, rows):
            self.run(text, values)

    def _insert(self, insert: Insert, rows: Sequence[Params]) -> int:
        if self._open and insert.table in self._records:
            self._records[insert.table].insert(insert, rows)
            return len(rows)
        types = self._types_of(self, insert.table, insert.columns)
        written = inserts(insert.table, insert.columns, insert.values(rows), types)
        return sum(self.run(text, values) for text, values in written)

    def _write_records(self, text: str | None = None) -> None:
        """Write the records that were kept back, or those of the tables that a statement names."""
        for table, kept in self._records.items():
            if (kept.deleted or kept.inserted) and (text is None or table in text):
                self._records[table] = Kept(unquoted)
                for statement, values in deletions(table, list(kept.deleted)):
                    self.run(statement, values)
                for columns, rows in kept.inserted.items():
                    types = self._types_of(self, table, columns)
                    for statement, values in inserts(table, columns, rows, types):
                        self.run(statement, values)

    def run(self, text: str, values: Sequence[Any] = ()) -> int:
        """Run a statement with places, and give the number of rows that it touched.

        :param text: statement.
        :param values: what stands at its places.
        """
        with self._cursor(text, values) as cursor:
            return max(cursor.rowcount or 0, 0)

    def _cursor(self, text: str, values: Sequence[Any]) -> Any:
        if self._open:
            self._write_records(text)
            self._step(text)
        for attempt in range(REPEATS + 1):
            cursor = self.connection.cursor()
            try:
                cursor.execute(text, [_plain(value) for value in values] or None)
                if text[:6] in DDL:
                    self.catalogue.forget()
                    if not text.startswith("CREATE"):
                        self.made.clear()
                return cursor
            except Exception as error:
                cursor.close()
                # Of a transaction, all is repeated or nothing.
                if self._begun or attempt == REPEATS or not is_aborted(error):
                    raise
            time.sleep(PAUSE * 2**attempt * random.uniform(0.5, 1.5))
        raise AssertionError("the last attempt returns or raises")

    def _step(self, text: str) -> None:
        """Begin or end the transaction that a statement needs, or would end by itself.

        Queries see what is committed, inside of a transaction or not, so that it begins with what writes first. DDL
        commits it; what is written afterwards is another one.
        """
        word = text.lstrip()[:6].upper()
        if word in ("INSERT", "UPDATE", "DELETE") and not self._begun:
            self._send("BEGIN TRANSACTION")
            self._begun = True
            # What others changed until now is to be seen from here on.
            self.catalogue.forget()
        elif word in DDL and self._begun:
            self._end("COMMIT")

    def _send(self, text: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(text)

    def _end(self, text: str) -> None:
        """End the transaction, if it has begun."""
        if self._begun:
            self._send(text)
            self._begun = False

    # -- files
    # -------------------------------------------------------------------------------------------------------

    def new_file(self) -> Path:
        """Give the path of a file that rows are gathered in; it goes with the session."""
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix="calcom-snowflake-")
        self._loads += 1
        return Path(self._folder) / f"{self._loads}.parquet"

    def upload(self, file: Path) -> str:
        """Bring a file into the session's stage, and give the place of it alone there."""
        if self._files_at is None:
            name = f"CALCOM_FILES_{uuid.uuid4().hex[:12].upper()}"
            self.run(f"CREATE TEMPORARY STAGE {name}")
            self._files_at = f"@{name}"
        place = f"{self._files_at}/{file.stem}/"
        path = file.as_posix().replace("'", r"\'")
        self.run(f"PUT 'file://{path}' {place} AUTO_COMPRESS = FALSE OVERWRITE = TRUE")
        file.unlink()
        return place

    # -- transactions
    # ------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        if self._open:
            raise WarehouseError("a transaction is open already")
        self._open = True

    def commit(self) -> None:
        self._write_records()
        self._end("COMMIT")
        self._open = False

    def rollback(self) -> None:
        self._open = False
        self._records = {table: Kept(unquoted) for table in self._records}
        self._end("ROLLBACK")

    def close(self) -> None:
        try:
            self.connection.close()
        finally:
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)


def _plain(value: Any) -> Any:
    """Give a text as what the connector knows: names that SQLAlchemy found are texts of a class of their own."""
    return str(value) if isinstance(value, str) else value

"""What sessions share whose every statement is a round trip: files of rows, records kept back, and repetitions."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from calcom_provider.warehouse.backends.base import Backend, Params, Session
from calcom_provider.warehouse.backends.driver_errors import is_aborted
from calcom_provider.warehouse.backends.remote.catalogue import Catalogue
from calcom_provider.warehouse.backends.remote.grammar import Grammar, Insert, Row
from calcom_provider.warehouse.backends.remote.records import Kept

S = TypeVar("S")
T = TypeVar("T")

#: How often a statement of its own is repeated that others kept from a table.
REPEATS = 8

#: How statements begin that change what there is.
DDL = ("CREATE ", "ALTER ", "DROP ", "COMMENT ")

#: Column by which the engine's own records are told.
RECORDS = "scope"

Types = Callable[[Session, str, Sequence[str]], Mapping[str, str]]
"""Gives the types of columns that a statement writes: session, quoted table, columns as they stand there."""


@dataclass(frozen=True)
class Spelling(Generic[S]):
    """Hold how a database takes the few forms of statements that the engine sends.

    :param grammar: reads them.
    :param bound: gives the statement for a text and its values.
    :param inserts: gives the statements that write rows: table, columns, values, types.
    :param deletions: gives those that delete the rows of a table with any of some values.
    :param for_each: gives those that do for many sets of values what a text says for one.
    """

    grammar: Grammar
    bound: Callable[[str, Params], S]
    inserts: Callable[[str, Sequence[str], Sequence[Sequence[Any]], Mapping[str, str]], Iterator[S]]
    deletions: Callable[[str, Sequence[Row]], Iterator[S]]
    for_each: Callable[[str, Sequence[Params]], Iterator[S]]


class RemoteSession(Session, Generic[S]):
    """Keep the records of a transaction back until somebody reads them, and files of rows until they are sent.

    :cvar pause: seconds before the first repetition of a statement, about; each next one waits twice as long.
    :param backend: the database.
    :param connection: connection to it.
    :param types: gives the types of columns of a table, by the names under which they are stored.
    :param spelling: how statements are spelled.
    """

    pause: ClassVar[float]

    def __init__(self, backend: Backend, connection: Any, types: Types, spelling: Spelling[S]) -> None:
        self.backend = backend
        self.connection = connection
        self.catalogue = Catalogue()
        #: Tables that it made, or found when it was about to.
        self.made: set[str] = set()
        self._types_of = types
        self._spelling = spelling
        #: Tables of the engine's records, each with what is kept back of them.
        self._records: dict[str, Kept] = {}
        self._folder: str | None = None
        self._files = 0

    @property
    @abstractmethod
    def in_transaction(self) -> bool:
        """Tell whether the engine has begun a transaction."""

    @abstractmethod
    def send(self, statement: S) -> int:
        """Run a statement, now or with its transaction, and give the number of rows that it touched."""

    @abstractmethod
    def send_record(self, statement: S) -> None:
        """Run a statement of the transaction that writes records which were kept back."""

    # -- statements
    # ------------------------------------------------------------------------------------------------------

    def confine(self, table: str, values: Mapping[str, int | str]) -> None:
        if RECORDS in values:
            self._records[self.backend.qualify(table)] = self._kept()

    def execute(self, sql: str, params: Params | None = None) -> int:
        params = params or {}
        insert = self._spelling.grammar.insert(sql) if params else None
        if insert is not None:
            return self._insert(insert, [params])
        deleted = self._deleted_records(sql, params)
        if deleted is not None:
            self._records[deleted[0]].delete(deleted[1])
            return 0
        return self.send(self._spelling.bound(sql, params))

    def insert(self, sql: str, rows: Sequence[Params]) -> None:
        if not rows:
            return
        insert = self._spelling.grammar.insert(sql)
        if insert is not None:
            self._insert(insert, rows)
        elif self._deleted_records(sql, rows[0]):
            for row in rows:
                self.execute(sql, row)
        else:
            for statement in self._spelling.for_each(sql, rows):
                self.send(statement)

    def _insert(self, insert: Insert, rows: Sequence[Params]) -> int:
        if self.in_transaction and insert.table in self._records:
            self._records[insert.table].insert(insert, rows)
            return len(rows)
        types = self._types_of(self, insert.table, insert.columns)
        written = self._spelling.inserts(insert.table, insert.columns, insert.values(rows), types)
        return sum(self.send(statement) for statement in written)

    def _deleted_records(self, sql: str, params: Params) -> tuple[str, Row] | None:
        """Read a statement of the transaction that deletes records; None for any other."""
        found = self._spelling.grammar.deletion(sql, params) if self.in_transaction else None
        return found if found is not None and found[0] in self._records else None

    def write_records(self, text: str | None = None) -> None:
        """Write the records that were kept back, or those of the tables that a statement names.

        :param text: the statement.
        """
        for table, kept in self._records.items():
            if (kept.deleted or kept.inserted) and (text is None or table in text):
                self._records[table] = self._kept()
                for statement in self._spelling.deletions(table, list(kept.deleted)):
                    self.send_record(statement)
                for columns, rows in kept.inserted.items():
                    if rows:
                        types = self._types_of(self, table, columns)
                        for statement in self._spelling.inserts(table, columns, rows, types):
                            self.send_record(statement)

    def forget_records(self) -> None:
        """Let go of the records that were kept back."""
        self._records = {table: self._kept() for table in self._records}

    def _kept(self) -> Kept:
        return Kept(self._spelling.grammar.unquoted)

    def note(self, text: str) -> None:
        """Take note of a statement that was run: after DDL it asks again what there is.

        :param text: the statement.
        """
        if text.startswith(DDL):
            self.catalogue.forget()
            if not text.startswith("CREATE"):
                self.made.clear()

    def repeated(self, do: Callable[[], T]) -> T:
        """Do something, again where others kept it from a table.

        :param do: does it.
        """
        for attempt in range(REPEATS + 1):
            try:
                return do()
            except Exception as error:
                if attempt == REPEATS or not is_aborted(error):
                    raise
            time.sleep(self.pause * 2**attempt * random.uniform(0.5, 1.5))
        raise AssertionError("the last attempt returns or raises")

    # -- files
    # -------------------------------------------------------------------------------------------------------

    def new_file(self) -> Path:
        """Give the path of a file that rows are gathered in; it goes with the session."""
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix=f"calcom-{self.backend.capabilities.name}-")
        self._files += 1
        return Path(self._folder) / f"{self._files}.parquet"

    def close(self) -> None:
        try:
            self.connection.close()
        finally:
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)

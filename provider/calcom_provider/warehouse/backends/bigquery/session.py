"""A session on BigQuery: each statement is a job, and a transaction is one."""

from __future__ import annotations

import logging
import random
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from calcom_provider.warehouse.backends.base import Backend, Params, Session
from calcom_provider.warehouse.backends.bigquery.connecting import LABELS, Connection, UnheardError
from calcom_provider.warehouse.backends.bigquery.script import LOST, Script, spelled
from calcom_provider.warehouse.backends.bigquery.statements import (
    GRAMMAR,
    Statement,
    deletions,
    for_each,
    inserted,
    inserts,
    unquoted,
)
from calcom_provider.warehouse.backends.driver_errors import is_aborted
from calcom_provider.warehouse.backends.remote.catalogue import Catalogue
from calcom_provider.warehouse.backends.remote.grammar import Insert
from calcom_provider.warehouse.backends.remote.records import Kept
from calcom_provider.warehouse.errors import LeaseLostError, WarehouseError

logger = logging.getLogger(__name__)

#: How often a statement of its own is repeated that others kept from a table.
REPEATS = 8
#: Seconds before the first repetition, about; each next one waits twice as long.
PAUSE = 0.5

#: How statements begin that change what there is.
DDL = ("CREATE ", "ALTER ", "DROP ")

#: Column by which the engine's own records are told.
RECORDS = "scope"

#: What a DELETE or an UPDATE is about: its table, and its condition.
_ABOUT = re.compile(r"\s*(?:DELETE FROM|UPDATE) (\S+)(?: SET .*?)? WHERE (.*)$", re.DOTALL)

Types = Callable[[Session, str, Sequence[str]], Mapping[str, str]]
"""Gives the types of columns that a statement writes: session, quoted table, columns as they stand there."""


class BigQuerySession(Session):
    """Send statements as they come, and those of a transaction together.

    Inside of a transaction a query sees what others committed; where it reads a table that the transaction writes, it
    sees that too, and its answer must be the same when the transaction is done.

    :param backend: the dataset.
    :param connection: what is asked.
    :param types: gives the types of columns of a table.
    """

    def __init__(self, backend: Backend, connection: Connection, types: Types) -> None:
        self._types_of = types
        self.backend = backend
        self.connection = connection
        self.labels = dict(LABELS)
        #: The transaction that was begun.
        self._script: Script | None = None
        #: Whether nothing was heard of a transaction that was sent.
        self._unheard = False
        #: Tables of the engine's records, each with what is kept back of them.
        self._records: dict[str, Kept] = {}
        self.catalogue = Catalogue()
        #: Tables that it made, or found when it was about to.
        self.made: set[str] = set()
        #: Quoted names of its staging tables: what happens to them is nobody else's concern.
        self.stages: set[str] = set()
        #: Its jobs so far, and bytes for which they are billed.
        self.jobs = 0
        self.billed: int = 0
        self._folder: str | None = None
        self._files = 0

    def confine(self, table: str, values: Mapping[str, int | str]) -> None:
        if RECORDS in values:
            self._records[self.backend.qualify(table)] = Kept(unquoted)

    # -- statements
    # ------------------------------------------------------------------------------------------------------

    def execute(self, sql: str, params: Params | None = None) -> int:
        params = params or {}
        insert = GRAMMAR.insert(sql) if params else None
        if insert is not None:
            return self._insert(insert, [params])
        deleted = GRAMMAR.deletion(sql, params) if self._script is not None else None
        if deleted is not None and deleted[0] in self._records:
            self._records[deleted[0]].delete(deleted[1])
            return 0
        return self._do(Statement(sql, params))

    def execute_counted(self, sql: str, params: Params | None = None) -> int:
        if self._script is None:
            return self.execute(sql, params)
        about = _ABOUT.match(sql)
        assert about, "an UPDATE or DELETE under a condition"
        text = f"SELECT count(*) FROM {about[1]} WHERE {about[2]}"
        named = set(re.findall(r":(\w+)", text))
        count = int(
            self.value(text, {name: value for name, value in (params or {}).items() if name in named})
        )
        if count:
            self.execute(sql, params)
        return count

    def fetch(self, sql: str, params: Params | None = None) -> list[tuple[Any, ...]]:
        query = Statement(sql, params or {})
        script = self._script
        if script is not None:
            self._write_records(sql)
            if script.touches(sql):
                text, named = script.look(query)
                # Where what was looked at before has changed, the transaction is repeated as a whole.
                return script.looked(query, self._job(text, named.all).rows[0][0])
        text, named = spelled(query)
        return self._repeated(text, named.all).rows

    def insert(self, sql: str, rows: Sequence[Params]) -> None:
        if not rows:
            return
        insert = GRAMMAR.insert(sql)
        if insert is not None:
            self._insert(insert, rows)
        elif (
            self._script is not None
            and (first := GRAMMAR.deletion(sql, rows[0]))
            and first[0] in self._records
        ):
            for row in rows:
                self.execute(sql, row)
        else:
            for statement in for_each(sql, rows):
                self._do(statement)

    def require(self, sql: str, params: Params, otherwise: str) -> None:
        """Let the transaction fail, if there is one, unless a query gives a row when it is done.

        :param sql: query.
        :param params: its values.
        :param otherwise: what it fails with.
        """
        if self._script is not None:
            self._script.need(Statement(sql, params), otherwise)

    def _insert(self, insert: Insert, rows: Sequence[Params]) -> int:
        if self._script is not None and insert.table in self._records:
            self._records[insert.table].insert(insert, rows)
            return len(rows)
        types = self._types_of(self, insert.table, insert.columns)
        return sum(self._do(statement) for statement in inserted(insert, rows, types))

    def _write_records(self, text: str | None = None) -> None:
        """Write the records that were kept back, or those of the tables that a statement names."""
        assert self._script is not None
        for table, kept in self._records.items():
            if (kept.deleted or kept.inserted) and (text is None or table in text):
                self._records[table] = Kept(unquoted)
                for statement in deletions(table, list(kept.deleted)):
                    self._script.add(statement)
                for columns, rows in kept.inserted.items():
                    if rows:
                        types = self._types_of(self, table, columns)
                        for statement in inserts(table, columns, rows, types):
                            self._script.add(statement)

    def _do(self, statement: Statement) -> int:
        """Run a statement that writes, now or with its transaction."""
        written = GRAMMAR.written(statement.sql)
        if self._script is not None and written not in self.stages:
            self._write_records(statement.sql)
            if written is not None:
                if not self._script.writes:
                    # What others changed until now is to be seen from here on.
                    self.catalogue.forget()
                self._script.add(statement)
                return 0
            # BigQuery takes no DDL of lasting tables into a transaction: what came before is done first.
            self._send()
        text, named = spelled(statement)
        changed = self._repeated(text, named.all).changed
        if text.startswith(DDL):
            self.catalogue.forget()
            if not text.startswith("CREATE"):
                self.made.clear()
        return changed

    def _repeated(self, text: str, params: Sequence[Any]) -> Any:
        """Run a job of its own, again where others kept it from a table."""
        for attempt in range(REPEATS + 1):
            try:
                return self._job(text, params)
            except Exception as error:
                if attempt == REPEATS or not is_aborted(error):
                    raise
            time.sleep(PAUSE * 2**attempt * random.uniform(0.5, 1.5))
        raise AssertionError("the last attempt returns or raises")

    def _job(self, text: str, params: Sequence[Any]) -> Any:
        answer = self.connection.run(text, params, self.labels)
        self.jobs += 1
        self.billed += answer.billed
        return answer

    # -- files
    # -------------------------------------------------------------------------------------------------------

    def new_file(self) -> Path:
        """Give the path of a file that rows are gathered in; it goes with the session."""
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix="calcom-bigquery-")
        self._files += 1
        return Path(self._folder) / f"{self._files}.parquet"

    def load(self, file: Path, table: str) -> None:
        """Append the rows of a file to a staging table.

        :param file: the Parquet file, which is removed.
        :param table: name of the table.
        """
        for attempt in range(REPEATS + 1):
            try:
                self.connection.load(file, table, self.labels)
                break
            except Exception as error:
                if attempt == REPEATS or not is_aborted(error):
                    raise
            time.sleep(PAUSE * 2**attempt * random.uniform(0.5, 1.5))
        file.unlink()

    # -- transactions
    # ------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        if self._script is not None:
            raise WarehouseError("a transaction is open already")
        self._script = Script()

    def commit(self) -> None:
        try:
            self._write_records()
            self._send()
        finally:
            # Also where it failed, of which nothing was done.
            self._forget()

    def _send(self) -> None:
        """Do what was gathered until now."""
        assert self._script is not None
        if self._script.writes:
            text, named = self._script.whole()
            try:
                self._job(text, named.all)
            except UnheardError:
                self._unheard = True
                raise
            except Exception as error:
                if LOST in str(error):
                    raise LeaseLostError("The run lost its tables to another run") from None
                raise
        self._script = Script()

    def rollback(self) -> None:
        self._forget()
        if self._unheard:
            self._unheard = False
            raise WarehouseError("nothing was heard of the transaction")

    def _forget(self) -> None:
        """Let go of what was gathered."""
        self._script = None
        self._records = {table: Kept(unquoted) for table in self._records}

    def close(self) -> None:
        logger.info("BigQuery bills %d bytes for %d jobs of this session", self.billed, self.jobs)
        try:
            self.connection.close()
        finally:
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)

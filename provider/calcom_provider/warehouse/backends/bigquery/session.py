"""A session on BigQuery: each statement is a job, and a transaction is one."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from calcom_provider.warehouse.backends.base import Backend, Params
from calcom_provider.warehouse.backends.bigquery.connecting import LABELS, Connection, UnheardError
from calcom_provider.warehouse.backends.bigquery.script import LOST, Script, spelled
from calcom_provider.warehouse.backends.bigquery.statements import GRAMMAR, SPELLING, Statement
from calcom_provider.warehouse.backends.remote.session import RemoteSession, Types
from calcom_provider.warehouse.errors import LeaseLostError, WarehouseError

logger = logging.getLogger(__name__)

#: What a DELETE or an UPDATE is about: its table, and its condition.
_ABOUT = re.compile(r"\s*(?:DELETE FROM|UPDATE) (\S+)(?: SET .*?)? WHERE (.*)$", re.DOTALL)


class BigQuerySession(RemoteSession[Statement]):
    """Send statements as they come, and those of a transaction together.

    Inside of a transaction a query sees what others committed; where it reads a table that the transaction writes, it
    sees that too, and its answer must be the same when the transaction is done.

    :param backend: the dataset.
    :param connection: what is asked.
    :param types: gives the types of columns of a table.
    """

    pause = 0.5

    def __init__(self, backend: Backend, connection: Connection, types: Types) -> None:
        super().__init__(backend, connection, types, SPELLING)
        self.labels = dict(LABELS)
        #: The transaction that was begun.
        self._script: Script | None = None
        #: Whether nothing was heard of a transaction that was sent.
        self._unheard = False
        #: Quoted names of its staging tables: what happens to them is nobody else's concern.
        self.stages: set[str] = set()
        #: Its jobs so far, and bytes for which they are billed.
        self.jobs = 0
        self.billed: int = 0

    @property
    def in_transaction(self) -> bool:
        return self._script is not None

    # -- statements
    # ------------------------------------------------------------------------------------------------------

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
            self.write_records(sql)
            if script.touches(sql):
                text, named = script.look(query)
                # Where what was looked at before has changed, the transaction is repeated as a whole.
                return script.looked(query, self._job(text, named.all).rows[0][0])
        text, named = spelled(query)
        rows: list[tuple[Any, ...]] = self.repeated(lambda: self._job(text, named.all)).rows
        return rows

    def require(self, sql: str, params: Params, otherwise: str) -> None:
        """Let the transaction fail, if there is one, unless a query gives a row when it is done.

        :param sql: query.
        :param params: its values.
        :param otherwise: what it fails with.
        """
        if self._script is not None:
            self._script.need(Statement(sql, params), otherwise)

    def send_record(self, statement: Statement) -> None:
        assert self._script is not None
        self._script.add(statement)

    def send(self, statement: Statement) -> int:
        written = GRAMMAR.written(statement.sql)
        if self._script is not None and written not in self.stages:
            self.write_records(statement.sql)
            if written is not None:
                if not self._script.writes:
                    # What others changed until now is to be seen from here on.
                    self.catalogue.forget()
                self._script.add(statement)
                return 0
            # BigQuery takes no DDL of lasting tables into a transaction: what came before is done first.
            self._send_script()
        text, named = spelled(statement)
        changed: int = self.repeated(lambda: self._job(text, named.all)).changed
        self.note(text)
        return changed

    def _job(self, text: str, params: Sequence[Any]) -> Any:
        answer = self.connection.run(text, params, self.labels)
        self.jobs += 1
        self.billed += answer.billed
        return answer

    def load(self, file: Path, table: str) -> None:
        """Append the rows of a file to a staging table.

        :param file: the Parquet file, which is removed.
        :param table: name of the table.
        """
        self.repeated(lambda: self.connection.load(file, table, self.labels))
        file.unlink()

    # -- transactions
    # ------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        if self._script is not None:
            raise WarehouseError("a transaction is open already")
        self._script = Script()

    def commit(self) -> None:
        try:
            self.write_records()
            self._send_script()
        finally:
            # Also where it failed, of which nothing was done.
            self._forget()

    def _send_script(self) -> None:
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
        self.forget_records()

    def close(self) -> None:
        logger.info("BigQuery bills %d bytes for %d jobs of this session", self.billed, self.jobs)
        super().close()

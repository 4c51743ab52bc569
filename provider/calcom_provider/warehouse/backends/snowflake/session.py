"""A session on Snowflake, over a connection of its connector."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from calcom_provider.warehouse.backends.base import Backend, Params
from calcom_provider.warehouse.backends.remote.session import DDL, RemoteSession, Types
from calcom_provider.warehouse.backends.snowflake.statements import SPELLING, Statement, bound
from calcom_provider.warehouse.errors import WarehouseError


class SnowflakeSession(RemoteSession[Statement]):
    """Hold a connection in autocommit; transactions are begun by statement.

    :param backend: the account.
    :param connection: connection of the connector.
    :param types: gives the types of columns of a table, by the names under which they are stored.
    """

    pause = 0.1

    def __init__(self, backend: Backend, connection: Any, types: Types) -> None:
        super().__init__(backend, connection, types, SPELLING)
        #: Whether the engine has begun a transaction, and whether the account knows of it.
        self._open = self._begun = False
        self._files_at: str | None = None

    @property
    def in_transaction(self) -> bool:
        return self._open

    def fetch(self, sql: str, params: Params | None = None) -> list[tuple[Any, ...]]:
        with self._cursor(*bound(sql, params or {})) as cursor:
            return [tuple(row) for row in cursor.fetchall()]

    def send(self, statement: Statement) -> int:
        return self.run(*statement)

    def send_record(self, statement: Statement) -> None:
        self.run(*statement)

    def run(self, text: str, values: Sequence[Any] = ()) -> int:
        """Run a statement with places, and give the number of rows that it touched.

        :param text: statement.
        :param values: what stands at its places.
        """
        with self._cursor(text, values) as cursor:
            return max(cursor.rowcount or 0, 0)

    def _cursor(self, text: str, values: Sequence[Any]) -> Any:
        if self._open:
            self.write_records(text)
            self._step(text)
        # Of a transaction, all is repeated or nothing.
        if self._begun:
            return self._executed(text, values)
        return self.repeated(lambda: self._executed(text, values))

    def _executed(self, text: str, values: Sequence[Any]) -> Any:
        cursor = self.connection.cursor()
        try:
            cursor.execute(text, [_plain(value) for value in values] or None)
        except BaseException:
            cursor.close()
            raise
        self.note(text)
        return cursor

    def _step(self, text: str) -> None:
        """Begin or end the transaction that a statement needs, or would end by itself.

        Queries see what is committed, inside of a transaction or not, so that it begins with what writes first. DDL
        commits it; what is written afterwards is another one.
        """
        told = text.lstrip()
        if told.startswith(("INSERT ", "UPDATE ", "DELETE ")) and not self._begun:
            self._say("BEGIN TRANSACTION")
            self._begun = True
            # What others changed until now is to be seen from here on.
            self.catalogue.forget()
        elif told.startswith(DDL) and self._begun:
            self._end("COMMIT")

    def _say(self, text: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(text)

    def _end(self, text: str) -> None:
        """End the transaction, if it has begun."""
        if self._begun:
            self._say(text)
            self._begun = False

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
        self.write_records()
        self._end("COMMIT")
        self._open = False

    def rollback(self) -> None:
        self._open = False
        self.forget_records()
        self._end("ROLLBACK")


def _plain(value: Any) -> Any:
    """Give a text as what the connector knows: names that SQLAlchemy found are texts of a class of their own."""
    return str(value) if isinstance(value, str) else value

"""A session on any database that SQLAlchemy speaks to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from calcom_provider.warehouse.backend import Backend, Params, Session
from calcom_provider.warehouse.errors import WarehouseError

if TYPE_CHECKING:
    import sqlalchemy as sa

_QUOTED = re.compile(r'"[^"]*"|`[^`]*`')


class SqlSession(Session):
    """Hold a SQLAlchemy connection in autocommit; transactions are begun by statement."""

    def __init__(self, backend: Backend, connection: sa.Connection, begin: str) -> None:
        self.backend = backend
        self.connection = connection.execution_options(isolation_level="AUTOCOMMIT", no_parameters=True)
        self._begin = begin
        self._open = False

    @property
    def driver(self) -> Any:
        """Give the driver's own connection."""
        fairy = self.connection.connection
        # A detached connection has no pool record, which is what knows the driver's connection.
        return fairy.driver_connection or fairy.dbapi_connection

    def _run(self, sql: str, params: Params | Sequence[Params] | None) -> sa.CursorResult[Any]:
        if not params:
            return self.connection.exec_driver_sql(sql)
        return self.connection.execute(self.text(sql), params)

    @staticmethod
    def text(sql: str) -> sa.TextClause:
        """Make a statement with parameters; a colon inside an identifier is none."""
        import sqlalchemy as sa

        return sa.text(_QUOTED.sub(lambda m: m[0].replace(":", r"\:"), sql))

    def execute(self, sql: str, params: Params | None = None) -> int:
        result = self._run(sql, params)
        count = max(result.rowcount, 0)
        result.close()
        return count

    def fetch(self, sql: str, params: Params | None = None) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._run(sql, params).fetchall()]

    def insert(self, sql: str, rows: Sequence[Params]) -> None:
        if rows:
            self._run(sql, list(rows)).close()

    def begin(self) -> None:
        if self._open:
            raise WarehouseError("a transaction is open already")
        self.execute(self._begin)
        self._open = True

    def commit(self) -> None:
        self.execute("COMMIT")
        self._open = False

    def rollback(self) -> None:
        if self._open:
            self._open = False
            self.execute("ROLLBACK")

    def close(self) -> None:
        self.connection.close()

"""A session on any database that SQLAlchemy speaks to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from calcom_provider.warehouse.backends.base import Backend, Params, Session
from calcom_provider.warehouse.errors import WarehouseError

if TYPE_CHECKING:
    import sqlalchemy as sa

_IN_URI = re.compile(r"[\w.$-]+", re.ASCII)
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
            if self._is_left():
                self.execute("ROLLBACK")

    def _is_left(self) -> bool:
        """Tell whether there is a transaction to roll back; trying it on none would hide how it ended."""
        # A connection that was cut has none.
        return not self.connection.invalidated

    def close(self) -> None:
        self.connection.close()


def asset_base(scheme: str, url: sa.URL, port: int | None, names: Sequence[str | None]) -> str | None:
    """Return what the URIs of a schema's tables begin with, in the form that the database's Airflow provider demands.

    Nothing of the credentials is in it. None where a URI would have to be spelt in some way of our own: a socket
    instead of a host, names with other characters than letters, digits and ``_ . $ -``.

    :param scheme: scheme of the URIs.
    :param url: where the database is.
    :param port: port that stands for none, None where URIs have none.
    :param names: names of the levels above a table.
    """
    host = url.host or ""
    if not _IN_URI.fullmatch(host.replace(":", "")) or not all(
        _IN_URI.fullmatch(name or "") for name in names
    ):
        return None
    if ":" in host:
        host = f"[{host}]"
    where = host if port is None else f"{host}:{url.port or port}"
    return "/".join((f"{scheme}://{where}", *map(str, names), ""))


class SqlBackend(Backend):
    """Use a database through an engine of SQLAlchemy.

    :param engine: engine.
    :param schema: Schema of the tables; None for the connection's default.
    :param own: whether to dispose of the engine in the end.
    """

    def __init__(self, engine: sa.Engine, schema: str | None, *, own: bool = False) -> None:
        import sqlalchemy as sa

        self.schema = schema
        self._engine = engine
        self._own = own
        # One in memory has a single connection, or one a thread.
        self.many_connections = not isinstance(engine.pool, sa.StaticPool | sa.SingletonThreadPool)

    @classmethod
    def open(cls, target: sa.Engine | sa.URL | str, schema: str | None) -> SqlBackend:
        import sqlalchemy as sa

        if isinstance(target, sa.Engine):
            return cls(target, schema)
        # People's data must not get into the messages of errors. A connection that lay idle may have been dropped.
        return cls(sa.create_engine(target, hide_parameters=True), schema, own=True)

    @staticmethod
    def identity(connection: sa.Connection) -> tuple[str, ...] | None:
        """Ask a database what tells it from all others, by whatever address it is reached; None where nothing does.

        :param connection: connection of SQLAlchemy.
        """
        return None

    def close(self) -> None:
        if self._own:
            self._engine.dispose()

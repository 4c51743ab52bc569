"""The warehouse: a database and the set of tables in it that one prefix and schema name."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from calcom_provider.warehouse.accounts import Accounts
from calcom_provider.warehouse.backend import Backend
from calcom_provider.warehouse.errors import LoadInProgressError
from calcom_provider.warehouse.load import Load
from calcom_provider.warehouse.migrations import STATE, migrate
from calcom_provider.warehouse.run import ResourceState, RunInfo, Scope

if TYPE_CHECKING:
    import sqlalchemy as sa


class Warehouse:
    """Open a database as a warehouse.

    :param target: SQLAlchemy engine or URL; ``duckdb:///path`` opens a DuckDB file through its own driver.
    :param schema: Schema of the tables, made when it is missing; the connection's default when empty.
    :param prefix: What every table name begins with, ``calcom_`` by default.
    :param generic: Use the portable path even where the database has one of its own.
    :raises UnsupportedTargetError: when a driver is missing, or the database is too old.
    """

    def __init__(
        self,
        target: sa.Engine | sa.URL | str,
        *,
        schema: str | None = None,
        prefix: str = "calcom_",
        generic: bool = False,
    ) -> None:
        self.schema = schema or None
        self.prefix = prefix
        self._own: Any = None
        self.backend = self._choose(target, generic)

    def load(self, run: RunInfo, *, wait: float = 0.0) -> Load:
        """Open a load.

        :param run: The run that the load belongs to.
        :param wait: Seconds to wait for another run on the same tables; 0 refuses at once.
        :raises LoadInProgressError: when another run holds the tables.
        :raises SchemaVersionError: when a newer release made the tables.
        """
        session = self.backend.connect()
        try:
            self.backend.prepare(session)
            self._lock(session, run, wait)
            try:
                migrate(session, self.prefix, self.backend.reflect(session, self.prefix), run.version)
                return Load(self.backend, session, self.prefix, run)
            except BaseException:
                session.rollback()
                self.backend.unlock(session, self.prefix, run.run_id)
                raise
        except BaseException:
            session.close()
            raise

    def states(self, scope: Scope) -> dict[str, ResourceState]:
        """Read what is known about each resource in a scope; empty before the first run.

        :param scope: Column values that the rows share.
        """
        session = self.backend.connect()
        try:
            if self.prefix + STATE not in self.backend.reflect(session, self.prefix):
                return {}
            stored = Accounts(session, self.prefix).states(scope)
            return {resource: found.state for resource, found in stored.items()}
        finally:
            session.close()

    def close(self) -> None:
        """Close the connections that the warehouse itself opened."""
        self.backend.close()
        if self._own is not None:
            self._own.dispose()

    def _lock(self, session: Any, run: RunInfo, wait: float) -> None:
        until = time.monotonic() + wait
        while holder := self.backend.lock(session, self.prefix, run.run_id):
            if time.monotonic() >= until:
                raise LoadInProgressError(
                    f"The tables {self.prefix}* are being loaded by {holder}; wait for it to end, or name"
                    " another prefix or schema"
                )
            time.sleep(min(1.0, max(until - time.monotonic(), 0.05)))

    def _choose(self, target: Any, generic: bool) -> Backend:
        if isinstance(target, str) and target.startswith("duckdb:"):
            from calcom_provider.warehouse.duckdb import DuckBackend

            return DuckBackend(target, self.schema)
        import sqlalchemy as sa

        if not isinstance(target, sa.Engine):
            target = self._own = sa.create_engine(target, hide_parameters=True)
        name = "" if generic else target.dialect.name
        if name == "postgresql":
            from calcom_provider.warehouse.postgresql import PostgresBackend

            return PostgresBackend(target, self.schema)
        if name == "sqlite":
            from calcom_provider.warehouse.sqlite import SqliteBackend

            return SqliteBackend(target, self.schema)
        if name in ("mysql", "mariadb"):
            from calcom_provider.warehouse.mysql import MysqlBackend

            return MysqlBackend(target, self.schema)
        from calcom_provider.warehouse.generic import GenericBackend

        return GenericBackend(target, self.schema)

"""Keep the governor's state in PostgreSQL, for workers on several machines that share no Redis."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import orjson

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.api.rate_limit.state.base import StateUnavailableError, Transaction

TABLE = "calcom_rate_limit"
_CREATE = (
    f"create table if not exists {TABLE} (key text primary key, data jsonb, changed_at timestamptz not null)"
)
_ENSURE = f"insert into {TABLE} (key, changed_at) values (%s, now()) on conflict do nothing"
_LOCK = f"select data, extract(epoch from clock_timestamp())::float8 from {TABLE} where key = %s for update"
_SAVE = f"update {TABLE} set data = %s::jsonb, changed_at = now() where key = %s"
_FORGET = f"delete from {TABLE} where changed_at < now() - interval '7 days'"
_NO_DATABASE = re.compile(r"database .+ does not exist")


class PostgresStateStore:
    """Keep each record in a row that is locked while it is changed.

    Moments are on the server's clock, so the workers' clocks need not agree. The table is made when missing.

    :param url: address of the database, ``postgresql://``; what SQLAlchemy adds after a ``+`` is ignored.
    :param timeout: seconds to wait for a row before the store counts as unusable; default 20.
    :raises ConfigurationError: if the ``psycopg`` package is not installed.
    """

    def __init__(self, url: str, *, timeout: float = 20.0) -> None:
        try:
            import psycopg
        except ImportError:
            raise ConfigurationError(
                "Keeping the request budget in PostgreSQL needs the package psycopg.",
                advice="Install airflow-provider-calcom[postgres].",
            ) from None
        scheme, _, rest = url.partition("://")
        self._url = f"{scheme.partition('+')[0]}://{rest}"
        self._psycopg = psycopg
        self._timeout = timeout
        self._connection: Any = None
        self._ready: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def transaction(self, key: str) -> Iterator[Transaction]:
        """Hold a record; see :class:`~calcom_provider.api.rate_limit.state.base.StateStore`."""
        with self._lock:
            try:
                connection = self._connected(key)
                data, now = connection.execute(_LOCK, (key,)).fetchone() or (None, None)
                if now is None:
                    raise StateUnavailableError("PostgreSQL: the record vanished")
            except self._psycopg.Error as error:
                self._drop()
                raise StateUnavailableError(f"PostgreSQL: {_reason(error)}") from error
            held = Transaction(now, data if isinstance(data, dict) else None)
            try:
                yield held
            except BaseException:
                with suppress(self._psycopg.Error):
                    connection.rollback()
                raise
            try:
                if held.saved is not None:
                    connection.execute(_SAVE, (orjson.dumps(held.saved).decode(), key))
                connection.commit()
            except self._psycopg.Error as error:
                self._drop()
                raise StateUnavailableError(f"PostgreSQL: {_reason(error)}") from error

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._drop()

    def __str__(self) -> str:
        return f"PostgreSQL, table {TABLE}"

    def _connected(self, key: str) -> Any:
        if self._connection is None or self._connection.closed:
            self._connection = self._psycopg.connect(self._url, connect_timeout=10)
            self._connection.execute(f"set lock_timeout = {int(self._timeout * 1000)}")
            # Processes that create the table at once would collide in the catalogue.
            self._connection.execute("select pg_advisory_xact_lock(hashtext(%s))", (TABLE,))
            self._connection.execute(_CREATE)
            self._connection.commit()
            self._connection.execute(_FORGET)
            self._connection.commit()
            self._ready = set()
        if key not in self._ready:
            self._connection.execute(_ENSURE, (key,))
            self._connection.commit()
            self._ready.add(key)
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(self._psycopg.Error):
                self._connection.close()
        self._connection = None


def _reason(error: Exception) -> str:
    """Say what is wrong without the driver's words, which name hosts and users."""
    # A connection that is refused carries no code of an error, only its text
    if _NO_DATABASE.search(str(error)):
        return "the server has no database of this name"
    return type(error).__name__

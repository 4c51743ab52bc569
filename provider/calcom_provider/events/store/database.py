"""Open the database of the receiver, and run short transactions on it from any thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.events.errors import EventStoreError
from calcom_provider.events.store.tables import METADATA

T = TypeVar("T")
#: How often a transaction is tried that the database broke off for a reason that passes.
TRIES = 5
#: What Airflow's database holds, and no other: by it a worker knows it, too, which is not told where it is.
AIRFLOW_TABLES = frozenset({"alembic_version", "dag_run", "task_instance"})
ANOTHER = "Name another database for events: Airflow's is cleaned, upgraded and restored on its own."
PAUSE = 0.05


class Database:
    """Hold an engine with the receiver's tables.

    :param target: engine or URL of a database that several processes may write to at once.
    :param schema: schema of the tables, the connection's own by default.
    :param check: looks at the database before anything is written, and raises where it must not be.
    :param own: whether to dispose of an engine in the end; one that is made of a URL always is.
    :raises EventStoreError: when it cannot be used.
    """

    def __init__(
        self,
        target: sa.Engine | sa.URL | str,
        schema: str | None = None,
        *,
        check: Callable[[sa.Connection], None] | None = None,
        own: bool = False,
    ) -> None:
        self._check = check
        try:
            self._own = own or not isinstance(target, sa.Engine)
            engine = target if isinstance(target, sa.Engine) else _engine(target)
        except (sa.exc.ArgumentError, ImportError):
            # The address may hold a password.
            raise EventStoreError(
                "Events cannot be kept in this database.",
                advice="Name one that SQLAlchemy reaches and that several processes may write to at once.",
            ) from None
        self._root = engine
        self.engine = engine.execution_options(schema_translate_map={None: schema}) if schema else engine
        self._schema = schema
        self._prepared = False

    def run(self, work: Callable[[sa.Connection], T]) -> T:
        """Run a transaction; it is tried anew where the database broke it off.

        :param work: what to do; it may be called several times.
        :raises EventStoreError: when the database cannot be reached or refuses.
        :raises ConfigurationError: when it is Airflow's own.
        """
        for attempt in range(TRIES):
            try:
                self._prepare()
                with self.engine.begin() as connection:
                    return work(connection)
            except sa.exc.IntegrityError:
                raise
            except (sa.exc.OperationalError, sa.exc.DBAPIError) as error:
                if attempt == TRIES - 1:
                    raise EventStoreError(
                        f"The store of events failed ({type(error.orig).__name__})."
                    ) from None
                # A lock that was waited for in vain, or a connection that lay idle and was dropped.
                time.sleep(PAUSE * 2**attempt)
        raise AssertionError("unreachable")

    def prepare(self) -> None:
        """Look whether the database may be used, and make the tables.

        :raises EventStoreError: when it cannot be reached or refuses.
        :raises ConfigurationError: when it is Airflow's own.
        """
        self.run(lambda connection: None)

    def close(self) -> None:
        """Close the connections that were opened here."""
        if self._own:
            self._root.dispose()

    def _prepare(self) -> None:
        if self._prepared:
            return
        with self.engine.connect() as connection:
            if set(sa.inspect(connection).get_table_names()) >= AIRFLOW_TABLES:
                raise ConfigurationError("The store of events is Airflow's own database.", advice=ANOTHER)
            if self._check is not None:
                self._check(connection)
        for attempt in range(TRIES):
            try:
                METADATA.create_all(self.engine)
                break
            except sa.exc.DBAPIError:
                # Another process makes them at this moment.
                if attempt == TRIES - 1:
                    raise
                time.sleep(PAUSE * 2**attempt)
        self._prepared = True


def _engine(target: sa.URL | str) -> sa.Engine:
    return sa.create_engine(target, hide_parameters=True, pool_pre_ping=True)

"""Give a lakehouse to whoever asks in SQL: a DuckDB database in memory with its tables and views."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from calcom_provider.warehouse.backends.lakehouse.backend import LakeBackend
from calcom_provider.warehouse.backends.lakehouse.consistency import await_consistency
from calcom_provider.warehouse.backends.lakehouse.session import LakeSession
from calcom_provider.warehouse.backends.lakehouse.views import names_in
from calcom_provider.warehouse.backends.lakehouse.working_copy import quote
from calcom_provider.warehouse.errors import LoadInProgressError, WarehouseUsageError

if TYPE_CHECKING:
    import duckdb

    from calcom_provider.warehouse.backends.lakehouse.formats import LakeTarget


def lakehouse_connection(
    target: LakeTarget | str,
    *,
    schema: str | None = None,
    prefix: str = "calcom_",
    tables: Collection[str] | None = None,
    wait: float = 60.0,
    unfinished: bool = False,
) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB database in memory that holds the tables and views of a lakehouse as they stand now.

    What is written later is not seen, and nothing that is done there reaches the lakehouse. Times are in UTC without
    saying so, as in a DuckDB warehouse.

    :param target: such as ``delta+file:///folder``, or what an Airflow connection names.
    :param schema: folder under that of the lakehouse, or namespace of the catalog.
    :param prefix: what the names of the tables begin with.
    :param tables: full names of tables to read, default all; views are there whose tables are.
    :param wait: seconds to wait for a sync that publishes.
    :param unfinished: read also what a run left that ended while it published.
    :returns: the connection, to be closed by the caller.
    :raises LoadInProgressError: when a sync publishes for longer than ``wait``, or ended while it did.
    :raises UnsupportedTargetError: when a package is missing or the target is no lakehouse.
    :raises WarehouseUsageError: when there is no table of a name.
    """
    import duckdb

    backend = LakeBackend.open(target, schema)
    try:
        session = backend.connect()
        try:
            left = await_consistency(session, prefix, wait)
            if left and not unfinished:
                raise LoadInProgressError(_told(left))
            held = set(session.reflect(prefix))
            if missing := sorted(set(tables or ()) - held):
                raise WarehouseUsageError(f"The lakehouse has no table {', '.join(missing)}")
            wanted = held if tables is None else held & set(tables)
            connection = duckdb.connect(":memory:")
            for name in sorted(wanted):
                connection.register(name, session.rows_of(name))
            for name, text in _readable(session, wanted).items():
                connection.execute(f"CREATE TEMP VIEW {quote(name)} AS {text}")
            return connection
        finally:
            session.close()
    finally:
        backend.close()


def _told(left: Mapping[str, Collection[str]]) -> str:
    runs = "; ".join(f"run {run} in {', '.join(tables)}" for run, tables in sorted(left.items()))
    return (
        f"A run ended while it published, so tables do not belong together ({runs}): the next sync makes it good, or"
        " read them with unfinished=True"
    )


def _readable(session: LakeSession, tables: Collection[str]) -> Mapping[str, str]:
    """Give the views all of whose tables are there, each after those that it needs."""
    texts, names = session.views.texts(), set(session.all_names())
    behind = session.views.behind(set(texts))
    return {
        name: text
        for name, text in behind.items()
        if all((names_in(one) & names) <= set(tables) for one in session.views.behind({name}).values())
    }

"""Find the database that an Airflow SQL connection names, as the warehouse engine wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, BaseHook
from sqlalchemy import URL, create_engine

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.hooks import bigquery, snowflake
from calcom_provider.hooks.lakehouse import lake_target, place_of

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection
    from sqlalchemy import Engine

UNICODE = {"charset": "utf8mb4"}
DRIVERS: dict[str, tuple[str, dict[str, str]]] = {
    "mysql": ("mysql+pymysql", UNICODE),
    "mariadb": ("mysql+pymysql", UNICODE),
    "postgres": ("postgresql+psycopg", {}),
    "postgresql": ("postgresql+psycopg", {}),
}
"""Connection types that work without their Airflow provider: a driver of this package's extras, and its URL's query."""


def warehouse_target(sql_conn_id: str) -> Any:
    """Return what to give to ``Warehouse``: an engine, the URL of a database without one, or what names another place.

    Any connection type works whose Airflow hook is a ``DbApiHook``. SQLite, DuckDB (type ``duckdb``, the
    file's path as host), MySQL and PostgreSQL need no provider of theirs. The extra ``lakehouse`` of a connection of
    any type names tables in an open format.

    :param sql_conn_id: id of the Airflow connection.
    :raises ConfigurationError: if the connection's type is none that can be reached through SQLAlchemy.
    """
    return target_of(BaseHook.get_connection(sql_conn_id))


def target_of(connection: Connection) -> Any:
    """Return what to give to ``Warehouse`` for a connection that was looked up already.

    :param connection: the connection.
    :raises ConfigurationError: as for :func:`warehouse_target`.
    """
    lake = lake_target(connection)
    if lake is not None:
        return lake
    conn_type = (connection.conn_type or "").lower()
    if conn_type == "duckdb":
        return f"duckdb:///{_file(connection)}"
    if conn_type == "sqlite":
        # The SQLite hook makes its URL by replacing text in a URI, which breaks paths with reserved
        # characters.
        return create_engine(URL.create("sqlite", database=_file(connection)), hide_parameters=True)
    if conn_type == "snowflake":
        return snowflake.snowflake_target(connection)
    if conn_type in bigquery.TYPES:
        return bigquery.bigquery_target(connection)
    engine = _engine_of_hook(connection)
    if engine is not None:
        return engine
    if conn_type in DRIVERS:
        return create_engine(
            _url(connection, *DRIVERS[conn_type]),
            connect_args=_driver_options(connection),
            hide_parameters=True,
        )
    raise ConfigurationError(
        f"Connection {connection.conn_id!r} has type {connection.conn_type!r}, which cannot be a warehouse here.",
        advice="Use a connection of an SQL database and install its Airflow provider, or sqlite, duckdb, "
        "mysql or postgres.",
    )


def describe_target(sql_conn_id: str) -> str:
    """Return where a connection leads: type, host, port and database, nothing secret.

    :param sql_conn_id: id of the Airflow connection.
    """
    connection = BaseHook.get_connection(sql_conn_id)
    lake = lake_target(connection)
    if lake is not None:
        return place_of(lake)
    if connection.conn_type == "snowflake":
        return snowflake.place_of(connection)
    if connection.conn_type in bigquery.TYPES:
        return bigquery.place_of(connection)
    place = connection.host or "localhost"
    port = f":{connection.port}" if connection.port else ""
    database = f"/{connection.schema}" if connection.schema else ""
    return f"{connection.conn_type}://{place.lstrip('/')}{port}{database}"


def _file(connection: Connection) -> str:
    path = connection.host or connection.schema
    if not path:
        raise ConfigurationError(
            f"Connection {connection.conn_id!r} names no database file.",
            advice="Put the file's absolute path into the field Host.",
        )
    return str(path)


def _engine_of_hook(connection: Connection) -> Engine | None:
    from airflow.providers.common.sql.hooks.sql import DbApiHook

    try:
        hook = connection.get_hook()
    except (AirflowException, ImportError):
        return None
    if not isinstance(hook, DbApiHook):
        return None
    # get_conn() of the PostgreSQL hook passes the connection's extras (sslmode, ...) on; its engine would
    # not.
    ignored = getattr(hook, "ignored_extra_options", None)
    options = {} if ignored is None else _options(connection, ignored)
    try:
        # People's data must not get into the messages of database errors.
        kept: dict[str, Any] = {"hide_parameters": True}
        return hook.get_sqlalchemy_engine(kept | ({"connect_args": options} if options else {}))
    except (ImportError, NotImplementedError):
        return None


def _options(connection: Connection, without: set[str]) -> dict[str, Any]:
    return {key: value for key, value in connection.extra_dejson.items() if key not in without}


def _driver_options(connection: Connection) -> dict[str, Any]:
    return _options(connection, {"sqlalchemy_query", "sqlalchemy_scheme", "cursor", "client"})


def _url(connection: Connection, driver: str, query: dict[str, str]) -> URL:
    return URL.create(
        driver,
        username=connection.login or None,
        password=connection.password or None,
        host=connection.host or None,
        port=connection.port or None,
        database=connection.schema or None,
        query=query,
    )

"""Find the database that an Airflow SQL connection names, as the warehouse engine wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, BaseHook
from sqlalchemy import URL, create_engine

from calcom_provider.api.errors import ConfigurationError

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection
    from sqlalchemy import Engine

DRIVERS = {
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
}
"""Connection types that work without their Airflow provider, by a driver of this package's extras."""


def warehouse_target(sql_conn_id: str) -> Engine | str:
    """Return what to give to ``Warehouse``: an engine, or the URL of a database without one.

    Any connection type works whose Airflow hook is a ``DbApiHook``. SQLite, DuckDB (type ``duckdb``, the
    file's path as host), MySQL and PostgreSQL need no provider of theirs.

    :param sql_conn_id: id of the Airflow connection.
    :raises ConfigurationError: if the connection's type is none that can be reached through SQLAlchemy.
    """
    connection = BaseHook.get_connection(sql_conn_id)
    conn_type = (connection.conn_type or "").lower()
    if conn_type == "duckdb":
        return f"duckdb:///{_file(connection)}"
    if conn_type == "sqlite":
        # The SQLite hook makes its URL by replacing text in a URI, which breaks paths with reserved
        # characters.
        return create_engine(URL.create("sqlite", database=_file(connection)), hide_parameters=True)
    engine = _engine_of_hook(connection)
    if engine is not None:
        return engine
    if conn_type in DRIVERS:
        return create_engine(
            _url(connection, DRIVERS[conn_type]),
            connect_args=_driver_options(connection),
            hide_parameters=True,
        )
    raise ConfigurationError(
        f"Connection {sql_conn_id!r} has type {connection.conn_type!r}, which cannot be a warehouse here.",
        advice="Use a connection of an SQL database and install its Airflow provider, or sqlite, duckdb, "
        "mysql or postgres.",
    )


def describe_target(sql_conn_id: str) -> str:
    """Return where a connection leads: type, host, port and database, nothing secret.

    :param sql_conn_id: id of the Airflow connection.
    """
    connection = BaseHook.get_connection(sql_conn_id)
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


def _url(connection: Connection, driver: str) -> URL:
    query = {"charset": "utf8mb4"} if driver.startswith("mysql") else {}
    return URL.create(
        driver,
        username=connection.login or None,
        password=connection.password or None,
        host=connection.host or None,
        port=connection.port or None,
        database=connection.schema or None,
        query=query,
    )

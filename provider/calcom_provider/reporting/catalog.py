"""Look up and change views in a database: what each calls its catalogue, and how it replaces a view."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from calcom_provider.api.errors import CalComError, ConfigurationError
from calcom_provider.warehouse.backend import Backend, Session
from calcom_provider.warehouse.errors import WarehouseError

SUPPORTED = ("sqlite", "postgresql", "mysql", "duckdb")
_HERE = {"postgresql": "current_schema()", "mysql": "DATABASE()", "duckdb": "'main'"}
#: Which relation has a name; the views of ``information_schema`` of PostgreSQL leave out what a role may not read,
#: and materialised views. Names differ by more than case only where the database says so.
_RELATION = {
    "sqlite": "SELECT type FROM main.sqlite_master WHERE type <> 'trigger' AND lower(name) = lower(:name)",
    "postgresql": (
        "SELECT CASE c.relkind WHEN 'v' THEN 'view' ELSE 'table' END FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = :name AND n.nspname = {schema}"
    ),
    "mysql": "SELECT table_type FROM information_schema.tables"
    " WHERE table_name = :name AND table_schema = {schema}",
    "duckdb": (
        "SELECT table_type FROM information_schema.tables WHERE lower(table_name) = lower(:name)"
        " AND table_schema = {schema} AND table_catalog = current_database()"
    ),
}
_COLUMNS = {
    "sqlite": "SELECT name, type FROM pragma_table_info(:name, 'main') ORDER BY cid",
    "postgresql": (
        "SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a"
        " JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relname = :name AND n.nspname = {schema} AND a.attnum > 0 AND NOT a.attisdropped"
        " ORDER BY a.attnum"
    ),
    "mysql": "SELECT column_name, column_type FROM information_schema.columns"
    " WHERE table_name = :name AND table_schema = {schema} ORDER BY ordinal_position",
    "duckdb": (
        "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = :name"
        " AND schema_name = {schema} AND database_name = current_database() ORDER BY column_index"
    ),
}
_SCHEMA = {
    "postgresql": "SELECT 1 FROM pg_namespace WHERE nspname = {schema}",
    "mysql": "SELECT 1 FROM information_schema.schemata WHERE schema_name = {schema}",
    "duckdb": (
        "SELECT 1 FROM information_schema.schemata"
        " WHERE schema_name = {schema} AND catalog_name = current_database()"
    ),
}


def check_supported(backend: Backend) -> None:
    """Refuse a database for which no spelling of the views is known.

    :raises ConfigurationError: when there is none.
    """
    name = backend.capabilities.name
    if name not in SUPPORTED:
        raise ConfigurationError(
            f"Reporting views are made for SQLite, DuckDB, PostgreSQL and MySQL or MariaDB, not for {name} databases"
        )


def check_schema(session: Session) -> None:
    """Refuse a schema that is not there: nothing was synced into it.

    :raises ConfigurationError: when there is none of that name.
    """
    backend = session.backend
    asked = _SCHEMA.get(backend.capabilities.name)
    if backend.schema and asked and not _fetch(session, asked):
        raise ConfigurationError(
            f"There is no schema {backend.schema}: sync into it first, or name another one"
        )


def relation(session: Session, name: str) -> Literal["view", "table"] | None:
    """Tell what has a name in the schema of the warehouse; None when nothing has.

    :param name: Full name.
    """
    rows = _fetch(session, _RELATION[session.backend.capabilities.name], name=name)
    if not rows:
        return None
    return "view" if str(rows[0][0]).casefold() == "view" else "table"


def columns(session: Session, name: str) -> list[str]:
    """Give the columns of a view or a table in order.

    :param name: Full name; it must be there.
    """
    return list(typed_columns(session, name))


def typed_columns(session: Session, name: str) -> dict[str, str]:
    """Give the columns of a view or a table in order, each with its type as the database names it.

    :param name: Full name; it must be there.
    """
    rows = _fetch(session, _COLUMNS[session.backend.capabilities.name], name=name)
    return {str(column): str(kind) for column, kind in rows}


def readable(session: Session, name: str) -> bool:
    """Tell whether a view can be read; one whose tables or columns are gone cannot.

    :param name: Full name.
    """
    try:
        session.fetch(f"SELECT * FROM {session.backend.qualify(name)} LIMIT 0")
    except Exception:
        return False
    return True


def analyze(session: Session, prefix: str) -> None:
    """Let PostgreSQL look at the tables that it has never looked at; the others do so by themselves.

    It plans queries over a table that was just loaded as if it were nearly empty until its own daemon comes by.
    A role that does not own a table leaves it as it is.

    :param prefix: What the names of the tables begin with.
    """
    if session.backend.capabilities.name != "postgresql":
        return
    query = (
        "SELECT s.relname FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid"
        " WHERE s.schemaname = {schema} AND starts_with(s.relname, :prefix)"
        " AND s.last_analyze IS NULL AND s.last_autoanalyze IS NULL"
        " AND pg_has_role(c.relowner, 'USAGE') ORDER BY s.relname"
    )
    for (name,) in _fetch(session, query, prefix=prefix):
        session.execute(f"ANALYZE {session.backend.qualify(name)}")


def put_view(session: Session, name: str, text: str) -> bool:
    """Make a view, in place of one of the same name; the caller holds the transaction.

    PostgreSQL keeps the grants of a view whose columns stay, or only get more at the end.

    :param name: Full name.
    :param text: The view's select.
    :returns: Whether grants of the view that was there are gone.
    """
    backend = session.backend
    target, kind = backend.qualify(name), backend.capabilities.name
    if kind == "sqlite":
        session.execute(f"DROP VIEW IF EXISTS {target}")
        session.execute(f"CREATE VIEW {target} AS {text}")
    elif kind == "postgresql":
        return _put_postgresql(session, target, text)
    else:
        session.execute(f"CREATE OR REPLACE VIEW {target} AS {text}")
    return False


def drop_view(session: Session, name: str) -> None:
    """Remove a view if it is there."""
    session.execute(f"DROP VIEW IF EXISTS {session.backend.qualify(name)}")


def drop_table(session: Session, name: str) -> None:
    """Remove a table if it is there."""
    session.execute(f"DROP TABLE IF EXISTS {session.backend.qualify(name)}")


def rename_table(session: Session, name: str, to: str) -> None:
    """Give a table another name, outside of a transaction.

    :param name: Full name.
    :param to: Full name, which nothing has.
    """
    backend = session.backend
    kind = backend.capabilities.name
    if kind == "sqlite":
        # Otherwise a broken view anywhere in the file would make it fail.
        session.execute("PRAGMA legacy_alter_table = ON")
    # Without its database, MySQL would move the table into the connection's own.
    target = backend.qualify(to) if kind == "mysql" else backend.quote(to)
    session.execute(f"ALTER TABLE {backend.qualify(name)} RENAME TO {target}")
    if kind == "sqlite":
        session.execute("PRAGMA legacy_alter_table = OFF")


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn an error of the database's driver into one that says what could not be done, and why.

    Only for statements whose messages cannot quote a row.

    :param what: such as ``The view x cannot be made``
    :raises WarehouseError: with the first line of the driver's message
    """
    try:
        yield
    except (CalComError, WarehouseError):
        raise
    except Exception as error:
        told: Any = getattr(error, "orig", None) or error
        line = (str(told).strip().splitlines() or [""])[0]
        raise WarehouseError(f"{what}: {line} ({type(told).__name__})") from error


def _put_postgresql(session: Session, target: str, text: str) -> bool:
    session.execute("SAVEPOINT calcom_view")
    recreated = False
    try:
        session.execute(f"CREATE OR REPLACE VIEW {target} AS {text}")
    except Exception as error:
        session.execute("ROLLBACK TO SAVEPOINT calcom_view")
        if getattr(getattr(error, "orig", error), "sqlstate", None) != "42P16":  # other columns than before
            raise
        session.execute(f"DROP VIEW {target}")
        session.execute(f"CREATE VIEW {target} AS {text}")
        recreated = True
    session.execute("RELEASE SAVEPOINT calcom_view")
    return recreated


def _fetch(session: Session, query: str, **params: str) -> list[tuple[Any, ...]]:
    backend = session.backend
    if "{schema}" in query and backend.schema:
        params["schema"] = backend.schema
    here = ":schema" if backend.schema else _HERE.get(backend.capabilities.name, "")
    return session.fetch(query.format(schema=here), params)

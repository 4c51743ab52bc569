"""Look up and change views in a database: what each calls its catalogue, and how it replaces a view."""

from __future__ import annotations

from typing import Literal

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.warehouse.backend import Session

SUPPORTED = ("sqlite", "postgresql", "mysql", "mariadb", "duckdb")
_STANDARD = (
    "SELECT table_type FROM information_schema.tables WHERE table_name = :name AND table_schema = {schema}"
)
_HERE = {
    "postgresql": "current_schema()",
    "mysql": "DATABASE()",
    "mariadb": "DATABASE()",
    "duckdb": "current_schema()",
}


def check_supported(session: Session) -> None:
    """Refuse a database for which no spelling of the views is known.

    :raises ConfigurationError: when there is none.
    """
    name = session.backend.capabilities.name
    if name not in SUPPORTED:
        raise ConfigurationError(
            f"Reporting views are made for SQLite, DuckDB, PostgreSQL and MySQL or MariaDB, not for {name}"
        )


def relation(session: Session, name: str) -> Literal["view", "table"] | None:
    """Tell what has a name in the schema of the warehouse; None when nothing has.

    :param name: Full name.
    """
    backend = session.backend
    if backend.capabilities.name == "sqlite":
        kind = session.value("SELECT type FROM main.sqlite_master WHERE name = :name", {"name": name})
    else:
        here = ":schema" if backend.schema else _HERE[backend.capabilities.name]
        params = {"name": name} | ({"schema": backend.schema} if backend.schema else {})
        kind = session.value(_STANDARD.format(schema=here), params)
    if kind is None:
        return None
    return "view" if str(kind).casefold() == "view" else "table"


def columns(session: Session, name: str) -> list[str]:
    """Give the columns of a view or a table in order.

    :param name: Full name; it must be there.
    """
    backend = session.backend
    if backend.capabilities.name == "sqlite":
        query = "SELECT name FROM pragma_table_info(:name) ORDER BY cid"
        return [str(row[0]) for row in session.fetch(query, {"name": name})]
    here = ":schema" if backend.schema else _HERE[backend.capabilities.name]
    params = {"name": name} | ({"schema": backend.schema} if backend.schema else {})
    rows = session.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_name = :name"
        f" AND table_schema = {here} ORDER BY ordinal_position",
        params,
    )
    return [str(row[0]) for row in rows]


def put_view(session: Session, name: str, text: str) -> None:
    """Make a view, in place of one of the same name; the caller holds the transaction.

    PostgreSQL keeps the grants of a view whose columns stay, or only get more at the end.

    :param name: Full name.
    :param text: The view's select.
    """
    backend = session.backend
    target, kind = backend.qualify(name), backend.capabilities.name
    if kind == "sqlite":
        session.execute(f"DROP VIEW IF EXISTS {target}")
        session.execute(f"CREATE VIEW {target} AS {text}")
    elif kind == "postgresql":
        _put_postgresql(session, target, text)
    else:
        session.execute(f"CREATE OR REPLACE VIEW {target} AS {text}")


def drop_view(session: Session, name: str) -> None:
    """Remove a view if it is there."""
    session.execute(f"DROP VIEW IF EXISTS {session.backend.qualify(name)}")


def _put_postgresql(session: Session, target: str, text: str) -> None:
    session.execute("SAVEPOINT calcom_view")
    try:
        session.execute(f"CREATE OR REPLACE VIEW {target} AS {text}")
    except Exception as error:
        session.execute("ROLLBACK TO SAVEPOINT calcom_view")
        if getattr(getattr(error, "orig", error), "sqlstate", None) != "42P16":  # other columns than before
            raise
        session.execute(f"DROP VIEW {target}")
        session.execute(f"CREATE VIEW {target} AS {text}")
    session.execute("RELEASE SAVEPOINT calcom_view")

"""Look up and change views in a database; how each does so is known to its backend."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from calcom_provider.api.errors import CalComError, ConfigurationError
from calcom_provider.warehouse.backends.base import Backend, Session
from calcom_provider.warehouse.backends.registry import with_views
from calcom_provider.warehouse.backends.views import Views
from calcom_provider.warehouse.errors import WarehouseError


def views_of(backend: Backend) -> Views:
    """Give how a database spells views.

    :raises ConfigurationError: for a database that they are not made for.
    """
    if backend.views is None:
        *first, last = with_views()
        raise ConfigurationError(
            f"Reporting views are made for {', '.join(first)} and {last}, not for {backend.capabilities.name} databases"
        )
    return backend.views


def check_schema(session: Session) -> None:
    """Refuse a schema that is not there: nothing was synced into it.

    :raises ConfigurationError: when there is none of that name.
    """
    backend = session.backend
    if not views_of(backend).has_schema(session):
        raise ConfigurationError(
            f"There is no schema {backend.schema}: sync into it first, or name another one"
        )


def relation(session: Session, name: str) -> Literal["view", "table"] | None:
    """Tell what has a name in the schema of the warehouse; None when nothing has.

    :param name: full name.
    """
    return views_of(session.backend).relation(session, name)


def columns(session: Session, name: str) -> list[str]:
    """Give the columns of a view or a table in order.

    :param name: full name; it must be there.
    """
    return list(typed_columns(session, name))


def typed_columns(session: Session, name: str) -> dict[str, str]:
    """Give the columns of a view or a table in order, each with its type as the database names it.

    :param name: full name; it must be there.
    """
    return views_of(session.backend).typed_columns(session, name)


def readable(session: Session, name: str) -> bool:
    """Tell whether a view can be read; one whose tables or columns are gone cannot.

    :param name: full name.
    """
    try:
        session.fetch(f"SELECT * FROM {session.backend.qualify(name)} LIMIT 0")
    except Exception:
        return False
    return True


def analyze(session: Session, prefix: str) -> None:
    """Look at tables that were just made, where the database does not do so by itself in time.

    :param prefix: what the names of the tables begin with.
    """
    views_of(session.backend).analyze(session, prefix)


def put_view(session: Session, name: str, text: str) -> bool:
    """Make a view, in place of one of the same name; the caller holds the transaction.

    :param name: full name.
    :param text: the view's select.
    :returns: whether grants of the view that was there are gone.
    """
    return views_of(session.backend).put(session, name, text)


def rename_table(session: Session, name: str, to: str) -> None:
    """Give a table another name, outside of a transaction.

    :param name: full name.
    :param to: full name, which nothing has.
    """
    session.backend.rename_table(session, name, to)


def drop_view(session: Session, name: str) -> None:
    """Remove a view if it is there."""
    session.execute(f"DROP VIEW IF EXISTS {session.backend.qualify(name)}")


def drop_table(session: Session, name: str) -> None:
    """Remove a table if it is there."""
    session.execute(f"DROP TABLE IF EXISTS {session.backend.qualify(name)}")


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn an error of the database's driver into one that says what could not be done, and why.

    Only for statements whose messages cannot quote a row.

    :param what: such as ``The view x cannot be made``.
    :raises WarehouseError: with the first line of the driver's message.
    """
    try:
        yield
    except (CalComError, WarehouseError):
        raise
    except Exception as error:
        told: Any = getattr(error, "orig", None) or error
        line = (str(told).strip().splitlines() or [""])[0]
        raise WarehouseError(f"{what}: {line} ({type(told).__name__})") from error

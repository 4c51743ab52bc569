"""Find the backend of a database by its dialect; backends register themselves when their module is imported.

A database is one module: the modules of this package are found by looking, and other distributions name theirs as entry
points of the group ``calcom_provider.backends``, or simply import them first.
"""

from __future__ import annotations

import pkgutil
import threading
from collections.abc import Callable
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from calcom_provider.private_files import create_private
from calcom_provider.warehouse.backends.base import Backend

if TYPE_CHECKING:
    import sqlalchemy as sa

    Target = sa.Engine | sa.URL | str

B = TypeVar("B", bound=type[Backend])
ENTRY_POINTS = "calcom_provider.backends"

_registered: dict[str, type[Backend]] = {}
_looked: list[bool] = []
_looking = threading.RLock()


def register(*dialects: str) -> Callable[[B], B]:
    """Register a backend; a decorator of its class. A later one of the same dialect takes the place of an earlier one.

    :param dialects: what URLs begin with, as in ``dialect+driver://``; SQLAlchemy's names where it has any.
    """

    def add(backend: B) -> B:
        _registered.update(dict.fromkeys(dialects, backend))
        return backend

    return add


def backend_class(target: Target, *, generic: bool = False) -> type[Backend]:
    """Return the backend of a database; the generic one for a dialect that none registered for.

    :param target: SQLAlchemy engine or URL.
    :param generic: whether to take the generic one even where the dialect has its own.
    """
    name = dialect_of(target)
    if name not in _registered:
        _look()
    if generic or name not in _registered:
        from calcom_provider.warehouse.backends.generic import GenericBackend

        return GenericBackend
    return _registered[name]


def open_backend(target: Target, schema: str | None = None, *, generic: bool = False) -> Backend:
    """Open the backend of a database.

    :param target: SQLAlchemy engine or URL.
    :param schema: schema of the tables; the connection's default when None.
    :param generic: see :func:`backend_class`.
    :raises UnsupportedTargetError: when a driver is missing, or the database is too old.
    """
    return backend_class(target, generic=generic).open(target, schema)


def create_private_file(target: Target) -> None:
    """Make the file of a database for its owner alone, where the database is a file that is not there yet.

    :param target: SQLAlchemy engine or URL.
    """
    file = open_backend(target).file
    if file is not None:
        create_private(file)


def dialect_of(target: Target) -> str:
    """Return the dialect that a target names.

    :param target: SQLAlchemy engine or URL.
    """
    if isinstance(target, str):
        return target.partition(":")[0].partition("+")[0]
    return target.get_backend_name() if hasattr(target, "get_backend_name") else target.dialect.name


def identity_of(connection: sa.Connection) -> tuple[str, ...] | None:
    """Return what tells a database from all others, by whatever address it is reached; None where nothing does.

    :param connection: connection of SQLAlchemy.
    """
    from calcom_provider.warehouse.backends.sql_session import SqlBackend

    kind = backend_class(connection.engine)
    return kind.identity(connection) if issubclass(kind, SqlBackend) else None


def with_views() -> list[str]:
    """Return the names of the databases that reporting views can be made in, for a message."""
    _look()
    return sorted({backend.title for backend in _registered.values() if backend.views is not None})


def _look() -> None:
    """Import the modules of this package, and those that other distributions name."""
    # Another thread must not take what is not registered yet for a database without a backend.
    with _looking:
        if _looked:
            return
        for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
            import_module(f"{__package__}.{module.name}")
        for point in metadata.entry_points(group=ENTRY_POINTS):
            point.load()
        _looked.append(True)

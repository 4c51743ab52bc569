"""Write the small tables that the views need and that no sync fills."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from calcom_provider.warehouse.backends.base import Backend, Session
from calcom_provider.warehouse.rows import date_text
from calcom_provider.warehouse.schema import Table

Row = tuple[Any, ...]
#: Rows of one INSERT: DuckDB takes many statements slowly, and other databases limit the values of one.
ROWS_PER_STATEMENT = 400


def create(session: Session, prefix: str, table: Table) -> None:
    """Create a table unless it is there.

    MySQL ends a transaction at each CREATE, so this comes before one begins.

    :param session: session of the warehouse.
    :param prefix: what the names of the warehouse's tables begin with.
    :param table: declaration, named without the prefix.
    """
    backend, name = session.backend, prefix + table.name
    if name not in backend.reflect(session, name):
        backend.create_table(session, name, table.columns, table.key)
        backend.comment(session, name, table.comment, table.columns)


def replace_rows(session: Session, prefix: str, table: Table, rows: Sequence[Row]) -> int:
    """Put rows in place of all rows of a table; the caller holds the transaction.

    :param session: session of the warehouse.
    :param prefix: what the names of the warehouse's tables begin with.
    :param table: declaration, named without the prefix.
    :param rows: values in the order of the columns; times aware.
    :returns: number of rows written.
    """
    backend = session.backend
    target = backend.qualify(prefix + table.name)
    columns = ", ".join(map(backend.quote, table.names))
    session.execute(f"DELETE FROM {target}")
    for part in _parts(rows):
        places = ", ".join(_places(number, len(table.names)) for number in range(len(part)))
        session.execute(f"INSERT INTO {target} ({columns}) VALUES {places}", _params(backend, part))
    return len(rows)


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        yield rows[start : start + ROWS_PER_STATEMENT]


def _places(row: int, width: int) -> str:
    return "(" + ", ".join(f":v{row}_{place}" for place in range(width)) + ")"


def _params(backend: Backend, rows: Sequence[Row]) -> dict[str, Any]:
    return {
        f"v{number}_{place}": _value(backend, value)
        for number, row in enumerate(rows)
        for place, value in enumerate(row)
    }


def _value(backend: Backend, value: Any) -> Any:
    if isinstance(value, datetime):
        return backend.time(value)
    return date_text(value) if isinstance(value, date) else value

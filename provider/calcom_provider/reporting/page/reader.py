"""Read the tables and views that a page is made of, whichever are there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from calcom_provider.reporting.page.data import Row, Value
from calcom_provider.warehouse import Warehouse
from calcom_provider.warehouse.layout import DELETED_AT, IS_CURRENT

if TYPE_CHECKING:
    import sqlalchemy as sa


class Reader:
    """Open a warehouse for reading.

    :param target: SQLAlchemy engine or URL; ``duckdb:///path`` for a DuckDB file
    :param schema: schema of the tables, the connection's own by default
    :param prefix: what table names begin with
    """

    def __init__(
        self, target: sa.Engine | sa.URL | str, *, schema: str | None = None, prefix: str = "calcom_"
    ) -> None:
        self.prefix = prefix
        self._warehouse = Warehouse(target, schema=schema, prefix=prefix)
        try:
            self._session = self._warehouse.backend.connect()
            self._held = self._warehouse.backend.reflect(self._session, prefix)
        except BaseException:
            self._warehouse.close()
            raise

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()
        self._warehouse.close()

    def has(self, *names: str) -> bool:
        """Say whether all of these tables are there, named without the prefix."""
        return all(self.prefix + name in self._held for name in names)

    def table(self, name: str) -> str:
        """Return the table's name as a statement needs it.

        :param name: without the prefix
        """
        return self._warehouse.backend.qualify(self.prefix + name)

    def column(self, name: str) -> str:
        """Return a column's name as a statement needs it."""
        return self._warehouse.backend.quote(name)

    def live(self, name: str, alias: str) -> str:
        """Return the condition that a row holds now.

        :param name: table, without the prefix
        :param alias: what the statement calls it
        """
        columns = self._held[self.prefix + name]
        parts = ["1 = 1"]
        if IS_CURRENT.name in columns:
            parts.append(f"{alias}.{self.column(IS_CURRENT.name)}")
        if DELETED_AT.name in columns:
            parts.append(f"{alias}.{self.column(DELETED_AT.name)} IS NULL")
        return " AND ".join(parts)

    def rows(self, statement: str) -> tuple[Row, ...]:
        """Run a query and return plain values.

        :param statement: text without parameters; nothing in it comes from a user
        """
        return tuple(tuple(_plain(value) for value in row) for row in self._session.fetch(statement))


def days_table(days: Sequence[date]) -> str:
    """Return a derived table with a row for each day: ``day`` and ``following``, as ISO text.

    :param days: civil days, at least one
    """
    first, *others = [(day.isoformat(), date.fromordinal(day.toordinal() + 1).isoformat()) for day in days]
    lines = [f"SELECT '{first[0]}' AS day, '{first[1]}' AS following"]
    lines += [f"SELECT '{day}', '{following}'" for day, following in others]
    return " UNION ALL ".join(lines)


def _plain(value: Any) -> Value:
    if isinstance(value, Decimal):
        return float(value) if value % 1 else int(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)

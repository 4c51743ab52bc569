"""Read the views that a page is made of from their definitions, whether or not they were made in the database."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from calcom_provider.reporting.building.build import FIXED
from calcom_provider.reporting.building.catalog import views_of
from calcom_provider.reporting.fixed_tables.calendar import CALENDAR
from calcom_provider.reporting.page.data import Row, Value
from calcom_provider.reporting.source import LEDGER, Source, live
from calcom_provider.reporting.stored_names import Held, renamed_columns
from calcom_provider.reporting.views import VIEWS
from calcom_provider.warehouse import Warehouse
from calcom_provider.warehouse.bookkeeping.migrations import require_current

if TYPE_CHECKING:
    from calcom_provider.reporting.model import View

logger = logging.getLogger(__name__)

#: Seconds to wait for a sync that publishes, where tables cannot be read together meanwhile.
WAIT = 60.0

Days = tuple[date, date]
"""First and last day."""


class Reader:
    """Open a warehouse for reading.

    :param target: SQLAlchemy engine or URL; ``duckdb:///path`` for a DuckDB file.
    :param schema: schema of the tables, the connection's own by default.
    :param prefix: what table names begin with.
    """

    def __init__(
        self, target: sa.Engine | sa.URL | str, *, schema: str | None = None, prefix: str = "calcom_"
    ) -> None:
        self.prefix = prefix
        self._warehouse = Warehouse(target, schema=schema, prefix=prefix, must_exist=True)
        try:
            self._views = views_of(self._warehouse.backend)
            self._session = self._warehouse.backend.connect()
            left = self._views.await_consistency(self._session, prefix, WAIT)
            for run, tables in left.items():
                logger.warning(
                    "Run %s ended while it published: %s are newer than the rest until the next sync.",
                    run,
                    ", ".join(tables),
                )
            self._held = self._warehouse.backend.reflect(self._session, prefix)
            require_current(self._session, prefix, self._held)
            self._renamed = renamed_columns(self._session, prefix, self._held)
            self._ledger = (
                _ledger(target) if schema else self._warehouse.backend.reflect(self._session, LEDGER)
            )
        except BaseException:
            self._warehouse.close()
            raise

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()
        self._warehouse.close()

    def missing(self, name: str) -> str | None:
        """Say what to do before a view can be read; None when nothing is missing.

        :param name: name of the view.
        """
        view, fixed = _view(name), {table.name for table in FIXED}
        synced = {table: columns for table, columns in view.needs.items() if table not in fixed}
        source = self.source()
        if told := replace(view, needs=synced).missing(source):
            return sentence(told)
        if fixed.intersection(view.needs) and not all(map(source.has, fixed)):
            return "Run `calcom reports create` first: it writes the calendar that this part is counted by."
        return None

    def source(self, days: Days | list[date] | None = None) -> Source:
        """Return the tables that are there.

        :param days: first and last day of the calendar, or a list of its days; all that it has by default.
        """
        backend = self._warehouse.backend
        return _Window(
            days,
            self._held,
            renamed=self._renamed,
            views=self._views,
            prefix=self.prefix,
            schema=backend.schema if backend.names_schema else None,
            ledger=self._ledger,
        )

    def view(self, name: str, days: Days | list[date] | None = None) -> sa.Subquery:
        """Return a view to select from.

        :param name: its name; nothing must be missing for it.
        :param days: first and last day that it is worked out for, or a list of days.
        """
        return _view(name).select(self.source(days)).subquery(name)

    def short_calendar(self, days: Days) -> str | None:
        """Say that the calendar ends before some days do; None where it does not.

        :param days: first and last day.
        """
        c = self.source(days).table(CALENDAR.name, "c")
        ((last,),) = self.rows(sa.select(sa.func.max(c.c.date)))
        if last is not None and str(last) == days[1].isoformat():
            return None
        ends = f"ends on {last}" if last else "has none of these days"
        return f"The calendar {ends}: run `calcom reports create` to carry it on."

    def note(self, name: str, days: Days) -> str | None:
        """Return what a view says that its rows rest on; None for nothing.

        :param name: name of the view; nothing must be missing for it.
        :param days: first and last day to ask for.
        """
        v = self.view(name, days)
        ((note,),) = self.rows(sa.select(sa.func.max(v.c.note)))
        return sentence(str(note)) if note else None

    def names(self, table: str, ids: Collection[Value]) -> dict[Value, str]:
        """Return the names of some teams or users; none where names were not synced.

        :param table: name without the prefix.
        :param ids: whose names.
        """
        source = self.source()
        if not ids or not source.has(table, "id", "name"):
            return {}
        t = source.table(table, "t")
        named = sa.select(t.c.id, t.c.name).where(live(t), t.c.id.in_(sorted(map(int, map(str, ids)))))
        return {one: str(name) for one, name in self.rows(named) if name}

    def rows(self, statement: sa.Select[Any]) -> tuple[Row, ...]:
        """Run a query and return plain values; times are UTC, to the minute.

        :param statement: its values are written into its text.
        """
        text = self._views.sql_text(statement)
        return tuple(tuple(_plain(value) for value in row) for row in self._session.fetch(text))


class _Window(Source):
    """Show a part of the calendar alone: databases differ in whether they look at a condition on its days early."""

    def __init__(self, days: Days | list[date] | None, held: Held, **more: Any) -> None:
        super().__init__(held, **more)
        self._days = days

    def table(self, name: str, alias: str) -> sa.FromClause:
        if name != CALENDAR.name or self._days is None:
            return super().table(name, alias)
        whole = super().table(name, f"{alias}_whole")
        day = whole.c.date
        days = day.between(*self._days) if isinstance(self._days, tuple) else day.in_(self._days)
        return sa.select(*whole.c).where(days).subquery(alias)


def sentence(text: str) -> str:
    """Return what begins small as a sentence; the name of a table stays as it is.

    :param text: without a stop.
    """
    first = text.partition(" ")[0]
    return f"{text}." if "_" in first else f"{text[0].upper()}{text[1:]}."


def whole(value: Value) -> int:
    """Return a count or an id as an integer; 0 for nothing.

    :param value: what the database gave.
    """
    return int(float(str(value))) if isinstance(value, float) else int(str(value or 0))


def _view(name: str) -> View:
    return next(view for view in VIEWS if view.name == name)


def _ledger(target: sa.Engine | sa.URL | str) -> Held:
    """Find the ledger's tables, which lie in the default schema of the connection wherever the others are."""
    warehouse = Warehouse(target)
    try:
        session = warehouse.backend.connect()
        try:
            return warehouse.backend.reflect(session, LEDGER)
        finally:
            session.close()
    finally:
        warehouse.close()


def _plain(value: Any) -> Value:
    if isinstance(value, Decimal):
        return float(value) if value % 1 else int(value)
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value
        return f"{moment:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)

"""The calendar table: one row for each civil day, so that no view has to count days or ISO weeks itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from calcom_provider.reporting.fixed_tables.writing import Row, create, replace_rows
from calcom_provider.warehouse.backends.base import Session
from calcom_provider.warehouse.schema import Column, Table

CALENDAR = Table(
    "calendar",
    (
        Column("date", "date", nullable=False),
        Column("iso_year", "integer", nullable=False, comment="year that the ISO week belongs to"),
        Column("iso_week", "integer", nullable=False),
        Column("week_start", "date", nullable=False, comment="Monday of the week"),
        Column("weekday", "integer", nullable=False, comment="1 is Monday, 7 is Sunday"),
        Column("weekday_name", "text", nullable=False, comment="in English, as schedules name it"),
        Column("month_start", "date", nullable=False),
    ),
    key=("date",),
    comment="Civil days.",
)
# Not strftime: its names follow the locale of the process.
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def calendar_rows(first: date, last: date) -> list[Row]:
    """Give the rows of the calendar for a range of days.

    :param first: first day.
    :param last: last day, inclusive.
    :raises ValueError: when the range is empty.
    """
    if last < first:
        raise ValueError(f"the calendar ends ({last}) before it begins ({first})")
    return [_row(day) for day in _days(first, last)]


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _row(day: date) -> Row:
    year, week, weekday = day.isocalendar()
    monday = day - timedelta(days=weekday - 1)
    return (day, year, week, monday, weekday, WEEKDAYS[weekday - 1], day.replace(day=1))


def create_calendar(session: Session, prefix: str) -> None:
    """Create the calendar table unless it is there.

    :param session: session of the warehouse, outside of a transaction.
    :param prefix: what the names of the warehouse's tables begin with.
    """
    create(session, prefix, CALENDAR)


def fill_calendar(session: Session, prefix: str, first: date, last: date) -> int:
    """Write the calendar for a range of days in place of what it held.

    :param session: session of the warehouse; the caller holds the transaction.
    :param prefix: what the names of the warehouse's tables begin with.
    :param first: first day.
    :param last: last day, inclusive.
    :returns: number of days.
    """
    return replace_rows(session, prefix, CALENDAR, calendar_rows(first, last))

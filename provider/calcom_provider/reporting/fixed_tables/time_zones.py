"""The table of time-zone offsets, written from zoneinfo.

SQLite knows no zones and those of MySQL are often not loaded, so a view joins this table instead. A row holds
from one change of a zone's offset to the next; the bounds are half-open.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from calcom_provider.reporting.fixed_tables.writing import Row, create, replace_rows
from calcom_provider.warehouse.backends.base import Session
from calcom_provider.warehouse.schema import Column, Table

FIRST_YEAR, LAST_YEAR = 2018, 2035
#: Offsets are whole minutes everywhere only since Liberia gave up its own in 1972.
EARLIEST_YEAR = 1973
TZ_OFFSETS = Table(
    "tz_offsets",
    (
        Column("time_zone", "text", nullable=False),
        Column("from_utc", "timestamp", nullable=False),
        Column("to_utc", "timestamp", nullable=False, comment="exclusive"),
        Column("offset_minutes", "integer", nullable=False, comment="local time minus UTC"),
        Column("from_local", "timestamp", nullable=False, comment="from_utc as the zone's clocks show it"),
        Column("to_local", "timestamp", nullable=False, comment="to_utc as the old offset shows it"),
    ),
    key=("time_zone", "from_utc"),
    comment="Offsets of the time zones.",
)
#: Since 1973 no zone came back to an offset sooner than after 6 days and 23 hours: America/Noronha in October 2000.
_STEP, _SECOND = timedelta(days=4), timedelta(seconds=1)


def zone_names() -> list[str]:
    """Give the names of all zones, sorted; not the machine's own, which means another zone elsewhere."""
    return sorted(available_timezones() - {"localtime"})


def offset_rows(first_year: int = FIRST_YEAR, last_year: int = LAST_YEAR) -> tuple[Row, ...]:
    """Give the rows of the offset table for all zones.

    :param first_year: first year, 1973 or later.
    :param last_year: last year, inclusive.
    :raises ValueError: when the years are too early or in the wrong order.
    """
    if not EARLIEST_YEAR <= first_year <= last_year:
        raise ValueError(f"years must rise from {EARLIEST_YEAR} or later: {first_year} to {last_year}")
    return _rows(first_year, last_year)


@functools.lru_cache(maxsize=2)
def _rows(first_year: int, last_year: int) -> tuple[Row, ...]:
    begin, end = datetime(first_year, 1, 1, tzinfo=UTC), datetime(last_year + 1, 1, 1, tzinfo=UTC)
    return tuple(row for name in zone_names() for row in _rows_of(name, begin, end))


def _rows_of(name: str, begin: datetime, end: datetime) -> Iterator[Row]:
    zone, start = ZoneInfo(name), begin
    while start < end:
        offset = _offset(zone, start)
        change = _next_change(zone, start, end)
        yield (name, start, change, offset // timedelta(minutes=1), start + offset, change + offset)
        start = change


def _next_change(zone: ZoneInfo, start: datetime, end: datetime) -> datetime:
    """Give the first moment with another offset, or the end; no zone changes and changes back within a step."""
    offset, low = _offset(zone, start), start
    while low < end:
        high = min(low + _STEP, end)
        if _offset(zone, high) != offset:
            return _first_other(zone, low, high)
        low = high
    return end


def _first_other(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    offset = _offset(zone, low)
    while high - low > _SECOND:
        middle = low + (high - low) // _SECOND // 2 * _SECOND
        low, high = (middle, high) if _offset(zone, middle) == offset else (low, middle)
    return high


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None  # a zone of zoneinfo always has one
    return offset


def create_tz_offsets(session: Session, prefix: str) -> None:
    """Create the offset table unless it is there.

    :param session: session of the warehouse, outside of a transaction.
    :param prefix: what the names of the warehouse's tables begin with.
    """
    create(session, prefix, TZ_OFFSETS)


def fill_tz_offsets(
    session: Session, prefix: str, first_year: int = FIRST_YEAR, last_year: int = LAST_YEAR
) -> int:
    """Write the offsets of all zones in place of what the table held.

    :param session: session of the warehouse; the caller holds the transaction.
    :param prefix: what the names of the warehouse's tables begin with.
    :param first_year: first year, 1973 or later.
    :param last_year: last year, inclusive.
    :returns: number of rows.
    """
    return replace_rows(session, prefix, TZ_OFFSETS, offset_rows(first_year, last_year))

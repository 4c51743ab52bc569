"""The calendar and the zone offsets come back from every database as they were made."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from calcom_provider.reporting.fixed_tables.calendar import calendar_rows, create_calendar, fill_calendar
from calcom_provider.reporting.fixed_tables.time_zones import create_tz_offsets, fill_tz_offsets, offset_rows
from calcom_provider.warehouse import Warehouse

FIRST, LAST = date(2026, 12, 1), date(2028, 2, 1)


def plain(value: Any) -> Any:
    """Spell times and days alike, whatever type the database gives them in."""
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.000")
    return value.isoformat() if isinstance(value, date) else value


def test_tables_hold_what_was_made_and_are_replaced_whole(warehouse_url: str) -> None:
    warehouse = Warehouse(warehouse_url)
    session = warehouse.backend.connect()
    try:
        create_calendar(session, "calcom_")
        create_tz_offsets(session, "calcom_")
        session.begin()
        for _ in range(2):
            days = fill_calendar(session, "calcom_", FIRST, LAST)
            offsets = fill_tz_offsets(session, "calcom_", 2026, 2027)
        session.commit()
        calendar = session.fetch("SELECT * FROM calcom_calendar ORDER BY date")
        zones = session.fetch("SELECT * FROM calcom_tz_offsets")
    finally:
        session.close()
        warehouse.close()
    assert (len(calendar), len(zones)) == (days, offsets)
    assert [tuple(map(plain, row)) for row in calendar] == [
        tuple(map(plain, row)) for row in calendar_rows(FIRST, LAST)
    ]
    assert {tuple(map(plain, row)) for row in zones} == {
        tuple(map(plain, row)) for row in offset_rows(2026, 2027)
    }

"""Offsets as written equal those of zoneinfo; calendar rows equal the ISO calendar."""

from __future__ import annotations

import bisect
import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from calcom_provider.reporting.fixed_tables.calendar import calendar_rows
from calcom_provider.reporting.fixed_tables.time_zones import offset_rows, zone_names

YEARS = (2024, 2027)


def offset_at(zone: str, moment: datetime) -> timedelta:
    found = moment.astimezone(ZoneInfo(zone)).utcoffset()
    assert found is not None
    return found


def rows_by_zone() -> dict[str, list[tuple]]:
    found: dict[str, list[tuple]] = {}
    for row in offset_rows(*YEARS):
        found.setdefault(row[0], []).append(row)
    return found


def test_each_zone_is_covered_without_gap_or_overlap() -> None:
    found = rows_by_zone()
    assert sorted(found) == zone_names()
    for rows in found.values():
        assert rows[0][1] == datetime(2024, 1, 1, tzinfo=UTC)
        assert rows[-1][2] == datetime(2028, 1, 1, tzinfo=UTC)
        assert all(before[2] == after[1] for before, after in zip(rows, rows[1:], strict=False))


def test_offsets_equal_zoneinfo_around_each_change() -> None:
    for zone, rows in rows_by_zone().items():
        for _, begin, end, minutes, from_local, to_local in rows:
            offset = timedelta(minutes=minutes)
            assert offset_at(zone, begin) == offset_at(zone, end - timedelta(seconds=1)) == offset
            assert (from_local, to_local) == (begin + offset, end + offset)
        for before, after in zip(rows, rows[1:], strict=False):
            assert before[3] != after[3]


def test_offsets_equal_zoneinfo_at_any_time() -> None:
    chance = random.Random(8)
    begin = datetime(2024, 1, 1, tzinfo=UTC)
    for zone, rows in rows_by_zone().items():
        starts = [row[1] for row in rows]
        for _ in range(20):
            moment = begin + timedelta(seconds=chance.randrange(4 * 365 * 86400))
            row = rows[bisect.bisect_right(starts, moment) - 1]
            assert timedelta(minutes=row[3]) == offset_at(zone, moment), (zone, moment)


def test_the_shortest_offsets_of_all_are_found() -> None:
    """Compare every quarter of a day with zoneinfo: summer time of a week, of two, and of a month around it."""
    rows = offset_rows(2000, 2004)
    for zone in ("America/Noronha", "America/Boa_Vista", "America/Fortaleza", "America/Argentina/Tucuman"):
        held = [row for row in rows if row[0] == zone]
        assert len(held) > 2
        for _, begin, end, minutes, *_ in held:
            moments = range(0, int((end - begin).total_seconds()), 6 * 3600)
            found = {offset_at(zone, begin + timedelta(seconds=seconds)) for seconds in moments}
            assert found == {timedelta(minutes=minutes)}
    short = [row for row in rows if row[0] == "America/Noronha" and row[2] - row[1] < timedelta(days=8)]
    assert len(short) == 1


@pytest.mark.parametrize("years", [(1972, 1980), (2028, 2027)])
def test_years_that_cannot_be_written_are_refused(years: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="years must rise"):
        offset_rows(*years)


def test_calendar_follows_iso_weeks_over_the_turn_of_a_year() -> None:
    rows = {row[0]: row[1:] for row in calendar_rows(date(2026, 12, 27), date(2027, 1, 4))}
    assert rows[date(2027, 1, 3)] == (2026, 53, date(2026, 12, 28), 7, "Sunday", date(2027, 1, 1))
    assert rows[date(2027, 1, 4)] == (2027, 1, date(2027, 1, 4), 1, "Monday", date(2027, 1, 1))
    assert len(rows) == 9


def test_an_empty_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="before it begins"):
        calendar_rows(date(2027, 1, 2), date(2027, 1, 1))

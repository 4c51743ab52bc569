"""Terms that all views share: versions of rows, who is out, who works when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pandas as pd

from tests.integration.reporting.compare import frame
from tests.integration.reporting.world import World

Row = dict[str, Any]
#: Tables that keep versions by default, each with what tells its rows apart.
VERSIONED = {
    "memberships": ("id",),
    "attribute_assignments": ("attribute_id", "option_id", "user_id"),
    "ooo_entries": ("id",),
}
SCHEDULES = ("schedules", "schedule_availability", "schedule_overrides")
#: Asked for once: each call walks through the folders of the zones.
ZONES = frozenset(available_timezones())


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Make the frame of a view from rows that name their columns."""
    return frame(columns, [[row[name] for name in columns] for row in rows])


# -- time ----------------------------------------------------------------------------------------------------


def days(first: date, last: date) -> Iterator[date]:
    """Give the days from the first to the last."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def end_of(day: date) -> datetime:
    """Give the first moment after a day in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def moment(text: str) -> datetime:
    """Read a time of the API."""
    return datetime.fromisoformat(text).astimezone(UTC)


def utc_day(when: str | datetime) -> date:
    """Give the civil day of a time in UTC."""
    return (moment(when) if isinstance(when, str) else when.astimezone(UTC)).date()


def local_day(when: str | datetime, zone: str | None) -> date:
    """Give the civil day of a time in a zone; in UTC where the zone is unknown."""
    at = moment(when) if isinstance(when, str) else when
    return at.astimezone(ZoneInfo(zone) if zone in ZONES else UTC).date()


# -- history -------------------------------------------------------------------------------------------------


def keeps_history(world: World, name: str) -> bool:
    """Tell whether a synced table keeps versions of its rows."""
    return world.has(name) and world.history and name in VERSIONED


def versions(world: World, name: str) -> list[Row]:
    """Give all versions of a table's rows, each with ``valid_from``, ``valid_to`` and ``is_current``.

    A version begins with the sync that first saw it and ends with the one that found it changed or gone. Where
    no history is kept there are the rows of the last sync, and with marks the ones that went before: they have
    no begin, and an end only when they are gone.
    """
    if not keeps_history(world, name):
        if world.marks and name in VERSIONED:
            return _marked(world, name)
        return [row | {"valid_from": None, "valid_to": None, "is_current": True} for row in world.rows(name)]
    made: list[Row] = []
    current: dict[tuple[Any, ...], Row] = {}
    for began, contents in zip(world.syncs, world.contents, strict=True):
        listed = {tuple(row[part] for part in VERSIONED[name]): row for row in contents[name]}
        for key, version in list(current.items()):
            if not _same(version, listed.get(key)):
                version |= {"valid_to": began, "is_current": False}
                del current[key]
        for key, row in listed.items():
            if key not in current:
                current[key] = row | {"valid_from": began, "valid_to": None, "is_current": True}
                made.append(current[key])
    return made


def _marked(world: World, name: str) -> list[Row]:
    rows: dict[tuple[Any, ...], Row] = {}
    for began, contents in zip(world.syncs, world.contents, strict=True):
        listed = {tuple(row[part] for part in VERSIONED[name]): row for row in contents[name]}
        for key, row in rows.items():
            if key not in listed and row["is_current"]:
                rows[key] = row | {"valid_to": began, "is_current": False}
        for key, row in listed.items():
            rows[key] = row | {"valid_from": None, "valid_to": None, "is_current": True}
    return list(rows.values())


def _same(version: Row, row: Row | None) -> bool:
    return row is not None and all(version.get(name) == value for name, value in row.items())


def held_on(version: Row, day: date) -> bool:
    """Tell whether a version held at the end of a day; without history, whether it holds now."""
    began: datetime | None = version["valid_from"]
    if began is None:
        return bool(version["is_current"])
    return began < end_of(day) and not_removed_on(version, day)


def not_removed_on(version: Row, day: date) -> bool:
    """Tell whether a version was not gone by the end of a day."""
    until: datetime | None = version["valid_to"]
    return until is None or until >= end_of(day)


def history_begins(world: World) -> date | None:
    """Give the day from which on views over history list the organisation; None without history."""
    if not keeps_history(world, "memberships"):
        return None
    return utc_day(min(version["valid_from"] for version in versions(world, "memberships")))


def note(world: World, *names: str) -> str | None:
    """Say which of these tables keep no history."""
    without = [f"calcom_{name}" for name in names if world.has(name) and not keeps_history(world, name)]
    if not without:
        return None
    return f"{' and '.join(without)} without history: the present state stands for every day"


# -- absences ------------------------------------------------------------------------------------------------


def covers(entry: Row, day: date) -> bool:
    """Tell whether an out-of-office entry covers a civil day."""
    return utc_day(entry["start_at"]) <= day <= utc_day(entry["end_at"])


def counts_on(version: Row, day: date) -> bool:
    """Tell whether an entry covers a day and was not removed by its end, however late it was entered."""
    return covers(version, day) and not_removed_on(version, day)


def out_days(world: World) -> set[tuple[int, date]]:
    """Give each user and day on which the user is out."""
    return {
        (version["user_id"], day)
        for version in versions(world, "ooo_entries")
        for day in days(utc_day(version["start_at"]), utc_day(version["end_at"]))
        if counts_on(version, day)
    }


# -- working hours -------------------------------------------------------------------------------------------


class Hours:
    """Know who works when.

    :param world: the organisation
    :ivar known: whether working hours were synced at all
    :ivar schedules: user -> id of the default schedule
    """

    def __init__(self, world: World) -> None:
        self.known = all(world.has(name) for name in SCHEDULES)
        self.schedules: dict[int, int] = {}
        for row in world.rows("schedules"):
            if row["is_default"]:
                other = self.schedules.get(row["owner_id"], row["id"])
                self.schedules[row["owner_id"]] = min(other, row["id"])
        self._weekly = _by_schedule(world.rows("schedule_availability"))
        self._special = _by_schedule(world.rows("schedule_overrides"))
        self._known_minutes: dict[tuple[int, date], int] = {}

    def minutes(self, user: int, day: date) -> int:
        """Give the working minutes of a user on a day; 0 without a default schedule."""
        if user not in self.schedules:
            return 0
        key = (self.schedules[user], day)
        if key not in self._known_minutes:
            self._known_minutes[key] = self._of_schedule(*key)
        return self._known_minutes[key]

    def is_scheduled(self, user: int, day: date) -> bool:
        """Tell whether a user works on a day; everybody does where nothing is known."""
        return not self.known or self.minutes(user, day) > 0

    def _of_schedule(self, schedule: int, day: date) -> int:
        special = [row for row in self._special.get(schedule, []) if row["date"] == day.isoformat()]
        if special:
            return sum(map(_length, special))
        name = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")[day.weekday()]
        return sum(_length(row) for row in self._weekly.get(schedule, []) if name in row["days"])


def _by_schedule(rows: Iterable[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row["schedule_id"], []).append(row)
    return found


def _length(window: Row) -> int:
    start, end = (time.fromisoformat(window[name]) for name in ("start_time", "end_time"))
    return (end.hour - start.hour) * 60 + end.minute - start.minute

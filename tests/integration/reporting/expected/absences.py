"""The views on absences, on team coverage and on bookings in absences, worked out from their specification."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pandas as pd

from tests.integration.reporting.expected.common import (
    Hours,
    covers,
    days,
    held_on,
    keeps_history,
    moment,
    note,
    out_days,
    table,
    versions,
)
from tests.integration.reporting.world import World

Row = dict[str, Any]
OOO_DAY = (
    "organization_id",
    "date",
    "user_id",
    "ooo_id",
    "entries_on_day",
    "owned_by_sync",
    "has_cover",
    "cover_user_id",
    "is_scheduled_day",
    "first_seen",
    "removed_on",
)
TEAM_DAY = (
    "organization_id",
    "date",
    "team_id",
    "members",
    "scheduled_members",
    "out_members",
    "available_members",
    "coverage_pct",
    "minimum",
    "below_minimum",
    "note",
)
CONFLICT = (
    "organization_id",
    "booking_uid",
    "start_utc",
    "start_local_date",
    "host_user_id",
    "team_id",
    "event_type_id",
    "ooo_id",
    "cover_user_id",
    "days_until",
    "detected_on",
    "resolved_on",
    "note",
)
# Asked for once: each call walks through the folders of the zones.
ZONES = available_timezones()
CALLED_OFF = ("cancelled", "rejected")


def fct_ooo_day(world: World, first: date, last: date) -> pd.DataFrame:
    """Give each user and day with an entry, those that are gone too."""
    reason = ("reason",) if _has_reason(world) else ()
    return table((*OOO_DAY, *reason, "note"), _ooo_days(world, first, last))


def _has_reason(world: World) -> bool:
    """Tell whether the sensitive column was asked for: the rows name it then."""
    return any("reason" in row for row in world.rows("ooo_entries"))


def _ooo_days(world: World, first: date, last: date) -> Iterator[Row]:
    hours, absences, owned = Hours(world), _Absences(world), _owned(world)
    for user, day in absences.days(first, last):
        entry = absences.of(user, day)
        covers_user = min(filter(None, entry.values("to_user_id")), default=None)
        yield {
            "organization_id": world.organization_id,
            "date": day,
            "user_id": user,
            "ooo_id": entry.id,
            "entries_on_day": entry.live_count,
            "owned_by_sync": entry.id in owned if world.ledger else None,
            "has_cover": covers_user is not None,
            "cover_user_id": covers_user,
            "is_scheduled_day": hours.minutes(user, day) > 0 if hours.known else None,
            "first_seen": _day(min(entry.begins)) if entry.begins else None,
            "removed_on": entry.removed_on,
            "reason": min(filter(None, entry.values("reason")), default=None),
            "note": note(world, "ooo_entries"),
        }


def _owned(world: World) -> set[int]:
    entries = world.ledger.get("entries", [])
    return {row["ooo_id"] for row in entries if row["organization_id"] == world.organization_id}


class _Entry:
    """Know the entry that stands for a day of a user.

    :param covering: versions that cover the day, at least one
    :ivar id: the entry: of those with a live version the lowest, else the lowest of all
    :ivar live_count: entries with a live version
    :ivar begins: when the versions of all entries were first seen
    :ivar own_begins: when those of the chosen entry were
    :ivar removed_on: day on which the last of them was gone; None while one is live
    """

    def __init__(self, covering: Sequence[Row]) -> None:
        live = [row for row in covering if row["is_current"]]
        self.id: int = min(row["id"] for row in live or covering)
        self.live_count = len({row["id"] for row in live})
        self.begins = _begins(covering)
        self.own_begins = _begins([row for row in covering if row["id"] == self.id])
        self.removed_on = None if live else _day(max(row["valid_to"] for row in covering))
        self._chosen = [row for row in live or covering if row["id"] == self.id]

    def values(self, name: str) -> list[Any]:
        """Give a column of the entry's live versions, of all where none is live."""
        return [row.get(name) for row in self._chosen]


def _begins(covering: Sequence[Row]) -> list[datetime]:
    return [row["valid_from"] for row in covering if row["valid_from"] is not None]


def _day(when: datetime) -> date:
    return when.astimezone(UTC).date()


class _Absences:
    """Know which versions of entries cover the days of users."""

    def __init__(self, world: World) -> None:
        self._of_user: dict[int, list[Row]] = {}
        for version in versions(world, "ooo_entries"):
            self._of_user.setdefault(version["user_id"], []).append(version)

    def covering(self, user: int, day: date) -> list[Row]:
        return [row for row in self._of_user.get(user, []) if covers(row, day)]

    def of(self, user: int, day: date) -> _Entry:
        return _Entry(self.covering(user, day))

    def days(self, first: date, last: date) -> Iterator[tuple[int, date]]:
        for user in self._of_user:
            yield from ((user, day) for day in days(first, last) if self.covering(user, day))


def rpt_team_coverage_day(
    world: World, first: date, last: date, minimums: Mapping[int, int] | None = None
) -> pd.DataFrame:
    """Give each team and day with its members who should work and who of them is there.

    :param minimums: team -> members who should be available
    """
    return table(TEAM_DAY, _team_days(world, first, last, minimums or {}))


def _team_days(world: World, first: date, last: date, minimums: Mapping[int, int]) -> Iterator[Row]:
    hours, out, memberships = Hours(world), out_days(world), versions(world, "team_memberships")
    for day in days(first, last):
        held = [row for row in memberships if row["accepted"] and held_on(row, day)]
        for team in {row["team_id"] for row in memberships}:
            members = {row["user_id"] for row in held if row["team_id"] == team}
            scheduled = {user for user in members if hours.is_scheduled(user, day)}
            available = {user for user in scheduled if (user, day) not in out}
            minimum = minimums.get(team)
            yield {
                "organization_id": world.organization_id,
                "date": day,
                "team_id": team,
                "members": len(members),
                "scheduled_members": len(scheduled),
                "out_members": len(scheduled - available),
                "available_members": len(available),
                "coverage_pct": 100 * len(available) / len(scheduled) if scheduled else None,
                "minimum": minimum,
                "below_minimum": None if minimum is None else bool(scheduled) and len(available) < minimum,
                "note": note(world, "ooo_entries"),
            }


def rpt_ooo_booking_conflict(
    world: World, first: date, last: date, today: date | None = None
) -> pd.DataFrame:
    """Give each booking and host who is away on the day of the booking; the calendar does not matter.

    :param today: day to count from
    """
    return table(CONFLICT, _conflicts(world, today or datetime.now(UTC).date()))


def _conflicts(world: World, today: date) -> Iterator[Row]:
    absences = _Absences(world)
    zones = {row["id"]: row["time_zone"] for row in world.rows("users") if row["time_zone"] in ZONES}
    teams = {row["id"]: row["team_id"] for row in world.rows("team_event_types")}
    for booking, host in _hosted(world):
        day = moment(booking["start_at"]).astimezone(ZoneInfo(zones.get(host, "UTC"))).date()
        covering = absences.covering(host, day)
        if not covering or not _is_conflict(world, booking, covering):
            continue
        entry = _Entry(covering)
        yield {
            "organization_id": world.organization_id,
            "booking_uid": booking["uid"],
            "start_utc": moment(booking["start_at"]),
            "start_local_date": day,
            "host_user_id": host,
            "team_id": teams.get(booking["event_type_id"]),
            "event_type_id": booking["event_type_id"],
            "ooo_id": entry.id,
            "cover_user_id": min(filter(None, entry.values("to_user_id")), default=None),
            "days_until": (day - today).days,
            "detected_on": _detected_on(booking, entry),
            "resolved_on": _resolved_on(booking, entry),
            "note": note(world, "ooo_entries"),
        }


def _hosted(world: World) -> Iterator[tuple[Row, int]]:
    """Give each booking with each of its hosts, once."""
    bookings = {row["id"]: row for row in world.rows("bookings")}
    hosts = {(row["booking_id"], row["user_id"]) for row in world.rows("booking_hosts")}
    yield from ((bookings[booking], host) for booking, host in hosts if host is not None)


def _called_off_at(booking: Row) -> datetime | None:
    if booking["status"] not in CALLED_OFF:
        return None
    return moment(booking["updated_at"] or booking["created_at"])


def _is_conflict(world: World, booking: Row, covering: Sequence[Row]) -> bool:
    """Tell whether the booking still held when an absence of its day was first seen."""
    called_off = _called_off_at(booking)
    if called_off is None:
        return True
    return keeps_history(world, "ooo_entries") and called_off >= min(_begins(covering))


def _detected_on(booking: Row, entry: _Entry) -> date:
    """Give the day from which on both were known."""
    known = moment(booking["created_at"])
    return _day(max(known, min(entry.own_begins)) if entry.own_begins else known)


def _resolved_on(booking: Row, entry: _Entry) -> date | None:
    called_off = _called_off_at(booking)
    return entry.removed_on if called_off is None else _day(called_off)

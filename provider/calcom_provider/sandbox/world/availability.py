"""Work out when people are free: working hours of their schedules less what is booked and reserved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from calcom_provider.sandbox.world.bookings import moment
from calcom_provider.sandbox.world.stores import bookings
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World, iso

_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_FALLBACK = {
    "timeZone": "Europe/London",
    "availability": [{"days": list(_NAMES[:5]), "startTime": "09:00", "endTime": "17:00"}],
    "overrides": [],
}


def hosts_of(world: World, event_type: Row) -> list[Row]:
    """Return the users who host an event type."""
    numbers = (
        [event_type["userId"]] if event_type["userId"] else [host["userId"] for host in event_type["hosts"]]
    )
    return [user for number in numbers if (user := world.users.get(number))]


def _schedule(world: World, user: Row, event_type: Row) -> Row:
    own = world.schedules.ordered("userId", user["id"])
    for number in (event_type["scheduleId"], user["defaultScheduleId"]):
        for row in own:
            if row["id"] == number:
                return row
    return own[0] if own else _FALLBACK


def _spans(schedule: Row, day: date) -> Iterator[tuple[datetime, datetime]]:
    zone = ZoneInfo(schedule["timeZone"] or "Europe/London")
    overrides = [part for part in schedule["overrides"] if part["date"] == day.isoformat()]
    parts = overrides or [part for part in schedule["availability"] if _NAMES[day.weekday()] in part["days"]]
    for part in parts:
        start = datetime.combine(day, time.fromisoformat(part["startTime"]), zone)
        end = datetime.combine(day, time.fromisoformat(part["endTime"]), zone)
        if start < end:
            yield start, end


def busy(world: World, user: Row, start: datetime, end: datetime, but: Row | None = None) -> bool:
    """Tell whether a user has an accepted booking in a span; pending ones do not count."""
    first, last = iso(start.astimezone(UTC)), iso(end.astimezone(UTC))
    return any(
        row["status"] == "accepted" and row["start"] < last and row["end"] > first and row is not but
        for row in bookings(world).by("userId", user["id"])
    )


def works(world: World, user: Row, event_type: Row, start: datetime, end: datetime) -> bool:
    """Tell whether a span lies within the working hours of a user."""
    schedule = _schedule(world, user, event_type)
    days = {start.date() + timedelta(days=shift) for shift in (-1, 0, 1)}
    return any(first <= start and end <= last for day in days for first, last in _spans(schedule, day))


def free_host(
    world: World, event_type: Row, start: datetime, minutes: int, but: Row | None = None
) -> Row | None:
    """Find a host who is free; of a collective event all have to be."""
    end = start + timedelta(minutes=minutes)
    hosts = hosts_of(world, event_type)
    free = [
        user
        for user in hosts
        if works(world, user, event_type, start, end) and not busy(world, user, start, end, but)
    ]
    if event_type["schedulingType"] == "collective" and len(free) < len(hosts):
        return None
    return free[0] if free else None


def slots(world: World, event_type: Row, first: date, last: date) -> list[datetime]:
    """List the starts at which an event type can be booked, UTC days inclusive."""
    minutes = event_type["lengthInMinutes"]
    step = timedelta(minutes=event_type["slotInterval"] or minutes)
    earliest = world.today + timedelta(minutes=event_type["minimumBookingNotice"])
    found: set[datetime] = set()
    day = first
    while day <= last and len(found) < 5000:
        for user in hosts_of(world, event_type)[:1]:
            for start, end in _spans(_schedule(world, user, event_type), day):
                moment_ = start
                while moment_ + timedelta(minutes=minutes) <= end:
                    found.add(moment_)
                    moment_ += step
        day += timedelta(days=1)
    seats = not event_type["seats"].get("disabled")
    return sorted(
        start
        for start in found
        if start >= earliest and (seats or free_host(world, event_type, start, minutes))
    )


def seat_places(event_type: Row) -> int:
    """Return how many seats a slot has, 0 where there are none."""
    seats = event_type["seats"]
    return 0 if seats.get("disabled") else int(seats.get("seatsPerTimeSlot", 0))


def seated_booking(world: World, event_type: Row, start: str) -> Row | None:
    """Find the booking that further seats of a slot join."""
    for row in bookings(world).by("eventTypeId", event_type["id"]):
        if row["start"] == start and row["status"] == "accepted":
            return row
    return None


def asked_event_type(world: World, asked: Any) -> Row | None:
    """Find an event type by its number, or by the names of its user or team.

    :param asked: query or body that holds them.
    """
    number = asked.get("eventTypeId")
    if number is not None:
        return world.event_types.get(int(number)) if str(number).lstrip("-").isdigit() else None
    slug, organization = asked.get("eventTypeSlug"), asked.get("organizationSlug")
    if asked.get("teamSlug"):
        for team in world.teams:
            parent = world.teams.get(team["parentId"]) if team["parentId"] else None
            if team["slug"] == asked["teamSlug"] and (parent["slug"] if parent else None) == organization:
                return _by_slug(world.event_types.by("teamId", team["id"]), slug)
        return None
    user = _named_user(world, asked.get("username"), organization)
    return _by_slug(world.event_types.by("userId", user["id"]), slug) if user else None


def _by_slug(rows: list[Row], slug: Any) -> Row | None:
    return next((row for row in rows if row["slug"] == slug), None)


def _named_user(world: World, name: Any, organization: Any) -> Row | None:
    if not organization:
        return world.users.first("username", name)
    for profile in world.profiles:
        team = world.teams.get(profile["organizationId"])
        if profile["username"] == name and team and team["slug"] == organization:
            return world.users.get(profile["userId"])
    return None


def read_moment(text: str) -> datetime:
    """Read a moment of a request; without a zone it is UTC."""
    found = moment(text)
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo("UTC"))

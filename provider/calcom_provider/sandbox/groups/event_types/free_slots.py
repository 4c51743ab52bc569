"""Show the free slots of an event type, as slots and routing forms answer with them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.world import availability
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import iso


def free(context: Context, event_type: Row, first: date, last: date) -> dict[str, list[dict[str, Any]]]:
    """Map days to the slots of an event type, in the time zone and form that are asked for."""
    zone, ranges = context.text("timeZone"), context.text("format") == "range"
    found: dict[str, list[dict[str, Any]]] = {}
    for start in availability.slots(context.world, event_type, first, last):
        shown = {"start": _written(start, zone)}
        if ranges:
            shown["end"] = _written(start + timedelta(minutes=event_type["lengthInMinutes"]), zone)
        found.setdefault(shown["start"][:10], []).append({**shown, **_seats(context, event_type, start)})
    return found


def _written(start: datetime, zone: str | None) -> str:
    if zone is None:
        return iso(start.astimezone(UTC))
    return start.astimezone(ZoneInfo(zone)).isoformat(timespec="milliseconds")


def _seats(context: Context, event_type: Row, start: datetime) -> dict[str, Any]:
    places = availability.seat_places(event_type)
    if not places:
        return {}
    booking = availability.seated_booking(context.world, event_type, iso(start.astimezone(UTC)))
    taken = len(booking["attendees"]) if booking else 0
    shown = {"seatsBooked": taken, "seatsRemaining": places - taken, "seatsTotal": places}
    return {**shown, "bookingUid": booking["uid"]} if booking else shown

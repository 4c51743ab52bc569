"""Keep bookings: how they are made, shown, and who may see which."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from calcom_provider.sandbox.world.stores import bookings
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World, iso

GONE = ("cancelled", "rejected")
_ADMINS = ("ADMIN", "OWNER")


def moment(text: str) -> datetime:
    """Read a moment as it is kept."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def add_booking(world: World, *, host: Row | None, event_type: Row, start: str, **fields: Any) -> Row:
    """Add a booking with the defaults that Cal.com gives it.

    :param host: who it is with; None for a host who no longer exists.
    :param start: moment as it is kept, see :func:`~calcom_provider.sandbox.world.world.iso`.
    """
    minutes = fields.pop("minutes", event_type["lengthInMinutes"])
    uid = fields.pop("uid", None) or world.ids.token(22)
    created = fields.pop("createdAt", None) or world.now()
    row = {
        "uid": uid,
        "userId": host["id"] if host else None,
        "eventTypeId": event_type["id"],
        "title": event_type["title"],
        "description": "",
        "status": "accepted",
        "start": start,
        "end": iso(moment(start) + timedelta(minutes=minutes)),
        "duration": minutes,
        "location": "https://meet.lumen.example/room",
        "absentHost": False,
        "createdAt": created,
        "updatedAt": created,
        "metadata": {},
        "rating": None,
        "icsUid": f"{uid}@Cal.com",
        "attendees": [],
        "guests": None,
        "responses": {},
        "seated": False,
        "recurringBookingUid": None,
        "cancellationReason": None,
        "cancelledByEmail": None,
        "reschedulingReason": None,
        "rescheduledByEmail": None,
        "rescheduledFromUid": None,
        "rescheduledToUid": None,
        "references": [],
    }
    row.update(fields)
    return bookings(world).insert(row)


def attendee(name: str, email: str, zone: str = "Europe/Berlin", **fields: Any) -> dict[str, Any]:
    """Make an attendee as a booking holds one."""
    return {"name": name, "email": email, "timeZone": zone, "language": "en", "absent": False, **fields}


# -- views ----------------


def _host(world: World, row: Row) -> dict[str, Any]:
    user = world.users.get(row["userId"])
    if user is None:
        # A host who is gone is shown by words, even in place of the number
        return dict.fromkeys(("id", "name", "email", "username", "timeZone"), "unknown")
    return {name: user[name] for name in ("id", "name", "email", "username", "timeZone")}


def booking_view(world: World, row: Row) -> dict[str, Any]:
    """Show a booking in the current shape; seats and series differ from the plain ones."""
    event_type = world.event_types.get(row["eventTypeId"])
    view = {
        "id": row["id"],
        "uid": row["uid"],
        "title": row["title"],
        "description": row["description"],
        "hosts": [_host(world, row)],
        "status": row["status"],
        "start": row["start"],
        "end": row["end"],
        "duration": row["duration"],
        "eventTypeId": row["eventTypeId"],
        "eventType": {"id": row["eventTypeId"], "slug": event_type["slug"] if event_type else ""},
        "meetingUrl": row["location"],
        "location": row["location"],
        "absentHost": row["absentHost"],
        "createdAt": row["createdAt"],
        "updatedAt": row["updatedAt"],
        "rating": row["rating"],
        "icsUid": row["icsUid"],
        "attendees": row["attendees"],
    }
    if row["status"] == "cancelled":
        view |= {name: row[name] for name in ("cancellationReason", "cancelledByEmail")}
    names = ("reschedulingReason", "rescheduledFromUid", "rescheduledToUid")
    view |= {name: row[name] for name in names if row[name] is not None}
    if row["recurringBookingUid"]:
        view["recurringBookingUid"] = row["recurringBookingUid"]
    else:
        view["rescheduledByEmail"] = row["rescheduledByEmail"]
    if not row["seated"]:
        view |= {"metadata": row["metadata"], "bookingFieldsResponses": row["responses"]}
    if row["guests"] is not None:
        view["guests"] = row["guests"]
    return view


# -- who may see what ----------------

Seen = Callable[[Row], bool]


def seen_by(world: World, user: Row) -> Seen:
    """Tell which bookings a user may see: own ones, and all of the teams and organisations that are led."""

    def people() -> set[int]:
        found: set[int] = {user["id"]}
        for membership in world.memberships.by("userId", user["id"]):
            if membership["role"] in _ADMINS:
                found |= {row["userId"] for row in world.memberships.by("teamId", membership["teamId"])}
        return found

    return world.memo(("bookings seen by", user["id"]), lambda: of_people(world, people()))  # type: ignore[no-any-return]


def of_people(world: World, people: set[int]) -> Seen:
    """Tell which bookings any of some people hosts or attends."""
    emails = {user["email"] for number in people if (user := world.users.get(number))}
    return lambda row: row["userId"] in people or any(one["email"] in emails for one in row["attendees"])


def of_organization(world: World, organization_id: int) -> Seen:
    """Tell which bookings members of an organisation host or attend."""

    def seen() -> Seen:
        return of_people(
            world, {row["userId"] for row in world.profiles.by("organizationId", organization_id)}
        )

    return world.memo(("bookings of organization", organization_id), seen)  # type: ignore[no-any-return]


def of_status(world: World, word: str) -> Seen:
    """Tell which bookings a status filter finds: it names a class, not the state of a booking."""
    now = iso(world.today)
    if word == "past":
        return lambda row: row["end"] <= now and row["status"] not in GONE
    if word == "cancelled":
        return lambda row: row["status"] in GONE
    if word == "unconfirmed":
        return lambda row: row["end"] >= now and row["status"] == "pending"
    if word == "recurring":
        return lambda row: (
            row["end"] >= now and bool(row["recurringBookingUid"]) and row["status"] not in GONE
        )
    return lambda row: row["end"] >= now and row["status"] not in GONE


def sort_rows(world: World, rows: list[Row], column: str, reverse: bool) -> list[Row]:
    """Sort rows; empty values come last, reversed first, as the database has it."""
    empty = [row for row in rows if row[column] is None]
    filled = [row for row in rows if row[column] is not None]
    world.sort(filled, column, reverse)
    if empty:
        # Rows without a value are ties of their own
        world.sort(empty, "seated" if world.shuffled else "id")
    return [*empty, *filled] if reverse else [*filled, *empty]

"""Serve the making of bookings: single, in series, with seats, to be confirmed, and moved in time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.errors import bad_request, not_found, plain
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.deliveries.outbox import announce_booking
from calcom_provider.sandbox.groups.account.schedules import time_zone
from calcom_provider.sandbox.groups.event_types.of_users import signed_in
from calcom_provider.sandbox.world import availability
from calcom_provider.sandbox.world.bookings import add_booking, attendee, booking_view
from calcom_provider.sandbox.world.stores import bookings
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World, iso

_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")
_BUSY = "{} either already has booking at this time or is not available"
_BY_NAME = (
    "eventTypeId or eventTypeSlug + username property is wrong,Either eventTypeId or eventTypeSlug + "
    "username or eventTypeSlug + teamSlug must be provided "
)
_CONTACT = (
    "attendee email or phone property is wrong,Attendee must have at least one contact method (email or "
    "phone number) "
)
_DAYS = {"daily": 1, "weekly": 7, "monthly": 28, "yearly": 364}


def _moment(body: dict[str, Any]) -> list[str]:
    start = body.get("start")
    if isinstance(start, str) and _ISO.fullmatch(start):
        return []
    return ["start property is wrong,start must be a valid ISO 8601 date string "]


def _person(body: dict[str, Any]) -> list[str]:
    person = body.get("attendee")
    if not isinstance(person, dict):
        return ["attendee property is wrong,attendee should not be null or undefined "]
    wrong = []
    if not isinstance(person.get("name"), str):
        wrong.append("name property is wrong,name must be a string ")
    if time_zone("timeZone", person.get("timeZone")):
        wrong.append("timeZone property is wrong,timeZone must be a valid IANA time-zone ")
    if not (v.is_email(person.get("email")) or person.get("phoneNumber")):
        wrong.append(_CONTACT)
    return [f"attendee property is wrong, {', '.join(wrong)}"] if wrong else []


def _body(context: Context) -> dict[str, Any]:
    """Check the body of a new booking; all complaints are joined into one text."""
    body = context.raw_body if isinstance(context.raw_body, dict) else {}
    wrong = [*_moment(body), *_person(body)]
    named = body.get("eventTypeSlug") and (body.get("username") or body.get("teamSlug"))
    if body.get("eventTypeId") is None and not named:
        wrong.append(_BY_NAME)
    if wrong:
        raise bad_request(", ".join(wrong))
    return body


@handles("bookings.create", auth="optional")
def create_booking(context: Context) -> Any:
    """Add booking: ``POST /bookings``."""
    body, world = _body(context), context.world
    event_type = availability.asked_event_type(context.world, body)
    if event_type is None:
        number = body.get("eventTypeId")
        raise not_found(
            f"Event type with id={number} not found." if number is not None else "Event type not found."
        )
    start = availability.read_moment(body["start"]).astimezone(UTC)
    if start < world.today:
        raise bad_request("Attempting to book a meeting in the past.")
    if event_type["recurrence"]:
        return _series(context, event_type, start, body)
    if availability.seat_places(event_type):
        return _seat(context, event_type, start, body)
    return booking_view(world, _single(world, event_type, start, body))


@handles("bookings.create", auth="optional", old=True)
def create_old(context: Context) -> Any:
    """Refuse what is sent in the current shape without the version header, as the old route does."""
    context.body(
        v.Field("timeZone", time_zone, required=True),
        v.Field("language", v.string, required=True),
        v.Field("metadata", v.obj, required=True),
        v.Field("start", v.anything),
        v.Field("eventTypeId", v.anything),
    )
    raise plain()


def _minutes(event_type: Row, body: dict[str, Any]) -> int:
    asked = body.get("lengthInMinutes")
    allowed = event_type.get("lengthInMinutesOptions") or ()
    return int(event_type["lengthInMinutes"]) if asked is None or asked not in allowed else int(asked)


def _host(world: World, event_type: Row, start: datetime, minutes: int, but: Row | None = None) -> Row:
    host = availability.free_host(world, event_type, start, minutes, but)
    if host is None:
        # A move of a round robin names the user even though a team hosts
        hosts = event_type["teamId"] and (but is None or event_type["schedulingType"] == "collective")
        raise bad_request(_BUSY.format("One of the hosts" if hosts else "User"))
    return host


def _fields(event_type: Row, body: dict[str, Any], host: Row) -> dict[str, Any]:
    person, guests = body["attendee"], body.get("guests")
    own = body.get("bookingFieldsResponses") or {}
    people = [_attendee(person), *(attendee("", guest, person["timeZone"]) for guest in guests or ())]
    responses = {
        "email": person.get("email"),
        "name": person["name"],
        **({"guests": guests} if guests else {}),
        **own,
    }
    return {
        "title": f"{event_type['title']} between {host['name']} and {person['name']}",
        "attendees": people,
        "guests": guests,
        "responses": responses,
        "description": own.get("notes") or "",
        "metadata": body.get("metadata") or {},
        "location": _location(event_type),
    }


def _attendee(person: dict[str, Any], **more: Any) -> dict[str, Any]:
    phone = {"phoneNumber": person["phoneNumber"]} if person.get("phoneNumber") else {}
    email = person.get("email") or f"{person.get('phoneNumber', '').lstrip('+')}@sms.cal.com"
    made = attendee(person["name"], email, person["timeZone"], **phone, **more)
    return {**made, "language": person.get("language") or "en"}


def _location(event_type: Row) -> str:
    for location in event_type["locations"]:
        if location["type"] in ("link", "address", "phone"):
            return str(location[location["type"]])
    return "integrations:daily"


def _single(world: World, event_type: Row, start: datetime, body: dict[str, Any], **more: Any) -> Row:
    minutes = _minutes(event_type, body)
    host = _host(world, event_type, start, minutes)
    status = "accepted" if event_type["confirmationPolicy"].get("disabled") else "pending"
    fields = {**_fields(event_type, body, host), "status": status, "minutes": minutes, **more}
    row = add_booking(world, host=host, event_type=event_type, start=iso(start), **fields)
    announce_booking(world, "BOOKING_CREATED" if status == "accepted" else "BOOKING_REQUESTED", row)
    return row


def _series(context: Context, event_type: Row, start: datetime, body: dict[str, Any]) -> list[dict[str, Any]]:
    rule, uid = event_type["recurrence"], context.world.ids.uuid()
    count = min(int(body.get("recurrenceCount") or rule["occurrences"]), rule["occurrences"])
    step = timedelta(days=_DAYS.get(rule["frequency"], 7) * rule["interval"])
    rows = [
        _single(context.world, event_type, start + place * step, body, recurringBookingUid=uid)
        for place in range(count)
    ]
    return [booking_view(context.world, row) for row in rows]


def _seat(context: Context, event_type: Row, start: datetime, body: dict[str, Any]) -> dict[str, Any]:
    world, person = context.world, body["attendee"]
    row = availability.seated_booking(world, event_type, iso(start))
    seat = world.ids.uuid()
    taken = _attendee(
        person,
        seatUid=seat,
        bookingFieldsResponses={"name": person["name"], "guests": []},
        metadata=body.get("metadata") or {},
    )
    if row is None:
        row = _single(
            world, event_type, start, body, seated=True, attendees=[taken], guests=None, description=None
        )
    elif any(one["email"] == taken["email"] for one in row["attendees"]):
        raise plain(409, "already_signed_up_for_this_booking_error")
    elif len(row["attendees"]) >= availability.seat_places(event_type):
        raise bad_request("Booking seats are full")
    else:
        # The seats join one booking
        bookings(world).update(row, attendees=[*row["attendees"], taken], updatedAt=world.now())
        announce_booking(world, "BOOKING_CREATED", row)
    return {**booking_view(world, row), "seatUid": seat}


@handles("bookings.reschedule", auth="optional")
def reschedule(context: Context) -> dict[str, Any]:
    """Reschedule: ``POST /bookings/{bookingUid}/reschedule``."""
    body = context.raw_body if isinstance(context.raw_body, dict) else {}
    wrong = _moment(body)
    if wrong:
        raise bad_request(", ".join(wrong))
    world, uid = context.world, context.values["bookingUid"]
    row = bookings(world).first("uid", uid)
    if row is None:
        # Not a 404 here
        raise plain()
    if row["rescheduledToUid"]:
        raise bad_request(
            f"Can't reschedule booking with uid={uid} because it has been rescheduled already. Please "
            f"provide uid of the new booking, which is {row['rescheduledToUid']}."
        )
    if row["status"] == "cancelled":
        raise bad_request(f"Can't reschedule booking with uid={uid} because it has been cancelled.")
    event_type = world.event_types.get(row["eventTypeId"])
    if event_type is None:
        raise plain()
    start = availability.read_moment(body["start"]).astimezone(UTC)
    host = _host(world, event_type, start, row["duration"], row)
    return booking_view(world, _moved(context, row, host, start, body.get("reschedulingReason")))


def _moved(context: Context, row: Row, host: Row, start: datetime, reason: str | None) -> Row:
    world = context.world
    event_type = world.event_types.get(row["eventTypeId"])
    assert event_type is not None
    by = None if context.anonymous else context.caller.user["email"]
    kept = (
        "title",
        "description",
        "metadata",
        "guests",
        "seated",
        "location",
        "icsUid",
        "recurringBookingUid",
    )
    responses = {**row["responses"], **({"rescheduledReason": reason} if reason else {})}
    new = add_booking(
        world,
        host=host,
        event_type=event_type,
        start=iso(start),
        minutes=row["duration"],
        attendees=[dict(one) for one in row["attendees"]],
        responses=responses,
        reschedulingReason=reason,
        rescheduledByEmail=by,
        rescheduledFromUid=row["uid"],
        status="pending" if row["status"] == "pending" else "accepted",
        **{name: row[name] for name in kept},
    )
    bookings(world).update(row, status="cancelled", rescheduledToUid=new["uid"], updatedAt=world.now())
    announce_booking(world, "BOOKING_RESCHEDULED", new)
    return new


@handles("bookings.reschedule", auth="optional", old=True)
def reschedule_old(context: Context) -> Any:
    """Reschedule old: ``POST /bookings/{bookingUid}/reschedule``."""
    signed_in(context)
    raise plain()

"""Serve single bookings and what hangs on them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.errors import bad_request, not_found
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.groups.event_types.of_users import signed_in
from calcom_provider.sandbox.world.bookings import booking_view, moment
from calcom_provider.sandbox.world.stores import bookings
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World

_KINDS = {"roundRobin": "ROUND_ROBIN", "collective": "COLLECTIVE", "managed": "MANAGED"}


def find(context: Context, text: str = "Booking with uid={} was not found in the database") -> Row:
    """Return the booking in the path."""
    uid = context.values["bookingUid"]
    row = bookings(context.world).first("uid", uid)
    if row is None:
        raise not_found(text.format(uid))
    return row


@handles("bookings.get", auth="optional")
def get_booking(context: Context) -> Any:
    """Show booking: ``GET /bookings/{bookingUid}``."""
    # Open to everybody, with the addresses of all who take part
    series = bookings(context.world).ordered("recurringBookingUid", context.values["bookingUid"])
    if series:
        return [booking_view(context.world, row) for row in sorted(series, key=lambda row: row["start"])]
    view = booking_view(context.world, find(context))
    if view["status"] == "cancelled" and view["rescheduledByEmail"] is None:
        # Shown everywhere but here
        del view["rescheduledByEmail"]
    return view


@handles("bookings.get", auth="optional", old=True)
def get_old(context: Context) -> dict[str, Any]:
    """Answer in the shape of the oldest version."""
    world, row = context.world, find(context)
    user = world.users.get(row["userId"]) or {}
    event_type = world.event_types.get(row["eventTypeId"]) or {}
    names = ("id", "name", "email", "username", "timeZone", "avatarUrl")
    people = [
        {
            "name": one["name"],
            "email": one["email"],
            "timeZone": one["timeZone"],
            "phoneNumber": one.get("phoneNumber"),
        }
        for one in row["attendees"]
    ]
    kind = _KINDS.get(event_type.get("schedulingType") or "")
    return {
        "title": row["title"],
        "id": row["id"],
        "uid": row["uid"],
        "description": row["description"],
        "customInputs": None,
        "smsReminderNumber": None,
        "recurringEventId": row["recurringBookingUid"],
        "startTime": row["start"],
        "endTime": row["end"],
        "location": row["location"],
        "status": row["status"].upper(),
        "metadata": row["metadata"],
        "cancellationReason": row["cancellationReason"],
        "cancelledBy": row["cancelledByEmail"],
        "responses": row["responses"],
        "rejectionReason": None,
        "userPrimaryEmail": None,
        "fromReschedule": row["rescheduledFromUid"],
        "rescheduled": row["rescheduledToUid"] is not None,
        "rescheduledBy": row["rescheduledByEmail"],
        "user": {name: user.get(name) for name in names},
        "attendees": people,
        "eventTypeId": row["eventTypeId"],
        "eventType": {
            "eventName": None,
            "slug": event_type.get("slug"),
            "timeZone": None,
            "schedulingType": kind,
            "hideOrganizerEmail": False,
        },
        "seatsReferences": [],
        "tracking": None,
    }


@handles("bookings.get_by_seat", auth="optional")
def get_by_seat(context: Context) -> dict[str, Any]:
    """Show by seat: ``GET /bookings/by-seat/{seatUid}``."""
    uid = context.values["seatUid"]
    for row in bookings(context.world):
        if row["seated"] and any(one.get("seatUid") == uid for one in row["attendees"]):
            return booking_view(context.world, row)
    raise not_found(f"Booking with seatUid={uid} was not found in the database")


@handles("bookings.list_recordings", auth="optional")
def list_recordings(context: Context) -> list[Any]:
    """List recordings: ``GET /bookings/{bookingUid}/recordings``."""
    # The provider of the video calls is not imitated, so nothing was ever recorded
    find(context)
    return []


@handles("bookings.list_transcripts", auth="optional")
def list_transcripts(context: Context) -> list[Any]:
    """List transcripts: ``GET /bookings/{bookingUid}/transcripts``."""
    find(context)
    return []


@handles("bookings.list_conferencing_sessions")
def list_sessions(context: Context) -> list[Any]:
    """List sessions: ``GET /bookings/{bookingUid}/conferencing-sessions``."""
    find(context)
    return []


@handles("bookings.get_routing_trace")
def get_routing_trace(context: Context) -> dict[str, Any]:
    """Show routing trace: ``GET /bookings/{bookingUid}/routing-trace``."""
    row = find(context)
    return {"bookingUid": row["uid"], "routingFormResponse": None, "trace": []}


@handles("bookings.list_references")
def list_references(context: Context) -> list[dict[str, Any]]:
    """List references: ``GET /bookings/{bookingUid}/references``."""
    row = find(context, "Booking with uid {} not found")
    if row["userId"] != context.caller.user["id"]:
        raise bad_request(f"Booking with uid {row['uid']} does not belong to user")
    return _references(context, row)


@handles("org_team_bookings.list_references", role="TEAM_ADMIN", plan="SCALE")
def list_team_references(context: Context) -> list[dict[str, Any]]:
    """Answer ``GET /organizations/{orgId}/teams/{teamId}/bookings/{bookingUid}/references``."""
    # Whether the booking is one of the team is not asked
    return _references(context, find(context, "Booking with uid {} not found"))


def _references(context: Context, row: Row) -> list[dict[str, Any]]:
    kind = context.text("type")
    return [reference for reference in row["references"] if kind in (None, reference["type"])]


@handles("bookings.list_calendar_links", auth="optional")
def list_calendar_links(context: Context) -> list[dict[str, Any]]:
    """List calendar links: ``GET /bookings/{bookingUid}/calendar-links``."""
    signed_in(context)
    row = find(context, "Booking with uid {} not found")
    start, end, title = moment(row["start"]), moment(row["end"]), quote(row["title"])
    span = f"startdt={start:%Y-%m-%dT%H:%M:%SZ}&enddt={end:%Y-%m-%dT%H:%M:%SZ}&subject={title}&rru=addevent"
    compose = f"calendar/0/deeplink/compose?path=%2Fcalendar%2Faction%2Fcompose&{span}"
    dates = f"{start:%Y%m%dT%H%M%SZ}/{end:%Y%m%dT%H%M%SZ}"
    return [
        {
            "label": "Google Calendar",
            "id": "googleCalendar",
            "link": f"https://calendar.google.com/calendar/r/eventedit?dates={dates}&text={title}&details=",
        },
        {
            "label": "Microsoft Office",
            "id": "microsoftOffice",
            "link": f"https://outlook.office.com/{compose}",
        },
        {
            "label": "Microsoft Outlook",
            "id": "microsoftOutlook",
            "link": f"https://outlook.live.com/{compose}",
        },
        {"label": "ICS", "id": "ics", "link": "data:text/calendar," + quote(_ics(context.world, row))},
    ]


def _ics(world: World, row: Row) -> str:
    start, now = moment(row["start"]), world.today
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{row['uid']}",
        f"SUMMARY:{row['title']}",
        f"DTSTAMP:{now:%Y%m%dT%H%M%SZ}",
        f"DTSTART:{start:%Y%m%dT%H%M%SZ}",
        f"DURATION:PT{row['duration']}M",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    )
    return "\r\n".join(lines)


# -- attendees ----------------


def attendee_view(row: Row, place: int) -> dict[str, Any]:
    """Show an attendee as the contract has it; the number is made of booking and place."""
    one = row["attendees"][place]
    names = ("name", "email", "timeZone", "language", "absent", "phoneNumber")
    shown = {name: one[name] for name in names if name in one}
    return {"id": row["id"] * 1000 + place + 1, "displayEmail": one["email"], **shown}


@handles("booking_attendees.list")
def list_attendees(context: Context) -> list[dict[str, Any]]:
    """List attendees: ``GET /bookings/{bookingUid}/attendees``."""
    row = find(context)
    return [attendee_view(row, place) for place in range(len(row["attendees"]))]


@handles("booking_attendees.get")
def get_attendee(context: Context) -> dict[str, Any]:
    """Show attendee: ``GET /bookings/{bookingUid}/attendees/{attendeeId}``."""
    row, number = find(context), context.parsed_number("attendeeId")
    place = number - row["id"] * 1000 - 1
    if not 0 <= place < len(row["attendees"]):
        raise not_found(f"Attendee with id={number} was not found in booking with uid={row['uid']}")
    return attendee_view(row, place)

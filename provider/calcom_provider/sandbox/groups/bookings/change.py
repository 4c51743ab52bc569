"""Serve what happens to bookings: confirmed, declined, cancelled, missed, handed over, added to."""

from __future__ import annotations

from typing import Any

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.errors import bad_request, inner_call, plain
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.deliveries.outbox import announce_booking
from calcom_provider.sandbox.groups.account.schedules import time_zone
from calcom_provider.sandbox.groups.bookings.read import attendee_view, find
from calcom_provider.sandbox.groups.event_types.of_users import signed_in
from calcom_provider.sandbox.world import availability
from calcom_provider.sandbox.world.bookings import attendee, booking_view, moment
from calcom_provider.sandbox.world.stores import bookings
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import iso

_ADMINS = ("ADMIN", "OWNER")
GUESTS_PER_CALL = 10
GUESTS_PER_BOOKING = 30


def _change(context: Context, row: Row, trigger: str = "", **changes: Any) -> dict[str, Any]:
    bookings(context.world).update(row, **changes, updatedAt=context.world.now())
    if trigger:
        announce_booking(context.world, trigger, row)
    return booking_view(context.world, row)


# -- confirmation ----------------


def _decides(context: Context, row: Row) -> None:
    """Refuse who is neither host nor an admin of the event type's team or of the host's organisation."""
    world, user = context.world, signed_in(context)
    if row["userId"] == user["id"]:
        return
    event_type = world.event_types.get(row["eventTypeId"]) or {}
    host = world.users.get(row["userId"]) or {}
    for team_id in (event_type.get("teamId"), host.get("organizationId")):
        held = world.membership(user["id"], team_id) if team_id else None
        if held and held["role"] in _ADMINS:
            return
    raise inner_call(401)


@handles("bookings.confirm", auth="optional")
def confirm(context: Context) -> dict[str, Any]:
    """Confirm: ``POST /bookings/{bookingUid}/confirm``."""
    signed_in(context)
    row = find(context)
    _decides(context, row)
    if row["status"] != "pending":
        raise inner_call(400)
    return _change(context, row, "BOOKING_CREATED", status="accepted")


@handles("bookings.decline", auth="optional")
def decline(context: Context) -> dict[str, Any]:
    """Decline: ``POST /bookings/{bookingUid}/decline``."""
    signed_in(context)
    row = find(context)
    _decides(context, row)
    # Unlike a second confirmation a second refusal is a success
    if row["status"] not in ("pending", "rejected"):
        raise inner_call(400)
    return _change(context, row, "BOOKING_REJECTED", status="rejected")


# -- cancellation ----------------


@handles("bookings.cancel", auth="optional")
def cancel(context: Context) -> Any:
    """Cancel: ``POST /bookings/{bookingUid}/cancel``."""
    body = context.body(
        v.Field("cancellationReason", v.string),
        v.Field("cancelSubsequentBookings", v.boolean),
        v.Field("seatUid", v.string),
    )
    row = find(context, "Booking with uid={} not found")
    if row["status"] == "cancelled":
        raise bad_request(
            f"Can't cancel booking with uid={row['uid']} because it has been cancelled already. Please "
            "provide uid of a booking that is not cancelled."
        )
    if body.get("seatUid"):
        return _cancel_seat(context, row, body["seatUid"])
    reason = body.get("cancellationReason")
    by = None if context.anonymous else context.caller.user["email"]
    fields = {"status": "cancelled", "cancellationReason": reason, "cancelledByEmail": by}
    if not body.get("cancelSubsequentBookings") or not row["recurringBookingUid"]:
        return _change(context, row, "BOOKING_CANCELLED", **fields)
    series = bookings(context.world).ordered("recurringBookingUid", row["recurringBookingUid"])
    for one in [one for one in series if one["start"] >= row["start"] and one["status"] != "cancelled"]:
        _change(context, one, "BOOKING_CANCELLED", **fields)
    # The whole series is shown, also what was before
    series = bookings(context.world).ordered("recurringBookingUid", row["recurringBookingUid"])
    return [booking_view(context.world, one) for one in series]


def _cancel_seat(context: Context, row: Row, seat: str) -> dict[str, Any]:
    """Take one seat off; the booking itself stays as it is."""
    left = [one for one in row["attendees"] if one.get("seatUid") != seat]
    if len(left) == len(row["attendees"]):
        raise bad_request(f"Seat with uid={seat} was not found in booking with uid={row['uid']}")
    bookings(context.world).update(row, attendees=left)
    announce_booking(context.world, "BOOKING_CANCELLED", row)
    return booking_view(context.world, row)


# -- absence ----------------


@handles("bookings.mark_absent", auth="optional")
def mark_absent(context: Context) -> dict[str, Any]:
    """Mark absent: ``POST /bookings/{bookingUid}/mark-absent``."""
    signed_in(context)
    body = context.body(v.Field("host", v.boolean), v.Field("attendees", v.array))
    # Whose booking it is is not asked: even a foreign key may do this
    row = find(context, "Booking with uid={} not found.")
    now = iso(context.world.today)
    if row["start"] > now:
        raise bad_request(
            "Bookings can only be marked as absent after their scheduled start time. Current time in "
            f"UTC+0: {now}, Booking start time in UTC+0: {row['start']}"
        )
    absent = {one.get("email"): bool(one.get("absent")) for one in body.get("attendees") or ()}
    if absent.keys() - {one["email"] for one in row["attendees"]}:
        raise plain()
    people = [{**one, "absent": absent.get(one["email"], one["absent"])} for one in row["attendees"]]
    changes: dict[str, Any] = {"attendees": people}
    if "host" in body:
        # Only this touches the time of the last change; attendees do not
        changes |= {"absentHost": bool(body["host"]), "updatedAt": context.world.now()}
    bookings(context.world).update(row, **changes)
    announce_booking(context.world, "BOOKING_NO_SHOW_UPDATED", row)
    return booking_view(context.world, row)


# -- reassignment ----------------


def _hand_over(context: Context, row: Row, user: Row) -> dict[str, Any]:
    _change(context, row, userId=user["id"])
    person = {name: user[name] for name in ("id", "name", "email")}
    return {"bookingUid": row["uid"], "reassignedTo": person}


def _hosts(context: Context, row: Row) -> list[Row]:
    event_type = context.world.event_types.get(row["eventTypeId"])
    return availability.hosts_of(context.world, event_type) if event_type else []


@handles("bookings.reassign", auth="optional")
def reassign(context: Context) -> dict[str, Any]:
    """Reassign: ``POST /bookings/{bookingUid}/reassign``."""
    signed_in(context)
    row, world = find(context), context.world
    start, end = moment(row["start"]), moment(row["end"])
    others = [user for user in _hosts(context, row) if user["id"] != row["userId"]]
    for user in others:
        if not availability.busy(world, user, start, end):
            return _hand_over(context, row, user)
    raise bad_request("No available Round Robin hosts found")


@handles("bookings.reassign_to_user", auth="optional")
def reassign_to_user(context: Context) -> dict[str, Any]:
    """Reassign to user: ``POST /bookings/{bookingUid}/reassign/{userId}``."""
    signed_in(context)
    context.body(v.Field("reason", v.string))
    number, row = context.number("userId"), find(context)
    for user in _hosts(context, row):
        if user["id"] == number:
            return _hand_over(context, row, user)
    raise bad_request(
        f"User with id={number} is not a valid Round Robin host - the user to which you reassign this "
        "booking must be one of the booking hosts. Fetch the booking using following endpoint and select "
        "id of one of the hosts: https://cal.com/docs/api-reference/v2/bookings/get-a-booking"
    )


# -- routes that the contract has and older builds do not ----------------


@handles("booking_attendees.create")
def add_attendee(context: Context) -> dict[str, Any]:
    """Add attendee: ``POST /bookings/{bookingUid}/attendees``."""
    body = context.body(
        v.Field("name", v.string, required=True),
        v.Field("timeZone", time_zone, required=True),
        v.Field("email", v.email, required=True),
        v.Field("phoneNumber", v.string),
        v.Field("language", v.string),
    )
    row = find(context)
    if any(one["email"] == body["email"] for one in row["attendees"]):
        raise bad_request(f"Attendee with email={body['email']} is already part of the booking")
    phone = {"phoneNumber": body["phoneNumber"]} if body.get("phoneNumber") else {}
    added = attendee(body["name"], body["email"], body["timeZone"], **phone)
    bookings(context.world).update(row, attendees=[*row["attendees"], added])
    return {**attendee_view(row, len(row["attendees"]) - 1), "bookingId": row["id"]}


@handles("booking_guests.create", throttle=("bookings_guests", 5))
def add_guests(context: Context) -> dict[str, Any]:
    """Add guests: ``POST /bookings/{bookingUid}/guests``."""
    sent = context.body(v.Field("guests", v.array, required=True))["guests"]
    row = find(context)
    known = row["guests"] or []
    emails: list[str] = [guest.get("email", "") if isinstance(guest, dict) else guest for guest in sent]
    if not all(map(v.is_email, emails)):
        raise bad_request("guests property is wrong,email must be an email ")
    if len(emails) > GUESTS_PER_CALL or len(known) + len(emails) > GUESTS_PER_BOOKING:
        raise bad_request(
            f"At most {GUESTS_PER_CALL} guests can be added at once, {GUESTS_PER_BOOKING} in all"
        )
    new = [email for email in dict.fromkeys(emails) if email not in known]
    people = [*row["attendees"], *(attendee("", email, row["attendees"][0]["timeZone"]) for email in new)]
    return _change(context, row, guests=[*known, *new], attendees=people)


@handles("bookings.update_location")
def update_location(context: Context) -> dict[str, Any]:
    """Change location: ``PATCH /bookings/{bookingUid}/location``."""
    location = context.body(v.Field("location", v.obj)).get("location")
    row = find(context)
    _decides(context, row)
    if not location:
        return booking_view(context.world, row)
    kind = str(location.get("type"))
    return _change(context, row, location=str(location.get(kind) or kind))

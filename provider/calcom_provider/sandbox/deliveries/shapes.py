"""Write what deliveries say, in the shapes that the real API was recorded with."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from calcom_provider.sandbox.world.bookings import moment
from calcom_provider.sandbox.world.slugs import slugify
from calcom_provider.sandbox.world.stores import bookings, destination_calendars, routing_forms
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World

#: The fields that every booking form has, with their labels and whether they are hidden.
_FIELDS = {
    "name": ("your_name", False),
    "email": ("email_address", False),
    "attendeePhoneNumber": ("phone_number", True),
    "location": ("location", False),
    "title": ("what_is_this_meeting_about", True),
    "notes": ("additional_notes", False),
    "guests": ("additional_guests", False),
    "rescheduleReason": ("reason_for_reschedule", False),
}
_SYSTEM = ("name", "email", "guests", "notes", "location")
_APPS = {"google_calendar": "google-calendar", "apple_calendar": "apple-calendar"}
#: What only deliveries about a booking that was made, asked for or moved carry.
_OF_NEW = (
    "hideCalendarNotes",
    "hideCalendarEventDetails",
    "schedulingType",
    "seatsShowAvailabilityCount",
    "disableRescheduling",
    "disableCancelling",
    "oneTimePassword",
    "metadata",
)
#: What is missing besides where a booking was refused.
_NOT_OF_REJECTED = (
    "seatsPerTimeSlot",
    "seatsShowAttendees",
    "iCalUID",
    "iCalSequence",
    "additionalNotes",
    "description",
)
NEW = ("BOOKING_CREATED", "BOOKING_REQUESTED", "BOOKING_RESCHEDULED")


def _offset(zone: str, at: datetime) -> int:
    offset = ZoneInfo(zone).utcoffset(at)
    return int(offset.total_seconds() // 60) if offset else 0


def booking_payload(world: World, trigger: str, row: Row) -> dict[str, Any]:
    """Return the payload about a booking.

    :param world: the state.
    :param trigger: name of the trigger.
    :param row: the booking.
    """
    if trigger == "BOOKING_NO_SHOW_UPDATED":
        return _no_show(row)
    payload = _full(world, row)
    if trigger not in NEW:
        payload = {name: value for name, value in payload.items() if name not in _OF_NEW} | _later(row)
    if trigger == "BOOKING_REJECTED":
        payload = {name: value for name, value in payload.items() if name not in _NOT_OF_REJECTED}
        payload["rejectionReason"] = row["cancellationReason"] or ""
        payload |= {"startTime": row["start"], "endTime": row["end"], "requiresConfirmation": True}
    if trigger == "BOOKING_CANCELLED":
        payload |= {
            "cancellationReason": row["cancellationReason"],
            "requiresConfirmation": None,
            "price": None,
        }
        payload |= {name: payload[name].replace("Z", "+00:00") for name in ("startTime", "endTime")}
    if trigger == "BOOKING_REQUESTED":
        payload["oneTimePassword"] = str(uuid5(NAMESPACE_URL, row["uid"]))
    if trigger == "BOOKING_RESCHEDULED":
        payload |= _moved(world, row)
    return payload


def _full(world: World, row: Row) -> dict[str, Any]:
    event_type = world.event_types.get(row["eventTypeId"]) or {}
    return {
        "bookerUrl": "https://lumen.example",
        "title": row["title"],
        "startTime": row["start"].replace(".000Z", "Z"),
        "endTime": row["end"].replace(".000Z", "Z"),
        "additionalNotes": row["description"] or "",
        "type": event_type.get("slug", ""),
        "description": "",
        "eventTypeId": row["eventTypeId"],
        "hideCalendarNotes": False,
        "hideCalendarEventDetails": False,
        "hideOrganizerEmail": False,
        "schedulingType": None,
        "seatsPerTimeSlot": None,
        "seatsShowAttendees": True,
        "seatsShowAvailabilityCount": True,
        "customReplyToEmail": None,
        "disableRescheduling": False,
        "disableCancelling": False,
        "organizer": _organizer(world, row),
        "attendees": [_attendee(one, moment(row["start"])) for one in row["attendees"]],
        "customInputs": {},
        "responses": _asked(row),
        "userFieldsResponses": {},
        "location": row["location"],
        "destinationCalendar": [
            dict(one) for one in destination_calendars(world).by("userId", row["userId"])
        ],
        "iCalUID": row["icsUid"],
        "iCalSequence": 0,
        "requiresConfirmation": row["status"] == "pending",
        "oneTimePassword": None,
        "uid": row["uid"],
        "eventTitle": event_type.get("title", ""),
        "eventDescription": event_type.get("description"),
        "price": 0,
        "currency": "usd",
        "length": row["duration"],
        "bookingId": row["id"],
        "metadata": row["metadata"],
        "status": row["status"].upper(),
    }


def _organizer(world: World, row: Row) -> dict[str, Any]:
    user = world.users.get(row["userId"])
    if user is None:
        return {}
    return {name: user[name] for name in ("id", "name", "email", "username", "timeZone")} | {
        "language": {"locale": user["locale"] or "en"},
        "timeFormat": "h:mma",
        "utcOffset": _offset(user["timeZone"], moment(row["start"])),
    }


def _attendee(one: dict[str, Any], at: datetime) -> dict[str, Any]:
    return {
        "email": one["email"],
        "name": one["name"],
        "firstName": "",
        "lastName": "",
        "timeZone": one["timeZone"],
        "language": {"locale": one["language"]},
        "utcOffset": _offset(one["timeZone"], at),
    }


def _asked(row: Row) -> dict[str, Any]:
    """Show the fields of the booking form; those that nobody filled in have no value."""
    given = {name: value for name, value in row["responses"].items() if name != "rescheduledReason" and value}
    given["location"] = {"value": "link", "optionValue": ""}
    fields = _FIELDS | {name: (name, False) for name in given if name not in _FIELDS}
    return {
        name: {"label": label, **({"value": given[name]} if name in given else {}), "isHidden": hidden}
        for name, (label, hidden) in fields.items()
    }


def _later(row: Row) -> dict[str, Any]:
    """Show people and answers as what came of a booking tells them: from the rows, and no longer from the form."""
    at = moment(row["start"])
    given = {
        name: {"label": name, "value": value} for name, value in row["responses"].items() if value is not None
    }
    return {
        "attendees": [
            {name: one[name] for name in ("name", "email", "timeZone")}
            | {
                "phoneNumber": one.get("phoneNumber"),
                "language": {"locale": one["language"]},
                "utcOffset": _offset(one["timeZone"], at),
            }
            for one in row["attendees"]
        ],
        "responses": given,
        "userFieldsResponses": {name: one for name, one in given.items() if name not in _SYSTEM},
    }


def _apps(world: World, row: Row) -> dict[str, Any]:
    """Tell how the host's calendar took the move; hosts without one have nothing to tell."""
    kinds = [one["integration"] for one in destination_calendars(world).by("userId", row["userId"])]
    told = [
        {
            "appName": _APPS.get(kind, kind),
            "type": kind,
            "success": 1,
            "failures": 0,
            "errors": [],
            "warnings": [],
        }
        for kind in kinds
    ]
    return {"appsStatus": told} if told else {}


def _moved(world: World, row: Row) -> dict[str, Any]:
    old = bookings(world).first("uid", row["rescheduledFromUid"]) or {}
    return _apps(world, row) | {
        "rescheduleUid": row["rescheduledFromUid"],
        "rescheduleId": old.get("id"),
        "rescheduleStartTime": old.get("start"),
        "rescheduleEndTime": old.get("end"),
    }


def _no_show(row: Row) -> dict[str, Any]:
    people = [{"email": one["email"], "noShow": one["absent"]} for one in row["attendees"]]
    return {
        "message": "no_show_updated",
        "attendees": people,
        "bookingUid": row["uid"],
        "bookingId": row["id"],
    }


def form_payload(world: World, row: Row) -> dict[str, Any]:
    """Return the payload about a response to a routing form: it names the form, not the response.

    :param world: the state.
    :param row: the response.
    """
    form = routing_forms(world).get(row["formId"]) or {}
    answers = {
        slugify(one.get("label", name)): {"value": one.get("value"), "response": one.get("value")}
        for name, one in row["response"].items()
        if isinstance(one, dict)
    }
    return {
        "formId": row["formId"],
        "formName": form.get("name"),
        "teamId": form.get("teamId"),
        "responses": answers,
    }


def absence_payload(world: World, row: Row) -> dict[str, Any]:
    """Return the payload about an out-of-office entry.

    :param world: the state.
    :param row: the entry.
    """

    def person(number: int | None) -> dict[str, Any] | None:
        user = world.users.get(number) if number else None
        return (
            {name: user[name] for name in ("id", "name", "username", "timeZone", "email")} if user else None
        )

    return {
        "oooEntry": {
            "id": row["id"],
            "start": row["start"],
            "end": row["end"],
            "createdAt": world.now(),
            "updatedAt": world.now(),
            "notes": row["notes"],
            "reason": {"emoji": "", "reason": row["reason"]},
            "reasonId": 1,
            "user": person(row["userId"]),
            "toUser": person(row["toUserId"]),
            "uuid": row["uuid"],
        }
    }

"""Serve free slots and reservations of them."""

from __future__ import annotations

import re
from datetime import UTC, date, timedelta
from typing import Any

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context, Reply
from calcom_provider.sandbox.core.errors import bad_request, not_found, unauthorized, unprocessable
from calcom_provider.sandbox.core.routing import handles, serves
from calcom_provider.sandbox.groups.event_types.free_slots import free
from calcom_provider.sandbox.world import availability
from calcom_provider.sandbox.world.stores import reservations
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import iso

MINUTES = 5
_DATE = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?")
_start = v.rule(
    "isDateString",
    "{} must be a valid ISO 8601 date string",
    lambda value: isinstance(value, str) and bool(_DATE.fullmatch(value)),
)
_FIELDS = (
    v.Field("eventTypeId", v.integer, required=True),
    v.Field("slotStart", _start, required=True),
    v.Field("slotDuration", v.integer),
    v.Field("reservationDuration", v.integer),
)


def _window(context: Context) -> tuple[date, date]:
    wrong = []
    names = {"eventTypeId", "eventTypeSlug", "usernames"}
    if not names & context.query.keys():
        wrong.append(
            "usernames property is wrong,each value in usernames must be a string, The array must contain "
            "at least 2 elements., usernames must be an array "
        )
        wrong.append("organizationSlug property is wrong,organizationSlug must be a string ")
    for name in ("start", "end"):
        if not _DATE.fullmatch(context.text(name) or ""):
            wrong.append(f"{name} property is wrong,{name} must be a valid ISO 8601 date string ")
    if wrong:
        raise bad_request(", ".join(wrong))
    return _day(context, "start"), _day(context, "end")


def _day(context: Context, name: str) -> date:
    return availability.read_moment(context.text(name) or "").date()


def _event_type(context: Context) -> Row:
    row = availability.asked_event_type(context.world, {name: context.text(name) for name in context.query})
    if row is None:
        number = context.text("eventTypeId")
        raise not_found(f"Event Type with ID={number} not found" if number else "Event Type not found")
    return row


@handles("slots.list", auth="optional")
def list_slots(context: Context) -> Any:
    """List slots: ``GET /slots``."""
    first, last = _window(context)
    return free(context, _event_type(context), first, last)


@serves("GET", "/slots/available", "slots.list_old", auth="optional", old=True)
def list_old(context: Context) -> Any:
    """Answer in the shape of the oldest version, on the path that it had."""
    names = ("startTime", "endTime")
    fields = tuple(v.Field(name, _start, required=True) for name in names)
    asked = v.validate(fields, {name: context.text(name) for name in names if name in context.query})
    first, last = (availability.read_moment(asked[name]) for name in names)
    slots: dict[str, list[dict[str, str]]] = {}
    for start in availability.slots(context.world, _event_type(context), first.date(), last.date()):
        if first <= start < last:
            text = iso(start.astimezone(UTC))
            slots.setdefault(text[:10], []).append({"time": text})
    return {"slots": slots}


# -- reservations ----------------


def reservation_view(row: Row) -> dict[str, Any]:
    """Show a reserved slot as the API does."""
    names = ("eventTypeId", "slotStart", "slotEnd", "slotDuration")
    return {
        **{name: row[name] for name in names},
        "reservationUid": row["uid"],
        "reservationDuration": row["minutes"],
        "reservationUntil": row["until"],
    }


def _values(context: Context, body: dict[str, Any], but: Row | None = None) -> dict[str, Any]:
    world = context.world
    minutes = body.get("reservationDuration")
    if minutes is not None and context.anonymous:
        raise unauthorized(
            "reservationDuration can only be used for authenticated requests - use access token, api key "
            "or OAuth credentials"
        )
    event_type = world.event_types.get(body["eventTypeId"])
    if event_type is None:
        raise not_found(f"Event Type with ID={body['eventTypeId']} not found")
    length = body.get("slotDuration") or event_type["lengthInMinutes"]
    # Whether anybody is free then is not asked
    start = availability.read_moment(body["slotStart"]).astimezone(UTC)
    text, now = iso(start), iso(world.today)
    for row in reservations(world).by("eventTypeId", event_type["id"]):
        if row is not but and row["slotStart"] == text and row["until"] > now:
            raise unprocessable(
                "This time slot is already reserved by another user. Please choose a different time."
            )
    kept = MINUTES if minutes is None else minutes
    return {
        "eventTypeId": event_type["id"],
        "slotStart": text,
        "slotEnd": iso(start + timedelta(minutes=length)),
        "slotDuration": length,
        "minutes": kept,
        "until": iso(world.today + timedelta(minutes=kept)),
    }


@handles("slots.reserve", auth="optional")
def reserve(context: Context) -> dict[str, Any]:
    """Reserve: ``POST /slots/reservations``."""
    values = _values(context, context.body(*_FIELDS))
    return reservation_view(reservations(context.world).insert({"uid": context.world.ids.uuid(), **values}))


@handles("slots.get_reservation", auth="optional")
def get_reservation(context: Context) -> dict[str, Any] | None:
    """Show reservation: ``GET /slots/reservations/{uid}``."""
    row = reservations(context.world).first("uid", context.values["uid"])
    return reservation_view(row) if row else None


@handles("slots.update_reservation", auth="optional")
def update_reservation(context: Context) -> dict[str, Any]:
    """Change reservation: ``PATCH /slots/reservations/{uid}``."""
    body, uid = context.body(*_FIELDS), context.values["uid"]
    row = reservations(context.world).first("uid", uid)
    if row is None:
        raise not_found(f"Slot with uid={uid} not found")
    return reservation_view(reservations(context.world).update(row, **_values(context, body, row)))


@handles("slots.delete_reservation", auth="optional")
def delete_reservation(context: Context) -> Reply:
    """Delete reservation: ``DELETE /slots/reservations/{uid}``."""
    # Repeated or unknown, it is a success
    row = reservations(context.world).first("uid", context.values["uid"])
    if row:
        reservations(context.world).delete(row)
    return Reply({"status": "success"})

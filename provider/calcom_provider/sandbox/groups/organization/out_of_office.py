"""Serve out-of-office entries: of the organisation and of one user in it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.errors import bad_request, conflict, forbidden, missing_reference
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.groups.organization.users import members_with_profile
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World

REASONS = ("unspecified", "vacation", "travel", "sick", "public_holiday")
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d{3})?Z")
_WRITABLE = (
    v.Field("toUserId", v.integer),
    v.Field("notes", v.string),
    v.Field("reason", v.one_of(*REASONS)),
)
_is_date = v.rule("isDate", "{} must be a Date instance", lambda value: isinstance(value, datetime))


def ooo_view(row: Row) -> dict[str, Any]:
    """Show an out-of-office entry as the API does."""
    return {
        name: row[name] for name in ("userId", "toUserId", "id", "uuid", "start", "end", "notes", "reason")
    }


@handles("org_ooo.list", role="ORG_ADMIN", plan="ESSENTIALS")
def list_organization_ooo(context: Context) -> list[dict[str, Any]]:
    """List organization out-of-office entries: ``GET /organizations/{orgId}/ooo``."""
    users = members_with_profile(context.world, context.org_id)
    email = context.text("email")
    if email:
        users = [user for user in users if user["email"] == email]
    world = context.world
    key = ("ooo", context.org_id, email)
    return _page(context, world.memo(key, lambda: _entries(world, users)))


@handles("org_user_ooo.list", role="ORG_ADMIN", plan="ESSENTIALS", user_in_org=True)
def list_user_ooo(context: Context) -> list[dict[str, Any]]:
    """List user out-of-office entries: ``GET /organizations/{orgId}/users/{userId}/ooo``."""
    return _page(context, context.world.ooo.ordered("userId", context.number("userId")))


def _entries(world: World, users: list[Row]) -> list[Row]:
    rows = [row for user in users for row in world.ooo.by("userId", user["id"])]
    return sorted(rows, key=lambda row: row["id"])


def _page(context: Context, rows: list[Row]) -> list[dict[str, Any]]:
    rows, (take, skip) = list(rows), context.window()
    for name in ("sortStart", "sortEnd"):
        text = f'{name[0].upper()}{name[1:]} must be either "asc" or "desc".'
        direction = context.choice(name, ("asc", "desc"), text, take=take, skip=skip)
        if direction:
            # The later parameter wins; ties are not broken
            context.world.sort(rows, name[4:].lower(), reverse=direction == "desc")
    return [ooo_view(row) for row in rows[skip : skip + take]]


@handles("org_user_ooo.create", role="ORG_ADMIN", plan="ESSENTIALS", user_in_org=True)
def create_ooo(context: Context) -> dict[str, Any]:
    """Add out-of-office entries: ``POST /organizations/{orgId}/users/{userId}/ooo``."""
    user_id, body = context.number("userId"), _body(context, required=True)
    start, end = _days(body)
    _refuse_wrong(context.world, user_id, body, start, end)
    row = context.world.ooo.insert(
        {
            "uuid": context.world.ids.uuid(),
            "userId": user_id,
            "toUserId": body.get("toUserId"),
            "start": start,
            "end": end,
            "notes": body.get("notes"),
            "reason": body.get("reason") or "unspecified",
        }
    )
    return ooo_view(row)


@handles("org_user_ooo.update", role="ORG_ADMIN", plan="ESSENTIALS", user_in_org=True)
def update_ooo(context: Context) -> dict[str, Any]:
    """Change out-of-office entries: ``PATCH /organizations/{orgId}/users/{userId}/ooo/{oooId}``."""
    row = _own(context)
    body = _body(context, required=False)
    start, end = _days(body)
    _refuse_wrong(context.world, row["userId"], body, start, end)
    changes: dict[str, Any] = {name: body[name] for name in ("toUserId", "notes") if name in body}
    if body.get("reason"):
        # A reason can not be cleared
        changes["reason"] = body["reason"]
    if start:
        changes |= {"start": start, "end": end}
    return ooo_view(context.world.ooo.update(row, **changes))


@handles("org_user_ooo.delete", role="ORG_ADMIN", plan="ESSENTIALS", user_in_org=True)
def delete_ooo(context: Context) -> dict[str, Any]:
    """Delete out-of-office entries: ``DELETE /organizations/{orgId}/users/{userId}/ooo/{oooId}``."""
    return ooo_view(context.world.ooo.delete(_own(context)))


def _own(context: Context) -> Row:
    row = context.world.ooo.get(context.number("oooId"))
    if row is None or row["userId"] != context.number("userId"):
        # Unknown, foreign and deleted alike, never 404
        raise forbidden("This OOO entry does not belong to this user.")
    return row


def _body(context: Context, required: bool) -> dict[str, Any]:
    sent = dict(context.raw_body) if isinstance(context.raw_body, dict) else {}
    for name in ("start", "end"):
        if name in sent:
            # Also null, which other fields may be
            sent[name] = _moment(sent[name])
    dates = (v.Field("start", _is_date, required=required), v.Field("end", _is_date, required=required))
    return v.validate((*dates, *_WRITABLE), sent)


def _moment(sent: Any) -> datetime | float:
    """Read a moment: only UTC with a capital Z passes; a day too many of a month rolls over."""
    while isinstance(sent, list) and len(sent) == 1:
        # A list is taken for its text, and one of a single moment reads as that moment
        sent = sent[0]
    found = _MOMENT.fullmatch(sent) if isinstance(sent, str) else None
    if not found:
        raise bad_request("Invalid Date.")
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 60):
        return float("nan")
    moment = datetime(year, month, 1, hour, minute, second, tzinfo=UTC)
    return moment + timedelta(days=day - 1)


def _days(body: dict[str, Any]) -> tuple[str | None, str | None]:
    """Snap to whole UTC days; the time of day is discarded."""
    start, end = body.get("start"), body.get("end")
    if bool(start) != bool(end):
        raise bad_request("Please specify both ooo start and end time.")
    if not start or not end:
        return None, None
    if start > end:
        raise bad_request("Start date must be before end date.")
    return f"{start:%Y-%m-%d}T00:00:00.000Z", f"{end:%Y-%m-%d}T23:59:59.999Z"


def _refuse_wrong(
    world: World, user_id: int, body: dict[str, Any], start: str | None, end: str | None
) -> None:
    cover = body.get("toUserId")
    if start and end:
        _refuse_loop(world, user_id, cover, start, end)
        if any(row["start"] == start and row["end"] == end for row in world.ooo.by("userId", user_id)):
            # An update with unchanged dates finds the entry itself
            raise conflict("Ooo entry already exists.")
    if cover is None:
        return
    if cover == user_id:
        raise bad_request("Cannot redirect to self.")
    if cover == 0:
        # Zero passes as «none given» and fails in the database
        raise missing_reference()
    if not _may_cover(world, user_id, cover):
        raise bad_request("Cannot redirect to this user.")


def _refuse_loop(world: World, user_id: int, cover: int | None, start: str, end: str) -> None:
    """Refuse a redirect back; without a cover any overlapping entry that redirects to the user counts."""
    for row in world.ooo.by("toUserId", user_id):
        overlaps = row["start"] <= end and start <= row["end"]
        if overlaps and (not cover or row["userId"] == cover):
            raise bad_request("Booking redirect infinite not allowed.")


def _may_cover(world: World, user_id: int, cover: int) -> bool:
    shared = {row["teamId"] for row in world.memberships.by("userId", user_id) if row["accepted"]}
    return any(row["teamId"] in shared for row in world.memberships.by("userId", cover))

"""Serve the event types of users."""

from __future__ import annotations

from typing import Any

from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.errors import bad_request, forbidden, inner_call, not_found
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.core.validation import parse_int
from calcom_provider.sandbox.groups.event_types import rules as kept
from calcom_provider.sandbox.world.stores import private_links, webhooks
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World

_UNSIGNED = (
    "PermissionsGuard - no authentication provided. Provide either authorization bearer token containing "
    "managed user access token or oAuth client id in 'x-cal-client-id' header."
)


def signed_in(context: Context) -> Row:
    """Return the caller; where this guard stands first nobody is a 403, not a 401."""
    if context.anonymous:
        raise forbidden(_UNSIGNED)
    return context.caller.user


def user_by_name(context: Context, name: str) -> Row | None:
    """Find a user by the name of the account, or within an organisation by that of the profile."""
    world = context.world
    user = world.users.first("username", name)
    slug, number = context.text("orgSlug"), parse_int(context.text("orgId") or "")
    for profile in world.profiles if slug or number else ():
        organization = world.teams.get(profile["organizationId"])
        if (
            profile["username"] == name
            and organization
            and (organization["slug"] == slug or organization["id"] == number)
        ):
            return world.users.get(profile["userId"])
    return user


@handles("event_types.list", auth="optional")
def list_event_types(context: Context) -> list[dict[str, Any]]:
    """List event types: ``GET /event-types``."""
    world = context.world
    names = context.commas("usernames")
    if names:
        users = [user for name in names if (user := user_by_name(context, name))]
        if len(users) > 1:
            return [kept.group_view(world, users)]
    name = context.text("username")
    user = user_by_name(context, name) if name else None
    rows = _listed(context, user) if user else []
    if not rows:
        # Without a user name nothing is found, even by somebody signed in
        raise not_found("Event types not found")
    return [kept.user_view(world, row) for row in kept.sorted_by_creation(context, rows)]


def _listed(context: Context, user: Row) -> list[Row]:
    slug = context.text("eventSlug")
    own = not context.anonymous and context.caller.user is user
    rows = [row for row in kept.of_user(context.world, user["id"]) if slug in (None, row["slug"])]
    return [row for row in rows if own or slug or not row["hidden"]]


@handles("event_types.list", old=True)
def list_old(context: Context) -> dict[str, Any]:
    """Answer in the shape of the oldest version: groups of profiles."""
    user = context.caller.user
    profile = {"slug": user["username"], "name": user["name"], "image": user["avatarUrl"]}
    shown = [
        {
            "id": row["id"],
            "title": row["title"],
            "slug": row["slug"],
            "description": row["description"],
            "length": row["lengthInMinutes"],
            "hidden": row["hidden"],
            "userId": row["userId"],
            "teamId": None,
            "schedulingType": None,
            "price": row["price"],
            "currency": row["currency"],
            "metadata": row["metadata"],
        }
        for row in kept.of_user(context.world, user["id"])
    ]
    group = {
        "teamId": None,
        "bookerUrl": "https://cal.com",
        "membershipRole": None,
        "profile": profile,
        "metadata": {"membershipCount": 1, "readOnly": False},
        "eventTypes": shown,
    }
    return {"eventTypeGroups": [group], "profiles": [{**profile, "teamId": None}]}


@handles("event_types.get", auth="optional")
def get_event_type(context: Context) -> dict[str, Any]:
    """Show event type: ``GET /event-types/{eventTypeId}``."""
    return kept.user_view(context.world, _own(context))


@handles("event_types.get", old=True)
def get_old(context: Context) -> dict[str, Any]:
    """Show old: ``GET /event-types/{eventTypeId}``."""
    row = _own(context)
    return {
        "eventType": {
            "id": row["id"],
            "title": row["title"],
            "slug": row["slug"],
            "length": row["lengthInMinutes"],
            "userId": row["userId"],
        }
    }


def _own(context: Context) -> Row:
    number, user = context.number("eventTypeId"), signed_in(context)
    row = context.world.event_types.get(number)
    if row is None or row["userId"] != user["id"]:
        # Those of others are not found, not even by the owner of the organisation
        raise not_found(f"Event type with id {number} not found")
    return row


@handles("event_types.create", auth="optional")
def create_event_type(context: Context) -> dict[str, Any]:
    """Add event type: ``POST /event-types``."""
    user = signed_in(context)
    body = context.body(*kept.CREATE_FIELDS)
    fields = kept.stored(context, body)
    _check_schedule(context.world, user, fields)
    if any(row["slug"] == body["slug"] for row in kept.of_user(context.world, user["id"])):
        raise bad_request("User already has an event type with this slug.")
    row = kept.add(context.world, userId=user["id"], **fields)
    return kept.user_view(context.world, row, written=True)


@handles("event_types.update", auth="optional")
def update_event_type(context: Context) -> dict[str, Any]:
    """Change event type: ``PATCH /event-types/{eventTypeId}``."""
    user, row = signed_in(context), _own(context)
    fields = kept.stored(context, context.body(*kept.UPDATE_FIELDS), row)
    _check_schedule(context.world, user, fields)
    others = (one for one in kept.of_user(context.world, user["id"]) if one is not row)
    if any(other["slug"] == fields.get("slug") for other in others):
        raise inner_call(400)
    return kept.user_view(context.world, context.world.event_types.update(row, **fields), written=True)


def _check_schedule(world: World, user: Row, fields: dict[str, Any]) -> None:
    number = fields.get("scheduleId")
    schedule = world.schedules.get(number) if number is not None else None
    if number is not None and (schedule is None or schedule["userId"] != user["id"]):
        raise not_found(f"User with ID={user['id']} does not own schedule with ID={number}")


@handles("event_types.delete", auth="optional")
def delete_event_type(context: Context) -> dict[str, Any]:
    """Delete event type: ``DELETE /event-types/{eventTypeId}``."""
    number, user = context.number("eventTypeId"), signed_in(context)
    row = context.world.event_types.get(number)
    if row is None:
        raise not_found(f"Event type with ID={number} does not exist.")
    if row["userId"] != user["id"]:
        raise forbidden(f"User with ID={user['id']} does not own event type with ID={number}")
    drop(context.world, row)
    return {name: row[name] for name in ("id", "lengthInMinutes", "slug", "title")}


def drop(world: World, row: Row) -> None:
    """Delete an event type with its links, webhooks and, where it is managed, those of its hosts."""
    for table in (private_links(world), webhooks(world)):
        for hanging in table.by("eventTypeId", row["id"]):
            table.delete(hanging)
    for child in [one for one in world.event_types if one["parentEventTypeId"] == row["id"]]:
        world.event_types.delete(child)
    world.event_types.delete(row)


# -- routes that are newer than the contract ----------------


@handles("event_types.list_history")
def list_history(context: Context) -> list[dict[str, Any]]:
    """List history: ``GET /event-types/{eventTypeId}/history``."""
    _own(context)
    return []


@handles("event_types.list_crm_sync_errors")
def list_crm_errors(context: Context) -> list[dict[str, Any]]:
    """List crm errors: ``GET /event-types/{eventTypeId}/crm-sync-errors``."""
    _own(context)
    return []


@handles("event_types.get_scheduling_config")
def get_scheduling_config(context: Context) -> dict[str, Any]:
    """Show scheduling config: ``GET /event-types/{eventTypeId}/scheduling-config``."""
    row = _own(context)
    names = ("slotInterval", "minimumBookingNotice", "beforeEventBuffer", "afterEventBuffer", "bookingWindow")
    return {"eventTypeId": row["id"], **{name: row[name] for name in names}}

"""Serve the managed users of an OAuth client and their tokens."""

from __future__ import annotations

import re
from typing import Any

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.errors import bad_request, conflict, duplicate_record, inner_call, not_found
from calcom_provider.sandbox.core.paging import window
from calcom_provider.sandbox.core.platform_guards import client_of
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.groups.account.me import DAYS
from calcom_provider.sandbox.groups.account.schedules import add_schedule, time_zone
from calcom_provider.sandbox.groups.event_types import rules
from calcom_provider.sandbox.world import stores
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.tokens import new_tokens
from calcom_provider.sandbox.world.world import World

LOCALES = (
    "ar",
    "ca",
    "de",
    "es",
    "eu",
    "he",
    "id",
    "ja",
    "lv",
    "pl",
    "ro",
    "sr",
    "th",
    "vi",
    "az",
    "cs",
    "el",
    "es-419",
    "fi",
    "hr",
    "it",
    "km",
    "nl",
    "pt",
    "ru",
    "sv",
    "tr",
    "zh-CN",
    "bg",
    "da",
    "en",
    "et",
    "fr",
    "hu",
    "iw",
    "ko",
    "no",
    "pt-BR",
    "sk",
    "ta",
    "uk",
    "zh-TW",
    "bn",
)
_FIELDS = (
    v.Field(
        "timeFormat", v.rule("isIn", "{} must be a number either 12 or 24", lambda value: value in (12, 24))
    ),
    v.Field("timeZone", time_zone),
    v.Field("locale", v.one_of(*LOCALES)),
    v.Field("avatarUrl", v.url),
    v.Field("bio", v.string),
    v.Field("metadata", v.metadata),
)
_WRITTEN = ("name", "timeFormat", "weekStart", "timeZone", "locale", "avatarUrl", "bio", "metadata")
_EVENT_TYPES = (
    ("30 Minutes", "thirty-minutes", 30),
    ("60 Minutes", "sixty-minutes", 60),
    ("30 Minutes Video", "thirty-minutes-video", 30),
    ("60 Minutes Video", "sixty-minutes-video", 60),
)


def managed_view(user: Row) -> dict[str, Any]:
    """Show a managed user as the API does."""
    names = (
        "id",
        "email",
        "username",
        "name",
        "bio",
        "timeZone",
        "weekStart",
        "createdDate",
        "timeFormat",
        "defaultScheduleId",
        "locale",
        "avatarUrl",
    )
    view = {name: user[name] for name in names}
    return view if user["metadata"] is None else {**view, "metadata": user["metadata"]}


def long_address(email: str, client_id: str) -> str:
    """Write the address under which a managed user is kept."""
    local, _, domain = email.partition("@")
    return email if local.endswith(f"+{client_id}") else f"{local}+{client_id}@{domain}"


def _user_name(email: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", email.lower()).strip("-")


def managed_users(world: World, client_id: str) -> list[Row]:
    """Return the users that an OAuth client manages."""
    return world.memo(
        ("managed", client_id), lambda: [u for u in world.users.ordered() if u["clientId"] == client_id]
    )  # type: ignore[no-any-return]


# -- tokens ----------------


@handles("oauth.refresh")
def refresh(context: Context) -> dict[str, Any]:
    """Refresh: ``POST /oauth/{clientId}/refresh``."""
    client = client_of(context, "ADMIN")
    sent = context.body(v.Field("refreshToken", v.string, required=True))["refreshToken"]
    world = context.world
    row = next((one for one in world.access_tokens if one["refreshToken"] == sent), None)
    if row is None or row["clientId"] != client["id"]:
        raise bad_request("Invalid refresh token")
    user = world.users.get(row["userId"])
    assert user is not None
    # Only the refresh token dies; the access token works on until it expires
    world.access_tokens.update(row, refreshToken=None)
    return new_tokens(world, user, client["id"])


@handles("oauth_client_users.force_refresh")
def force_refresh(context: Context) -> dict[str, Any]:
    """Force refresh: ``POST /oauth-clients/{clientId}/users/{userId}/force-refresh``."""
    client = client_of(context, "ADMIN")
    user, world = _find(context, client), context.world
    for row in world.access_tokens.by("userId", user["id"]):
        if row["clientId"] == client["id"]:
            world.access_tokens.delete(row)
    return new_tokens(world, user, client["id"])


# -- users ----------------


@handles("oauth_client_users.list")
def list_users(context: Context) -> list[dict[str, Any]]:
    """List users: ``GET /oauth-clients/{clientId}/users``."""
    client = client_of(context, "ADMIN")
    # The offset ends at 250: of more than 500 users the rest can not be reached by pages
    size, skip = window(context, 50, ("limit", "offset"), skip_maximum=250)
    rows = managed_users(context.world, client["id"])
    emails = context.commas("emails")
    if emails is not None:
        emails = [email.strip() for email in emails]
        for email in emails:
            if not v.is_email(email):
                raise bad_request(f"Invalid email {email}")
        wanted = {long_address(email, client["id"]) for email in emails}
        rows = [row for row in rows if row["email"] in wanted]
    return [managed_view(row) for row in rows[skip : skip + size]]


def _find(context: Context, client: Row) -> Row:
    number = context.number("userId")
    user = context.world.users.get(number)
    if user is None or user["clientId"] != client["id"]:
        raise not_found(f"User with ID {number} is not part of this OAuth client.")
    return user


@handles("oauth_client_users.get")
def get_user(context: Context) -> dict[str, Any]:
    """Show user: ``GET /oauth-clients/{clientId}/users/{userId}``."""
    return managed_view(_find(context, client_of(context, "ADMIN")))


@handles("oauth_client_users.create")
def create_user(context: Context) -> dict[str, Any]:
    """Add user: ``POST /oauth-clients/{clientId}/users``."""
    client, world = client_of(context, "ADMIN"), context.world
    body = context.body(
        v.Field("email", v.string, required=True),
        v.Field("name", v.string, required=True),
        v.Field("weekStart", v.string),
        *_FIELDS,
    )
    if not v.is_email(body["email"]):
        raise inner_call(400)
    email = long_address(body["email"], client["id"])
    held = world.users.first("email", email)
    if held:
        raise conflict(f"User with the provided e-mail already exists. Existing user ID={held['id']}")
    if world.users.first("email", email.lower()):
        # Found by the database alone, so the id is not told
        raise duplicate_record()
    user = add_managed_user(
        world, client, email.lower(), **{name: body[name] for name in _WRITTEN if name in body}
    )
    return {"user": managed_view(user), **new_tokens(world, user, client["id"])}


def add_managed_user(world: World, client: Row, email: str, **fields: Any) -> Row:
    """Add a user that an OAuth client manages."""
    zone = fields.get("timeZone")
    given = {name: value for name, value in fields.items() if value is not None}
    user = world.add_user(email, username=_user_name(email), clientId=client["id"], **given)
    user["invitedTo"] = client["organizationId"]
    world.add_profile(user, client["organizationId"])
    world.add_membership(user, client["organizationId"])
    if zone:
        add_schedule(world, user, "Default schedule", zone, default=True)
    if client["areDefaultEventTypesEnabled"]:
        for title, slug, minutes in _EVENT_TYPES:
            places = [{"type": "integration", "integration": "cal-video"}] if "Video" in title else []
            rules.add(
                world,
                userId=user["id"],
                title=title,
                slug=slug,
                lengthInMinutes=minutes,
                locations=places,
                titleField=False,
            )
    return user


@handles("oauth_client_users.update")
def update_user(context: Context) -> dict[str, Any]:
    """Change user: ``PATCH /oauth-clients/{clientId}/users/{userId}``."""
    client, world = client_of(context, "ADMIN"), context.world
    # A change of the default schedule is not checked at all
    body = context.body(
        v.Field("email", v.email),
        v.Field("name", v.string),
        v.Field("weekStart", v.one_of(*DAYS, rule_name="isIn")),
        v.Field("defaultScheduleId", v.number),
        *_FIELDS,
    )
    user = _find(context, client)
    changes = {name: body[name] for name in (*_WRITTEN, "defaultScheduleId") if name in body}
    if body.get("email"):
        email = long_address(body["email"], client["id"])
        held = world.users.first("email", email)
        if held and held is not user:
            raise duplicate_record()
        changes |= {"email": email, "username": _user_name(email)}
    return managed_view(world.users.update(user, **changes))


@handles("oauth_client_users.delete")
def delete_user(context: Context) -> dict[str, Any]:
    """Delete the account itself with all that hangs on it."""
    user = _find(context, client_of(context, "ADMIN"))
    view = managed_view(user)
    for table in (stores.bookings(context.world), stores.webhooks(context.world), context.world.event_types):
        for row in table.by("userId", user["id"]):
            table.delete(row)
    context.world.drop_user(user)
    return view

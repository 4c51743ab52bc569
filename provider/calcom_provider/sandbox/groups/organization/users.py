"""Serve the users of an organisation: what has a profile in it."""

from __future__ import annotations

import re
from typing import Any

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.errors import (
    conflict,
    database_error,
    duplicate_record,
    inner_call,
    invalid,
    not_found,
)
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import ROLES, World

_HIDDEN = {"metadata", "organizationId", "clientId"}

_PROFILE_FIELDS = (
    v.Field("locale", v.string, default="en"),
    v.Field("organizationRole", v.one_of(*ROLES), default="MEMBER"),
    v.Field("autoAccept", v.boolean, default=True),
    v.Field("username", v.string),
    v.Field("weekday", v.string),
    v.Field("brandColor", v.string),
    v.Field("darkBrandColor", v.string),
    v.Field("hideBranding", v.boolean),
    v.Field("timeZone", v.time_zone),
    v.Field("theme", v.string),
    v.Field("appTheme", v.string),
    v.Field("timeFormat", v.number),
    v.Field("defaultScheduleId", v.number),
    v.Field("bio", v.string),
    v.Field("avatarUrl", v.string),
    v.Field("metadata", v.metadata),
)
# An update has no defaults
_UPDATE_FIELDS = tuple(v.Field(field.name, field.check) for field in _PROFILE_FIELDS)
_STORED = {field.name for field in _PROFILE_FIELDS} - {
    "organizationRole",
    "autoAccept",
    "username",
    "weekday",
}


def user_view(world: World, user: Row, organization_id: int) -> dict[str, Any]:
    """Show a user of an organisation as the API does."""
    view = {name: value for name, value in user.items() if name not in _HIDDEN}
    if user["metadata"] is not None:
        view["metadata"] = user["metadata"]
    profile = world.profile(user["id"], organization_id)
    if profile:
        view["profile"] = {name: profile[name] for name in ("id", "organizationId", "userId", "username")}
    return view


def members_with_profile(world: World, organization_id: int) -> list[Row]:
    """List the accounts with a profile in the organisation, by account id. Do not change the list."""
    return world.memo(("members", organization_id), lambda: _members(world, organization_id))  # type: ignore[no-any-return]


def _members(world: World, organization_id: int) -> list[Row]:
    profiles = world.profiles.by("organizationId", organization_id)
    users = [user for profile in profiles if (user := world.users.get(profile["userId"]))]
    # With a physical order asked for, users come as their rows lie
    return sorted(users, key=lambda user: 0 if world.users.physical else user["id"])


@handles("org_users.list", role="ORG_ADMIN", plan="ESSENTIALS")
def list_users(context: Context) -> list[dict[str, Any]]:
    """List users: ``GET /organizations/{orgId}/users``."""
    world, org_id = context.world, context.org_id
    options, emails = context.commas("assignedOptionIds"), context.many("emails")
    echoed: dict[str, Any] = {} if options is None else {"assignedOptionIds": options}
    operators = ("OR", "AND", "NONE")
    text = f"attributeQueryOperator must be one of the following values: {', '.join(operators)}"
    operator = context.choice("attributeQueryOperator", operators, text, rule="isIn", **echoed)
    echoed["attributeQueryOperator"] = operator or "AND"
    if "emails" in context.query and not all(v.is_email(email) for email in emails):
        broken = {"IsEmailStringOrArray": "Please submit only valid email addresses"}
        raise invalid([v.complaint({**echoed, "emails": emails}, "emails", emails, broken)])
    teams = context.numbers("teamIds", **echoed)
    size, skip = context.window(maximum=1000, empty_is_default=False, echoed=echoed)
    if options and emails:
        # The query over assignments knows no e-mail column
        raise database_error()
    users = (
        _holders(world, org_id, options, operator or "AND")
        if options
        else members_with_profile(world, org_id)
    )
    if emails:
        wanted = set(emails)
        users = [user for user in users if user["email"] in wanted]
    if teams is not None:
        in_teams = {row["userId"] for team in teams for row in world.memberships.by("teamId", team)}
        users = [user for user in users if user["id"] in in_teams]
    return [user_view(world, user, org_id) for user in users[skip : skip + size]]


def _holders(world: World, org_id: int, options: list[str], operator: str) -> list[Row]:
    """Find users by assignments, in the order of the assignments' keys.

    ``NONE`` looks at assignment rows: it finds whoever holds any option outside the list.
    """
    listed = set(options)
    rows: list[tuple[str, int]] = []
    held: dict[int, set[str]] = {}
    for membership in world.memberships.by("teamId", org_id):
        for row in world.assignments.by("memberId", membership["id"]):
            held.setdefault(membership["userId"], set()).add(row["attributeOptionId"])
            if (row["attributeOptionId"] in listed) != (operator == "NONE"):
                rows.append((row["id"], membership["userId"]))
    found: dict[int, None] = {}
    for _, user_id in sorted(rows):
        if operator != "AND" or listed <= held[user_id]:
            found.setdefault(user_id)
    users = [world.users.get(user_id) for user_id in found]
    return [user for user in users if user]


@handles("org_users.create", role="ORG_ADMIN", plan="ESSENTIALS")
def create_user(context: Context) -> dict[str, Any]:
    """Add user: ``POST /organizations/{orgId}/users``."""
    body = context.body(v.Field("email", v.every(v.email, v.string), required=True), *_PROFILE_FIELDS)
    world, org_id = context.world, context.org_id
    email = body["email"].lower()
    held = world.users.first("email", email)
    if held:
        if world.profile(held["id"], org_id):
            raise conflict("A user already exists with that email")
        raise duplicate_record()
    if "username" in body:
        # The name is taken for the address of the invitation
        raise inner_call(400)
    slug = re.sub(r"[^a-z0-9]+", "-", f"{email.split('@')[0]}-{email.split('@')[1].split('.')[0]}")
    user = world.add_user(email, username=slug, verified=True, invitedTo=org_id)
    world.add_profile(user, org_id)
    world.add_membership(user, org_id, body["organizationRole"], accepted=body["autoAccept"])
    if "weekday" in body:
        # No such column: the account exists, yet the answer is an error
        raise database_error()
    stored = {name: value for name, value in body.items() if name in _STORED and name != "locale"}
    if "locale" in (context.raw_body or {}):
        stored["locale"] = body["locale"]
    world.users.update(user, **stored)
    return user_view(world, user, org_id)


@handles("org_users.update", role="ORG_ADMIN", plan="ESSENTIALS", user_in_org=True)
def update_user(context: Context) -> dict[str, Any]:
    """Change user: ``PATCH /organizations/{orgId}/users/{userId}``."""
    user = _member(context)
    body = context.body(v.Field("email", v.email), *_UPDATE_FIELDS)
    if "weekday" in body:
        raise database_error()
    if "email" in body and body["email"] != user["email"]:
        if context.world.users.has("email", body["email"]):
            raise duplicate_record()
        context.world.users.update(user, email=body["email"])
    context.world.users.update(user, **{name: value for name, value in body.items() if name in _STORED})
    return user_view(context.world, user, context.org_id)


@handles("org_users.delete", role="ORG_ADMIN", plan="ESSENTIALS", user_in_org=True)
def delete_user(context: Context) -> dict[str, Any]:
    """Delete the whole account, not only its place in the organisation."""
    user = _member(context)
    view = user_view(context.world, user, context.org_id)
    context.world.drop_user(user)
    return view


def _member(context: Context) -> Row:
    user = context.world.users.get(context.number("userId"))
    if user is None or user["organizationId"] != context.org_id:
        raise not_found("User not found")
    return user

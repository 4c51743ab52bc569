"""Serve the memberships of an organisation."""

from __future__ import annotations

import math
from typing import Any

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.errors import database_error, missing_reference, not_found
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import ROLES, World

_KINDS = {"TEXT": "text", "NUMBER": "number", "SINGLE_SELECT": "singleSelect", "MULTI_SELECT": "multiSelect"}


def membership_view(world: World, row: Row) -> dict[str, Any]:
    """Show a membership as the API does."""
    user = world.users.get(row["userId"])
    assert user is not None
    shown = {name: user[name] for name in ("username", "email", "avatarUrl", "name", "bio")}
    if user["metadata"] is not None:
        shown["metadata"] = user["metadata"]
    return {
        "id": row["id"], "teamId": row["teamId"], "userId": row["userId"], "accepted": row["accepted"],
        "role": row["role"], "customRoleId": f"{row['role'].lower()}_role",
        "disableImpersonation": row["disableImpersonation"], "createdAt": row["createdAt"],
        "updatedAt": row["updatedAt"], "user": shown, "attributes": _attributes(world, row),
    }  # fmt: skip


def _attributes(world: World, row: Row) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for assignment in world.assignments.ordered("memberId", row["id"]):
        option = world.options.get(assignment["attributeOptionId"])
        attribute = world.attributes.get(option["attributeId"]) if option else None
        if option is None or attribute is None:
            continue
        kind = _KINDS[attribute["type"]]
        view = {"id": attribute["id"], "name": attribute["name"]}
        if kind == "multiSelect":
            held = found.setdefault(attribute["id"], {**view, "options": [], "type": kind})
            held["options"].append({"optionId": option["id"], "option": option["value"]})
        elif attribute["id"] not in found:
            # Only one value is shown, whatever number is assigned
            value = _number(option["value"]) if kind == "number" else option["value"]
            found[attribute["id"]] = {**view, "optionId": option["id"], "option": value, "type": kind}
    return list(found.values())


def _number(text: str) -> float | int | None:
    value = v.strict_number(text)
    if value is None or math.isnan(value) or math.isinf(value):
        return None
    return int(value) if value == int(value) else value


@handles("org_memberships.list", role="ORG_ADMIN", plan="ESSENTIALS")
def list_memberships(context: Context) -> list[dict[str, Any]]:
    """List memberships: ``GET /organizations/{orgId}/memberships``."""
    rows = context.page(context.world.memberships.ordered("teamId", context.org_id))
    return [membership_view(context.world, row) for row in rows]


@handles("org_memberships.get", role="ORG_ADMIN", plan="ESSENTIALS")
def get_membership(context: Context) -> dict[str, Any]:
    """Show membership: ``GET /organizations/{orgId}/memberships/{membershipId}``."""
    return membership_view(context.world, _membership(context))


@handles("org_memberships.create", role="ORG_ADMIN", plan="ESSENTIALS")
def create_membership(context: Context) -> dict[str, Any]:
    """Add a member, or overwrite one: what is left out falls back to its default."""
    body = context.body(
        v.Field("userId", v.integer, required=True),
        v.Field("accepted", v.boolean, default=False),
        v.Field("role", v.one_of(*ROLES), required=True, default="MEMBER"),
        v.Field("disableImpersonation", v.boolean, default=False),
    )
    world = context.world
    user = world.users.get(body["userId"])
    if user is None:
        raise missing_reference()
    fields = {name: body[name] for name in ("accepted", "role", "disableImpersonation")}
    held = world.membership(user["id"], context.org_id)
    if held:
        row = world.memberships.update(held, **fields, updatedAt=world.now())
    else:
        # No profile is made: the member is in no list of users
        row = world.add_membership(user, context.org_id, **fields)
    return membership_view(world, row)


@handles("org_memberships.update", role="ORG_ADMIN", plan="ESSENTIALS")
def update_membership(context: Context) -> dict[str, Any]:
    """Change membership: ``PATCH /organizations/{orgId}/memberships/{membershipId}``."""
    row = _membership(context)
    body = context.body(
        v.Field("accepted", v.boolean),
        v.Field("role", v.one_of(*ROLES)),
        v.Field("disableImpersonation", v.boolean),
    )
    if None in body.values():
        raise database_error()
    if body:
        body["updatedAt"] = context.world.now()
    return membership_view(context.world, context.world.memberships.update(row, **body))


@handles("org_memberships.delete", role="ORG_ADMIN", plan="ESSENTIALS")
def delete_membership(context: Context) -> dict[str, Any]:
    """Remove a member with all that belongs to them; the account stays under another name."""
    row, world = _membership(context), context.world
    view = membership_view(world, row)
    user = world.users.get(row["userId"])
    assert user is not None
    profile = world.profile(user["id"], context.org_id)
    if profile:
        world.profiles.delete(profile)
    for team in world.teams.by("parentId", context.org_id):
        in_team = world.membership(user["id"], team["id"])
        if in_team:
            world.memberships.delete(in_team)
    world.drop_membership(row)
    world.users.update(user, username=f"{user['username']}-{user['id']}", organizationId=None)
    return view


def _membership(context: Context) -> Row:
    number = context.number("membershipId")
    row = context.world.memberships.get(number)
    if row is None or row["teamId"] != context.org_id:
        raise not_found(f"IsMembershipInOrg - Membership ({number}) not found.")
    return row

"""Serve the options of attributes and their assignment to members.

Nothing is unique here but the pair of member and option: values repeat, a select attribute takes several
options, and assigning a value always makes a new option.
"""

from __future__ import annotations

from typing import Any

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.errors import (
    bad_request,
    database_error,
    duplicate_record,
    missing_record,
    missing_reference,
    not_found,
    plain,
)
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.groups.organization.attribute_assignments import (
    WEIGHT,
    WITH_WEIGHTS,
    assigned,
    unassigned,
)
from calcom_provider.sandbox.world.slugs import slugify
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World

_OPTION = (
    v.Field("value", v.every(v.string, v.not_empty), required=True),
    v.Field("slug", v.every(v.string, v.not_empty), required=True),
)


def assignment_view(row: Row) -> dict[str, Any]:
    """Show an assignment as the API does."""
    empty = dict.fromkeys(("createdById", "createdByDSyncId", "updatedById", "updatedByDSyncId"))
    return {"updatedAt": row["createdAt"], **empty, **row}


@handles("org_attribute_options.list", role="ORG_MEMBER", plan="ESSENTIALS")
def list_options(context: Context) -> list[Row]:
    """List options: ``GET /organizations/{orgId}/attributes/{attributeId}/options``."""
    # All rows, unsorted and unpaged: an updated option is the last one; the attribute's organisation is not
    # asked for
    return context.world.options.by("attributeId", context.values["attributeId"])


@handles("org_attribute_options.create", role="ORG_ADMIN", plan="ESSENTIALS")
def create_option(context: Context) -> Row:
    """Add option: ``POST /organizations/{orgId}/attributes/{attributeId}/options``."""
    body = context.body(*_OPTION)
    if context.values["attributeId"] not in context.world.attributes:
        raise missing_reference()
    return context.world.add_option(context.values["attributeId"], body["value"], body["slug"])


@handles("org_attribute_options.update", role="ORG_ADMIN", plan="ESSENTIALS")
def update_option(context: Context) -> Row:
    """Change option: ``PATCH /organizations/{orgId}/attributes/{attributeId}/options/{optionId}``."""
    body = context.body(v.Field("value", v.string), v.Field("slug", v.string))
    row = _option(context)
    if row is None:
        raise missing_record()
    return context.world.options.update(row, **body)


@handles("org_attribute_options.delete", role="ORG_ADMIN", plan="ESSENTIALS")
def delete_option(context: Context) -> Row:
    """Delete option: ``DELETE /organizations/{orgId}/attributes/{attributeId}/options/{optionId}``."""
    row = _option(context)
    if row is None:
        raise not_found("Attribute option not found")
    context.world.drop_option(row)
    return row


@handles("org_attribute_options.list_assigned", role="ORG_MEMBER", plan="ESSENTIALS")
def list_assigned(context: Context) -> list[dict[str, Any]]:
    """List assigned: ``GET /organizations/{orgId}/attributes/{attributeId}/options/assigned``."""
    attribute = context.world.attributes.get(context.values["attributeId"])
    return _assigned(context, attribute)


@handles("org_attribute_options.list_assigned_by_slug", role="ORG_MEMBER", plan="ESSENTIALS")
def list_assigned_by_slug(context: Context) -> list[dict[str, Any]]:
    """Answer ``GET /organizations/{orgId}/attributes/slugs/{attributeSlug}/options/assigned``."""
    rows = context.world.attributes.by("teamId", context.org_id)
    slug = context.values["attributeSlug"]
    return _assigned(context, next((row for row in rows if row["slug"] == slug), None))


def _assigned(context: Context, attribute: Row | None) -> list[dict[str, Any]]:
    """Page over assigned options by uuid; the holders of one are not paged, and all are named whatever is
    asked."""
    world = context.world
    teams, wanted = context.numbers("teamIds"), context.commas("assignedOptionIds")
    take, skip = _unchecked(context, "take", 250), _unchecked(context, "skip", 0)
    if skip < 0:
        raise database_error()
    if attribute is None or attribute["teamId"] != context.org_id:
        return []
    holders = world.memo(("holders", attribute["id"]), lambda: _holders(world, attribute))
    rows = list(holders.values())
    if teams is not None:
        in_teams = {row["userId"] for team in teams for row in world.memberships.by("teamId", team)}
        rows = [(option, users) for option, users in rows if in_teams.intersection(users)]
    # A negative page size counts from the end
    rows = rows[skip : skip + take] if take >= 0 else rows[::-1][skip : skip - take][::-1]
    if wanted is not None:
        # Filtered after paging: a short page is not the last one
        having = {user for option in wanted for user in holders.get(option, (None, []))[1]}
        having |= _holders_elsewhere(context, wanted, holders)
        rows = [(option, users) for option, users in rows if having.intersection(users)]
    return [
        {**{name: option[name] for name in ("id", "attributeId", "value", "slug")}, "assignedUserIds": users}
        for option, users in rows
    ]


def _holders(world: World, attribute: Row) -> dict[str, tuple[Row, list[int]]]:
    """Map the assigned options of an attribute to their holders, in uuid order."""
    found = {}
    for option in world.options.ordered("attributeId", attribute["id"]):
        held = world.assignments.by("attributeOptionId", option["id"])
        members = [world.memberships.get(row["memberId"]) for row in held]
        users = sorted(
            member["userId"] for member in members if member and member["teamId"] == attribute["teamId"]
        )
        if users:
            found[option["id"]] = (option, users)
    return found


def _holders_elsewhere(context: Context, wanted: list[str], known: dict[str, Any]) -> set[int]:
    world, found = context.world, set()
    for option_id in wanted:
        if option_id not in known:
            for row in world.assignments.by("attributeOptionId", option_id):
                member = world.memberships.get(row["memberId"])
                if member:
                    found.add(member["userId"])
    return found


def _unchecked(context: Context, name: str, default: int) -> int:
    text = context.text(name)
    if text is None or text == "":
        return default
    value = v.parse_int(text)
    if value is None:
        raise database_error()
    return value


@handles("org_attribute_options.list_for_user", role="ORG_MEMBER", plan="ESSENTIALS")
def list_for_user(context: Context) -> list[Row]:
    """List for user: ``GET /organizations/{orgId}/attributes/options/{userId}``."""
    world, user_id = context.world, context.parsed_number("userId")
    found = []
    for membership in world.memberships.by("userId", user_id):
        for assignment in world.assignments.by("memberId", membership["id"]):
            option = world.options.get(assignment["attributeOptionId"])
            attribute = world.attributes.get(option["attributeId"]) if option else None
            if option and attribute and attribute["teamId"] == context.org_id:
                found.append(option)
    return found


@handles("org_attribute_options.assign", role="ORG_ADMIN", plan="ESSENTIALS")
def assign(context: Context) -> dict[str, Any]:
    """Assign: ``POST /organizations/{orgId}/attributes/options/{userId}``."""
    user_id = context.parsed_number("userId")
    body = context.body(
        v.Field("attributeId", v.every(v.string, v.not_empty), required=True),
        v.Field("value", v.every(v.string, v.not_empty)),
        v.Field("attributeOptionId", v.every(v.string, v.not_empty)),
        *(() if WITH_WEIGHTS in context.world.absent else (WEIGHT,)),
    )
    world = context.world
    attribute = world.attributes.get(body["attributeId"])
    if attribute is None or attribute["teamId"] != context.org_id:
        raise not_found("Attribute not found")
    membership = _membership(context, user_id)
    if not membership["accepted"]:
        raise not_found("User is not a member of the organization")
    option_id = body.get("attributeOptionId")
    if not option_id:
        # The option goes before the value when both are given
        if body.get("value") is None:
            raise plain()
        if attribute["type"].endswith("_SELECT"):
            raise bad_request("Attribute type does not support value")
        option_id = world.add_option(attribute["id"], body["value"], slugify(body["value"]))["id"]
    elif option_id not in world.options:
        raise missing_reference()
    if any(
        row["attributeOptionId"] == option_id for row in world.assignments.by("memberId", membership["id"])
    ):
        raise duplicate_record()
    row = world.assign(membership, option_id, body.get("weight"))
    assigned(world, row, context.caller.user)
    return assignment_view(row)


@handles("org_attribute_options.unassign", role="ORG_MEMBER", plan="ESSENTIALS")
def unassign(context: Context) -> dict[str, Any]:
    """Take an option from anybody: any member may. The option row stays, also when nobody holds it."""
    user_id = context.parsed_number("userId")
    membership = _membership(context, user_id)
    for row in context.world.assignments.by("memberId", membership["id"]):
        if row["attributeOptionId"] == context.values["attributeOptionId"]:
            unassigned(context.world, row, context.caller.user)
            return assignment_view(context.world.assignments.delete(row))
    raise not_found("Attribute does not belong to this user")


def _membership(context: Context, user_id: int) -> Row:
    row = context.world.membership(user_id, context.org_id)
    if row is None:
        text = f"Membership for user with id {user_id} within organization id {context.org_id} not found"
        raise not_found(text)
    return row


def _option(context: Context) -> Row | None:
    row = context.world.options.get(context.values["optionId"])
    return row if row and row["attributeId"] == context.values["attributeId"] else None

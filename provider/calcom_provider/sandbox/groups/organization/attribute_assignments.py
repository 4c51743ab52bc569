"""Serve what newer builds add to assignments: weights, and the history of a member's assignments.

Known from documents only. Assignments of the seed have no entry of their own in the log; their row tells it.
"""

from __future__ import annotations

from typing import Any

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.errors import bad_request, not_found
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.world.tables import Row, Table
from calcom_provider.sandbox.world.world import World

WEIGHT = v.Field("weight", v.every(v.at_least(0), v.integer))
WITH_WEIGHTS = "org_attribute_options.update_assignment"


def log(world: World) -> Table:
    """Return the table of what was assigned when."""
    return world.table("assignment_log", key="uuid", indexes=("memberId",))


def _side(world: World, row: Row) -> dict[str, Any]:
    option = world.options.get(row["attributeOptionId"]) or {"slug": None, "value": None}
    return {
        "optionId": row["attributeOptionId"],
        "optionSlug": option["slug"],
        "value": option["value"],
        "weight": row["weight"],
    }


Sides = tuple[dict[str, Any] | None, dict[str, Any] | None]
"""What was held before and what is held after a change; None for nothing."""


def note(world: World, row: Row, actor: Row | None, sides: Sides) -> Row:
    """Write an entry of the log.

    :param row: the assignment.
    :param actor: who changed it, None for the time before the log.
    :param sides: what was held before and after.
    """
    return log(world).insert(_entry(world, row, actor, sides, world.now()))


def _beginning(world: World, row: Row) -> Row:
    """Make the entry of an assignment that is older than the log."""
    return {"id": row["id"], **_entry(world, row, None, (None, _side(world, row)), row["createdAt"])}


def _entry(world: World, row: Row, actor: Row | None, sides: Sides, moment: str) -> Row:
    option = world.options.get(row["attributeOptionId"])
    attribute = world.attributes.get(option["attributeId"]) if option else None
    shown = {name: attribute[name] for name in ("id", "slug", "name", "type")} if attribute else None
    who = {
        "type": "USER" if actor else "SYSTEM",
        "displayName": actor["name"] if actor else "System",
        "displayEmail": actor["email"] if actor else None,
        "displayAvatar": actor["avatarUrl"] if actor else None,
    }
    return {
        "memberId": row["memberId"],
        "assignmentId": row["id"],
        "timestamp": moment,
        "source": "API_V2" if actor else "SYSTEM",
        "actor": who,
        "sourceContext": None,
        "changes": [{"type": "VALUE_CHANGED", "attribute": shown, "previous": sides[0], "current": sides[1]}],
        "hasError": False,
    }


def assigned(world: World, row: Row, actor: Row) -> None:
    """Note a new assignment."""
    note(world, row, actor, (None, _side(world, row)))


def unassigned(world: World, row: Row, actor: Row) -> None:
    """Note that an assignment was taken away; one from before the log gets its beginning noted first."""
    known = any(entry["assignmentId"] == row["id"] for entry in log(world).by("memberId", row["memberId"]))
    if not known:
        log(world).insert(_beginning(world, row))
    note(world, row, actor, (_side(world, row), None))


@handles("org_attribute_options.update_assignment", role="ORG_ADMIN", plan="ESSENTIALS")
def update_assignment(context: Context) -> dict[str, Any]:
    """Change assignment: ``PATCH /organizations/{orgId}/attributes/options/{userId}/{attributeOptionId}``."""
    user_id, world = context.parsed_number("userId"), context.world
    body = context.body(v.Field("weight", WEIGHT.check, required=True))
    membership = world.membership(user_id, context.org_id)
    for row in world.assignments.by("memberId", membership["id"]) if membership else ():
        if row["attributeOptionId"] == context.values["attributeOptionId"]:
            before = _side(world, row)
            world.assignments.update(row, weight=body["weight"], updatedAt=world.now())
            note(world, row, context.caller.user, (before, _side(world, row)))
            empty = dict.fromkeys(("createdById", "createdByDSyncId", "updatedById", "updatedByDSyncId"))
            return {**empty, **row}
    raise not_found("Attribute does not belong to this user")


@handles("org_attribute_assignments.list_history", role="ORG_ADMIN", plan="ESSENTIALS")
def list_history(context: Context) -> dict[str, Any]:
    """List the changes of a member's assignments, newest first, by cursor."""
    user_id, world = context.parsed_number("userId"), context.world
    membership = world.membership(user_id, context.org_id)
    if membership is None:
        text = f"Membership for user with id {user_id} within organization id {context.org_id} not found"
        raise not_found(text)
    size, _ = context.window(maximum=50, default=25, names=("limit", "skip"))
    entries = _history(world, membership)
    cursor, start = context.text("cursor"), 0
    if cursor:
        start = next((place + 1 for place, entry in enumerate(entries) if entry["id"] == cursor), -1)
        if start < 0:
            raise bad_request("Invalid cursor")
    page = entries[start : start + size]
    more = len(entries) > start + size
    hidden = ("memberId", "assignmentId")
    return {
        "userId": user_id,
        "membershipId": membership["id"],
        "auditLogs": [{k: value for k, value in entry.items() if k not in hidden} for entry in page],
        "hasMore": more,
        "nextCursor": page[-1]["id"] if more else None,
    }


def _history(world: World, membership: Row) -> list[Row]:
    noted = log(world).by("memberId", membership["id"])
    known = {entry["assignmentId"] for entry in noted}
    older = [
        _beginning(world, row)
        for row in world.assignments.by("memberId", membership["id"])
        if row["id"] not in known
    ]
    return sorted([*older, *noted], key=lambda entry: (entry["timestamp"], entry["id"]), reverse=True)

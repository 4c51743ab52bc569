"""Serve the event types of teams, inside and outside of organisations."""

from __future__ import annotations

from typing import Any

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.errors import bad_request, invalid, not_found
from calcom_provider.sandbox.core.nested import list_complaint
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.groups.event_types import rules as kept
from calcom_provider.sandbox.groups.event_types.of_users import drop
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World

_KINDS = ("ROUND_ROBIN", "COLLECTIVE", "MANAGED")
_SPELLINGS = {
    "ROUND_ROBIN": "roundRobin",
    "COLLECTIVE": "collective",
    "MANAGED": "managed",
    "roundRobin": "roundRobin",
    "collective": "collective",
    "managed": "managed",
}
_scheduling = v.rule(
    "isEnum",
    # The text lists what is kept, though what is sent is spelt otherwise
    "{} must be one of the following values: " + ", ".join(_KINDS),
    lambda value: isinstance(value, str) and value in _SPELLINGS,
)
_HOST = (
    v.Field("userId", v.integer, required=True),
    v.Field("mandatory", v.boolean),
    v.Field("priority", v.one_of(*kept.PRIORITIES)),
)
_TEAM_FIELDS = (v.Field("hosts", v.array), v.Field("assignAllTeamMembers", v.boolean))
_CREATE = (v.Field("schedulingType", _scheduling, required=True), *kept.CREATE_FIELDS, *_TEAM_FIELDS)
_UPDATE = (v.Field("schedulingType", _scheduling), *kept.UPDATE_FIELDS, *_TEAM_FIELDS)
_VIDEO = [{"type": "integration", "integration": "cal-video"}]


def of_team(world: World, team_id: int) -> list[Row]:
    """Return the event types of a team."""
    return world.event_types.ordered("teamId", team_id)


@handles("org_team_event_types.list_all", role="ORG_ADMIN", plan="ESSENTIALS")
def list_all(context: Context) -> list[dict[str, Any]]:
    """List the event types of all teams, as the contract has it."""
    world = context.world
    rows = [
        row for team in world.teams.ordered("parentId", context.org_id) for row in of_team(world, team["id"])
    ]
    rows.sort(key=lambda row: row["id"])
    rows = kept.sorted_by_creation(context, rows)
    return [kept.team_view(world, row, listed=True) for row in context.page(rows)]


def _list(context: Context) -> list[dict[str, Any]]:
    world, slug = context.world, context.text("eventSlug")
    rows = [row for row in of_team(world, context.number("teamId")) if slug in (None, row["slug"])]
    return [kept.team_view(world, row, listed=True) for row in kept.sorted_by_creation(context, rows)]


def _get(context: Context) -> dict[str, Any]:
    number = context.number("eventTypeId")
    row = kept.find(context.world, number)
    if row["teamId"] != context.number("teamId"):
        raise not_found(f"Event type with id {number} not found")
    return kept.team_view(context.world, row)


def _create(context: Context) -> Any:
    world, team_id = context.world, context.number("teamId")
    body = _body(context, _CREATE)
    _refuse_taken_slug(world, team_id, body["slug"])
    fields = kept.stored(context, body)
    fields["schedulingType"] = _SPELLINGS[body["schedulingType"]]
    fields.setdefault("locations", _VIDEO)
    fields["hosts"] = _hosts(world, team_id, body)
    row = kept.add(world, teamId=team_id, **fields)
    if row["schedulingType"] != "managed":
        return kept.team_view(world, row)
    # A managed one answers with a list: itself and one event type for each host
    children = [_child(world, row, host["userId"]) for host in row["hosts"]]
    return [kept.team_view(world, one) for one in (row, *children)]


def _child(world: World, parent: Row, user_id: int) -> Row:
    fields = {name: value for name, value in parent.items() if name not in ("id", "teamId", "hosts")}
    fields |= {"userId": user_id, "teamId": None, "parentEventTypeId": parent["id"], "schedulingType": None}
    return world.event_types.insert({**fields, "hosts": []})


def _update(context: Context) -> dict[str, Any] | list[dict[str, Any]]:
    world, team_id = context.world, context.number("teamId")
    row = world.event_types.get(context.number("eventTypeId"))
    body = _body(context, _UPDATE)
    if row is None or row["teamId"] != team_id:
        raise bad_request("Event type to update not found")
    if body.get("slug") not in (None, row["slug"]):
        _refuse_taken_slug(world, team_id, body["slug"])
    fields = kept.stored(context, body, row)
    if "schedulingType" in fields:
        fields["schedulingType"] = _SPELLINGS[fields["schedulingType"]]
    if body.get("hosts") is not None or body.get("assignAllTeamMembers"):
        # The hosts that are sent take the place of all others
        fields["hosts"] = _hosts(world, team_id, body)
    world.event_types.update(row, **fields)
    if row["schedulingType"] != "managed":
        return kept.team_view(world, row)
    children = [one for one in world.event_types if one["parentEventTypeId"] == row["id"]]
    return [kept.team_view(world, one) for one in (row, *children)]


def _delete(context: Context) -> dict[str, Any]:
    number = context.number("eventTypeId")
    row = context.world.event_types.get(number)
    if row is None or row["teamId"] != context.number("teamId"):
        raise not_found(f"Event type with ID={number} does not exist.")
    drop(context.world, row)
    return {"id": row["id"], "title": row["title"]}


def _body(context: Context, fields: tuple[v.Field, ...]) -> dict[str, Any]:
    body = context.body(*fields)
    wrong = list_complaint(_HOST, body, "hosts")
    if wrong:
        raise invalid([wrong])
    return body


def _refuse_taken_slug(world: World, team_id: int, slug: str) -> None:
    if any(row["slug"] == slug for row in of_team(world, team_id)):
        raise bad_request("Team event type with this slug already exists")


def _hosts(world: World, team_id: int, body: dict[str, Any]) -> list[dict[str, Any]]:
    members = {row["userId"]: row for row in world.memberships.ordered("teamId", team_id)}
    if body.get("assignAllTeamMembers"):
        accepted = [row["userId"] for row in members.values() if row["accepted"]]
        return [{"userId": user_id, "mandatory": False, "priority": "medium"} for user_id in accepted]
    sent = body.get("hosts") or []
    strangers = [str(host["userId"]) for host in sent if host["userId"] not in members]
    if strangers:
        raise not_found(f"Invalid hosts: {','.join(strangers)} are not members of team with id {team_id}.")
    return [
        {"userId": host["userId"], "mandatory": bool(host.get("mandatory")), "priority": _priority(host)}
        for host in sent
    ]


def _priority(host: dict[str, Any]) -> str:
    priority = host.get("priority")
    # The lowest is kept as zero and read back as not set
    return "medium" if priority in (None, "lowest") else str(priority)


for _name, _plan in (("org_team_event_types", "ESSENTIALS"), ("team_event_types", None)):
    handles(f"{_name}.list", auth="optional", plan=None)(_list)
    for _verb, _function in (
        ("get", _get),
        ("create", _create),
        ("update", _update),
        ("delete", _delete),
        ("create_phone_call", kept.create_phone_call),
    ):
        handles(f"{_name}.{_verb}", role="TEAM_ADMIN", plan=_plan)(_function)

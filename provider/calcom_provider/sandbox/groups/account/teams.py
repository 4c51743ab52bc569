"""Serve teams and their members outside of the organisation routes, and invitations."""

from __future__ import annotations

from typing import Any

from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.errors import bad_request, duplicate_record, missing_reference, not_found
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.groups.organization.teams import (
    CREATE_FIELDS,
    MEMBER_FIELDS,
    NEW_MEMBER_FIELDS,
    UPDATE_FIELDS,
    add_team,
    drop_team,
    refuse_taken_slug,
    team_membership_view,
    team_view,
)
from calcom_provider.sandbox.world.stores import invites
from calcom_provider.sandbox.world.tables import Row


def _team(context: Context) -> Row:
    number = context.number("teamId")
    row = context.world.teams.get(number)
    if row is None:
        # Only reached while the guard still remembers the role
        raise not_found(f"Team with id {number} not found")
    return row


@handles("teams.list")
def list_teams(context: Context) -> list[dict[str, Any]]:
    """List teams: ``GET /teams``."""
    # The organisation itself is one of them, and teams not yet accepted too
    held = {row["teamId"] for row in context.world.memberships.by("userId", context.caller.user["id"])}
    return [team_view(row) for number in sorted(held) if (row := context.world.teams.get(number))]


@handles("teams.create")
def create_team(context: Context) -> dict[str, Any]:
    """Add team: ``POST /teams``."""
    body, world, user = context.body(*CREATE_FIELDS), context.world, context.caller.user
    owned = {row["teamId"] for row in world.memberships.by("userId", user["id"]) if row["role"] == "OWNER"}
    if any(row["name"] == body["name"] for row in world.teams.by("parentId", None) if row["id"] in owned):
        raise bad_request("You already have created a team with same name")
    row = add_team(world, body, None)
    world.add_membership(user, row["id"], "OWNER", accepted=body["autoAcceptCreator"])
    return team_view(row)


@handles("teams.get", role="TEAM_MEMBER")
def get_team(context: Context) -> dict[str, Any]:
    """Show team: ``GET /teams/{teamId}``."""
    return team_view(_team(context))


@handles("teams.update", role="TEAM_OWNER")
def update_team(context: Context) -> dict[str, Any]:
    """Change team: ``PATCH /teams/{teamId}``."""
    # The name is asked for here too
    body, row = context.body(*UPDATE_FIELDS), _team(context)
    if "slug" in body:
        refuse_taken_slug(context.world, body["slug"], row["parentId"], row)
    return team_view(context.world.teams.update(row, **body))


@handles("teams.delete", role="TEAM_OWNER")
def delete_team(context: Context) -> dict[str, Any]:
    """Delete team: ``DELETE /teams/{teamId}``."""
    return team_view(drop_team(context.world, _team(context)))


# -- members ----------------


@handles("team_memberships.list", role="TEAM_ADMIN")
def list_members(context: Context) -> list[dict[str, Any]]:
    """List members: ``GET /teams/{teamId}/memberships``."""
    # A filter by mail is in the contract and is ignored
    rows = context.page(context.world.memberships.ordered("teamId", _team(context)["id"]))
    return [team_membership_view(context.world, row) for row in rows]


def _member(context: Context) -> Row | None:
    row = context.world.memberships.get(context.parsed_number("membershipId"))
    return row if row and row["teamId"] == context.number("teamId") else None


@handles("team_memberships.get", role="TEAM_ADMIN")
def get_member(context: Context) -> dict[str, Any]:
    """Show member: ``GET /teams/{teamId}/memberships/{membershipId}``."""
    row = _member(context)
    if row is None:
        raise not_found("Organization's Team membership not found")
    return team_membership_view(context.world, row)


@handles("team_memberships.create", role="TEAM_ADMIN")
def create_member(context: Context) -> dict[str, Any]:
    """Add anybody, without asking the person."""
    body, world, team = context.body(*NEW_MEMBER_FIELDS), context.world, _team(context)
    user = world.users.get(body["userId"])
    if user is None:
        raise missing_reference()
    if world.membership(user["id"], team["id"]):
        raise duplicate_record()
    fields = {name: body[name] for name in ("accepted", "role", "disableImpersonation")}
    return team_membership_view(world, world.add_membership(user, team["id"], **fields))


@handles("team_memberships.update", role="TEAM_ADMIN")
def update_member(context: Context) -> dict[str, Any]:
    """Change member: ``PATCH /teams/{teamId}/memberships/{membershipId}``."""
    body, row = context.body(*MEMBER_FIELDS), _member(context)
    if row is None:
        raise not_found("Organization's Team membership not found")
    return team_membership_view(context.world, context.world.memberships.update(row, **body))


@handles("team_memberships.delete", role="TEAM_ADMIN")
def delete_member(context: Context) -> dict[str, Any]:
    """Delete member: ``DELETE /teams/{teamId}/memberships/{membershipId}``."""
    row, number = _member(context), context.values["membershipId"]
    if row is None:
        raise not_found(f"Membership with id {number} not found in team {context.number('teamId')}")
    view = team_membership_view(context.world, row)
    context.world.memberships.delete(row)
    return view


# -- invitations, which older builds do not have ----------------


def _invite(context: Context) -> dict[str, Any]:
    team, world = _team(context), context.world
    row = invites(world).first("teamId", team["id"])
    if row is None:
        row = invites(world).insert({"teamId": team["id"], "token": world.ids.token(64)})
    return {"token": row["token"], "inviteLink": f"https://app.cal.com/teams?token={row['token']}"}


handles("team_invites.create", role="TEAM_ADMIN")(_invite)
handles("org_team_invites.create", role="TEAM_ADMIN", plan="ESSENTIALS")(_invite)

"""Serve the teams of an organisation and their members."""

from __future__ import annotations

from typing import Any

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.errors import database_error, duplicate_record, not_found, unprocessable
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.world.slugs import slugify
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import ROLES, World

_HIDDEN = {"metadata", "isPlatform", "plan", "adminApi"}
TEAM_FIELDS = (
    v.Field("name", v.every(v.length(1), v.string), required=True),
    v.Field("slug", v.string),
    v.Field("logoUrl", v.url),
    v.Field("calVideoLogo", v.url),
    v.Field("appLogo", v.url),
    v.Field("appIconLogo", v.url),
    v.Field("bio", v.string),
    v.Field("isPrivate", v.boolean),
    v.Field("hideBookATeamMember", v.boolean),
    v.Field("metadata", v.metadata),
    v.Field("theme", v.string),
    v.Field("brandColor", v.string),
    v.Field("darkBrandColor", v.string),
    v.Field("bannerUrl", v.url),
    v.Field("timeFormat", v.string),
)
CREATE_FIELDS = (
    *TEAM_FIELDS,
    v.Field("hideBranding", v.boolean, default=False),
    v.Field("timeZone", v.string, default="Europe/London"),
    v.Field("weekStart", v.string, default="Sunday"),
    v.Field("autoAcceptCreator", v.boolean, default=True),
)
UPDATE_FIELDS = (
    *TEAM_FIELDS,
    v.Field("hideBranding", v.boolean),
    v.Field("timeZone", v.string),
    v.Field("weekStart", v.string),
)
MEMBER_FIELDS = (
    v.Field("accepted", v.boolean),
    v.Field("role", v.one_of(*ROLES)),
    v.Field("disableImpersonation", v.boolean),
)
NEW_MEMBER_FIELDS = (
    v.Field("userId", v.integer, required=True),
    v.Field("accepted", v.boolean, default=False),
    v.Field("role", v.one_of(*ROLES), default="MEMBER"),
    v.Field("disableImpersonation", v.boolean, default=False),
)


def team_view(row: Row) -> dict[str, Any]:
    """Show a team as the API does."""
    view = {name: value for name, value in row.items() if name not in _HIDDEN}
    if row["metadata"] is not None:
        view["metadata"] = row["metadata"]
    return view


@handles("org_teams.list", role="ORG_ADMIN", plan="ESSENTIALS")
def list_teams(context: Context) -> list[dict[str, Any]]:
    """List teams: ``GET /organizations/{orgId}/teams``."""
    return [team_view(row) for row in context.page(_teams(context))]


@handles("org_teams.list_mine", role="ORG_MEMBER", plan="ESSENTIALS")
def list_my_teams(context: Context) -> list[dict[str, Any]]:
    """List my teams: ``GET /organizations/{orgId}/teams/me``."""
    world, user_id = context.world, context.caller.user["id"]
    in_org = world.membership(user_id, context.org_id)
    if in_org is None or in_org["role"] in ("ADMIN", "OWNER"):
        return [team_view(row) for row in context.page(_teams(context))]
    own = [(row, held) for row in _teams(context) if (held := world.membership(user_id, row["id"]))]
    size, skip = context.window()
    return [
        {**team_view(row), "accepted": held["accepted"], "role": held["role"]}
        for row, held in own[skip : skip + size]
    ]


@handles("org_teams.get", role="TEAM_ADMIN", plan="ESSENTIALS")
def get_team(context: Context) -> dict[str, Any]:
    """Show team: ``GET /organizations/{orgId}/teams/{teamId}``."""
    return team_view(context.team)


@handles("org_teams.create", role="ORG_ADMIN", plan="ESSENTIALS")
def create_team(context: Context) -> dict[str, Any]:
    """Add team: ``POST /organizations/{orgId}/teams``."""
    body = context.body(*CREATE_FIELDS)
    row = add_team(context.world, body, context.org_id)
    accepted = body["autoAcceptCreator"]
    context.world.add_membership(context.caller.user, row["id"], "OWNER", accepted=accepted)
    return team_view(row)


def add_team(world: World, body: dict[str, Any], parent_id: int | None) -> Row:
    """Make a team from a checked body."""
    if body.get("timeFormat") is not None:
        # Asked for as text, kept as number: neither works
        raise database_error()
    fields = {
        name: value for name, value in body.items() if name not in ("autoAcceptCreator", "name", "slug")
    }
    slug = body.get("slug") or slugify(body["name"])
    refuse_taken_slug(world, slug, parent_id)
    return world.add_team(body["name"], slug, parent_id, **fields)


def refuse_taken_slug(world: World, slug: str, parent_id: int | None, but: Row | None = None) -> None:
    """Refuse a slug that another team of the same parent has."""
    for row in world.teams.by("parentId", parent_id):
        if row["slug"] == slug and row is not but:
            raise duplicate_record()


@handles("org_teams.update", role="ORG_ADMIN", plan="ESSENTIALS")
def update_team(context: Context) -> dict[str, Any]:
    """Change team: ``PATCH /organizations/{orgId}/teams/{teamId}``."""
    # The name is asked for here too
    body = context.body(*UPDATE_FIELDS)
    if body.get("timeFormat") is not None:
        raise database_error()
    if "slug" in body:
        refuse_taken_slug(context.world, body["slug"], context.org_id, context.team)
    return team_view(context.world.teams.update(context.team, **body))


@handles("org_teams.delete", role="ORG_ADMIN", plan="ESSENTIALS")
def delete_team(context: Context) -> dict[str, Any]:
    """Delete team: ``DELETE /organizations/{orgId}/teams/{teamId}``."""
    return team_view(drop_team(context.world, context.team))


def drop_team(world: World, team: Row) -> Row:
    """Delete a team with its memberships."""
    for row in world.memberships.by("teamId", team["id"]):
        world.memberships.delete(row)
    return world.teams.delete(team)


def _teams(context: Context) -> list[Row]:
    return [
        row for row in context.world.teams.ordered("parentId", context.org_id) if not row["isOrganization"]
    ]


# -- members ----------------


def team_membership_view(world: World, row: Row) -> dict[str, Any]:
    """Show a membership of a team as the API does."""
    user = world.users.get(row["userId"])
    assert user is not None
    shown = {name: user[name] for name in ("avatarUrl", "username", "name", "email", "bio")}
    if user["metadata"] is not None:
        shown["metadata"] = user["metadata"]
    names = ("id", "userId", "teamId", "accepted", "role", "disableImpersonation")
    return {**{name: row[name] for name in names}, "user": shown}


@handles("org_team_memberships.list", role="TEAM_ADMIN", plan="ESSENTIALS")
def list_members(context: Context) -> list[dict[str, Any]]:
    """List members: ``GET /organizations/{orgId}/teams/{teamId}/memberships``."""
    rows = context.page(context.world.memberships.ordered("teamId", context.team["id"]))
    return [team_membership_view(context.world, row) for row in rows]


@handles("org_team_memberships.get", role="TEAM_ADMIN", plan="ESSENTIALS")
def get_member(context: Context) -> dict[str, Any]:
    """Show member: ``GET /organizations/{orgId}/teams/{teamId}/memberships/{membershipId}``."""
    row = _member(context)
    if row is None:
        raise not_found("Organization's Team membership not found")
    return team_membership_view(context.world, row)


@handles("org_team_memberships.create", role="TEAM_ADMIN", plan="ESSENTIALS")
def create_member(context: Context) -> dict[str, Any]:
    """Add member: ``POST /organizations/{orgId}/teams/{teamId}/memberships``."""
    body, world = context.body(*NEW_MEMBER_FIELDS), context.world
    user = world.users.get(body["userId"])
    if user is None or world.profile(user["id"], context.org_id) is None:
        # Unknown, foreign and pending alike
        raise unprocessable("User is not part of the Organization")
    if world.membership(user["id"], context.team["id"]):
        # Unlike memberships of the organisation this is no upsert
        raise duplicate_record()
    fields = {name: body[name] for name in ("accepted", "role", "disableImpersonation")}
    return team_membership_view(world, world.add_membership(user, context.team["id"], **fields))


@handles("org_team_memberships.update", role="TEAM_ADMIN", plan="ESSENTIALS")
def update_member(context: Context) -> dict[str, Any]:
    """Change member: ``PATCH /organizations/{orgId}/teams/{teamId}/memberships/{membershipId}``."""
    body = context.body(*MEMBER_FIELDS)
    row = _member(context)
    if row is None:
        raise not_found("Organization's Team membership not found")
    return team_membership_view(context.world, context.world.memberships.update(row, **body))


@handles("org_team_memberships.delete", role="TEAM_ADMIN", plan="ESSENTIALS")
def delete_member(context: Context) -> dict[str, Any]:
    """Delete member: ``DELETE /organizations/{orgId}/teams/{teamId}/memberships/{membershipId}``."""
    row, number = _member(context), context.values["membershipId"]
    if row is None:
        team_id, org_id = context.team["id"], context.org_id
        raise not_found(f"Membership with id {number} not found in team {team_id} of organization {org_id}")
    view = team_membership_view(context.world, row)
    context.world.memberships.delete(row)
    return view


def _member(context: Context) -> Row | None:
    row = context.world.memberships.get(context.parsed_number("membershipId"))
    return row if row and row["teamId"] == context.team["id"] else None

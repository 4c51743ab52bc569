"""Serve the organisations that a platform organisation manages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context, Reply
from calcom_provider.sandbox.core.errors import bad_request, conflict, duplicate_record, forbidden
from calcom_provider.sandbox.core.paging import block
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.groups.platform.api_keys import DAYS_MAXIMUM
from calcom_provider.sandbox.world.slugs import slugify
from calcom_provider.sandbox.world.stores import managed_organizations
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World

_metadata = v.rule(
    "ValidateMetadata",
    "{} must be an object with up to 50 keys, each key name up to 40 characters, and values with a maximum "
    "length of 500 characters.",
    lambda value: not v.metadata("metadata", value),
)
_KEY_FIELDS = (
    v.Field("apiKeyDaysValid", v.every(v.at_least(1), v.integer)),
    v.Field("apiKeyNeverExpires", v.boolean),
)


def managed_view(row: Row) -> dict[str, Any]:
    """Show a managed organisation as the API does."""
    view = {"id": row["id"], "name": row["name"], "slug": row["slug"]}
    return view if not row["metadata"] else {**view, "metadata": row["metadata"]}


def managed_by(world: World, manager_id: int) -> list[Row]:
    """List the organisations that one manages, in the order of their ids."""
    links = managed_organizations(world).ordered("managerId", manager_id)
    return [team for link in links if (team := world.teams.get(link["id"]))]


def add_managed(world: World, manager: Row, *, owner: Row, name: str, slug: str, metadata: Any = None) -> Row:
    """Add a managed organisation; it is a platform of the same plan, and its creator becomes its owner."""
    row = world.add_organization(name, slug, platform=True, plan=manager.get("plan"), metadata=metadata)
    managed_organizations(world).insert({"id": row["id"], "managerId": manager["id"]})
    world.add_membership(owner, row["id"], "OWNER")
    world.profiles.insert({"organizationId": row["id"], "userId": owner["id"], "username": owner["username"]})
    return row


@handles("managed_organizations.list", role="ORG_ADMIN", plan="SCALE")
def list_organizations(context: Context) -> Reply:
    """List organizations: ``GET /organizations/{orgId}/organizations``."""
    size, skip = context.window()
    rows: Sequence[Row] = managed_by(context.world, context.org_id)
    slug, key, value = context.text("slug"), context.text("metadataKey"), context.text("metadataValue")
    if slug is not None:
        rows = [row for row in rows if row["slug"] == slug]
    if key is not None and value is not None:
        # Texts only: a number or a truth value is never found; one of the two alone filters nothing
        rows = [row for row in rows if (row["metadata"] or {}).get(key) == value]
    page = [managed_view(row) for row in rows[skip : skip + size]]
    return Reply({"status": "success", "data": page, "pagination": block(len(rows), size, skip)})


@handles("managed_organizations.create", role="ORG_ADMIN", plan="SCALE")
def create_organization(context: Context) -> dict[str, Any]:
    """Add organization: ``POST /organizations/{orgId}/organizations``."""
    if not context.organization.get("isPlatform"):
        raise forbidden(
            "Manager organization must be a platform organization. Normal organizations can't create "
            "managed organizations yet."
        )
    body = context.body(
        v.Field("name", v.every(v.length(1), v.string), required=True),
        v.Field("slug", v.string),
        v.Field("metadata", _metadata),
        *_KEY_FIELDS,
    )
    world, manager = context.world, context.organization
    slug = body.get("slug") or slugify(body["name"])
    if any(row["slug"] == slug for row in managed_by(world, context.org_id)):
        raise conflict(
            f"Organization with slug '{slug}' already exists. Please, either provide a different slug or "
            "change name so that the automatically generated slug is different."
        )
    if any(row["slug"] == slug and row["isOrganization"] for row in world.teams.by("parentId", None)):
        raise duplicate_record()
    row = add_managed(
        world, manager, owner=context.caller.user, name=body["name"], slug=slug, metadata=body.get("metadata")
    )
    if body.get("apiKeyNeverExpires") and body.get("apiKeyDaysValid"):
        # The organisation stays, without a key
        raise bad_request(
            "ApiKeysService -Cannot set both apiKeyDaysValid and apiKeyNeverExpires. It has to be either "
            "or none of them."
        )
    days = min(body.get("apiKeyDaysValid") or 30, DAYS_MAXIMUM)
    expires = None if body.get("apiKeyNeverExpires") else world.today + timedelta(days=days)
    return {**managed_view(row), "apiKey": world.add_api_key(context.caller.user, row["id"], expires=expires)}


def _find(context: Context) -> Row:
    number = context.number("managedOrganizationId")
    link = managed_organizations(context.world).get(number)
    row = context.world.teams.get(number)
    if link is None or row is None or link["managerId"] != context.org_id:
        # Unknown, foreign and deleted alike, never 404
        raise forbidden(
            f"IsManagedOrgInManagerOrg - Managed organization with id={number} is not owned by manager "
            f"organization with id={context.org_id}."
        )
    return row


@handles("managed_organizations.get", role="ORG_ADMIN", plan="SCALE")
def get_organization(context: Context) -> dict[str, Any]:
    """Show organization: ``GET /organizations/{orgId}/organizations/{managedOrganizationId}``."""
    return managed_view(_find(context))


@handles("managed_organizations.update", role="ORG_ADMIN", plan="SCALE")
def update_organization(context: Context) -> dict[str, Any]:
    """Change organization: ``PATCH /organizations/{orgId}/organizations/{managedOrganizationId}``."""
    row = _find(context)
    # The slug can not be changed, it is not even read
    body = context.body(v.Field("name", v.every(v.length(1), v.string)), v.Field("metadata", _metadata))
    changes = {name: value for name, value in body.items() if name == "metadata" or value is not None}
    return managed_view(context.world.teams.update(row, **changes))


@handles("managed_organizations.delete", role="ORG_ADMIN", plan="SCALE")
def delete_organization(context: Context) -> dict[str, Any]:
    """Delete a managed organisation; its API keys die with it."""
    row, world = _find(context), context.world
    view = managed_view(row)
    for key in [one for one in world.api_keys if one["teamId"] == row["id"]]:
        world.api_keys.delete(key)
    for table, column in ((world.memberships, "teamId"), (world.profiles, "organizationId")):
        for hanging in table.by(column, row["id"]):
            table.delete(hanging)
    link = managed_organizations(world).get(row["id"])
    assert link is not None
    managed_organizations(world).delete(link)
    world.teams.delete(row)
    return view

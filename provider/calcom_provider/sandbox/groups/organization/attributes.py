"""Serve the attributes of an organisation."""

from __future__ import annotations

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.errors import duplicate_record, missing_record
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.world.tables import Row

KINDS = ("TEXT", "NUMBER", "SINGLE_SELECT", "MULTI_SELECT")


@handles("org_attributes.list", role="ORG_MEMBER", plan="ESSENTIALS")
def list_attributes(context: Context) -> list[Row]:
    """List attributes: ``GET /organizations/{orgId}/attributes``."""
    # In uuid order: a new attribute can land on a page that was read already
    return list(context.page(context.world.attributes.ordered("teamId", context.org_id)))


@handles("org_attributes.get", role="ORG_MEMBER", plan="ESSENTIALS")
def get_attribute(context: Context) -> Row | None:
    """Show attribute: ``GET /organizations/{orgId}/attributes/{attributeId}``."""
    # Unknown or foreign is no error but null
    return _find(context)


@handles("org_attributes.create", role="ORG_ADMIN", plan="ESSENTIALS")
def create_attribute(context: Context) -> Row:
    """Add attribute: ``POST /organizations/{orgId}/attributes``."""
    body = context.body(
        v.Field("name", v.every(v.string, v.not_empty), required=True),
        v.Field("slug", v.every(v.string, v.not_empty), required=True),
        v.Field("type", v.every(v.one_of(*KINDS), v.not_empty), required=True),
        v.Field("options", v.array, required=True),
        v.Field("enabled", v.boolean),
    )
    world = context.world
    _refuse_taken_slug(context, body["slug"])
    fields = {"enabled": body["enabled"]} if body.get("enabled") is not None else {}
    row = world.add_attribute(context.org_id, body["name"], body["slug"], body["type"], **fields)
    if body["type"].endswith("_SELECT"):
        # Options of TEXT and NUMBER are dropped
        for option in body["options"]:
            world.add_option(row["id"], option["value"], option["slug"])
    return row


@handles("org_attributes.update", role="ORG_ADMIN", plan="ESSENTIALS")
def update_attribute(context: Context) -> Row:
    """Change attribute: ``PATCH /organizations/{orgId}/attributes/{attributeId}``."""
    body = context.body(
        v.Field("name", v.string),
        v.Field("slug", v.string),
        v.Field("type", v.one_of(*KINDS)),
        v.Field("enabled", v.boolean),
    )
    row = _find(context)
    if row is None:
        raise missing_record()
    if "slug" in body and body["slug"] != row["slug"]:
        _refuse_taken_slug(context, body["slug"])
    return context.world.attributes.update(row, **body, updatedAt=context.world.now())


@handles("org_attributes.delete", role="ORG_ADMIN", plan="ESSENTIALS")
def delete_attribute(context: Context) -> Row:
    """Delete attribute: ``DELETE /organizations/{orgId}/attributes/{attributeId}``."""
    row = _find(context)
    if row is None:
        raise missing_record()
    for option in context.world.options.by("attributeId", row["id"]):
        context.world.drop_option(option)
    return context.world.attributes.delete(row)


def _find(context: Context) -> Row | None:
    row = context.world.attributes.get(context.values["attributeId"])
    return row if row and row["teamId"] == context.org_id else None


def _refuse_taken_slug(context: Context, slug: str) -> None:
    if any(row["slug"] == slug for row in context.world.attributes.by("teamId", context.org_id)):
        raise duplicate_record()

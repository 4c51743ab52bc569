"""Serve delegation credentials: they can be created and updated, never read or deleted."""

from __future__ import annotations

from typing import Any

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.errors import database_error, inner_call, not_found, plain
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.world.tables import Row, Table
from calcom_provider.sandbox.world.world import World

_PLATFORMS = {"google": "Google", "office365": "Microsoft 365"}
_KEY_TEXT = (
    "Service account key must be either a Google service account key "
    "(with client_email, private_key, client_id) or "
    "Microsoft service account key (with tenant_id, private_key, client_id)"
)


def credentials(world: World) -> Table:
    """Return the table of delegation credentials."""
    return world.table("delegation_credentials", key="uuid", indexes=("organizationId",))


def _service_account_key(name: str, value: Any) -> v.Broken:
    """Check the key: one object, of Google or Microsoft; an array is refused."""
    kind = next(
        (kind for kind in ("client_email", "tenant_id") if isinstance(value, dict) and kind in value), None
    )
    if kind is None:
        return {"isServiceAccountKey": _KEY_TEXT}
    parts = []
    for part in ("private_key", kind, "client_id"):
        broken = v.every(v.not_empty, v.string)(part, value.get(part, v.MISSING))
        if broken:
            parts.append(", ".join(broken.values()))
    return {"isServiceAccountKey": "; ".join(parts)} if parts else {}


def _view(row: Row) -> dict[str, Any]:
    names = ("id", "enabled", "domain", "organizationId", "workspacePlatform", "createdAt", "updatedAt")
    return {name: row[name] for name in names}


def add_credential(world: World, organization_id: int, platform: str, domain: str, **fields: Any) -> Row:
    """Add a delegation credential of an organisation."""
    moment = world.now()
    return credentials(world).insert(
        {
            "enabled": False, "domain": domain, "organizationId": organization_id,
            "workspacePlatform": {"name": _PLATFORMS[platform], "slug": platform}, "createdAt": moment,
            "updatedAt": moment, **fields,
        }
    )  # fmt: skip


@handles("org_delegation_credentials.create", role="ORG_ADMIN", plan="SCALE")
def create_credential(context: Context) -> dict[str, Any]:
    """Add credential: ``POST /organizations/{orgId}/delegation-credentials``."""
    text = v.every(v.not_empty, v.string)
    body = context.body(
        v.Field("workspacePlatformSlug", text, required=True),
        v.Field("domain", text, required=True),
        v.Field("serviceAccountKey", _service_account_key, required=True),
    )
    if body["workspacePlatformSlug"] not in context.world.workspace_platforms:
        # Set up by who runs the installation; a new one has none
        raise inner_call(404)
    table, domain = credentials(context.world), body["domain"]
    if any(
        row["domain"] == domain and (row["organizationId"] == context.org_id or row["enabled"])
        for row in table
    ):
        raise inner_call(400)
    return _view(add_credential(context.world, context.org_id, body["workspacePlatformSlug"], domain))


@handles("org_delegation_credentials.update", role="ORG_ADMIN", plan="SCALE")
def update_credential(context: Context) -> dict[str, Any]:
    """Change credential: ``PATCH /organizations/{orgId}/delegation-credentials/{credentialId}``."""
    body = context.body(v.Field("enabled", v.boolean), v.Field("serviceAccountKey", _service_account_key))
    key = context.values["credentialId"]
    # The organisation of the credential is not asked for
    row = credentials(context.world).get(key)
    if row is None:
        raise not_found(f"DelegationCredential with id {key} not found")
    if body.get("serviceAccountKey"):
        # A new key always disables, also when what follows fails
        credentials(context.world).update(row, enabled=False, updatedAt=context.world.now())
    if "enabled" in body and body["enabled"] is None:
        raise database_error()
    if body.get("enabled") and not row["enabled"]:
        # No provider is reachable from here, which ends as in an installation without one
        raise plain()
    if body.get("enabled") is False and row["enabled"]:
        credentials(context.world).update(row, enabled=False, updatedAt=context.world.now())
    return _view(row)

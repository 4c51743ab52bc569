"""Serve OAuth clients of platform organisations."""

from __future__ import annotations

from typing import Any

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.errors import bad_request, not_found, unauthorized
from calcom_provider.sandbox.core.platform_guards import client_of, client_role
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.world.stores import webhooks
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World

PERMISSIONS = (
    "EVENT_TYPE_READ",
    "EVENT_TYPE_WRITE",
    "BOOKING_READ",
    "BOOKING_WRITE",
    "SCHEDULE_READ",
    "SCHEDULE_WRITE",
    "APPS_READ",
    "APPS_WRITE",
    "PROFILE_READ",
    "PROFILE_WRITE",
)
_REDIRECTS = ("bookingRedirectUri", "bookingCancelRedirectUri", "bookingRescheduleRedirectUri")
_permissions = v.every(
    # The text lists nothing
    v.rule(
        "isEnum",
        "each value in {} must be one of the following values: ",
        lambda value: isinstance(value, list) and all(item in (*PERMISSIONS, "*") for item in value),
    ),
    v.array,
)
_addresses = v.every(
    v.rule(
        "isString",
        "each value in {} must be a string",
        lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
    ),
    v.array,
)
_SWITCHES = (
    v.Field("areEmailsEnabled", v.boolean),
    v.Field("areDefaultEventTypesEnabled", v.boolean, default=False),
    v.Field("areCalendarEventsEnabled", v.boolean, default=True),
)


def client_view(row: Row) -> dict[str, Any]:
    """Show an OAuth client as the API does."""
    names = ("id", "name", "secret")
    view = {name: row[name] for name in names}
    view["permissions"] = list(PERMISSIONS) if "*" in row["permissions"] else list(row["permissions"])
    view |= {name: row[name] for name in ("logo", "redirectUris", "organizationId", "createdAt")}
    view |= {name: row[name] for name in _REDIRECTS if row[name] is not None}
    names = ("areEmailsEnabled", "areDefaultEventTypesEnabled", "areCalendarEventsEnabled")
    return {**view, **{name: row[name] for name in names}}


def _key_team(context: Context) -> int:
    if context.caller.organization_id is None:
        # The account's organisation passed the guard, yet what follows asks for that of the key
        raise unauthorized("GetOrgId decorator: Organization ID not found")
    return context.caller.organization_id


# -- routes ----------------


@handles("oauth_clients.list")
def list_clients(context: Context) -> list[dict[str, Any]]:
    """List clients: ``GET /oauth-clients``."""
    client_role(context, "MEMBER")
    rows = context.world.oauth_clients.ordered("organizationId", _key_team(context))
    return [client_view(row) for row in rows]


@handles("oauth_clients.get")
def get_client(context: Context) -> dict[str, Any]:
    """Show client: ``GET /oauth-clients/{clientId}``."""
    # The secret is shown to plain members too
    return client_view(client_of(context, "MEMBER"))


@handles("oauth_clients.create")
def create_client(context: Context) -> dict[str, Any]:
    """Add client: ``POST /oauth-clients``."""
    organization = client_role(context, "ADMIN")
    body = context.body(
        v.Field("logo", v.string),
        v.Field("name", v.string, required=True),
        v.Field("redirectUris", _addresses, required=True),
        v.Field("permissions", _permissions, required=True),
        *(v.Field(name, v.string) for name in _REDIRECTS),
        *_SWITCHES,
    )
    _key_team(context)
    if organization.get("plan") is None:
        raise bad_request("Team is not subscribed, cannot create an OAuth client.")
    row = add_client(context.world, organization["id"], **body)
    return {"clientId": row["id"], "clientSecret": row["secret"]}


def add_client(world: World, organization_id: int, **fields: Any) -> Row:
    """Add an OAuth client of a platform."""
    row = {
        "organizationId": organization_id,
        "secret": world.ids.token(64),
        "permissions": ["*"],
        "redirectUris": [],
        "logo": None,
        **dict.fromkeys(_REDIRECTS),
        "areEmailsEnabled": False,
        "areDefaultEventTypesEnabled": False,
        "areCalendarEventsEnabled": True,
        "createdAt": world.now(),
        **fields,
    }
    return world.oauth_clients.insert(row)


@handles("oauth_clients.update")
def update_client(context: Context) -> dict[str, Any]:
    """Change client: ``PATCH /oauth-clients/{clientId}``."""
    client = client_of(context, "ADMIN")
    # Permissions can not be changed, they are not even read
    body = context.body(
        v.Field("logo", v.string),
        v.Field("name", v.string),
        v.Field("redirectUris", v.array),
        *(v.Field(name, v.string) for name in _REDIRECTS),
        v.Field("areEmailsEnabled", v.boolean),
        v.Field("areDefaultEventTypesEnabled", v.boolean),
        v.Field("areCalendarEventsEnabled", v.boolean),
    )
    return client_view(context.world.oauth_clients.update(client, **body))


@handles("oauth_clients.delete")
def delete_client(context: Context) -> dict[str, Any]:
    """Delete a client; its managed users stay behind as users of the organisation."""
    client = client_of(context, "ADMIN")
    world = context.world
    for row in [token for token in world.access_tokens if token["clientId"] == client["id"]]:
        world.access_tokens.delete(row)
    for row in webhooks(world).by("oAuthClientId", client["id"]):
        webhooks(world).delete(row)
    return client_view(world.oauth_clients.delete(client))


@handles("platform_provider.get", auth="none")
def get_provider(context: Context) -> dict[str, Any]:
    """Show provider: ``GET /provider/{clientId}``."""
    client = context.world.oauth_clients.get(context.values["clientId"])
    if client is None:
        raise not_found("OAuth client not found")
    return {"clientId": client["id"], "organizationId": client["organizationId"], "name": client["name"]}


@handles("platform_provider.check_token")
def check_token(context: Context) -> dict[str, Any]:
    """Check token: ``GET /provider/{clientId}/access-token``."""
    client = context.caller.client
    if client is None or client["id"] != context.values["clientId"]:
        raise unauthorized("Invalid Access Token.")
    return {"clientId": client["id"], "organizationId": client["organizationId"], "name": client["name"]}

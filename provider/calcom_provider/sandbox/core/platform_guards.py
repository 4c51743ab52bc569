"""Let a caller pass to OAuth clients, their users and their webhooks, with the words of Cal.com's guards."""

from __future__ import annotations

from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.errors import forbidden, not_found
from calcom_provider.sandbox.world.tables import Row

_RANK = {"MEMBER": 0, "ADMIN": 1, "OWNER": 2}


def _home(context: Context) -> Row | None:
    """Find the caller's organisation: that of the client or of the key, else that of the account."""
    world, caller = context.world, context.caller
    number = caller.organization_id
    if number is None:
        profile = world.profiles.first("userId", caller.user["id"])
        number = profile["organizationId"] if profile else None
    return world.organization(number) if number is not None else None


def client_role(context: Context, minimum: str) -> Row:
    """Refuse a caller without a platform organisation or without the role in it; return the organisation."""
    organization = _home(context)
    if organization is None:
        raise forbidden("OrganizationRolesGuard - No organization associated with the user.")
    if not organization.get("isPlatform"):
        raise forbidden("OrganizationRolesGuard - Organization is not a platform (SHP).")
    membership = context.world.membership(context.caller.user["id"], organization["id"])
    if membership is None or _RANK[membership["role"]] < _RANK[minimum]:
        roles = "MEMBER, ADMIN, OWNER" if minimum == "MEMBER" else "ADMIN, OWNER"
        raise forbidden(f"OrganizationRolesGuard - User must have one of the roles: {roles}.")
    return organization


def client_of(context: Context, minimum: str) -> Row:
    """Find the client of the path, and refuse who is not of its organisation."""
    organization = client_role(context, minimum)
    number = context.values["clientId"]
    client = context.world.oauth_clients.get(number)
    if client is None:
        raise not_found(f"OAuthClientGuard - OAuth client with id={number} not found.")
    if client["organizationId"] != organization["id"]:
        raise forbidden(
            f"OAuthClientGuard - forbidden. oAuth client with id={number} does not belong to the "
            f"organization with id={organization['id']}."
        )
    return client

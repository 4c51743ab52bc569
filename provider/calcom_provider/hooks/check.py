"""Try a credential the way a sync will use it, and say in one line what it can do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from calcom_provider.api.editions import ADVICE, NO_ORGANIZATIONS, is_missing_route, lacks_organizations
from calcom_provider.api.errors import ConfigurationError, NotFoundError
from calcom_provider.api.http.auth import AccessToken, ManagedUser

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient

LIMIT_HEADER = "x-ratelimit-limit"


def check(client: CalComClient, organization_id: int | None) -> str:
    """Return one line about what a credential can do.

    :param client: a client with the credential.
    :param organization_id: the organisation that the connection names, None to take the credential's own.
    :raises CalComError: for what refused; its message names the guard and what helps.
    """
    try:
        answer = client.send("me.get")
    except NotFoundError as error:
        # Every Cal.com API v2 has /me, so a 404 here is about the address and not about the account.
        raise ConfigurationError(
            "The server answers, but there is no Cal.com API v2 at this base URL (/me was not found).",
            operation="me.get",
            status=error.status,
            request_id=error.request_id,
            advice="Use https://api.cal.com/v2, or your own address that ends in /v2 or /api/v2.",
        ) from None
    me = answer.data
    if not isinstance(me, Mapping) or "id" not in me:
        raise ConfigurationError(
            "The server answers, but not as a Cal.com API v2 does (/me has no user id).",
            operation="me.get",
            advice="Check the base URL.",
        )
    budget = describe_limits(answer.headers)
    organization = organization_id or me.get("organizationId")
    if not organization:
        if lacks_organizations(client):
            return f"User {me['id']}: the key works, but {NO_ORGANIZATIONS}. {ADVICE}{budget}"
        return (
            f"User {me['id']}: the key works, but its account belongs to no organization. "
            f"Resources of the group account can be read.{budget}"
        )
    if organization_id is None and isinstance(client.auth, ManagedUser | AccessToken):
        # Organisation routes are for administrators, which who gave a token is only by exception.
        who = "Managed user" if isinstance(client.auth, ManagedUser) else "User"
        return f"{who} {me['id']} of organization {organization}: the credential works.{budget}"
    try:
        client.send("org_memberships.list", orgId=int(organization), take=1)
    except NotFoundError as error:
        if not is_missing_route(error):
            raise
        raise ConfigurationError(
            f"The key works, but {NO_ORGANIZATIONS}.",
            operation="org_memberships.list",
            status=error.status,
            advice=ADVICE,
        ) from None
    return f"User {me['id']} can read organization {organization} as an administrator.{budget}"


def describe_limits(headers: Mapping[str, Any]) -> str:
    """Return the request limits that an answer's headers state, as a sentence, or nothing.

    :param headers: the answer's headers; one ``X-RateLimit-Limit[-name]`` a limit.
    """
    limits = {
        name.lower().removeprefix(LIMIT_HEADER).lstrip("-") or "default": str(value)
        for name, value in headers.items()
        if name.lower().startswith(LIMIT_HEADER)
    }
    if not limits:
        return ""
    named = ", ".join(f"{value} ({name})" for name, value in sorted(limits.items()))
    return f" Requests per window: {named}."

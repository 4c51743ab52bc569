"""Tell who calls, in the order and with the words of Cal.com's throttler and authentication."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calcom_provider.sandbox.core.errors import ApiError, token_expired, unauthorized
from calcom_provider.sandbox.world.tables import Row

if TYPE_CHECKING:
    from calcom_provider.sandbox.world.world import World

_NO_METHOD = (
    "ApiAuthStrategy - No authentication method provided. Either pass an API key as 'Bearer' header or OAuth "
    "client credentials as 'x-cal-secret-key' and 'x-cal-client-id' headers"
)
_WRONG_METHOD = (
    "ApiAuthStrategy - Invalid authentication method. "
    "Please provide one of the allowed methods: Any supported method"
)
_ORIGIN = (
    "ApiAuthStrategy - access token - Invalid request origin - please open "
    "https://app.cal.com/settings/platform and add the origin '{}' to the 'Redirect uris' of your OAuth "
    "client with ID '{}'"
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Say who calls: the account, the way it came in, the team its key is bound to, the platform client."""

    user: Row
    method: str
    organization_id: int | None
    key: Row | None = None
    client: Row | None = None


@dataclass(frozen=True, slots=True)
class Bucket:
    """Say whose budget a request spends."""

    tracker: str
    kind: str
    key: Row | None = None


def bearer(headers: Mapping[str, str]) -> str:
    """Return the token of the request; the scheme is cut off only in its exact spelling."""
    return headers.get("authorization", "").replace("Bearer ", "", 1).strip()


def bucket(world: World, headers: Mapping[str, str], address: str, known_keys: set[str]) -> Bucket:
    """Find the budget of a request: API key, other bearer token, client id, else the address.

    :param known_keys: keys that were counted before; their limits are held, so that a key deleted since still
        passes here and is refused later, with another text.
    :raises ApiError: 401 for an API key that does not exist.
    """
    token = bearer(headers)
    if token.startswith("cal_"):
        row = world.api_keys.first("key", token)
        if row is None and token not in known_keys:
            raise unauthorized("CustomThrottlerGuard - Invalid API Key")
        known_keys.add(token)
        return Bucket(_digest(token), "api_key", row)
    if token:
        return Bucket(_digest(token), "access_token")
    if headers.get("x-cal-client-id"):
        return Bucket(_digest(headers["x-cal-client-id"]), "client")
    return Bucket(address, "address")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def authenticate(world: World, headers: Mapping[str, str], client_id: str | None = None) -> Caller:
    """Find the caller.

    :param client_id: id of the OAuth client in the path; it goes before the header.
    :raises ApiError: 401 or 498 with the text of the step that refused.
    """
    secret = headers.get("x-cal-secret-key")
    client_id = client_id or headers.get("x-cal-client-id")
    token = bearer(headers)
    if secret and client_id:
        return _platform(world, client_id, secret)
    if token.startswith("cal_"):
        return _api_key(world, token)
    if token:
        return _access_token(world, token, headers.get("origin"))
    raise unauthorized(_WRONG_METHOD if secret or client_id else _NO_METHOD)


def _platform(world: World, client_id: str, secret: str) -> Caller:
    client = world.oauth_clients.get(client_id)
    if client is None:
        raise unauthorized(f"ApiAuthStrategy - oAuth client - Client with ID {client_id} not found")
    if client["secret"] != secret:
        raise unauthorized("ApiAuthStrategy - oAuth client - Invalid client secret")
    members = world.memberships.ordered("teamId", client["organizationId"])
    for role in ("OWNER", "ADMIN"):
        for membership in members:
            if membership["role"] == role and membership["accepted"]:
                user = world.users.get(membership["userId"])
                assert user is not None
                return Caller(user, "platform", client["organizationId"], client=client)
    raise unauthorized(f"ApiAuthStrategy - No owner ID found for oAuth client with ID {client_id}")


def _api_key(world: World, token: str) -> Caller:
    row = world.api_keys.first("key", token)
    if row is None:
        raise unauthorized("ApiAuthStrategy - api key - Your api key is not valid")
    # A key is still good on the day that it expires
    if row["expires"] and row["expires"].date() < world.today.date():
        raise unauthorized("ApiAuthStrategy - api key - Your api key is expired")
    user = world.users.get(row["userId"])
    if user is None:
        raise unauthorized("ApiAuthStrategy - api key - No user tied to this apiKey")
    return Caller(user, "api_key", row["teamId"], key=row)


def _access_token(world: World, token: str, origin: str | None) -> Caller:
    row = world.access_tokens.first("token", token)
    if row is None:
        raise unauthorized("Invalid Access Token.")
    client = world.oauth_clients.get(row["clientId"])
    user = world.users.get(row["userId"])
    if client is None or user is None:
        raise unauthorized("Invalid Access Token.")
    if origin and not any(uri.startswith(origin) for uri in client["redirectUris"]):
        raise unauthorized(_ORIGIN.format(origin, client["id"]))
    if row["expires"] <= world.today:
        raise token_expired()
    return Caller(user, "access_token", client["organizationId"], client=client)


def refused(error: ApiError) -> bool:
    """Tell whether an error says that nobody was recognised."""
    return error.status in (401, 498)

"""Serve routes that the contract does not list, and by contract those of third-party OAuth."""

from __future__ import annotations

from typing import Any
from zlib import crc32
from zoneinfo import available_timezones

from calcom_provider.sandbox.core.context import Context, Reply
from calcom_provider.sandbox.core.errors import not_found
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.groups.account import calendars
from calcom_provider.sandbox.groups.organization import out_of_office
from calcom_provider.sandbox.world.tokens import new_tokens

_CITIES = sorted(
    name for name in available_timezones() if name.count("/") == 1 and not name.startswith("Etc/")
)


@handles("timezones.list", auth="none")
def list_time_zones(context: Context) -> list[dict[str, Any]]:
    """List time zones: ``GET /timezones``."""
    return [
        {
            "city": name.partition("/")[2].replace("_", " "),
            "timezone": name,
            "pop": 1000 + crc32(name.encode()) % 10**7,
        }
        for name in _CITIES
    ]


# -- Google Calendar on its old path ----------------


def _as_google(context: Context) -> Context:
    context.values = {**context.values, "calendar": "google"}
    return context


@handles("gcal.check")
def check_google(context: Context) -> Any:
    """Check google: ``GET /gcal/check``."""
    return calendars.check(_as_google(context))


@handles("gcal.get_auth_url")
def get_google_url(context: Context) -> Any:
    """Show google url: ``GET /gcal/oauth/auth-url``."""
    return calendars.get_auth_url(_as_google(context))


@handles("gcal.save", auth="none")
def save_google(context: Context) -> Any:
    """Save google: ``GET /gcal/oauth/save``."""
    return calendars.save(_as_google(context))


# -- the caller's own absences, newer than the contract ----------------


def _as_user(context: Context) -> Context:
    context.values = {**context.values, "userId": str(context.caller.user["id"])}
    return context


@handles("me_ooo.list")
def list_ooo(context: Context) -> Any:
    """List out-of-office entries: ``GET /me/ooo``."""
    return out_of_office.list_user_ooo(_as_user(context))


@handles("me_ooo.create")
def create_ooo(context: Context) -> Any:
    """Add out-of-office entries: ``POST /me/ooo``."""
    return out_of_office.create_ooo(_as_user(context))


@handles("me_ooo.update")
def update_ooo(context: Context) -> Any:
    """Change out-of-office entries: ``PATCH /me/ooo/{oooId}``."""
    return out_of_office.update_ooo(_as_user(context))


@handles("me_ooo.delete")
def delete_ooo(context: Context) -> Any:
    """Delete out-of-office entries: ``DELETE /me/ooo/{oooId}``."""
    return out_of_office.delete_ooo(_as_user(context))


# -- third-party OAuth ----------------


@handles("oauth2.get_client", auth="none")
def get_client(context: Context) -> dict[str, Any]:
    """Show client: ``GET /auth/oauth2/clients/{clientId}``."""
    client = context.world.oauth_clients.get(context.values["clientId"])
    if client is None:
        raise not_found(f"OAuth client with ID '{context.values['clientId']}' not found")
    return {
        "client_id": client["id"],
        "redirect_uri": (client["redirectUris"] or [""])[0],
        "name": client["name"],
        "logo": client["logo"],
        "is_trusted": False,
        "client_type": "CONFIDENTIAL",
    }


def _refused(status: int, error: str, text: str) -> Reply:
    return Reply({"error": error, "error_description": text}, status)


@handles("oauth2.token", auth="none")
def token(context: Context) -> Reply:
    """Give tokens for a refresh token; codes come from a consent page, which is not imitated."""
    body = context.raw_body if isinstance(context.raw_body, dict) else {}
    client = context.world.oauth_clients.get(str(body.get("client_id")))
    if client is None:
        return _refused(401, "invalid_client", "client_not_found")
    if body.get("client_secret", client["secret"]) != client["secret"]:
        return _refused(401, "invalid_client", "invalid_client_credentials")
    if body.get("grant_type") == "authorization_code":
        return _refused(400, "invalid_grant", "code_invalid_or_expired")
    if body.get("grant_type") != "refresh_token":
        return _refused(400, "unsupported_grant_type", "grant_type_invalid")
    sent = body.get("refresh_token")
    row = next((one for one in context.world.access_tokens if sent and one["refreshToken"] == sent), None)
    user = context.world.users.get(row["userId"]) if row and row["clientId"] == client["id"] else None
    if row is None or user is None:
        return _refused(400, "invalid_grant", "refresh_token_invalid")
    context.world.access_tokens.update(row, refreshToken=None)
    made = new_tokens(context.world, user, client["id"])
    return Reply(
        {
            "access_token": made["accessToken"],
            "token_type": "bearer",
            "refresh_token": made["refreshToken"],
            "expires_in": 1800,
        }
    )

"""Make and read what consent pages of other providers are given: the ``state`` with the caller's key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from calcom_provider.sandbox.core.auth import bearer
from calcom_provider.sandbox.core.context import Context, Reply
from calcom_provider.sandbox.core.errors import ApiError, bad_request, unauthorized
from calcom_provider.sandbox.world.tables import Row


def state(context: Context, **more: Any) -> dict[str, Any]:
    """Make the state of a consent page; the key that called is in it, in clear."""
    named = {name: context.values[name] for name in ("teamId", "orgId") if name in context.values}
    return {"fromApp": False, "accessToken": bearer(context.headers), **more, **named}


def address(page: str, values: Mapping[str, Any]) -> str:
    """Write the address of a consent page."""
    written = {
        name: json.dumps(value) if isinstance(value, dict) else value for name, value in values.items()
    }
    return f"{page}?{urlencode(written)}"


def read_state(context: Context) -> dict[str, Any]:
    """Read the state that comes back.

    :raises ApiError: 400 without one, a bare 500 for one that is no JSON.
    """
    text = context.text("state")
    if text is None:
        raise bad_request("Missing `state` query param")
    try:
        found = json.loads(text)
    except ValueError:
        raise ApiError(500, "Internal server error") from None
    return found if isinstance(found, dict) else {}


def user_of(context: Context, held: Mapping[str, Any]) -> Row:
    """Find whose key is in a state.

    :raises ApiError: 401 when nobody has it.
    """
    row = context.world.api_keys.first("key", held.get("accessToken"))
    user = context.world.users.get(row["userId"]) if row else None
    if user is None:
        raise unauthorized("Invalid Access token.")
    return user


def redirect(to: Any) -> Reply:
    """Send the browser to an address (301)."""
    return Reply(None, 301, {"Location": str(to or "")})

"""Serve the refresh of an API key: the old one dies at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.errors import bad_request, inner_call, plain, unauthorized
from calcom_provider.sandbox.core.routing import handles

_BOTH = (
    "ApiKeysService -Cannot set both apiKeyDaysValid and apiKeyNeverExpires. "
    "It has to be either or none of them."
)
_ONLY_KEYS = (
    "ApiKeysService - This endpoint can only be accessed using an API key by providing "
    "'Authorization: Bearer <apiKey>' header"
)


DAYS_MAXIMUM = 2_000_000


@handles("api_keys.refresh")
def refresh_key(context: Context) -> dict[str, Any]:
    """Refresh key: ``POST /api-keys/refresh``."""
    body = context.body(
        v.Field("apiKeyDaysValid", v.every(v.at_least(1), v.integer)),
        v.Field("apiKeyNeverExpires", v.boolean),
    )
    caller, world = context.caller, context.world
    if caller.method != "api_key" or caller.key is None:
        raise unauthorized(_ONLY_KEYS)
    days, never = body.get("apiKeyDaysValid"), body.get("apiKeyNeverExpires")
    if days and never:
        raise bad_request(_BOTH)
    if caller.organization_id is not None:
        membership = world.membership(caller.user["id"], caller.organization_id)
        if membership is None or membership["role"] == "MEMBER":
            # This 401 does not mean that the key is wrong
            raise inner_call(401)
    if (days or 0) > DAYS_MAXIMUM:
        # Beyond what a date can hold
        raise plain()
    expires = None if never else world.today + timedelta(days=days or 30)
    world.api_keys.delete(caller.key)
    # The binding to a team is carried over, raised limits are lost
    return {"apiKey": world.add_api_key(caller.user, caller.organization_id, expires=expires)}

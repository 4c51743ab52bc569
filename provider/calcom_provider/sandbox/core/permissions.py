"""Check what an OAuth client was permitted; API keys are never checked, and most routes ask for nothing."""

from __future__ import annotations

from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.errors import forbidden

_READ = {
    "me.get": "PROFILE",
    "bookings.list": "BOOKING",
    "bookings.list_calendar_links": "BOOKING",
    "bookings.list_references": "BOOKING",
    "org_team_bookings.list_references": "BOOKING",
    "event_types.get": "EVENT_TYPE",
    "event_type_private_links.list": "EVENT_TYPE",
    "schedules.list": "SCHEDULE",
    "schedules.get": "SCHEDULE",
    "schedules.get_default": "SCHEDULE",
    "gcal.check": "APPS",
}
_WRITE = {
    "me.update": "PROFILE",
    "bookings.confirm": "BOOKING",
    "bookings.decline": "BOOKING",
    "bookings.mark_absent": "BOOKING",
    "bookings.reassign": "BOOKING",
    "bookings.reassign_to_user": "BOOKING",
    "event_types.create": "EVENT_TYPE",
    "event_types.update": "EVENT_TYPE",
    "event_types.delete": "EVENT_TYPE",
    "event_type_private_links.create": "EVENT_TYPE",
    "event_type_private_links.update": "EVENT_TYPE",
    "event_type_private_links.delete": "EVENT_TYPE",
    "schedules.create": "SCHEDULE",
    "schedules.update": "SCHEDULE",
    "schedules.delete": "SCHEDULE",
}
NEEDED = {name: f"{word}_READ" for name, word in _READ.items()} | {
    name: f"{word}_WRITE" for name, word in _WRITE.items()
}
"""The permission that an operation asks of the client behind platform headers or a managed user's token."""


def check_permissions(context: Context) -> None:
    """Refuse a client that was not permitted what an operation asks for.

    :raises ApiError: 403; for a token its text holds the whole token, as Cal.com's does.
    """
    needed = NEEDED.get(context.route.name)
    if needed is None or context.anonymous or context.caller.client is None:
        return
    client = context.caller.client
    if "*" in client["permissions"] or needed in client["permissions"]:
        return
    token = context.headers.get("authorization", "") if context.caller.method == "access_token" else ""
    who = f"access token={token.removeprefix('Bearer ')}" if token else f"oAuth client id={client['id']}"
    raise forbidden(f"PermissionsGuard - {who} does not have the required permissions={needed}.")

"""Serve the caller's own account."""

from __future__ import annotations

from typing import Any

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.errors import duplicate_record
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.world.tables import Row

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_FIELDS = (
    v.Field("email", v.string),
    v.Field("name", v.string),
    v.Field("timeFormat", v.one_of(12, 24, rule_name="isIn")),
    v.Field("defaultScheduleId", v.number),
    v.Field("weekStart", v.one_of(*DAYS, rule_name="isIn")),
    v.Field("timeZone", v.time_zone),
    v.Field("locale", v.string),
    v.Field("avatarUrl", v.url),
    v.Field("bio", v.string),
    v.Field("metadata", v.metadata),
)


def me_view(context: Context, user: Row) -> dict[str, Any]:
    """Show the caller as the API does."""
    names = ("id", "email", "timeFormat", "defaultScheduleId", "weekStart", "timeZone", "username")
    profile = context.world.profiles.first("userId", user["id"])
    return {**{name: user[name] for name in names}, "organizationId": profile and profile["organizationId"]}


@handles("me.get")
def get_me(context: Context) -> dict[str, Any]:
    """Show me: ``GET /me``."""
    view = me_view(context, context.caller.user)
    organization = context.world.organization(view["organizationId"]) if view["organizationId"] else None
    if organization:
        # Only the read tells of the organisation; without one the field is absent
        view["organization"] = {"isPlatform": bool(organization.get("isPlatform")), "id": organization["id"]}
    return view


@handles("me.update")
def update_me(context: Context) -> dict[str, Any]:
    """Change me: ``PATCH /me``."""
    changes = context.body(*_FIELDS)
    user = context.caller.user
    email = changes.get("email")
    # The address is not checked, only its uniqueness
    if email and email != user["email"] and context.world.users.has("email", email):
        raise duplicate_record()
    context.world.users.update(user, **changes)
    return me_view(context, user)

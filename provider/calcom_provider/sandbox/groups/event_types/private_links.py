"""Serve the private links of event types."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Any

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.errors import bad_request, forbidden, not_found
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.world.stores import private_links
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import iso

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?")
_is_date = v.rule(
    "isDate",
    "{} must be a Date instance",
    lambda value: isinstance(value, str) and bool(_MOMENT.fullmatch(value)),
)
_FIELDS = (
    v.Field("expiresAt", _is_date),
    v.Field("maxUsageCount", v.every(v.at_least(1), v.integer)),
)


def link_view(context: Context, row: Row) -> dict[str, Any]:
    """Show a private link as the API does."""
    view = {
        "linkId": row["linkId"],
        "eventTypeId": row["eventTypeId"],
        "isExpired": _expired(context, row),
        "bookingUrl": f"https://cal.com/d/{row['linkId']}",
    }
    if row["expiresAt"]:
        return {**view, "expiresAt": row["expiresAt"]}
    return {**view, "maxUsageCount": row["maxUsageCount"], "usageCount": row["usageCount"]}


def _expired(context: Context, row: Row) -> bool:
    if row["expiresAt"]:
        return bool(row["expiresAt"] < iso(context.world.today))
    return bool(row["usageCount"] >= row["maxUsageCount"])


def _event_type(context: Context) -> int:
    number = context.number("eventTypeId")
    row = context.world.event_types.get(number)
    if "teamId" in context.values:
        if row is None or row["teamId"] != context.number("teamId"):
            raise not_found(f"Event type with id {number} not found")
    elif row is None or row["userId"] != context.caller.user["id"]:
        raise forbidden(f"User with ID={context.caller.user['id']} does not own event type with ID={number}")
    return number


def _moment(text: str) -> str:
    return iso(datetime.fromisoformat(text.replace("Z", "+00:00")))


def _body(context: Context) -> dict[str, Any]:
    sent = dict(context.raw_body) if isinstance(context.raw_body, dict) else {}
    if isinstance(sent.get("expiresAt"), str) and not _MOMENT.fullmatch(sent["expiresAt"]):
        # No date at all, which the echo shows as null
        sent["expiresAt"] = math.nan
    return v.validate(_FIELDS, sent)


def _list(context: Context) -> list[dict[str, Any]]:
    return [
        link_view(context, row)
        for row in private_links(context.world).ordered("eventTypeId", _event_type(context))
    ]


def _create(context: Context) -> dict[str, Any]:
    number, body = _event_type(context), _body(context)
    expires, uses = body.get("expiresAt"), body.get("maxUsageCount")
    if not expires and not uses:
        raise bad_request("Either expiresAt or maxUsageCount must be provided")
    if expires and uses:
        raise bad_request("Only one of expiresAt or maxUsageCount can be provided")
    row = {
        "linkId": context.world.ids.token(22),
        "eventTypeId": number,
        "expiresAt": expires and _moment(expires),
        "maxUsageCount": uses or 1,
        "usageCount": 0,
    }
    return link_view(context, private_links(context.world).insert(row))


def _find(context: Context, word: str) -> Row:
    row = private_links(context.world).first("linkId", context.values["linkId"])
    if row is None or row["eventTypeId"] != _event_type(context):
        raise not_found(f"{word} link not found")
    return row


def _update(context: Context) -> dict[str, Any]:
    body, row = _body(context), _find(context, "Updated")
    expires = body.get("expiresAt")
    # What is not sent is reset: without an expiry the link counts its uses again
    changes = {
        "expiresAt": expires and _moment(expires),
        "maxUsageCount": body.get("maxUsageCount") or row["maxUsageCount"],
    }
    return link_view(context, private_links(context.world).update(row, **changes))


def _delete(context: Context) -> dict[str, Any]:
    row = private_links(context.world).delete(_find(context, "Deleted"))
    return {"linkId": row["linkId"], "message": "Private link deleted successfully"}


for _verb, _function in (("list", _list), ("create", _create), ("update", _update), ("delete", _delete)):
    handles(f"event_type_private_links.{_verb}")(_function)
    handles(f"org_team_event_type_private_links.{_verb}", role="TEAM_ADMIN", plan="ESSENTIALS")(_function)

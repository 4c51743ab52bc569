"""Serve webhooks of users, organisations, event types and OAuth clients; they differ in small ways."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.errors import (
    conflict,
    duplicate_record,
    forbidden,
    missing_record,
    not_found,
)
from calcom_provider.sandbox.core.platform_guards import client_of, client_role
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.world.stores import webhooks
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import iso

TRIGGERS = (
    "BOOKING_CREATED",
    "BOOKING_PAYMENT_INITIATED",
    "BOOKING_PAID",
    "BOOKING_RESCHEDULED",
    "BOOKING_REQUESTED",
    "BOOKING_CANCELLED",
    "BOOKING_REJECTED",
    "BOOKING_NO_SHOW_UPDATED",
    "FORM_SUBMITTED",
    "MEETING_ENDED",
    "MEETING_STARTED",
    "RECORDING_READY",
    "INSTANT_MEETING",
    "RECORDING_TRANSCRIPTION_GENERATED",
    "OOO_CREATED",
    "AFTER_HOSTS_CAL_VIDEO_NO_SHOW",
    "AFTER_GUESTS_CAL_VIDEO_NO_SHOW",
    "FORM_SUBMITTED_NO_EVENT",
)
REMEMBERED = timedelta(seconds=300)
OWNERS = ("userId", "teamId", "eventTypeId", "oAuthClientId")
_each_trigger = v.rule(
    "isEnum",
    "each value in {} must be one of the following values: " + ", ".join(TRIGGERS),
    lambda value: isinstance(value, list) and all(item in TRIGGERS for item in value),
)
_triggers = v.every(_each_trigger, v.array)


def _fields(required: bool) -> tuple[v.Field, ...]:
    return (
        v.Field("payloadTemplate", v.string),
        v.Field("active", v.boolean, required=required),
        # Not checked to be an address
        v.Field("subscriberUrl", v.string, required=required),
        v.Field("triggers", _triggers, required=required),
        v.Field("secret", v.string),
    )


def webhook_view(row: Row) -> dict[str, Any]:
    """Show a webhook as the API does."""
    names = ("id", "payloadTemplate", "triggers", "subscriberUrl", "active", "secret")
    owner = {name: row[name] for name in OWNERS if row[name] is not None}
    return {**{name: row[name] for name in names}, **owner}


def add_webhook(context: Context, owner: str, value: Any, body: dict[str, Any]) -> Row:
    """Add a webhook of an owner."""
    row = {
        **dict.fromkeys(OWNERS),
        owner: value,
        "payloadTemplate": body.get("payloadTemplate"),
        "triggers": body["triggers"],
        "subscriberUrl": body["subscriberUrl"],
        "active": body["active"],
        "secret": body.get("secret"),
        "createdAt": context.world.now(),
    }
    return webhooks(context.world).insert(row)


class Group:
    """Serve the webhooks of one kind of owner.

    :param owner: the column that names the owner.
    :param word: what the owner is called when an address is taken.
    :param unique: whether the database refuses an address twice on update too.
    :param value: finds the owner of a request, and refuses who may not read.
    :param write: refuses who may not write.
    """

    def __init__(
        self,
        owner: str,
        word: str,
        unique: bool,
        value: Callable[[Context], Any],
        write: Callable[[Context], Any] | None = None,
    ) -> None:
        self.owner = owner
        self.word = word
        self.unique = unique
        self.value = value
        self.write = write or value

    def list(self, context: Context) -> list[dict[str, Any]]:
        """List the owner's webhooks."""
        # In uuid order: a new webhook can land on a page that was read already
        rows = webhooks(context.world).ordered(self.owner, self.value(context))
        return [webhook_view(row) for row in context.page(rows)]

    def get(self, context: Context) -> dict[str, Any]:
        """Show one of the owner's webhooks."""
        return webhook_view(self.find(context, self.value))

    def create(self, context: Context) -> dict[str, Any]:
        """Add a webhook from the request's body."""
        value, body = self.write(context), context.body(*_fields(required=True))
        if self._taken(context, value, body["subscriberUrl"]):
            raise conflict(f"Webhook with this subscriber url already exists for this {self.word}")
        return webhook_view(add_webhook(context, self.owner, value, body))

    def update(self, context: Context) -> dict[str, Any]:
        """Change a webhook by the request's body."""
        row, body = self.find(context, self.write), context.body(*_fields(required=False))
        address = body.get("subscriberUrl")
        if self.unique and address and self._taken(context, row[self.owner], address, row):
            raise duplicate_record()
        changes = {
            name: value
            for name, value in body.items()
            if value is not None or name in ("secret", "payloadTemplate")
        }
        return webhook_view(webhooks(context.world).update(row, **changes))

    def delete(self, context: Context) -> dict[str, Any]:
        """Delete a webhook and show it."""
        return webhook_view(webhooks(context.world).delete(self.find(context, self.write)))

    def delete_all(self, context: Context) -> str:
        """Delete all webhooks of the owner."""
        table = webhooks(context.world)
        rows = table.by(self.owner, self.write(context))
        for row in rows:
            table.delete(row)
        return f"{len(rows)} webhooks deleted"

    def find(self, context: Context, allowed: Callable[[Context], Any]) -> Row:
        """Return the webhook in the path, refuse one of another owner."""
        value = allowed(context)
        row = webhooks(context.world).get(context.values["webhookId"])
        if row is None:
            raise unknown(context)
        if row[self.owner] != value:
            raise self.foreign(context, value)
        return row

    def foreign(self, context: Context, value: Any) -> Exception:
        """Refuse a webhook of another owner."""
        return forbidden(
            f"webhook with id={context.values['webhookId']} does not belong to {self.word} {value}."
        )

    def _taken(self, context: Context, value: Any, address: str, but: Row | None = None) -> bool:
        rows = webhooks(context.world).by(self.owner, value)
        return any(row["subscriberUrl"] == address and row is not but for row in rows)


def unknown(context: Context) -> Exception:
    """Refuse a webhook that is not there."""
    return not_found(f"Webhook ({context.values['webhookId']}) not found")


class UserGroup(Group):
    """Serve the caller's own webhooks."""

    def get(self, context: Context) -> dict[str, Any]:
        """Show the whole row of a webhook."""
        # The only read that shows the whole row
        row = self.find(context, self.value)
        more = {
            "appId": None,
            "platform": False,
            "time": None,
            "timeUnit": None,
            "platformOAuthClientId": None,
        }
        return {**{name: row[name] for name in row if name != "oAuthClientId"}, **more}

    def foreign(self, context: Context, value: Any) -> Exception:
        """Refuse a webhook of another user."""
        number = context.values["webhookId"]
        return forbidden(
            f"IsUserWebhookGuard - user with id=({value}) is not the owner of webhook with id=({number})"
        )


class OrganizationGroup(Group):
    """Serve the webhooks of an organisation: unknown is forbidden, except for a while after the deletion."""

    def get(self, context: Context) -> dict[str, Any]:
        """Show one of the organisation's webhooks."""
        row = self._remembered(context)
        if row is None:
            raise unknown(context)
        return webhook_view(row)

    def find(self, context: Context, allowed: Callable[[Context], Any]) -> Row:
        """Return the webhook in the path, as a write finds it."""
        row = self._remembered(context)
        if row is None:
            # Past the guard nothing looks before it writes, so that the database refuses
            raise missing_record()
        return row

    def _remembered(self, context: Context) -> Row | None:
        """Return the webhook that the organisation's guard lets pass, None for one deleted a while ago."""
        number, org_id = context.values["webhookId"], context.org_id
        table, known = webhooks(context.world), context.world.table("webhook_guard", key="uuid")
        row = table.get(number)
        now = context.world.today
        if row is not None and row["teamId"] == org_id:
            # The guard remembers for five minutes that the webhook was in the organisation
            held = known.get((number, org_id))
            if held is None:
                known.insert({"id": (number, org_id), "until": iso(now + REMEMBERED)})
            else:
                held["until"] = iso(now + REMEMBERED)
            return row
        held = known.get((number, org_id))
        if row is None and held and held["until"] > iso(now):
            return None
        raise forbidden(
            f"IsWebhookInOrg - webhook with id={number} is not part of the organization with id={org_id}."
        )


class EventTypeGroup(Group):
    """Serve the webhooks of an event type of the caller."""

    def foreign(self, context: Context, value: Any) -> Exception:
        """Refuse a webhook of another event type as one that is not there."""
        return unknown(context)


def _caller(context: Context) -> int:
    return int(context.caller.user["id"])


def _organization(context: Context) -> int:
    return context.org_id


def _event_type(context: Context) -> int:
    number, user_id = context.number("eventTypeId"), _caller(context)
    row = context.world.event_types.get(number)
    if row is None:
        raise not_found(f"IsUserEventTypeWebhookGuard - Event type ({number}) not found")
    if row["userId"] != user_id:
        raise forbidden(
            f"IsUserEventTypeWebhookGuard - User ({user_id}) is not the owner of event type ({number})"
        )
    return number


def _team_event_type(context: Context) -> int:
    number, team_id = context.number("eventTypeId"), context.number("teamId")
    row = context.world.event_types.get(number)
    if row is None or row["teamId"] != team_id:
        raise not_found(f"Event type ({number}) not found in team ({team_id})")
    return number


def _client(context: Context) -> str:
    return str(client_of(context, "MEMBER")["id"])


def _client_written(context: Context) -> str:
    client_role(context, "ADMIN")
    return str(client_of(context, "ADMIN")["id"])


def _declare(name: str, group: Group, delete_all: bool, **options: Any) -> None:
    for verb in ("list", "get", "create", "update", "delete"):
        handles(f"{name}.{verb}", **options)(getattr(group, verb))
    if delete_all:
        handles(f"{name}.delete_all", **options)(group.delete_all)


_declare("webhooks", UserGroup("userId", "user", True, _caller), False)
_declare(
    "org_webhooks",
    # The text of a taken address speaks of a user here too
    OrganizationGroup("teamId", "user", False, _organization),
    False,
    role="ORG_ADMIN",
    plan="ESSENTIALS",
)
_declare("event_type_webhooks", EventTypeGroup("eventTypeId", "event type", False, _event_type), True)
_declare(
    "team_event_type_webhooks",
    EventTypeGroup("eventTypeId", "event type", False, _team_event_type),
    True,
    role="TEAM_ADMIN",
)
_declare(
    "oauth_client_webhooks", Group("oAuthClientId", "oAuth client", True, _client, _client_written), True
)

"""Find the subscriptions that a change is told to, and put what they are told into the outbox."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson

from calcom_provider.sandbox.deliveries.shapes import absence_payload, booking_payload, form_payload
from calcom_provider.sandbox.world.stores import routing_forms, webhooks
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World

NO_SECRET = "no-secret-provided"  # noqa: S105 - what Cal.com sends for a webhook without a secret
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Delivery:
    """Hold one delivery that waits to be sent.

    :param trigger: name of the trigger.
    :param subject: key of the row that it is about.
    :param url: where it goes.
    :param secret: the subscription's secret, None without one.
    :param body: what is sent.
    """

    trigger: str
    subject: str
    url: str
    secret: str | None
    body: bytes

    @property
    def signature(self) -> str:
        """Return what ``X-Cal-Signature-256`` says."""
        if not self.secret:
            return NO_SECRET
        return hmac.new(self.secret.encode(), self.body, hashlib.sha256).hexdigest()


def announce_booking(world: World, trigger: str, row: Row) -> None:
    """Tell of a booking.

    :param world: the state.
    :param trigger: name of the trigger.
    :param row: the booking, changed already.
    """
    event_type = world.event_types.get(row["eventTypeId"]) or {}
    host = world.users.get(row["userId"]) or {}
    owners = {
        "userId": row["userId"],
        "teamId": (event_type.get("teamId"), host.get("organizationId")),
        "eventTypeId": row["eventTypeId"],
    }
    _announce(world, trigger, row["uid"], owners, lambda: booking_payload(world, trigger, row))


def announce_response(world: World, row: Row) -> None:
    """Tell of a response to a routing form; the answers stand at the top of the body too.

    :param world: the state.
    :param row: the response.
    """
    form = routing_forms(world).get(row["formId"]) or {}
    team = world.teams.get(form.get("teamId")) or {}
    owners = {"userId": form.get("userId"), "teamId": (form.get("teamId"), team.get("parentId"))}
    payload = form_payload(world, row)
    answers = {name: one["value"] for name, one in payload["responses"].items()}
    _announce(world, "FORM_SUBMITTED", str(row["id"]), owners, lambda: payload, answers)


def announce_absence(world: World, row: Row) -> None:
    """Tell of an out-of-office entry that was made in the web app; the API's own tell nobody.

    :param world: the state.
    :param row: the entry.
    """
    user = world.users.get(row["userId"]) or {}
    owners = {"userId": row["userId"], "teamId": (user.get("organizationId"),)}
    _announce(world, "OOO_CREATED", str(row["id"]), owners, lambda: absence_payload(world, row))


def _announce(
    world: World,
    trigger: str,
    subject: str,
    owners: dict[str, Any],
    payload: Any,
    top: dict[str, Any] | None = None,
) -> None:
    found = [
        hook
        for column, values in owners.items()
        for value in (values if isinstance(values, tuple) else (values,))
        if value is not None
        for hook in webhooks(world).by(column, value)
    ]
    told = {hook["id"]: hook for hook in found if hook["active"] and trigger in hook["triggers"]}
    told = {key: hook for key, hook in told.items() if urlsplit(hook["subscriberUrl"]).hostname in LOOPBACK}
    if not told:
        return
    body = {**(top or {}), "triggerEvent": trigger, "createdAt": world.now(), "payload": payload()}
    for hook in told.values():
        template = hook["payloadTemplate"]
        raw = _filled_in(template, body) if template else orjson.dumps(body)
        world.outbox.append(Delivery(trigger, subject, hook["subscriberUrl"], hook["secret"], raw))


def _filled_in(template: str, body: dict[str, Any]) -> bytes:
    """Write what a template asks for: ``{{name}}`` stands for a value of the payload, or for nothing."""
    values = body["payload"] | {"triggerEvent": body["triggerEvent"], "createdAt": body["createdAt"]}
    return re.sub(r"{{(\w+)}}", lambda found: str(values.get(found[1], "")), template).encode()

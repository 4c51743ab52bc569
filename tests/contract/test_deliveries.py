"""The sandbox sends webhooks in the shapes in which the real API was recorded to send them."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.events.body import read_body
from calcom_provider.sandbox.world import stores
from tests.contract.shapes import differences
from tests.integration.events.world import World, world

pytestmark = pytest.mark.shared

SECRET = "a-secret-of-a-webhook"
#: What a connection sets, and not the sender.
OF_THE_CONNECTION = {"host", "connection", "content-length"}

CALENDAR = {
    "integration": "apple_calendar", "eventTypeId": None, "externalId": "", "primaryEmail": None,
    "credentialId": None, "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-01T00:00:00.000Z",
    "delegationCredentialId": None, "domainWideDelegationCredentialId": None,
}  # fmt: skip

Taken = tuple[dict[str, str], bytes]


@contextmanager
def taking() -> Iterator[tuple[str, list[Taken]]]:
    """Take deliveries; give the address and what came."""
    came: list[Taken] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            came.append((dict(self.headers.items()), body))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", came
    finally:
        server.shutdown()
        thread.join(30)
        server.server_close()


def act(w: World) -> None:
    """Do what the recordings were made of: book, move, cancel; ask, be refused; answer a form."""
    with w.sandbox.paused() as state:
        types = [row for row in state.event_types.ordered() if row["userId"] and not row["teamId"]]
        plain = next(
            row for row in types if row["confirmationPolicy"].get("disabled") and not row["recurrence"]
        )
        asked = next(row for row in types if not row["confirmationPolicy"].get("disabled"))
        for row in (plain, asked):
            state.event_types.update(row, description=None)
            stores.destination_calendars(state).insert(CALENDAR | {"userId": row["userId"]})

    def book(event_type: dict[str, Any]) -> str:
        window = {"eventTypeId": event_type["id"], "start": "2027-06-07", "end": "2027-06-11"}
        start = next(free[-1]["start"] for free in w.call("slots.list", **window).values() if free)
        person = {"name": "Wanda Hook", "email": "wanda@client.example", "timeZone": "Europe/Berlin"}
        return str(
            w.call("bookings.create", eventTypeId=event_type["id"], start=start, attendee=person)["uid"]
        )

    first = book(plain)
    window = {"eventTypeId": plain["id"], "start": "2027-06-14", "end": "2027-06-18"}
    start = next(free[-1]["start"] for free in w.call("slots.list", **window).values() if free)
    moved = w.call("bookings.reschedule", bookingUid=first, start=start, reschedulingReason="later")["uid"]
    w.cancel(moved)
    w.call("bookings.decline", bookingUid=book(asked), reason="no")
    form = next(iter(w.client.rows("org_routing_forms.list")))
    answers = {one["label"].lower(): "words" for one in form["fields"]}
    w.call(
        "org_routing_form_responses.create",
        routingFormId=form["id"],
        start="2027-06-07",
        end="2027-06-08",
        **answers,
    )
    w.drain()


TRIGGERS = (
    "BOOKING_CREATED", "BOOKING_RESCHEDULED", "BOOKING_CANCELLED", "BOOKING_REQUESTED", "BOOKING_REJECTED",
    "FORM_SUBMITTED",
)  # fmt: skip


def recorded(shared_dir: Path) -> dict[str, dict[str, Any]]:
    found = [
        json.loads(path.read_text())
        for path in sorted((shared_dir / "calcom/webhook-deliveries").glob("*.json"))
    ]
    return {one["body"].get("triggerEvent", "template"): one for one in found}


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Taken]:
    with taking() as (url, came), world(tmp_path_factory.mktemp("world")) as w:
        hook = {"active": True, "triggers": list(TRIGGERS), "secret": SECRET}
        w.call("org_webhooks.create", subscriberUrl=url, **hook)
        act(w)
        found = {json.loads(body)["triggerEvent"]: (headers, body) for headers, body in came}
        came.clear()
        template = '{"t":"{{title}}","u":"{{uid}}"}'
        hook |= {"payloadTemplate": template, "triggers": ["BOOKING_CANCELLED"]}
        w.call("org_webhooks.create", subscriberUrl=f"{url}/template", **hook)
        w.cancel(w.bookings()[0]["uid"])
        w.drain()
        return found | {"template": next(one for one in came if b"triggerEvent" not in one[1])}


@pytest.mark.parametrize("trigger", [*TRIGGERS, "template"])
def test_a_delivery_has_the_recorded_shape(trigger: str, sent: dict[str, Taken], shared_dir: Path) -> None:
    wanted = recorded(shared_dir)[trigger]
    headers, body = sent[trigger]
    assert differences(wanted["body"], json.loads(body)) == []
    ours = {name.lower(): value for name, value in headers.items()}
    theirs = {name.lower(): value for name, value in wanted["headers"].items()}
    assert set(ours) - OF_THE_CONNECTION == set(theirs) - OF_THE_CONNECTION
    same = set(ours) - OF_THE_CONNECTION - {"x-cal-signature-256"}
    assert {name: ours[name] for name in same} == {name: theirs[name] for name in same}
    assert ours["x-cal-signature-256"] == hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_recorded_deliveries_and_ours_name_the_same_kinds_of_rows(
    trigger: str, sent: dict[str, Taken], shared_dir: Path
) -> None:
    def named(body: bytes) -> list[tuple[str, bool]]:
        delivered = read_body(body)
        assert delivered.trigger == trigger
        return [(change.resource, change.number is not None) for change in delivered.changes]

    assert named(json.dumps(recorded(shared_dir)[trigger]["body"]).encode()) == named(sent[trigger][1]) != []

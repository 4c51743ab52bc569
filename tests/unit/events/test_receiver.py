"""What the receiver takes, what it refuses, and what it keeps of it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import random
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from calcom_provider.events import receiver
from calcom_provider.events.asgi import AT_ONCE, ReceiverApp
from calcom_provider.events.errors import EventStoreError
from calcom_provider.events.rate import Senders
from calcom_provider.events.receiver import Limits, Receiver
from calcom_provider.events.secrets import Generations, derive
from calcom_provider.events.store.database import Database
from calcom_provider.events.store.store import EventStore
from calcom_provider.events.store.tables import EVENTS, METADATA, SUBSCRIPTIONS
from calcom_provider.resources.events import TRIGGERS

SECRET = "0123456789abcdef-secret"
ORGANIZATION = 7
NOW = datetime(2026, 11, 20, 10, 14, tzinfo=UTC).timestamp()
WORDS = ("Wanda", "wanda@client.test", "Intro call", "bye")


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class Bench:
    def __init__(self, folder: Path, **limits: Any) -> None:
        self.clock = Clock()
        self.database = Database(f"sqlite:///{folder}/events.db")
        self.store = EventStore(self.database, self.clock)
        secrets = {ORGANIZATION: SECRET}
        self.receiver = Receiver(self.store, secrets.get, Limits(**limits), self.clock)

    def send(
        self, body: bytes, signature: str | None = "", organization: int = ORGANIZATION
    ) -> tuple[int, str]:
        answer = self.receiver.receive(organization, sign(body) if signature == "" else signature, body)
        return answer.status, answer.outcome

    def kept(self) -> list[Any]:
        return self.database.run(lambda connection: connection.execute(sa.select(EVENTS)).mappings().all())


def sign(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def booking(**more: Any) -> bytes:
    payload = {
        "uid": "gCgXFyMiZovGbD9a2KpVSD",
        "bookingId": 633,
        "title": "Intro call",
        "attendees": [{"name": "Wanda", "email": "wanda@client.test"}],
        "cancellationReason": "bye",
    }
    body = {"triggerEvent": "BOOKING_CREATED", "createdAt": "2026-11-20T10:13:45.000Z", "payload": payload}
    return json.dumps(body | more).encode()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.database.close()


def test_what_is_kept_is_ids_and_times(bench: Bench) -> None:
    assert bench.send(booking()) == (200, "accepted")
    (row,) = bench.kept()
    assert (row["resource"], row["row_key"], row["row_number"], row["kind"]) == (
        "bookings", "gCgXFyMiZovGbD9a2KpVSD", 633, "BOOKING_CREATED",
    )  # fmt: skip
    assert not any(word in repr(row) for word in WORDS)


def test_a_repeated_body_is_answered_with_200_and_changes_nothing(bench: Bench) -> None:
    assert [bench.send(booking())[1] for _ in range(3)] == ["accepted", "repeated", "repeated"]
    assert len(bench.kept()) == 1
    bench.receiver.flush()
    assert bench.store.counts(ORGANIZATION) == {"accepted": 1, "repeated": 2}


def test_eight_at_once_with_the_same_body_are_one(bench: Bench) -> None:
    outcomes: list[str] = []
    start = threading.Barrier(8)

    def send() -> None:
        start.wait(60)
        outcomes.append(bench.send(booking())[1])

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["accepted"] + ["repeated"] * 7


@pytest.mark.parametrize(
    ("body", "signature", "organization", "expected"),
    [
        (booking(), None, ORGANIZATION, (401, "unsigned")),
        (booking(), "no-secret-provided", ORGANIZATION, (401, "unsigned")),
        (booking(), sign(booking(), "another-secret-of-16"), ORGANIZATION, (401, "signature")),
        (booking()[:-9], sign(booking()), ORGANIZATION, (401, "signature")),
        (booking(), "", 8, (404, "foreign")),
        (booking(payload="x" * 300_000), "", ORGANIZATION, (413, "oversized")),
        (booking(createdAt="2026-11-20T09:58:00.000Z"), "", ORGANIZATION, (400, "stale")),
        (booking(createdAt="2026-11-20T10:30:00.000Z"), "", ORGANIZATION, (400, "stale")),
        (booking(createdAt=None), "", ORGANIZATION, (400, "malformed")),
        (booking()[:-9], "", ORGANIZATION, (400, "malformed")),
        (b"[]", "", ORGANIZATION, (400, "malformed")),
        (b'{"t":"words","u":"gCgX"}', "", ORGANIZATION, (400, "malformed")),
    ],
)  # fmt: skip
def test_what_is_refused_is_counted(
    bench: Bench, body: bytes, signature: str | None, organization: int, expected: tuple[int, str]
) -> None:
    given = sign(body) if signature == "" else signature
    assert bench.send(body, given, organization) == expected
    assert bench.kept() == []
    bench.receiver.flush()
    assert bench.store.counts(0 if organization == 8 else ORGANIZATION) == {expected[1]: 1}


def test_meetings_that_end_are_answered_and_not_kept(bench: Bench) -> None:
    """They are flat, and their createdAt is that of a booking made long ago."""
    flat = {
        "triggerEvent": "MEETING_ENDED",
        "createdAt": "2026-01-05T10:00:00.000Z",
        "uid": "gCgX",
        "title": "x",
    }
    assert bench.send(json.dumps(flat).encode()) == (200, "unused")
    assert bench.kept() == []


def test_a_wrong_name_of_the_trigger_does_not_hide_the_row(bench: Bench) -> None:
    assert bench.send(booking(triggerEvent="BOOKING_RENAMED")) == (200, "accepted")
    assert [(row["kind"], row["row_number"]) for row in bench.kept()] == [("OTHER", 633)]


def test_shapes_name_their_rows(bench: Bench) -> None:
    moved = {"uid": "new", "bookingId": 2, "rescheduleUid": "old", "rescheduleId": 1}
    absence = {"oooEntry": {"id": 9, "user": {"id": 3, "name": "Wanda"}, "notes": "bye"}}
    form = {"formId": "clseedform000000000000000", "responses": {"note": {"value": "bye"}}}
    no_show = {
        "bookingUid": "new",
        "bookingId": 2,
        "attendees": [{"email": "wanda@client.test", "noShow": True}],
    }
    named = {"uid": "wanda@client.test"}
    for payload in (moved, absence, form, no_show):
        assert bench.send(booking(payload=payload)) == (200, "accepted")
    assert bench.send(booking(payload=named)) == (200, "unused")
    assert [(row["resource"], row["row_key"], row["row_number"]) for row in bench.kept()] == [
        ("bookings", "new", 2),
        ("bookings", "old", 1),
        ("ooo_entries", "3", 9),
        ("routing_form_responses", "clseedform000000000000000", None),
        ("bookings", "new", 2),
    ]


def test_both_secrets_are_valid_for_ten_minutes_after_a_rotation() -> None:
    assert Generations().valid(NOW) == (0, 1)
    assert Generations(3, 4, NOW - 5000).valid(NOW) == (3, 4)
    assert Generations(4, None, NOW - 599).valid(NOW) == (4, 5, 3)
    assert Generations(4, None, NOW - 601).valid(NOW) == (4, 5)
    assert derive(SECRET, 7, 0) == SECRET
    others = {derive(SECRET, organization, one) for organization in (7, 8) for one in (1, 2)}
    assert len(others) == 4
    assert SECRET not in others


def rotate(bench: Bench, current: int) -> None:
    """Note a generation of the secret, as a rotation from another process does."""
    row = {"generation": current, "rotated_at": bench.clock.now}

    def work(connection: sa.Connection) -> None:
        if not connection.execute(sa.update(SUBSCRIPTIONS).values(**row)).rowcount:
            first = row | {"organization_id": ORGANIZATION, "registered_at": NOW}
            connection.execute(sa.insert(SUBSCRIPTIONS).values(**first))

    bench.database.run(work)


def test_a_secret_that_was_rotated_meanwhile_is_taken_and_one_that_ended_is_not(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(receiver, "time", SimpleNamespace(monotonic=lambda: moment.now))
    looks: list[int] = []
    monkeypatch.setattr(
        bench.store,
        "generations",
        lambda one, look=bench.store.generations: (looks.append(one), look(one))[1],
    )
    bodies = (booking(n=number) for number in range(20))

    def outcome(generation: int) -> str:
        body = next(bodies)
        return bench.send(body, sign(body, derive(SECRET, ORGANIZATION, generation)))[1]

    rotate(bench, 1)
    assert [outcome(1), outcome(2)] == ["accepted", "accepted"]
    rotate(bench, 2)
    rotate(bench, 3)
    # A wrong signature makes it look again, and no flood of them makes it look more than once a second.
    assert [outcome(3) for _ in range(3)] == ["signature"] * 3
    assert len(looks) == 1
    moment.now += 1.1
    assert [outcome(3), outcome(2), outcome(1)] == ["accepted", "accepted", "signature"]
    assert len(looks) == 2
    # What is known is believed for a minute, and the secret before a rotation for ten.
    moment.now += 61.0
    bench.clock.now += 601.0
    assert [outcome(3), outcome(2)] == ["accepted", "signature"]


def test_the_rate_is_bounded(tmp_path: Path) -> None:
    bench = Bench(tmp_path, rate=0.001, burst=3)
    outcomes = [bench.send(booking(n=number))[1] for number in range(5)]
    assert outcomes == ["accepted"] * 3 + ["busy"] * 2
    bench.database.close()


def test_a_store_that_fails_is_said_so_and_not_answered_with_200(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.store.add = fail  # type: ignore[method-assign]
    assert bench.send(booking()) == (503, "unavailable")
    bench.database.close()


def fail(*_: Any) -> bool:
    raise EventStoreError("gone")


def test_no_table_has_a_column_for_words() -> None:
    texts = {
        f"{table.name}.{column.name}": column.type.length
        for table in METADATA.sorted_tables
        for column in table.columns
        if isinstance(column.type, sa.String)
    }
    assert all(length is not None and length <= 200 for length in texts.values())
    assert all(len(trigger) <= 48 for trigger in TRIGGERS)


# -- over HTTP
# -----------------------------------------------------------------------------------------------------


STRANGER, CALCOM = "203.0.113.9", "198.51.100.7"
WRONG = [(b"x-cal-signature-256", b"0" * 64)]


def ask(
    app: ReceiverApp,
    *,
    path: str = "/7",
    method: str = "POST",
    headers: list[tuple[bytes, bytes]],
    parts: list[bytes],
    address: str = CALCOM,
) -> int:
    """Call the application as a server would; return the status."""
    sent: list[dict[str, Any]] = []
    messages = [
        {"type": "http.request", "body": part, "more_body": place < len(parts) - 1}
        for place, part in enumerate(parts or [b""])
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    scope = {"type": "http", "method": method, "path": path, "headers": headers, "client": (address, 4711)}

    async def run() -> None:
        await app(scope, receive, send)
        if app._counting is not None:
            app._counting.cancel()

    asyncio.run(run())
    return int(sent[0]["status"])


def test_no_body_and_no_header_ends_in_a_5xx(tmp_path: Path) -> None:
    """1,500 requests by a seed: broken JSON, foreign shapes, deep nesting, odd headers and paths, signed and not."""
    draw = random.Random(20261120)
    bench = Bench(tmp_path, rate=1e9, burst=1e9)
    app = ReceiverApp(lambda: bench.receiver)
    odd: list[Any] = [
        None,
        True,
        -1,
        2**70,
        1e308,
        "",
        "x" * 5000,
        "\u0000",
        "\ud800",
        [],
        {},
        [[]],
        {"id": {}},
    ]
    statuses = set()
    for number in range(1500):
        body = booking()
        for _ in range(draw.randrange(3)):
            shape = draw.randrange(6)
            if shape == 0:
                place = draw.randrange(len(body) + 1)
                body = body[:place] + draw.randbytes(draw.randrange(8)) + body[place + draw.randrange(8) :]
            elif shape == 1:
                value = draw.choice(odd)
                name = draw.choice(["triggerEvent", "createdAt", "payload", "x"])
                body = json.dumps(json.loads(booking()) | {name: value}).encode("utf-8", "surrogatepass")
            elif shape == 2:
                name = draw.choice(["uid", "bookingId", "oooEntry", "formId", "bookingUid", "rescheduleUid"])
                payload = {name: draw.choice(odd)} | {
                    "oooEntry": {"user": draw.choice(odd), "id": draw.choice(odd)}
                }
                moment = draw.choice(["2026-11-20T10:13:45Z", "9999-12-31T23:59:59-23:00", "0001-01-01"])
                found = {"triggerEvent": "OOO_CREATED", "createdAt": moment, "payload": payload}
                body = json.dumps(found).encode("utf-8", "surrogatepass")
            elif shape == 3:
                body = b"[" * draw.randrange(3000)
            elif shape == 4:
                body = draw.randbytes(draw.randrange(400))
            else:
                body = body.decode("utf-8", "replace").encode("utf-16")
        headers = [(b"x-cal-signature-256", sign(body).encode())] if draw.random() < 0.7 else []
        if draw.random() < 0.3:
            headers.append(
                (draw.choice([b"content-length", b"x-cal-signature-256", b"\xff"]), draw.randbytes(9))
            )
        path = draw.choice(
            ["/7", "/calcom-events/7", "/7/", "/8", "/", "", "/²", "/" + "9" * 30, "/-7", "/7%20", "//"]
        )
        method = draw.choice(["POST"] * 6 + ["GET", "PUT", "BREW"])
        cuts = sorted(draw.randrange(len(body) + 1) for _ in range(draw.randrange(3)))
        parts = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
        address = f"2001:db8:0:{number:x}::1"
        statuses.add(ask(app, path=path, method=method, headers=headers, parts=parts, address=address))
    assert max(statuses) < 500
    assert {200, 400, 401, 404, 405} <= statuses
    assert not any(word in repr(row) for row in bench.kept() for word in WORDS)
    bench.database.close()


def test_a_body_is_read_no_further_than_the_bound(bench: Bench) -> None:
    app = ReceiverApp(lambda: bench.receiver)
    huge = [b"x" * 65_536] * 8
    assert ask(app, path="/7", method="POST", headers=WRONG, parts=huge) == 413
    announced = [(b"content-length", b"999999999999"), *WRONG]
    assert ask(app, path="/7", method="POST", headers=announced, parts=[]) == 413


def test_a_sender_that_never_ends_its_body_is_cut_off(bench: Bench) -> None:
    app = ReceiverApp(lambda: bench.receiver, patience=0.01)

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(3600)
        raise AssertionError

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/7", "headers": WRONG}

    async def run() -> None:
        await app(scope, receive, send)
        app._at_once = AT_ONCE
        await app(scope, receive, send)

    asyncio.run(run())
    assert [message["status"] for message in sent if "status" in message] == [408, 429]


def signed(body: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"x-cal-signature-256", sign(body).encode())]


def test_a_flood_of_wrong_signatures_ends_unread_and_takes_nothing_of_honest_deliveries(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: list[int] = []
    verify = receiver.verify_webhook_signature
    monkeypatch.setattr(
        receiver, "verify_webhook_signature", lambda *given: (computed.append(1), verify(*given))[1]
    )
    bench.receiver.senders = Senders(100.0, 500.0, lambda: 0.0)
    app = ReceiverApp(lambda: bench.receiver)
    statuses = [ask(app, headers=WRONG, parts=[b"x"], address=STRANGER) for _ in range(500)]
    assert statuses == [401] * 60 + [429] * 440
    # Two secrets are valid, and they may be looked for anew.
    assert len(computed) <= 2 * 2 * 60
    body = booking()
    assert ask(app, headers=signed(body), parts=[body], address=CALCOM) == 200
    bench.receiver.flush()
    assert bench.store.counts(0) == {"barred": 440}
    assert bench.store.counts(ORGANIZATION)["accepted"] == 1


def test_what_its_headers_refuse_is_not_read(bench: Bench) -> None:
    app = ReceiverApp(lambda: bench.receiver)

    async def receive() -> dict[str, Any]:
        raise AssertionError("the body was read")

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def run() -> None:
        for path, headers in (("/7", []), ("/7", [(b"x-cal-signature-256", b"short")]), ("/8", WRONG)):
            await app({"type": "http", "method": "POST", "path": path, "headers": headers}, receive, send)
        for _ in range(60):
            bench.receiver.senders.refused(STRANGER)
        scope = {"type": "http", "method": "POST", "path": "/7", "headers": WRONG, "client": (STRANGER, 1)}
        await app(scope, receive, send)

    asyncio.run(run())
    assert [message["status"] for message in sent if "status" in message] == [401, 401, 404, 429]


def test_strangers_leave_half_of_the_room_to_senders_that_are_known(bench: Bench) -> None:
    app = ReceiverApp(lambda: bench.receiver)
    app._at_once = AT_ONCE // 2
    bodies = [booking(n=number) for number in range(3)]
    assert ask(app, headers=signed(bodies[0]), parts=[bodies[0]], address=CALCOM) == 200
    assert ask(app, headers=signed(bodies[1]), parts=[bodies[1]], address=STRANGER) == 429
    assert ask(app, headers=signed(bodies[2]), parts=[bodies[2]], address=CALCOM) == 200


def test_who_sends_anothers_delivery_again_is_not_known_by_it(bench: Bench) -> None:
    body = booking()
    assert bench.receiver.receive(ORGANIZATION, sign(body), body, CALCOM).outcome == "accepted"
    assert bench.receiver.receive(ORGANIZATION, sign(body), body, STRANGER).outcome == "repeated"
    ping = json.dumps({"triggerEvent": "PING"}).encode()
    assert bench.receiver.receive(ORGANIZATION, sign(ping), ping, STRANGER).outcome == "tested"
    senders = bench.receiver.senders
    assert (senders.is_known(CALCOM), senders.is_known(STRANGER)) == (True, False)


def test_secrets_that_cannot_be_looked_up_are_no_stranger(bench: Bench) -> None:
    def broken(_: int) -> str | None:
        raise RuntimeError("password in here")

    made = Receiver(bench.store, broken)
    assert made.receive(ORGANIZATION, "0" * 64, b"{}", CALCOM).status == 503


def test_settings_that_are_wrong_do_not_stop_the_server() -> None:
    def broken() -> Receiver:
        raise RuntimeError("password in here")

    assert ask(ReceiverApp(broken), path="/7", method="POST", headers=[], parts=[b""]) == 503

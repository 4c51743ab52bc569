"""Decide about a delivery: who sent it, whether it is new, what it names. Knows neither HTTP servers nor Airflow."""

from __future__ import annotations

import hashlib
import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from calcom_provider.api.webhook_signature import NO_SECRET, verify_webhook_signature
from calcom_provider.events.body import PING, BodyError, read_body
from calcom_provider.events.errors import EventStoreError
from calcom_provider.events.rate import Buckets, Senders
from calcom_provider.events.secrets import LOOK_AGAIN, Generations, derive
from calcom_provider.events.store.store import EventStore

log = logging.getLogger(__name__)

#: What a signature looks like.
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")
#: What shows that a sender holds no secret, or has somebody's delivery to send again.
REFUSALS = frozenset({"foreign", "unsigned", "signature", "oversized", "slow", "stale", "repeated"})
SIGNATURE_HEADER = "x-cal-signature-256"
LARGEST_BODY = 256 * 1024
#: Seconds for which the generations of a secret are believed.
REMEMBERED = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold what a delivery is answered with.

    :param status: HTTP status.
    :param outcome: why, one word: ``accepted``, ``repeated``, ``unused``, ``tested``, or why it was refused
        (``barred``: unread, since its sender was refused too often).
    """

    status: int
    outcome: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Bound what is taken.

    :param body_bytes: largest body.
    :param tolerance: seconds that the signed ``createdAt`` may be off, either way.
    :param rate: deliveries of an organisation a second; as many refusals of all senders that nobody knows.
    :param burst: deliveries of an organisation at once; as many refusals of these senders.
    """

    body_bytes: int = LARGEST_BODY
    tolerance: float = 900.0
    rate: float = 100.0
    burst: float = 500.0


class Receiver:
    """Take deliveries; usable from several threads.

    :param store: keeps what they name.
    :param secret_of: returns the secret that the connection of an organisation holds, None for one that is not ours.
    :param limits: bounds.
    :param clock: seconds since 1970.
    """

    def __init__(
        self,
        store: EventStore,
        secret_of: Callable[[int], str | None],
        limits: Limits = Limits(),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.limits = limits
        self._store = store
        self._secret_of = secret_of
        self._clock = clock
        self._buckets = Buckets(limits.rate, limits.burst, time.monotonic)
        self.senders = Senders(limits.rate, limits.burst, time.monotonic)
        self._generations: dict[int, tuple[Generations, float]] = {}
        self._counts: Counter[tuple[int, str]] = Counter()
        self._lock = threading.Lock()

    def refusal(self, organization_id: int, signature: str | None, address: str) -> Answer | None:
        """Refuse a delivery whose headers say enough; None for one whose body has to be read.

        :param organization_id: organisation in its address.
        :param signature: value of ``X-Cal-Signature-256``, None without one.
        :param address: where it comes from.
        """
        answer = self._unread(organization_id, signature)
        return None if answer is None else self.noted(organization_id, answer, address)

    def receive(self, organization_id: int, signature: str | None, body: bytes, address: str = "") -> Answer:
        """Decide about a delivery, and keep what it names before that is said.

        :param organization_id: organisation in its address.
        :param signature: value of ``X-Cal-Signature-256``, None without one.
        :param body: as it arrived.
        :param address: where it came from.
        """
        try:
            answer = self._unread(organization_id, signature) or self._decide(
                organization_id, str(signature).strip(), body
            )
        except EventStoreError as error:
            log.error("A delivery was not taken: %s", error)
            answer = Answer(503, "unavailable")
        return self.noted(organization_id, answer, address)

    def noted(self, organization_id: int, answer: Answer, address: str) -> Answer:
        """Count an answer, take note of whom it was given to, and return it.

        :param organization_id: organisation in the address of the delivery.
        :param answer: the answer.
        :param address: where the delivery came from.
        """
        self.note(0 if answer.outcome == "foreign" else organization_id, answer.outcome)
        if answer.outcome in REFUSALS:
            self.senders.refused(address)
        elif answer.outcome == "accepted":
            self.senders.signed(address)
        return answer

    def note(self, organization_id: int, outcome: str) -> None:
        """Count an outcome; :meth:`flush` writes the counts.

        :param organization_id: organisation in the address, 0 for one that is not ours.
        :param outcome: what became of the delivery.
        """
        with self._lock:
            self._counts[organization_id, outcome] += 1

    def flush(self) -> None:
        """Write the counts since the last time."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            self._store.count(counts)
        except EventStoreError as error:
            log.warning("Deliveries could not be counted: %s", error)
            with self._lock:
                self._counts.update(counts)

    def close(self) -> None:
        """Write the counts, and let go of the store."""
        self.flush()
        self._store.database.close()

    def _unread(self, organization_id: int, signature: str | None) -> Answer | None:
        try:
            secret = self._secret_of(organization_id)
        except Exception as error:
            # What a store of secrets says may hold one.
            log.error("A delivery was not taken: no secret can be looked up (%s).", type(error).__name__)
            return Answer(503, "unavailable")
        if not secret:
            return Answer(404, "foreign")
        if not signature or signature.strip() == NO_SECRET:
            return Answer(401, "unsigned")
        return None if _DIGEST.fullmatch(signature.strip()) else Answer(401, "signature")

    def _decide(self, organization_id: int, signature: str, body: bytes) -> Answer:
        if len(body) > self.limits.body_bytes:
            return Answer(413, "oversized")
        secret = self._secret_of(organization_id)
        if not secret:
            return Answer(404, "foreign")
        if not self._is_signed(organization_id, secret, signature, body):
            return Answer(401, "signature")
        if not self._buckets.take(organization_id):
            return Answer(429, "busy")
        return self._keep(organization_id, body)

    def _keep(self, organization_id: int, body: bytes) -> Answer:
        try:
            delivered = read_body(body)
        except BodyError:
            return Answer(400, "malformed")
        if delivered.trigger == PING:
            return Answer(200, "tested")
        if not delivered.changes and delivered.occurred_at is not None:
            # Meetings that begin and end, recordings: Cal.com may send them, and no table has them.
            return Answer(200, "unused")
        if delivered.occurred_at is None:
            return Answer(400, "malformed")
        if abs(self._clock() - delivered.occurred_at.timestamp()) > self.limits.tolerance:
            return Answer(400, "stale")
        digest = hashlib.sha256(body).hexdigest()
        return Answer(200, "accepted" if self._store.add(organization_id, digest, delivered) else "repeated")

    def _is_signed(self, organization_id: int, secret: str, signature: str, body: bytes) -> bool:
        generations, at = self._held(organization_id, REMEMBERED)
        if self._matches(organization_id, secret, generations, signature, body):
            return True
        # The secret may have been rotated since.
        again, later = self._held(organization_id, LOOK_AGAIN)
        return later != at and self._matches(organization_id, secret, again, signature, body)

    def _matches(
        self, organization_id: int, secret: str, generations: Generations, signature: str, body: bytes
    ) -> bool:
        valid = [derive(secret, organization_id, one) for one in generations.valid(self._clock())]
        # All are compared, so that the time says nothing about which of them it was.
        return sum(verify_webhook_signature(body, signature, one) for one in valid) > 0

    def _held(self, organization_id: int, seconds: float) -> tuple[Generations, float]:
        now = time.monotonic()
        held = self._generations.get(organization_id)
        if held is None or now - held[1] > seconds:
            held = self._generations[organization_id] = (self._store.generations(organization_id), now)
        return held

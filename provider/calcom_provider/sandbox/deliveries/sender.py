"""Send the deliveries of the outbox, once each, with the faults that were asked for."""

from __future__ import annotations

import contextlib
import heapq
import http.client
import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from random import Random
from typing import Any
from urllib.parse import urlsplit

from calcom_provider.sandbox.deliveries.outbox import Delivery
from calcom_provider.sandbox.world.world import World

KINDS = ("drop", "double", "reorder", "delay", "wrong_name", "cut")
"""What can happen to a delivery: it is never sent, sent twice, sent after later ones, sent late, named wrongly
(and signed so), or cut on its way."""
_SECONDS = 10.0


@dataclass(slots=True)
class DeliverySettings:
    """Set what goes wrong with deliveries.

    :param seed: seed of all choices.
    :param rates: chance of each of :data:`KINDS`, 0 to 1.
    :param delay_seconds: how late a delayed delivery is.
    :param reorder_seconds: how long one is held back that later ones shall pass.
    """

    seed: int = 1
    rates: dict[str, float] = field(default_factory=dict)
    delay_seconds: float = 5.0
    reorder_seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Sent:
    """Hold how one sending ended.

    :param trigger: name of the trigger, as it should have been.
    :param subject: key of the row that it was about.
    :param status: HTTP status, 0 where there was no answer.
    """

    trigger: str
    subject: str
    status: int


class Sender:
    """Send from a thread of its own; at most once, whatever the answer, as Cal.com does.

    :param world: returns the state whose outbox is emptied.
    """

    def __init__(self, world: Callable[[], World]) -> None:
        self.settings = DeliverySettings()
        self.happened: Counter[str] = Counter()
        self.dropped: list[tuple[str, str]] = []
        self.sent: list[Sent] = []
        self._world = world
        self._news = threading.Condition()
        self._due: list[tuple[float, int, Delivery]] = []
        self._order = itertools.count()
        self._taken = 0
        self._busy = False
        self._stopped = False
        self._thread: threading.Thread | None = None
        self._connections: dict[str, http.client.HTTPConnection] = {}

    def configure(self, **settings: Any) -> None:
        """Change settings, as :class:`DeliverySettings` names them; the others stay.

        :raises ValueError: for a name or kind that does not exist.
        """
        known = {item.name for item in fields(DeliverySettings)}
        wrong = set(settings) - known | set(settings.get("rates", {})) - set(KINDS)
        if wrong:
            raise ValueError(f"No such fault of deliveries: {', '.join(sorted(wrong))}.")
        self.settings = replace(self.settings, **settings)

    def start(self) -> None:
        """Begin to send."""
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="calcom-sandbox-webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop; what waits is never sent."""
        with self._news:
            self._stopped = True
            self._news.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=_SECONDS)
        for connection in self._connections.values():
            connection.close()

    def wake(self) -> None:
        """Look into the outbox."""
        if self._world().outbox:
            with self._news:
                self._news.notify_all()

    def drain(self, seconds: float = 60.0) -> bool:
        """Wait until nothing is left to send, delayed deliveries included; tell whether that was reached.

        :param seconds: how long to wait at most.
        """
        with self._news:
            self._news.notify_all()
            return self._news.wait_for(
                lambda: not (self._world().outbox or self._due or self._busy), timeout=seconds
            )

    def clear(self) -> None:
        """Forget faults, counts and what waits."""
        with self._news:
            self.settings = DeliverySettings()
            self.happened.clear()
            self.dropped.clear()
            self.sent.clear()
            self._due.clear()
            self._taken = 0

    # -- the thread ----------------

    def _run(self) -> None:
        while True:
            with self._news:
                self._busy = False
                self._take()
                while not self._stopped and not (self._due and self._due[0][0] <= time.monotonic()):
                    if not self._due:
                        self._news.notify_all()
                    # The outbox is filled under another lock, whose holder may wake this one too early to be heard.
                    pause = min(self._due[0][0] - time.monotonic() if self._due else 0.25, 0.25)
                    self._news.wait(max(pause, 0.001))
                    self._take()
                if self._stopped:
                    return
                delivery = heapq.heappop(self._due)[2]
                self._busy = True
            status = self._send(delivery)
            self.sent.append(Sent(delivery.trigger, delivery.subject, status))

    def _take(self) -> None:
        """Move what is in the outbox to what is due, with what goes wrong."""
        outbox = self._world().outbox
        while outbox:
            delivery = outbox.popleft()
            self._taken += 1
            kinds = self._kinds()
            for kind in kinds:
                self.happened[kind] += 1
            if "drop" in kinds:
                self.dropped.append((delivery.trigger, delivery.subject))
                continue
            settings, now = self.settings, time.monotonic()
            now += settings.delay_seconds if "delay" in kinds else 0.0
            now += settings.reorder_seconds if "reorder" in kinds else 0.0
            if "wrong_name" in kinds:
                delivery = _renamed(delivery)
            if "cut" in kinds:
                delivery = _Cut(*(getattr(delivery, one.name) for one in fields(Delivery)))
            for _ in range(2 if "double" in kinds else 1):
                heapq.heappush(self._due, (now, next(self._order), delivery))

    def _kinds(self) -> set[str]:
        settings = self.settings
        return {
            kind
            for kind, rate in settings.rates.items()
            if Random(f"{settings.seed} {kind} {self._taken}").random() < rate
        }

    def _send(self, delivery: Delivery) -> int:
        parts = urlsplit(delivery.url)
        place = parts.netloc
        body = delivery.body[: len(delivery.body) // 2] if isinstance(delivery, _Cut) else delivery.body
        headers = {
            "Content-Type": "application/json",
            "X-Cal-Signature-256": delivery.signature,
            "accept": "*/*",
            "accept-language": "*",
            "sec-fetch-mode": "cors",
            "user-agent": "node",
            "accept-encoding": "gzip, deflate",
        }
        # A kept connection that the other side closed fails before anything was taken.
        for fresh in (False, True):
            connection = self._connections.get(place)
            if connection is None or fresh:
                connection = http.client.HTTPConnection(place, timeout=_SECONDS)
                self._connections[place] = connection
            try:
                path = parts.path + (f"?{parts.query}" if parts.query else "")
                connection.request("POST", path or "/", body=body, headers=headers)
                answer = connection.getresponse()
                answer.read()
                return answer.status
            except (OSError, http.client.HTTPException) as error:
                with contextlib.suppress(OSError):
                    connection.close()
                if not isinstance(
                    error, http.client.RemoteDisconnected | ConnectionResetError | BrokenPipeError
                ):
                    break
        return 0


class _Cut(Delivery):
    """Mark a delivery that is cut after it was signed."""

    __slots__ = ()


def _renamed(delivery: Delivery) -> Delivery:
    wrong = b"BOOKING_PAID" if delivery.trigger != "BOOKING_PAID" else b"BOOKING_CREATED"
    return replace(delivery, body=delivery.body.replace(delivery.trigger.encode(), wrong, 1))

"""Bound how many deliveries are taken, and how much work those make that are refused."""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

#: What a sender may be refused before it is not listened to: at once, and a second.
REFUSALS, REFUSALS_A_SECOND = 60.0, 1.0
#: Seconds for which a sender is known by a delivery that was taken.
KNOWN_FOR = 3600.0
#: Senders that are remembered.
REMEMBERED_SENDERS = 4096
#: Bits of an IPv6 address that tell one network from another; a sender has all addresses of its own.
_NETWORK = 64


class Buckets:
    """Hold one bucket of tokens for each of some things; the longest unused ones are forgotten, and are full again.

    :param rate: tokens that come back a second.
    :param burst: tokens of a full bucket.
    :param clock: seconds that never go back.
    :param most: how many are remembered.
    """

    def __init__(
        self, rate: float, burst: float, clock: Callable[[], float], most: int = REMEMBERED_SENDERS
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._most = most
        self._held: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def has(self, name: Hashable) -> bool:
        """Tell whether there is a token, and leave it.

        :param name: whose bucket.
        """
        with self._lock:
            return self._tokens(name, self._clock()) >= 1

    def take(self, name: Hashable) -> bool:
        """Take a token; tell whether there was one.

        :param name: whose bucket.
        """
        with self._lock:
            now = self._clock()
            tokens = self._tokens(name, now)
            taken = tokens >= 1
            self._held[name] = (tokens - 1 if taken else tokens, now)
            self._held.move_to_end(name)
            if len(self._held) > self._most:
                self._held.popitem(last=False)
            return taken

    def _tokens(self, name: Hashable, now: float) -> float:
        tokens, at = self._held.get(name, (self._burst, now))
        return min(self._burst, tokens + (now - at) * self._rate)


class Senders:
    """Tell to whom it is worth listening, before anything of a delivery is read.

    Each refusal takes a token of its sender; who has none left is refused unread. A sender whose delivery was taken
    within the last hour is known, and has as many as an organisation has deliveries; all others together have as many
    again. So strangers neither take what deliveries of known senders need, nor make work without bound.

    :param rate: refusals a second of a known sender, and of all others together.
    :param burst: the same, at once.
    :param clock: seconds that never go back.
    """

    def __init__(self, rate: float, burst: float, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()
        self._strangers = Buckets(REFUSALS_A_SECOND, REFUSALS, clock)
        self._all_strangers = Buckets(rate, burst, clock)
        self._of_known = Buckets(rate, burst, clock)

    def is_known(self, address: str) -> bool:
        """Tell whether a delivery of a sender was taken within the last hour.

        :param address: its address.
        """
        with self._lock:
            signed = self._known.get(_sender(address))
            return signed is not None and self._clock() - signed < KNOWN_FOR

    @property
    def knows_any(self) -> bool:
        """Tell whether any sender is known."""
        with self._lock:
            newest = next(reversed(self._known.values()), None)
            return newest is not None and self._clock() - newest < KNOWN_FOR

    def admits(self, address: str) -> bool:
        """Tell whether a delivery is to be read.

        :param address: where it comes from.
        """
        sender = _sender(address)
        if self.is_known(address):
            return self._of_known.has(sender)
        return self._strangers.has(sender) and self._all_strangers.has("")

    def signed(self, address: str) -> None:
        """Note that a delivery was signed, and new.

        :param address: where it came from.
        """
        sender = _sender(address)
        with self._lock:
            self._known[sender] = self._clock()
            self._known.move_to_end(sender)
            if len(self._known) > REMEMBERED_SENDERS:
                self._known.popitem(last=False)

    def refused(self, address: str) -> None:
        """Note that a delivery was not signed, too large, too slow, nobody's, or one of somebody else's sent again.

        :param address: where it came from.
        """
        sender = _sender(address)
        if self.is_known(address):
            self._of_known.take(sender)
        else:
            self._strangers.take(sender)
            self._all_strangers.take("")


def _sender(address: str) -> str:
    """Return what stands for a sender: its address, of IPv6 its network."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.IPv6Network((address.partition("%")[0], _NETWORK), strict=False))
    except ValueError:
        return address

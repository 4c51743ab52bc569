"""Let threads wait for the request limit, wake them, and add up how long the work stood still."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from calcom_provider.api.rate_limit.window import Wait

log = logging.getLogger(__name__)

WORTH_SAYING = 1.0


class Cancel(Protocol):
    """Describe what tells that waiting is of no use any more."""

    def is_set(self) -> bool:
        """Tell whether it is."""


class Waiters:
    """Hold the waiting threads of one governor.

    :param clock: monotonic seconds.
    :param sleep: pauses a thread; None waits for news of this process or the time given.
    """

    def __init__(self, clock: Callable[[], float], sleep: Callable[[float], None] | None) -> None:
        self._clock = clock
        self._sleep = sleep
        self._news = threading.Condition()
        self._waiting = 0
        self._since = 0.0
        self._total = 0.0
        self._said_until = 0.0

    @property
    def total(self) -> float:
        """Return the seconds in which at least one thread waited."""
        with self._news:
            return self._total + (self._clock() - self._since if self._waiting else 0.0)

    def wait(self, seconds: float, cancel: Cancel | None) -> None:
        """Wait; a short wait ends early when an answer comes, any within a second of being cancelled.

        :param seconds: how long.
        :param cancel: tells that waiting is of no use any more.
        """
        with self._news:
            if not self._waiting:
                self._since = self._clock()
            self._waiting += 1
        try:
            if self._sleep is not None:
                self._sleep(seconds)
                return
            until = time.monotonic() + seconds
            while (left := until - time.monotonic()) > 0 and not (cancel and cancel.is_set()):
                with self._news:
                    if self._news.wait(min(left, 1.0)) and seconds <= 1.0:
                        return
        finally:
            with self._news:
                self._waiting -= 1
                if not self._waiting:
                    self._total += self._clock() - self._since

    def wake(self) -> None:
        """Tell the waiting threads that an answer came."""
        with self._news:
            self._news.notify_all()

    def announce(self, wait: Wait, listener: Callable[[float, str], None] | None) -> None:
        """Tell of a longer wait once, not once a thread.

        :param wait: how long, and why.
        :param listener: told the seconds and the reason.
        """
        until = self._clock() + wait.seconds
        with self._news:
            if wait.seconds < WORTH_SAYING or until < self._said_until + WORTH_SAYING:
                return
            self._said_until = until
        log.info("Waiting %.0f s for Cal.com's request limit (%s).", wait.seconds, wait.reason)
        if listener:
            listener(wait.seconds, wait.reason)

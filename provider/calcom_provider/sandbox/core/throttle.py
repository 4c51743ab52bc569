"""Count requests and block, as Cal.com's throttler does.

Each credential, or the address of a caller without one, has one or several named limits. A window starts
with its first request; the request past the limit starts a block of its own length, and requests during the
block still count. With several limits a request is refused only when all of them are blocked. ``Reset`` is
seconds from now and there is never a ``Retry-After``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

Limit = tuple[str, int, float, float]
"""Name, requests, window in seconds, block in seconds."""


@dataclass(slots=True)
class Window:
    """Count the requests of one credential against one limit."""

    hits: int = 0
    ends: float = 0.0
    blocked_until: float = 0.0

    def hit(self, limit: Limit, now: float, count: int = 1) -> None:
        """Count requests, and block when they are too many."""
        _, allowed, length, block = limit
        if now >= self.ends:
            self.hits, self.ends = 0, now + length
        self.hits += count
        if now >= self.blocked_until:
            self.blocked_until = now + block if self.hits > allowed else 0.0

    def blocked(self, now: float) -> bool:
        """Tell whether requests are refused now."""
        return now < self.blocked_until


class Throttle:
    """Keep the windows of all credentials.

    :param clock: seconds, rising.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._windows: dict[tuple[str, str], Window] = {}

    def hit(self, tracker: str, limits: list[Limit], count: int = 1) -> tuple[bool, dict[str, str]]:
        """Count a request; return whether it is refused and the rate limit headers.

        :param tracker: whose budget it is.
        :param limits: the named limits of that budget.
        :param count: how many requests to count at once, 1 by default.
        """
        now = self.clock()
        headers: dict[str, str] = {}
        blocked = []
        for limit in limits:
            name, allowed = limit[0], limit[1]
            window = self._windows.setdefault((tracker, name), Window())
            window.hit(limit, now, count)
            blocked.append(window.blocked(now))
            ends = window.blocked_until if window.blocked(now) else window.ends
            suffix = name[:1].upper() + name[1:]
            headers[f"X-RateLimit-Limit-{suffix}"] = str(allowed)
            headers[f"X-RateLimit-Remaining-{suffix}"] = str(max(0, allowed - window.hits))
            headers[f"X-RateLimit-Reset-{suffix}"] = str(max(0, math.ceil(ends - now)))
        return bool(blocked) and all(blocked), headers

    def clear(self) -> None:
        """Forget all counts."""
        self._windows.clear()

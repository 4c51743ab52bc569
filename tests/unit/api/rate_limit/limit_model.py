"""Imitate the API's throttle, and clients that send as fast as the governor lets them, in simulated time."""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from calcom_provider.api.rate_limit.governor import Governor, Permit
from calcom_provider.api.rate_limit.state import MemoryStateStore
from calcom_provider.api.rate_limit.window import Wait


@dataclass
class Throttle:
    """One named limit as the API keeps it: a window from the first request, a block from the first excess."""

    name: str
    limit: int
    window: float
    block: float
    hits: int = 0
    ends: float = -1.0
    blocked: float = -1.0

    def hit(self, now: float) -> tuple[bool, int, int]:
        """Count a request; return whether it is over, what is left, and the stated seconds."""
        if now >= self.ends:
            self.hits, self.ends = 0, now + self.window
        self.hits += 1
        if now < self.blocked:
            return True, 0, math.ceil(self.blocked - now)
        if self.hits > self.limit:
            self.blocked = now + self.block
            return True, 0, math.ceil(self.block)
        return False, self.limit - self.hits, math.ceil(self.ends - now)


@dataclass
class Server:
    """Refuse when all named limits are over; state them in headers."""

    throttles: list[Throttle]
    headers: bool = True
    refused: int = 0
    served: int = 0
    refused_at: list[tuple[float, int]] = field(default_factory=list)

    def hit(self, now: float, *, stranger: bool = False) -> tuple[int, dict[str, str]]:
        results = [(throttle, *throttle.hit(now)) for throttle in self.throttles]
        over = all(result[1] for result in results)
        if not stranger:
            self.refused += over
            self.served += not over
            if over:
                self.refused_at.append((now, min(result[3] for result in results)))
        stated = {
            f"x-ratelimit-{what}-{throttle.name}": str(value)
            for throttle, _, left, reset in results
            for what, value in (("limit", throttle.limit), ("remaining", left), ("reset", reset))
        }
        return 429 if over else 200, stated if self.headers else {}


@dataclass
class Run:
    """Hold how a simulation went."""

    seconds: float
    server: Server
    sent_at: list[float]
    waited: float


class Clock:
    """A clock that the simulation moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def simulate(
    server: Server,
    requests: int,
    *,
    workers: int = 8,
    processes: int = 1,
    latency: Callable[[random.Random], float] = lambda chance: chance.uniform(0.001, 0.05),
    strangers: list[tuple[float, int]] | None = None,
    seed: int = 1,
    start: tuple[int, float] | None = (120, 60.0),
    store: MemoryStateStore | None = None,
    clock: Clock | None = None,
    failing: float = 0.0,
) -> Run:
    """Send requests through governors over one store until all have been served.

    :param strangers: moments after the start, and how many requests somebody else sends then.
    :param failing: chance that a request gets no answer; it is sent again.
    """
    clock = clock or Clock()
    chance = random.Random(seed)
    store = store or MemoryStateStore(clock)
    governors = [Governor(store, "key", start=start, clock=clock) for _ in range(processes)]
    began, order = clock.now, count()
    todo, sent_at = requests, []
    events: list[tuple[float, int, Callable[[], None]]] = []

    def later(seconds: float, what: Callable[[], None]) -> None:
        heapq.heappush(events, (clock.now + seconds, next(order), what))

    def work(governor: Governor) -> None:
        nonlocal todo
        if not todo:
            return
        answer = governor.ask()
        if isinstance(answer, Wait):
            # Threads that wait for somebody's answer look again at intervals.
            later(max(answer.seconds, 0.05), lambda: work(governor))
            return
        todo -= 1
        sent_at.append(clock.now)
        later(latency(chance) / 2, lambda: arrive(governor, answer))

    def arrive(governor: Governor, permit: Permit) -> None:
        status, headers = server.hit(clock.now)
        if chance.random() < failing:
            later(latency(chance) / 2, lambda: fail(governor, permit, status))
        else:
            later(latency(chance) / 2, lambda: land(governor, permit, status, headers))

    def fail(governor: Governor, permit: Permit, status: int) -> None:
        nonlocal todo
        governor.release(permit)
        todo += 1
        work(governor)

    def land(governor: Governor, permit: Permit, status: int, headers: dict[str, str]) -> None:
        nonlocal todo
        governor.report(permit, headers, refused=status == 429)
        todo += status == 429
        work(governor)

    for moment, many in strangers or ():
        for _ in range(many):
            later(moment, lambda: server.hit(clock.now, stranger=True))
    for governor in governors:
        for _ in range(workers):
            later(0.0, lambda governor=governor: work(governor))
    last = clock.now
    while events:
        clock.now, _, what = heapq.heappop(events)
        if clock.now - began > 100_000:
            raise AssertionError("the simulation does not end")
        before = len(sent_at), server.served + server.refused
        what()
        if (len(sent_at), server.served + server.refused) != before:
            last = clock.now
    return Run(last - began, server, sent_at, 0.0)


def floor_seconds(requests: int, limit: int, window: float) -> float:
    """Return the least time that so many requests can take."""
    return window * (math.ceil(requests / limit) - 1)

"""Count requests against the API's limits: the arithmetic of the governor, without clock, lock or network.

The API counts in fixed windows: the first request opens one, and a request beyond the limit is refused and
blocks the key for a time of its own, counted from that request. What is known of a window comes from two
sides: what was sent from here, and what answers state. Three rules keep the count right although answers
overtake each other and others may use the same key:

- An answer belongs to the window whose end it states. ``Reset`` is rounded up to seconds and was true at some
  moment between sending and receiving, so it bounds that end from both sides.
- Within a window the server's count only rises: a late answer never gives budget back.
- The next request is sent if even all requests in flight fit on top of the server's count. Near the end of
  the budget this means waiting for answers, not giving up calls.

With several named limits the API refuses a request only when all are used up, so one with budget is enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from calcom_provider.api.rate_limit.headers import Figure

Reason = Literal["limit", "block", "opening", "in flight"]
MARGIN = 0.05
SOON = 0.01
LONGEST_BLOCK = 3600.0
WINDOW = 60.0
"""Seconds of Cal.com's window and block, where nothing is known of either."""
SILENT = 3
"""Answers in a row without a limit that tell a server that states none: one may be of a route that has none."""
FORGOTTEN = 30
"""Answers in a row without a limit after which one that was stated before is no knowledge any more."""


@dataclass(slots=True)
class Limit:
    """Hold one named limit: its size, the window it is in and what was spent of it."""

    limit: int
    length: float
    sent: int = 0
    counted: int = 0
    opened: float = 0.0
    ends: float = 0.0
    floor: float = 0.0
    assumed: bool = False
    over: bool = False
    """Overstepped while another limit let requests through, so that its next window may be used up unseen."""

    def spent(self, in_flight: int) -> int:
        """Return how much may be spent when everything in flight has arrived.

        :param in_flight: requests of this window without an answer.
        """
        return max(self.sent, self.counted + in_flight)


@dataclass(frozen=True, slots=True)
class Grant:
    """Allow one request; ``opener`` if it opens a window that others wait for."""

    id: str
    sent_at: float
    opener: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """Ask to come back in ``seconds``."""

    seconds: float
    reason: Reason


@dataclass(slots=True)
class Bucket:
    """Hold all that is known of one budget of requests."""

    limits: dict[str, Limit] = field(default_factory=dict)
    blocked_until: float = 0.0
    slack: float = MARGIN
    opening: str = ""
    flights: dict[str, list[Any]] = field(default_factory=dict)
    """By id: sent at, lease ends at, who sent it, and when it was given up without an answer (0: not)."""
    unstated: int = 0
    """Answers in a row that stated no limit."""
    written: float = 0.0
    """When the record was stored, by the clock that its moments are on."""

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Bucket:
        """Build a bucket from its plain form.

        :param data: what :meth:`to_data` returned.
        :raises ValueError: or TypeError, KeyError, AttributeError, if it is anything else.
        """
        bucket = cls(**dict(data))
        bucket.limits = {name: Limit(**limit) for name, limit in data["limits"].items()}
        bucket.flights = {
            str(key): [float(f[0]), float(f[1]), str(f[2]), float(f[3])] for key, f in data["flights"].items()
        }
        return bucket

    def to_data(self) -> dict[str, Any]:
        """Return the bucket as plain values."""
        # Written out, because this runs twice a request and dataclasses.asdict copies deeply.
        return {
            "limits": {
                name: {key: getattr(limit, key) for key in _KEYS} for name, limit in self.limits.items()
            },
            "blocked_until": self.blocked_until,
            "slack": self.slack,
            "opening": self.opening,
            "flights": self.flights,
            "unstated": self.unstated,
            "written": self.written,
        }

    @property
    def is_silent(self) -> bool:
        """Tell whether the server's answers state no limit."""
        return self.unstated >= SILENT and all(limit.assumed for limit in self.limits.values())

    def is_free(self, start: tuple[int, float] | None) -> bool:
        """Tell whether there is nothing to count: no answer stated a limit, and the caller assumes none.

        :param start: size and window in seconds that the caller assumes; None to assume none.
        """
        return start is None and self.unstated > 0 and all(one.assumed for one in self.limits.values())

    def counted_limits(self, start: tuple[int, float] | None) -> dict[str, Limit]:
        """Return the limits to count against: those that were stated, and what the caller assumes itself.

        What was sent in an assumed window is shared, its size is not: another caller may assume another one.

        :param start: size and window in seconds that the caller assumes; None to assume none.
        """
        counted = {name: limit for name, limit in self.limits.items() if not limit.assumed}
        if start:
            size, length = start
            for name, limit in self.limits.items():
                if limit.assumed:
                    ends = limit.ends - limit.length + length
                    counted[name] = replace(limit, limit=size, length=length, ends=ends)
        return counted

    def shift(self, seconds: float) -> None:
        """Move every moment, when the clock they were read from differs from the reader's.

        :param seconds: what to add.
        """
        self.blocked_until += seconds
        self.written += seconds
        for limit in self.limits.values():
            limit.opened += seconds
            limit.ends += seconds
            limit.floor += seconds
        for flight in self.flights.values():
            flight[0] += seconds
            flight[1] += seconds
            flight[3] += seconds if flight[3] else 0.0

    def clamp(self, now: float, *, foreign: bool = False) -> None:
        """Cut moments that lie further ahead than they can, after a clock was set back.

        Of a clock that is not ours, or is not what it was, at most one window is believed: a block that lasts
        is stated again by the next answer.

        :param now: the present moment.
        :param foreign: whether the moments were read from another clock.
        """
        longest = LONGEST_BLOCK
        if foreign or self.written > now + 1.0:
            longest = max((limit.length for limit in self.limits.values()), default=WINDOW)
        self.blocked_until = min(self.blocked_until, now + longest)
        for limit in self.limits.values():
            if limit.ends > now + limit.length + 1.0:
                limit.ends = now + limit.length
                limit.floor = min(limit.floor, limit.ends)
                limit.opened = min(limit.opened, now)
        # How long a request may take is its sender's affair: another's longer lease is no wrong clock.
        self.flights = {
            id_: flight for id_, flight in self.flights.items() if flight[0] <= now + 1.0 and now < flight[1]
        }
        if self.opening not in self.flights:
            self.opening = ""

    def in_flight(self, limit: Limit) -> int:
        """Count requests of a limit's present window that the server's count may not have yet.

        Those given up without an answer may have arrived, so they stay until a later one is answered.

        :param limit: one of this bucket's limits.
        """
        return sum(flight[0] >= limit.opened for flight in self.flights.values())

    def ask(
        self, now: float, id_: str, lease: float, owner: str, start: tuple[int, float] | None
    ) -> Grant | Wait:
        """Ask to send one request.

        :param now: the present moment.
        :param id_: a new id for the request.
        :param lease: seconds after which it counts as lost when no answer is reported.
        :param owner: who sends it.
        :param start: size and window in seconds to assume where no answer states a limit; None to assume none.
        """
        if self.blocked_until > now:
            return Wait(self.blocked_until - now + self.slack, "block")
        limits = list(self.counted_limits(start).values())
        usable = [limit for limit in limits if not limit.over] or limits
        current = [limit for limit in usable if limit.ends + self.slack > now]
        opener = False
        free = self.is_free(start)
        if not free and not any(limit.spent(self.in_flight(limit)) < limit.limit for limit in current):
            if len(current) == len(usable) and current:
                awaited = any(not flight[3] for flight in self.flights.values())
                if awaited and any(max(limit.sent, limit.counted) < limit.limit for limit in current):
                    return Wait(SOON, "in flight")
                return Wait(min(limit.ends for limit in current) - now + self.slack, "limit")
            if self.opening:
                return Wait(SOON, "opening")
            opener = True
            self.opening = id_
        for limit in self.limits.values():
            limit.sent += limit.ends + self.slack > now
        self.flights[id_] = [now, now + lease, owner, 0.0]
        return Grant(id_, now, opener)

    def answered(
        self,
        grant: Grant,
        now: float,
        stated: Mapping[str, Figure],
        start: tuple[int, float] | None,
        *,
        uncounted: bool = False,
    ) -> None:
        """Take in an answer that was no refusal.

        :param grant: what :meth:`ask` returned for the request.
        :param now: the present moment.
        :param stated: the limits that the answer states.
        :param start: size and window in seconds to assume when nothing states a limit; None to assume none.
        :param uncounted: whether it may have been answered before the API counts, so that silence says nothing.
        """
        self._end(grant)
        if stated and not self._another_bucket(grant, stated):
            # Sent after these were given up, so the count it states has them if they arrived.
            self.flights = {
                id_: flight for id_, flight in self.flights.items() if not 0.0 < flight[3] <= grant.sent_at
            }
            self.unstated = 0
            self.limits = {name: limit for name, limit in self.limits.items() if name in stated}
            for name, figure in stated.items():
                self._observe(name, figure, grant, now, several=len(stated) > 1)
        elif not stated:
            self.unstated = min(self.unstated + (not uncounted), FORGOTTEN)
            if self.unstated >= FORGOTTEN:
                self.limits = {name: limit for name, limit in self.limits.items() if limit.assumed}
            if grant.opener:
                self._assume(grant, now, start)

    def refused(self, grant: Grant, now: float, wait: float) -> None:
        """Take in a 429: nothing may be sent until the block ends, then one request opens the next window.

        :param grant: what :meth:`ask` returned for the request.
        :param now: the present moment.
        :param wait: seconds until the block ends.
        """
        self._end(grant)
        self.blocked_until = max(self.blocked_until, now + min(wait, LONGEST_BLOCK))
        if grant.opener and any(limit.ends for limit in self.limits.values()):
            # Sent after the end that was stated and refused all the same: this server rounds Reset down.
            self.slack = MARGIN + 1.0
        for limit in self.limits.values():
            limit.ends = 0.0

    def lost(self, grant: Grant, now: float) -> None:
        """Take in that a request ended without an answer; it may have been counted all the same.

        :param grant: what :meth:`ask` returned for the request.
        :param now: the present moment.
        """
        if grant.id in self.flights:
            self.flights[grant.id][3] = now
        if self.opening == grant.id:
            self.opening = ""

    def _end(self, grant: Grant) -> None:
        self.flights.pop(grant.id, None)
        if self.opening == grant.id:
            self.opening = ""

    def _another_bucket(self, grant: Grant, stated: Mapping[str, Figure]) -> bool:
        """Tell whether an answer states the limit of a route that has a small budget of its own."""
        return (
            not grant.opener
            and bool(self.limits)
            and self.limits.keys().isdisjoint(stated)
            and not any(limit.assumed for limit in self.limits.values())
            and max(figure.limit for figure in stated.values())
            <= max(one.limit for one in self.limits.values())
        )

    def _observe(self, name: str, figure: Figure, grant: Grant, now: float, *, several: bool) -> None:
        known = self.limits.get(name)
        reset = figure.reset if figure.reset is not None else (known.length if known else 60.0)
        count = figure.limit - min(figure.remaining, figure.limit) if figure.remaining is not None else 0
        latest, earliest = now + reset, grant.sent_at + reset - 1.0
        if known is None or earliest > known.ends or (grant.opener and known.ends <= grant.sent_at):
            later = sum(flight[0] >= grant.sent_at for flight in self.flights.values())
            length = max(reset, known.length if known else 0.0) if count > 1 else reset
            self.limits[name] = Limit(
                figure.limit,
                max(length, 1.0),
                sent=1 + later,
                counted=count,
                opened=grant.sent_at,
                ends=latest,
                floor=earliest,
                over=several and figure.remaining == 0 and figure.limit > 1,
            )
            return
        known.limit = figure.limit
        if known.assumed:
            known.counted, known.ends, known.floor, known.assumed = count, latest, earliest, False
            known.length = max(reset, 1.0)
        elif latest >= known.floor:
            known.counted = max(known.counted, count)
            if several and figure.remaining == 0:
                # With several limits a used-up one refuses nothing, but is blocked for a while of its own.
                known.ends = max(known.ends, latest)
                known.over = known.over or known.sent > known.limit
            elif grant.sent_at >= known.opened:
                known.ends = min(known.ends, latest)
                known.floor = max(known.floor, min(earliest, known.ends))

    def _assume(self, grant: Grant, now: float, start: tuple[int, float] | None) -> None:
        if not self.limits:
            if start is None:
                return
            self.limits = {"default": Limit(*start, assumed=True)}
        for name, limit in self.limits.items():
            if limit.ends <= now:
                # What was stated is known of the next window too, only its start is not
                size, length = start if limit.assumed and start else (limit.limit, limit.length)
                self.limits[name] = Limit(
                    size,
                    length,
                    sent=1,
                    opened=grant.sent_at,
                    ends=now + length,
                    assumed=limit.assumed,
                )


_KEYS = tuple(one.name for one in fields(Limit))

"""Hold requests back so that the API never has to refuse one.

Cal.com counts requests per credential in fixed windows and blocks a credential for a minute when it
oversteps. The governor counts along before anything is sent, learns the real limits from the answers, and
keeps its count outside the process, so that a task that starts right after another one does not spend the
same budget again.
"""

from __future__ import annotations

import hashlib
import logging
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from calcom_provider.api.errors import TransportError
from calcom_provider.api.http.auth import Auth
from calcom_provider.api.rate_limit.headers import figures, retry_after
from calcom_provider.api.rate_limit.state import (
    MemoryStateStore,
    StateStore,
    StateUnavailableError,
    open_state_store,
)
from calcom_provider.api.rate_limit.waiters import Cancel, Waiters
from calcom_provider.api.rate_limit.window import Bucket, Grant, Wait
from calcom_provider.process_identity import parse, this_process

__all__ = ["Cancel", "Governor", "Permit", "Snapshot", "governor_for"]

log = logging.getLogger(__name__)

START = (120, 60.0)
BLOCK = 60.0
LEASE = 120.0
#: Seconds for which this process goes by what it last saw of the shared count, where nothing hangs on it.
RECENT = 1.0
_PARSE_ERRORS = (TypeError, KeyError, ValueError, AttributeError, IndexError)


@dataclass(frozen=True, slots=True)
class Permit:
    """Allow one request; give it back with :meth:`Governor.report` or :meth:`Governor.release`."""

    bucket: str
    grant: Grant
    waited: float
    start: tuple[int, float] | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Show the budget as it is known now.

    ``limit`` and ``remaining`` are None before the first answer; ``window_seconds``, ``window_ends_in`` and
    ``blocked_for`` are seconds; ``assumed`` tells that no answer has stated a limit, ``silent`` that answers
    state none; ``names`` lists the named limits with their sizes.
    """

    limit: int | None
    remaining: int | None
    window_seconds: float
    window_ends_in: float
    blocked_for: float
    assumed: bool
    silent: bool
    names: Mapping[str, int]
    source: str


@dataclass(slots=True)
class _Seen:
    """Hold a bucket as it was left, and when: by this process's clock and by the store's."""

    bucket: Bucket
    at: float
    now: float


class Governor:
    """Count the requests of one credential and let each wait until the API will accept it.

    :param store: where the count is kept; default see
        :func:`~calcom_provider.api.rate_limit.state.open_state_store`.
    :param fingerprint: hash that names the credential at its server.
    :param start: requests and seconds of a window to assume until an answer states them; default 120 per 60
        s. None assumes nothing: a server that states no limit is then asked without pause.
    :param block: seconds to stay silent after a 429 that does not say how long; default 60.
    :param on_wait: told the seconds, the reason and the moment a longer wait begins, once a wait.
    :param clock: monotonic seconds; default ``time.monotonic``.
    :param sleep: pauses a thread; default waits for news from this process or the time given.
    """

    def __init__(
        self,
        store: StateStore | None = None,
        fingerprint: str = "",
        *,
        start: tuple[int, float] | None = START,
        block: float = BLOCK,
        on_wait: Callable[[float, str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self.store = store or open_state_store()
        self.fingerprint = fingerprint
        self.start = start
        self.block = block
        self.on_wait = on_wait
        self._clock = clock
        self._waiters = Waiters(clock, sleep)
        self._fallback: MemoryStateStore | None = None
        self._seen: dict[str, _Seen] = {}
        self._told_of_silence = False

    @classmethod
    def unlimited(cls, fingerprint: str = "") -> Governor:
        """Return a governor that assumes no limit and shares nothing; it still obeys what answers state.

        :param fingerprint: as for the class.
        """
        return cls(MemoryStateStore(), fingerprint, start=None)

    def beside(self, fingerprint: str) -> Governor:
        """Return a governor of another credential with the same store and settings.

        :param fingerprint: hash that names the other credential.
        """
        return Governor(self.store, fingerprint, start=self.start, block=self.block, on_wait=self.on_wait)

    @property
    def store_works(self) -> bool:
        """Tell whether the store has been usable so far; without it, this process counts alone."""
        return self._fallback is None

    @property
    def waited_seconds(self) -> float:
        """Return how long requests of this governor have been held back, overlaps counted once."""
        return self._waiters.total

    def ask(
        self, bucket: str = "", *, start: tuple[int, float] | None = None, lease: float = LEASE
    ) -> Permit | Wait:
        """Ask for a permit without waiting.

        :param bucket: name of a route's own budget; default the credential's.
        :param start: size and window in seconds to assume for that budget; default the governor's.
        :param lease: seconds after which the request counts as lost; default 120.
        """
        answer: Permit | Wait = Wait(1.0, "opening")
        seen = self._recent(bucket)
        now = seen.now + self._clock() - seen.at if seen else 0.0
        start = start or self.start
        if seen is not None and seen.bucket.is_free(start) and seen.bucket.blocked_until <= now:
            # Where no limit is known there is nothing to count, and the shared record would only be a queue.
            return Permit(bucket, Grant("", now, opener=False), 0.0, start)

        def work(state: Bucket, now: float) -> None:
            nonlocal answer
            owner = str(this_process())
            found = state.ask(now, uuid.uuid4().hex[:16], lease, owner, start)
            if (
                isinstance(found, Wait)
                and found.reason in ("opening", "in flight")
                and self._bury(state, now)
            ):
                found = state.ask(now, uuid.uuid4().hex[:16], lease, owner, start)
            answer = Permit(bucket, found, 0.0, start) if isinstance(found, Grant) else found

        self._change(bucket, work)
        return answer

    def acquire(
        self,
        bucket: str = "",
        *,
        start: tuple[int, float] | None = None,
        lease: float = LEASE,
        cancel: Cancel | None = None,
    ) -> Permit:
        """Wait until a request may be sent.

        :param bucket: name of a route's own budget; default the credential's.
        :param start: size and window in seconds to assume for that budget; default the governor's.
        :param lease: seconds after which the request counts as lost; default 120.
        :param cancel: ends the wait when it is set.
        :raises TransportError: of kind ``cancelled``.
        """
        waited, pause, began = 0.0, 0.0, 0.0
        while True:
            if cancel is not None and cancel.is_set():
                raise TransportError("The call was given up.", kind="cancelled", sent=False)
            answer = self.ask(bucket, start=start, lease=lease)
            if isinstance(answer, Permit):
                return Permit(bucket, answer.grant, waited, answer.start)
            soon = answer.reason in ("opening", "in flight")
            # Others' answers are seen only by looking; the own process's wake the wait.
            pause = min(max(pause * 1.5, answer.seconds), 0.25) if soon else answer.seconds
            if not soon:
                self._waiters.announce(answer, self.on_wait)
            began = self._clock()
            self._waiters.wait(pause, cancel)
            waited += self._clock() - began

    def report(
        self,
        permit: Permit,
        headers: Mapping[str, str],
        *,
        refused: bool = False,
        uncounted: bool = False,
    ) -> float | None:
        """Report an answer.

        :param permit: the permit that the request was sent with.
        :param headers: the answer's headers under lower-case names.
        :param refused: whether it was a 429.
        :param uncounted: whether it may have been answered before the API counts: a route that is not there
            (404), a key that is not known (401).
        :returns: seconds until requests are accepted again after a 429, else None.
        """
        stated = figures(headers)
        if not permit.grant.id and not stated and not refused and self._is_known_silent(permit.bucket):
            return None
        wait: float | None = None
        if refused:
            # Refused means that all limits are used up; the first to end lets requests through again.
            resets = [figure.reset for figure in stated.values() if figure.reset is not None]
            asked = retry_after(headers)
            wait = max(min(resets) if resets else 0.0, asked or 0.0) or self.block

        def work(state: Bucket, now: float) -> None:
            if wait is not None:
                state.refused(permit.grant, now, max(wait, 1.0))
            else:
                state.answered(permit.grant, now, stated, permit.start, uncounted=uncounted)

        self._change(permit.bucket, work)
        self._waiters.wake()
        self._tell_of_silence(permit)
        return wait

    def _tell_of_silence(self, permit: Permit) -> None:
        """Say once that the server states no limit, since one that is assumed makes requests wait."""
        if self._told_of_silence or permit.bucket or permit.start is None:
            return
        if self._is_known_silent(permit.bucket):
            self._told_of_silence = True
            log.warning(
                "This server's answers state no request limit; %s in %.0f s are assumed and kept to. For a "
                "Cal.com of your own without a limit assume none: --assumed-limit 0.",
                *permit.start,
            )

    def release(self, permit: Permit) -> None:
        """Report that a request ended without an answer.

        :param permit: the permit that it was sent with.
        """
        if permit.grant.id:
            self._change(permit.bucket, lambda state, now: state.lost(permit.grant, now))
        self._waiters.wake()

    def headroom(self, bucket: str = "") -> int:
        """Return how many requests may be sent now without waiting; 0 when nothing is known yet.

        :param bucket: name of a route's own budget; default the credential's.
        """
        seen = self._recent(bucket)
        snapshot = (
            self._picture(seen.bucket, seen.now + self._clock() - seen.at) if seen else self.snapshot(bucket)
        )
        if snapshot.blocked_for:
            return 0
        if snapshot.limit is None:
            return 0 if self.start else 1_000_000
        return snapshot.remaining or 0

    def per_minute(self, bucket: str = "") -> float | None:
        """Return how many requests a minute the API takes, as its answers state; None before the first.

        :param bucket: name of a route's own budget; default the credential's.
        """
        found: list[float] = []

        def work(state: Bucket, now: float) -> None:
            stated = [one for one in state.limits.values() if not one.assumed and one.length > 0]
            found.extend(one.limit * 60 / one.length for one in stated)

        self._change(bucket, work, save=False)
        # Of several limits the API refuses only when all are used up, so the widest lets requests through.
        return max(found, default=None)

    def snapshot(self, bucket: str = "") -> Snapshot:
        """Return the budget as it is known now.

        :param bucket: name of a route's own budget; default the credential's.
        """
        found: list[Snapshot] = []
        self._change(bucket, lambda state, now: found.append(self._picture(state, now)), save=False)
        return found[0]

    def _picture(self, state: Bucket, now: float) -> Snapshot:
        limits = state.counted_limits(self.start)
        left = {
            name: limit.limit
            - min(limit.limit, limit.spent(state.in_flight(limit)) if limit.ends > now else 0)
            for name, limit in limits.items()
        }
        best = max(left, key=lambda name: left[name], default="")
        limit = limits.get(best)
        return Snapshot(
            limit=limit.limit if limit else None,
            remaining=left.get(best),
            window_seconds=limit.length if limit else 0.0,
            window_ends_in=max(0.0, limit.ends - now) if limit else 0.0,
            blocked_for=max(0.0, state.blocked_until - now),
            assumed=limit.assumed if limit else True,
            silent=state.is_silent,
            names={name: one.limit for name, one in limits.items()},
            source=str(self._fallback or self.store),
        )

    def _is_known_silent(self, bucket: str) -> bool:
        seen = self._seen.get(bucket)
        return seen is not None and seen.bucket.is_silent

    def _recent(self, bucket: str) -> _Seen | None:
        seen = self._seen.get(bucket)
        return seen if seen is not None and self._clock() - seen.at < RECENT else None

    def _change(self, bucket: str, work: Callable[[Bucket, float], None], *, save: bool = True) -> None:
        """Let ``work`` look at and change a bucket while nobody else can."""
        key = hashlib.sha256(f"{self.fingerprint}\0{bucket}".encode()).hexdigest()[:40]
        store: StateStore = self._fallback or self.store
        try:
            with store.transaction(key) as held:
                state = _bucket(held.data, held.now)
                work(state, held.now)
                if save:
                    state.written = held.now
                    held.save(state.to_data())
                self._seen[bucket] = _Seen(state, self._clock(), held.now)
        except StateUnavailableError as error:
            if store is self._fallback:
                raise
            self._fallback = MemoryStateStore()
            log.warning(
                "The request budget cannot be shared with other processes (%s); this process counts alone.",
                error,
            )
            self._change(bucket, work, save=save)

    def _bury(self, state: Bucket, now: float) -> bool:
        """Give up requests whose process has died; tell whether there were any."""
        dead = [id_ for id_, flight in state.flights.items() if not flight[3] and _is_gone(flight[2])]
        for id_ in dead:
            state.lost(Grant(id_, 0.0, opener=False), now)
        return bool(dead)


def governor_for(
    auth: Auth, base_url: str, store: StateStore | str | None = None, **settings: Any
) -> Governor:
    """Return the governor of a credential at a server.

    :param auth: the credential.
    :param base_url: address of the API; the same key at another server has another budget.
    :param store: a store, or the setting that names one; default see
        :func:`~calcom_provider.api.rate_limit.state.open_state_store`.
    :param settings: further arguments of :class:`Governor`.
    """
    opened = open_state_store(store) if store is None or isinstance(store, str) else store
    return Governor(opened, fingerprint_at(auth.fingerprint, base_url), **settings)


def fingerprint_at(fingerprint: str, base_url: str) -> str:
    """Return the hash that names a credential at its server.

    :param fingerprint: the credential's own.
    :param base_url: address of the API.
    """
    return hashlib.sha256(f"{fingerprint}\0{urlsplit(base_url).netloc}".encode()).hexdigest()


def _bucket(data: dict[str, Any] | None, now: float) -> Bucket:
    """Read a record; one that is damaged counts as none, and the next answer states the budget anew."""
    if data is None:
        return Bucket()
    try:
        shift = data.pop("shift", None)
        bucket = Bucket.from_data(data)
        if shift is not None:
            bucket.shift(float(shift))
        bucket.clamp(now, foreign=shift is not None)
        return bucket
    except _PARSE_ERRORS:
        return Bucket()


def _is_gone(owner: str) -> bool:
    identity = parse(owner)
    return identity is not None and identity.is_gone()

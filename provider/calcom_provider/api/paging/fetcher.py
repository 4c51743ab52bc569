"""Fetch the pages of a list: one at a time, or ahead of the reader where that costs nothing."""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import xxhash

from calcom_provider.api.catalogue.operations import Operation
from calcom_provider.api.catalogue.parameters import bind
from calcom_provider.api.errors import CalComError, ServerError, TransportError
from calcom_provider.api.http.responses import decode, rows_of, unwrap
from calcom_provider.api.http.transport import Response
from calcom_provider.api.paging.halving import BadRows, Halving
from calcom_provider.api.paging.sender import Sender

if TYPE_CHECKING:
    from calcom_provider.api.rate_limit.governor import Cancel

BYTES_AHEAD = 1 * 1024 * 1024
PLENTY = 300
SOME = 60
CAREFUL_DEPTH = 3

Key = Any


@dataclass(frozen=True, slots=True)
class KnownPage:
    """Hold what an earlier read kept of a page."""

    digest: int | None
    etag: str | None = None
    count: int = 0
    first_key: Key = None
    last_key: Key = None


@dataclass(slots=True)
class Fetched:
    """Hold one page as it came, before its place in the list is judged."""

    skip: int
    take: int
    rows: list[Any] | None
    count: int
    size: int
    digest: int | None
    etag: str | None
    first_key: Key
    last_key: Key
    rising: bool
    unchanged: bool
    keys: list[Key] | None = field(default=None, repr=False)
    pagination: Mapping[str, Any] | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    bad: frozenset[int] = frozenset()
    """Positions of rows that could not be read and were left out."""

    @property
    def full(self) -> bool:
        """Tell whether the page has as many rows as were asked for, so that more may follow."""
        return self.count + len(self.bad) >= self.take


class Fetcher:
    """Fetch single pages of one list, where one ends in HTTP 500 around the row to blame.

    :param sender: sends the requests.
    :param operation: the list.
    :param parameters: its filters.
    :param cancel: ends waiting when it is set.
    """

    def __init__(
        self,
        sender: Sender,
        operation: Operation,
        parameters: Mapping[str, Any],
        cancel: threading.Event,
    ) -> None:
        self._sender = sender
        self._operation = operation
        self._parameters = dict(parameters)
        self._key = key_of(operation.paging.key if operation.paging else ("id",))
        self.cancel = cancel
        self.requests = 0
        self.bad_rows = BadRows()
        paged = operation.paging is not None and operation.paging.kind in ("take_skip", "limit_offset")
        self._halve = paged and self._key is not None
        self._lock = threading.Lock()

    def fetch(
        self,
        place: Mapping[str, Any],
        skip: int,
        take: int,
        known: KnownPage | None = None,
        stop: threading.Event | None = None,
    ) -> Fetched:
        """Ask for one page.

        :param place: the parameters that name the page.
        :param skip: rows before it.
        :param take: rows asked for.
        :param known: what an earlier read kept of this page.
        :param stop: ends waiting when it is set, because nobody wants the page any more.
        """
        if any(skip <= one < skip + take for one in self.bad_rows.found):
            return self._in_halves(place, skip, take, None)
        try:
            return self._ask(place, skip, take, known, stop)
        except ServerError as error:
            if error.status != 500 or not self._halve or not take:
                raise
            return self._in_halves(place, skip, take, error)

    def _in_halves(
        self, place: Mapping[str, Any], skip: int, take: int, error: CalComError | None
    ) -> Fetched:
        """Ask for what can be read of a page that fails as a whole, and put the parts together."""
        paging, key = self._operation.paging, self._key
        assert paging is not None
        assert key is not None

        def ask(start: int, count: int) -> Fetched:
            part = {**place, paging.size_name: count, paging.offset_name: start}
            return self._ask(part, start, count, None, None, again_on_500=False)

        halved = Halving(ask, key, self.bad_rows, steady=True).read(skip, take, error)
        rows = [row for piece in halved.pieces for row in piece.rows or ()]
        keys = [key(row) for row in rows]
        return Fetched(
            skip=skip,
            take=take,
            rows=rows,
            count=len(rows),
            size=sum(piece.size for piece in halved.pieces),
            digest=None,
            etag=None,
            first_key=keys[0] if keys else None,
            last_key=keys[-1] if keys else None,
            rising=rising(keys),
            unchanged=False,
            keys=keys,
            pagination=halved.pieces[-1].pagination if halved.pieces else None,
            bad=halved.bad,
        )

    def _ask(
        self,
        place: Mapping[str, Any],
        skip: int,
        take: int,
        known: KnownPage | None,
        stop: threading.Event | None,
        *,
        again_on_500: bool = True,
    ) -> Fetched:
        bound = bind(self._operation, self._parameters | dict(place))
        headers = {"If-None-Match": known.etag} if known and known.etag and known.digest is not None else None
        with self._lock:
            self.requests += 1
        return self._sender.exchange(
            self._operation,
            bound,
            lambda response: self._read(response, skip, take, known),
            headers=headers,
            cancel=_Either(self.cancel, stop) if stop else self.cancel,
            again_on_500=again_on_500,
        )

    def _read(self, response: Response, skip: int, take: int, known: KnownPage | None) -> Fetched:
        etag = response.headers.get("etag")
        if response.status == 304 and known is not None:
            self._sender.stats.add(unchanged=1)
            return _same(known, skip, take, 0, etag or known.etag)
        digest = xxhash.xxh3_64_intdigest(response.body)
        if known is not None and known.digest == digest:
            return _same(known, skip, take, len(response.body), etag)
        data, pagination = unwrap(self._operation, response, decode(self._operation, response))
        if self._operation.paging is None and not isinstance(data, list):
            # An operation that answers one object, read as a list of it.
            data = [data]
        rows = rows_of(self._operation, response, data)
        keys = [self._key(row) for row in rows] if self._key else None
        return Fetched(
            skip=skip,
            take=take,
            rows=rows,
            count=len(rows),
            size=len(response.body),
            digest=digest,
            etag=etag,
            first_key=keys[0] if keys else None,
            last_key=keys[-1] if keys else None,
            rising=keys is not None and rising(keys),
            unchanged=False,
            keys=keys,
            pagination=pagination,
            more=data if isinstance(data, Mapping) else {},
        )


class Ahead:
    """Hand out the pages of one pass in order, fetching some before they are asked for.

    Pages that the last read's count promises are fetched side by side. Beyond those a page is only fetched
    ahead while the request budget has room, because each one past the end is a request lost. What waits to be
    taken is bounded in bytes.

    :param sender: lends its threads and its governor.
    :param start: fetches the page of a number.
    :param planned: pages that are expected to exist.
    :param last: number of the last page that can be reached, None without such a bound.
    :param concurrency: pages on their way at the same time.
    """

    def __init__(
        self,
        sender: Sender,
        start: Callable[[int, threading.Event], Fetched],
        planned: int,
        last: int | None = None,
        *,
        concurrency: int,
    ) -> None:
        self._sender = sender
        self._concurrency = concurrency
        self._start = start
        self._planned = planned
        self._last = last
        self._futures: dict[int, Future[Fetched]] = {}
        self._next = 0
        self._ramp = 1
        self._bytes = 0
        self._taken = 0
        self._told = False
        self._stop = threading.Event()

    def get(self, number: int) -> Fetched:
        """Return a page; numbers must be asked for in order.

        :param number: the page's number from 0.
        """
        self._fill(number)
        future = self._futures.pop(number, None)
        try:
            page = future.result() if future is not None else self._start(number, self._stop)
        except CancelledError:
            raise TransportError("The read was given up.", kind="cancelled", sent=False) from None
        self._taken += 1
        self._bytes += page.size
        if page.full and number + 1 >= self._planned:
            self._ramp = min(self._ramp * 2, self._concurrency)
        return page

    def expect(self, pages: int) -> None:
        """Take over how many pages the API itself says there are; none is fetched beyond on suspicion.

        :param pages: number of pages.
        """
        self._planned, self._told = pages, True

    def close(self) -> None:
        """Give up the pages that nobody will take, also those that wait for the request limit."""
        self._stop.set()
        for future in self._futures.values():
            future.cancel()
        self._futures.clear()

    def _fill(self, number: int) -> None:
        self._next = max(self._next, number)
        while self._next <= self._reach(number):
            if self._last is not None and self._next > self._last:
                return
            if self._next == number and self._reach(number) == number:
                # Nothing to do beside it: the thread that waits may as well ask.
                self._next += 1
                return
            self._futures[self._next] = self._sender.pool.submit(self._start, self._next, self._stop)
            self._next += 1

    def _reach(self, number: int) -> int:
        """Return the number of the last page that may be on its way now."""
        if not self._taken:
            return number
        average = max(1, self._bytes // self._taken)
        depth = max(1, min(self._concurrency, BYTES_AHEAD // average))
        reach = number + depth - 1
        if reach < self._planned:
            return reach
        return max(number, min(reach, max(self._planned, number + self._spare()) - 1))

    def _spare(self) -> int:
        """Return how many unplanned pages may be on their way, the one asked for included."""
        if self._ramp == 1 or self._told:
            return 1
        room = self._sender.governor.headroom()
        if room > PLENTY:
            return self._ramp
        return min(self._ramp, CAREFUL_DEPTH) if room > SOME else 1


class _Either:
    """Be set as soon as one of two is."""

    def __init__(self, one: Cancel, other: Cancel) -> None:
        self._both = (one, other)

    def is_set(self) -> bool:
        return any(one.is_set() for one in self._both)


def key_of(names: tuple[str, ...]) -> Callable[[Any], Key] | None:
    """Return what takes the key out of a row, None for rows without one.

    :param names: the fields that identify a row.
    """
    if not names:
        return None
    if len(names) == 1:
        name = names[0]
        return lambda row: row.get(name)
    return lambda row: tuple(row.get(name) for name in names)


def rising(keys: list[Key]) -> bool:
    """Tell whether keys rise strictly.

    :param keys: the keys of a page in its order.
    """
    try:
        return all(map(operator.lt, keys, keys[1:]))
    except TypeError:
        return False


def _same(known: KnownPage, skip: int, take: int, size: int, etag: str | None) -> Fetched:
    return Fetched(
        skip=skip,
        take=take,
        rows=None,
        count=known.count,
        size=size,
        digest=known.digest,
        etag=etag,
        first_key=known.first_key,
        last_key=known.last_key,
        rising=known.count < 2 or (known.first_key is not None and rising([known.first_key, known.last_key])),
        unchanged=True,
    )

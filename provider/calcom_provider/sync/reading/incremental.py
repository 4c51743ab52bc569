"""Lists with time filters: what changed since the watermark, a window, or all of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from calcom_provider.api.bounds import Bounds
from calcom_provider.api.errors import IncompleteReadError
from calcom_provider.api.paging.halving import BadRows
from calcom_provider.api.paging.reader import too_many_rows
from calcom_provider.resources.model import Windows
from calcom_provider.sync.options import Backfill
from calcom_provider.sync.reading.keyset import (
    TAKE,
    Fetch,
    Fetched,
    FiltersIgnoredError,
    Keyset,
    Order,
    instant,
    iso,
)

if TYPE_CHECKING:
    from calcom_provider.api.paging.emptiness import EarlierRows
    from calcom_provider.api.paging.reader import PageReader

#: A booking that lasts longer than this is read again by its change time only.
LONGEST = timedelta(days=1)
_PASSES = 3
#: Requests that a read may take at most, beside so many for each page that the list can have: three passes, each
#: with the attempts at a set of ties.
_REQUESTS = 300
_REQUESTS_A_PAGE = 150

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Part:
    """Hold rows of a read by time, in the shape of a page that the next run does not recognise."""

    rows: list[dict[str, Any]]
    restart: bool = False
    number: int = 0
    digest: None = None
    etag: None = None
    first_key: None = None
    last_key: None = None

    @property
    def count(self) -> int:
        """Count the rows."""
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Span:
    """Say what part of a list a run reads.

    :param since: changes after this instant; None for all rows.
    :param now: the API's time when the run began; later rows are left to the next run.
    :param reread_days: rows that ended in so many days before now are read again.
    :param backfill: a window to read instead.
    """

    now: datetime
    since: datetime | None = None
    reread_days: int = 0
    backfill: Backfill | None = None

    @property
    def partial(self) -> bool:
        """Tell whether only a part of the rows is asked for."""
        return self.since is not None or self.backfill is not None


class TimedSource:
    """Read a list by time; iterate once.

    :param fetch: asks the list with parameters.
    :param windows: names of its fields and filters.
    :param span: what to read.
    :param fixed: parameters of every request.
    :param earlier: what is stored of the list.
    :param plain: opens the whole list without filters, for a server that ignores them; None for no such way.
    :param max_rows: rows that the list may have.
    :param bad_rows: what `fetch` notes of rows that the API cannot write; None if it notes nothing.
    """

    def __init__(
        self,
        fetch: Fetch,
        windows: Windows,
        span: Span,
        fixed: Mapping[str, Any],
        earlier: EarlierRows | None = None,
        plain: Callable[[], PageReader] | None = None,
        bad_rows: BadRows | None = None,
        max_rows: int = Bounds().first_rows,
    ) -> None:
        self._asked = 0
        self._most = earlier.count if earlier is not None else 0
        self._earlier = earlier
        self._plain = plain

        def counted(parameters: Mapping[str, Any]) -> Fetched:
            self._asked += 1
            if self._asked > _REQUESTS + _REQUESTS_A_PAGE * -(-self._most // TAKE):
                raise IncompleteReadError(
                    f"The list has {self._most} rows and was not read to its end in {self._asked - 1} requests."
                )
            fetched = fetch(parameters)
            # Counts leave the filters on creation and change out, so they are never too low.
            self._most = max(self._most, fetched.total or 0, len(fetched.rows))
            return fetched

        self._bad_rows = BadRows() if bad_rows is None else bad_rows
        self._max_rows = max_rows
        self._keyset = Keyset(counted, windows, fixed)
        self._windows = windows
        self._span = span
        self.complete = False
        self.reason = "not read to its end"
        self.partial = span.partial
        self.tolerated = False
        self.note = ""

    @property
    def requests(self) -> int:
        """Count the requests sent."""
        return self._asked

    def __iter__(self) -> Iterator[Part]:
        try:
            yield from self._by_time()
        except FiltersIgnoredError as error:
            if self._plain is None:
                raise IncompleteReadError(f"The list {error}.") from None
            yield from self._in_full(self._plain(), str(error))

    def _by_time(self) -> Iterator[Part]:
        now = iso(self._span.now)
        rows = 0
        for order, low, filters in self._passes(now):
            for part in self._proven(order, low, filters):
                rows += part.count
                yield part
        stored = self._earlier.count if self._earlier is not None and not self._span.partial else 0
        # Without the filter, in the other direction: nobody who gives a wrong answer foresees that.
        if stored and not rows and self._keyset.latest():
            raise IncompleteReadError("The list came empty in one order and with rows in another.")
        self.tolerated = bool(self._bad_rows)
        self.complete = not self.tolerated
        self.reason = self._bad_rows.reason if self.tolerated else ""

    def _in_full(self, reader: PageReader, why: str) -> Iterator[Part]:
        """Read the whole list by plain pages; ids and the API's own count say whether that is all."""
        self.note = f"the list {why}, so it was read in full by plain pages"
        log.warning("A list %s: it is read in full by plain pages.", why)
        first = True
        for page in reader:
            yield Part(page.rows or [], restart=first or page.restart)
            first = False
        self._asked += reader.requests
        self.partial = False
        self.complete, self.reason, self.tolerated = reader.complete, reader.reason, reader.tolerated

    def _passes(self, now: str) -> Iterator[tuple[Order, str | None, dict[str, Any]]]:
        keyset, span, windows = self._keyset, self._span, self._windows
        if span.backfill is not None:
            bounds = {windows.end_before: iso(span.backfill.end)}
            yield keyset.start, iso(span.backfill.start), bounds
            return
        if span.since is None:
            # What is created while the list is read would keep its count changing.
            yield keyset.start, None, {keyset.created.before: now}
            return
        since = iso(span.since)
        yield keyset.updated, since, {keyset.updated.before: now}
        # A booking that never changed has no change time, and no filter on it matches.
        yield keyset.created, since, {keyset.created.before: now}
        if span.reread_days:
            ended = iso(span.now - timedelta(days=span.reread_days) - LONGEST)
            yield keyset.start, ended, {windows.end_before: now}

    def _proven(self, order: Order, low: str | None, filters: dict[str, Any]) -> Iterator[Part]:
        """Read until no more rows match the filters than were seen, at most three times."""
        before: set[Any] | None = None
        for attempt in range(_PASSES):
            seen: set[Any] = set()
            first = True
            for rows in self._keyset.read(order, low, filters):
                if len(seen) > self._max_rows:
                    raise too_many_rows("", self._max_rows)
                seen.update(row["id"] for row in rows if self._matches(row, order, low, filters))
                yield Part(rows, restart=first and attempt > 0 and not self._span.partial)
                first = False
            if self._bad_rows:
                # Rows that cannot be read are counted by the API all the same.
                return
            bounds = filters if low is None else {**filters, order.after: low}
            if not self._keyset.exceeds(len(seen), bounds):
                return
            if before == seen:
                # Nothing changed between two reads, and still there is more than the pages show.
                raise FiltersIgnoredError("has rows that it shows on no page that is asked for")
            before = seen
        raise IncompleteReadError(
            "The list changed during each of three reads and could not be read completely."
        )

    def _matches(
        self, row: Mapping[str, Any], order: Order, low: str | None, filters: Mapping[str, Any]
    ) -> bool:
        """Tell whether a row is one that the filters ask for: tied sets may bring others along."""
        if low is not None and (row.get(order.field) or "") < low:
            return False
        upper = {
            self._keyset.updated.before: self._windows.updated,
            self._keyset.created.before: self._windows.created,
            self._windows.end_before: self._windows.end,
        }
        return all(
            (value := row.get(field)) is not None and value <= filters[name]
            for name, field in upper.items()
            if name in filters
        )


def begin(
    watermark: str | None,
    full_read_at: datetime | None,
    *,
    now: datetime,
    ours: datetime,
    overlap: timedelta,
    full_every: timedelta,
    full: bool,
) -> datetime | None:
    """Return where an incremental read begins, None for a full one.

    :param watermark: end of the last published read, ISO 8601.
    :param full_read_at: when the list was last read in full, by the clock of the machine that did.
    :param now: time of this run by the API's clock, with which its filters compare.
    :param ours: time by the clock of this machine.
    :param overlap: how far before the watermark to begin; the filters are inclusive and clocks differ.
    :param full_every: rhythm of full reads.
    :param full: a full read is asked for.
    """
    if full or not watermark or full_read_at is None:
        return None
    last = full_read_at if full_read_at.tzinfo is not None else full_read_at.replace(tzinfo=UTC)
    # A full read that lies in the future was dated by a clock that stood wrong, and would put off the next for as long.
    if now - last > full_every or last - ours > full_every:
        return None
    return instant(watermark) - overlap

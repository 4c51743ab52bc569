"""Lists with time filters: what changed since the watermark, a window, or all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from calcom_provider.api.errors import IncompleteReadError
from calcom_provider.resources.model import Windows
from calcom_provider.sync.keyset import Fetch, Keyset, Order, instant, iso
from calcom_provider.sync.options import Backfill

#: A booking that lasts longer than this is read again by its change time only.
_LONGEST = timedelta(days=1)
_PASSES = 3


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

    :param since: changes after this instant; None for all rows
    :param now: the API's time when the run began; later rows are left to the next run
    :param reread_days: rows that ended in so many days before now are read again
    :param backfill: a window to read instead
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

    :param fetch: asks the list with parameters
    :param windows: names of its fields and filters
    :param span: what to read
    :param fixed: parameters of every request
    """

    def __init__(self, fetch: Fetch, windows: Windows, span: Span, fixed: Mapping[str, Any]) -> None:
        self._asked = 0

        def counted(parameters: Mapping[str, Any]) -> Any:
            self._asked += 1
            return fetch(parameters)

        self._keyset = Keyset(counted, windows, fixed)
        self._windows = windows
        self._span = span
        self.complete = False
        self.reason = "not read to its end"

    @property
    def requests(self) -> int:
        """Count the requests sent."""
        return self._asked

    def __iter__(self) -> Iterator[Part]:
        now = iso(self._span.now)
        for order, low, filters in self._walks(now):
            yield from self._proven(order, low, filters)
        self.complete, self.reason = True, ""

    def _walks(self, now: str) -> Iterator[tuple[Order, str | None, dict[str, Any]]]:
        keyset, span, windows = self._keyset, self._span, self._windows
        if span.backfill is not None:
            bounds = {windows.end_before: iso(span.backfill.end)}
            yield keyset.start, iso(span.backfill.start), bounds
            return
        if span.since is None:
            # What is created while the list is read would never let its count settle.
            yield keyset.start, None, {keyset.created.before: now}
            return
        since = iso(span.since)
        yield keyset.updated, since, {keyset.updated.before: now}
        # A booking that never changed has no change time, and no filter on it matches.
        yield keyset.created, since, {keyset.created.before: now}
        if span.reread_days:
            ended = iso(span.now - timedelta(days=span.reread_days) - _LONGEST)
            yield keyset.start, ended, {windows.end_before: now}

    def _proven(self, order: Order, low: str | None, filters: dict[str, Any]) -> Iterator[Part]:
        """Walk until no more rows match the filters than were seen, at most three times."""
        for attempt in range(_PASSES):
            seen: set[Any] = set()
            first = True
            for rows in self._keyset.walk(order, low, filters):
                seen.update(row["id"] for row in rows if self._matches(row, order, low, filters))
                yield Part(rows, restart=first and attempt > 0 and not self._span.partial)
                first = False
            bounds = filters if low is None else {**filters, order.after: low}
            if not self._keyset.exceeds(len(seen), bounds):
                return
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
    overlap: timedelta,
    full_every: timedelta,
    full: bool,
) -> datetime | None:
    """Return where an incremental read begins, None for a full one.

    :param watermark: end of the last published read, ISO 8601
    :param full_read_at: when the list was last read in full
    :param now: time of this run
    :param overlap: how far before the watermark to begin; the filters are inclusive and clocks differ
    :param full_every: rhythm of full reads
    :param full: a full read is asked for
    """
    if full or not watermark or full_read_at is None:
        return None
    last = full_read_at if full_read_at.tzinfo is not None else full_read_at.replace(tzinfo=UTC)
    if now - last > full_every:
        return None
    return instant(watermark) - overlap

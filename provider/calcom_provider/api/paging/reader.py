"""Read lists of any paging kind, page by page, and say at the end whether they were read completely.

The API pages by position over lists that change meanwhile: a deletion shifts rows onto pages already read. So
completeness is shown, not assumed:

- A list that fits one page was read at one moment.
- Rows ordered by a rising key: neighbouring pages share one row. Each page is a stretch of the sorted list,
  and if each begins no later than the one before it ends, then the stretches leave no room in which a row
  could have been all the time. Where one begins too late, rows have moved up, and the reader steps back. A
  probe for the last row confirms that positions still mean what they did.
- Lists ordered by random keys (uuid) are read until two passes give the same keys.
- Any other order (times with ties, none): a pass counts if no row came twice, and either its rows are as many
  as the API counts, or the next pass gives the same keys. At most three passes are made.
- A full page that is followed by nothing, not even by the row that both share, proves no end: the list is read
  at other page sizes until a short page with rows ends it.
- An empty list that held rows at the last read is asked again by other ways before it is believed.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from calcom_provider.api.catalogue.operations import Operation
from calcom_provider.api.errors import IncompleteReadError, InvalidRequestError, ParameterError
from calcom_provider.api.paging.emptiness import EarlierRows, EmptyCheck
from calcom_provider.api.paging.fetcher import Ahead, Fetched, Fetcher, Key, KnownPage
from calcom_provider.api.paging.keyed_pass import STALLED_PAGES, Gap, KeyedPass
from calcom_provider.api.paging.layout import ALL, COMMON_SIZE, layout_of
from calcom_provider.api.paging.sender import Sender
from calcom_provider.api.paging.unkeyed_pass import PassCount

__all__ = ["EarlierRows", "KnownPage", "Page", "PageReader"]

PASSES = 3


def too_many_rows(operation: str, most: int) -> IncompleteReadError:
    """Return the error for a list that goes on beyond what it may have.

    :param operation: short name of the list.
    :param most: rows that it may have.
    """
    return IncompleteReadError(
        f"the list has more than {most:,} rows, which is more than it may have after its last read.",
        operation=operation,
        advice="If it really has so many, raise row_growth, row_margin or first_rows of the connection.",
    )


@dataclass(frozen=True, slots=True)
class Page:
    """Hold one page.

    ``rows`` is None when the page is the same as the known one. ``digest`` (XXH3, 64 bits, of the body) is
    None for a page that was read out of turn and has no number to be known by. ``restart`` marks the first
    page of a repeated pass: what was taken of this list before is to be dropped.
    """

    number: int
    skip: int
    rows: list[Any] | None = field(repr=False)
    count: int
    digest: int | None
    etag: str | None
    first_key: Key
    last_key: Key
    unchanged: bool = False
    restart: bool = False
    pagination: Mapping[str, Any] | None = None


class PageReader:
    """Iterate over the pages of a list, once; afterwards tell whether it was read completely.

    After the last page ``complete`` says whether every row that was there all the time has been seen,
    ``reason`` why that is not certain, ``tolerated`` that only single rows which the API cannot write are
    missing, ``rows_read`` how many rows came (repeats included) and ``requests``
    what they cost.

    :param sender: sends the requests.
    :param operation: the list.
    :param parameters: its filters.
    :param known: pages of an earlier read by number.
    :param expected: rows of the last read, None if unknown.
    :param earlier: what a table holds of the list, None if unknown.
    :param page_size: rows of a page, None for the operation's own size.
    :param concurrency: pages asked for at the same time, None for the sender's own number.
    :param max_rows: rows that the list may have.
    :param cancel: ends waiting when it is set.
    """

    def __init__(
        self,
        sender: Sender,
        operation: Operation,
        parameters: Mapping[str, Any],
        *,
        known: Mapping[int, KnownPage],
        expected: int | None,
        earlier: EarlierRows | None,
        page_size: int | None,
        max_rows: int,
        concurrency: int | None = None,
        cancel: threading.Event,
    ) -> None:
        self._sender = sender
        self._operation = operation
        self._parameters = dict(parameters)
        self._known = dict(known)
        self._expected = expected
        self._concurrency = max(1, concurrency or sender.concurrency)
        self._paging = operation.paging or ALL
        if page_size is not None and not 1 <= page_size <= (self._paging.maximum or page_size):
            raise ParameterError(
                f"page_size must be from 1 to {self._paging.maximum}.",
                operation=operation.name,
                parameter="page_size",
            )
        self._layout = layout_of(operation, parameters, page_size)
        self._fetcher = Fetcher(sender, operation, parameters, cancel)
        self._earlier = earlier
        self._empty = True
        # Pages of another size than usual are of no use to the next read.
        self._marked = True
        self._restarting = False
        self._max_rows = max_rows
        self._rows_of_pass = 0
        self._pages = self._read()
        self.complete = False
        self.reason = "not read to its end"
        self.tolerated = False
        self.rows_read = 0

    @property
    def requests(self) -> int:
        """Return how many requests were asked for, repeats after failures not counted."""
        return self._fetcher.requests

    @property
    def page_size(self) -> int:
        """Return how many rows a page is asked for, 0 where all rows come at once."""
        return self._layout.take

    def __iter__(self) -> Iterator[Page]:
        return self

    def __next__(self) -> Page:
        page = next(self._pages)
        self.rows_read += page.count
        self._rows_of_pass = page.count if page.restart else self._rows_of_pass + page.count
        if self._rows_of_pass > self._max_rows:
            raise too_many_rows(self._operation.name, self._max_rows)
        return page

    def close(self) -> None:
        """Give up the rest of the list."""
        self._pages.close()

    def distinct_rows(self) -> Iterator[dict[str, Any]]:
        """Yield each row once.

        :raises IncompleteReadError: at the end, if rows may be missing.
        """
        names = self._paging.key
        seen: set[Key] = set()
        for page in self:
            for row in page.rows or ():
                if names:
                    key = tuple(row.get(name) for name in names)
                    if key in seen:
                        continue
                    # A row without a key is nobody's double.
                    if any(part is not None for part in key):
                        seen.add(key)
                yield row
        if not self.complete:
            raise IncompleteReadError(
                f"the list could not be read for certain: {self.reason}.",
                operation=self._operation.name,
                advice="Read it again when it changes less.",
            )

    def _read(self) -> Generator[Page, None, None]:
        yield from self._by_kind()
        if self._earlier is not None and self._earlier.count and self._empty and self.complete:
            yield from self._doubted(self._earlier)

    def _by_kind(self) -> Generator[Page, None, None]:
        kind = self._paging.kind
        if kind == "none":
            yield self._page(0, self._fetcher.fetch({}, 0, 0, self._known.get(0)))
            self._done()
        elif kind == "cursor":
            yield from self._cursor()
        else:
            yield from self._by_position()

    def _doubted(self, earlier: EarlierRows) -> Iterator[Page]:
        """Ask by other ways whether a list that held rows is empty now; read it anew if it is not."""
        check = EmptyCheck(self._sender, self._fetcher, self._operation, self._parameters, self._layout.take)
        if check.shows_rows():
            self._known, self._marked, self._restarting = {}, False, True
            self._layout = self._layout.with_take(check.take)
            yield from self._by_kind()
            if self._empty:
                self._done("it came empty in one way and with rows in another")
        elif check.still_has(earlier):
            self._done("it came empty, though a row of the last read is still there")

    def _by_position(self) -> Iterator[Page]:
        """Read by position; where the API takes no page that large, use the size that every list takes."""
        size = self._sender.page_sizes.get(self._operation.id)
        self._layout = self._layout.with_take(min(self._layout.take, size or self._layout.take))
        read = self._by_order()
        try:
            first = next(read, None)
        except InvalidRequestError as error:
            if error.status != 400 or self._layout.take <= COMMON_SIZE:
                raise
            self._sender.page_sizes[self._operation.id] = COMMON_SIZE
            self._layout = self._layout.with_take(COMMON_SIZE)
            # Page marks of another page size are of no use.
            self._known = {}
            yield from self._by_order()
            return
        if first is not None:
            yield first
            yield from read

    def _by_order(self) -> Iterator[Page]:
        """Read at the usual page size, and at others as long as full pages are followed by nothing."""
        for size in self._sizes():
            if size != self._layout.take:
                self._known, self._marked, self._restarting = {}, False, True
                self._layout = self._layout.with_take(size)
            hollow = yield from self._by_key() if self._layout.keyed else self._by_passes(0, None)
            if not hollow:
                return
        self._done("full pages are followed by empty ones, whatever their size")

    def _sizes(self) -> list[int]:
        take = self._layout.take
        smaller = COMMON_SIZE if take > COMMON_SIZE else max(2, take * 2 // 5)
        return sorted({take, *(size for size in (smaller, max(2, smaller // 4)) if size < take)})[::-1]

    def _cursor(self) -> Iterator[Page]:
        cursor, number = None, 0
        seen: set[Any] = set()
        while cursor not in seen:
            seen.add(cursor)
            place = {self._paging.size_name: self._layout.take} | ({"cursor": cursor} if cursor else {})
            fetched = self._fetcher.fetch(place, number * self._layout.take, self._layout.take)
            yield self._page(number, fetched)
            cursor, number = fetched.more.get("nextCursor"), number + 1
            if not fetched.more.get("hasMore") or not cursor:
                self._done()
                return
        self._done("the API's cursor leads back to a page that was read")

    def _by_key(self) -> Generator[Page, None, bool]:
        """Read by a rising key; fall back to passes when keys turn out not to rise.

        Returns whether a full page was followed by nothing, so that the end is not proven.
        """
        if self._layout.order != "number" and len(self._known) > 1:
            # Passes are compared by their keys, and an unchanged page brings none.
            self._known = {}
        reader = KeyedPass(self._slice, self._ahead, self._layout.take, self._layout.reach)
        seen: set[Key] = set()
        for number, fetched in reader.pages():
            if self._layout.order != "number":
                seen.update(fetched.keys or ())
            yield self._page(number, fetched)
        if reader.gap is Gap.HOLLOW:
            return True
        if reader.gap is Gap.NONE and self._fetcher.bad_rows:
            return self._left_out()
        if reader.gap is Gap.UNREACHABLE:
            assert self._layout.reach is not None
            reach = self._layout.reach + self._layout.take
            return self._done(f"the API shows only the first {reach} rows, and there are more")
        if reader.single:
            return self._done()
        if reader.gap is Gap.NONE and self._layout.order == "number":
            return self._done()
        if reader.gap is Gap.NONE:
            return (yield from self._same_keys_again(seen))
        self._known = {}
        self._layout = self._layout.unkeyed()
        return (yield from self._by_passes(1, None))

    def _same_keys_again(self, seen: set[Key]) -> Generator[Page, None, bool]:
        """Read a list with random keys once or twice more, until two passes agree."""
        for attempt in range(1, PASSES):
            last = attempt == PASSES - 1
            reader = KeyedPass(self._slice, self._ahead, self._layout.take, self._layout.reach)
            again: set[Key] = set()
            first = True
            for number, fetched in reader.pages():
                again.update(fetched.keys or ())
                if last:
                    yield self._page(number, fetched, restart=first)
                    first = False
            if reader.gap is Gap.HOLLOW:
                return True
            if again == seen and reader.gap is Gap.NONE:
                return self._done()
            seen = again
        return self._done("rows came and went in each of three passes")

    def _by_passes(self, done: int, before: set[Key] | None) -> Generator[Page, None, bool]:
        """Read a list without a usable order until a pass is shown to be whole.

        :param done: passes made already, none of which counts.
        :param before: keys of the pass before, if that was clean.
        """
        quiet = False
        counts = self._layout.counted
        if len(self._known) > 1:
            # Passes are compared by their keys, and an unchanged page brings none.
            self._known = {}
        for attempt in range(done, PASSES):
            result = PassCount()
            first = attempt > 0
            for number, fetched in self._positions(result):
                if not quiet:
                    yield self._page(number, fetched, restart=first)
                    first = False
            if self._fetcher.bad_rows and not result.hollow:
                return self._left_out()
            if counts and (result.counted or (result.total is None and result.single)):
                return self._done()
            if result.hollow:
                return True
            if not counts and (result.single or (result.clean and before == result.keys)):
                return self._done()
            if not counts:
                before = result.keys if result.clean else None
                # A second pass only has to agree with the first; a third brings its rows again.
                quiet = attempt == 0 and result.clean
            self._known = {}
        return self._done(
            f"it has {result.total} rows by the API's own count, and {len(result.keys)} of them came"
            if counts and result.clean
            else "rows moved between pages in each of three passes"
        )

    def _positions(self, result: PassCount) -> Iterator[tuple[int, Fetched]]:
        """Read pages side by side without overlap, up to the first short one; add them up."""
        ahead = self._ahead()
        number = 0
        try:
            while True:
                fetched = ahead.get(number)
                result.take(fetched)
                if number == 0 and result.total is not None and self._layout.counted:
                    ahead.expect(self._layout.pages(result.total))
                yield number, fetched
                if not fetched.full or result.stalled >= STALLED_PAGES:
                    break
                number += 1
        finally:
            ahead.close()
        if number and not fetched.count and self._layout.take > 1:
            # Pages that do not overlap may end with an empty one; the last row before it has to be there.
            shared = self._slice(fetched.skip - 1, self._layout.take)
            result.hollow = not shared.count

    def _slice(self, skip: int, take: int) -> Fetched:
        place = {self._paging.size_name: take, self._paging.offset_name: skip}
        return self._fetcher.fetch(place, skip, take)

    def _ahead(self, last: int | None = None) -> Ahead:
        step, bound = self._layout.take - self._layout.overlap, self._layout.reach

        def start(number: int, stop: threading.Event) -> Fetched:
            skip = number * step if bound is None else min(number * step, bound)
            place: dict[str, Any] = {self._paging.size_name: self._layout.take}
            if skip:
                place[self._paging.offset_name] = skip
            return self._fetcher.fetch(place, skip, self._layout.take, self._known.get(number), stop)

        planned = self._layout.pages(self._expected)
        return Ahead(self._sender, start, planned, last, concurrency=self._concurrency)

    def _page(self, number: int, fetched: Fetched, *, restart: bool = False) -> Page:
        self._empty = self._empty and not fetched.count
        restart, self._restarting = restart or self._restarting, False
        return Page(
            number=number,
            skip=fetched.skip,
            rows=fetched.rows,
            count=fetched.count,
            digest=fetched.digest if number >= 0 and self._marked else None,
            etag=fetched.etag,
            first_key=fetched.first_key,
            last_key=fetched.last_key,
            unchanged=fetched.unchanged,
            restart=restart,
            pagination=fetched.pagination,
        )

    def _left_out(self) -> bool:
        """End a read in which single rows could not be read."""
        self.tolerated = True
        return self._done(self._fetcher.bad_rows.reason)

    def _done(self, reason: str = "") -> bool:
        """End the read; returns False, for there is nothing left to be tried at another page size."""
        self.complete, self.reason = not reason, reason
        return False

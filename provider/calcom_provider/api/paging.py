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
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from calcom_provider.api.errors import IncompleteReadError, InvalidRequestError, ParameterError
from calcom_provider.api.operations import Operation, Paging
from calcom_provider.api.page_fetch import Ahead, Fetched, Fetcher, Key, KnownPage, pages_for
from calcom_provider.api.page_order import Gap, OrderedPass
from calcom_provider.api.page_tally import Tally

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient

__all__ = ["KnownPage", "Page", "PageReader"]

PASSES = 3
COMMON_SIZE = 250
ALL = Paging("none")
UNFILTERED_TAKE = 100_000
INEXACT_COUNT = ("afterUpdatedAt", "beforeUpdatedAt", "afterCreatedAt", "beforeCreatedAt")


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
    ``reason`` why that is not certain, ``rows_read`` how many rows came (repeats included) and ``requests``
    what they cost.

    :param client: the client that asks.
    :param operation: the list.
    :param parameters: its filters.
    :param known: pages of an earlier read by number.
    :param expected: rows of the last read, None if unknown.
    :param page_size: rows of a page, None for the operation's own size.
    :param cancel: ends waiting when it is set.
    """

    def __init__(
        self,
        client: CalComClient,
        operation: Operation,
        parameters: Mapping[str, Any],
        *,
        known: Mapping[int, KnownPage],
        expected: int | None,
        page_size: int | None,
        cancel: threading.Event,
    ) -> None:
        self._client = client
        self._operation = operation
        self._parameters = dict(parameters)
        self._known = dict(known)
        self._expected = expected
        self._paging = operation.paging or ALL
        self._take = self._page_size(page_size)
        self._fetcher = Fetcher(client, operation, parameters, cancel)
        self._pages = self._read()
        self.complete = False
        self.reason = "not read to its end"
        self.rows_read = 0

    @property
    def requests(self) -> int:
        """Return how many requests were asked for, repeats after failures not counted."""
        return self._fetcher.requests

    @property
    def page_size(self) -> int:
        """Return how many rows a page is asked for, 0 where all rows come at once."""
        return self._take

    def __iter__(self) -> Iterator[Page]:
        return self

    def __next__(self) -> Page:
        page = next(self._pages)
        self.rows_read += page.count
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

    def _page_size(self, asked: int | None) -> int:
        paging = self._paging
        if paging.kind == "none":
            return 0
        if asked is not None and not 1 <= asked <= (paging.maximum or asked):
            raise ParameterError(
                f"page_size must be from 1 to {paging.maximum}.",
                operation=self._operation.name,
                parameter="page_size",
            )
        if asked is None and self._filtered_after_paging:
            return UNFILTERED_TAKE
        return asked or paging.size

    @property
    def _filtered_after_paging(self) -> bool:
        # The assigned options are cut into pages before this filter, so short pages would mean nothing.
        return self._paging.maximum is None and "assignedOptionIds" in self._parameters

    @property
    def _order(self) -> str:
        """Return the order of the rows as asked for: sorting and some filters replace the list's own."""
        sorted_by = any(
            name.startswith("sort") and value is not None for name, value in self._parameters.items()
        )
        if sorted_by or self._parameters.get("assignedOptionIds") is not None:
            return "none"
        return self._paging.order

    def _read(self) -> Generator[Page, None, None]:
        kind = self._paging.kind
        if kind == "none":
            yield self._page(0, self._fetcher.fetch({}, 0, 0, self._known.get(0)))
            self._done()
        elif kind == "cursor":
            yield from self._cursor()
        else:
            yield from self._by_position()

    def _by_position(self) -> Iterator[Page]:
        """Read by position; where the API takes no page that large, use the size that every list takes."""
        size = self._client.page_sizes.get(self._operation.id)
        self._take = min(self._take, size or self._take)
        read = self._by_order()
        try:
            first = next(read, None)
        except InvalidRequestError as error:
            if error.status != 400 or self._take <= COMMON_SIZE:
                raise
            self._client.page_sizes[self._operation.id] = self._take = COMMON_SIZE
            # Page marks of another page size are of no use.
            self._known = {}
            yield from self._by_order()
            return
        if first is not None:
            yield first
            yield from read

    def _by_order(self) -> Iterator[Page]:
        if self._order in ("number", "uuid", "cuid") and self._paging.key and self._take > 1:
            yield from self._by_key()
        else:
            yield from self._by_passes(0, None)

    def _cursor(self) -> Iterator[Page]:
        cursor, number = None, 0
        while True:
            place = {self._paging.size_name: self._take} | ({"cursor": cursor} if cursor else {})
            fetched = self._fetcher.fetch(place, number * self._take, self._take)
            yield self._page(number, fetched)
            cursor, number = fetched.more.get("nextCursor"), number + 1
            if not fetched.more.get("hasMore") or not cursor:
                return self._done()

    def _by_key(self) -> Iterator[Page]:
        """Read by a rising key; fall back to passes when keys turn out not to rise."""
        if self._order != "number" and len(self._known) > 1:
            # Passes are compared by their keys, and an unchanged page brings none.
            self._known = {}
        reader = OrderedPass(self._slice, self._ahead, self._take, self._paging.offset_maximum)
        seen: set[Key] = set()
        for number, fetched in reader.pages():
            if self._order != "number":
                seen.update(fetched.keys or ())
            yield self._page(number, fetched)
        if reader.gap is Gap.UNREACHABLE:
            assert self._paging.offset_maximum is not None
            reach = self._paging.offset_maximum + self._take
            return self._done(f"the API shows only the first {reach} rows, and there are more")
        if reader.single:
            return self._done()
        if reader.gap is Gap.NONE and self._order == "number":
            return self._done()
        if reader.gap is Gap.NONE:
            return (yield from self._same_keys_again(seen))
        self._known = {}
        return (yield from self._by_passes(1, None))

    def _same_keys_again(self, seen: set[Key]) -> Iterator[Page]:
        """Read a list with random keys once or twice more, until two passes agree."""
        for attempt in range(1, PASSES):
            last = attempt == PASSES - 1
            reader = OrderedPass(self._slice, self._ahead, self._take, self._paging.offset_maximum)
            again: set[Key] = set()
            first = True
            for number, fetched in reader.pages():
                again.update(fetched.keys or ())
                if last:
                    yield self._page(number, fetched, restart=first)
                    first = False
            if again == seen and reader.gap is Gap.NONE:
                return self._done()
            seen = again
        return self._done("rows came and went in each of three passes")

    def _by_passes(self, done: int, before: set[Key] | None) -> Iterator[Page]:
        """Read a list without a usable order until a pass is shown to be whole.

        :param done: passes made already, none of which counts.
        :param before: keys of the pass before, if that was clean.
        """
        quiet = False
        for attempt in range(done, PASSES):
            result = Tally()
            first = attempt > 0
            for number, fetched in self._positions():
                result.take(fetched)
                if not quiet:
                    yield self._page(number, fetched, restart=first)
                    first = False
            if result.pages == 1 and not result.full:
                return self._done()
            if self._paging.pagination_block and self._exact_count:
                if result.clean and result.total == len(result.keys):
                    return self._done()
            elif result.clean and before == result.keys:
                return self._done()
            else:
                before = result.keys if result.clean else None
                # A second pass only has to agree with the first; a third brings its rows again.
                quiet = attempt == 0 and result.clean
            self._known = {}
        return self._done("rows moved between pages in each of three passes")

    @property
    def _exact_count(self) -> bool:
        # With these filters the API counts the rows without them.
        return not any(self._parameters.get(name) is not None for name in INEXACT_COUNT)

    def _positions(self) -> Iterator[tuple[int, Fetched]]:
        """Read pages side by side without overlap, up to the first short one."""
        ahead = self._ahead(0)
        number = 0
        try:
            while True:
                fetched = ahead.get(number)
                total = (fetched.pagination or {}).get("totalItems")
                if number == 0 and isinstance(total, int) and self._exact_count:
                    ahead.expect(pages_for(total, self._take, 0))
                yield number, fetched
                if not fetched.full:
                    return
                number += 1
        finally:
            ahead.close()

    def _slice(self, skip: int, take: int) -> Fetched:
        place = {self._paging.size_name: take, self._paging.offset_name: skip}
        return self._fetcher.fetch(place, skip, take)

    def _ahead(self, overlap: int, last: int | None = None) -> Ahead:
        step, bound = self._take - overlap, self._paging.offset_maximum

        def start(number: int, stop: threading.Event) -> Fetched:
            skip = number * step if bound is None else min(number * step, bound)
            place: dict[str, Any] = {self._paging.size_name: self._take}
            if skip:
                place[self._paging.offset_name] = skip
            return self._fetcher.fetch(place, skip, self._take, self._known.get(number), stop)

        return Ahead(self._client, start, pages_for(self._expected, self._take, overlap), last)

    def _page(self, number: int, fetched: Fetched, *, restart: bool = False) -> Page:
        return Page(
            number=number,
            skip=fetched.skip,
            rows=fetched.rows,
            count=fetched.count,
            digest=fetched.digest if number >= 0 else None,
            etag=fetched.etag,
            first_key=fetched.first_key,
            last_key=fetched.last_key,
            unchanged=fetched.unchanged,
            restart=restart,
            pagination=fetched.pagination,
        )

    def _done(self, reason: str = "") -> None:
        self.complete, self.reason = not reason, reason

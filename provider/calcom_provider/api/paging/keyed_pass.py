"""Read a list ordered by a rising key so that no row which stays in it can be missed."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from enum import Enum

from calcom_provider.api.paging.fetcher import Ahead, Fetched

STEPS_BACK = 24
# So many full pages in a row that go no further than the one before; rows that were inserted may hold up one.
STALLED_PAGES = 3
# Once may be rows that went at that very moment.
HOLLOW_PAGES = 2


class Gap(Enum):
    """Say what a pass leaves open."""

    NONE = "every row that stayed was seen"
    DISORDER = "the keys do not rise, so pages cannot be joined"
    CHURN = "rows went faster than they could be read"
    STALLED = "further pages hold no further rows"
    UNREACHABLE = "positions beyond the API's maximum"
    HOLLOW = "a full page is followed by nothing, not even the row that both share"


class KeyedPass:
    """Read one pass; ``gap`` and ``single`` describe it afterwards.

    :param fetch: fetches rows from a position on: ``fetch(skip, take)``.
    :param ahead: returns what fetches the pages in order, given the last number.
    :param take: rows of a page.
    :param offset_maximum: largest position that the API takes, None for any.
    """

    def __init__(
        self,
        fetch: Callable[[int, int], Fetched],
        ahead: Callable[[int | None], Ahead],
        take: int,
        offset_maximum: int | None = None,
    ) -> None:
        self._fetch = fetch
        self._take = take
        self._step = take - 1
        self._bound = offset_maximum
        last = None if offset_maximum is None else -(-offset_maximum // self._step)
        self._ahead = ahead(last)
        self._last_number = last
        self._extra = 0
        self.gap = Gap.NONE
        self.single = True
        self._bad = False

    def pages(self) -> Iterator[tuple[int, Fetched]]:
        """Yield pages with their numbers; pages read out of turn have numbers below 0."""
        try:
            for number, page in self._walk():
                self._bad = self._bad or bool(page.bad)
                yield number, page
        finally:
            self._ahead.close()

    def _walk(self) -> Iterator[tuple[int, Fetched]]:
        number = stalled = 0
        page = self._ahead.get(0)
        yield 0, page
        while page.full:
            self.single = False
            if not self._in_order(page):
                return
            if self._last_number is not None and number >= self._last_number:
                self.gap = Gap.UNREACHABLE
                return
            number += 1
            after = self._ahead.get(number)
            if after.count and not self._in_order(after):
                yield number, after
                return
            if self._joins(page, after):
                stalled = stalled + 1 if after.full and not self._further(page, after) else 0
                yield number, after
                if stalled >= STALLED_PAGES:
                    # A server or a proxy that drops the position would give the same page for ever.
                    self.gap = Gap.STALLED
                    return
                page = after
                continue
            page = yield from self._bridge(page, after, number)
            if self.gap is not Gap.NONE or not page.full:
                break
            # The bridge may have been cut off at the last row of the page it leads to.
        if page.count and not self._in_order(page):
            return
        if not page.count and not page.bad and not self.single:
            # What took a full page a moment ago ends with a row or is not read to its end.
            self.gap = Gap.HOLLOW
        # Pages past the end that still wait for budget must not take it from the probe.
        self._ahead.close()
        if not self.single and self.gap is Gap.NONE:
            yield from self._confirm(page)

    def _in_order(self, page: Fetched) -> bool:
        if page.rising:
            return True
        self.gap = Gap.DISORDER
        return False

    @staticmethod
    def _joins(page: Fetched, after: Fetched) -> bool:
        """Tell whether a page begins no later than the one before it ends."""
        if after.skip in after.bad and after.skip == page.skip + page.take - 1:
            # The row that both share cannot be read; it stands at the end of one and the beginning of the other.
            return True
        return bool(after.count) and bool(page.count) and not page.last_key < after.first_key

    @staticmethod
    def _further(page: Fetched, after: Fetched) -> bool:
        return not page.count or (bool(after.count) and page.last_key < after.last_key)

    def _bridge(
        self, page: Fetched, after: Fetched, number: int
    ) -> Generator[tuple[int, Fetched], None, Fetched]:
        """Read what may lie between two pages that do not join; return the page to go on from.

        Rows were deleted in front, so those in between have moved up. Steps back widen until a stretch joins
        the first page, then it is followed until it joins the second or the list ends.
        """
        back = max(1, self._take // 10)
        skip, hollow = after.skip, 0
        while True:
            skip = max(0, min(after.skip, skip) - back)
            between = yield from self._out_of_turn(skip)
            if between is None:
                return page
            if not between.count and skip == 0:
                return between
            if skip == 0 or self._joins(page, between):
                break
            back = min(back * 3, self._step)
        while between.full:
            if after.count and not between.last_key < after.first_key:
                yield number, after
                return after
            skip += self._step
            further = yield from self._out_of_turn(skip)
            if further is None:
                return between
            hollow += not further.count
            if hollow >= HOLLOW_PAGES:
                self.gap = Gap.HOLLOW
                return between
            if not self._joins(between, further):
                skip = max(0, skip - self._step - back)
                further = yield from self._out_of_turn(skip)
                if further is None or not self._joins(between, further):
                    self.gap = Gap.CHURN
                    return between
            between = further
        return between

    def _out_of_turn(self, skip: int) -> Generator[tuple[int, Fetched], None, Fetched | None]:
        """Fetch and yield a page that the plan does not have; return None when there were too many."""
        self._extra += 1
        if self._extra > STEPS_BACK:
            self.gap = Gap.CHURN
            return None
        page = self._fetch(skip, self._take)
        if page.count and not self._in_order(page):
            return None
        yield -self._extra, page
        return page

    def _confirm(self, page: Fetched) -> Iterator[tuple[int, Fetched]]:
        """Ask for the last row alone; if another comes, read the end of the list again."""
        position = page.skip + page.count - 1
        if self._bad:
            # Such a read never counts as complete, so there is nothing to confirm.
            return
        if self._bound is not None and position > self._bound:
            return
        probe = self._fetch(position, 1)
        if probe.count and probe.first_key == page.last_key:
            return
        tail = yield from self._out_of_turn(max(0, position - self._take // 2))
        if tail is not None and tail.count and not self._joins(page, tail):
            tail = yield from self._out_of_turn(max(0, position - self._step))
        if self.gap is not Gap.NONE:
            return
        if tail is None or tail.full or (tail.count and not self._joins(page, tail)):
            self.gap = Gap.CHURN
        elif not tail.count:
            self.gap = Gap.HOLLOW

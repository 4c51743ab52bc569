"""Read a list in order of a time: the lower bound moves, so ties and shifts between pages do no harm.

Offset paging loses rows when sort values are equal (600 tied rows came as 542 to 605 distinct ones in
measurements). Here every page begins at the last time seen, inclusive: a set of rows with one time is read
as a whole as long as it fits on a page. A larger set is cut by another time, and where no time separates its
rows it is read again and again until as many distinct rows were seen as the API counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from calcom_provider.api.errors import CalComError, IncompleteReadError
from calcom_provider.resources.errors import SchemaChangedError
from calcom_provider.resources.model import Windows

Row = Mapping[str, Any]
#: The largest page that booking lists accept.
TAKE = 250
#: How often a tied set that nothing separates is read before it is given up.
TIE_PASSES = 40
_STEP = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Fetched:
    """Hold one answer of the list.

    :param rows: rows in the order asked for.
    :param total: rows that the filters match as the API counts them, None when it does not say.
    :param bad: rows among them that the API could not write, left out of `rows`.
    """

    rows: list[dict[str, Any]]
    total: int | None = None
    bad: int = 0


class FiltersIgnoredError(CalComError):
    """Say that a list does not heed what it was asked for, so that it cannot be read by time."""


Fetch = Callable[[Mapping[str, Any]], Fetched]


@dataclass(frozen=True, slots=True)
class Order:
    """Name one time to read by.

    :param field: field of the row.
    :param sort: parameter that sorts by it.
    :param after: parameter of its lower, inclusive bound.
    :param before: parameter of its upper, inclusive bound, empty when there is none.
    """

    field: str
    sort: str
    after: str
    before: str = ""


def instant(value: str) -> datetime:
    """Read a time of the API.

    :param value: ISO 8601 text.
    :raises SchemaChangedError: when it is none; what it is instead is not told.
    """
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (TypeError, ValueError):
        raise SchemaChangedError("", "A row of the list has a time that is none") from None


def iso(moment: datetime) -> str:
    """Write a time as the API writes and accepts it: UTC, milliseconds, ``Z``.

    :param moment: aware time.
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Keyset:
    """Read one list.

    :param fetch: asks the list with parameters.
    :param windows: names of its fields and filters.
    :param fixed: parameters of every request.
    :param take: rows a page.
    """

    def __init__(
        self,
        fetch: Fetch,
        windows: Windows,
        fixed: Mapping[str, Any],
        *,
        take: int = TAKE,
        passes: int = TIE_PASSES,
    ) -> None:
        self._fetch = fetch
        self._windows = windows
        self._fixed = dict(fixed)
        self._take = take
        self._passes = passes
        self.start = Order(windows.start, "sortStart", windows.start_after)
        self.created = Order(windows.created, "sortCreated", windows.created_after, "beforeCreatedAt")
        self.updated = Order(windows.updated, windows.sort, windows.after, "beforeUpdatedAt")
        orders = (self.start, self.created, self.updated)
        self._bounds = [(order.after, order.field, 1) for order in orders if order.after]
        self._bounds += [(order.before, order.field, -1) for order in orders if order.before]
        self._bounds += [(windows.end_before, windows.end, -1)] if windows.end_before else []

    def read(
        self, order: Order, low: str | None = None, filters: Mapping[str, Any] | None = None
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield pages of rows whose time is at least `low`; neighbouring pages share rows.

        :param order: time to read by.
        :param low: inclusive lower bound, None for the beginning.
        :param filters: further parameters.
        :raises IncompleteReadError: when nothing separates a tied set.
        """
        filters = dict(filters or {})
        while True:
            bound = {} if low is None else {order.after: low}
            fetched = self._ask({**filters, **bound, order.sort: "asc", "take": self._take})
            rows = fetched.rows
            yield rows
            if len(rows) + fetched.bad < self._take:
                return
            last = self._last(rows, order, low)
            if rows[0][order.field] == last:
                yield from self._tied(order, last, filters)
                low = iso(instant(last) + _STEP)
            else:
                low = last

    def latest(self) -> list[dict[str, Any]]:
        """Return some of the rows that were created last, without any filter."""
        return self._ask({self.created.sort: "desc", "take": 10}).rows

    def exceeds(self, count: int, filters: Mapping[str, Any]) -> bool:
        """Tell whether more rows match the filters than were seen.

        A list has at most n rows when nothing follows the row at place n - 1, whatever the order of ties.

        :param count: distinct rows seen.
        :param filters: the filters.
        """
        place = max(0, count - 1)
        rows = self._ask({**filters, self.start.sort: "asc", "take": self._take, "skip": place}).rows
        return len(rows) > min(count, 1)

    def _tied(self, order: Order, value: str, filters: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
        if order.before:
            # Counts ignore filters on creation and change, so the set is cut by start, where they are right.
            yield from self.read(
                self.start,
                filters.get(self.start.after),
                {**filters, order.after: value, order.before: value},
            )
            return
        yield from self._count_until_complete(value, filters)

    def _count_until_complete(self, value: str, filters: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
        """Read all rows that start at one instant, by repeated passes until the API's count is met."""
        counted = (self.created.after, self.created.before, self.updated.after, self.updated.before)
        plain = {name: given for name, given in filters.items() if name not in counted}
        at = {**plain, self.start.after: value}
        wanted = self._tied_count(value, plain)
        seen: set[Any] = set()
        for rows, bad in self._attempts(at, wanted, seen, value):
            fresh = [row for row in rows if row[self.start.field] == value and row["id"] not in seen]
            seen.update(row["id"] for row in fresh)
            if fresh:
                yield fresh
            # Those that the API cannot write are counted all the same.
            if len(seen) + bad >= wanted:
                return
        raise IncompleteReadError(
            f"{wanted} rows start at the same time, {len(seen)} of them were seen; nothing separates them.",
            advice="Nothing was published. Ask for a smaller window, or run again.",
        )

    def _attempts(
        self, at: Mapping[str, Any], wanted: int, seen: set[Any], value: str
    ) -> Iterator[tuple[list[dict[str, Any]], int]]:
        """Yield pages of a tied set, pass after pass, with how many rows of the pass could not be read so far."""
        types: dict[Any, None] = {}
        for attempt in range(self._passes):
            before, bad = len(seen), 0
            take = max(1, self._take - attempt % 7)
            for skip in range(0, wanted, take):
                page = {self.start.sort: "asc", "take": min(take, wanted - skip), "skip": skip}
                fetched = self._ask({**at, **page})
                types.update(dict.fromkeys(row.get("eventTypeId") for row in fetched.rows))
                bad += fetched.bad
                yield fetched.rows, bad
            if attempt == 0 and "eventTypeId" in self._windows.tie_breakers:
                for kind in [kind for kind in types if kind is not None]:
                    of_kind = {**at, "eventTypeId": kind, self.start.sort: "asc", "take": self._take}
                    yield self._ask(of_kind).rows, bad
            if attempt > 3 and len(seen) == before:
                return

    def _tied_count(self, value: str, filters: Mapping[str, Any]) -> int:
        later = iso(instant(value) + _STEP)
        counts = [
            self._ask({**filters, self.start.after: low, self.start.sort: "asc", "take": 1}).total
            for low in (value, later)
        ]
        if counts[0] is None or counts[1] is None:
            raise IncompleteReadError(
                "The list says nothing about its length, so a tied set cannot be counted."
            )
        return counts[0] - counts[1]

    def _last(self, rows: list[dict[str, Any]], order: Order, low: str | None) -> str:
        """Return the time that the next page begins at; it has to lie behind the one that this began at."""
        times = [row[order.field] for row in rows]
        if not all(times) or times != sorted(times) or (low is not None and times[0] != times[-1] <= low):
            raise FiltersIgnoredError(f"does not sort by {order.field}")
        last: str = times[-1]
        return last

    def _ask(self, parameters: Mapping[str, Any]) -> Fetched:
        fetched = self._fetch({**self._fixed, **parameters})
        for name, field, sign in self._bounds:
            bound = parameters.get(name)
            if bound is not None and any(_outside(row.get(field), bound, sign) for row in fetched.rows):
                # A row outside what was asked for: moving the bounds would read the same rows for ever.
                raise FiltersIgnoredError(f"ignores {name}")
        return fetched


def _outside(value: str | None, bound: str, sign: int) -> bool:
    """Tell whether a time lies outside an inclusive bound, a lower one where the sign is 1."""
    if value is None:
        return True
    if isinstance(value, str) and (value >= bound if sign > 0 else value <= bound):
        return False
    return (instant(value) - instant(bound)) * sign < timedelta(0)

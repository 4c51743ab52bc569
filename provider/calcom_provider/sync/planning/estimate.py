"""Estimate the requests of one resource from what earlier runs left behind and what the API tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from calcom_provider.api.catalogue.operations import resolve
from calcom_provider.api.paging.layout import Layout, layout_of
from calcom_provider.resources import registry
from calcom_provider.resources.model import Read, Resource
from calcom_provider.sync.options import SyncOptions
from calcom_provider.sync.planning.counts import Counts, Length
from calcom_provider.sync.planning.earlier import Earlier, Lists
from calcom_provider.sync.planning.model import PlannedResource
from calcom_provider.sync.planning.timed import TimedReads
from calcom_provider.sync.reading.offers import SAMPLE, due

#: What may not be known, in words.
LENGTH = "how long the list is"
LENGTHS = "how long each list is"
AHEAD = "how many pages past the end are asked for ahead"
OFFERED = "whether it is offered here"
TORN = "how the pages lie that changes tore"
BY_EMAIL = "how many rows lie beyond the pages"
FALLBACK = "whether the list of all fails again"
NAMED = "how many hosts have bookings of event types that no table holds"
REFUSED = "how many lists are refused"


class Estimate:
    """Estimate resources one after the other, parents before what is read over them.

    :param earlier: what earlier runs left behind.
    :param options: options of the run.
    :param counts: asks the API; default nothing is asked.
    :param now: time of the run; default now.
    """

    def __init__(
        self,
        earlier: Earlier,
        options: SyncOptions | None = None,
        counts: Counts | None = None,
        now: datetime | None = None,
    ) -> None:
        self._earlier = earlier
        self._options = options or SyncOptions()
        self._counts = counts or Counts(None)
        self._now = now or datetime.now(UTC)
        self._timed = TimedReads(earlier, self._options, self._counts, self._now)
        self._looked_up: dict[str, int] = {}

    @property
    def parent_requests(self) -> int:
        """Return the requests to see whether the parents of lists that will be refused are still there."""
        return sum(self._looked_up.values())

    def of(self, resource: Resource) -> PlannedResource:
        """Estimate one resource.

        :param resource: the resource.
        """
        if resource.read.lookup is not None:
            return PlannedResource(resource.name, 0, self._state_rows(resource), NAMED)
        if resource.read.windows is not None:
            number, unknown = self._lists(resource.read)
            return self._timed.of(resource, number, unknown)
        lists = self._earlier.pages.get(resource.name, {})
        return self._again(resource, lists) if lists else self._first(resource)

    def _state_rows(self, resource: Resource) -> int | None:
        state = self._earlier.states.get(resource.name)
        return state.rows if state is not None else None

    def _again(self, resource: Resource, lists: Lists) -> PlannedResource:
        """Estimate a resource whose pages of the last run are known."""
        read, rows, reasons = resource.read, self._state_rows(resource), []
        if read.fallback is not None and set(lists) != {""}:
            # The API failed where all lists are read at once; whether it does again is not known.
            read = read.fallback
            reasons.append(FALLBACK)
        layout = _layout(read)
        if rows is None or not all(_fits(layout, counts) for counts in lists.values()):
            reasons.append(TORN)
        if read.by_email and _beyond(layout, lists):
            reasons.append(BY_EMAIL)
        if not self._all_known(read, lists):
            reasons.append(REFUSED)
        requests = sum(layout.requests(layout.rows(counts)) for counts in lists.values())
        return PlannedResource(resource.name, requests, rows, _said(reasons))

    def _first(self, resource: Resource) -> PlannedResource:
        """Estimate a resource of which no page is known."""
        read, rows = resource.read, self._state_rows(resource)
        if read.over:
            return self._first_of_many(resource, read, rows)
        length = self._counts.length(resource.name, with_rows=self._is_parent(resource.name))
        if length.status == 500 and read.fallback is not None:
            found = self._first_of_many(resource, read.fallback, rows)
            return PlannedResource(resource.name, 1 + found.requests, rows, found.unknown)
        if length.status:
            # Refused: that is one request too.
            return PlannedResource(resource.name, 1, rows)
        requests, unknown = _of_length(_layout(read), length)
        known = length.rows if length.exact else None
        return PlannedResource(resource.name, requests, rows if rows is not None else known, unknown)

    def _first_of_many(self, resource: Resource, read: Read, rows: int | None) -> PlannedResource:
        number, unknown = self._lists(read)
        past = self._earlier.offers.get(resource.name)
        if past is not None and past.refused and not past.answered:
            options = self._options
            asks_all = due(past, self._now, full=options.full, full_every=options.full_every)
            requests = number if asks_all else min(number, SAMPLE)
            if past.looked_again and requests:
                self._look_up(read.over)
            return PlannedResource(resource.name, requests, rows, unknown)
        reasons = [unknown]
        if number and (read.unavailable_on or read.refused_on):
            reasons.append(OFFERED)
        if number and not _in_one(read):
            reasons.append(LENGTHS)
        return PlannedResource(resource.name, number, rows, _said(reasons))

    def _lists(self, read: Read) -> tuple[int, str]:
        """Return how many lists a resource has at the least, and what is not known about that."""
        if not read.over:
            return 1, ""
        if not read.where:
            rows = self._earlier.rows(read.over)
            if rows is not None:
                return rows, ""
        if read.over not in self._earlier.pages and self._is_refused(read.over):
            return 0, ""
        parents = self._counts.parents(read)
        if parents is None:
            return 0, f"how many rows of {read.over} there are"
        return len(parents), ""

    def _is_refused(self, name: str) -> bool:
        read = registry.get(name).read
        return not read.over and bool(self._counts.length(name, with_rows=True).status)

    def _is_parent(self, name: str) -> bool:
        return any(
            read is not None and read.over == name
            for one in registry.catalogue().values()
            for read in (one.read, one.read.fallback)
        )

    def _look_up(self, name: str) -> None:
        """Count the requests that read a parent's list again."""
        layout = _layout(registry.get(name).read)
        lists = self._earlier.pages.get(name, {"": ()})
        self._looked_up[name] = sum(layout.requests(layout.rows(counts)) for counts in lists.values())

    def _all_known(self, read: Read, lists: Lists) -> bool:
        """Tell whether every list of a fan-out left pages: one that was refused, or was not there, left none."""
        if not read.over:
            return True
        if read.where:
            return not (read.refused_on or read.empty_on or read.unavailable_on)
        return len(lists) == self._earlier.rows(read.over)


def estimate_all(
    resources: Iterable[Resource], earlier: Earlier, options: SyncOptions | None = None
) -> tuple[PlannedResource, ...]:
    """Estimate resources without asking anybody.

    :param resources: what is read, parents before what is read over them.
    :param earlier: what earlier runs left behind.
    :param options: options of the run; default the usual ones.
    """
    estimate = Estimate(earlier, options)
    return tuple(estimate.of(resource) for resource in resources)


def _layout(read: Read) -> Layout:
    return layout_of(resolve(read.operation), read.parameters, read.page_size)


def _in_one(read: Read) -> bool:
    """Tell whether a list comes in one request, however long it is."""
    paging = resolve(read.operation).paging
    return read.single or paging is None or paging.kind == "none"


def _of_length(layout: Layout, length: Length) -> tuple[int, str]:
    if not length.pages_known:
        return (layout.requests(length.rows) if length.rows else 1), LENGTH
    if length.rows is None:
        return 1, ""
    requests = layout.requests(length.rows)
    # A list of unknown length is read carefully, a few pages at a time.
    return requests, AHEAD if requests > 1 else ""


def _fits(layout: Layout, counts: Sequence[int]) -> bool:
    """Tell whether a list was read in the pages that it is planned in: not in smaller ones, nor torn by changes."""
    return layout.pages(layout.rows(counts)) == len(counts)


def _beyond(layout: Layout, lists: Mapping[str, Sequence[int]]) -> bool:
    """Tell whether a list is longer than its paging reaches, so that the rest is looked for by other ways."""
    reach = (layout.reach or 0) + layout.take
    return any(layout.rows(counts) >= reach for counts in lists.values())


def _said(reasons: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(filter(None, reasons)))

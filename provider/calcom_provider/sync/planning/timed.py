"""Estimate lists that are read by time: in full, since the watermark, or in a window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from calcom_provider.api.catalogue.operations import resolve
from calcom_provider.api.paging.layout import Layout, layout_of
from calcom_provider.resources.model import Resource, Windows
from calcom_provider.sync.options import SyncOptions
from calcom_provider.sync.planning.counts import Counts
from calcom_provider.sync.planning.earlier import Earlier
from calcom_provider.sync.planning.model import PlannedResource
from calcom_provider.sync.reading.incremental import LONGEST, begin
from calcom_provider.sync.reading.keyset import TAKE, iso

CHANGED = "how much has changed"
TIES = "how many rows share a time where pages meet"
LONG = "how long the list is"

#: Every read by time asks for the API's clock first.
_CLOCK = 1
#: Each pass ends with a request that shows that nothing follows.
_END = 1


class TimedReads:
    """Estimate lists that are read by time.

    :param earlier: what earlier runs left behind.
    :param options: options of the run.
    :param counts: asks the API.
    :param now: time of the run.
    """

    def __init__(self, earlier: Earlier, options: SyncOptions, counts: Counts, now: datetime) -> None:
        self._earlier = earlier
        self._options = options
        self._counts = counts
        self._now = now
        self._layout = Layout(TAKE, "time", keyed=True, counted=True)

    def of(self, resource: Resource, lists: int, unknown: str) -> PlannedResource:
        """Estimate one resource.

        :param resource: a resource with time filters.
        :param lists: how many lists it has.
        :param unknown: what is not known about that.
        """
        windows = resource.read.windows
        assert windows is not None
        state = self._earlier.states.get(resource.name)
        rows = state.rows if state is not None else None
        since = self._since(resource)
        if windows.updated:
            number, missing, counted = self._passes(resource, windows, since)
            return PlannedResource(resource.name, _CLOCK + number, counted if rows is None else rows, missing)
        if since is not None or self._options.backfill is not None:
            # What was created, and what was changed.
            bounds = len([bound for bound in (windows.created_after, windows.after) if bound])
            requests = bounds * lists
            return PlannedResource(
                resource.name, _clock(lists) + requests, rows, unknown or CHANGED * bool(lists)
            )
        number, missing = self._whole(resource, lists)
        return PlannedResource(resource.name, _clock(lists) + number, rows, unknown or missing)

    def _since(self, resource: Resource) -> datetime | None:
        state, options = self._earlier.states.get(resource.name), self._options
        rewritten = any(
            options.publication(resource)(table)["mode"] == "replace" for table in resource.tables
        )
        if state is None:
            return None
        return begin(
            state.watermark,
            state.full_read_at,
            now=self._now,
            ours=datetime.now(UTC),
            overlap=options.overlap,
            full_every=options.full_every,
            full=options.full or rewritten,
        )

    def _whole(self, resource: Resource, lists: int) -> tuple[int, str]:
        """Return the requests of lists that are read whole, page by page."""
        known = self._earlier.pages.get(resource.name, {})
        read = resource.read
        layout = layout_of(resolve(read.operation), read.parameters, read.page_size)
        if known and len(known) == lists:
            return sum(layout.requests(layout.rows(counts)) for counts in known.values()), ""
        return lists, "how long each list is" if lists else ""

    def _passes(
        self, resource: Resource, windows: Windows, since: datetime | None
    ) -> tuple[int, str, int | None]:
        """Return the requests of a read in order of times, what is not known of them, and the rows, if counted."""
        read, options = resource.read, self._options
        if options.backfill is not None:
            bounds = {
                windows.start_after: iso(options.backfill.start),
                windows.end_before: iso(options.backfill.end),
            }
            return (*self._counted(read.operation, bounds), None)
        if since is None:
            total = self._counts.total(read.operation, read.parameters)
            number, unknown = self._of_total(total)
            return number, unknown, total
        passes = [{windows.after: iso(since)}, {windows.created_after: iso(since)}]
        number, reasons = 0, []
        for bounds in passes:
            further = self._counts.has_row(read, {**read.parameters, **bounds}, TAKE - 1)
            number += 1 + _END + bool(further)
            reasons.append("" if further is False else CHANGED)
        days = windows.reread_days if options.reread_days is None else options.reread_days
        if days:
            ended = iso(self._now - timedelta(days=days) - LONGEST)
            more, unknown = self._counted(
                read.operation, {windows.start_after: ended, windows.end_before: iso(self._now)}
            )
            number += more
            reasons.append(unknown)
        return number, "; ".join(dict.fromkeys(filter(None, reasons))), None

    def _counted(self, operation: str, bounds: dict[str, Any]) -> tuple[int, str]:
        """Return the requests of a pass whose rows the API counts."""
        return self._of_total(self._counts.total(operation, bounds))

    def _of_total(self, total: int | None) -> tuple[int, str]:
        if total is None:
            return 1 + _END, LONG
        pages = self._layout.pages(total)
        return pages + _END, TIES if pages > 1 else ""


def _clock(lists: int) -> int:
    return _CLOCK if lists else 0

"""What was added to or changed in a list that filters by time but does not show the time of a change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from calcom_provider.resources.model import Read
from calcom_provider.sync.reading.incremental import Span
from calcom_provider.sync.reading.keyset import iso

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient
    from calcom_provider.api.paging.reader import Page


class RecentRows:
    """Read rows created, then rows changed, since an instant or in a window; iterate once.

    Only lower bounds are sent: with both bounds of one time the API heeds the upper one alone.

    :param client: open client.
    :param read: read of the resource.
    :param parameters: parameters of the list.
    :param span: what to read.
    """

    def __init__(self, client: CalComClient, read: Read, parameters: Mapping[str, Any], span: Span) -> None:
        self._client = client
        self._read = read
        self._parameters = parameters
        self._span = span
        self.complete = False
        self.reason = "not read to its end"
        self.tolerated = False
        self.requests = 0

    def __iter__(self) -> Iterator[Page]:
        windows, backfill = self._read.windows, self._span.backfill
        assert windows is not None
        since = self._span.since if backfill is None else backfill.start
        assert since is not None
        left_out: dict[str, None] = {}
        for bound in filter(None, (windows.created_after, windows.after)):
            parameters: dict[str, Any] = {**self._parameters, bound: iso(since)}
            reader = self._client.pages(self._read.operation, **parameters)
            try:
                yield from map(unmarked, reader)
            finally:
                self.requests += reader.requests
            if reader.tolerated:
                left_out[reader.reason] = None
            elif not reader.complete:
                self.reason = reader.reason
                return
        self.tolerated = bool(left_out)
        self.complete, self.reason = not left_out, "; ".join(left_out)


def unmarked(page: Page) -> Page:
    """Return the page in a form that the next run does not take for a page of the whole list.

    :param page: page of a filtered list.
    """
    from calcom_provider.sync.reading.incremental import Part

    return Part(page.rows or [])  # type: ignore[return-value]

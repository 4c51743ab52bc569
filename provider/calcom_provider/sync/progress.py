"""Tell a caller how far the run is."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from calcom_provider.sync.result import Progress

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient
    from calcom_provider.api.paging.reader import Page


_LOOK_EVERY = 0.5


class Reporter:
    """Send progress events to a callback, if there is one.

    :param client: client whose requests are counted.
    :param callback: takes the events.
    """

    def __init__(self, client: CalComClient, callback: Callable[[Progress], None] | None) -> None:
        self._client = client
        self._callback = callback
        self._began = time.monotonic()
        self._first = client.stats.requests
        self._budget: int | None = None
        self._looked = 0.0
        self.waits = 0
        self._rows: Counter[str] = Counter()
        #: By resource and list, the rows counted and the last one or its key.
        self._lists: dict[tuple[str, str], tuple[int, Any]] = {}
        self.expected_requests: int | None = None

    def page(self, resource: str, list_key: str, page: Page) -> None:
        """Report one page.

        A row that the page shares with the one before it counts once, rows of a pass that is repeated not at all.

        :param resource: resource of the page.
        :param list_key: the list that it belongs to.
        :param page: the page as it was read.
        """
        counted, last = self._lists.pop((resource, list_key), (0, None))
        if page.restart:
            self._rows[resource] -= counted
            counted, last = 0, None
        rows = page.count
        if rows:
            first, end = page.first_key, page.last_key
            if first is None and page.rows:
                first, end = page.rows[0], page.rows[-1]
            rows -= last is not None and first == last
            last = end
        self._lists[resource, list_key] = (counted + rows, last)
        self._rows[resource] += rows
        self.send(resource, "unchanged" if page.rows is None else "page")

    def send(self, resource: str, event: str) -> None:
        """Report anything else.

        :param resource: resource that the event is about, empty for the run.
        :param event: what happened.
        """
        if self._callback is None:
            return
        stats = self._client.stats
        sent = stats.requests - self._first
        self._callback(
            Progress(
                resource=resource,
                event=event,
                rows=self._rows[resource] if resource else self._rows.total(),
                requests=sent,
                expected_requests=self.expected_requests,
                budget=self._left(),
                eta_seconds=self._eta(sent),
                waited_seconds=stats.waited_seconds,
            )
        )

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Report waits for the rate limit while the block runs, from the thread that waits."""
        governor = self._client.governor
        before = governor.on_wait

        def waiting(seconds: float, reason: str) -> None:
            self.waits += 1
            self.send("", "wait")
            if before is not None:
                before(seconds, reason)

        governor.on_wait = waiting
        try:
            yield
        finally:
            governor.on_wait = before

    def _left(self) -> int | None:
        """Return what is left of the window, looked up rarely: the count may live in another process."""
        if time.monotonic() - self._looked > _LOOK_EVERY:
            self._looked = time.monotonic()
            self._budget = self._client.governor.snapshot().remaining
        return self._budget

    def _eta(self, sent: int) -> float | None:
        if not self.expected_requests or not sent:
            return None
        left = max(0, self.expected_requests - sent)
        return round((time.monotonic() - self._began) / sent * left, 1)

"""Several lists read at once: workers fetch pages, the calling thread takes them one by one."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from calcom_provider.api.paging.reader import Page

#: Lists read side by side; together they share the client's requests in flight.
WIDTH = 4
#: Pages that wait for the calling thread; more would only hold memory.
WAITING = 4
#: Of lists with very large pages so many are read at the same time.
HEAVY = 2
_PATIENCE = 5.0


class PageSource(Protocol):
    """Yield pages; afterwards say whether the list was read completely."""

    @property
    def complete(self) -> bool:
        """Tell whether the list was read completely."""

    @property
    def reason(self) -> str:
        """Say why it was not, empty otherwise."""

    @property
    def requests(self) -> int:
        """Count the requests that it took."""

    def __iter__(self) -> Iterator[Any]: ...


@dataclass(slots=True)
class ListRead:
    """Hold one list that is to be read.

    :param resource: resource that the rows belong to.
    :param key: names the list among those of its resource, empty for the only one.
    :param arguments: parameters that differ from list to list, also values of ``$`` columns.
    :param open: opens the list when its turn comes.
    :param partial: only a part of the resource is asked for.
    :param heavy: its pages are so large that only two such lists are read at a time.
    :param complete: the list was read completely, known at its end.
    :param reason: why it was not.
    :param requests: requests that it took.
    :param tolerated: an incomplete read is published nevertheless, without deletions.
    :param note: what the run record should say of a complete read.
    :param error: what ended the reading.
    """

    resource: str
    key: str
    arguments: Mapping[str, Any]
    open: Callable[[], PageSource]
    partial: bool = False
    heavy: bool = False
    complete: bool = False
    reason: str = ""
    requests: int = 0
    tolerated: bool = False
    note: str = ""
    error: BaseException | None = field(default=None, repr=False)


class Readers:
    """Read lists with a few threads and hand their pages to one consumer.

    :param width: lists read at the same time.
    :param waiting: pages that may wait for the consumer.
    """

    def __init__(self, width: int = WIDTH, waiting: int = WAITING) -> None:
        self._width = width
        self._todo: deque[ListRead] = deque()
        self._ready: Queue[tuple[ListRead, Page | None]] = Queue(waiting)
        self._changed = threading.Condition()
        self._open = 0
        self._heavy = 0
        self._stopped = False
        self._threads: list[threading.Thread] = []

    def add(self, read: ListRead, *, first: bool = False) -> None:
        """Queue a list.

        :param read: the list.
        :param first: read it before those that already wait.
        """
        with self._changed:
            if first:
                self._todo.appendleft(read)
            else:
                self._todo.append(read)
            self._open += 1
            if len(self._threads) < min(self._width, self._open):
                thread = threading.Thread(target=self._work, name="calcom-read", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify()

    def __iter__(self) -> Iterator[tuple[ListRead, Page | None]]:
        """Yield pages as they come, and (list, None) when a list has ended, well or not."""
        while self._open:
            read, page = self._ready.get()
            yield read, page
            if page is None:
                # Whoever took the end of a list may have queued others, so it counts down only now.
                self._open -= 1
                if read.heavy:
                    self._lighten()

    def close(self) -> None:
        """Stop reading and wait for the threads, though not for one that waits for the request limit.

        Such a thread touches nothing but the client, and ends when that is closed.
        """
        with self._changed:
            self._stopped = True
            self._todo.clear()
            self._changed.notify_all()
        until = time.monotonic() + _PATIENCE
        while any(thread.is_alive() for thread in self._threads) and time.monotonic() < until:
            try:
                self._ready.get(timeout=0.05)
            except Empty:
                continue

    def _work(self) -> None:
        while True:
            with self._changed:
                while (read := self._next()) is None and not self._stopped:
                    self._changed.wait()
                if read is None or self._stopped:
                    return
            self._read(read)

    def _next(self) -> ListRead | None:
        """Take the first list whose turn it is."""
        for read in self._todo:
            if not read.heavy or self._heavy < HEAVY:
                self._todo.remove(read)
                self._heavy += read.heavy
                return read
        return None

    def _lighten(self) -> None:
        with self._changed:
            self._heavy -= 1
            self._changed.notify()

    def _read(self, read: ListRead) -> None:
        source: PageSource | None = None
        try:
            source = read.open()
            for page in source:
                if not self._put(read, page):
                    return
            read.complete, read.reason = source.complete, source.reason
            read.tolerated = getattr(source, "tolerated", False)
            read.partial = getattr(source, "partial", read.partial)
            read.note = getattr(source, "note", "")
        except BaseException as error:  # handed to the consumer, which raises it
            read.error = error
        # A list that failed has spent requests too.
        read.requests = source.requests if source is not None else 0
        self._put(read, None)

    def _put(self, read: ListRead, page: Page | None) -> bool:
        while not self._stopped:
            try:
                self._ready.put((read, page), timeout=0.5)
                return True
            except Full:
                continue
        return False

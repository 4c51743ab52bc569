"""Keep the garbage collector from walking over millions of rows that are no garbage."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache

#: New objects before a collection, and collections before one of the next two generations. The last one holds
#: what the process had before, and is in practice never walked, so nothing has to be frozen against it.
THRESHOLD = (200_000, 50, 1000)
#: Shaping and staging release the interpreter's lock often, for moments; with the default of 5 ms they would
#: wait that long for it each time.
SWITCH_INTERVAL = 0.0005


class QuietCollector:
    """Collect rarely while pages stream through, in as many runs at a time as there are.

    Parsed pages are trees without cycles: reference counts free them. With the default threshold the
    collector would walk every live page for each 700 new objects.

    The settings are the process's, so the first run that begins makes them and the last one that ends takes
    them back. What the host of the process has set itself is left as it is: a collector that it switched
    off or made rarer, what it froze, and what it changes in the meantime.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs = 0
        self._threshold: tuple[tuple[int, int, int], tuple[int, int, int]] | None = None
        self._interval: tuple[float, float] | None = None

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Hold the settings for one run."""
        with self._lock:
            self._runs += 1
            if self._runs == 1:
                self._set()
        try:
            yield
        finally:
            with self._lock:
                self._runs -= 1
                if self._runs == 0:
                    self._restore()

    def _set(self) -> None:
        _few_heaps()
        before = gc.get_threshold()
        if 0 < before[0] < THRESHOLD[0]:
            gc.set_threshold(*THRESHOLD)
            self._threshold = before, gc.get_threshold()
        interval = sys.getswitchinterval()
        if interval > SWITCH_INTERVAL:
            sys.setswitchinterval(SWITCH_INTERVAL)
            self._interval = interval, sys.getswitchinterval()

    def _restore(self) -> None:
        if self._threshold is not None and gc.get_threshold() == self._threshold[1]:
            gc.set_threshold(*self._threshold[0])
        if self._interval is not None and sys.getswitchinterval() == self._interval[1]:
            sys.setswitchinterval(self._interval[0])
        self._threshold = self._interval = None


quiet_collector = QuietCollector()


@cache
def _few_heaps() -> None:
    """Let all threads allocate from one heap, where the C library is glibc and nobody chose otherwise.

    It would give every thread a heap of its own, and the answers' bodies that pass through eight of them
    would leave each one grown: a quarter of the whole memory. The C library takes such a choice once for the
    life of a process, so it is not taken back.
    """
    if "MALLOC_ARENA_MAX" in os.environ or "arena_max" in os.environ.get("GLIBC_TUNABLES", ""):
        return
    arena_max = -8
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(arena_max, 1)

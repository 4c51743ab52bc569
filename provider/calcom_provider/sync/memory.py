"""Keep the garbage collector from walking over millions of rows that are no garbage."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def quiet_collector() -> Iterator[None]:
    """Collect rarely while pages stream through, and leave alone what was there before.

    Parsed pages are trees without cycles: reference counts free them. With the default threshold the
    collector would walk every live page for each 700 new objects.
    """
    before = gc.get_threshold()
    _few_heaps()
    gc.freeze()
    gc.set_threshold(200_000, 50, 1000)
    interval = sys.getswitchinterval()
    # Shaping and staging release the lock often, for moments; with the default they would wait 5 ms for it
    # each time.
    sys.setswitchinterval(0.0005)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*before)
        gc.unfreeze()


def _few_heaps() -> None:
    """Let all threads allocate from one heap, where the C library is glibc.

    It would give every thread a heap of its own, and the answers' bodies that pass through eight of them
    would leave each one grown: a quarter of the whole memory.
    """
    arena_max = -8
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(arena_max, 1)

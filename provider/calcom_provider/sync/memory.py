"""Keep the garbage collector from walking over millions of rows that are no garbage."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_collector() -> Iterator[None]:
    """Collect rarely while pages stream through, and leave alone what was there before.

    Parsed pages are trees without cycles: reference counts free them. With the default threshold the
    collector would walk every live page for each 700 new objects.
    """
    before = gc.get_threshold()
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

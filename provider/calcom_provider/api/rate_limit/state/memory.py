"""Keep the governor's state in this process: for tests, and when nothing else can be used."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from calcom_provider.api.rate_limit.state.base import Transaction


class MemoryStateStore:
    """Keep records in memory; nothing is shared with other processes.

    :param clock: returns the present moment in seconds; default the monotonic clock.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._records: dict[str, dict[str, Any]] = {}
        self._lock = threading.RLock()

    @contextmanager
    def transaction(self, key: str) -> Iterator[Transaction]:
        """Hold a record; see :class:`~calcom_provider.api.rate_limit.state.base.StateStore`."""
        with self._lock:
            held = Transaction(self._clock(), self._records.get(key))
            yield held
            if held.saved is not None:
                self._records[key] = held.saved

    def close(self) -> None:
        """Do nothing."""

    def __str__(self) -> str:
        return "memory of this process"

"""Count what a client did."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, fields


@dataclass(slots=True)
class ClientStats:
    """Count requests and what became of them.

    ``requests`` were sent, ``retries`` of them repeats; ``throttled`` were refused with 429; ``unchanged``
    answers came as 304; ``bytes`` were received, after decompression; ``waited_seconds`` passed in waiting
    for the request limit, overlaps counted once.
    """

    requests: int = 0
    retries: int = 0
    throttled: int = 0
    failed: int = 0
    unchanged: int = 0
    bytes: int = 0
    waited_seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def add(self, **counts: int) -> None:
        """Add to counters.

        :param counts: what to add, by counter.
        """
        with self._lock:
            for name, count in counts.items():
                setattr(self, name, getattr(self, name) + count)

    def to_dict(self) -> dict[str, int | float]:
        """Return the counters as plain values."""
        return {one.name: getattr(self, one.name) for one in fields(self) if not one.name.startswith("_")}

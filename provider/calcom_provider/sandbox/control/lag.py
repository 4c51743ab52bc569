"""Let reads be behind writes, as on an installation that reads from a replica."""

from __future__ import annotations

import time
from collections.abc import Callable

from calcom_provider.sandbox.core.wire import Incoming
from calcom_provider.sandbox.world.world import World


class Lagging:
    """Keep the state as it was before each of the last writes.

    :param clock: seconds, rising.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._before: list[tuple[float, World]] = []

    def world_for(self, request: Incoming, world: World, lag: float) -> World | None:
        """Return the state that a read sees, None for the present one; remember the state before a write.

        :param lag: seconds that reads are behind; 0 for none.
        """
        if not lag:
            self._before.clear()
            return None
        now = self._clock()
        self._before = [(moment, held) for moment, held in self._before if now - moment < lag]
        if request.method in ("GET", "HEAD"):
            # What the oldest write of the last seconds changed is not seen yet
            return self._before[0][1] if self._before else None
        self._before.append((now, world.copy()))
        return None

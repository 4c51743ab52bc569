"""Renew a lease for as long as its holder lives, whatever the holder waits for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

logger = logging.getLogger(__name__)

#: Seconds that the end of a renewal under way is waited for.
PATIENCE = 10.0


class Renewer:
    """Renew a lease in a thread of its own.

    A run may stand still for longer than any lease is worth waiting for: Cal.com may ask for an hour of silence, and
    may ask again. Renewing only when there is work to do would lose the lease in such a wait.

    Whoever holds it knows it before it starts: Ctrl-C may come at any moment, and nobody would stop it.

    :param renew: renews the lease; False when it is this run's no more. An error is tried again the next time.
    :param every: seconds between renewals.
    """

    def __init__(self, renew: Callable[[], bool], every: float) -> None:
        self._renew = renew
        self._every = every
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="calcom-lease", daemon=True)

    def start(self) -> None:
        """Begin to renew."""
        self._thread.start()

    def stop(self) -> None:
        """End the renewals; the lease itself is left as it is."""
        self._ended.set()
        # One that is only just beginning ends by itself, and cannot be waited for.
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(PATIENCE)

    def _work(self) -> None:
        while not self._ended.wait(self._every):
            try:
                if not self._renew():
                    return
            except Exception as error:
                # Its message may name the database's address.
                logger.warning("A lease could not be renewed and is tried again: %s", type(error).__name__)

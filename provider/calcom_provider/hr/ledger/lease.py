"""Let one writer at a time into an organisation: a lease in the ledger that a killed holder does not keep."""

from __future__ import annotations

import time
import uuid
import weakref
from collections.abc import Callable

from calcom_provider.hr.errors import WriterBusyError
from calcom_provider.hr.ledger.database import Database
from calcom_provider.hr.ledger.tables import WRITERS
from calcom_provider.process_identity import this_process
from calcom_provider.warehouse.backends.lease import Lease
from calcom_provider.warehouse.backends.renewing import Renewer

LEASE_SECONDS = 600.0
RENEW_SECONDS = 60.0


class WriterLease:
    """Hold the right to write to an organisation.

    It runs out 10 minutes after its last renewal, and is renewed by a thread: a write may wait for the request
    limit for an hour. A holder that ran on this machine and is gone loses it at once.

    :param database: the ledger's database.
    :param organization_id: the organisation.
    """

    def __init__(self, database: Database, organization_id: int) -> None:
        self._database = database
        self._lease = Lease(
            WRITERS.name,
            organization_id,
            f"{this_process()}#{uuid.uuid4().hex}",
            key=WRITERS.c.organization_id.name,
            holder=WRITERS.c.holder.name,
            ends=WRITERS.c.until.name,
            lifetime=LEASE_SECONDS,
        )
        self._renewed = 0.0
        self._renewer: Renewer | None = None

    def take(self) -> None:
        """Take the lease.

        :raises WriterBusyError: when another run holds it.
        """
        try:
            self._take()
        except BaseException as error:
            if not isinstance(error, Exception):
                # Broken off, it may have been taken already, and would count as held while this process lives.
                self.release()
            raise

    def _take(self) -> None:
        self._renewed = time.time()
        with self._database.session() as session:
            if self._lease.take(session):
                raise self._busy()
        if self._database.backend.many_connections:
            self._renewer = Renewer(self._renewing(), RENEW_SECONDS)
            self._renewer.start()

    def renew(self) -> None:
        """Keep the lease; asked before every record, it writes where nothing else did for a minute.

        :raises WriterBusyError: when it ran out and another run took it.
        """
        if time.time() - self._renewed >= RENEW_SECONDS and not self._extend():
            raise self._busy()

    def release(self) -> None:
        """Give the lease back, unless another run has taken it over."""
        if self._renewer is not None:
            self._renewer.stop()
        with self._database.session() as session:
            self._lease.release(session)

    def _renewing(self) -> Callable[[], bool]:
        """Give what renews the lease, and ends when the lease is lost or nobody has it any more."""
        alive = weakref.ref(self)

        def renew() -> bool:
            lease = alive()
            return lease is not None and lease._extend()

        return renew

    def _extend(self) -> bool:
        now = time.time()
        with self._database.session() as session:
            held = self._lease.extend(session)
        self._renewed = now if held else self._renewed
        return held

    def _busy(self) -> WriterBusyError:
        return WriterBusyError(
            f"another run is writing to organisation {self._lease.about}; nothing was written by this one",
            advice="Run it again when the other has ended; a killed one loses its lease after "
            f"{LEASE_SECONDS / 60:g} minutes at most.",
        )

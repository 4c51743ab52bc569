"""Let one writer at a time into an organisation: a lease in the ledger that a killed holder does not keep."""

from __future__ import annotations

import time
import uuid
import weakref
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from calcom_provider.hr.errors import WriterBusyError
from calcom_provider.hr.ledger.database import Database
from calcom_provider.hr.ledger.tables import WRITERS
from calcom_provider.process_identity import parse, this_process
from calcom_provider.warehouse.backends.renewing import Renewer

LEASE_SECONDS = 600.0
RENEW_SECONDS = 60.0


class Lease:
    """Hold the right to write to an organisation.

    It runs out 10 minutes after its last renewal, and is renewed by a thread: a write may wait for the request
    limit for an hour. A holder that ran on this machine and is gone loses it at once.

    :param database: the ledger's database.
    :param organization_id: the organisation.
    """

    def __init__(self, database: Database, organization_id: int) -> None:
        self._database = database
        self._organization_id = organization_id
        self._holder = f"{this_process()}#{uuid.uuid4().hex}"
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
        now = time.time()
        found = self._row()
        if found is not None or not self._insert(now):
            found = found or self._row() or {}
            gone = found.get("until", now) < now or _is_gone(str(found.get("holder", "")))
            if not gone or not self._move(str(found.get("holder", "")), now):
                raise self._busy()
        if self._database.backend.many_connections:
            self._renewer = Renewer(self._renewing(), RENEW_SECONDS)
            self._renewer.start()

    def renew(self) -> None:
        """Keep the lease; asked before every record, it writes where nothing else did for a minute.

        :raises WriterBusyError: when it ran out and another run took it.
        """
        now = time.time()
        if now - self._renewed >= RENEW_SECONDS and not self._move(self._holder, now):
            raise self._busy()

    def release(self) -> None:
        """Give the lease back, unless another run has taken it over."""
        if self._renewer is not None:
            self._renewer.stop()
        with self._database.transaction() as run:
            run(sa.delete(WRITERS).where(*self._held_by(self._holder)))

    def _renewing(self) -> Callable[[], bool]:
        """Give what renews the lease, and ends when the lease is lost or nobody has it any more."""
        alive = weakref.ref(self)

        def renew() -> bool:
            lease = alive()
            return lease is not None and lease._move(lease._holder, time.time())

        return renew

    def _row(self) -> dict[str, Any] | None:
        with self._database.transaction() as run:
            rows = run(sa.select(WRITERS).where(WRITERS.c.organization_id == self._organization_id))
        return rows[0] if rows else None

    def _insert(self, now: float) -> bool:
        """Enter the first holder; False when another run was faster."""
        row = {"organization_id": self._organization_id, "holder": self._holder, "until": now + LEASE_SECONDS}
        try:
            with self._database.transaction() as run:
                run(sa.insert(WRITERS), [row])
        except Exception:
            # Each database names a taken key in its own way; what counts is that somebody stands there now.
            if self._row() is None:
                raise
            return False
        self._renewed = now
        return True

    def _move(self, holder: str, now: float) -> bool:
        """Hand the lease from a holder to this one; of two that try only one finds the old holder."""
        change = sa.update(WRITERS).where(*self._held_by(holder))
        with self._database.transaction() as run:
            run(change.values(holder=self._holder, until=now + LEASE_SECONDS))
        row = self._row()
        if row is None or row["holder"] != self._holder:
            return False
        self._renewed = now
        return True

    def _held_by(self, holder: str) -> tuple[Any, Any]:
        return WRITERS.c.organization_id == self._organization_id, WRITERS.c.holder == holder

    def _busy(self) -> WriterBusyError:
        return WriterBusyError(
            f"another run is writing to organisation {self._organization_id}; nothing was written by this one",
            advice="Run it again when the other has ended; a killed one loses its lease after "
            f"{LEASE_SECONDS / 60:g} minutes at most.",
        )


def _is_gone(holder: str) -> bool:
    identity = parse(holder.partition("#")[0])
    return identity is not None and identity.is_gone()

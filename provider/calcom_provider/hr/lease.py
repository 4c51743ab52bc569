"""Let one writer at a time into an organisation: a lease in the ledger that a killed holder does not keep."""

from __future__ import annotations

import os
import socket
import time
import uuid
from typing import Any

import sqlalchemy as sa

from calcom_provider.hr.database import Database
from calcom_provider.hr.errors import WriterBusyError
from calcom_provider.hr.ledger_tables import WRITERS

LEASE_SECONDS = 600.0
RENEW_SECONDS = 60.0


class Lease:
    """Hold the right to write to an organisation.

    It runs out 10 minutes after its last renewal, which is longer than any single write with its waits. A
    holder that ran on this machine and is dead loses it at once.

    :param database: the ledger's database
    :param organization_id: the organisation
    """

    def __init__(self, database: Database, organization_id: int) -> None:
        self._database = database
        self._organization_id = organization_id
        self._holder = f"{_place()}#{os.getpid()}#{uuid.uuid4().hex}"
        self._renewed = 0.0

    def take(self) -> None:
        """Take the lease.

        :raises WriterBusyError: when another run holds it
        """
        now = time.time()
        found = self._row()
        if found is None and self._insert(now):
            return
        found = found or self._row() or {}
        gone = found.get("until", now) < now or _is_dead(str(found.get("holder", "")))
        if not gone or not self._move(str(found.get("holder", "")), now):
            raise self._busy()

    def renew(self) -> None:
        """Keep the lease; asked before every record, it writes once a minute.

        :raises WriterBusyError: when it ran out and another run took it
        """
        now = time.time()
        if now - self._renewed >= RENEW_SECONDS and not self._move(self._holder, now):
            raise self._busy()

    def release(self) -> None:
        """Give the lease back, unless another run has taken it over."""
        with self._database.transaction() as run:
            run(sa.delete(WRITERS).where(*self._held_by(self._holder)))

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


def _place() -> str:
    """Name where process ids mean the same: the machine, and inside it the namespace of a container."""
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = ""
    return f"{socket.gethostname()[:80]}{namespace}"


def _is_dead(holder: str) -> bool:
    place, _, rest = holder.partition("#")
    pid = rest.partition("#")[0]
    if place != _place() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False

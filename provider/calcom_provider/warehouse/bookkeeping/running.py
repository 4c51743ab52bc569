"""Register the runs under way, so that nobody drops what is not theirs and nothing is left over.

A run is registered, with what the names of its staging tables begin with, before it makes any. Whoever finds a run
registered whose lease is free knows that it ended without a word.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator

from calcom_provider.warehouse.backends.base import Session
from calcom_provider.warehouse.bookkeeping.migrations import RUNNING, RUNNING_V3
from calcom_provider.warehouse.bookkeeping.run_store import scope_text
from calcom_provider.warehouse.errors import LeaseLostError
from calcom_provider.warehouse.run import RunInfo

logger = logging.getLogger(__name__)


class Running:
    """Register one run.

    :param session: session of the load, which holds the lease of the run's scope.
    :param prefix: what the names of the tables begin with.
    :param run: the run.
    :param lease: scope of the lease that it holds, by default the run's own.
    """

    def __init__(self, session: Session, prefix: str, run: RunInfo, lease: str | None = None) -> None:
        self._session = session
        self._prefix = prefix
        self._run = run
        self._lease = scope_text(run.scope) if lease is None else lease
        self._stem = f"{prefix}stage_{uuid.uuid4().hex[:10]}"
        self._stages = 0

    @property
    def _table(self) -> str:
        return self._session.backend.qualify(self._prefix + RUNNING)

    def register(self) -> None:
        """Write down that the run is under way."""
        names = ", ".join(column.name for column in RUNNING_V3)
        self._session.execute(
            f"INSERT INTO {self._table} ({names}) VALUES (:stem, :run_id, :scope, NULL)",
            {"stem": self._stem, "run_id": self._run.run_id, "scope": self._lease},
        )

    def new_stage(self) -> str:
        """Give the name of a staging table that is about to be made."""
        self._stages += 1
        return f"{self._stem}_{self._stages}"

    def check(self) -> None:
        """Refuse to go on with a run that was taken for one that ended, or was told not to publish.

        :raises LeaseLostError: saying why.
        """
        rows = self._session.fetch(
            f"SELECT revoked FROM {self._table} WHERE stem = :stem", {"stem": self._stem}
        )
        if not rows:
            raise LeaseLostError(f"Run {self._run.run_id} lost its tables to another run")
        if rows[0][0]:
            raise LeaseLostError(f"Run {self._run.run_id} publishes nothing: {rows[0][0]}. Run it again")

    def end(self) -> None:
        """Drop the run's staging tables, and forget it."""
        self._end(self._stem)

    def end_lost(self) -> Iterator[str]:
        """Drop what runs left that ended without a word, and give their ids."""
        backend = self._session.backend
        rows = self._session.fetch(f"SELECT stem, run_id, scope FROM {self._table}")
        for stem, run_id, theirs in rows:
            # Of our own scope we hold the lease, so that no other run does.
            if stem != self._stem and (
                theirs == self._lease or backend.is_free(self._session, self._prefix, theirs)
            ):
                logger.info("Run %s ended without a word; its staging tables are dropped", run_id)
                self._end(stem)
                yield run_id

    def _end(self, stem: str) -> None:
        self._session.backend.drop_stages(self._session, stem)
        self._session.execute(f"DELETE FROM {self._table} WHERE stem = :stem", {"stem": stem})


def revoke(session: Session, prefix: str, reason: str) -> None:
    """Keep the runs under way from publishing what they read until now.

    :param session: session that holds the tables as a whole, in a transaction.
    :param prefix: what the names of the tables begin with.
    :param reason: why, for the message of those runs.
    """
    session.execute(
        f"UPDATE {session.backend.qualify(prefix + RUNNING)} SET revoked = :reason", {"reason": reason}
    )

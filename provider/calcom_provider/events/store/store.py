"""Keep what deliveries name: durably before they are answered, once for each body."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from calcom_provider.events.body import Delivered
from calcom_provider.events.secrets import Generations
from calcom_provider.events.store.accounting import StoredEvents
from calcom_provider.events.store.database import Database
from calcom_provider.events.store.looks import Looks
from calcom_provider.events.store.tables import (
    CLAIMED,
    COUNTS,
    DEFERRED,
    DONE,
    EVENTS,
    SUBSCRIPTIONS,
    WAITING,
)
from calcom_provider.resources.events import Change

#: Seconds for which rows are claimed by one event sync.
CLAIM = 900.0
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Claimed:
    """Hold a row that an event named, claimed by one event sync.

    :param digest: the delivery.
    :param place: its place in it.
    :param change: what it names.
    :param absences: how often the row was not found so far.
    """

    digest: str
    place: int
    change: Change
    absences: int = 0


@dataclass(frozen=True, slots=True)
class Queue:
    """Say what waits for an organisation and table.

    :param organization_id: the organisation.
    :param resource: the resource.
    :param rows: rows that wait.
    :param oldest: when the first of them was queued.
    :param newest: when the last of them was.
    """

    organization_id: int
    resource: str
    rows: int
    oldest: float
    newest: float


class EventStore:
    """Keep events in a database.

    :param database: the database.
    :param clock: seconds since 1970.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self.database = database
        self._clock = clock

    @classmethod
    def open(
        cls, target: sa.Engine | sa.URL | str, check: Callable[[sa.Connection], None] | None = None
    ) -> EventStore:
        """Open a store by the clock of this machine.

        :param target: URL or engine of a database that several processes may write to at once; an engine is disposed of
            when the database is closed.
        :param check: as for :class:`~calcom_provider.events.store.database.Database`.
        :raises EventStoreError: when it cannot be used.
        """
        return cls(Database(target, check=check, own=True), time.time)

    @property
    def named(self) -> StoredEvents:
        """Return what tells which rows events have named."""
        return StoredEvents(self.database)

    @property
    def looks(self) -> Looks:
        """Return what remembers the looks of change checks."""
        return Looks(self.database, self._clock)

    # -- taking deliveries
    # ---------------------------------------------------------------------------------------

    def add(self, organization_id: int, digest: str, delivered: Delivered) -> bool:
        """Keep what a delivery names; tell whether it is new.

        :param organization_id: who sent it.
        :param digest: digest of its body.
        :param delivered: what it says.
        """
        now = self._clock()
        rows = [
            {
                "organization_id": organization_id,
                "digest": digest,
                "place": place,
                "kind": delivered.trigger,
                "resource": change.resource,
                "row_key": change.key,
                "row_number": change.number,
                "occurred_at": change.occurred_at.timestamp(),
                "received_at": now,
                "queued_at": now,
                "state": WAITING,
                "absences": 0,
            }
            for place, change in enumerate(delivered.changes)
        ]
        try:
            self._changed(sa.insert(EVENTS), rows)
        except sa.exc.IntegrityError:
            return False
        return True

    def count(self, counts: Mapping[tuple[int, str], int]) -> None:
        """Add to the counts of today.

        :param counts: deliveries by organisation and outcome.
        """
        day = f"{datetime.fromtimestamp(self._clock(), UTC):%Y-%m-%d}"
        for (organization_id, outcome), number in counts.items():
            key = {"organization_id": organization_id, "day": day, "outcome": outcome}
            where = sa.and_(*(COUNTS.c[name] == value for name, value in key.items()))
            more = sa.update(COUNTS).where(where).values(deliveries=COUNTS.c.deliveries + number)
            if self._changed(more):
                continue
            try:
                self._changed(sa.insert(COUNTS).values(**key, deliveries=number))
            except sa.exc.IntegrityError:
                self._changed(more)

    def counts(self, organization_id: int) -> dict[str, int]:
        """Return how many deliveries had which outcome, all days together.

        :param organization_id: whose; 0 for those that named no organisation of ours.
        """
        query = (
            sa.select(COUNTS.c.outcome, sa.func.sum(COUNTS.c.deliveries))
            .where(COUNTS.c.organization_id == organization_id)
            .group_by(COUNTS.c.outcome)
        )
        rows = self.database.run(lambda connection: connection.execute(query).all())
        return {outcome: int(number) for outcome, number in rows}

    # -- handing rows over
    # ---------------------------------------------------------------------------------------

    def queues(self) -> list[Queue]:
        """Return what waits, by organisation and resource."""
        c = EVENTS.c
        query = (
            sa.select(
                c.organization_id,
                c.resource,
                sa.func.count(),
                sa.func.min(c.queued_at),
                sa.func.max(c.queued_at),
            )
            # What was put back for later waits from then.
            .where(c.state == WAITING, c.queued_at <= self._clock())
            .group_by(c.organization_id, c.resource)
        )
        return [Queue(*row) for row in self.database.run(lambda connection: connection.execute(query).all())]

    def claim(self, organization_id: int, owner: str, most: int = 500) -> list[Claimed]:
        """Claim rows that wait, oldest first, those again that the owner claimed before.

        :param organization_id: whose rows.
        :param owner: the event sync.
        :param most: how many at most.
        """
        now, c = self._clock(), EVENTS.c
        free = sa.or_(
            sa.and_(c.state == WAITING, c.queued_at <= now),
            sa.and_(c.state == CLAIMED, sa.or_(c.claimed_until < now, c.claimed_by == owner)),
        )
        mine = sa.and_(c.organization_id == organization_id, free)
        wanted = sa.select(c.digest, c.place).where(mine).order_by(c.queued_at, c.digest, c.place).limit(most)
        taken = (
            sa.update(EVENTS)
            .where(mine, c.digest == sa.bindparam("of_digest"), c.place == sa.bindparam("at_place"))
            .values(state=CLAIMED, claimed_by=owner, claimed_until=now + CLAIM)
        )
        held = sa.select(
            c.digest, c.place, c.resource, c.row_key, c.row_number, c.occurred_at, c.absences
        ).where(c.organization_id == organization_id, c.state == CLAIMED, c.claimed_by == owner)

        def work(connection: sa.Connection) -> list[Claimed]:
            found = [{"of_digest": row[0], "at_place": row[1]} for row in connection.execute(wanted)]
            if found:
                connection.execute(taken, found)
            rows = connection.execute(held.order_by(c.queued_at, c.digest, c.place)).all()
            return [
                Claimed(
                    digest, place, Change(resource, key, number, datetime.fromtimestamp(at, UTC)), absences
                )
                for digest, place, resource, key, number, at, absences in rows
            ]

        return self.database.run(work)

    def acknowledge(self, organization_id: int, owner: str, rows: Sequence[Claimed]) -> None:
        """Note that rows were read again and merged.

        :param organization_id: whose rows.
        :param owner: the event sync that claimed them.
        :param rows: the rows.
        """
        self._end(organization_id, owner, rows, DONE)

    def note_rows(self, organization_id: int, owner: str, numbers: Mapping[Claimed, int]) -> None:
        """Note which rows events stand for that do not tell it themselves.

        :param organization_id: whose rows.
        :param owner: the event sync that claimed them.
        :param numbers: ids of the rows.
        """
        for row, number in numbers.items():
            self._release(organization_id, owner, [row], {"row_number": number})

    def defer(self, organization_id: int, owner: str, rows: Sequence[Claimed]) -> None:
        """Note that rows are left to the scheduled sync.

        :param organization_id: whose rows.
        :param owner: the event sync that claimed them.
        :param rows: the rows.
        """
        self._end(organization_id, owner, rows, DEFERRED)

    def _end(self, organization_id: int, owner: str, rows: Sequence[Claimed], state: str) -> None:
        values = {"state": state, "done_at": self._clock(), "claimed_by": None, "claimed_until": None}
        self._release(organization_id, owner, rows, values)

    def put_back(
        self,
        organization_id: int,
        owner: str,
        rows: Sequence[Claimed],
        *,
        pause: float = 0.0,
        absent: bool = False,
    ) -> None:
        """Queue rows anew.

        :param organization_id: whose rows.
        :param owner: the event sync that claimed them.
        :param rows: the rows.
        :param pause: seconds until they may be claimed.
        :param absent: whether they were not found.
        """
        values = {
            "state": WAITING,
            "queued_at": self._clock() + pause,
            "claimed_by": None,
            "claimed_until": None,
        }
        if absent:
            values["absences"] = EVENTS.c.absences + 1
        self._release(organization_id, owner, rows, values)

    def _release(
        self, organization_id: int, owner: str, rows: Sequence[Claimed], values: Mapping[str, Any]
    ) -> None:
        if not rows:
            return
        c = EVENTS.c
        statement = (
            sa.update(EVENTS)
            .where(
                c.organization_id == organization_id,
                c.state == CLAIMED,
                c.claimed_by == owner,
                c.digest == sa.bindparam("of_digest"),
                c.place == sa.bindparam("at_place"),
            )
            .values(**values)
        )
        found = [{"of_digest": row.digest, "at_place": row.place} for row in rows]
        for start in range(0, len(found), _BATCH):
            self._changed(statement, found[start : start + _BATCH])

    def _changed(self, statement: sa.Executable, rows: Sequence[Mapping[str, Any]] | None = None) -> int:
        """Run a statement in a transaction of its own; return how many rows it changed."""
        return self.database.run(lambda connection: int(connection.execute(statement, rows).rowcount))

    def forget(self, before: float) -> int:
        """Delete events that were done with or deferred before a moment; return how many rows there were.

        :param before: seconds since 1970.
        """
        old = sa.delete(EVENTS).where(EVENTS.c.state.in_((DONE, DEFERRED)), EVENTS.c.done_at < before)
        return self._changed(old)

    def forget_days(self, days: int) -> int:
        """Delete events that were done with or deferred so many days ago; return how many rows there were.

        :param days: days.
        """
        return self.forget(self._clock() - days * 86_400.0)

    # -- secrets
    # -------------------------------------------------------------------------------------------------

    def generations(self, organization_id: int) -> Generations:
        """Return which generations of the secret are in use.

        :param organization_id: whose subscription.
        """
        c = SUBSCRIPTIONS.c
        query = sa.select(c.generation, c.pending, c.rotated_at).where(c.organization_id == organization_id)
        row = self.database.run(lambda connection: connection.execute(query).first())
        return Generations() if row is None else Generations(*row)

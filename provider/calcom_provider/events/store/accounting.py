"""Tell which rows stored events name: what a sync found changed beside them was missed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from calcom_provider.events.store.database import Database
from calcom_provider.events.store.tables import EVENTS, SUBSCRIPTIONS, UNCOUNTED
from calcom_provider.resources.events import APART, LATE_TRIGGER, RESPONSES, FoundRow

_BATCH = 500


class StoredEvents:
    """Ask the store what events have named; an :class:`~calcom_provider.resources.events.EventLog`.

    :param database: database of the store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def expected_since(self, organization_id: int) -> datetime | None:
        """Return since when events are to be expected: the subscription, or the first event without one.

        :param organization_id: whose events.
        """
        s, e = SUBSCRIPTIONS.c, EVENTS.c
        queries = (
            sa.select(s.registered_at).where(s.organization_id == organization_id),
            sa.select(sa.func.min(e.occurred_at)).where(e.organization_id == organization_id),
        )
        for query in queries:
            found = self._database.run(lambda connection, query=query: connection.execute(query).scalar())  # type: ignore[misc]
            if found is not None:
                return datetime.fromtimestamp(found, UTC)
        return None

    def unnamed(self, organization_id: int, rows: Sequence[FoundRow]) -> list[FoundRow]:
        """Return the rows that no stored event names that came with or after their change.

        A form's event does not tell which answer it is about, so each stands for one that was made at its time.

        :param organization_id: whose rows.
        :param rows: rows that changed.
        """
        missed: list[FoundRow] = []
        for resource in {row.resource for row in rows}:
            mine = [row for row in rows if row.resource == resource]
            check = self._unanswered if resource == RESPONSES else self._unnumbered
            missed += check(organization_id, mine)
        return missed

    def uncounted(self, organization_id: int, resources: Sequence[str]) -> list[FoundRow]:
        """Return the rows that the last sync left to the next one, since they changed after it began to read.

        :param organization_id: whose rows.
        :param resources: of which resources.
        """
        c = UNCOUNTED.c
        query = sa.select(c.resource, c.row_number, c.changed_at, c.parent).where(
            c.organization_id == organization_id, c.resource.in_(resources)
        )
        return [
            FoundRow(resource, int(number), datetime.fromtimestamp(at, UTC), parent)
            for resource, number, at, parent in self._fetch(query)
        ]

    def leave(self, organization_id: int, resources: Sequence[str], rows: Sequence[FoundRow]) -> None:
        """Leave rows to the next sync, in place of those that were left to this one.

        :param organization_id: whose rows.
        :param resources: resources that were counted.
        :param rows: rows of these that changed after this sync began to read, and that no stored event names.
        """
        c = UNCOUNTED.c
        before = sa.delete(UNCOUNTED).where(c.organization_id == organization_id, c.resource.in_(resources))
        values = [
            {
                "organization_id": organization_id,
                "resource": row.resource,
                "row_number": row.number,
                "changed_at": row.changed_at.timestamp(),
                "parent": row.parent,
            }
            for row in rows
            if row.changed_at is not None
        ]

        def work(connection: sa.Connection) -> None:
            connection.execute(before)
            if values:
                connection.execute(sa.insert(UNCOUNTED), values)

        self._database.run(work)

    def _unnumbered(self, organization_id: int, rows: Sequence[FoundRow]) -> list[FoundRow]:
        newest: dict[int, float] = {}
        c = EVENTS.c
        for start in range(0, len(rows), _BATCH):
            numbers = [row.number for row in rows[start : start + _BATCH]]
            query = (
                sa.select(c.row_number, sa.func.max(c.occurred_at))
                .where(
                    c.organization_id == organization_id,
                    c.resource == rows[0].resource,
                    c.row_number.in_(numbers),
                )
                .group_by(c.row_number)
            )
            newest |= {int(number): at for number, at in self._fetch(query)}
        return [row for row in rows if not self._covers(newest.get(row.number), row)]

    @staticmethod
    def _covers(occurred_at: float | None, row: FoundRow) -> bool:
        if occurred_at is None:
            return False
        return row.changed_at is None or occurred_at >= row.changed_at.timestamp() - APART

    def _unanswered(self, organization_id: int, rows: Sequence[FoundRow]) -> list[FoundRow]:
        c = EVENTS.c
        missed: list[FoundRow] = []
        for form in {row.parent for row in rows}:
            query = sa.select(c.occurred_at).where(
                c.organization_id == organization_id,
                c.resource == RESPONSES,
                c.row_key == form,
                # It may be about an answer of hours ago, whose own event came or was missed.
                c.kind != LATE_TRIGGER,
            )
            times = [at for (at,) in self._fetch(query)]
            for row in (row for row in rows if row.parent == form):
                if row.changed_at is None:
                    continue
                made = row.changed_at.timestamp()
                nearest = min(times, key=lambda at, made=made: abs(at - made), default=None)  # type: ignore[misc]
                if nearest is not None and abs(nearest - made) <= APART:
                    times.remove(nearest)
                else:
                    missed.append(row)
        return missed

    def _fetch(self, query: sa.Select) -> Sequence[sa.Row]:
        return self._database.run(lambda connection: connection.execute(query).all())

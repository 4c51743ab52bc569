"""Tell which rows stored events name: what a sync found changed beside them was missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

import sqlalchemy as sa

from calcom_provider.events.store.database import Database
from calcom_provider.events.store.tables import EVENTS, SUBSCRIPTIONS
from calcom_provider.resources.events import APART, LATE_TRIGGER, RESPONSES, FoundRow, nearest

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

        A form's event does not tell which answer it is about, so each stands for one that was made at its time: once
        and for all, which is noted.

        :param organization_id: whose rows.
        :param rows: rows that changed.
        """
        missed: list[FoundRow] = []
        for resource in {row.resource for row in rows}:
            mine = [row for row in rows if row.resource == resource]
            check = self._unanswered if resource == RESPONSES else self._unnumbered
            missed += check(organization_id, mine)
        return missed

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
        missed: list[FoundRow] = []
        for form in {row.parent for row in rows}:
            mine = {row.number: row.changed_at for row in rows if row.parent == form and row.changed_at}
            named = self._database.run(partial(_stand_for, organization_id, form, mine)) if mine else set()
            missed += [row for row in rows if row.parent == form and row.number in mine.keys() - named]
        return missed

    def _fetch(self, query: sa.Select) -> Sequence[sa.Row]:
        return self._database.run(lambda connection: connection.execute(query).all())


def _stand_for(
    organization_id: int, form: str, made: Mapping[int, datetime], connection: sa.Connection
) -> set[int]:
    """Return which answers to a form events stand for, and note those that none stood for before."""
    c = EVENTS.c
    of_form = sa.and_(
        c.organization_id == organization_id,
        c.resource == RESPONSES,
        c.row_key == form,
        c.occurred_at >= min(made.values()).timestamp() - APART,
        # It may be about an answer of hours ago, whose own event came or was missed.
        c.kind != LATE_TRIGGER,
    )
    query = sa.select(c.digest, c.place, c.occurred_at, c.row_number).where(of_form)
    events = connection.execute(query.order_by(c.occurred_at, c.digest, c.place)).all()
    named = {int(event.row_number) for event in events if event.row_number is not None} & made.keys()
    free = [event for event in events if event.row_number is None]
    open_rows = sorted(made.keys() - named)
    times = [datetime.fromtimestamp(event.occurred_at, UTC) for event in free]
    pairs = nearest([made[number] for number in open_rows], times)
    for event, answer in pairs.items():
        one = sa.and_(of_form, c.digest == free[event].digest, c.place == free[event].place)
        connection.execute(sa.update(EVENTS).where(one).values(row_number=open_rows[answer]))
    return named | {open_rows[answer] for answer in pairs.values()}

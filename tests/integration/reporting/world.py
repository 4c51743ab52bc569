"""A generated organisation, as the API listed it at four syncs around changes of clocks."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.integration.reporting import world_bookings, world_ledger, world_people, world_times

ORGANIZATION = 4_100_000_041
# Clocks change in Berlin on 25 October and 28 March, in New York on 1 November and 14 March, in Auckland on
# 4 April. The third sync is the first moment of a day, the fourth the last one of another.
SYNCS = (
    datetime(2026, 10, 24, 3, 15, tzinfo=UTC),
    datetime(2027, 1, 15, 5, 0, 0, 250_000, tzinfo=UTC),
    datetime(2027, 3, 20, tzinfo=UTC),
    datetime(2027, 3, 27, 23, 59, 59, 999_000, tzinfo=UTC),
)
#: A day to stand on, so that a calendar of a month to both sides holds the last two syncs and all changes.
TODAY = SYNCS[3].date()

Row = dict[str, Any]
Contents = Mapping[str, list[Row]]


@dataclass(frozen=True)
class World:
    """Hold what there was to see of an organisation, and what was kept of it.

    :param organization_id: the organisation; the rows do not name it
    :param syncs: when the syncs began
    :param contents: table -> rows of each sync, by declared columns; JSON columns as plain values
    :param ledger: table of the write-back's ledger, by its short name -> rows; empty without a ledger
    :param history: whether memberships, assignments and absences keep their versions
    :param marks: whether rows that are gone are marked; else they are removed
    """

    organization_id: int
    syncs: tuple[datetime, ...]
    contents: tuple[Contents, ...]
    ledger: Mapping[str, list[Row]]
    history: bool = True
    marks: bool = False

    def has(self, table: str) -> bool:
        """Tell whether a table is synced."""
        return table in self.contents[-1]

    def rows(self, table: str) -> list[Row]:
        """Give the rows that a table holds now; none where it is not synced."""
        return self.contents[-1].get(table, [])

    def kept(
        self,
        *,
        history: bool = True,
        only: Collection[str] | None = None,
        ledger: bool = True,
        marks: bool = False,
    ) -> World:
        """Give the same organisation, of which less or other things are kept.

        :param history: whether versions are kept
        :param only: tables that are synced, all by default
        :param ledger: whether there is a ledger
        :param marks: whether rows that are gone are marked
        """
        contents = tuple(
            {name: rows for name, rows in one.items() if only is None or name in only}
            for one in self.contents
        )
        rows = self.ledger if ledger else {}
        return dataclasses.replace(self, contents=contents, ledger=rows, history=history, marks=marks)


def make_world(seed: int = 20270328, organization_id: int = ORGANIZATION) -> World:
    """Make the organisation; the same one each time.

    :param seed: another number makes another organisation with the same ids
    :param organization_id: its id
    """
    rng = random.Random(seed)
    people = world_people.people(rng)
    times = world_times.times(rng)
    bookings = world_bookings.bookings(rng, SYNCS, [row for one in times for row in one["ooo_entries"]])
    contents = tuple({**a, **b, **c} for a, b, c in zip(people, times, bookings, strict=True))
    return World(organization_id, SYNCS, contents, world_ledger.ledger(rng, organization_id, contents[-1]))

"""Empty the columns of a table that an earlier run stored and this one does not.

Nobody would write to them again, so they would go stale and outlive what they say. Rows stay as they are otherwise:
no new versions, no other hash.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from calcom_provider.warehouse.backends.base import Session
from calcom_provider.warehouse.loading.layout import Layout
from calcom_provider.warehouse.schema import Column, ColumnRecord

logger = logging.getLogger(__name__)

HASH_LENGTH = 64
"""Characters of a stored hash; a text of another length was stored before the column was hashed."""


@dataclass
class Emptying:
    """Hold which columns of one table are emptied, and how all of them are stored from now on.

    :param layout: the table.
    :param columns: name in the database of each column to empty, with the condition that a row holds a value in it.
    :param moves: old name of each column that is stored under another name now, with that name: closed versions are
        not read again, so their values go along.
    :param records: how each column is stored; empty where nobody said so.
    :param rewrites: whether every row has to be read again, because emptied columns are stored in another way now.
    :param rows: rows that hold values to be emptied.
    :param summaries: what is emptied, in words for the run record.
    :param earlier: how the columns were stored until now, as runs recorded it.
    """

    layout: Layout
    columns: dict[str, str] = field(default_factory=dict)
    moves: dict[str, str] = field(default_factory=dict)
    records: list[ColumnRecord] = field(default_factory=list)
    rewrites: bool = False
    rows: int = 0
    summaries: list[str] = field(default_factory=list)
    earlier: Sequence[ColumnRecord] = ()

    def apply(self, session: Session) -> int:
        """Empty the columns, closed versions and rows that are marked as deleted included.

        :param session: connection of the load, in its transaction.
        :returns: how many rows lost values.
        """
        if not self.columns or not self.rows:
            return 0
        rows = _count(session, self.layout, self.columns.values())
        quote, in_scope = self.layout.backend.quote, self.layout.in_scope()
        for old, new in self.moves.items():
            session.execute(
                f"UPDATE {self.layout.target} SET {quote(new)} = {quote(old)}"
                f" WHERE {in_scope} AND {quote(new)} IS NULL",
                self.layout.scope_params,
            )
        for name, condition in self.columns.items():
            session.execute(
                f"UPDATE {self.layout.target} SET {quote(name)} = NULL WHERE {in_scope} AND {condition}",
                self.layout.scope_params,
            )
        return rows

    def news(self, columns: Iterable[Column]) -> list[ColumnRecord]:
        """Return how the columns are stored once the run is published; empty where that is recorded already.

        :param columns: columns of the table at the end of the run, those included that nobody declared.
        """
        stored = self._stored(columns) if self.records else []
        return [] if set(stored) == set(self.earlier) else stored

    def _stored(self, columns: Iterable[Column]) -> list[ColumnRecord]:
        known = {record.stored_as for record in self.records}
        added = [ColumnRecord(one.name, one.name, "added") for one in columns if one.name not in known]
        return self.records + added


def plan_emptying(
    session: Session,
    layout: Layout,
    existing: Mapping[str, str],
    earlier: Sequence[ColumnRecord],
    records: Sequence[ColumnRecord],
    *,
    keep: bool,
    evolves: bool,
) -> Emptying:
    """Find the columns that an earlier run stored and this one does not, or stores hashed from now on.

    A table of a release that kept no records is judged by the declared names.

    :param session: connection of the load.
    :param layout: the table.
    :param existing: columns that the table has now.
    :param earlier: how its columns were stored until now; empty where no run said so.
    :param records: how they are stored from now on; empty where nobody says so, and then nothing is emptied.
    :param keep: whether columns that are no longer stored keep what they hold.
    :param evolves: whether columns that nobody declared are stored.
    """
    if not records or not {*layout.scope, *layout.table.key} <= existing.keys():
        return Emptying(layout, records=list(records), earlier=earlier)
    stored = {record.stored_as: record for record in records if record.stored_as}
    added = [one for one in earlier if one.treatment == "added" and one.stored_as not in stored and evolves]
    lost = _lost(layout, existing, earlier, [*records, *added])
    holding = {name: f"{layout.column(name)} IS NOT NULL" for name in lost}
    holding = {name: held for name, held in holding.items() if _count(session, layout, [held])}
    made = Emptying(layout, records=[*records, *added], earlier=earlier)
    if keep:
        made.records += [replace(lost[name], stored_as=name, treatment="kept") for name in holding]
        if holding:
            logger.warning(
                "Table %s: no longer stored, but kept with old values (keep_dropped): %s",
                layout.name,
                ", ".join(sorted(holding)),
            )
    else:
        made.columns |= holding
        made.moves = {
            name: record.stored_as
            for name in holding
            for record in records
            if record.treatment == "plain" == lost[name].treatment and record.column == lost[name].column
        }
    readable = _not_hashed_yet(layout, existing, earlier, records)
    readable = {name: held for name, held in readable.items() if _count(session, layout, [held])}
    made.columns |= readable
    made.rewrites = bool(readable)
    made.rows = _count(session, layout, made.columns.values()) if made.columns else 0
    made.summaries = [_summary(layout, name, made, hashed=name in readable) for name in made.columns]
    return made


def _summary(layout: Layout, name: str, made: Emptying, *, hashed: bool) -> str:
    if name in made.moves:
        return f"move column {layout.name}.{name} to {made.moves[name]}"
    return f"empty column {layout.name}.{name}, which is {'hashed' if hashed else 'not stored'} from now on"


def _lost(
    layout: Layout,
    existing: Mapping[str, str],
    earlier: Sequence[ColumnRecord],
    records: Sequence[ColumnRecord],
) -> dict[str, ColumnRecord]:
    """Return the columns of the table that are not stored any more and were not emptied yet, by their names."""
    stored = {record.stored_as for record in records}
    engine = {column.name for column in layout.columns}
    emptied = {record.column for record in earlier if not record.stored_as}
    return {
        name: record
        for record in (*records, *earlier)
        if (name := record.stored_as or record.column) in existing
        and name not in stored
        and name not in engine
        and (record.stored_as or name not in emptied)
    }


def _not_hashed_yet(
    layout: Layout,
    existing: Mapping[str, str],
    earlier: Sequence[ColumnRecord],
    records: Sequence[ColumnRecord],
) -> dict[str, str]:
    """Return the columns that are hashed from now on and may hold readable values, with the condition for those."""
    before = {record.stored_as: record.treatment for record in earlier}
    found = {}
    for record in records:
        name = record.stored_as
        if record.treatment != "hashed" or name not in existing or name in layout.key:
            continue
        column = layout.column(name)
        if before.get(name) in ("plain", "kept"):
            found[name] = f"{column} IS NOT NULL"
        elif not before and existing[name] == "text":
            found[name] = f"length({column}) <> {HASH_LENGTH}"
    return found


def _count(session: Session, layout: Layout, conditions: Iterable[str]) -> int:
    """Count the rows of the scope for which one of the conditions holds."""
    where = " OR ".join(conditions)
    statement = f"SELECT count(*) FROM {layout.target} WHERE {layout.in_scope()} AND ({where})"
    return int(session.value(statement, layout.scope_params))

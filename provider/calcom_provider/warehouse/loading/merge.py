"""The statements that bring staged rows into a table.

Everything is counted before anything is written: the counts tell which statements are needed at all, and let
the guards speak while nothing has happened yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from calcom_provider.warehouse.backends.base import Session
from calcom_provider.warehouse.loading.layout import (
    DELETED_AT,
    IS_CURRENT,
    ROW_HASH,
    RUN_ID,
    SYNCED_AT,
    VALID_FROM,
    VALID_TO,
    Layout,
)


@dataclass(slots=True)
class Counts:
    """Count what publishing one table will do.

    :param staged: distinct rows staged.
    :param new: of these, rows that the table does not hold.
    :param changed: of these, rows that differ from the table's, or were marked as deleted.
    :param live: rows that the table holds now, in scope.
    :param missing: of these, rows that a complete read did not find.
    :param returned: of the changed ones, rows that were marked as deleted.
    :param orphans: child rows of parents that were read, which their parents no longer have.
    """

    staged: int = 0
    new: int = 0
    changed: int = 0
    live: int = 0
    returned: int = 0
    missing: int = 0
    orphans: int = 0

    @property
    def unchanged(self) -> int:
        """Return how many staged rows changed nothing."""
        return self.staged - self.new - self.changed


class Merge:
    """Bring the staged rows of one table into it.

    :param session: connection of the load.
    :param layout: the table.
    :param stage: quoted name of its staging table.
    :param parent: layout and quoted stage of the parent, when child rows are to be replaced as sets.
    :param values: the run's ``run_id`` and ``at``.
    :ivar keys: quoted name of the table with the keys of kept pages, if only some pages were kept.
    :ivar newer: spells that a row of the table was written after the run began, if any may have been.
    """

    def __init__(
        self,
        session: Session,
        layout: Layout,
        stage: str,
        *,
        parent: tuple[Layout, str] | None = None,
        values: dict[str, Any] | None = None,
    ) -> None:
        self.session = session
        self.layout = layout
        self.stage = stage
        self.keys: str | None = None
        self.newer = ""
        self.parent = parent
        self.run = values or {}

    # -- counting
    # ------------------------------------------------------------------------------------------------

    def count(self, staged: int, find_missing: bool) -> Counts:
        """Count what has to be done.

        :param staged: distinct rows in the staging table.
        :param find_missing: whether rows that were not staged are to be deleted.
        """
        lay = self.layout
        counts = Counts(staged=staged, live=self.live())
        held = counts.live or (lay.marks and self._holds_any())
        if not held:
            counts.new = staged
        elif staged:
            counts.new, counts.changed, counts.returned = self._compare()
        if find_missing and counts.live:
            if self.keys or self.newer:
                counts.missing = self._value(f"SELECT count(*) FROM {lay.target} WHERE {self._is_missing()}")
            else:
                counts.missing = counts.live - (staged - counts.new - counts.returned)
        if self.parent and counts.live:
            counts.orphans = self._value(f"SELECT count(*) FROM {lay.target} WHERE {self._is_orphan()}")
        return counts

    def live(self) -> int:
        """Count the rows that a complete read should find again."""
        lay = self.layout
        return int(
            self._value(f"SELECT count(*) FROM {lay.target} WHERE {lay.in_scope()} AND {lay.is_live()}")
        )

    def held(self) -> dict[str, int | str]:
        """Tell what the table holds, by which a run that was published can be recognised."""
        lay = self.layout
        if lay.backend.capabilities.spans_tables:
            return {"rows": self.live()}
        rows = self.session.fetch(
            f"SELECT count(*), sum({lay.column(ROW_HASH.name)}) FROM {lay.target}"
            f" WHERE {lay.in_scope()} AND {lay.is_live()}",
            lay.scope_params,
        )
        return {"rows": int(rows[0][0]), "hashes": str(rows[0][1])}

    def live_by(self, names: Sequence[str]) -> dict[tuple[Any, ...], tuple[int, Any]]:
        """Count the live rows of each combination of some columns, and give the last key of each.

        :param names: columns of the table; none for one count of all rows.
        """
        lay = self.layout
        columns = "".join(f"{lay.column(name)}, " for name in names)
        sql = (
            f"SELECT {columns}count(*), max({lay.column(lay.table.key[-1])}) FROM {lay.target}"
            f" WHERE {lay.in_scope()} AND {lay.is_live()}"
        )
        if names:
            sql += f" GROUP BY {', '.join(lay.column(name) for name in names)}"
        rows = self.session.fetch(sql, _used(sql, self._params()))
        return {tuple(row[:-2]): (int(row[-2]), row[-1]) for row in rows}

    def kept_but_changed(self, limit: int) -> list[tuple[Any, ...]]:
        """Give the open keys of rows that a kept page holds and another page showed changed."""
        lay = self.layout
        return self.session.fetch(
            f"SELECT {lay.quoted(lay.free_key, 's')} FROM {self.stage} s"
            f" JOIN {self.keys} k ON {lay.match('k', 's')}"
            f" JOIN {lay.target} t ON {lay.match('t', 's')}{self._held('t')}"
            f" WHERE {self._differs('t')} LIMIT {limit}",
            self._pruning(),
        )

    def changed_rows(self, columns: Sequence[str]) -> list[tuple[bool, tuple[Any, ...]]]:
        """Give columns of the staged rows that the table does not hold so; with each, whether it holds none.

        :param columns: columns of the table.
        """
        lay = self.layout
        new = f"{lay.column(lay.table.key[0], 't')} IS NULL"
        rows = self.session.fetch(
            f"SELECT CASE WHEN {new} THEN 1 ELSE 0 END, {lay.quoted(columns, 's')} FROM {self.stage} s"
            f" LEFT JOIN {lay.target} t ON {lay.match('t', 's')}{self._held('t')}"
            f" WHERE {new} OR {self._differs('t')}",
            self._pruning(),
        )
        return [(bool(row[0]), tuple(row[1:])) for row in rows]

    def _holds_any(self) -> bool:
        lay = self.layout
        sql = f"SELECT 1 FROM {lay.target} WHERE {lay.in_scope()} LIMIT 1"
        return bool(self.session.fetch(sql, _used(sql, self._params())))

    def _compare(self) -> tuple[int, int, int]:
        lay = self.layout
        new = f"{lay.column(lay.table.key[0], 't')} IS NULL"
        differs = self._differs("t")
        returned = f"{lay.column(DELETED_AT.name, 't')} IS NOT NULL" if self._counts_marked_out else "1 = 0"
        rows = self.session.fetch(
            f"SELECT coalesce(sum(CASE WHEN {new} THEN 1 ELSE 0 END), 0),"
            f" coalesce(sum(CASE WHEN {new} THEN 0 WHEN {differs} THEN 1 ELSE 0 END), 0),"
            f" coalesce(sum(CASE WHEN {new} THEN 0 WHEN {returned} THEN 1 ELSE 0 END), 0)"
            f" FROM {self.stage} s LEFT JOIN {lay.target} t ON {lay.match('t', 's')}{self._held('t')}",
            self._pruning(),
        )
        return int(rows[0][0]), int(rows[0][1]), int(rows[0][2])

    @property
    def _counts_marked_out(self) -> bool:
        return self.layout.marks and not self.layout.history and self.layout.deletes != "remove"

    # -- writing
    # -------------------------------------------------------------------------------------------------

    def apply(self, counts: Counts) -> None:
        """Write what was counted: deletions, changed rows, new rows."""
        if counts.missing:
            self._remove(self._is_missing())
        if counts.orphans:
            self._remove(self._is_orphan(), children=True)
        if counts.changed:
            self._change()
        if counts.new or (counts.changed and self._reinserts):
            self._insert(counts)

    def rewrite(self) -> None:
        """Delete the rows of the scope and insert the staged ones.

        The table stays the one that views and grants name. Putting another table in its place would be less work,
        but a reader in the midst of a repeatable-read transaction would find that one empty.
        """
        lay = self.layout
        self._run(f"DELETE FROM {lay.target} WHERE {lay.in_scope()}")
        self._run(f"{self._insert_head()} FROM {self.stage} s")

    @property
    def _reinserts(self) -> bool:
        return self.layout.history or self.layout.backend.capabilities.update == "reinsert"

    def _remove(self, which: str, children: bool = False) -> None:
        lay = self.layout
        quote = lay.backend.quote
        marked = f", {quote(DELETED_AT.name)} = :at" if lay.marks else ""
        if lay.history:
            closed = f"{quote(IS_CURRENT.name)} = FALSE, {quote(VALID_TO.name)} = :at{marked}"
            self._run(f"UPDATE {lay.target} SET {closed} WHERE {which}")
        elif lay.deletes == "mark":
            stamps = f"{quote(RUN_ID.name)} = :run_id, {quote(SYNCED_AT.name)} = :at"
            self._run(f"UPDATE {lay.target} SET {stamps}{marked} WHERE {which}")
        else:
            self._run(f"DELETE FROM {lay.target} WHERE {which}")

    def _change(self) -> None:
        lay = self.layout
        quote = lay.backend.quote
        style = lay.backend.capabilities.update
        changed = (
            f"EXISTS (SELECT 1 FROM {self.stage} s WHERE {lay.match('s', None)} AND {self._differs(None)})"
            f"{self._pruned(None)}"
        )
        if lay.history:
            closed = f"{quote(IS_CURRENT.name)} = FALSE, {quote(VALID_TO.name)} = :at"
            self._run(f"UPDATE {lay.target} SET {closed} WHERE {lay.column(IS_CURRENT.name)} AND {changed}")
        elif style == "reinsert":
            self._run(f"DELETE FROM {lay.target} WHERE {changed}")
        else:
            self._run(self._update(join=style == "join"))

    def _update(self, join: bool) -> str:
        lay = self.layout
        quote = lay.backend.quote
        staged = [*(c for c in lay.table.columns if c.name not in lay.table.key), ROW_HASH]
        values = [(one.name, lay.staged(one)) for one in staged]
        values += [(RUN_ID.name, ":run_id"), (SYNCED_AT.name, ":at")]
        if lay.marks:
            values.append((DELETED_AT.name, "NULL"))
        if join:
            sets = ", ".join(f"t.{quote(name)} = {value}" for name, value in values)
            return (
                f"UPDATE {lay.target} t JOIN {self.stage} s ON {lay.match('t', 's')}"
                f" SET {sets} WHERE {self._differs('t')}"
            )
        sets = ", ".join(f"{quote(name)} = {value}" for name, value in values)
        where = f"{lay.match(None, 's')} AND {self._differs(None)}{self._pruned(None)}"
        return f"UPDATE {lay.target} SET {sets} FROM {self.stage} s WHERE {where}"

    def _insert(self, counts: Counts) -> None:
        lay = self.layout
        where = ""
        if counts.live or lay.marks:
            same = f"{lay.match('t', 's')}{self._held('t')}"
            where = f" WHERE NOT EXISTS (SELECT 1 FROM {lay.target} t WHERE {same})"
        self._run(f"{self._insert_head()} FROM {self.stage} s{where}")

    def _insert_head(self) -> str:
        lay = self.layout
        names = [*lay.table.names, ROW_HASH.name, RUN_ID.name, SYNCED_AT.name]
        values = ", ".join(map(lay.staged, (*lay.table.columns, ROW_HASH))) + ", :run_id, :at"
        if lay.history:
            names += [VALID_FROM.name, IS_CURRENT.name]
            values += ", :at, TRUE"
        return f"INSERT INTO {lay.target} ({lay.quoted(names)}) SELECT {values}"

    def stamp(self) -> None:
        """Note the run at the rows that are staged, changed or not: it has read them."""
        lay = self.layout
        quote = lay.backend.quote
        stamps = f"{quote(RUN_ID.name)} = :run_id, {quote(SYNCED_AT.name)} = :at"
        staged = f"EXISTS (SELECT 1 FROM {self.stage} s WHERE {lay.match('s', None)})"
        self._run(f"UPDATE {lay.target} SET {stamps} WHERE {lay.in_scope()} AND {lay.is_live()} AND {staged}")

    def remove_keys(self, column: str, keys: Iterable[int]) -> int:
        """Delete rows by one column, as the deletes of the table say; return how many there were.

        :param column: the column.
        :param keys: its values.
        """
        found = self.count_keys(column, keys)
        if found:
            self._remove(self._among(column, keys))
        return found

    def count_keys(self, column: str, keys: Iterable[int]) -> int:
        """Count the live rows that :meth:`remove_keys` would delete.

        :param column: the column.
        :param keys: its values.
        """
        return self._value(f"SELECT count(*) FROM {self.layout.target} WHERE {self._among(column, keys)}")

    def _among(self, column: str, keys: Iterable[int]) -> str:
        lay = self.layout
        numbers = ", ".join(str(int(key)) for key in sorted(keys))
        return f"{lay.in_scope()} AND {lay.is_live()} AND {lay.column(column)} IN ({numbers})"

    def yield_to_newer(self, owner: Layout | None) -> None:
        """Drop staged rows that somebody wrote to the table after the run began, and delete none of these.

        :param owner: table whose rows own these, and whose times then say so.
        """
        lay = self.layout
        if lay.table.parent is not None and owner is not None:
            pairs = list(zip(owner.table.key, lay.table.parent.columns, strict=True))
            written = f"{owner.column(SYNCED_AT.name, 'p')} > :at"
            head = f"EXISTS (SELECT 1 FROM {owner.target} p WHERE {written} AND "
            self.newer = head + " AND ".join(
                f"{owner.column(mine, 'p')} = {lay.column(name)}" for mine, name in pairs
            )
            self.newer += ")"
            staged = " AND ".join(
                f"{owner.column(mine, 'p')} = {self.stage}.{lay.backend.quote(name)}" for mine, name in pairs
            )
            self._run(f"DELETE FROM {self.stage} WHERE {head}{staged})")
            return
        self.newer = f"{lay.column(SYNCED_AT.name)} > :at"
        held = f"{lay.match('t', self.stage)}{self._held('t')} AND {lay.column(SYNCED_AT.name, 't')} > :at"
        self._run(f"DELETE FROM {self.stage} WHERE EXISTS (SELECT 1 FROM {lay.target} t WHERE {held})")

    # -- conditions
    # ----------------------------------------------------------------------------------------------

    def _differs(self, target: str | None) -> str:
        lay = self.layout
        if lay.rewritten:
            # The hash tells what was read, not what is left of it in the table.
            return "1 = 1"
        held = lay.column(ROW_HASH.name, target)
        parts = [f"{held} IS NULL", f"{held} <> {lay.column(ROW_HASH.name, 's')}"]
        if lay.marks and not lay.history:
            parts.append(f"{lay.column(DELETED_AT.name, target)} IS NOT NULL")
        return f"({' OR '.join(parts)})"

    def _held(self, alias: str) -> str:
        """Spell what a row of the target must be, besides having the key, to be joined with."""
        current = f" AND {self.layout.column(IS_CURRENT.name, alias)}" if self.layout.history else ""
        return current + self._pruned(alias)

    def _pruned(self, alias: str | None) -> str:
        """Spell the scope where that lets the database pass over the rows of others; a join alone does not."""
        lay = self.layout
        return f" AND {lay.in_scope(alias)}" if lay.backend.capabilities.prunes and lay.scope else ""

    def _pruning(self) -> dict[str, Any] | None:
        lay = self.layout
        return lay.scope_params if lay.backend.capabilities.prunes and lay.scope else None

    def _is_missing(self) -> str:
        lay = self.layout
        parts = [lay.in_scope(), lay.is_live(), self._not_in(self.stage)]
        if self.newer:
            parts.append(f"NOT ({self.newer})")
        if self.keys:
            parts.append(self._not_in(self.keys))
        return " AND ".join(parts)

    def _not_in(self, source: str) -> str:
        return f"NOT EXISTS (SELECT 1 FROM {source} s WHERE {self.layout.match('s', None)})"

    def _is_orphan(self) -> str:
        assert self.parent is not None
        lay = self.layout
        parent, stage = self.parent
        assert lay.table.parent is not None
        pairs = zip(parent.table.key, lay.table.parent.columns, strict=True)
        owner = " AND ".join(f"{lay.column(mine, 'p')} = {lay.column(child)}" for mine, child in pairs)
        return " AND ".join(
            [
                lay.in_scope(),
                lay.is_live(),
                f"EXISTS (SELECT 1 FROM {stage} p WHERE {owner})",
                self._not_in(self.stage),
            ]
        )

    # -- running
    # -------------------------------------------------------------------------------------------------

    def _params(self) -> dict[str, Any]:
        return {**self.run, **self.layout.scope_params}

    def _run(self, sql: str) -> int:
        return self.session.execute(sql, _used(sql, self._params()))

    def _value(self, sql: str) -> int:
        return int(self.session.value(sql, _used(sql, self._params())))


def _used(sql: str, params: dict[str, Any]) -> dict[str, Any]:
    """Keep the parameters that a statement names; some drivers refuse others."""
    named = set(re.findall(r":(\w+)", sql))
    return {name: value for name, value in params.items() if name in named}

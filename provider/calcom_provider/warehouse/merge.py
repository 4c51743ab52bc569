"""The statements that bring staged rows into a table.

Everything is counted before anything is written: the counts tell which statements are needed at all, and let
the guards speak while nothing has happened yet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from calcom_provider.warehouse.backend import Session
from calcom_provider.warehouse.layout import (
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

    :param staged: Distinct rows staged.
    :param new: Of these, rows that the table does not hold.
    :param changed: Of these, rows that differ from the table's, or were marked as deleted.
    :param live: Rows that the table holds now, in scope.
    :param missing: Of these, rows that a complete read did not find.
    :param returned: Of the changed ones, rows that were marked as deleted.
    :param orphans: Child rows of parents that were read, which their parents no longer have.
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
        return self.staged - self.new - self.changed


class Merge:
    """Bring the staged rows of one table into it.

    :param session: Connection of the load.
    :param layout: The table.
    :param stage: Quoted name of its staging table.
    :param parent: Layout and quoted stage of the parent, when child rows are to be replaced as sets.
    :param values: The run's ``run_id`` and ``at``.
    :ivar keys: Quoted name of the table with the keys of kept pages, if only some pages were kept.
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
        self.parent = parent
        self.run = values or {}

    # -- counting
    # ------------------------------------------------------------------------------------------------

    def count(self, staged: int, find_missing: bool) -> Counts:
        """Count what has to be done.

        :param staged: Distinct rows in the staging table.
        :param find_missing: Whether rows that were not staged are to be deleted.
        """
        lay = self.layout
        counts = Counts(staged=staged, live=self.live())
        held = counts.live or (lay.marks and self._holds_any())
        if not held:
            counts.new = staged
        elif staged:
            counts.new, counts.changed, counts.returned = self._compare()
        if find_missing and counts.live:
            if self.keys:
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

    def kept_but_changed(self, limit: int) -> list[tuple[Any, ...]]:
        """Give the open keys of rows that a kept page holds and another page showed changed."""
        lay = self.layout
        return self.session.fetch(
            f"SELECT {lay.quoted(lay.free_key, 's')} FROM {self.stage} s"
            f" JOIN {self.keys} k ON {lay.match('k', 's')}"
            f" JOIN {lay.target} t ON {lay.match('t', 's')}{self._current('t')}"
            f" WHERE {self._differs('t')} LIMIT {limit}"
        )

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
            f" FROM {self.stage} s LEFT JOIN {lay.target} t ON {lay.match('t', 's')}{self._current('t')}"
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
        staged = [c.name for c in lay.table.columns if c.name not in lay.table.key] + [ROW_HASH.name]
        values = [(name, lay.column(name, "s")) for name in staged]
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
        where = f"{lay.match(None, 's')} AND {self._differs(None)}"
        return f"UPDATE {lay.target} SET {sets} FROM {self.stage} s WHERE {where}"

    def _insert(self, counts: Counts) -> None:
        lay = self.layout
        where = ""
        if counts.live or lay.marks:
            same = f"{lay.match('t', 's')}{self._current('t')}"
            where = f" WHERE NOT EXISTS (SELECT 1 FROM {lay.target} t WHERE {same})"
        self._run(f"{self._insert_head()} FROM {self.stage} s{where}")

    def _insert_head(self) -> str:
        lay = self.layout
        names = [*lay.table.names, ROW_HASH.name, RUN_ID.name, SYNCED_AT.name]
        values = lay.quoted([*lay.table.names, ROW_HASH.name], "s") + ", :run_id, :at"
        if lay.history:
            names += [VALID_FROM.name, IS_CURRENT.name]
            values += ", :at, TRUE"
        return f"INSERT INTO {lay.target} ({lay.quoted(names)}) SELECT {values}"

    # -- conditions
    # ----------------------------------------------------------------------------------------------

    def _differs(self, target: str | None) -> str:
        lay = self.layout
        held = lay.column(ROW_HASH.name, target)
        parts = [f"{held} IS NULL", f"{held} <> {lay.column(ROW_HASH.name, 's')}"]
        if lay.marks and not lay.history:
            parts.append(f"{lay.column(DELETED_AT.name, target)} IS NOT NULL")
        return f"({' OR '.join(parts)})"

    def _current(self, alias: str) -> str:
        return f" AND {self.layout.column(IS_CURRENT.name, alias)}" if self.layout.history else ""

    def _is_missing(self) -> str:
        lay = self.layout
        parts = [lay.in_scope(), lay.is_live(), self._not_in(self.stage)]
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

"""How a declared table stands in the database: run columns, keys, and the pieces of SQL that name them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from calcom_provider.warehouse.backends.base import Backend
from calcom_provider.warehouse.run import Deletes, Mode, Scope
from calcom_provider.warehouse.schema import Column, Table

RUN_ID = Column("_calcom_run_id", "text", comment="Run that wrote the row")
SYNCED_AT = Column("_calcom_synced_at", "timestamp", comment="When that run began")
ROW_HASH = Column("_calcom_row_hash", "integer", comment="Hash of the row; an equal one is not written again")
DELETED_AT = Column("_calcom_deleted_at", "timestamp", comment="When a complete read first missed the row")
VALID_FROM = Column("valid_from", "timestamp", nullable=False, comment="Begin of the version")
VALID_TO = Column("valid_to", "timestamp", comment="End of the version; null while it holds")
IS_CURRENT = Column("is_current", "boolean", nullable=False, comment="Whether the version holds now")

#: Ends the name of the view that shows the versions which hold now.
CURRENT_SUFFIX = "_current"


class Layout:
    """Spell one table for one backend.

    :param backend: database that holds the table.
    :param prefix: what the table's name begins with.
    :param table: its declaration.
    :param mode: how it is loaded.
    :param deletes: what happens to missing rows.
    :param scope: column values that all rows of the load share.
    """

    def __init__(
        self, backend: Backend, prefix: str, table: Table, *, mode: Mode, deletes: Deletes, scope: Scope
    ) -> None:
        self.backend = backend
        self.table = table
        self.mode = mode
        self.deletes = deletes
        self.scope = dict(scope)
        self.name = prefix + table.name
        self.current_name = self.name + CURRENT_SUFFIX
        self.history = mode == "history"
        #: Whether the table has the column of marked rows; an earlier run may have made it.
        self.marks = deletes == "mark"
        #: Whether the table's columns change with this load, so that every row counts as changed.
        self.rewritten = False

    @property
    def target(self) -> str:
        """Return the table's qualified name."""
        return self.backend.qualify(self.name)

    @property
    def run_columns(self) -> tuple[Column, ...]:
        """Give the columns that the engine adds."""
        versions = (VALID_FROM, VALID_TO, IS_CURRENT) if self.history else ()
        return (*versions, RUN_ID, SYNCED_AT, ROW_HASH, *((DELETED_AT,) if self.marks else ()))

    @property
    def columns(self) -> tuple[Column, ...]:
        """Give all columns of the table."""
        return (*self.table.columns, *self.run_columns)

    @property
    def key(self) -> tuple[str, ...]:
        """Give the primary key: the declared one, with the begin of the version where versions are kept."""
        return (*self.table.key, VALID_FROM.name) if self.history else self.table.key

    @property
    def free_key(self) -> tuple[str, ...]:
        """Give the key columns that the scope leaves open; all of them where it leaves none."""
        return tuple(name for name in self.table.key if name not in self.scope) or self.table.key

    def quoted(self, names: Sequence[str], alias: str = "") -> str:
        """List column names, each after an alias."""
        dot = f"{alias}." if alias else ""
        return ", ".join(dot + self.backend.quote(name) for name in names)

    def column(self, name: str, alias: str | None = None) -> str:
        """Spell a column of the target, or of what an alias stands for."""
        return f"{alias or self.backend.quote(self.name)}.{self.backend.quote(name)}"

    def staged(self, column: Column) -> str:
        """Spell the value of a column of what is staged, which is called ``s``, as the target holds it."""
        return self.backend.staged(column, self.column(column.name, "s"))

    def match(self, left: str | None, right: str | None) -> str:
        """Spell that two rows have the same key; None stands for the target itself."""
        return " AND ".join(f"{self.column(n, left)} = {self.column(n, right)}" for n in self.table.key)

    def in_scope(self, alias: str | None = None) -> str:
        """Spell that a row belongs to the scope; the values are parameters ``scope_N``."""
        parts = [f"{self.column(name, alias)} = :scope_{i}" for i, name in enumerate(self.scope)]
        return " AND ".join(parts) or "1 = 1"

    def is_live(self, alias: str | None = None) -> str:
        """Spell that a row is one that a complete read should find again."""
        if self.history:
            return self.column(IS_CURRENT.name, alias)
        if self.marks and self.deletes != "remove":
            return f"{self.column(DELETED_AT.name, alias)} IS NULL"
        return "1 = 1"

    @property
    def scope_params(self) -> dict[str, int | str]:
        """Return the scope's values as parameters of a statement."""
        return {f"scope_{i}": value for i, value in enumerate(self.scope.values())}

    def shape(self, variant: str) -> str:
        """Give a text that changes whenever rows made from the same pages would look different."""
        columns = ",".join(f"{c.name}:{c.type}" for c in self.table.columns)
        return f"{self.mode}|{variant}|{','.join(self.table.key)}|{columns}"

    def extend(self, columns: Sequence[Column]) -> None:
        """Append columns to the declaration."""
        self.table = replace(self.table, columns=(*self.table.columns, *columns))

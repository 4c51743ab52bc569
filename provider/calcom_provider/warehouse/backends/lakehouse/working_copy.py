"""One table of the lakehouse as a session sees it: as it stood, and what the session did to it.

What is only read comes from the lakehouse as Arrow, the columns that a statement names and the rows of the session's
scope. What is only added to is held beside it. A table whose rows are changed is copied, and the copy takes its place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from calcom_provider.warehouse.backends.lakehouse.columns import WORKING, type_of
from calcom_provider.warehouse.backends.lakehouse.formats import LakeTable, Layout, Values
from calcom_provider.warehouse.schema import Column

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

ADDED = "calcom_added"
"""Schema of the working copy that holds rows which were added to tables that are not copied."""

KEPT_BYTES = 8 * 1024 * 1024
"""Bytes of columns up to which they are not read again for the next statement."""

_STAR = re.compile(r"(?<!\()\*")


@dataclass
class State:
    """What a session did to a table; put back when a transaction is rolled back.

    :param copied: whether the working copy holds all rows that the session may see.
    :param added: whether it holds rows that were added beside those of the lakehouse.
    :param columns: name -> type in our words, as the session sees them.
    :param new_columns: columns that were added.
    :param reshaped: whether a column has another type now.
    :param touched: number of the statement that wrote last; 0 for none.
    """

    copied: bool = False
    added: bool = False
    columns: dict[str, str] = field(default_factory=dict)
    new_columns: tuple[Column, ...] = ()
    reshaped: bool = False
    touched: int = 0

    @property
    def dirty(self) -> bool:
        """Tell whether the lakehouse does not hold yet what the session sees."""
        return self.touched > 0


class WorkingTable:
    """Hold one table in the working copy.

    :param connection: connection of the working copy.
    :param name: the table's name.
    :param table: it in the lakehouse; None for one that is to be made.
    :param layout: how it is made.
    :param values: partitions that the session may see; all when None.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        name: str,
        table: LakeTable | None,
        layout: Layout | None = None,
        values: Values | None = None,
    ) -> None:
        self._connection = connection
        self.name = name
        self.table = table
        self.layout = layout
        self.values = values
        self.state = State()
        #: Small tables are read once a version: the version and partitions that were read, and the columns.
        self._kept: tuple[Any, pa.Table] | None = None
        #: When it was looked at last, in the session's own count.
        self.looked = 0
        if table is not None:
            self.state.columns = {one.name: type_of(one.type) for one in table.schema()}
        elif layout is not None:
            self.state.columns = {one.name: one.type for one in layout.columns}

    @property
    def quoted(self) -> str:
        """Give the name as statements spell it."""
        return quote(self.name)

    @property
    def beside(self) -> str:
        """Give the name of what holds added rows."""
        return f"{ADDED}.{self.quoted}"

    @property
    def key(self) -> Sequence[str]:
        """Give the columns that identify a row."""
        if self.table is not None:
            return self.table.key
        return self.layout.key if self.layout else ()

    @property
    def partition(self) -> str | None:
        """Give the column by whose values files are kept apart."""
        if self.table is not None:
            return self.table.partition
        return self.layout.partition if self.layout else None

    # -- reading
    # ------------------------------------------------------------------------------------------------------

    def provide(self, sql: str, *, rows: bool = True) -> bool:
        """Let a query see the table; tell whether it was put there for this statement only.

        :param sql: the query; columns that it does not name are not read.
        :param rows: whether it asks for any rows.
        """
        if self.state.copied:
            return False
        self._connection.register(self.name, self._rows(self._named_in(sql)) if rows else self._no_rows())
        return True

    def rows(self) -> pa.Table:
        """Give all rows as the session sees them."""
        if self.state.copied:
            return self._query(f"SELECT * FROM {self.quoted}")
        return self._rows(list(self.state.columns))

    def withdraw(self) -> None:
        """Take away what :meth:`provide` put there."""
        self._connection.unregister(self.name)

    def holds(self, condition: str, sources: str, params: dict[str, Any]) -> bool:
        """Tell whether a condition holds for a row that the lakehouse has; what was added beside does not count.

        :param condition: the condition, empty for every row.
        :param sources: what else stands in FROM.
        :param params: values that it names.
        """
        if self.table is None:
            return False
        text = f"SELECT 1 FROM {self.quoted}{f', {sources}' if sources else ''}"
        text += f" WHERE {condition}" if condition else ""
        self._connection.register(self.name, self._stored(self._named_in(text)))
        try:
            found = self._connection.execute(f"{text} LIMIT 1", _used(text, params)).fetchall()
        finally:
            self.withdraw()
        return bool(found)

    def _named_in(self, sql: str) -> list[str]:
        if _STAR.search(sql):
            return list(self.state.columns)
        folded = sql.casefold()
        found = [name for name in self.state.columns if name.casefold() in folded]
        return found or list(self.state.columns)[:1]

    def _stored(self, columns: Sequence[str]) -> pa.Table:
        """Read rows of the lakehouse; times as those of the working copy, which are in UTC and do not say so."""
        assert self.table is not None
        of = (self.table.version, None if self.values is None else tuple(self.values))
        held = self._kept[1].schema.names if self._kept is not None and self._kept[0] == of else []
        if self._kept is None or not set(columns) <= set(held):
            wanted = [*held, *(one for one in columns if one not in held)]
            rows = _without_zones(self.table.read(wanted, self.values))
            self._kept = (of, rows) if rows.nbytes <= KEPT_BYTES else None
            return rows.select(list(columns))
        return self._kept[1].select(list(columns))

    def _no_rows(self) -> pa.Table:
        listed = ", ".join(
            f"CAST(NULL AS {WORKING.get(kind, kind)}) AS {quote(name)}"
            for name, kind in self.state.columns.items()
        )
        return self._query(f"SELECT {listed} WHERE false")

    def _rows(self, columns: Sequence[str]) -> pa.Table:
        import pyarrow as pa

        parts = []
        if self.table is not None:
            parts.append(self._stored(columns))
        if self.state.added:
            names = ", ".join(map(quote, columns))
            parts.append(self._query(f"SELECT {names} FROM {self.beside}").select(list(columns)))
        parts = [part.cast(parts[0].schema) for part in parts]
        return pa.concat_tables(parts)

    # -- writing
    # ------------------------------------------------------------------------------------------------------

    def table_beside(self) -> str:
        """Make room for rows that are only added, and give its name."""
        if self.state.copied:
            return self.quoted
        if not self.state.added:
            self._create(self.beside)
            self.state = replace(self.state, added=True)
        return self.beside

    def copy(self) -> None:
        """Copy the rows that the session may see, so that they can be changed."""
        if self.state.copied:
            return
        self._create(f"main.{self.quoted}")
        if self.table is not None or self.state.added:
            self._fill()
        if self.state.added:
            self._connection.execute(f"DROP TABLE {self.beside}")
        self.state = replace(self.state, copied=True, added=False)

    def _fill(self) -> None:
        names = list(self.state.columns)
        listed = ", ".join(map(quote, names))
        self._connection.register("calcom_copied", self._rows(names))
        try:
            self._connection.execute(
                f"INSERT INTO main.{self.quoted} ({listed}) SELECT {listed} FROM calcom_copied"
            )
        finally:
            self._connection.unregister("calcom_copied")

    def _create(self, where: str) -> None:
        columns = ", ".join(
            f"{quote(name)} {WORKING.get(kind, kind)}" for name, kind in self.state.columns.items()
        )
        self._connection.execute(f"CREATE TABLE {where} ({columns})")

    def look_again(self, count: int) -> None:
        """See what others wrote meanwhile, unless the session has changes of its own.

        :param count: when this is, in the session's own count.
        """
        self.looked = count
        if self.table is None or self.state.dirty:
            return
        self.discard()
        self.table.refresh()
        columns = {one.name: type_of(one.type) for one in self.table.schema()}
        if columns != self.state.columns:
            self._kept = None
        self.state = State(columns=columns)

    def discard(self) -> None:
        """Remove what the working copy holds of the table."""
        if self.state.copied:
            self._connection.execute(f"DROP TABLE main.{self.quoted}")
        if self.state.added:
            self._connection.execute(f"DROP TABLE {self.beside}")

    # -- what the session did
    # ------------------------------------------------------------------------------------------------------

    def changes(self) -> tuple[pa.Table, Values | None] | None:
        """Give the rows that take the place of stored ones, and of which partitions; None where rows are only added.

        Where the session sees many partitions, those are left out that it did not change; a table without partitions is
        replaced as a whole, or not at all.
        """
        if not self.state.copied:
            return None
        values = None if self.state.reshaped else self.values
        if values is None and self.table is not None and not self.state.reshaped:
            values = self._changed_values()
        text = f"SELECT {', '.join(map(quote, self.state.columns))} FROM {self.quoted}"
        if values is not None and self.partition:
            listed = ", ".join(map(_literal, values)) or "NULL"
            text += f" WHERE {quote(self.partition)} IN ({listed})"
        return self._query(text), values

    def added_rows(self) -> pa.Table:
        """Give the rows that were added beside."""
        return self._query(f"SELECT {', '.join(map(quote, self.state.columns))} FROM {self.beside}")

    def _changed_values(self) -> list[int | str] | None:
        """Name the partitions that the session changed; None for all rows of a table that has none, if any changed."""
        assert self.table is not None
        held = [name for name in self.table.schema().names if name in self.state.columns]
        names, column = ", ".join(map(quote, held)), quote(self.partition) if self.partition else "1"
        self._connection.register("calcom_stored", self._stored(held))
        try:
            now, before = f"SELECT {names} FROM {self.quoted}", f"SELECT {names} FROM calcom_stored"
            rows = self._connection.execute(
                f"SELECT DISTINCT {column} FROM (({now} EXCEPT ALL {before}) UNION ALL ({before} EXCEPT ALL {now}))"
            ).fetchall()
        finally:
            self._connection.unregister("calcom_stored")
        return None if rows and not self.partition else [row[0] for row in rows]

    def is_as_stored(self, fresh: LakeTable, values: Values | None) -> bool:
        """Tell whether some partitions hold the same rows as they did, in whatever files.

        :param fresh: the table as it stands now.
        :param values: the partitions.
        """
        assert self.table is not None
        if fresh.files(values) == self.table.files(values):
            return True
        names = [name for name in self.table.schema().names if name in fresh.schema().names]
        connection = self._connection
        connection.register("calcom_before", _without_zones(self.table.read(names, values)))
        connection.register("calcom_now", _without_zones(fresh.read(names, values)))
        try:
            found = connection.execute(
                "SELECT 1 FROM ((FROM calcom_before EXCEPT ALL FROM calcom_now)"
                " UNION ALL (FROM calcom_now EXCEPT ALL FROM calcom_before)) LIMIT 1"
            ).fetchall()
        finally:
            connection.unregister("calcom_before")
            connection.unregister("calcom_now")
        return not found

    def _query(self, text: str) -> pa.Table:
        return self._connection.sql(text).to_arrow_table()


def quote(name: str) -> str:
    """Quote an identifier of the working copy."""
    return '"' + name.replace('"', '""') + '"'


def _used(sql: str, params: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if re.search(rf"\${re.escape(name)}\b", sql)}


def _without_zones(rows: pa.Table) -> pa.Table:
    import pyarrow as pa
    from pyarrow import types

    fields = [
        one.with_type(pa.timestamp("us")) if types.is_timestamp(one.type) else one for one in rows.schema
    ]
    return rows.cast(pa.schema([one.with_nullable(True) for one in fields]))


def _literal(value: int | str) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"

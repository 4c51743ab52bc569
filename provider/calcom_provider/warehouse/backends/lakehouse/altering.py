"""Statements that make tables of a lakehouse and change their columns and names."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from calcom_provider.warehouse.backends.base import Session
from calcom_provider.warehouse.backends.lakehouse.columns import WORKING
from calcom_provider.warehouse.backends.lakehouse.formats import LakeFormat, Layout
from calcom_provider.warehouse.backends.lakehouse.statements import unquoted
from calcom_provider.warehouse.backends.lakehouse.working_copy import WorkingTable, quote
from calcom_provider.warehouse.errors import WarehouseError
from calcom_provider.warehouse.schema import Column, ColumnType

if TYPE_CHECKING:
    import duckdb

ORGANIZATION = "organization_id"
"""Partition column of tables that are made of a query."""

#: DuckDB's types that statements give columns -> ours; a column of nulls alone may hold texts one day.
_KINDS: dict[str, ColumnType] = {
    **{spelled: name for name, spelled in reversed(WORKING.items()) if name not in ("key", "json")},  # type: ignore[dict-item,misc]
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "HUGEINT", "UBIGINT"), "integer"),
    **dict.fromkeys(("FLOAT",), "float"),
    **dict.fromkeys(("JSON", '"NULL"'), "text"),
    **dict.fromkeys(("TIMESTAMP WITH TIME ZONE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), "timestamp"),
}


def kind_of(spelled: str) -> ColumnType:
    """Give our word for a type of DuckDB; what is none of ours is kept as text.

    :param spelled: as DuckDB names it.
    """
    return "float" if spelled.startswith("DECIMAL") else _KINDS.get(spelled, "text")


def describe_table(
    connection: duckdb.DuckDBPyConnection, name: str
) -> tuple[Sequence[Column], Sequence[str]]:
    """Give the columns and the key of a table of the working copy.

    :param connection: connection of the working copy.
    :param name: the table, in its schema ``main``.
    """
    columns = connection.execute(
        "SELECT column_name, data_type, is_nullable FROM duckdb_columns()"
        " WHERE schema_name = 'main' AND table_name = $name AND NOT internal ORDER BY column_index",
        {"name": name},
    ).fetchall()
    keys = connection.execute(
        "SELECT constraint_column_names FROM duckdb_constraints()"
        " WHERE schema_name = 'main' AND table_name = $name AND constraint_type = 'PRIMARY KEY'",
        {"name": name},
    ).fetchall()
    return [Column(one, kind_of(kind), nullable=bool(empty)) for one, kind, empty in columns], [
        column for (names,) in keys for column in names
    ]


class AlteringSession(Session):
    """Make and alter tables; what is left to do is the session's."""

    connection: duckdb.DuckDBPyConnection
    _format: LakeFormat
    _tables: dict[str, WorkingTable]
    _absent: set[str]
    _dropped: set[str]
    _open: bool

    @abstractmethod
    def knows(self, name: str) -> bool:
        """Tell whether there is a table of a name."""

    @abstractmethod
    def create(
        self, name: str, columns: Sequence[Column], key: Sequence[str], partition: str | None = None
    ) -> None:
        """Make a table unless it is there."""

    @abstractmethod
    def _run(self, text: str, values: dict[str, Any]) -> int:
        """Run a statement in the working copy."""

    @abstractmethod
    def _wrote(self, table: WorkingTable, count: int = 1) -> int:
        """Take note that a table was written."""

    @abstractmethod
    def _providing(self, text: str, *, without: WorkingTable | None = None) -> AbstractContextManager[None]:
        """Let a statement see the tables that it names."""

    @abstractmethod
    def _drop_for_good(self) -> None:
        """Remove the tables that were dropped."""

    def _create(self, name: str, rest: str, values: dict[str, Any], *, unless_there: bool) -> int:
        """Make a table of the lakehouse: the statement makes one of the working copy, which is then described."""
        if self.knows(name):
            if unless_there:
                return 0
            raise WarehouseError(f"There is a table {name} already")
        where = f"main.{quote(name)}"
        with self._providing(rest):
            self._run(f"CREATE TABLE {where} {rest}", values)
        rows: Any = None
        try:
            columns, key = describe_table(self.connection, name)
            if not rest.startswith("("):
                rows = self.connection.sql(f"SELECT * FROM {where}").to_arrow_table()
        finally:
            self._run(f"DROP TABLE {where}", {})
        self.create(name, columns, key, None if rows is None else ORGANIZATION)
        if rows is None or not rows.num_rows:
            return 0
        self.connection.register("calcom_made", rows)
        try:
            return self.execute(f"INSERT INTO {quote(name)} SELECT * FROM calcom_made")
        finally:
            self.connection.unregister("calcom_made")

    def _add_column(self, table: WorkingTable, match: re.Match[str], text: str, values: Any) -> int:
        name = unquoted(match[2])
        table.copy()
        self._run(text, values)
        made, _ = describe_table(self.connection, table.name)
        # Rows that are there hold null in it, or the default of the statement.
        column = replace(next(one for one in made if one.name == name), nullable=True)
        state = table.state
        table.state = replace(
            state, columns={**state.columns, name: column.type}, new_columns=(*state.new_columns, column)
        )
        if table.layout is not None:
            table.layout = replace(table.layout, columns=(*table.layout.columns, column))
        self._wrote(table)
        return 0

    def _retype(self, table: WorkingTable, match: re.Match[str], text: str, values: Any) -> int:
        name = unquoted(match[2])
        columns = {**table.state.columns, name: kind_of(match[3])}
        return self._reshape(table, text, columns)

    def _drop_column(self, table: WorkingTable, match: re.Match[str], text: str, values: Any) -> int:
        name = unquoted(match[2])
        return self._reshape(
            table, text, {one: kind for one, kind in table.state.columns.items() if one != name}
        )

    def _rename_column(self, table: WorkingTable, match: re.Match[str], text: str, values: Any) -> int:
        former, name = unquoted(match[2]), unquoted(match[3])
        columns = {name if one == former else one: kind for one, kind in table.state.columns.items()}
        return self._reshape(table, text, columns)

    def _reshape(self, table: WorkingTable, text: str, columns: dict[str, str]) -> int:
        """Change columns for all rows, those of other organisations too: a table has one shape."""
        if table.state.dirty and table.table is not None:
            raise WarehouseError(f"Table {table.name} was written before its columns are changed")
        table.values = None
        table.copy()
        self._run(text, {})
        table.state = replace(table.state, columns=columns, reshaped=table.table is not None)
        if table.layout is not None:
            known = {column.name: column for column in table.layout.columns}
            kept = [known.get(name) or Column(name, kind) for name, kind in columns.items()]  # type: ignore[arg-type]
            table.layout = replace(table.layout, columns=kept)
        self._wrote(table)
        return 0

    def _rename(self, table: WorkingTable, match: re.Match[str], text: str, values: Any) -> int:
        name = unquoted(match[2])
        if table.table is not None:
            return self._copy_as(table, name)
        self._run(text, values)
        del self._tables[table.name]
        self._absent.add(table.name)
        self._absent.discard(name)
        table.name = name
        self._tables[name] = table
        return 0

    def _copy_as(self, table: WorkingTable, name: str) -> int:
        """Give a stored table another name: none of the formats can, so one commit makes a copy with all its rows."""
        if table.state.dirty or self._open:
            raise WarehouseError(f"Table {table.name} is given another name outside of transactions only")
        assert table.table is not None
        rows = table.table.read(list(table.state.columns))
        columns = [Column(one, kind, one not in table.key) for one, kind in table.state.columns.items()]  # type: ignore[arg-type]
        self._format.create(name, Layout(columns, table.key, table.partition), rows)
        self._absent.discard(name)
        self._dropped.add(table.name)
        table.discard()
        del self._tables[table.name]
        self._absent.add(table.name)
        self._drop_for_good()
        return 0

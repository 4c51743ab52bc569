"""Declare the tables that the warehouse keeps: columns, keys, parents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

ColumnType = Literal["integer", "float", "text", "boolean", "timestamp", "date", "json"]
DataClass = Literal["public", "personal", "sensitive", "secret"]
#: ``blob`` is for the engine's own tables.
COLUMN_TYPES: tuple[str, ...] = ("integer", "float", "text", "boolean", "timestamp", "date", "json", "blob")
DATA_CLASSES: tuple[str, ...] = ("public", "personal", "sensitive", "secret")

#: Names that the engine adds to every table; a declared column must not begin like this.
RUN_PREFIX = "_calcom_"
HISTORY_COLUMNS = ("valid_from", "valid_to", "is_current")


@dataclass(frozen=True, slots=True)
class Column:
    """Declare one column.

    :param name: name in the warehouse, written as given (reserved words and mixed case are quoted).
    :param type: ``integer`` holds 64 bits, ``timestamp`` milliseconds in UTC, ``json`` is handed over as
        JSON text.
    :param nullable: whether the column takes NULL; key columns never do.
    :param data_class: what the value tells about people: ``public``, ``personal``, ``sensitive`` or
        ``secret``.
    :param source: dotted path of the value in the row that was read; kept for documentation.
    :param comment: one line for readers of the table.
    :param refers: column of another table that the values are from, as ``table.column`` without prefix; not
        enforced by the database.
    :param dangling: why a value may lead nowhere although nothing is wrong; empty when it must not.
    """

    name: str
    type: ColumnType
    nullable: bool = True
    data_class: DataClass = "public"
    source: str = ""
    comment: str = ""
    refers: str = ""
    dangling: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a column needs a name")
        if self.type not in COLUMN_TYPES:
            raise ValueError(f"column {self.name}: unknown type {self.type!r}")
        if self.data_class not in DATA_CLASSES:
            raise ValueError(f"column {self.name}: unknown data class {self.data_class!r}")
        if self.refers and not all(self.refers.partition(".")):
            raise ValueError(f"column {self.name}: a reference is table.column, not {self.refers!r}")
        if self.dangling and not self.refers:
            raise ValueError(f"column {self.name}: what refers to nothing cannot lead nowhere")


@dataclass(frozen=True, slots=True)
class Parent:
    """Name the table whose rows own the rows of another one.

    In a partial load the children of every parent row that was read are replaced as a set.

    :param table: name of the parent table, without prefix.
    :param columns: columns of the child that hold the parent's key, in the order of the parent's key.
    """

    table: str
    columns: tuple[str, ...]


#: What the API sent and no column is declared for; see :meth:`Table.with_extra`.
EXTRA = Column(
    "_extra", "json", data_class="sensitive", comment="Fields without a column of their own, as JSON"
)


@dataclass(frozen=True, slots=True)
class Table:
    """Declare one table.

    :param name: name without the prefix of the warehouse.
    :param columns: columns in the order in which rows are handed over.
    :param key: names of the columns that identify a row; the first ones are those of the scope.
    :param comment: one line for readers of the table.
    :param history: whether the table keeps versions by default (mode ``history``).
    :param parent: table whose rows own these rows, if any.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    comment: str = ""
    history: bool = False
    parent: Parent | None = None

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        doubled = {name for name in names if names.count(name) > 1}
        if doubled:
            raise ValueError(f"table {self.name}: columns declared twice: {', '.join(sorted(doubled))}")
        if not self.key:
            raise ValueError(f"table {self.name}: a key is needed")
        missing = [name for name in self.key if name not in names]
        if missing:
            raise ValueError(f"table {self.name}: key columns are not declared: {', '.join(missing)}")
        taken = [name for name in names if name.startswith(RUN_PREFIX) or name in HISTORY_COLUMNS]
        if taken:
            raise ValueError(f"table {self.name}: names kept for the engine: {', '.join(taken)}")
        if self.parent:
            strange = [name for name in self.parent.columns if name not in names]
            if strange:
                raise ValueError(f"table {self.name}: parent columns are not declared: {', '.join(strange)}")

    @property
    def names(self) -> tuple[str, ...]:
        """Give the names of the columns in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Find a column by its name.

        :raises KeyError: if there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def index(self, name: str) -> int:
        """Tell at which place of a row the value of a column stands."""
        return self.names.index(name)

    def with_columns(self, columns: Iterable[Column]) -> Table:
        """Give the same table with other columns (a selection, a renaming)."""
        return replace(self, columns=tuple(columns))

    def with_extra(self) -> Table:
        """Give the same table with ``_extra`` as its last column."""
        return self if EXTRA.name in self.names else replace(self, columns=(*self.columns, EXTRA))


Treatment = Literal["plain", "hashed", "kept", "left_out", "added"]
"""``kept`` is a column that is no longer written and keeps what it held, ``added`` one that nobody declared."""

HOLDING: tuple[Treatment, ...] = ("plain", "hashed", "kept", "added")
"""Treatments of columns that may hold values."""


@dataclass(frozen=True, slots=True)
class ColumnRecord:
    """Say how one column is stored.

    :param column: its declared name.
    :param stored_as: its name in the database; empty where it is left out.
    :param treatment: what is done with its values.
    :param key_check: short digest of the key that they are hashed with, empty where they are not.
    """

    column: str
    stored_as: str
    treatment: Treatment
    key_check: str = ""

    @property
    def holds(self) -> bool:
        """Tell whether the column may hold values."""
        return self.treatment in HOLDING

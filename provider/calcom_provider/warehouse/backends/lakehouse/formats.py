"""What a table format must offer to hold a lakehouse; one module a format fills it in.

A *table* is read as it stood when it was opened, whoever writes to it meanwhile, until it is told to
:meth:`~LakeTable.refresh`. Each write is one commit of its own.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from calcom_provider.errors import CalComError
from calcom_provider.warehouse.schema import Column

if TYPE_CHECKING:
    import pyarrow as pa

KEY = "calcom.key"
"""Property of a table that names the columns of its key as a JSON list."""

Values = Sequence[int | str]
"""Values of the partition column; none stands for a table that has none."""


class ConflictError(CalComError):
    """Say that another writer committed first, so that this one has to look again."""


@dataclass(frozen=True)
class Layout:
    """Say how a new table looks.

    :param columns: its columns.
    :param key: names of those that identify a row.
    :param partition: column by whose values files are kept apart; None for none.
    :param comment: one line for readers.
    """

    columns: Sequence[Column]
    key: Sequence[str]
    partition: str | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Count what maintenance did to one table.

    :param compacted: partitions whose files were written together.
    :param expired: snapshots that can't be read any more.
    :param removed: files that were deleted.
    """

    compacted: int = 0
    expired: int = 0
    removed: int = 0


class LakeTable(ABC):
    """Read and write one table.

    :param key: its property with the names of the columns that identify a row, as it was when it was made.
    :param partition: the column by whose values files are kept apart; None for none.
    """

    def __init__(self, key: str, partition: str | None) -> None:
        self.key: tuple[str, ...] = tuple(json.loads(key))
        self.partition = partition

    @property
    @abstractmethod
    def version(self) -> str:
        """Name the snapshot that is read; empty before there is one."""

    @abstractmethod
    def schema(self) -> pa.Schema:
        """Give the columns as they stood."""

    @abstractmethod
    def read(self, columns: Sequence[str], values: Values | None = None) -> pa.Table:
        """Read columns as they stood.

        :param columns: their names.
        :param values: partitions to read; all when None.
        """

    @abstractmethod
    def files(self, values: Values | None = None) -> frozenset[str]:
        """Name the files that hold the rows as they stood."""

    @abstractmethod
    def refresh(self) -> None:
        """Read the newest snapshot from here on."""

    @abstractmethod
    def append(self, rows: pa.Table) -> None:
        """Add rows.

        :raises ConflictError: when the rows can't be added to the snapshot that was read.
        """

    @abstractmethod
    def replace(self, rows: pa.Table, values: Values | None) -> None:
        """Put rows in the place of those of some partitions, or of all.

        :raises ConflictError: when other rows of these partitions were written meanwhile.
        """

    @abstractmethod
    def add_columns(self, columns: Sequence[Column]) -> None:
        """Append columns, which hold null in all rows.

        :raises ConflictError: when the table was changed meanwhile.
        """

    @abstractmethod
    def reshape(self, rows: pa.Table) -> None:
        """Put rows of other types in the place of all.

        :raises ConflictError: when the table was changed meanwhile.
        """

    @abstractmethod
    def small_files(self, below: int) -> Mapping[int | str | None, int]:
        """Count the files smaller than a size by their partition.

        :param below: bytes.
        """

    @abstractmethod
    def expire(self, hours: float) -> int:
        """Make snapshots unreadable that are older than some hours, the newest never; give their number."""

    @abstractmethod
    def remove_files(self, hours: float) -> int:
        """Delete files older than some hours that no readable snapshot names; give their number."""


class LakeFormat(ABC):
    """Find, open and make tables."""

    @abstractmethod
    def tables(self, prefix: str) -> list[str]:
        """Name the tables whose names begin with a prefix."""

    @abstractmethod
    def find(self, name: str) -> LakeTable | None:
        """Open a table; None when there is none of this name."""

    @abstractmethod
    def open(self, name: str) -> LakeTable:
        """Open a table that is there."""

    @abstractmethod
    def create(self, name: str, layout: Layout, rows: pa.Table | None = None) -> LakeTable:
        """Make a table, or open the one that another writer made at this moment.

        :param rows: what it holds from its first commit on; with them, a table that is there is an error.
        """

    @abstractmethod
    def drop(self, name: str) -> None:
        """Remove a table with all its files."""

    @abstractmethod
    def close(self) -> None:
        """Close what was opened."""


@dataclass(frozen=True)
class LakeTarget:
    """Name a lakehouse together with what must not stand in a URL.

    :param url: such as ``delta+s3://bucket/path``.
    :param options: options of the storage and of the catalog, in the words of the format's library.
    """

    url: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def get_backend_name(self) -> str:
        """Give what the URL begins with, as SQLAlchemy's URLs do."""
        return self.url.partition(":")[0].partition("+")[0]

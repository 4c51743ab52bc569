"""Hold rows as a database table would: by key, with indexes, in key order and in physical order.

Cal.com's lists come either in key order or, where nothing is sorted, in the physical order of the rows, and
there an updated row moves to the end. Both orders are kept here, so that the imitation shows the same
traps.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import Any
from zlib import crc32

Row = dict[str, Any]

_CUID_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


class Ids:
    """Make keys: rising numbers, random uuids and cuids, all from one seed.

    :param seed: seed of the random keys.
    :param start: number before the first numeric key of every sequence; None for another one each, so that
        a key of one table taken for a key of another does not go unnoticed.
    """

    def __init__(self, seed: int, start: int | None = None) -> None:
        self._random = random.Random(seed)
        self._start = start
        self._last: dict[str, int] = {}

    def last(self, sequence: str) -> int:
        """Return the last key of a sequence, or the number before its first."""
        start = crc32(sequence.encode()) % 9000 if self._start is None else self._start
        return self._last.get(sequence, start)

    def number(self, sequence: str) -> int:
        """Return the next number of a sequence."""
        value = self._last[sequence] = self.last(sequence) + 1
        return value

    def reserve(self, sequence: str, value: int) -> None:
        """Move a sequence behind a key that was set by hand."""
        self._last[sequence] = max(value, self.last(sequence))

    def uuid(self) -> str:
        """Return a UUID that follows from the seed."""
        digits = f"{self._random.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def cuid(self) -> str:
        """Return a CUID that follows from the seed."""
        return "cm" + "".join(self._random.choices(_CUID_ALPHABET, k=23))

    def token(self, length: int = 32) -> str:
        """Return a hexadecimal token that follows from the seed."""
        return f"{self._random.getrandbits(length * 4):0{length}x}"


class Table:
    """Keep the rows of one kind.

    :param ids: maker of keys.
    :param name: name of the table; also of its number sequence unless ``sequence`` is given.
    :param key: kind of the key column ``id``: ``number``, ``uuid`` or ``cuid``.
    :param indexes: columns that rows are looked up by.
    :param sequence: name of the number sequence, when two tables share one.
    """

    def __init__(
        self,
        ids: Ids,
        name: str,
        key: str = "number",
        indexes: Iterable[str] = (),
        sequence: str | None = None,
    ) -> None:
        self.name = name
        self.key = key
        self.version = 0
        self.physical = False
        self._ids = ids
        self._sequence = sequence or name
        self._rows: dict[Any, Row] = {}
        self._indexes: dict[str, dict[Any, dict[Any, Row]]] = {column: {} for column in indexes}
        self._sorted: dict[Any, tuple[int, list[Row]]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def __contains__(self, key: Any) -> bool:
        return key in self._rows

    def get(self, key: Any) -> Row | None:
        """Return the row with a key, None without one."""
        return self._rows.get(key)

    def insert(self, row: Row) -> Row:
        """Add a row, with a new key unless it brings one."""
        if "id" not in row:
            row["id"] = self._new_key()
        elif self.key == "number":
            self._ids.reserve(self._sequence, row["id"])
        self._rows[row["id"]] = row
        for column, index in self._indexes.items():
            index.setdefault(row[column], {})[row["id"]] = row
        self.version += 1
        return row

    def update(self, row: Row, **changes: Any) -> Row:
        """Change a row in place and move it to the physical end, as PostgreSQL does."""
        key = row["id"]
        for column, index in self._indexes.items():
            bucket = index[row[column]]
            bucket.pop(key)
            index.setdefault(changes.get(column, row[column]), {})[key] = row
        row.update(changes)
        self._rows[key] = self._rows.pop(key)
        self.version += 1
        return row

    def delete(self, row: Row) -> Row:
        """Delete a row and return it."""
        self._rows.pop(row["id"])
        for column, index in self._indexes.items():
            index[row[column]].pop(row["id"], None)
        self.version += 1
        return row

    def indexed(self, column: str) -> bool:
        """Tell whether rows can be looked up by a column."""
        return column in self._indexes

    def by(self, column: str, value: Any) -> list[Row]:
        """Return the rows with that value, in physical order."""
        bucket = self._indexes[column].get(value)
        return list(bucket.values()) if bucket else []

    def first(self, column: str, value: Any) -> Row | None:
        """Return the first row with a value in an indexed column."""
        bucket = self._indexes[column].get(value)
        return next(iter(bucket.values())) if bucket else None

    def has(self, column: str, value: Any) -> bool:
        """Tell whether a row has a value in an indexed column."""
        return bool(self._indexes[column].get(value))

    def ordered(self, column: str | None = None, value: Any = None) -> list[Row]:
        """Return all rows, or those with that value, in key order. Do not change the list.

        With :attr:`physical` set they come as they lie.
        """
        if self.physical:
            return list(self._rows.values()) if column is None else self.by(column, value)
        held = self._sorted.get((column, value))
        if held and held[0] == self.version:
            return held[1]
        rows = list(self._rows.values()) if column is None else self.by(column, value)
        rows.sort(key=_by_key)
        self._sorted[column, value] = (self.version, rows)
        return rows

    def _new_key(self) -> Any:
        if self.key == "number":
            return self._ids.number(self._sequence)
        return self._ids.uuid() if self.key == "uuid" else self._ids.cuid()


def _by_key(row: Row) -> Any:
    return row["id"]

"""Which columns are stored, under which name, and how: by class, by name, hashed or not at all."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.warehouse.bookkeeping.renamed_columns import former_names
from calcom_provider.warehouse.schema import EXTRA, Column, ColumnRecord, Table

#: Raised when the same rows would be shaped differently by a new release; known pages are then read again.
SHAPING = "2"

CHOICES = {"sensitive", "include", "select", "drop", "rename", "hash", "schema_evolution", "keep_dropped"}
"""What a policy can be told in plain values."""

SchemaEvolution = Literal["extra", "evolve", "freeze"]


@dataclass(frozen=True, slots=True)
class ColumnPolicy:
    """Choose what is stored of every table.

    Names are ``table.column``, or ``column`` for that column in every table. Public and personal columns are
    stored unless left out. Sensitive ones (the reason and notes of an out-of-office entry, booking answers,
    phone numbers) need `sensitive` or to be named in `include`; secrets need to be named one by one.

    :param sensitive: store sensitive columns.
    :param include: columns to store although their class would leave them out.
    :param select: only these columns (and the key) of the tables named here.
    :param drop: columns left out.
    :param rename: column -> name in the warehouse.
    :param hash: columns stored as keyed hash (HMAC-SHA256, hexadecimal); equal values stay equal.
    :param hash_key: key of the hash, at least 16 bytes.
    :param schema_evolution: what happens to fields that this version does not know: ``extra`` keeps them in
        the JSON column ``_extra``, ``evolve`` makes columns of them, ``freeze`` fails the run.
    :param keep_dropped: columns that an earlier run stored and this policy does not keep what they hold, with a
        warning in each run; by default they are emptied.
    """

    sensitive: bool = False
    include: frozenset[str] = frozenset()
    select: Mapping[str, frozenset[str]] = field(default_factory=dict)
    drop: frozenset[str] = frozenset()
    rename: Mapping[str, str] = field(default_factory=dict)
    hash: frozenset[str] = frozenset()
    hash_key: bytes = field(default=b"", repr=False)
    schema_evolution: SchemaEvolution = "extra"
    keep_dropped: bool = False

    def __post_init__(self) -> None:
        if self.hash and len(self.hash_key) < 16:
            raise ConfigurationError("Hashed columns need a key of at least 16 bytes (hash_key)")
        chosen = (f"{table}.{name}" for table, names in self.select.items() for name in names)
        named = (*self.include, *self.drop, *self.hash, *self.rename, *chosen)
        if former := former_names(named):
            told = ", ".join(f"{old} is {new}" for old, new in sorted(former.items()))
            raise ConfigurationError(f"The columns have other names since release 0.2.0: {told}.")

    @classmethod
    def of(cls, choices: Mapping[str, Any], hash_key: bytes = b"") -> ColumnPolicy:
        """Return the policy that plain values say, such as those of a file.

        :param choices: fields of the policy by name; lists for sets.
        :param hash_key: key of hashed columns.
        :raises ConfigurationError: for a choice that there is not, or a missing key.
        """
        unknown = sorted(set(choices) - CHOICES)
        if unknown:
            raise ConfigurationError(
                f"columns has no choice {unknown[0]!r}; there are {', '.join(sorted(CHOICES))}."
            )
        return cls(
            sensitive=bool(choices.get("sensitive", False)),
            include=frozenset(choices.get("include") or ()),
            select={table: frozenset(chosen) for table, chosen in (choices.get("select") or {}).items()},
            drop=frozenset(choices.get("drop") or ()),
            rename=dict(choices.get("rename") or {}),
            hash=frozenset(choices.get("hash") or ()),
            hash_key=hash_key,
            schema_evolution=choices.get("schema_evolution") or "extra",
            keep_dropped=bool(choices.get("keep_dropped", False)),
        )

    def apply(self, table: Table, *, main: bool = True) -> Stored:
        """Return the table as it is stored, with the function that hashes values where asked.

        :param table: declared table.
        :param main: the table takes the rows themselves, so unknown fields may show up in it.
        :raises ConfigurationError: when a key column would be left out or two columns get one name.
        """
        columns = [column for column in table.columns if self._keeps(table, column)]
        missing = [name for name in table.key if name not in {column.name for column in columns}]
        if missing:
            raise ConfigurationError(f"Key columns of {table.name} cannot be left out: {', '.join(missing)}")
        names = {column.name: self.stored_name(table.name, column.name) for column in columns}
        if len(set(names.values())) < len(names):
            raise ConfigurationError(f"Two columns of {table.name} would get the same name")
        stored = tuple(self._stored(table, column, names[column.name]) for column in columns)
        hashed = tuple(index for index, column in enumerate(columns) if self._named(self.hash, table, column))
        parent = table.parent and replace(
            table.parent, columns=tuple(names[name] for name in table.parent.columns)
        )
        made = replace(table, columns=stored, key=tuple(names[name] for name in table.key), parent=parent)
        return Stored(
            declared=replace(table, columns=tuple(columns)),
            table=made.with_extra() if main and self.schema_evolution != "freeze" else made,
            hashed=hashed,
            hasher=keyed_hash(self.hash_key) if hashed else None,
        )

    def records(self, table: Table, *, main: bool = True) -> list[ColumnRecord]:
        """Return how each column of a table is stored, those that are left out included.

        :param table: declared table.
        :param main: whether the table takes the rows themselves, so that unknown fields may show up in it.
        """
        found = []
        for column in table.columns:
            name, hasher = self.stored_name(table.name, column.name), self.hasher_of(table.name, column.name)
            if not self._keeps(table, column):
                found.append(ColumnRecord(column.name, "", "left_out"))
            elif hasher is not None:
                found.append(ColumnRecord(column.name, name, "hashed", key_check(self.hash_key)))
            else:
                found.append(ColumnRecord(column.name, name, "plain"))
        if main:
            left_out = self.schema_evolution == "freeze"
            found.append(ColumnRecord(EXTRA.name, *(("", "left_out") if left_out else (EXTRA.name, "plain"))))
        return found

    def stored_name(self, table: str, column: str) -> str:
        """Return the name that a column has in the warehouse.

        :param table: name of the declared table.
        :param column: declared name.
        """
        return self.rename.get(f"{table}.{column}") or self.rename.get(column) or column

    def hasher_of(self, table: str, column: str) -> Callable[[Any], str | None] | None:
        """Return the function that a column's values are hashed with, None for a plain column.

        :param table: name of the declared table.
        :param column: declared name.
        """
        hashed = column in self.hash or f"{table}.{column}" in self.hash
        return keyed_hash(self.hash_key) if hashed else None

    def fingerprint(self, table: Table) -> str:
        """Return a short text that changes whenever rows of the table would be made differently.

        :param table: declared table.
        """
        stored = self.apply(table)
        parts = [
            SHAPING,
            self.schema_evolution,
            *(f"{c.name}:{c.type}:{c.source}" for c in stored.declared.columns),
        ]
        parts += [f"={name}" for name in stored.table.names]
        if stored.hasher is not None:
            parts += [f"#{index}" for index in stored.hashed] + [stored.hasher("variant") or ""]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def _keeps(self, table: Table, column: Column) -> bool:
        if self._named(self.drop, table, column):
            return False
        chosen = self.select.get(table.name)
        if chosen is not None and column.name not in chosen and column.name not in table.key:
            return False
        if column.data_class == "secret":
            return f"{table.name}.{column.name}" in self.include
        if column.data_class == "sensitive":
            return self.sensitive or self._named(self.include, table, column)
        return True

    def _stored(self, table: Table, column: Column, name: str) -> Column:
        if self._named(self.hash, table, column):
            return replace(column, name=name, type="text", data_class="public")
        return replace(column, name=name)

    @staticmethod
    def _named(names: frozenset[str], table: Table, column: Column) -> bool:
        return column.name in names or f"{table.name}.{column.name}" in names


@dataclass(frozen=True, slots=True)
class Stored:
    """Hold a table as declared and as stored, after a policy.

    :param declared: kept columns with their declared names and types.
    :param table: the same columns as the warehouse gets them.
    :param hashed: positions of the hashed columns.
    :param hasher: the hash, None when no column is hashed.
    """

    declared: Table
    table: Table
    hashed: tuple[int, ...] = ()
    hasher: Callable[[Any], str | None] | None = field(default=None, repr=False)


def key_check(key: bytes) -> str:
    """Return a short digest by which the key of hashed columns is recognised.

    :param key: secret key, any length.
    """
    return str(keyed_hash(key)("key check"))[:16]


def keyed_hash(key: bytes) -> Callable[[Any], str | None]:
    """Return a function that hashes a value with the key; null stays null.

    :param key: secret key, any length.
    """
    prepared = hmac.new(key, digestmod=hashlib.sha256)

    def hashed(value: Any) -> str | None:
        if value is None:
            return None
        mac = prepared.copy()
        mac.update(str(value).encode("utf-8", "surrogatepass"))
        return mac.hexdigest()

    return hashed

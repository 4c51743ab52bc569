"""Find declared columns in the tables of a warehouse: under which names, hashed with which key, or not at all."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.resources import registry
from calcom_provider.resources.data_subjects import Subject
from calcom_provider.resources.policy import ColumnPolicy, key_check
from calcom_provider.sync.receipt import ErasureError
from calcom_provider.warehouse.schema import EXTRA, ColumnRecord

Catalog = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Spelling:
    """Name one column of the database that holds a declared one.

    :param name: its name in the database.
    :param hashed: whether its values are hashed.
    :param readable: whether values can be compared with it: it is not hashed, or the key of the hash is known.
    """

    name: str
    hashed: bool = False
    readable: bool = True


class StoredColumns:
    """Hold how the columns of all tables are stored, as the runs recorded it.

    :param catalog: columns of the tables that are there, by their full names.
    :param prefix: what the names of the tables begin with.
    :param records: what the runs recorded, by table and scope.
    :param unrecorded: tables with rows of a scope of which no run recorded anything.
    :param policy: how tables were stored of which nothing is recorded; None for as declared.
    :param hash_key: key of hashed columns, empty where it is not at hand.
    """

    def __init__(
        self,
        catalog: Catalog,
        prefix: str,
        records: Mapping[str, Mapping[str, list[ColumnRecord]]],
        unrecorded: Collection[str],
        policy: ColumnPolicy | None = None,
        hash_key: bytes = b"",
    ) -> None:
        self._catalog = catalog
        self._prefix = prefix
        self._records = records
        self._unrecorded = unrecorded
        self._policy = policy or ColumnPolicy()
        self._asked = policy is not None
        self.hash_key = hash_key or self._policy.hash_key

    def has(self, table: str) -> bool:
        """Tell whether a table is there.

        :param table: name without the prefix.
        """
        return self._prefix + table in self._catalog

    def of(self, table: str, column: str) -> list[Spelling]:
        """Return every column of the database that holds a declared one; several where the choice changed.

        :param table: name without the prefix.
        :param column: declared name.
        """
        held = self._catalog.get(self._prefix + table, {})
        found: dict[str, Spelling] = {}
        for record in self._all(table):
            if record.column == column and record.holds and record.stored_as in held:
                hashed = bool(record.key_check)
                known = bool(self.hash_key) and key_check(self.hash_key) == record.key_check
                found[record.stored_as] = Spelling(record.stored_as, hashed, known or not hashed)
        if table in self._unrecorded:
            name = self._policy.stored_name(table, column)
            hashed = self._policy.hasher_of(table, column) is not None
            if name in held:
                found.setdefault(name, Spelling(name, hashed))
        return list(found.values())

    def name(self, table: str, column: str) -> str:
        """Return the name of a key column, which has but one.

        :param table: name without the prefix.
        :param column: declared name.
        :raises ConfigurationError: when the table lacks it.
        """
        for spelling in self.of(table, column):
            return spelling.name
        raise ConfigurationError(f"Table {self._prefix}{table} lacks the column {column}")

    def holds_people(self, table: str, classes: Collection[str]) -> bool:
        """Tell whether a table stores columns of some classes.

        :param table: name without the prefix.
        :param classes: such as ``personal``.
        """
        columns = registry.tables()[table].columns
        return any(
            column.data_class in classes and column != EXTRA and self.of(table, column.name)
            for column in columns
        )

    def check(self, subjects: Mapping[str, Subject]) -> None:
        """Refuse tables in which the column that tells of a person may have any name.

        :param subjects: whom the rows of each table are about.
        :raises ErasureError: naming the tables.
        """
        missing = [
            f"{self._prefix}{table} ({column})"
            for table, subject in subjects.items()
            if table in self._unrecorded and self.has(table)
            for column in self._missing(table, subject)
        ]
        if missing:
            raise ErasureError(
                "Nothing was erased: it is not recorded how these tables were stored, and they lack the column by"
                f" which a person is found: {', '.join(missing)}.",
                advice="Sync them once, or say by --policy (operator: columns) how they were stored.",
            )

    def _missing(self, table: str, subject: Subject) -> Iterator[str]:
        declared = registry.tables()[table]
        kept = {column.name for column in self._policy.apply(declared).declared.columns}
        for column in dict.fromkeys(
            (*subject.user, *subject.email, *subject.clear_user, *subject.clear_email)
        ):
            # A policy that leaves the column out says that it is in no column of the table.
            left_out = self._asked and column not in kept
            sensitive = declared.column(column).data_class == "sensitive"
            if not left_out and not sensitive and not self.of(table, column):
                yield column

    def _all(self, table: str) -> Iterator[ColumnRecord]:
        for records in self._records.get(table, {}).values():
            yield from records

"""Remember how each column of a table is stored: under which name, hashed, or not at all.

What a run was told about columns is gone with the run; whoever looks for a person in the tables later reads it here.
"""

from __future__ import annotations

from collections.abc import Sequence

from calcom_provider.warehouse.backends.base import Session
from calcom_provider.warehouse.bookkeeping.migrations import COLUMNS, COLUMNS_V2
from calcom_provider.warehouse.bookkeeping.run_store import scope_text
from calcom_provider.warehouse.run import Scope
from calcom_provider.warehouse.schema import ColumnRecord


class ColumnRecords:
    """Read and write how columns are stored.

    :param session: connection to the warehouse.
    :param prefix: what the names of the tables begin with.
    """

    def __init__(self, session: Session, prefix: str) -> None:
        self._session = session
        self._name = session.backend.qualify(prefix + COLUMNS)
        #: How the columns of each table are stored, by scope, as far as somebody asked.
        self._known: dict[str, dict[str, list[ColumnRecord]]] = {}

    def all(self) -> dict[str, dict[str, list[ColumnRecord]]]:
        """Return how all columns are stored, by table and scope."""
        rows = self._session.fetch(
            "SELECT table_name, scope, column_name, stored_as, treatment, key_check"
            f" FROM {self._name} ORDER BY table_name, scope, column_name, stored_as"
        )
        found: dict[str, dict[str, list[ColumnRecord]]] = {}
        for table, scope, column, stored_as, treatment, key_check in rows:
            record = ColumnRecord(column, stored_as, treatment, key_check or "")
            found.setdefault(table, {}).setdefault(scope, []).append(record)
        return found

    def of(self, scope: Scope, table: str) -> list[ColumnRecord]:
        """Return how the columns of one table are stored in one scope.

        :param scope: column values that the rows share.
        :param table: name without the prefix.
        """
        known = self._known.get(scope_text(scope))
        if known is None:
            known = self._known[scope_text(scope)] = self._read(scope)
        return list(known.get(table, ()))

    def _read(self, scope: Scope) -> dict[str, list[ColumnRecord]]:
        """Read how the columns of all tables are stored in one scope."""
        rows = self._session.fetch(
            f"SELECT table_name, column_name, stored_as, treatment, key_check FROM {self._name}"
            " WHERE scope = :scope ORDER BY table_name, column_name, stored_as",
            {"scope": scope_text(scope)},
        )
        found: dict[str, list[ColumnRecord]] = {}
        for table, column, stored_as, treatment, check in rows:
            found.setdefault(table, []).append(ColumnRecord(column, stored_as, treatment, check or ""))
        return found

    def save(self, scope: Scope, table: str, records: Sequence[ColumnRecord], run_id: str) -> None:
        """Write how the columns of a table are stored now, in place of what was known.

        :param scope: column values that the rows share.
        :param table: name without the prefix.
        :param records: its columns.
        :param run_id: the run that stores them so.
        """
        key = {"scope": scope_text(scope), "table_name": table}
        self._known.pop(key["scope"], None)
        self._session.execute(
            f"DELETE FROM {self._name} WHERE scope = :scope AND table_name = :table_name", key
        )
        names = [column.name for column in COLUMNS_V2]
        quoted = ", ".join(map(self._session.backend.quote, names))
        places = ", ".join(f":{name}" for name in names)
        rows = [
            {
                **key,
                "column_name": record.column,
                "stored_as": record.stored_as,
                "treatment": record.treatment,
                "key_check": record.key_check or None,
                "run_id": run_id,
            }
            for record in records
        ]
        self._session.insert(f"INSERT INTO {self._name} ({quoted}) VALUES ({places})", rows)

"""Records of event syncs, which merge single rows beside the runs that read whole lists.

They stand in a table of their own: what tells how fresh a table is goes by the runs, and must not take an event sync
for one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from calcom_provider.warehouse.backends.base import Session
from calcom_provider.warehouse.rows import as_utc
from calcom_provider.warehouse.schema import Column

EVENT_SYNCS = "event_syncs"
EVENT_SYNC_COLUMNS = (
    Column("run_id", "text", nullable=False, comment="Run that wrote the rows, as in _calcom_run_id"),
    Column("scope", "text", nullable=False, comment="Whose rows, as in the records of the runs"),
    Column("dag_run_id", "text", comment="DAG run that it belonged to"),
    Column(
        "started_at", "timestamp", nullable=False, comment="Time of the event sync, as in _calcom_synced_at"
    ),
    Column("finished_at", "timestamp", nullable=False, comment="When it was published"),
    Column("changes", "integer", comment="Rows that events named and that were read again"),
    Column("rows_inserted", "integer", comment="Rows inserted"),
    Column("rows_updated", "integer", comment="Rows updated"),
    Column("rows_deleted", "integer", comment="Rows deleted"),
    Column(
        "rows_gone",
        "integer",
        comment="Of these, rows that Cal.com has no more, without those that they owned",
    ),
    Column("requests", "integer", comment="Requests sent"),
    Column("late_seconds", "float", comment="Seconds from the oldest change to its row in the table"),
)


class EventRecords:
    """Read and write the records of event syncs.

    :param session: connection of a load or patch.
    :param prefix: what the names of the tables begin with.
    :param exists: whether the table is there.
    """

    def __init__(self, session: Session, prefix: str, exists: bool) -> None:
        self._session = session
        self._name = prefix + EVENT_SYNCS
        self._exists = exists

    @property
    def _table(self) -> str:
        return self._session.backend.qualify(self._name)

    def prepare(self) -> None:
        """Make the table when it is missing; not inside of a transaction."""
        if not self._exists:
            backend = self._session.backend
            backend.create_table(self._session, self._name, EVENT_SYNC_COLUMNS, ("run_id",))
            backend.comment(self._session, self._name, "Event syncs that changed rows", EVENT_SYNC_COLUMNS)
            self._exists = True

    def newest(self, scope: str) -> datetime | None:
        """Return the time of the newest event sync of a scope; None without one.

        :param scope: as records spell it.
        """
        if not self._exists:
            return None
        return as_utc(
            self._session.value(
                f"SELECT max(started_at) FROM {self._table} WHERE scope = :scope", {"scope": scope}
            )
        )

    def gone_since(self, scope: str, moment: datetime | None) -> int:
        """Count the rows of a scope that event syncs deleted because Cal.com has them no more.

        :param scope: as records spell it.
        :param moment: since when; None for all.
        """
        asked = f"SELECT coalesce(sum(rows_gone), 0) FROM {self._table} WHERE scope = :scope"
        given: dict[str, Any] = {"scope": scope}
        if moment is not None:
            asked += " AND started_at > :moment"
            given["moment"] = self._session.backend.time(moment)
        return int(self._session.value(asked, given))

    def add(self, row: Mapping[str, Any]) -> None:
        """Write a record.

        :param row: values by column.
        """
        backend = self._session.backend
        names = [column.name for column in EVENT_SYNC_COLUMNS]
        quoted, places = ", ".join(map(backend.quote, names)), ", ".join(f":{name}" for name in names)
        values = {
            name: backend.time(value) if isinstance(value := row.get(name), datetime) else value
            for name in names
        }
        self._session.insert(f"INSERT INTO {self._table} ({quoted}) VALUES ({places})", [values])

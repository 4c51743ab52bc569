"""Count what events had missed: rows that a sync found changed, and that no stored event names."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from calcom_provider.resources.events import TABLES, EventLog, FoundRow

if TYPE_CHECKING:
    from calcom_provider.sync.reading.staging import TableSink

#: Seconds that a delivery may be on its way: a younger change is looked for once more before it counts as missed.
ON_ITS_WAY = 5.0
#: Columns of a row that accounting needs, where the table has them.
WATCHED = ("id", "form_id", "created_at", "updated_at")


@dataclass(frozen=True, slots=True)
class Missed:
    """Say what events had missed of a resource.

    :param rows: rows that the sync found changed, changed before it began to read, and no stored event names.
    :param late_seconds: seconds from the oldest of these changes to the sync that found it; 0 where the API does not
        tell when rows change.
    """

    rows: int
    late_seconds: float


class Accounting:
    """Watch the tables with triggers while a sync publishes them, then ask the log of events.

    :param log: what events have named.
    :param organization_id: whose rows.
    :param sinks: the tables of each resource.
    :param read_at: when the sync began to read.
    :param sleep: pauses.
    """

    def __init__(
        self,
        log: EventLog,
        organization_id: int,
        sinks: Mapping[str, Sequence[TableSink]],
        read_at: datetime,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._log = log
        self._organization_id = organization_id
        self._read_at = read_at
        self._sleep = sleep
        self._sinks = {name: found for name, found in sinks.items() if name in TABLES and found}
        self._watched: dict[str, dict[str, int]] = {}
        for name, found in self._sinks.items():
            self._watch(name, found)

    def count(self) -> dict[str, Missed]:
        """Count, after the tables were published; a resource that nothing can be said of is left out."""
        since = self._log.expected_since(self._organization_id)
        known = [name for name in self._sinks if self._is_known(name)]
        if since is None or not known:
            return {}
        rows = {(row.resource, row.number): row for row in self._log.uncounted(self._organization_id, known)}
        for name in known:
            rows |= {(name, row.number): row for row in self._changed(name, since)}
        missed = self._unnamed(list(rows.values()))
        # What changed after the read began may have been seen or not: it is the next sync's to count, once.
        left = {row for row in missed if self._is_later(row)}
        self._log.leave(self._organization_id, known, list(left))
        return {
            name: self._told([row for row in missed if row.resource == name and row not in left])
            for name in known
        }

    def _told(self, missed: Sequence[FoundRow]) -> Missed:
        times = [row.changed_at for row in missed if row.changed_at is not None]
        late = max((self._read_at - at).total_seconds() for at in times) if times else 0.0
        return Missed(len(missed), round(late, 3))

    def _is_later(self, row: FoundRow) -> bool:
        return row.changed_at is not None and row.changed_at >= self._read_at

    def _watch(self, name: str, sinks: Sequence[TableSink]) -> None:
        main, *children = sinks
        declared = [column.name for column in main.shaper.stored.declared.columns]
        stored = dict(zip(declared, main.shaper.table.names, strict=False))
        columns = [column for column in WATCHED if column in stored]
        self._watched[name] = {column: place for place, column in enumerate(columns)}
        main.target.watch([stored[column] for column in columns])
        if "updated" not in TABLES[name].covers:
            return
        for child in children:
            parent = child.target.table.parent
            if parent is not None:
                child.target.watch([parent.columns[-1]])

    def _is_known(self, name: str) -> bool:
        """Tell whether the table was kept before: all rows of a first read are new, and none was missed."""
        return self._sinks[name][0].target.was_kept

    def _changed(self, name: str, since: datetime) -> list[FoundRow]:
        main, *children = self._sinks[name]
        places, covers = self._watched[name], TABLES[name].covers
        rows: dict[int, FoundRow] = {}
        for is_new, values in main.target.found:
            if ("inserted" if is_new else "updated") not in covers:
                continue
            at = self._moment(values, places)
            if at is not None and at < since:
                continue
            number = int(values[places["id"]])
            form = values[places["form_id"]] if "form_id" in places else ""
            rows[number] = FoundRow(name, number, at, str(form or ""))
        for child in children:
            for _, values in child.target.found:
                # What changed at an attendee or host has no time of its own.
                rows.setdefault(int(values[0]), FoundRow(name, int(values[0])))
        return list(rows.values())

    @staticmethod
    def _moment(values: Sequence[Any], places: Mapping[str, int]) -> datetime | None:
        times = [as_moment(values[places[name]]) for name in ("created_at", "updated_at") if name in places]
        return max((one for one in times if one is not None), default=None)

    def _unnamed(self, rows: Sequence[FoundRow]) -> list[FoundRow]:
        missed = self._log.unnamed(self._organization_id, rows) if rows else []
        now = datetime.now(UTC)
        counted = [row for row in missed if not self._is_later(row)]
        ages = [(now - (row.changed_at or self._read_at)).total_seconds() for row in counted]
        wait = ON_ITS_WAY - min((age for age in ages if age >= 0), default=ON_ITS_WAY)
        if counted and wait > 0:
            self._sleep(wait)
            missed = self._log.unnamed(self._organization_id, rows)
        return missed


def as_moment(value: Any) -> datetime | None:
    """Read a time as a database gives it back; one without a zone is UTC.

    :param value: a time, its text, or None.
    """
    if value is None:
        return None
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)

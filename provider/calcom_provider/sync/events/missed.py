"""Count what events had missed: rows that a sync found changed, and that no stored event names."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from calcom_provider.resources.events import TABLES, EventLog, FoundRow
from calcom_provider.sync.reading.offers import UNCOUNTED

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

    What was found is published with the rows, among the facts, and taken from there when it is counted: a sync that
    cannot count, or is killed before it has, leaves it to the next one.

    :param log: what events have named.
    :param organization_id: whose rows.
    :param sinks: the tables of each resource, which have been read.
    :param facts: what runs tell each other, stored with what they publish; rows that nobody counted stand among it.
    :param read_at: when the sync began to read.
    :param sleep: pauses.
    :param clock: the time.
    """

    def __init__(
        self,
        log: EventLog,
        organization_id: int,
        sinks: Mapping[str, Sequence[TableSink]],
        facts: dict[str, Any],
        read_at: datetime,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._log = log
        self._organization_id = organization_id
        self._facts = facts
        self._read_at = read_at
        self._read_until = clock()
        self._sleep = sleep
        self._clock = clock
        self._sinks = {name: found for name, found in sinks.items() if name in TABLES and found}
        self._carried = [_row_of(held) for held in facts.get(UNCOUNTED, ())]
        self._rows: dict[tuple[str, int], FoundRow] = {}
        self._watched: dict[str, dict[str, int]] = {}
        for name, found in self._sinks.items():
            self._watch(name, found)

    def note(self) -> None:
        """Put what was found among the facts, when everything is compared and nothing is published yet."""
        found = [row for name in self._sinks if self._is_known(name) for row in self._changed(name)]
        self._rows = {(row.resource, row.number): row for row in (*self._carried, *found)}
        self._leave(self._rows.values())

    def count(self) -> dict[str, Missed]:
        """Count, after the tables were published; a resource that nothing can be said of is left out.

        The facts then hold what is left to the next sync; store them with the counts.
        """
        since = self._log.expected_since(self._organization_id)
        if since is None:
            self._leave([])
            return {}
        known = [name for name in self._sinks if self._is_known(name)]
        others = [row for row in self._rows.values() if row.resource not in known]
        rows = [row for row in self._rows.values() if row.resource in known]
        missed = self._unnamed([row for row in rows if row.changed_at is None or row.changed_at >= since])
        # What changed after the read began may have been seen or not: it is the next sync's to count, once.
        left = {row for row in missed if self._is_later(row)}
        self._leave([*left, *others])
        return {
            name: self._told([row for row in missed if row.resource == name and row not in left])
            for name in known
        }

    def _leave(self, rows: Iterable[FoundRow]) -> None:
        self._facts.pop(UNCOUNTED, None)
        if held := [_plain(row) for row in rows]:
            self._facts[UNCOUNTED] = held

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

    def _changed(self, name: str) -> list[FoundRow]:
        main, *children = self._sinks[name]
        places, covers = self._watched[name], TABLES[name].covers
        rows: dict[int, FoundRow] = {}
        for is_new, values in main.target.found:
            if ("inserted" if is_new else "updated") not in covers:
                continue
            number = int(values[places["id"]])
            form = values[places["form_id"]] if "form_id" in places else ""
            rows[number] = FoundRow(name, number, self._moment(values, places), str(form or ""))
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
        counted = [row for row in missed if not self._is_later(row)]
        # What does not tell when it changed may have done so until the last page was read.
        ages = [(self._clock() - (row.changed_at or self._read_until)).total_seconds() for row in counted]
        wait = ON_ITS_WAY - min((age for age in ages if age >= 0), default=ON_ITS_WAY)
        if counted and wait > 0:
            self._sleep(wait)
            missed = self._log.unnamed(self._organization_id, rows)
        return missed


def _plain(row: FoundRow) -> list[Any]:
    return [row.resource, row.number, row.changed_at.isoformat() if row.changed_at else None, row.parent]


def _row_of(held: Sequence[Any]) -> FoundRow:
    resource, number, changed_at, parent = held
    return FoundRow(resource, number, as_moment(changed_at), parent)


def as_moment(value: Any) -> datetime | None:
    """Read a time as a database gives it back; one without a zone is UTC.

    :param value: a time, its text, or None.
    """
    if value is None:
        return None
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)

"""One event sync: claim what events named, read it again, merge it, acknowledge it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, get_args

from calcom_provider import __version__
from calcom_provider.api.errors import ConfigurationError
from calcom_provider.resources import registry
from calcom_provider.resources.events import BOOKINGS, Change
from calcom_provider.sync.events.reread import Outcome, Part, Rereader
from calcom_provider.sync.options import SyncOptions
from calcom_provider.sync.reading.staging import open_sinks
from calcom_provider.warehouse import RunInfo
from calcom_provider.warehouse.loading.patch import Gone

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient
    from calcom_provider.warehouse import TableResult, Warehouse

log = logging.getLogger(__name__)

#: Rows that are read before they are merged: a long queue shows in the tables bit by bit.
BATCH = 50
#: How often a booking has to answer 404 until its row goes.
PROOFS = 2
#: Seconds until a row is looked at again that was not there, or for which the budget had no room.
AGAIN_ABSENT, AGAIN_LEFT = 30.0, 15.0
#: Share of the limit that is left to a sync that is running.
RESERVE = 0.5


class ClaimedRow(Protocol):
    """Describe a row that an event named and that this event sync has claimed."""

    @property
    def change(self) -> Change:
        """Return what the event named."""

    @property
    def absences(self) -> int:
        """Return how often it was not found so far."""


class EventQueue(Protocol):
    """Describe where events wait."""

    def claim(self, organization_id: int, owner: str, most: int = ...) -> list[Any]:
        """Claim rows that wait."""

    def acknowledge(self, organization_id: int, owner: str, rows: Sequence[Any]) -> None:
        """Note that rows were merged."""

    def note_rows(self, organization_id: int, owner: str, numbers: Mapping[Any, int]) -> None:
        """Note which rows events stand for that do not tell it themselves."""

    def defer(self, organization_id: int, owner: str, rows: Sequence[Any]) -> None:
        """Note that rows are left to the scheduled sync."""

    def put_back(
        self, organization_id: int, owner: str, rows: Sequence[Any], *, pause: float = ..., absent: bool = ...
    ) -> None:
        """Queue rows anew."""


@dataclass(slots=True)
class EventSyncResult:
    """Hold the outcome of one event sync.

    :param organization_id: whose rows.
    :param run_ids: ids in ``calcom_event_syncs``, one for each batch that was merged.
    :param changes: rows that events had named.
    :param merged: of these, rows that were read again and merged, or are there no more.
    :param left: rows that were left to a later event sync, since the budget is a running sync's.
    :param absent: bookings that answered 404 and are looked at once more.
    :param unreadable: rows that the API could not write; the scheduled sync reads around them.
    :param deferred: rows that are left to the scheduled sync: two requests did not show them, no list shows them any
        more, or a guard refused their deletion.
    :param requests: requests sent.
    :param late_seconds: seconds from the oldest change to its row in the table, 0 where nothing was merged.
    :param tables: one result for every table, all batches together.
    """

    organization_id: int
    run_ids: list[str] = field(default_factory=list)
    changes: int = 0
    merged: int = 0
    left: int = 0
    absent: int = 0
    unreadable: int = 0
    deferred: int = 0
    requests: int = 0
    late_seconds: float = 0.0
    tables: dict[str, TableResult] = field(default_factory=dict)

    @property
    def rows_changed(self) -> int:
        """Count rows inserted, updated or deleted in all tables."""
        return sum(table.inserted + table.updated + table.deleted for table in self.tables.values())

    def to_dict(self) -> dict[str, Any]:
        """Return plain values only, fit for XCom and JSON."""
        return asdict(self) | {"rows_changed": self.rows_changed}


def sync_events(
    client: CalComClient,
    warehouse: Warehouse,
    queue: EventQueue,
    *,
    owner: str,
    options: SyncOptions | None = None,
    most: int = 500,
) -> EventSyncResult:
    """Read the rows again that events named, and merge them into their tables.

    The tables must be kept by a sync with the same options. No watermark, page mark or proof of a complete read is
    moved. Rows are claimed: what a broken event sync leaves behind, its retry or a later one takes.

    :param client: open client of the API.
    :param warehouse: target of the tables.
    :param queue: where events wait.
    :param owner: names this event sync and its retries.
    :param options: as for the sync that keeps the tables.
    :param most: rows to take at most.
    :raises PatchRefusedError: when no sync has published a table yet, or with other options; the rows wait on.
    """
    organization_id = client.organization_id
    if not organization_id:
        raise ConfigurationError("Events are an organisation's, and this account belongs to none.")
    claimed = queue.claim(organization_id, owner, most)
    work = _EventSync(client, warehouse, queue, owner, options or SyncOptions(), organization_id)
    done = work.result
    done.changes = len(claimed)
    open_rows = list(claimed)
    try:
        while open_rows:
            batch = open_rows[:BATCH]
            work.take(batch)
            open_rows = open_rows[BATCH:]
    finally:
        if open_rows:
            queue.put_back(organization_id, owner, open_rows)
    return done


class _EventSync:
    def __init__(
        self,
        client: CalComClient,
        warehouse: Warehouse,
        queue: EventQueue,
        owner: str,
        options: SyncOptions,
        organization_id: int,
    ) -> None:
        self._client = client
        self._warehouse = warehouse
        self._queue = queue
        self._owner = owner
        self._options = options
        self._scope = {"organization_id": organization_id}
        self._organization_id = organization_id
        self._running = False
        self.result = EventSyncResult(organization_id)

    def take(self, batch: list[Any]) -> None:
        """Read a batch again, merge it, and say in the queue what became of each row."""
        self._running = self._warehouse.is_running(self._scope)
        first = self._client.stats.requests
        parts = Rereader(self._client, self._may_send).read(row.change for row in batch)
        requests = self._client.stats.requests - first
        outcome = {id(change): part.outcome for part in parts for change in part.changes}
        stands_for = {change: number for part in parts for change, number in part.stands_for.items()}
        # Before they are merged: a scheduled sync takes no event for another answer that stands for one in the table.
        told = {row: stands_for[id(row.change)] for row in batch if id(row.change) in stands_for}
        self._queue.note_rows(self._organization_id, self._owner, told)
        rows: dict[str, list[Any]] = {name: [] for name in (*get_args(Outcome), "gone")}
        for row in batch:
            became = outcome[id(row.change)]
            rows["gone" if became == "absent" and self._is_proven(row) else became].append(row)
        gone = {row.change.number for row in rows["gone"] if row.change.number is not None}
        merged = [*rows["read"], *rows["gone"]]
        refused = self._merge(
            [part for part in parts if part.rows], gone, [row.change for row in merged], requests
        )
        if refused:
            log.warning("Deletions are left to the scheduled sync: %s", refused)
            merged, rows["deferred"] = rows["read"], [*rows["deferred"], *rows["gone"]]
        done, org, owner = self.result, self._organization_id, self._owner
        self._queue.acknowledge(org, owner, merged)
        self._queue.defer(org, owner, [*rows["unreadable"], *rows["deferred"]])
        self._queue.put_back(org, owner, rows["absent"], pause=AGAIN_ABSENT, absent=not self._running)
        self._queue.put_back(org, owner, rows["left"], pause=AGAIN_LEFT)
        done.merged += len(merged)
        done.requests += requests
        for name in ("absent", "left", "unreadable", "deferred"):
            setattr(done, name, getattr(done, name) + len(rows[name]))

    def _is_proven(self, row: ClaimedRow) -> bool:
        # A running sync may have read the row before it went, and would bring it back.
        return row.absences + 1 >= PROOFS and not self._running

    def _may_send(self) -> bool:
        """Tell whether the budget has room: half of it is a running sync's."""
        if not self._running:
            return True
        budget = self._client.governor.snapshot()
        if budget.remaining is None or budget.limit is None:
            return not budget.blocked_for
        return budget.remaining > budget.limit * RESERVE

    def _merge(self, parts: Sequence[Part], gone: set[int], changes: Sequence[Change], requests: int) -> str:
        """Merge what was read; return why nothing was deleted, empty where a guard refused nothing."""
        if not parts and not gone:
            return ""
        run = RunInfo(
            scope=self._scope, dag_run_id=self._options.context.get("dag_run_id", ""), version=__version__
        )
        by_resource: dict[str, list[Part]] = {BOOKINGS: []} if gone else {}
        for part in parts:
            by_resource.setdefault(part.resource, []).append(part)
        with self._warehouse.patch(run) as patch:
            deletions: list[Gone] = []
            for name, found in by_resource.items():
                resource = registry.get(name)
                sinks = open_sinks(
                    patch, resource, self._options.policy, self._options.publication(resource), self._scope
                )
                for sink in sinks:
                    for part in found:
                        shaped = sink.shaper.page(part.rows, self._organization_id, part.arguments)
                        sink.target.add_columns(sink.shaper.new_columns())
                        sink.target.write(shaped)
                    sink.target.finish(complete=False, reason="single rows", partial=True)
                    if gone and name == BOOKINGS:
                        column = "id" if sink.shaper.is_main else "booking_id"
                        deletions.append(Gone(sink.target.table.name, _stored(sink, column), gone))
            oldest = min((change.occurred_at for change in changes), default=None)
            tables = patch.publish(deletions, changes=len(changes), requests=requests, oldest=oldest)
            self.result.run_ids.append(patch.run.run_id)
            self.result.late_seconds = max(self.result.late_seconds, patch.late_seconds)
        self._add(tables)
        return patch.refusal

    def _add(self, tables: Iterable[TableResult]) -> None:
        for table in tables:
            held = self.result.tables.setdefault(table.table, table)
            if held is not table:
                for name in ("rows_read", "inserted", "updated", "unchanged", "deleted"):
                    setattr(held, name, getattr(held, name) + getattr(table, name))
                held.rows_after = table.rows_after


def _stored(sink: Any, column: str) -> str:
    """Return the name of a declared column in the database."""
    names: Mapping[str, str] = dict(
        zip((one.name for one in sink.shaper.stored.declared.columns), sink.shaper.table.names, strict=False)
    )
    return names[column]

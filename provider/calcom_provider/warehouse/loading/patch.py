"""Merge single rows into tables that runs keep, beside a run that may be reading them at this moment.

A patch never says anything about a table as a whole: no state, no watermark, no page mark, no proof of a complete
read. It holds no lock while rows are read; its one transaction and that of a publishing run wait for each other.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any

from calcom_provider.warehouse.backends.base import Backend, Session
from calcom_provider.warehouse.backends.driver_errors import describe
from calcom_provider.warehouse.bookkeeping.event_records import EVENT_SYNCS, EventRecords
from calcom_provider.warehouse.bookkeeping.run_store import RunStore, scope_text
from calcom_provider.warehouse.bookkeeping.running import Running
from calcom_provider.warehouse.errors import PatchRefusedError, WarehouseError
from calcom_provider.warehouse.loading.closing import close
from calcom_provider.warehouse.loading.emptying import Emptying
from calcom_provider.warehouse.loading.layout import Layout
from calcom_provider.warehouse.loading.merge import Merge
from calcom_provider.warehouse.loading.repeating import repeated
from calcom_provider.warehouse.loading.table_load import TableLoad
from calcom_provider.warehouse.run import DeleteGuard, Deletes, Mode, RunInfo, Scope, TableResult
from calcom_provider.warehouse.schema import ColumnRecord, Table

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Gone:
    """Name rows that are to be deleted.

    :param table: table without the prefix.
    :param column: key column.
    :param keys: its values.
    """

    table: str
    column: str
    keys: set[int] = field(default_factory=set)


class Patch:
    """Hold one patch; made by :meth:`Warehouse.patch`, used as a context manager that ends without a trace."""

    def __init__(self, backend: Backend, session: Session, prefix: str, run: RunInfo) -> None:
        self.backend = backend
        self.session = session
        self.prefix = prefix
        self.run_store = RunStore(session, prefix)
        self.tables: list[TableLoad] = []
        self.catalog = backend.reflect(session, prefix)
        self._records = EventRecords(session, prefix, prefix + EVENT_SYNCS in self.catalog)
        self._records.prepare()
        #: Its own, beside that of a run that reads the same rows: it tells others that this patch is alive.
        self._lease = f"patch {uuid.uuid4().hex[:12]}"
        self._running = Running(session, prefix, run, self._lease)
        #: Seconds from the oldest change to its row in the table, once published.
        self.late_seconds = 0.0
        #: Why the rows that are gone were left, once published; empty where a guard refused nothing.
        self.refusal = ""
        backend.lock(session, prefix, run.run_id, self._lease)
        for lost in self._running.end_lost():
            self.run_store.lose(lost)
        self._running.register()
        self.run = replace(run, started_at=self._time(scope_text(run.scope)))

    def __enter__(self) -> Patch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        steps = (self.session.rollback, self._running.end, self._unlock)
        close(self.session, steps, f"Event sync {self.run.run_id}")

    def table(
        self,
        table: Table,
        *,
        resource: str,
        mode: Mode = "merge",
        deletes: Deletes = "ignore",
        guard: DeleteGuard = DeleteGuard(),
        scope: Scope | None = None,
        variant: str = "",
        columns: Sequence[ColumnRecord] = (),
        keep_dropped: bool = False,
        evolves: bool = False,
    ) -> TableLoad:
        """Begin to patch a table; the parameters are those of :meth:`Load.table`.

        :raises PatchRefusedError: when no run has published the table yet.
        """
        scope = self.run.scope if scope is None else scope
        layout = Layout(self.backend, self.prefix, table, mode=mode, deletes=deletes, scope=scope)
        existing = self.catalog.get(layout.name)
        if existing is None:
            raise PatchRefusedError(
                f"Table {layout.name} is not there yet; the first sync of {resource} makes it"
            )
        load = TableLoad(
            self.session,
            self.run_store,
            self._running,
            layout,
            existing,
            Emptying(layout),
            resource=resource,
            guard=guard,
            variant=variant,
        )
        self.tables.append(load)
        return load

    def publish(self, gone: Iterable[Gone] = (), **counts: Any) -> list[TableResult]:
        """Merge what was staged, in one transaction, and record it.

        :param gone: rows to delete, as the deletes of their table say. Where the guard of one table refuses, none of
            them is deleted, :attr:`refusal` says why, and all else is merged.
        :param counts: further columns of the record: ``changes``, ``requests``, ``oldest`` (when the oldest change
            happened).
        :raises PatchRefusedError: when the tables were last published with other choices (columns, mode); nothing
            is written.
        """
        try:
            for load in self.tables:
                # Also where nothing was staged: children that went leave no row. Not all databases make a table in a
                # transaction.
                load.stage  # noqa: B018
            removed = list(gone)
            for error in repeated(lambda: self._publish(removed, counts)):
                logger.info("Event sync %s is published anew: %s", self.run.run_id, describe(error))
        except WarehouseError:
            raise
        except Exception as error:
            raise WarehouseError(f"The rows could not be merged: {describe(error)}") from None
        return [load.result for load in self.tables]

    # -- inside the transaction
    # ----------------------------------------------------------------------------------

    def _publish(self, gone: Sequence[Gone], counts: Mapping[str, Any]) -> None:
        publishing = self.backend.publishing(self.session, self.prefix, self.run.run_id, changes_schema=False)
        with self.session.joined(), publishing:
            self.backend.tune(self.session)
            self.run_store.lock(self.run.scope)
            self._running.check()
            self._check()
            for load in self.tables:
                self._merge(load)
            self.refusal = self._refusal(gone)
            deleted = [] if self.refusal else [self._delete(one) for one in gone]
            self._record(sum(deleted), counts)

    def _check(self) -> None:
        for load in self.tables:
            name = load.layout.table.name
            published = load.stored_state().shapes.get(name)
            if published is None:
                raise PatchRefusedError(
                    f"Table {self.prefix}{name} was published by no sync of {load.resource} yet"
                )
            if load.changes or published["shape"] != load.layout.shape(load.variant):
                raise PatchRefusedError(
                    f"Table {self.prefix}{name} is kept with other columns or another mode; choose what the sync of"
                    f" {load.resource} chooses, or let it run first"
                )

    def _merge(self, load: TableLoad) -> None:
        layout, result = load.layout, load.result
        merge = self._merge_of(load)
        merge.parent = self._parent(load)
        staged = int(self.session.value(f"SELECT count(*) FROM {load.stage.name}"))
        counts = merge.count(staged, find_missing=False)
        merge.apply(counts)
        result.inserted, result.updated, result.unchanged = counts.new, counts.changed, counts.unchanged
        result.deleted = counts.orphans
        result.rows_after = counts.live + counts.new + counts.returned - counts.orphans
        if layout.table.parent is None:
            # A run that read these rows earlier, and publishes them later, leaves them as they are now.
            merge.stamp()
        if result.changed:
            # Rows moved under marks that stand for an older whole: nothing may be kept by them.
            self.run_store.forget_pages(layout.scope, load.resource, layout.table.name)

    def _merge_of(self, load: TableLoad) -> Merge:
        at = self.backend.time(self.run.started_at)
        return Merge(self.session, load.layout, load.stage.name, values={"run_id": self.run.run_id, "at": at})

    def _parent(self, load: TableLoad) -> tuple[Layout, str] | None:
        parent = load.layout.table.parent
        for other in self.tables:
            if parent and other.layout.table.name == parent.table:
                return other.layout, other.stage.name
        return None

    def _load_of(self, gone: Gone) -> TableLoad | None:
        for load in self.tables:
            if load.layout.table.name == gone.table and gone.keys and load.layout.deletes != "ignore":
                return load
        return None

    def _refusal(self, gone: Sequence[Gone]) -> str:
        """Ask the guards, as the next complete read would: what went since the last one goes with it."""
        found = [(one, load) for one in gone if (load := self._load_of(one)) is not None]
        scope = scope_text(self.run.scope)
        for one, load in found:
            merge = self._merge_of(load)
            missing = merge.count_keys(one.column, one.keys)
            # After what this patch merged and did not delete.
            live, before = merge.live(), 0
            if load.layout.table.parent is None:
                before = self._records.gone_since(scope, load.stored_state().state.full_read_at)
            refusal = load.guard.refusal(live + before, missing + before)
            if missing and refusal:
                return f"{load.layout.name}: {refusal}"
        return ""

    def _delete(self, gone: Gone) -> int:
        """Delete rows; return how many there were, 0 for those that others own."""
        load = self._load_of(gone)
        if load is None:
            return 0
        deleted = self._merge_of(load).remove_keys(gone.column, gone.keys)
        load.result.deleted += deleted
        load.result.rows_after -= deleted
        if deleted:
            self.run_store.forget_pages(load.layout.scope, load.resource, gone.table)
        return deleted if load.layout.table.parent is None else 0

    def _record(self, deleted: int, counts: Mapping[str, Any]) -> None:
        results = [load.result for load in self.tables]
        now = datetime.now(UTC)
        oldest = counts.get("oldest")
        self.late_seconds = max((now - oldest).total_seconds(), 0.0) if oldest else 0.0
        self._records.add(
            {
                "run_id": self.run.run_id,
                "scope": scope_text(self.run.scope),
                "dag_run_id": self.run.dag_run_id or None,
                "started_at": self.run.started_at,
                "finished_at": now,
                "changes": counts.get("changes"),
                "rows_inserted": sum(result.inserted for result in results),
                "rows_updated": sum(result.updated for result in results),
                "rows_deleted": sum(result.deleted for result in results),
                "rows_gone": deleted,
                "requests": counts.get("requests"),
                "late_seconds": self.late_seconds if oldest else None,
            }
        )

    # -- around it
    # -----------------------------------------------------------------------------------------------

    def _time(self, scope: str) -> datetime:
        """Return the time of this patch: after all runs that began, whose rows it may pass, and all patches."""
        now = datetime.now(UTC)
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        known = [self.run_store.newest_begin(), self._records.newest(scope)]
        newest = max((one for one in known if one is not None), default=None)
        return now if newest is None or now > newest else newest + timedelta(milliseconds=1)

    def _unlock(self) -> None:
        self.backend.unlock(self.session, self.prefix, self.run.run_id, self._lease)

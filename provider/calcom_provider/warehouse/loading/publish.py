"""Publish a run: count, ask the guards, write, record it, in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Any, Protocol

from calcom_provider.warehouse.backends import waiting
from calcom_provider.warehouse.backends.base import Backend, Session
from calcom_provider.warehouse.backends.driver_errors import describe
from calcom_provider.warehouse.bookkeeping.column_records import ColumnRecords
from calcom_provider.warehouse.bookkeeping.event_records import EventRecords
from calcom_provider.warehouse.bookkeeping.migrations import stored_version
from calcom_provider.warehouse.bookkeeping.page_marks import unpack_keys
from calcom_provider.warehouse.bookkeeping.run_store import RunStore, StoredState, scope_text
from calcom_provider.warehouse.bookkeeping.running import Running
from calcom_provider.warehouse.errors import (
    GuardExceededError,
    LeaseLostError,
    WarehouseError,
)
from calcom_provider.warehouse.loading.layout import ROW_HASH, Layout
from calcom_provider.warehouse.loading.merge import Counts, Merge
from calcom_provider.warehouse.loading.preparing import MANY_CONFLICTS, Preparation, Work
from calcom_provider.warehouse.loading.repeating import repeated
from calcom_provider.warehouse.loading.table_load import TableLoad
from calcom_provider.warehouse.run import ResourceState, RunInfo, TableResult, Waits

#: How often the tables are looked at that others change while they are about to be published.
LOOKS = 5

logger = logging.getLogger(__name__)


class LoadContext(Protocol):
    """Describe what of a load its publication needs."""

    backend: Backend
    session: Session
    prefix: str
    run: RunInfo
    run_store: RunStore
    running: Running
    event_records: EventRecords
    columns: ColumnRecords
    tables: list[TableLoad]
    watermarks: dict[str, str | None]
    catalog: dict[str, dict[str, str]]
    facts: dict[str, Any]
    waits: Waits

    @property
    def scope(self) -> str | None:
        """Give the scope whose lease the run holds; None for the tables as a whole."""

    def publishing(self, *, changes_schema: bool) -> AbstractContextManager[None]:
        """Give the transaction that publishes."""

    def record(self, load: TableLoad, error: str = "") -> dict[str, Any]:
        """Make the run record of a table."""


class Publication:
    """Publish the tables of a load.

    :param load: the load.
    :param compared: called when what was staged was compared with the tables, before the facts are written.
    """

    def __init__(self, load: LoadContext, compared: Callable[[], None] | None = None) -> None:
        self._load = load
        self._compared = compared
        self._session = load.session
        self._backend = load.backend
        self._preparation = Preparation(load)

    def preview(self) -> list[TableResult]:
        """Count only."""
        works = self._preparation.works()
        with self._session.joined():
            self._plan()
            self._preparation.index(works)
            for work in works:
                self._count(work)
        for load in self._load.tables:
            if not load.error:
                load.result.status = "preview"
        return [load.result for load in self._load.tables]

    def publish(self) -> list[TableResult]:
        """Publish; see :meth:`Load.publish`."""
        works = self._preparation.works()

        def attempt() -> None:
            with self._session.joined():
                self._attempt(works)

        load = self._load
        for error in repeated(attempt):
            load.waits.publish_retries += 1
            logger.info("Run %s is published anew: %s", load.run.run_id, describe(error))
        return [table.result for table in load.tables]

    def _attempt(self, works: list[Work]) -> None:
        """Publish once; the database may abort that."""
        in_transaction = self._backend.capabilities.transactional_ddl
        load = self._load
        changes = self._plan()
        for _ in range(LOOKS):
            if changes and not in_transaction:
                self._change_schema_alone()
            self._preparation.index(works)
            changes = changes and in_transaction
            try:
                with load.publishing(changes_schema=changes):
                    self._backend.tune(self._session)
                    # Event syncs of the same scope come before this or after it.
                    load.run_store.lock(load.run.scope)
                    if self._plan() and not changes:
                        raise _SchemaMovedError
                    self._check_right()
                    self._yield_to_events(works)
                    if changes:
                        self._change_schema()
                    self._publish(works)
                return
            except _SchemaMovedError:
                # The tables were changed, or dropped, since they were looked at.
                changes = True
        raise WarehouseError(f"The tables {load.prefix}* change again and again; nothing was published")

    def _check_right(self) -> None:
        """Refuse to publish for a run that lost its place, or its tables to a newer release."""
        load = self._load
        if not self._backend.still_locked(self._session, load.prefix, load.run.run_id, load.scope):
            raise LeaseLostError(f"Run {load.run.run_id} lost its tables to another run")
        load.running.check()
        stored_version(self._session, load.prefix)

    def _publish(self, works: list[Work]) -> None:
        self._empty_columns()
        for work in works:
            self._count(work)
        self._ask_guards(works)
        if self._compared is not None:
            self._compared()
        for work in works:
            self._write(work)
        self._end_schema_changes()
        self._record_run(works)

    def _plan(self) -> bool:
        """Look at the tables as they are now, and tell whether they have to be changed for this run."""
        load = self._load
        load.catalog = self._backend.reflect(self._session, load.prefix)
        for table in load.tables:
            if not table.error:
                table.plan(load.catalog.get(table.layout.name))
        return any(table.changes for table in load.tables if not table.error)

    def _change_schema_alone(self) -> None:
        """Change the tables before the transaction, where DDL is committed as it goes, while nobody publishes."""
        load = self._load
        holder = None
        if load.scope is not None:
            with load.waits.timed():
                holder = self._backend.lock(
                    self._session, load.prefix, load.run.run_id, wait=waiting.PATIENCE
                )
        if holder:
            raise waiting.kept_from_publishing(load.prefix, holder)
        try:
            if self._plan():
                self._check_right()
                self._change_schema()
        finally:
            if load.scope is not None:
                self._backend.unlock(self._session, load.prefix, load.run.run_id)

    def _change_schema(self) -> None:
        self._forget_rows()
        for load in self._load.tables:
            if not load.error:
                for change in load.changes:
                    change.apply(self._session)
                    if not self._backend.capabilities.transactional_ddl:
                        load.made.append(change.summary)
        for load in self._load.tables:
            self._load.catalog.setdefault(load.layout.name, {})

    def _forget_rows(self) -> None:
        """Make every row of tables whose columns change count as changed, those of other scopes too.

        It comes before the change: where DDL is committed as it goes, a run that breaks off after it would
        leave nulls that no later run could tell from what was read.
        """
        loads = [
            load
            for load in self._load.tables
            if not load.error and any(change.rewrites for change in load.changes)
        ]
        if not loads:
            return
        alone = not self._backend.capabilities.transactional_ddl
        with self._session.transaction() if alone else nullcontext():
            for load in loads:
                self._load.run_store.forget_table(load.resource, load.layout.table.name)
                self._forget_hashes(load)

    def _forget_hashes(self, load: TableLoad, where: str = "1 = 1") -> None:
        if ROW_HASH.name in self._load.catalog[load.layout.name]:
            name = self._backend.quote(ROW_HASH.name)
            self._session.execute(
                f"UPDATE {load.layout.target} SET {name} = NULL WHERE {where}",
                load.layout.scope_params if ":scope" in where else None,
            )

    def _end_schema_changes(self) -> None:
        for load in self._load.tables:
            if not load.error:
                for change in load.changes:
                    if change.after is not None:
                        change.after(self._session)

    # -- inside the transaction
    # ----------------------------------------------------------------------------------

    def _empty_columns(self) -> None:
        """Empty what is no longer stored, also where no page of the table has changed."""
        for load in self._load.tables:
            if not load.error:
                load.result.emptied = load.emptying.apply(self._session)
                if load.emptying.rewrites:
                    table = load.layout.table.name
                    self._load.run_store.forget_reads(load.layout.scope, load.resource, table)
                    self._forget_hashes(load, load.layout.in_scope())
                news = load.emptying.news(load.layout.table.columns)
                if news:
                    table = load.layout.table.name
                    self._load.columns.save(load.layout.scope, table, news, self._load.run.run_id)

    def _yield_to_events(self, works: list[Work]) -> None:
        """Leave rows as they are that an event sync read and merged after this run began."""
        newest = self._load.event_records.newest(scope_text(self._load.run.scope))
        if newest is None or newest <= self._load.run.started_at:
            return
        for work in works:
            layout = work.load.layout
            if layout.name in self._load.catalog and not layout.rewritten and layout.mode != "replace":
                work.merge.yield_to_newer(self._owner(work.load))
                work.staged = int(self._session.value(f"SELECT count(*) FROM {work.load.stage.name}"))

    def _owner(self, load: TableLoad) -> Layout | None:
        """Return the table whose rows own those of a child table, if it is there."""
        parent = load.layout.table.parent
        for other in self._load.tables:
            if parent and other.layout.table.name == parent.table and other.layout.name in self._load.catalog:
                return other.layout
        return None

    def _count(self, work: Work) -> None:
        load, merge = work.load, work.merge
        result = load.result
        if load.layout.name in self._load.catalog:
            find_missing = result.complete and not result.partial and load.layout.deletes != "ignore"
            work.counts = counts = merge.count(work.staged, find_missing)
            if load.watched and load.was_kept and not load.layout.rewritten and counts.new + counts.changed:
                load.found = merge.changed_rows(load.watched)
            if merge.keys and counts.changed:
                work.note_conflicts(merge.kept_but_changed(MANY_CONFLICTS + 1))
        else:
            work.counts = counts = Counts(staged=work.staged, new=work.staged)
        result.inserted, result.updated = counts.new, counts.changed
        result.unchanged = counts.unchanged
        result.deleted = counts.missing + counts.orphans
        result.rows_after = counts.live + counts.new + counts.returned - result.deleted
        if load.layout.mode == "replace":
            result.inserted, result.updated, result.unchanged = counts.staged, 0, 0
            result.deleted = counts.live
            result.rows_after = counts.staged

    def _ask_guards(self, works: list[Work]) -> None:
        refusals, to_confirm = [], []
        for work in works:
            counts = work.counts
            assert counts is not None
            missing = counts.missing
            if work.load.layout.mode == "replace":
                missing = max(counts.live - counts.staged, 0)
            refusal = work.load.guard.refusal(counts.live, missing)
            if refusal:
                refusals.append(f"{work.load.layout.name}: {refusal}")
                to_confirm.append(f"{work.load.layout.table.name}={missing}")
        if refusals:
            raise GuardExceededError(
                f"Nothing was published. {'; '.join(refusals)}. Look whether Cal.com really lost them; then"
                f" confirm_deletes {','.join(to_confirm)} lets one run through"
            )

    def _write(self, work: Work) -> None:
        assert work.counts is not None
        if work.load.layout.mode == "replace":
            work.merge.rewrite()
        else:
            work.merge.apply(work.counts)

    def _record_run(self, works: list[Work]) -> None:
        load = self._load
        self._save_pages(works)
        touched = {id(work.load) for work in works}
        rows = []
        for table in load.tables:
            if table.error:
                rows.append(load.record(table))
                continue
            if id(table) in touched or table.result.emptied:
                table.result.status = "published"
            rows.append(load.record(table))
        self._save_states()
        # Also without facts: the next run begins after this one, whatever its clock says.
        load.run_store.save_facts(load.run.scope, load.facts, load.run.run_id)
        status = "failed" if any(table.error for table in load.tables) else "success"
        load.run_store.end(load.run, status, rows, waits=load.waits)

    def _save_pages(self, works: list[Work]) -> None:
        run_store, run_id = self._load.run_store, self._load.run.run_id
        for work in works:
            load = work.load
            place = (load.layout.scope, load.resource, load.layout.table.name)
            result = load.result
            if not result.complete or result.partial or work.too_many_conflicts:
                # Rows moved under marks that stand for an older whole: nothing may be kept by them.
                if result.changed or work.too_many_conflicts:
                    run_store.forget_pages(*place)
                continue
            marks = {**load.kept, **load.written}
            if work.conflicts:
                marks = {k: p for k, p in marks.items() if work.conflicts.isdisjoint(unpack_keys(p.keys))}
            if load.known:
                gone = [key for key in load.known if key not in load.kept or key not in marks]
                fresh = [p for k, p in marks.items() if k not in load.kept]
                run_store.save_pages(*place, gone=gone, new=fresh, run_id=run_id)
            else:
                run_store.forget_pages(*place)
                run_store.save_pages(*place, gone=(), new=marks.values(), run_id=run_id)

    def _save_states(self) -> None:
        load, now = self._load, datetime.now(UTC)
        for resource in dict.fromkeys(table.resource for table in load.tables):
            tables = [table for table in load.tables if table.resource == resource]
            if any(table.error for table in tables):
                continue
            stored = tables[0].stored_state()
            shapes = dict(stored.shapes)
            for table in tables:
                shapes[table.layout.table.name] = {
                    "shape": table.layout.shape(table.variant),
                    "rows": table.result.rows_after,
                    **self._hashes(table, stored),
                }
            full = all(table.result.complete and not table.result.partial for table in tables)
            state = ResourceState(
                watermark=load.watermarks.get(resource, stored.state.watermark),
                rows=sum(table.result.rows_after for table in tables),
                # A run is dated after those before it, whose clock may have stood ahead; it began by now.
                full_read_at=min(load.run.started_at, now) if full else stored.state.full_read_at,
                published_at=now,
                run_id=load.run.run_id,
            )
            load.run_store.save_state(tables[0].layout.scope, resource, StoredState(state, shapes))

    def _hashes(self, table: TableLoad, stored: StoredState) -> dict[str, int | str]:
        if self._backend.capabilities.spans_tables:
            return {}
        earlier = stored.shapes.get(table.layout.table.name, {})
        if table.result.status == "unchanged" and "hashes" in earlier:
            return {"hashes": earlier["hashes"]}
        return {"hashes": Merge(self._session, table.layout, "").held()["hashes"]}


class _SchemaMovedError(WarehouseError):
    """Say that the tables are not what they were when the publication began; nothing was written."""

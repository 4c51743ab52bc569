"""Publish a run: count, ask the guards, write, account for it, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from calcom_provider.warehouse.accounts import StoredState
from calcom_provider.warehouse.errors import (
    GuardExceededError,
    IncompleteLoadError,
    LeaseLostError,
    WarehouseUsageError,
)
from calcom_provider.warehouse.layout import Layout
from calcom_provider.warehouse.merge import Counts, Merge
from calcom_provider.warehouse.pages import unpack_keys
from calcom_provider.warehouse.run import ResourceState, TableResult

if TYPE_CHECKING:
    from calcom_provider.warehouse.load import Load
    from calcom_provider.warehouse.table_load import TableLoad

#: More keys in conflict than this, and all page marks of the table are dropped instead of those that hold
#: them.
MANY_CONFLICTS = 1000


@dataclass(slots=True)
class Work:
    """What is to be published for one table."""

    load: TableLoad
    merge: Merge
    staged: int
    #: Open key values of rows that were handed over with differing contents.
    conflicts: set[tuple[Any, ...]]
    too_many_conflicts: bool = False
    counts: Counts | None = None


class Publication:
    """Publish the tables of a load."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._session = load.session
        self._backend = load.backend
        at = load.backend.time(load.run.started_at)
        self._values = {"run_id": load.run.run_id, "at": at}

    def preview(self) -> list[TableResult]:
        """Count only."""
        results = []
        for work in self._prepare():
            self._count(work)
        for load in self._load.tables:
            if not load.error:
                load.result.status = "preview"
            results.append(load.result)
        return results

    def publish(self) -> list[TableResult]:
        """Publish; see :meth:`Load.publish`."""
        works = self._prepare()
        if not self._backend.capabilities.transactional_ddl:
            self._change_schema()
        session = self._session
        session.begin()
        try:
            self._backend.tune(session)
            if not self._backend.still_locked(session, self._load.prefix, self._load.run.run_id):
                raise LeaseLostError(f"Run {self._load.run.run_id} lost its tables to another run")
            if self._backend.capabilities.transactional_ddl:
                self._change_schema()
            for work in works:
                self._count(work)
            self._ask_guards(works)
            for work in works:
                self._write(work)
            self._end_schema_changes()
            self._account(works)
            session.commit()
        except BaseException:
            session.rollback()
            raise
        return [load.result for load in self._load.tables]

    # -- before the transaction
    # ----------------------------------------------------------------------------------

    def _prepare(self) -> list[Work]:
        works = []
        for load in self._load.tables:
            if not load.finished:
                raise WarehouseUsageError(f"Table {load.layout.name} was not finished")
            if load.error:
                continue
            if load.layout.mode == "replace" and not (load.result.complete and not load.result.partial):
                raise IncompleteLoadError(
                    f"Table {load.layout.name} is to be replaced, but its read was not proven complete"
                    + (f": {load.result.reason}" if load.result.reason else "")
                )
            if load.untouched:
                self._leave(load)
            else:
                works.append(self._work(load))
        return works

    def _leave(self, load: TableLoad) -> None:
        shape = self._load.stored_state(load).shapes.get(load.layout.table.name, {})
        load.result.status = "unchanged"
        # The pages of a child table are its parent's, and so are their counts.
        load.result.rows_after = load.result.unchanged = load.result.rows_kept = int(shape.get("rows", 0))

    def _work(self, load: TableLoad) -> Work:
        layout = load.layout
        # Read what was replaced while staging only now: the last rows have been taken.
        load.result.replaced_characters = load.stage.replaced
        merge = Merge(self._session, layout, load.stage.name, parent=self._parent(load), values=self._values)
        staged = int(self._session.value(f"SELECT count(*) FROM {load.stage.name}"))
        work = Work(load, merge, staged, set())
        if staged and not load.distinct:
            self._drop_duplicates(work)
        if load.kept:
            merge.keys = self._stage_kept_keys(load)
        if self._backend.capabilities.stage_index and layout.name in self._load.catalog:
            self._backend.index_stage(self._session, load.stage, layout.table.key)
        return work

    def _parent(self, load: TableLoad) -> tuple[Layout, str] | None:
        parent = load.layout.table.parent
        if not (parent and load.result.partial):
            return None
        for other in self._load.tables:
            if other.layout.table.name == parent.table and not other.error:
                return other.layout, other.stage.name
        return None

    def _drop_duplicates(self, work: Work) -> None:
        layout, stage = work.load.layout, work.load.stage.name
        keys = layout.quoted(layout.table.key)
        distinct = self._session.value(
            f"SELECT count(*) FROM (SELECT 1 AS one FROM {stage} GROUP BY {keys}) x"
        )
        if distinct == work.staged:
            return
        digest = self._backend.quote("_calcom_row_hash")
        rows = self._session.fetch(
            f"SELECT {layout.quoted(layout.free_key)} FROM {stage} GROUP BY {keys}"
            f" HAVING count(*) > 1 AND min({digest}) <> max({digest}) LIMIT {MANY_CONFLICTS + 1}"
        )
        self._note_conflicts(work, rows)
        order = self._backend.capabilities.order
        removed = self._session.execute(
            f"DELETE FROM {stage} WHERE {order} NOT IN"
            f" (SELECT last FROM (SELECT max({order}) AS last FROM {stage} GROUP BY {keys}) x)"
        )
        work.load.result.duplicates = work.staged - int(distinct)
        assert removed in (0, work.load.result.duplicates)
        work.staged = int(distinct)

    def _stage_kept_keys(self, load: TableLoad) -> str:
        layout = load.layout
        columns = [layout.table.column(name) for name in layout.table.key]
        stage = self._backend.stage(self._session, layout.keys_name, columns, layout.table.key)
        places = {name: place for place, name in enumerate(layout.free_key)}
        for page in load.kept.values():
            keys = [
                tuple(key[places[c.name]] if c.name in places else layout.scope[c.name] for c in columns)
                for key in unpack_keys(page.keys)
            ]
            if keys:
                stage.write(keys, [0] * len(keys))
        stage.flush()
        if self._backend.capabilities.stage_index:
            self._backend.index_stage(self._session, stage, layout.table.key)
        return stage.name

    def _change_schema(self) -> None:
        for load in self._load.tables:
            if not load.error:
                for change in load.changes:
                    change.apply(self._session)
        for load in self._load.tables:
            self._load.catalog.setdefault(load.layout.name, {})

    def _end_schema_changes(self) -> None:
        for load in self._load.tables:
            if not load.error:
                for change in load.changes:
                    if change.after is not None:
                        change.after(self._session)

    # -- inside the transaction
    # ----------------------------------------------------------------------------------

    def _count(self, work: Work) -> None:
        load, merge = work.load, work.merge
        result = load.result
        if load.layout.name in self._load.catalog:
            find_missing = result.complete and not result.partial and load.layout.deletes != "ignore"
            work.counts = counts = merge.count(work.staged, find_missing)
            if merge.keys and counts.changed:
                self._note_conflicts(work, merge.kept_but_changed(MANY_CONFLICTS + 1))
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
        refusals = []
        for work in works:
            counts = work.counts
            assert counts is not None
            missing = counts.missing
            if work.load.layout.mode == "replace":
                missing = max(counts.live - counts.staged, 0)
            refusal = work.load.guard.refusal(counts.live, missing)
            if refusal:
                refusals.append(f"{work.load.layout.name}: {refusal}")
        if refusals:
            raise GuardExceededError("Nothing was published. " + "; ".join(refusals))

    def _write(self, work: Work) -> None:
        assert work.counts is not None
        if work.load.layout.mode == "replace":
            work.merge.rewrite()
        else:
            work.merge.apply(work.counts)

    def _note_conflicts(self, work: Work, rows: list[tuple[Any, ...]]) -> None:
        work.conflicts.update(rows)
        work.too_many_conflicts |= len(rows) > MANY_CONFLICTS

    def _account(self, works: list[Work]) -> None:
        load = self._load
        self._save_pages(works)
        touched = {id(work.load) for work in works}
        rows = []
        for table in load.tables:
            if table.error:
                rows.append(load.record(table))
                continue
            if id(table) in touched:
                table.result.status = "published"
            rows.append(load.record(table))
        self._save_states()
        status = "failed" if any(table.error for table in load.tables) else "success"
        load.accounts.end(load.run, status, rows)

    def _save_pages(self, works: list[Work]) -> None:
        accounts, run_id = self._load.accounts, self._load.run.run_id
        for work in works:
            load = work.load
            place = (load.layout.scope, load.resource, load.layout.table.name)
            result = load.result
            if not result.complete or result.partial or work.too_many_conflicts:
                # Rows moved under marks that stand for an older whole: nothing may be kept by them.
                if result.changed or work.too_many_conflicts:
                    accounts.forget_pages(*place)
                continue
            marks = {**load.kept, **load.written}
            if work.conflicts:
                marks = {k: p for k, p in marks.items() if work.conflicts.isdisjoint(unpack_keys(p.keys))}
            if load.known:
                gone = [key for key in load.known if key not in load.kept or key not in marks]
                fresh = [p for k, p in marks.items() if k not in load.kept]
                accounts.save_pages(*place, gone=gone, new=fresh, run_id=run_id)
            else:
                accounts.forget_pages(*place)
                accounts.save_pages(*place, gone=(), new=marks.values(), run_id=run_id)

    def _save_states(self) -> None:
        load = self._load
        for resource in dict.fromkeys(table.resource for table in load.tables):
            tables = [table for table in load.tables if table.resource == resource]
            if any(table.error for table in tables):
                continue
            stored = load.stored_state(tables[0])
            shapes = dict(stored.shapes)
            for table in tables:
                shapes[table.layout.table.name] = {
                    "shape": table.layout.shape(table.variant),
                    "rows": table.result.rows_after,
                }
            full = all(table.result.complete and not table.result.partial for table in tables)
            state = ResourceState(
                watermark=load.watermarks.get(resource, stored.state.watermark),
                rows=sum(table.result.rows_after for table in tables),
                full_read_at=load.run.started_at if full else stored.state.full_read_at,
                published_at=datetime.now(UTC),
                run_id=load.run.run_id,
            )
            load.accounts.save_state(tables[0].layout.scope, resource, StoredState(state, shapes))

"""Prepare what was staged: what is done outside of the publishing transaction, and to staging tables alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from calcom_provider.warehouse.backends.base import Backend, Session
from calcom_provider.warehouse.bookkeeping.page_marks import unpack_keys
from calcom_provider.warehouse.bookkeeping.running import Running
from calcom_provider.warehouse.errors import IncompleteLoadError, WarehouseUsageError
from calcom_provider.warehouse.loading.layout import Layout
from calcom_provider.warehouse.loading.merge import Counts, Merge
from calcom_provider.warehouse.loading.table_load import TableLoad
from calcom_provider.warehouse.run import RunInfo

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
    indexed: bool = False
    counts: Counts | None = None

    def note_conflicts(self, rows: list[tuple[Any, ...]]) -> None:
        """Add keys of rows that were handed over with differing contents."""
        self.conflicts.update(rows)
        self.too_many_conflicts |= len(rows) > MANY_CONFLICTS


class Prepared(Protocol):
    """Describe what of a load its preparation needs."""

    backend: Backend
    session: Session
    run: RunInfo
    running: Running
    tables: list[TableLoad]
    catalog: dict[str, dict[str, str]]


class Preparation:
    """Prepare the tables of a load.

    :param load: the load.
    """

    def __init__(self, load: Prepared) -> None:
        self._load = load
        self._session = load.session
        self._backend = load.backend
        at = load.backend.time(load.run.started_at)
        self._values = {"run_id": load.run.run_id, "at": at}

    def works(self) -> list[Work]:
        """Give what is to be published, for each table in which that is anything.

        :raises IncompleteLoadError: when a table is to be replaced by a read that was not proven complete.
        """
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

    def index(self, works: list[Work]) -> None:
        """Make the indexes that joins need, once there is a table to join with.

        :param works: what is to be published.
        """
        for work in works:
            load = work.load
            there = load.layout.name in self._load.catalog
            if self._backend.capabilities.stage_index and there and not work.indexed:
                self._backend.index_stage(self._session, load.stage, load.layout.table.key)
                work.indexed = True

    def _leave(self, load: TableLoad) -> None:
        shape = load.stored_state().shapes.get(load.layout.table.name, {})
        load.result.status = "unchanged"
        # The pages of a child table are its parent's, and so are their counts.
        load.result.rows_after = load.result.unchanged = load.result.rows_kept = int(shape.get("rows", 0))

    def _work(self, load: TableLoad) -> Work:
        layout = load.layout
        # Read what was replaced while staging only now: the last rows have been taken.
        load.result.replaced_characters = load.stage.replaced
        merge = Merge(self._session, layout, load.stage.name, parent=self._parent(load), values=self._values)
        staged = int(self._session.staging.value(f"SELECT count(*) FROM {load.stage.name}"))
        work = Work(load, merge, staged, set())
        if staged and not load.distinct:
            self._drop_duplicates(work)
        if load.kept:
            merge.keys = self._stage_kept_keys(load)
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
        staging = self._session.staging
        distinct = staging.value(f"SELECT count(*) FROM (SELECT 1 AS one FROM {stage} GROUP BY {keys}) x")
        if distinct == work.staged:
            return
        digest = self._backend.quote("_calcom_row_hash")
        rows = staging.fetch(
            f"SELECT {layout.quoted(layout.free_key)} FROM {stage} GROUP BY {keys}"
            f" HAVING count(*) > 1 AND min({digest}) <> max({digest}) LIMIT {MANY_CONFLICTS + 1}"
        )
        work.note_conflicts(rows)
        order = self._backend.capabilities.order
        removed = staging.execute(
            f"DELETE FROM {stage} WHERE {order} NOT IN"
            f" (SELECT last FROM (SELECT max({order}) AS last FROM {stage} GROUP BY {keys}) x)"
        )
        work.load.result.duplicates = work.staged - int(distinct)
        assert removed in (0, work.load.result.duplicates)
        work.staged = int(distinct)

    def _stage_kept_keys(self, load: TableLoad) -> str:
        layout = load.layout
        columns = [layout.table.column(name) for name in layout.table.key]
        stage = self._backend.stage(self._session, self._load.running.new_stage(), columns, layout.table.key)
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

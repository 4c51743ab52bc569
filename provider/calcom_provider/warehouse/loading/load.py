"""One run against the warehouse: its tables, what was staged for them, and their publication."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any

from calcom_provider.warehouse.backends.base import Backend, Session
from calcom_provider.warehouse.backends.driver_errors import describe, tell
from calcom_provider.warehouse.bookkeeping.column_records import ColumnRecords
from calcom_provider.warehouse.bookkeeping.event_records import EVENT_SYNCS, EventRecords
from calcom_provider.warehouse.bookkeeping.page_marks import KnownMark
from calcom_provider.warehouse.bookkeeping.run_store import COUNTERS, RunStore, StoredState, scope_text
from calcom_provider.warehouse.bookkeeping.running import Running
from calcom_provider.warehouse.bookkeeping.table_owners import claim
from calcom_provider.warehouse.errors import PublicationUnknownError, WarehouseError, WarehouseUsageError
from calcom_provider.warehouse.loading.closing import close
from calcom_provider.warehouse.loading.current_views import put_current_views
from calcom_provider.warehouse.loading.emptying import plan_emptying
from calcom_provider.warehouse.loading.layout import Layout
from calcom_provider.warehouse.loading.publish import Publication
from calcom_provider.warehouse.loading.table_load import TableLoad
from calcom_provider.warehouse.run import (
    DELETES,
    MODES,
    DeleteGuard,
    Deletes,
    Mode,
    ResourceState,
    RunInfo,
    Scope,
    TableResult,
    Waits,
)
from calcom_provider.warehouse.schema import ColumnRecord, Table

logger = logging.getLogger(__name__)


class Load:
    """Hold one run on the warehouse; made by :meth:`Warehouse.load`, used as a context manager.

    Left without :meth:`publish`, it leaves the tables as they were and a failed run record.
    """

    def __init__(
        self,
        backend: Backend,
        session: Session,
        prefix: str,
        run: RunInfo,
        tables: Collection[str] = (),
        *,
        waits: Waits,
    ) -> None:
        self.backend = backend
        self.session = session
        self.prefix = prefix
        self.run_store = RunStore(session, prefix)
        self.tables: list[TableLoad] = []
        self.watermarks: dict[str, str | None] = {}
        self.counters: dict[str, dict[str, int | float]] = {}
        self.catalog = backend.reflect(session, prefix)
        self.published = False
        self._recorded = False
        self._previewed = False
        self._states: dict[str, StoredState] | None = None
        #: What others made the run wait for so far.
        self.waits = waits
        #: Bytes for which the database bills the run, once it was published or previewed; None where it bills none.
        self.billed: int | None = None
        self.running = Running(session, prefix, run)
        for lost in self.running.end_lost():
            self.run_store.lose(lost)
        self.run_store.lose_unended(run.scope)
        self.running.register()
        self._claimed = set(tables)
        self.event_records = EventRecords(session, prefix, prefix + EVENT_SYNCS in self.catalog)
        newest = self.event_records.newest(scope_text(run.scope))
        self.run = replace(run, started_at=self.run_store.time_for(run, newest))
        self.run_store.date_before(self.run)
        self.run_store.begin(self.run)
        self.columns = ColumnRecords(session, prefix)
        #: What runs learnt about the API beside its rows, by resource, as plain values; stored when the run is
        #: published.
        self.facts: dict[str, Any] = self.run_store.facts(run.scope)
        self._published_facts: dict[str, Any] = {}

    def __enter__(self) -> Load:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        steps = [self.running.end, self._unlock]
        if not self.published and not self._recorded:
            previewed = self._previewed and error is None
            steps.insert(0, self._record_preview if previewed else lambda: self.record_failure(error))
        close(self.session, steps, f"Run {self.run.run_id}")

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
        """Begin to load a table.

        :param table: declaration of the table, with the columns in the order of the rows to come.
        :param resource: resource that the rows come from; states and run records are kept by it.
        :param mode: ``merge`` writes what changed, ``replace`` rewrites the table, ``history`` keeps
            versions.
        :param deletes: what happens to rows that a complete read no longer holds: ``ignore``, ``mark`` them,
            or ``remove`` them; where versions are kept, both close the current version.
        :param guard: how many of them may go at once.
        :param scope: column values that all rows share; those of the run by default.
        :param variant: anything that changes how rows are made from pages (a hash key, a selection): page
            marks of another variant are not offered.
        :param columns: how each column that may be stored is stored; what an earlier run stored and this one does
            not is emptied; none for a table of which nobody says so.
        :param keep_dropped: whether such columns keep what they hold, with a warning.
        :param evolves: whether columns that nobody declared are stored.
        :raises SchemaConflictError: when the table in the database does not fit, or belongs to another prefix.
        """
        if mode not in MODES or deletes not in DELETES:
            raise WarehouseUsageError(f"Table {table.name}: unknown mode {mode!r} or deletes {deletes!r}")
        if any(load.layout.table.name == table.name for load in self.tables):
            raise WarehouseUsageError(f"Table {table.name} is loaded twice in one run")
        scope = self.run.scope if scope is None else scope
        strange = [name for name in scope if name not in table.key]
        if strange:
            raise WarehouseUsageError(f"Table {table.name}: scope columns are not in its key: {strange}")
        with self.keep_open():
            if table.name not in self._claimed:
                claim(self.session, self.prefix, [table.name])
            layout = Layout(self.backend, self.prefix, table, mode=mode, deletes=deletes, scope=scope)
            self.session.confine(layout.name, layout.scope)
            existing = self.catalog.get(layout.name)
            if not set(map(str, self.run.scope.values())) <= set(map(str, scope.values())):
                raise WarehouseUsageError(f"Table {table.name}: its rows lie outside the scope of the run")
            emptying = plan_emptying(
                self.session,
                layout,
                existing or {},
                self.columns.of(scope, table.name),
                columns,
                keep=keep_dropped,
                evolves=evolves,
            )
        load = TableLoad(
            self.session,
            self.run_store,
            self.running,
            layout,
            existing,
            emptying,
            resource=resource,
            guard=guard,
            variant=variant,
        )
        self.tables.append(load)
        return load

    def keep_open(self) -> AbstractContextManager[None]:
        """Keep the database open for a block that looks up much; one that is a file is let go of otherwise."""
        return self.session.keep_open()

    def known_pages(self, resource: str) -> dict[str, KnownMark]:
        """Give the pages of the last published run by their keys.

        Ask after the tables of the resource were declared by :meth:`table`. Nothing is known when a table was
        changed since (columns, mode, rows removed by hand), or is to be replaced.

        :param resource: name of the resource.
        """
        loads = [load for load in self.tables if load.resource == resource]
        if not loads:
            raise WarehouseUsageError(f"Resource {resource} has no table in this run yet")
        with self.keep_open():
            stored = [load.stored_pages() for load in loads]
        return {
            key: page.mark
            for key, page in stored[0].items()
            if all(key in other and other[key].mark.digest == page.mark.digest for other in stored[1:])
        }

    def page_counts(self, scope: Scope) -> dict[str, dict[str, tuple[int, ...]]]:
        """Count the rows of the pages that each list held when it was last published, by resource and list.

        Unlike :meth:`known_pages` they are told also where a table changed since: they only say how long the
        lists were.

        :param scope: column values that the rows share.
        """
        return self.run_store.page_counts(scope)

    def state(self, resource: str) -> ResourceState:
        """Tell what is known about a resource.

        :param resource: name of the resource.
        """
        scopes = [dict(load.layout.scope) for load in self.tables if load.resource == resource] or [
            dict(self.run.scope)
        ]
        return self.run_store.states(scopes[0]).get(resource, StoredState()).state

    def set_watermark(self, resource: str, value: str | None) -> None:
        """Set where the next incremental read begins; stored with the data when the run is published.

        :param resource: name of the resource.
        :param value: opaque to the warehouse.
        """
        self.watermarks[resource] = value

    def count(self, resource: str, **counters: int | float) -> None:
        """Set counters of the run record: requests, retries, waits, waited_seconds, throttled, bytes.

        :param resource: name of the resource.
        """
        unknown = set(counters) - set(COUNTERS)
        if unknown:
            raise WarehouseUsageError(f"Unknown counters: {', '.join(sorted(unknown))}")
        self.counters.setdefault(resource, {}).update(counters)

    def preview(self) -> list[TableResult]:
        """Count what publishing would do, without doing it."""
        results = Publication(self).preview()
        self._previewed = True
        self.billed = self.session.billed
        return results

    def publish(self, compared: Callable[[], None] | None = None) -> list[TableResult]:
        """Publish every table of the run in one transaction, with run records, states, facts and page marks.

        :param compared: called when what was staged was compared with the tables, before the facts are written;
            again where the database has the publication repeated.
        :raises GuardExceededError: when a guard refuses a deletion; nothing of the run is published.
        :raises IncompleteLoadError: when a table is to be replaced by a read that was not proven complete.
        :raises LeaseLostError: when another run took the tables over, or people were erased while this one read.
        :raises LoadInProgressError: when somebody else keeps the tables for longer than a publication waits.
        :raises PublicationUnknownError: when the connection broke in the commit, so that nobody knows.
        """
        if self.published:
            raise WarehouseUsageError("The run was published already")
        try:
            results = Publication(self, compared).publish()
        except PublicationUnknownError:
            # What stands in the run records is right either way.
            self._recorded = True
            raise
        except BaseException as error:
            self._record_quietly(error)
            if isinstance(error, Exception) and not isinstance(error, WarehouseError | MemoryError):
                raise WarehouseError(f"Publishing failed, nothing was published: {tell(error)}") from None
            raise
        self.published = True
        self._published_facts = dict(self.facts)
        with self.session.keep_open():
            put_current_views(self.session, self)
            self._note_bill()
        return results

    def count_events(self, counts: Mapping[str, tuple[int, float]]) -> None:
        """Note what events had missed, and the facts as they are then, after both were published.

        :param counts: of each resource the rows, and the seconds from the oldest of these changes to this run.
        :raises WarehouseError: when the database refuses; nothing is written then.
        """
        if not counts and self.facts == self._published_facts:
            return
        self.session.begin()
        try:
            for resource, (missed, late_seconds) in counts.items():
                table = next(load.layout.table.name for load in self.tables if load.resource == resource)
                self.run_store.count_events(self.run.run_id, resource, table, missed, late_seconds)
            if self.facts != self._published_facts:
                self.run_store.save_facts(self.run.scope, self.facts, self.run.run_id)
            self.session.commit()
        except Exception as error:
            self.session.rollback()
            raise WarehouseError(f"What events had missed was not written: {tell(error)}") from None

    def record_failure(self, error: BaseException | None) -> None:
        """Record that the run failed; what its tables held stays as it was."""
        self._recorded = True
        self.session.rollback()
        text = "the run ended without publishing" if error is None else _message(error)
        rows = []
        for load in self.tables:
            load.result.status = "failed"
            rows.append(self.record(load, text))
        self.session.begin()
        self.run_store.end(self.run, "failed", rows, text, waits=self.waits)
        self.session.commit()

    @property
    def scope(self) -> str | None:
        """Give the scope whose lease the run holds; None for the tables as a whole."""
        return scope_text(self.run.scope) or None

    @contextmanager
    def publishing(self, *, changes_schema: bool) -> Iterator[None]:
        """Give the transaction that publishes, beside those of other scopes.

        :param changes_schema: whether tables or views are made or changed inside of it.
        """
        with ExitStack() as stack:
            with self.waits.timed():
                stack.enter_context(
                    # Nobody else publishes where the run holds the tables as a whole.
                    self.session.transaction()
                    if self.scope is None
                    else self.backend.publishing(
                        self.session, self.prefix, self.run.run_id, changes_schema=changes_schema
                    )
                )
            yield

    def _unlock(self) -> None:
        self.backend.unlock(self.session, self.prefix, self.run.run_id, self.scope)

    def _record_preview(self) -> None:
        rows = [self.record(load) for load in self.tables]
        self.session.begin()
        self.run_store.end(self.run, "preview", rows, waits=self.waits)
        self.session.commit()

    def _note_bill(self) -> None:
        """Note what the database bills for the run: its record was written by the transaction that costs most."""
        self.billed = self.session.billed
        if self.billed is None:
            return
        try:
            self.run_store.bill(self.run.run_id, self.billed)
        except Exception as trouble:
            # The tables are published, and what was billed stands in the log.
            logger.warning(
                "The bytes billed for run %s were not recorded: %s", self.run.run_id, describe(trouble)
            )

    def _record_quietly(self, error: BaseException) -> None:
        try:
            self.record_failure(error)
        except Exception as trouble:
            logger.warning("Run %s could not be recorded as failed: %s", self.run.run_id, describe(trouble))

    def record(self, load: TableLoad, error: str = "") -> dict[str, Any]:
        """Make the run record of a table; the counters of a resource stand with its first table."""
        first = next(other for other in self.tables if other.resource == load.resource)
        before = load.stored_state().state.watermark
        more: dict[str, Any] = dict(self.counters.get(load.resource, {})) if first is load else {}
        more["watermark_before"] = before
        more["watermark_after"] = self.watermarks.get(load.resource, before)
        more["error"] = load.error or error or None
        return self.run_store.table_row(self.run, load.result, load.layout.scope, more)


def _message(error: BaseException) -> str:
    """Give the text of an error for the record; a foreign error may quote data, so only its name is kept."""
    if type(error).__module__.startswith("calcom_provider."):
        return f"{type(error).__name__}: {error}"
    return describe(error)

"""One run against the warehouse: its tables, what was staged for them, and their publication."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any

from calcom_provider.warehouse.accounts import COUNTERS, Accounts, StoredPage, StoredState
from calcom_provider.warehouse.backend import Backend, Session
from calcom_provider.warehouse.errors import WarehouseError, WarehouseUsageError
from calcom_provider.warehouse.evolution import plan_changes, plan_columns
from calcom_provider.warehouse.layout import KEYS_SUFFIX, STAGE_SUFFIX, Layout
from calcom_provider.warehouse.merge import Merge
from calcom_provider.warehouse.pages import KnownMark
from calcom_provider.warehouse.publish import Publication
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
)
from calcom_provider.warehouse.schema import Column, Table
from calcom_provider.warehouse.table_load import TableLoad, describe

logger = logging.getLogger(__name__)

HEARTBEAT = 60.0


class Load:
    """Hold one run on the warehouse; made by :meth:`Warehouse.load`, used as a context manager.

    Left without :meth:`publish`, it leaves the tables as they were and a failed run record.
    """

    def __init__(self, backend: Backend, session: Session, prefix: str, run: RunInfo) -> None:
        self.backend = backend
        self.session = session
        self.prefix = prefix
        self.accounts = Accounts(session, prefix)
        self.tables: list[TableLoad] = []
        self.watermarks: dict[str, str | None] = {}
        self.counters: dict[str, dict[str, int | float]] = {}
        self.catalog = backend.reflect(session, prefix)
        self.published = False
        self._recorded = False
        self._previewed = False
        self._states: dict[str, StoredState] | None = None
        self._beat = time.monotonic()
        self._drop_leftovers()
        self.run = replace(run, started_at=self.accounts.time_for(run))
        self.accounts.begin(self.run)

    def __enter__(self) -> Load:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        steps = [self._drop_stages, lambda: self.backend.unlock(self.session, self.prefix, self.run.run_id)]
        if not self.published and not self._recorded:
            previewed = self._previewed and error is None
            steps.insert(0, self._record_preview if previewed else lambda: self.record_failure(error))
        try:
            for step in steps:
                try:
                    step()
                except Exception as trouble:
                    # The connection is gone, and with it the lock; the next run finds this one lost.
                    logger.warning("Run %s could not be closed: %s", self.run.run_id, describe(trouble))
        finally:
            self.session.close()

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
    ) -> TableLoad:
        """Begin to load a table.

        :param table: Declaration of the table, with the columns in the order of the rows to come.
        :param resource: Resource that the rows come from; states and run records are kept by it.
        :param mode: ``merge`` writes what changed, ``replace`` rewrites the table, ``history`` keeps
            versions.
        :param deletes: What happens to rows that a complete read no longer holds: ``ignore``, ``mark`` them,
            or ``remove`` them; where versions are kept, both close the current version.
        :param guard: How many of them may go at once.
        :param scope: Column values that all rows share; those of the run by default.
        :param variant: Anything that changes how rows are made from pages (a hash key, a selection): page
            marks of another variant are not offered.
        :raises SchemaConflictError: when the table in the database does not fit.
        """
        if mode not in MODES or deletes not in DELETES:
            raise WarehouseUsageError(f"Table {table.name}: unknown mode {mode!r} or deletes {deletes!r}")
        if any(load.layout.table.name == table.name for load in self.tables):
            raise WarehouseUsageError(f"Table {table.name} is loaded twice in one run")
        scope = self.run.scope if scope is None else scope
        strange = [name for name in scope if name not in table.key]
        if strange:
            raise WarehouseUsageError(f"Table {table.name}: scope columns are not in its key: {strange}")
        layout = Layout(self.backend, self.prefix, table, mode=mode, deletes=deletes, scope=scope)
        changes = plan_changes(layout, self.catalog.get(layout.name))
        load = TableLoad(
            self,
            self.session,
            layout,
            resource=resource,
            guard=guard,
            variant=variant,
            changes=changes,
        )
        load.result.schema_changes = [change.summary for change in changes]
        self.tables.append(load)
        return load

    def known_pages(self, resource: str) -> dict[str, KnownMark]:
        """Give the pages of the last published run by their keys.

        Ask after the tables of the resource were declared by :meth:`table`. Nothing is known when a table was
        changed since (columns, mode, rows removed by hand), or is to be replaced.

        :param resource: Name of the resource.
        """
        loads = [load for load in self.tables if load.resource == resource]
        if not loads:
            raise WarehouseUsageError(f"Resource {resource} has no table in this run yet")
        stored = [self.stored_pages(load) for load in loads]
        return {
            key: page.mark
            for key, page in stored[0].items()
            if all(key in other and other[key].mark.digest == page.mark.digest for other in stored[1:])
        }

    def stored_pages(self, load: TableLoad) -> dict[str, StoredPage]:
        """Give the page marks that a table can keep pages by."""
        if load.known is None:
            load.known = {}
            shape = self.stored_state(load).shapes.get(load.layout.table.name)
            exists = load.layout.name in self.catalog and not load.changes
            if exists and load.layout.mode != "replace" and shape:
                held = Merge(self.session, load.layout, "").live()
                if shape == {"shape": load.layout.shape(load.variant), "rows": held}:
                    load.known = self.accounts.pages(load.layout.scope, load.resource, load.layout.table.name)
        return load.known

    def stored_state(self, load: TableLoad) -> StoredState:
        """Give the state of a table's resource."""
        return self.accounts.states(load.layout.scope).get(load.resource, StoredState())

    def state(self, resource: str) -> ResourceState:
        """Tell what is known about a resource.

        :param resource: Name of the resource.
        """
        scopes = [dict(load.layout.scope) for load in self.tables if load.resource == resource] or [
            dict(self.run.scope)
        ]
        return self.accounts.states(scopes[0]).get(resource, StoredState()).state

    def set_watermark(self, resource: str, value: str | None) -> None:
        """Set where the next incremental read begins; stored with the data when the run is published.

        :param resource: Name of the resource.
        :param value: Opaque to the warehouse.
        """
        self.watermarks[resource] = value

    def account(self, resource: str, **counters: int | float) -> None:
        """Set counters of the run record: requests, retries, waits, waited_seconds, throttled, bytes.

        :param resource: Name of the resource.
        """
        unknown = set(counters) - set(COUNTERS)
        if unknown:
            raise WarehouseUsageError(f"Unknown counters: {', '.join(sorted(unknown))}")
        self.counters.setdefault(resource, {}).update(counters)

    def preview(self) -> list[TableResult]:
        """Count what publishing would do, without doing it."""
        results = Publication(self).preview()
        self._previewed = True
        return results

    def publish(self) -> list[TableResult]:
        """Publish every table of the run in one transaction, with run records, states and page marks.

        :raises GuardExceededError: when a guard refuses a deletion; nothing of the run is published.
        :raises IncompleteLoadError: when a table is to be replaced by a read that was not proven complete.
        :raises LeaseLostError: when another run took the tables over.
        """
        if self.published:
            raise WarehouseUsageError("The run was published already")
        try:
            results = Publication(self).publish()
        except BaseException as error:
            self._record_quietly(error)
            if isinstance(error, Exception) and not isinstance(error, WarehouseError | MemoryError):
                raise WarehouseError(f"Publishing failed, nothing was published: {describe(error)}") from None
            raise
        self.published = True
        return results

    def check_new_columns(self, load: TableLoad, columns: Sequence[Column]) -> None:
        """Note what a table needs for columns that appear while it is loaded."""
        changes = plan_columns(load.layout, self.catalog.get(load.layout.name), columns)
        load.changes += changes
        load.result.schema_changes += [change.summary for change in changes]

    def heartbeat(self) -> None:
        """Keep the lease from ending while the run works."""
        if time.monotonic() - self._beat > HEARTBEAT:
            self._beat = time.monotonic()
            self.backend.renew(self.session, self.prefix, self.run.run_id)

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
        self.accounts.end(self.run, "failed", rows, text)
        self.session.commit()

    def _record_preview(self) -> None:
        rows = [self.record(load) for load in self.tables]
        self.session.begin()
        self.accounts.end(self.run, "preview", rows)
        self.session.commit()

    def _record_quietly(self, error: BaseException) -> None:
        try:
            self.record_failure(error)
        except Exception as trouble:
            logger.warning("Run %s could not be recorded as failed: %s", self.run.run_id, describe(trouble))

    def record(self, load: TableLoad, error: str = "") -> dict[str, Any]:
        """Make the run record of a table; the counters of a resource stand with its first table."""
        first = next(other for other in self.tables if other.resource == load.resource)
        before = self.stored_state(load).state.watermark
        more: dict[str, Any] = dict(self.counters.get(load.resource, {})) if first is load else {}
        more["watermark_before"] = before
        more["watermark_after"] = self.watermarks.get(load.resource, before)
        more["error"] = load.error or error or None
        return self.accounts.table_row(self.run, load.result, load.layout.scope, more)

    def _drop_leftovers(self) -> None:
        for name in [n for n in self.catalog if n.endswith((STAGE_SUFFIX, KEYS_SUFFIX))]:
            self.backend.drop_stage(self.session, name)
            del self.catalog[name]

    def _drop_stages(self) -> None:
        for load in self.tables:
            if load.is_staged:
                self.backend.drop_stage(self.session, load.layout.stage_name)
            if load.kept:
                self.backend.drop_stage(self.session, load.layout.keys_name)


def _message(error: BaseException) -> str:
    """Give the text of an error for the record; a foreign error may quote data, so only its name is kept."""
    if type(error).__module__.startswith("calcom_provider."):
        return f"{type(error).__name__}: {error}"
    return describe(error)

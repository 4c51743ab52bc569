"""Stage the rows of one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from calcom_provider.warehouse.backends.base import Session, Stage
from calcom_provider.warehouse.backends.driver_errors import explain, tell
from calcom_provider.warehouse.bookkeeping.page_marks import KeyValue, PageMark, pack_keys
from calcom_provider.warehouse.bookkeeping.run_store import RunStore, StoredPage, StoredState
from calcom_provider.warehouse.bookkeeping.running import Running
from calcom_provider.warehouse.errors import WarehouseError, WarehouseUsageError
from calcom_provider.warehouse.loading.emptying import Emptying
from calcom_provider.warehouse.loading.evolution import SchemaChange, plan_changes, plan_columns
from calcom_provider.warehouse.loading.layout import DELETED_AT, IS_CURRENT, Layout
from calcom_provider.warehouse.loading.merge import Merge
from calcom_provider.warehouse.rows import hash_rows
from calcom_provider.warehouse.run import DeleteGuard, Scope, TableResult
from calcom_provider.warehouse.schema import Column


class TableLoad:
    """Stage the rows of one table; made by :meth:`Load.table`.

    Rows may be handed over in any order and more than once: the last one of a key wins. Calls must not
    overlap.
    """

    def __init__(
        self,
        session: Session,
        run_store: RunStore,
        running: Running,
        layout: Layout,
        existing: Mapping[str, str] | None,
        emptying: Emptying,
        *,
        resource: str,
        guard: DeleteGuard,
        variant: str,
    ) -> None:
        self.layout = layout
        self.emptying = emptying
        self.resource = resource
        self.guard = guard
        self.variant = variant
        self.changes: list[SchemaChange] = []
        #: What was changed already, in words; where DDL is committed as it goes, a repeated publication finds it done.
        self.made: list[str] = []
        self.result = TableResult(resource, layout.table.name, layout.mode, layout.deletes)
        self.error = ""
        self.finished = False
        #: Marks of the pages of this run: written ones with their keys, kept ones as they were stored.
        self.written: dict[str, StoredPage] = {}
        self.kept: dict[str, StoredPage] = {}
        #: Marks of the last published run; None until somebody asks.
        self.known: dict[str, StoredPage] | None = None
        #: Whether the order of the keys proves that none was staged twice.
        self.distinct = True
        #: Columns whose values are wanted of rows that change, and those values, each with whether the row is new.
        self.watched: tuple[str, ...] = ()
        self.found: list[tuple[bool, tuple[Any, ...]]] = []
        #: Whether the table was published before, as far as anybody watched.
        self.was_kept = False
        self._session = session
        self._run_store = run_store
        self._running = running
        self._existing = existing
        self._stage: Stage | None = None
        self._highest: Any = None
        self._last: tuple[Any, ...] | None = None
        self._free = [layout.table.index(name) for name in layout.free_key]
        self._scoped = [(layout.table.index(name), value) for name, value in layout.scope.items()]
        self.plan(existing)
        self.result.emptied = emptying.rows

    @property
    def table(self) -> Any:
        """Give the declaration as it stands now."""
        return self.layout.table

    @property
    def rewritten(self) -> bool:
        """Tell whether every row has to be read and written, because the table's columns change."""
        return self.layout.rewritten

    @property
    def stage(self) -> Stage:
        """Give the staging table, made when it is first needed."""
        if self._stage is None:
            self._stage = self._session.backend.stage(
                self._session, self._running.new_stage(), self.layout.table.columns, self.layout.table.key
            )
        return self._stage

    def watch(self, columns: Sequence[str]) -> None:
        """Ask for the values of some columns in the rows that will have changed; they are in ``found`` then.

        :param columns: columns of the table.
        """
        self.watched = tuple(columns)
        name = self.layout.table.name
        self.was_kept = self._existing is not None and name in self.stored_state().shapes

    def stored_state(self) -> StoredState:
        """Give the state of the table's resource as it was last published."""
        return self._run_store.states(self.layout.scope).get(self.resource, StoredState())

    def stored_pages(self) -> dict[str, StoredPage]:
        """Give the page marks that the table can keep pages by."""
        if self.known is None:
            self.known = {}
            layout = self.layout
            shape = self.stored_state().shapes.get(layout.table.name)
            known = self._existing is not None and not self.changes and not layout.rewritten
            if known and layout.mode != "replace" and shape:
                held = Merge(self._session, layout, "").held()
                if shape == {"shape": layout.shape(self.variant), **held}:
                    self.known = self._run_store.pages(layout.scope, self.resource, layout.table.name)
        return self.known

    def held(self, columns: Sequence[str] = ()) -> dict[tuple[Any, ...], tuple[int, Any]]:
        """Tell how many rows the table holds now, and the last column of the key of one of them.

        :param columns: columns that tell the rows of one list from those of others; the result has an entry for
            each combination of their values.
        """
        existing = self._existing or {}
        needed = {*columns, self.layout.table.key[-1]}
        needed |= {one.name for one in self.layout.run_columns if one in (IS_CURRENT, DELETED_AT)}
        if not needed <= existing.keys():
            return {}
        return Merge(self._session, self.layout, "").live_by(columns)

    def write(self, rows: Sequence[tuple[Any, ...]], page: PageMark | None = None) -> None:
        """Stage rows.

        :param rows: tuples in the order of the table's columns; JSON as text, timestamps as aware datetimes
            or as ISO 8601 text the way they were received, dates as dates or ISO text.
        :param page: the page that the rows are, when it should be known to the next run.
        :raises WarehouseError: when the database refuses a row.
        """
        self._check_open()
        columns = [[row[place] for row in rows] for place in self._free]
        if rows:
            self._check_first(rows[0])
            # Neighbouring pages may share a row; staged twice it would cost a search for doubles in the end.
            again = int(rows[0] == self._last)
            self._last = rows[-1]
            fresh = rows[again:]
            if fresh:
                self._guarded(lambda: self.stage.write(fresh, hash_rows(fresh)))
            self.result.rows_read += len(fresh)
            if fresh and self.distinct:
                self.distinct = self._rises([keys[again:] for keys in columns] if again else columns)
        if page is not None:
            self.kept.pop(page.key, None)
            self.written[page.key] = StoredPage(page, pack_keys(columns))

    def keep(self, page: PageMark) -> None:
        """Keep the rows of a page that did not change since the last published run.

        :param page: the page, by its key; it must be one of :meth:`Load.known_pages`.
        :raises WarehouseUsageError: when the page is not known.
        """
        self._check_open()
        known = self.stored_pages().get(page.key)
        if known is None or known.mark.digest != page.digest:
            raise WarehouseUsageError(
                f"Table {self.layout.name}: page {page.key} is not known, so its rows must be written"
            )
        self.written.pop(page.key, None)
        self.kept[page.key] = known

    def restart(self, list_key: str = "", scope: Scope | None = None) -> None:
        """Drop what was staged for a list whose reading begins again.

        :param list_key: the list, as its page marks name it; all pages of the table when empty.
        :param scope: column values that the rows of the list share; all staged rows when empty.
        :raises WarehouseUsageError: when rows of other lists would be dropped with it.
        """
        self._check_open()
        others = {page.mark.list_key for page in (*self.written.values(), *self.kept.values())} - {list_key}
        if list_key and others and not scope:
            raise WarehouseUsageError(
                f"Table {self.layout.name}: rows of list {list_key} cannot be told from those of other lists"
            )
        for marks in (self.written, self.kept):
            for key in [k for k, p in marks.items() if not list_key or p.mark.list_key == list_key]:
                del marks[key]
        if self._stage is not None:
            self.stage.flush()
            quote = self.layout.backend.quote
            where = " AND ".join(f"{quote(name)} = :scope_{i}" for i, name in enumerate(scope or {}))
            params = {f"scope_{i}": value for i, value in enumerate((scope or {}).values())}
            self._session.staging.execute(
                f"DELETE FROM {self.stage.name}" + (f" WHERE {where}" if where else ""), params
            )
        self._last = None
        if scope:
            self.distinct = False
        else:
            self.distinct, self._highest = True, None

    def add_columns(self, columns: Sequence[Column]) -> None:
        """Append columns to the table from here on; rows written earlier hold NULL in them.

        :param columns: declarations of the columns; values are given at the end of each row.
        :raises SchemaConflictError: when the table in the database has such a column with another type.
        """
        self._check_open()
        fresh = [column for column in columns if column.name not in self.layout.table.names]
        if not fresh:
            return
        self._add_changes(plan_columns(self.layout, self._existing, fresh))
        if self._stage is not None:
            self.stage.flush()
        self.layout.extend(fresh)
        if self._stage is not None:
            self.layout.backend.extend_stage(self._session, self.stage, self.layout.table.columns, fresh)

    def finish(self, complete: bool, reason: str = "", partial: bool = False) -> None:
        """End the reading of the table.

        :param complete: whether the read is proven to have seen every row; only then are rows deleted.
        :param reason: why it is not.
        :param partial: whether only a part was asked for (an incremental run); nothing is deleted, but the
            children of every parent row that was read are replaced as a set.
        """
        self._check_open()
        if self._stage is not None:
            self._guarded(self.stage.flush)
        self.result.complete, self.result.reason, self.result.partial = complete, reason, partial
        self.result.pages = len(self.written) + len(self.kept)
        self.result.pages_kept = len(self.kept)
        self.result.rows_kept = sum(page.mark.count for page in self.kept.values()) - self._shared()
        self.finished = True

    def fail(self, error: str) -> None:
        """Leave the table out of the publication and record why.

        :param error: what happened, without people's data.
        """
        self.error = error
        self.result.status = "failed"
        self.result.reason = error
        self.finished = True

    @property
    def untouched(self) -> bool:
        """Tell whether the read showed that nothing changed: every page was kept, and there are no others."""
        return (
            self.result.complete
            and not self.result.partial
            and not self.written
            and not self.result.rows_read
            and bool(self.kept)
            and self.kept.keys() == (self.known or {}).keys()
        )

    def plan(self, existing: Mapping[str, str] | None) -> None:
        """Find anew what has to change in the database: another run may have made the table, or changed it.

        :param existing: columns that the table has now; None when there is no table.
        :raises SchemaConflictError: when the table does not fit any more.
        """
        self._existing = existing
        self.changes = []
        self._add_changes(plan_changes(self.layout, existing))

    def _add_changes(self, changes: Sequence[SchemaChange]) -> None:
        """Note what has to change in the database for the table."""
        self.changes += changes
        planned = [change.summary for change in self.changes]
        self.result.schema_changes = [*self.made, *planned, *self.emptying.summaries]
        # Rows that were read in full for a change are written, whoever made it in the end.
        self.layout.rewritten |= self.emptying.rewrites or any(change.rewrites for change in changes)

    def _shared(self) -> int:
        """Count the rows that kept pages share with their neighbours; two written ones shared theirs as they came."""
        pages = {**self.written, **self.kept}
        begins: dict[tuple[str, KeyValue], str] = {
            (page.mark.list_key, page.mark.first_key): key
            for key, page in pages.items()
            if page.mark.first_key is not None
        }
        ends = ((key, begins.get((page.mark.list_key, page.mark.last_key))) for key, page in pages.items())
        return sum(
            other is not None and other != key and (key in self.kept or other in self.kept)
            for key, other in ends
        )

    def _check_open(self) -> None:
        if self.finished:
            raise WarehouseUsageError(f"Table {self.layout.name} was finished already")

    def _check_first(self, row: tuple[Any, ...]) -> None:
        if len(row) != len(self.layout.table.columns):
            raise WarehouseUsageError(
                f"Table {self.layout.name} has {len(self.layout.table.columns)} columns,"
                f" a row has {len(row)} values"
            )
        for place, value in self._scoped:
            if row[place] != value:
                raise WarehouseUsageError(
                    f"Table {self.layout.name}: a row lies outside the scope of the run"
                    f" (column {self.layout.table.columns[place].name})"
                )

    def _rises(self, columns: list[list[Any]]) -> bool:
        """Tell whether the keys of these rows rise, and above all earlier ones."""
        if len(columns) != 1:
            return False
        keys = columns[0]
        try:
            if self._highest is not None and keys[0] <= self._highest:
                return False
            rising = len(keys) == 1 or (keys == sorted(keys) and len(set(keys)) == len(keys))
        except TypeError:
            return False
        self._highest = keys[-1]
        return rising

    def _guarded(self, work: Callable[[], object]) -> None:
        """Do work on the stage; a driver's message may quote the row, so it is not passed on."""
        try:
            work()
        except (WarehouseError, MemoryError):
            raise
        except Exception as error:
            word = "could not be staged" if explain(error) else "a row was refused"
            raise WarehouseError(f"Table {self.layout.name}: {word}: {tell(error)}") from None

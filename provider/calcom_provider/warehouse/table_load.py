"""Stage the rows of one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from calcom_provider.warehouse.accounts import StoredPage
from calcom_provider.warehouse.backend import Session, Stage
from calcom_provider.warehouse.errors import WarehouseError, WarehouseUsageError
from calcom_provider.warehouse.evolution import SchemaChange
from calcom_provider.warehouse.layout import Layout
from calcom_provider.warehouse.pages import PageMark, pack_keys
from calcom_provider.warehouse.rows import hash_rows
from calcom_provider.warehouse.run import DeleteGuard, Scope, TableResult
from calcom_provider.warehouse.schema import Column

if TYPE_CHECKING:
    from calcom_provider.warehouse.load import Load


class TableLoad:
    """Stage the rows of one table; made by :meth:`Load.table`.

    Rows may be handed over in any order and more than once: the last one of a key wins. Calls must not
    overlap.
    """

    def __init__(
        self,
        load: Load,
        session: Session,
        layout: Layout,
        *,
        resource: str,
        guard: DeleteGuard,
        variant: str,
        changes: Sequence[SchemaChange],
    ) -> None:
        self.layout = layout
        self.resource = resource
        self.guard = guard
        self.variant = variant
        self.changes = list(changes)
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
        self._load = load
        self._session = session
        self._stage: Stage | None = None
        self._highest: Any = None
        self._last: tuple[Any, ...] | None = None
        self._free = [layout.table.index(name) for name in layout.free_key]
        self._scoped = [(layout.table.index(name), value) for name, value in layout.scope.items()]

    @property
    def table(self) -> Any:
        """Give the declaration as it stands now."""
        return self.layout.table

    @property
    def stage(self) -> Stage:
        """Give the staging table, made when it is first needed."""
        if self._stage is None:
            self._stage = self._session.backend.stage(
                self._session, self.layout.stage_name, self.layout.table.columns, self.layout.table.key
            )
        return self._stage

    @property
    def is_staged(self) -> bool:
        """Tell whether a staging table was made."""
        return self._stage is not None

    def write(self, rows: Sequence[tuple[Any, ...]], page: PageMark | None = None) -> None:
        """Stage rows.

        :param rows: Tuples in the order of the table's columns; JSON as text, timestamps as aware datetimes
            or as ISO 8601 text the way they were received, dates as dates or ISO text.
        :param page: The page that the rows are, when it should be known to the next run.
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
        self._load.heartbeat()

    def keep(self, page: PageMark) -> None:
        """Keep the rows of a page that did not change since the last published run.

        :param page: The page, by its key; it must be one of :meth:`Load.known_pages`.
        :raises WarehouseUsageError: when the page is not known.
        """
        self._check_open()
        known = self._load.stored_pages(self).get(page.key)
        if known is None or known.mark.digest != page.digest:
            raise WarehouseUsageError(
                f"Table {self.layout.name}: page {page.key} is not known, so its rows must be written"
            )
        self.written.pop(page.key, None)
        self.kept[page.key] = known
        self._load.heartbeat()

    def restart(self, list_key: str = "", scope: Scope | None = None) -> None:
        """Drop what was staged for a list whose reading begins again.

        :param list_key: The list, as its page marks name it; all pages of the table when empty.
        :param scope: Column values that the rows of the list share; all staged rows when empty.
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
            self._session.execute(
                f"DELETE FROM {self.stage.name}" + (f" WHERE {where}" if where else ""), params
            )
        self._last = None
        if scope:
            self.distinct = False
        else:
            self.distinct, self._highest = True, None

    def add_columns(self, columns: Sequence[Column]) -> None:
        """Append columns to the table from here on; rows written earlier hold NULL in them.

        :param columns: Declarations of the columns; values are given at the end of each row.
        :raises SchemaConflictError: when the table in the database has such a column with another type.
        """
        self._check_open()
        fresh = [column for column in columns if column.name not in self.layout.table.names]
        if not fresh:
            return
        self._load.check_new_columns(self, fresh)
        if self._stage is not None:
            self.stage.flush()
        self.layout.extend(fresh)
        if self._stage is not None:
            self.layout.backend.extend_stage(self._session, self.stage, self.layout.table.columns, fresh)

    def finish(self, complete: bool, reason: str = "", partial: bool = False) -> None:
        """End the reading of the table.

        :param complete: Whether the read is proven to have seen every row; only then are rows deleted.
        :param reason: Why it is not.
        :param partial: Whether only a part was asked for (an incremental run); nothing is deleted, but the
            children of every parent row that was read are replaced as a set.
        """
        self._check_open()
        if self._stage is not None:
            self._guarded(self.stage.flush)
        self.result.complete, self.result.reason, self.result.partial = complete, reason, partial
        self.result.pages = len(self.written) + len(self.kept)
        self.result.pages_kept = len(self.kept)
        self.result.rows_kept = sum(page.mark.count for page in self.kept.values())
        self.finished = True

    def fail(self, error: str) -> None:
        """Leave the table out of the publication and record why.

        :param error: What happened, without people's data.
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
            raise WarehouseError(f"Table {self.layout.name}: a row was refused: {describe(error)}") from None


def describe(error: BaseException) -> str:
    """Name an error of a driver without the values that its message may quote."""
    original = getattr(error, "orig", None) or error
    parts = [type(original).__name__]
    diagnostics = getattr(original, "diag", None)
    code = getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None)
    if code is None and original.args and isinstance(original.args[0], int):
        code = original.args[0]
    if code:
        parts.append(str(code))
    for name in ("table_name", "column_name", "constraint_name"):
        if diagnostics is not None and getattr(diagnostics, name, None):
            parts.append(f"{name.replace('_name', '')} {getattr(diagnostics, name)}")
    return " ".join(parts)

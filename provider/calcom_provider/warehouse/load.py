"""One run against the warehouse: its tables, what was staged for them, and their publication."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from calcom_provider.warehouse.pages import KnownMark, PageMark
from calcom_provider.warehouse.run import DeleteGuard, Deletes, Mode, ResourceState, Scope, TableResult
from calcom_provider.warehouse.schema import Column, Table


class TableLoad:
    """Stage the rows of one table; made by :meth:`Load.table`."""

    def write(self, rows: Sequence[tuple[Any, ...]], page: PageMark | None = None) -> None:
        """Stage rows.

        :param rows: Tuples in the order of the table's columns; JSON as text, timestamps as aware datetimes or as
            ISO 8601 text the way they were received, dates as dates or ISO text.
        :param page: The page that the rows are, when it should be known to the next run.
        """
        raise NotImplementedError

    def keep(self, page: PageMark) -> None:
        """Keep the rows of a page that did not change since the last published run."""
        raise NotImplementedError

    def restart(self, list_key: str = "", scope: Scope | None = None) -> None:
        """Drop what was staged for a list whose reading begins again.

        :param list_key: The list, as its page marks name it; all pages of the table when empty.
        :param scope: Column values that the rows of the list share; all staged rows when empty.
        """
        raise NotImplementedError

    def add_columns(self, columns: Sequence[Column]) -> None:
        """Append columns to the table from here on; rows written earlier hold NULL in them."""
        raise NotImplementedError

    def finish(self, complete: bool, reason: str = "", partial: bool = False) -> None:
        """End the reading of the table.

        :param complete: Whether the read is proven to have seen every row; only then are rows deleted.
        :param reason: Why it is not.
        :param partial: Whether only a part was asked for (an incremental run); nothing is deleted, but the children
            of every parent row that was read are replaced as a set.
        """
        raise NotImplementedError

    def fail(self, error: str) -> None:
        """Leave the table out of the publication and record why."""
        raise NotImplementedError


class Load:
    """Hold one run on the warehouse; made by :meth:`Warehouse.load`, used as a context manager."""

    def __enter__(self) -> Load:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        raise NotImplementedError

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

        :param resource: Resource that the rows come from; states and run records are kept by it.
        :param mode: ``merge`` writes what changed, ``replace`` rewrites the table, ``history`` keeps versions.
        :param deletes: What happens to rows that a complete read no longer holds.
        :param guard: How many of them may go at once.
        :param scope: Column values that all rows share; those of the run by default.
        :param variant: Anything that changes how rows are made from pages (a hash key, a selection): page marks of
            another variant are not offered.
        """
        raise NotImplementedError

    def known_pages(self, resource: str) -> dict[str, KnownMark]:
        """Give the pages of the last published run by their keys.

        Ask after the tables of the resource were declared by :meth:`table`. Nothing is known when a table was
        changed since (columns, mode, rows removed by hand), or is to be replaced.
        """
        raise NotImplementedError

    def state(self, resource: str) -> ResourceState:
        """Tell what is known about a resource."""
        raise NotImplementedError

    def set_watermark(self, resource: str, value: str | None) -> None:
        """Set where the next incremental read begins; stored with the data when the run is published."""
        raise NotImplementedError

    def account(self, resource: str, **counters: int | float) -> None:
        """Set counters of the run record: requests, waits, waited_seconds, throttled, bytes, retries."""
        raise NotImplementedError

    def preview(self) -> list[TableResult]:
        """Count what publishing would do, without doing it."""
        raise NotImplementedError

    def publish(self) -> list[TableResult]:
        """Publish every table of the run in one transaction, with run records, states and page marks.

        :raises GuardExceededError: when a guard refuses a deletion; nothing of the run is published.
        :raises LeaseLostError: when another run took the tables over.
        """
        raise NotImplementedError


Counters = Mapping[str, int | float]

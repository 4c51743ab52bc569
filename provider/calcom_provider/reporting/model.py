"""What a view is: data that :mod:`calcom_provider.reporting.build` makes a view, or a kept table, from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from calcom_provider.reporting.source import Source


@dataclass(frozen=True)
class View:
    """Declare one view.

    :param name: Name without a prefix.
    :param comment: One line for readers: what a row is.
    :param columns: Names of the columns in order, each with a line that says what it holds.
    :param key: Columns that tell the rows apart.
    :param needs: Tables without which there is nothing to show, without prefix, each with its columns.
    :param resources: Names of the resources to sync for them.
    :param select: What makes the statement.
    :param kept_by: Column of the day by which the view can be kept as a table; None: it cannot.
    :param ledger: Tables of the write-back's ledger without which there is nothing to show, by their names without
        ``calcom_writeback_``.
    """

    name: str
    comment: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    needs: Mapping[str, tuple[str, ...]]
    resources: tuple[str, ...]
    select: Callable[[Source], sa.Select[tuple[object, ...]]]
    kept_by: str | None = None
    ledger: tuple[str, ...] = ()

    def missing(self, source: Source) -> str | None:
        """Say what is missing to make the view; None when nothing is."""
        if self.ledger and not source.has_ledger(*self.ledger):
            return "no ledger of the write-back is in this database"
        for table, columns in self.needs.items():
            if not source.has(table):
                what = ", ".join(self.resources) or "any resource"
                return f"sync {what}: there is no table {source.prefix}{table}"
            if lacking := [one for one in columns if not source.has(table, one)]:
                return f"{source.prefix}{table} has no column {', '.join(lacking)}"
        return None

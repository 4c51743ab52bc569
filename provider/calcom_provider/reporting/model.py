"""What a view is: data that :mod:`calcom_provider.reporting.building.build` makes a view, or a snapshot table, from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from calcom_provider.reporting.source import Source
from calcom_provider.resources.data_subjects import Subject


@dataclass(frozen=True)
class View:
    """Declare one view.

    :param name: name without a prefix.
    :param comment: one line for readers: what a row is.
    :param columns: names of the columns in order, each with a line that says what it holds.
    :param key: columns that tell the rows apart.
    :param needs: tables without which there is nothing to show, without prefix, each with its columns.
    :param resources: names of the resources to sync for them.
    :param select: what makes the statement.
    :param snapshot_by: column of the day by which the view can be kept as a table; None: it cannot.
    :param snapshot_subject: whom the rows of snapshots are about; needed with `snapshot_by`. Not read from the names of
        the columns: an attribute of a host may be shown in a column of any name.
    :param ledger: tables of the write-back's ledger without which there is nothing to show, by their names without
        ``calcom_writeback_``.
    :raises ValueError: if the view can be kept and does not say of whom it tells.
    """

    name: str
    comment: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    needs: Mapping[str, tuple[str, ...]]
    resources: tuple[str, ...]
    select: Callable[[Source], sa.Select[tuple[object, ...]]]
    snapshot_by: str | None = None
    snapshot_subject: Subject | None = None
    ledger: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.snapshot_by and self.snapshot_subject is None:
            raise ValueError(
                f"view {self.name} can be kept: say whom its rows are about, or Subject() for nobody"
            )
        if self.snapshot_subject is not None:
            self.snapshot_subject.check(f"view {self.name}", self.columns)

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

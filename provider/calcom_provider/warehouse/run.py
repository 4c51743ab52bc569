"""What goes into a run and what comes out of it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from calcom_provider.warehouse.errors import WarehouseUsageError

Mode = Literal["merge", "replace", "history"]
Deletes = Literal["ignore", "mark", "remove"]
Scope = Mapping[str, int | str]

MODES: tuple[str, ...] = ("merge", "replace", "history")
DELETES: tuple[str, ...] = ("ignore", "mark", "remove")


def new_run_id() -> str:
    """Make an id for a run: its time to the second, then eight random digits."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"


@dataclass(frozen=True, slots=True)
class RunInfo:
    """Describe a run before it begins.

    :param scope: column values that every row of the run shares, such as ``{"organization_id": 4242}``; rows
        outside the scope are never touched, and states and page marks are kept per scope.
    :param run_id: id of the run; made when empty.
    :param dag_run_id: id of the DAG run that the run belongs to, if any.
    :param started_at: time of the run, aware; now by default. Every row carries it as ``_calcom_synced_at``.
    :param version: version of the program, kept in the run record.
    """

    scope: Scope = field(default_factory=dict)
    run_id: str = field(default_factory=new_run_id)
    dag_run_id: str = ""
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    version: str = ""


@dataclass(slots=True)
class Waits:
    """Count what other runs on the same tables made a run wait for.

    :param lock_seconds: seconds until it had the lease of its rows, and the tables to publish.
    :param publish_retries: how often its publication was repeated because the database aborted it.
    """

    lock_seconds: float = 0.0
    publish_retries: int = 0

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Add what the block takes to the seconds."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.lock_seconds += time.monotonic() - began


@dataclass(frozen=True, slots=True)
class DeleteGuard:
    """Bound how many rows one publication may delete from one table.

    :param share: largest share of the live rows in scope, 0 to 1; ``None`` for no bound.
    :param absolute: largest number of rows; ``None`` for no bound.
    :param minimum: tables with fewer live rows than this are not held to the share.
    :param confirmed: so many rows may go in any case, because somebody looked and confirmed it.
    :raises WarehouseUsageError: for a bound out of range.
    """

    share: float | None = 0.2
    absolute: int | None = None
    minimum: int = 50
    confirmed: int = 0

    def __post_init__(self) -> None:
        if self.share is not None and not 0 <= self.share <= 1:
            raise WarehouseUsageError(
                f"The share of rows that may be deleted is from 0 to 1, not {self.share}"
            )
        if min(self.absolute or 0, self.minimum, self.confirmed) < 0:
            raise WarehouseUsageError("Rows that may be deleted are counted from 0")

    @classmethod
    def off(cls) -> DeleteGuard:
        """Give a guard that allows everything."""
        return cls(share=None, absolute=None)

    def refusal(self, live: int, missing: int) -> str:
        """Say why a deletion is not allowed; empty when it is.

        :param live: live rows of the table in scope.
        :param missing: rows that would be deleted.
        """
        if missing <= self.confirmed:
            return ""
        if self.absolute is not None and missing > self.absolute:
            return f"{missing} of {live} rows would be deleted, allowed are {self.absolute}"
        if self.share is not None and live >= self.minimum and missing > self.share * live:
            part = f"{missing} of {live} rows ({missing / live:.0%})"
            return f"{part} would be deleted, allowed are {self.share:.0%}"
        return ""


@dataclass(frozen=True, slots=True)
class ResourceState:
    """Tell what is known about a resource from the runs that were published.

    :param watermark: where the next incremental read begins; opaque to the warehouse.
    :param rows: live rows of the resource's tables after the last publication.
    :param full_read_at: when the last complete full read began.
    :param published_at: when the resource was last published.
    :param run_id: the run that published it last.
    """

    watermark: str | None = None
    rows: int = 0
    full_read_at: datetime | None = None
    published_at: datetime | None = None
    run_id: str = ""


@dataclass(slots=True)
class TableResult:
    """Tell what a run did to one table.

    ``status`` is ``published``, ``unchanged`` (nothing was written), ``failed`` or ``preview``;
    ``rows_read`` counts the rows handed over, ``rows_kept`` those of pages that were kept without being
    handed over, ``emptied`` those that lost values of columns which are no longer stored, closed versions included.
    """

    resource: str
    table: str
    mode: str
    deletes: str = "ignore"
    status: str = "published"
    complete: bool = False
    partial: bool = False
    reason: str = ""
    rows_read: int = 0
    rows_kept: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    emptied: int = 0
    duplicates: int = 0
    pages: int = 0
    pages_kept: int = 0
    replaced_characters: int = 0
    rows_after: int = 0
    schema_changes: list[str] = field(default_factory=list)

    @property
    def changed(self) -> int:
        """Count the rows that were written or deleted."""
        return self.inserted + self.updated + self.deleted

    def to_dict(self) -> dict[str, Any]:
        """Give the result as plain data."""
        return asdict(self)

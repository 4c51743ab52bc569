"""What goes into a run and what comes out of it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

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

    :param scope: Column values that every row of the run shares, such as ``{"organization_id": 4242}``; rows
        outside the scope are never touched, and states and page marks are kept per scope.
    :param run_id: Id of the run; made when empty.
    :param dag_run_id: Id of the DAG run that the run belongs to, if any.
    :param started_at: Time of the run, aware; now by default. Every row carries it as ``_calcom_synced_at``.
    :param version: Version of the program, kept in the run record.
    """

    scope: Scope = field(default_factory=dict)
    run_id: str = field(default_factory=new_run_id)
    dag_run_id: str = ""
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    version: str = ""


@dataclass(frozen=True, slots=True)
class DeleteGuard:
    """Bound how many rows one publication may delete from one table.

    :param share: Largest share of the live rows in scope, 0 to 1; ``None`` for no bound.
    :param absolute: Largest number of rows; ``None`` for no bound.
    :param minimum: Tables with fewer live rows than this are not held to the share.
    """

    share: float | None = 0.2
    absolute: int | None = None
    minimum: int = 50

    @classmethod
    def off(cls) -> DeleteGuard:
        """Give a guard that allows everything."""
        return cls(share=None, absolute=None)

    def refusal(self, live: int, missing: int) -> str:
        """Say why a deletion is not allowed; empty when it is.

        :param live: Live rows of the table in scope.
        :param missing: Rows that would be deleted.
        """
        if self.absolute is not None and missing > self.absolute:
            return f"{missing} of {live} rows would be deleted, allowed are {self.absolute}"
        if self.share is not None and live >= self.minimum and missing > self.share * live:
            part = f"{missing} of {live} rows ({missing / live:.0%})"
            return f"{part} would be deleted, allowed are {self.share:.0%}"
        return ""


@dataclass(frozen=True, slots=True)
class ResourceState:
    """Tell what is known about a resource from the runs that were published.

    :param watermark: Where the next incremental read begins; opaque to the warehouse.
    :param rows: Live rows of the resource's tables after the last publication.
    :param full_read_at: When the last complete full read began.
    :param published_at: When the resource was last published.
    :param run_id: The run that published it last.
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
    handed over.
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

"""What is told about views and snapshot tables: what became of them, and what could."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Status = Literal["created", "replaced", "unchanged", "skipped", "removed", "refreshed"]


@dataclass(frozen=True)
class ViewResult:
    """Say what became of one view or snapshot table.

    :param name: full name.
    :param status: what was done.
    :param note: why it was skipped or removed, or what was lost.
    :param rows: rows of a snapshot table that were written; None for a view.
    :param seconds: time that took.
    """

    name: str
    status: Status
    note: str | None = None
    rows: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Listed:
    """Say what there is of one view.

    :param name: name without prefix.
    :param comment: what a row is.
    :param exists: whether the view is there.
    :param snapshot_rows: rows that the newest refresh of its snapshot table wrote; None without one.
    :param missing: why it cannot be made, None when it can.
    """

    name: str
    comment: str
    exists: bool
    snapshot_rows: int | None
    missing: str | None


def summary(results: Sequence[ViewResult]) -> dict[str, int]:
    """Count what was done, by status."""
    counts: dict[str, int] = {}
    for one in results:
        counts[one.status] = counts.get(one.status, 0) + 1
    return counts

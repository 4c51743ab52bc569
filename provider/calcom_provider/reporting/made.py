"""What is told about views and kept tables: what became of them, and what could."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Status = Literal["created", "replaced", "unchanged", "skipped", "removed", "refreshed"]


@dataclass(frozen=True)
class Made:
    """Say what became of one view or kept table.

    :param name: full name
    :param status: what was done
    :param note: why it was skipped or removed, or what was lost
    :param rows: rows of a kept table that were written; None for a view
    :param seconds: time that took
    """

    name: str
    status: Status
    note: str | None = None
    rows: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Listed:
    """Say what there is of one view.

    :param name: name without prefix
    :param comment: what a row is
    :param made: whether the view is there
    :param kept: rows that the newest refresh of its kept table wrote; None when it is not kept
    :param missing: why it cannot be made, None when it can
    """

    name: str
    comment: str
    made: bool
    kept: int | None
    missing: str | None


def summary(made: Sequence[Made]) -> dict[str, int]:
    """Count what was done, by status."""
    counts: dict[str, int] = {}
    for one in made:
        counts[one.status] = counts.get(one.status, 0) + 1
    return counts

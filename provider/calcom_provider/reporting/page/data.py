"""Say what the page shows: panels, each a table of values and how it is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Value = str | int | float | bool | None
Row = tuple[Value, ...]

#: A table longer than this is cut, and its panel says so.
ROWS = 1000


@dataclass(frozen=True)
class Chart:
    """Say how the rows of a panel are drawn.

    :param kind: ``line`` or ``bar`` over the first column; ``calendar``: one value for each day; ``grid``: a value
        for each pair of the columns ``x`` and ``y``
    :param x: column of the days or categories
    :param values: columns that are drawn, one for ``calendar`` and ``grid``
    :param y: column of the rows of a ``grid``
    :param mark: column of a ``grid`` that tells which of its fields to mark
    """

    kind: Literal["line", "bar", "calendar", "grid"]
    x: str
    values: tuple[str, ...]
    y: str | None = None
    mark: str | None = None


@dataclass(frozen=True)
class Panel:
    """Hold one part of the page.

    :param key: short name, used as anchor; letters and hyphens
    :param title: heading
    :param explanation: what the numbers mean, in a sentence
    :param columns: heads of the table
    :param rows: values in the order of ``columns``
    :param chart: how they are drawn; None for a table alone
    :param missing: a sentence that says what to sync when there is nothing to show; None when there is
    :param cut: a sentence that says what was left out; None if nothing was
    :param note: a sentence that says what the numbers rest on, where that limits them
    """

    key: str
    title: str
    explanation: str
    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    chart: Chart | None = None
    missing: str | None = None
    cut: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Page:
    """Hold the whole page.

    :param made_at: when its data was read, in UTC
    :param panels: parts in reading order
    :param shows_people: whether rows tell about single people
    """

    made_at: datetime
    panels: tuple[Panel, ...]
    shows_people: bool = False


def named(user: Value, names: Mapping[Value, str]) -> Value:
    """Return a user as the page shows one: the name, where it is known, and the id.

    :param user: the id; None for nobody
    :param names: known names by id
    """
    if user is None:
        return None
    return f"{names[user]} ({user})" if user in names else str(user)

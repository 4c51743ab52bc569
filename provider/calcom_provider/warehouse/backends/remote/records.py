"""Records of a run that are written together: what many statements delete and insert, as one each a table.

The engine writes its records table by table and resource by resource. Where each statement is a round trip of some
tenths of a second, those of a transaction are kept back until somebody reads the table, or commits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from calcom_provider.warehouse.backends.remote.grammar import Insert, Row


@dataclass(slots=True)
class Kept:
    """Hold what is to be done to one table.

    :param unquoted: gives the name as it is stored that stands in a statement.
    :param deleted: values by which rows are deleted that the table holds.
    :param inserted: rows that are written after that, by the columns that they have.
    """

    unquoted: Callable[[str], str]
    deleted: dict[Row, None] = field(default_factory=dict)
    inserted: dict[tuple[str, ...], list[list[Any]]] = field(default_factory=dict)

    def delete(self, row: Row) -> None:
        """Delete rows with certain values, those included that were to be inserted."""
        self.deleted[row] = None
        for columns, rows in self.inserted.items():
            places = {self.unquoted(name): place for place, name in enumerate(columns)}
            rows[:] = [one for one in rows if not all(one[places[name]] == value for name, value in row)]

    def insert(self, insert: Insert, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows."""
        self.inserted.setdefault(tuple(insert.columns), []).extend(insert.values(rows))


@dataclass(frozen=True, slots=True)
class Deletion:
    """Hold values by which rows of a table are deleted, several at once.

    :param common: values that all of them share.
    :param columns: columns in which they differ.
    :param rows: values of these, a list for each of the deletions; one that is empty where nothing differs.
    """

    common: Row
    columns: tuple[str, ...]
    rows: list[list[Any]]


def gathered(rows: Sequence[Row], limit: int | None = None) -> Iterator[Deletion]:
    """Gather deletions by certain values into few.

    :param rows: the values of each.
    :param limit: values of one of the few at most; None for any number.
    """
    by_columns: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        by_columns.setdefault(tuple(name for name, _ in row), []).append(row)
    for columns, same in by_columns.items():
        size = max(limit // len(columns), 1) if limit else len(same)
        for begin in range(0, len(same), size):
            yield _deletion(columns, same[begin : begin + size])


def _deletion(columns: tuple[str, ...], rows: Sequence[Row]) -> Deletion:
    common = [place for place in range(len(columns)) if len({row[place][1] for row in rows}) == 1]
    others = [place for place in range(len(columns)) if place not in common]
    return Deletion(
        tuple(rows[0][place] for place in common),
        tuple(columns[place] for place in others),
        [[row[place][1] for place in others] for row in rows],
    )

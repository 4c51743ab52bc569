"""Fan-outs: the rows of one resource become the arguments of another's lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from calcom_provider.resources.model import Read


class FanOut:
    """Remember of each row of a resource what the lists read over it need."""

    def __init__(self) -> None:
        self._fields: list[str] = []
        self._lists: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {}

    def keep(self, fields: Iterable[str]) -> None:
        """Name fields that somebody needs, before the first row comes.

        :param fields: fields of a row.
        """
        self._fields = sorted({*self._fields, *fields})

    def take(
        self, rows: Sequence[Mapping[str, Any]], key: str, arguments: Mapping[str, Any], restart: bool
    ) -> None:
        """Remember the rows of one page; neighbouring pages may share rows, which count once.

        :param rows: rows of the page.
        :param key: list that the page belongs to.
        :param arguments: what that list was asked for.
        :param restart: the list is read anew.
        """
        kept = self._lists.setdefault(key, {})
        if restart:
            kept.clear()
        for row in rows:
            picked = {field: row.get(field) for field in self._fields}
            kept[tuple(picked.values())] = {
                **picked,
                **{f"${name}": value for name, value in arguments.items()},
            }

    def rows(self) -> list[dict[str, Any]]:
        """Return what was kept of all rows, each list's in its order."""
        return [row for kept in self._lists.values() for row in kept.values()]


def needed_fields(read: Read) -> set[str]:
    """Return the fields that a fan-out takes from the rows it walks over.

    :param read: the fan-out.
    """
    return {source for source in read.arguments.values() if not source.startswith("$")} | set(read.where)


def lists_of(read: Read, rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the rows that lists of a fan-out are read over.

    :param read: the fan-out.
    :param rows: rows of the parent list, as a :class:`FanOut` keeps them.
    """
    return [
        row
        for row in rows
        if all(row.get(field) == value for field, value in read.where.items())
        and all(row.get(source) is not None for source in read.arguments.values())
    ]


def arguments_of(read: Read, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of the list over one row.

    :param read: the fan-out.
    :param row: the row.
    """
    return {name: row[source] for name, source in read.arguments.items()}


def list_key(arguments: Mapping[str, Any]) -> str:
    """Return the name of a list among those of its resource.

    :param arguments: what the list is asked for.
    """
    return ",".join(str(value) for value in arguments.values())

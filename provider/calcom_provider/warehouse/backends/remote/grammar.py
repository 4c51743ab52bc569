"""Read the few forms of statements that the engine sends, however the database quotes names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = tuple[tuple[str, Any], ...]
"""Stored name of a column and its value, for each column."""

_PLACE = re.compile(r":([A-Za-z_]\w*)$")


@dataclass(frozen=True)
class Insert:
    """Hold what an ``INSERT … VALUES`` of named values says.

    :param table: quoted name of the table.
    :param columns: names of the columns as they stand there.
    :param names: names of their values.
    """

    table: str
    columns: Sequence[str]
    names: Sequence[str]

    def values(self, rows: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
        """Give the values of rows in the order of the columns.

        :param rows: name -> value, one mapping a row.
        """
        return [[row[name] for name in self.names] for row in rows]


class Grammar:
    """Read statements with names after colons.

    :param quote: the character around names of tables and columns.
    :param unquoted: gives the name as it is stored that stands in a statement, in quotes or without.
    :param others: pattern of what else is passed over when names after colons are looked for.
    """

    def __init__(self, quote: str, unquoted: Callable[[str], str], others: str) -> None:
        name = f"{quote}(?:[^{quote}]|{quote}{quote})*{quote}"
        table = rf"(?:{name}\.)*{name}"
        self.unquoted = unquoted
        self._parameter = re.compile(rf"({name}|{others})|:([A-Za-z_]\w*)")
        self._insert = re.compile(
            rf"\s*INSERT INTO ({table}) \(([^()]*)\) VALUES \(([^()]*)\)\s*$", re.DOTALL
        )
        self._name = re.compile(rf"{name}|[^,\s]+")
        self._delete = re.compile(rf"\s*DELETE FROM ({table}) WHERE (.*)$", re.DOTALL)
        self._equal = re.compile(rf"({name}|\w+) = :(\w+)$")
        self._written = re.compile(rf"\s*(?:INSERT INTO|UPDATE|DELETE FROM) ({table})(?= |$)")

    def placed(self, sql: str, place: Callable[[str], str]) -> str:
        """Put something in the place of each name after a colon.

        :param sql: statement.
        :param place: gives it for a name.
        """
        return self._parameter.sub(lambda match: match[1] or place(match[2]), sql)

    def insert(self, sql: str) -> Insert | None:
        """Read an INSERT of named values; None for any other statement.

        :param sql: statement.
        """
        match = self._insert.match(sql)
        if match is None:
            return None
        places = [_PLACE.match(one.strip()) for one in match[3].split(",")]
        columns = self._name.findall(match[2])
        if not all(places) or len(columns) != len(places):
            return None
        return Insert(match[1], columns, [place[1] for place in places if place])

    def deletion(self, sql: str, params: Mapping[str, Any]) -> tuple[str, Row] | None:
        """Read a DELETE of the rows with certain values; None for any other statement.

        :param sql: statement.
        :param params: name -> value.
        :returns: quoted name of the table, and the values.
        """
        match = self._delete.match(sql)
        parts = [self._equal.match(one.strip()) for one in match[2].split(" AND ")] if match else []
        if match is None or not all(parts):
            return None
        return match[1], tuple((self.unquoted(one[1]), params[one[2]]) for one in parts if one)

    def written(self, sql: str) -> str | None:
        """Give the quoted name of the table that a statement writes; None for a query or DDL.

        :param sql: statement.
        """
        match = self._written.match(sql)
        return match[1] if match else None

"""Statements with named values as the connector takes them: by place, many rows at once, JSON parsed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from calcom_provider.warehouse.backends.remote.grammar import Grammar, Row
from calcom_provider.warehouse.backends.remote.records import gathered
from calcom_provider.warehouse.backends.remote.session import Spelling

Params = Mapping[str, Any]
Statement = tuple[str, list[Any]]

#: Values of one statement; more stand in another one.
VALUES = 10_000


def bound(sql: str, params: Params) -> Statement:
    """Return a statement with places, and the values in the order of these.

    :param sql: statement with names after colons.
    :param params: name -> value.
    """
    values: list[Any] = []

    def place(name: str) -> str:
        values.append(params[name])
        return "?"

    return GRAMMAR.placed(sql, place), values


def inserts(
    table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], types: Mapping[str, str]
) -> Iterator[Statement]:
    """Give the statements that write rows.

    The rows come from a list of values that is selected from: a function such as ``PARSE_JSON`` is not allowed in a
    list of values, and the type of a column of which all values are null must be said.

    :param table: quoted name of the table.
    :param columns: names of the columns as they stand in a statement.
    :param rows: values in their order.
    :param types: type of each column, by its name as it is stored.
    """
    picked = ", ".join(
        _converted(f"column{place}", types[unquoted(name)]) for place, name in enumerate(columns, 1)
    )
    head = f"INSERT INTO {table} ({', '.join(columns)}) SELECT {picked} FROM VALUES "
    each = f"({', '.join('?' * len(columns))})"
    size = max(VALUES // len(columns), 1)
    for begin in range(0, len(rows), size):
        some = rows[begin : begin + size]
        yield head + ", ".join([each] * len(some)), [value for row in some for value in row]


def for_each(sql: str, rows: Sequence[Params]) -> Iterator[Statement]:
    """Give the statements that do for many sets of values what one does for each.

    Where one value alone differs and is compared for equality, they are listed.

    :param sql: statement with names after colons.
    :param rows: name -> value, one mapping a set.
    """
    differing = [name for name in rows[0] if any(row[name] != rows[0][name] for row in rows[1:])]
    if len(rows) > 1 and len(differing) == 1:
        name = differing[0]
        compared = re.compile(rf"= :{name}\b")
        if len(compared.findall(sql)) == 1 and not re.search(rf"(?<!= ):{name}\b", sql):
            for begin in range(0, len(rows), VALUES):
                some = rows[begin : begin + VALUES]
                many = {f"{name}__{place}": row[name] for place, row in enumerate(some)}
                listed = ", ".join(f":{one}" for one in many)
                yield bound(compared.sub(f"IN ({listed})", sql), {**rows[0], **many})
            return
    for row in rows:
        yield bound(sql, row)


def unquoted(name: str) -> str:
    """Return the name as it is stored that stands in a statement, in quotes or without.

    :param name: as it stands there.
    """
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.upper()


def _converted(value: str, kind: str) -> str:
    return f"PARSE_JSON({value})" if kind == "VARIANT" else f"CAST({value} AS {kind})"


GRAMMAR = Grammar('"', unquoted, r"'(?:[^'\\]|''|\\.)*'|::")


def deletions(table: str, rows: Sequence[Row]) -> Iterator[Statement]:
    """Give the statements that delete the rows with any of some values.

    :param table: quoted name.
    :param rows: values.
    """
    for one in gathered(rows, VALUES):
        parts = [f'"{name}" = ?' for name, _ in one.common]
        values = [value for _, value in one.common]
        if len(one.columns) == 1:
            parts.append(f'"{one.columns[0]}" IN ({", ".join("?" * len(one.rows))})')
        elif one.columns:
            each = "(" + " AND ".join(f'"{name}" = ?' for name in one.columns) + ")"
            parts.append(f"({' OR '.join([each] * len(one.rows))})")
        values += [value for row in one.rows for value in row]
        yield f"DELETE FROM {table} WHERE {' AND '.join(parts)}", values


SPELLING = Spelling(GRAMMAR, bound, inserts, deletions, for_each)

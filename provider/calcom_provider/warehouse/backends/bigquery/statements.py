"""Statements with named values as BigQuery takes them: typed parameters, JSON parsed, many rows at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from calcom_provider.warehouse.backends.remote.grammar import Grammar, Row
from calcom_provider.warehouse.backends.remote.records import gathered
from calcom_provider.warehouse.backends.remote.session import Spelling

#: Rows of one INSERT; a request takes 10 MB.
ROWS = 2_000

_HAS_CONDITION = re.compile(r"\bWHERE\b")


def unquoted(name: str) -> str:
    """Return the name as it is stored that stands in a statement, in quotes or without.

    :param name: as it stands there.
    """
    return name[1:-1] if name.startswith("`") else name


def quote(name: str) -> str:
    """Return a name as it stands in a statement.

    :param name: name of a table, column or dataset.
    """
    return f"`{name}`"


def literal(text: str) -> str:
    """Return a text as it stands in a statement; a backslash begins an escape there.

    :param text: any text.
    """
    told = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{told}'"


GRAMMAR = Grammar("`", unquoted, r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")


@dataclass(frozen=True)
class Rows:
    """Hold rows that are one parameter, an array of structs.

    :param types: type of each field, in order; the fields are named ``c0``, ``c1`` and so on.
    :param rows: values in their order.
    """

    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Values:
    """Hold values that are one parameter, an array.

    :param type: type of each.
    :param values: the values.
    """

    type: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Parameter:
    """Hold one value of a job.

    :param name: name, as it stands after ``@``.
    :param type: type of BigQuery; empty for an array, which says its own.
    :param value: value.
    """

    name: str
    type: str
    value: Any


class Parameters:
    """Gather the values of a job; equal ones are one."""

    def __init__(self) -> None:
        self._named: dict[tuple[str, Any], Parameter] = {}

    def add(self, value: Any, kind: str = "") -> str:
        """Take a value and give what stands for it in the statement.

        :param value: value.
        :param kind: its type; that of the value by default.
        """
        kind = "" if isinstance(value, Rows | Values) else kind or type_of(value)
        known = self._named.get((kind, value))
        if known is None:
            known = self._named[kind, value] = Parameter(f"p{len(self._named)}", kind, value)
        return f"@{known.name}"

    @property
    def all(self) -> list[Parameter]:
        """Give the values."""
        return list(self._named.values())


def type_of(value: Any) -> str:
    """Return the type of BigQuery that a value has.

    :param value: value; null is a text.
    """
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "BOOL"),
        (int, "INT64"),
        (float, "FLOAT64"),
        (datetime, "TIMESTAMP"),
        (date, "DATE"),
        (bytes, "BYTES"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), "STRING")


def bound(sql: str, params: Mapping[str, Any], into: Parameters) -> str:
    """Return a statement whose values stand among the parameters of a job.

    BigQuery refuses an UPDATE or DELETE without a condition.

    :param sql: statement with names after colons.
    :param params: name -> value.
    :param into: parameters of the job.
    """
    if sql.startswith(("UPDATE ", "DELETE ")) and not _HAS_CONDITION.search(sql):
        sql += " WHERE TRUE"
    return GRAMMAR.placed(sql, lambda name: into.add(params[name]))


@dataclass(frozen=True)
class Statement:
    """Hold a statement until it is sent.

    :param sql: statement with names after colons.
    :param params: name -> value.
    """

    sql: str
    params: Mapping[str, Any]


def inserts(
    table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], types: Mapping[str, str]
) -> Iterator[Statement]:
    """Give the statements that write rows, which are one parameter each.

    :param table: quoted name of the table.
    :param columns: names of the columns as they stand in a statement.
    :param rows: values in their order.
    :param types: type of each column, by its name.
    """
    kinds = [types[unquoted(name)] for name in columns]
    sent = tuple("STRING" if kind == "JSON" else kind for kind in kinds)
    picked = ", ".join(_picked(f"r.c{place}", kind) for place, kind in enumerate(kinds))
    text = f"INSERT INTO {table} ({', '.join(columns)}) SELECT {picked} FROM UNNEST(:rows) r"
    for begin in range(0, len(rows), ROWS):
        some = tuple(tuple(row) for row in rows[begin : begin + ROWS])
        yield Statement(text, {"rows": Rows(sent, some)})


def deletions(table: str, rows: Sequence[Row]) -> Iterator[Statement]:
    """Give the statements that delete the rows with any of some values.

    :param table: quoted name.
    :param rows: values.
    """
    for one in gathered(rows):
        parts = [f"`{name}` = :v{place}" for place, (name, _) in enumerate(one.common)]
        params = {f"v{place}": value for place, (_, value) in enumerate(one.common)}
        if len(one.columns) == 1:
            values = tuple(row[0] for row in one.rows)
            parts.append(f"`{one.columns[0]}` IN UNNEST(:listed)")
            params["listed"] = Values(type_of(values[0]), values)
        elif one.columns:
            kinds = tuple(type_of(value) for value in one.rows[0])
            same = " AND ".join(f"l.c{place} = `{name}`" for place, name in enumerate(one.columns))
            parts.append(f"EXISTS (SELECT 1 FROM UNNEST(:listed) l WHERE {same})")
            params["listed"] = Rows(kinds, tuple(tuple(row) for row in one.rows))
        yield Statement(f"DELETE FROM {table} WHERE {' AND '.join(parts)}", params)


def for_each(sql: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Statement]:
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
            values = tuple(row[name] for row in rows)
            listed = {**rows[0], name: Values(type_of(values[0]), values)}
            yield Statement(compared.sub(f"IN UNNEST(:{name})", sql), listed)
            return
    for row in rows:
        yield Statement(sql, row)


def _picked(value: str, kind: str) -> str:
    return parsed(value) if kind == "JSON" else value


def parsed(text: str) -> str:
    """Spell the JSON of a text; numbers that would lose digits are rounded, as they are elsewhere.

    :param text: spelling of the text.
    """
    return f"PARSE_JSON({text}, wide_number_mode=>'round')"


SPELLING = Spelling(GRAMMAR, Statement, inserts, deletions, for_each)

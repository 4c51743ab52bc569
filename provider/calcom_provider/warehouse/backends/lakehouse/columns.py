"""Columns of a lakehouse table: their types in Arrow, and of which of them statistics may be kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from calcom_provider.warehouse.schema import Column

if TYPE_CHECKING:
    import pyarrow as pa

#: How each type stands in the working copy, which has no type of its own for JSON: the formats have none either.
WORKING = {
    "integer": "BIGINT",
    "float": "DOUBLE",
    "text": "VARCHAR",
    "key": "VARCHAR",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
    "json": "VARCHAR",
    "blob": "BLOB",
}


def arrow_schema(columns: Iterable[Column], key: Sequence[str] = ()) -> pa.Schema:
    """Give the schema of a table; times are microseconds in UTC, JSON is text.

    :param columns: its columns.
    :param key: names of those that identify a row, which are never null.
    """
    import pyarrow as pa

    kinds = {
        "integer": pa.int64(),
        "float": pa.float64(),
        "text": pa.string(),
        "boolean": pa.bool_(),
        "timestamp": pa.timestamp("us", "UTC"),
        "date": pa.date32(),
        "json": pa.string(),
        "blob": pa.binary(),
    }
    return pa.schema(
        [
            pa.field(column.name, kinds[column.type], nullable=column.nullable and column.name not in key)
            for column in columns
        ]
    )


def type_of(kind: pa.DataType) -> str:
    """Give our name of an Arrow type; one that is none of ours as Arrow names it."""
    from pyarrow import types

    tests = {
        "integer": types.is_int64,
        "float": types.is_float64,
        "text": lambda one: types.is_string(one) or types.is_large_string(one),
        "boolean": types.is_boolean,
        "timestamp": types.is_timestamp,
        "date": types.is_date32,
        "blob": lambda one: types.is_binary(one) or types.is_large_binary(one),
    }
    return next((name for name, test in tests.items() if test(kind)), str(kind))


def with_statistics(columns: Iterable[Column], key: Sequence[str]) -> list[str]:
    """Name the columns of which a table's log may hold the least and the greatest value.

    They outlive the rows that they are of, so nothing that tells who somebody is may be among them: no text, no
    number, no key; times that are public remain, which is what readers skip files by.

    :param columns: columns of the table.
    :param key: names of those that identify a row.
    """
    return [
        column.name
        for column in columns
        if column.type in ("timestamp", "date") and column.data_class == "public" and column.name not in key
    ]

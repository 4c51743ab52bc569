"""Write tables of a warehouse into files: Parquet, or CSV."""

from __future__ import annotations

import base64
import csv
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

import orjson

from calcom_provider.private_files import OWNER, create_private, mode_of
from calcom_provider.warehouse.engine import Warehouse
from calcom_provider.warehouse.errors import UnsupportedTargetError, WarehouseUsageError
from calcom_provider.warehouse.loading.layout import VALID_FROM

if TYPE_CHECKING:
    from calcom_provider.warehouse.backends.base import Session

Kind = Literal["parquet", "csv"]

ROWS = 20_000
"""Rows that are held at once."""

Rows = Sequence[tuple[Any, ...]]


def export(
    warehouse: Warehouse, table: str, path: str | Path, *, kind: Kind = "parquet", key: Sequence[str]
) -> int:
    """Write a table into a file that its owner alone may read, in place of one that is there; a missing folder is made.

    Times are UTC, JSON is text. The file gets its name when it is whole.

    :param warehouse: open warehouse.
    :param table: full name of the table.
    :param path: the file.
    :param kind: ``parquet``, which needs pyarrow, or ``csv``, where null and an empty text look alike.
    :param key: columns that identify a row, or its versions, by which the table is read in pieces; none to read it
        at once.
    :returns: how many rows were written.
    :raises WarehouseUsageError: when there is no such table.
    :raises UnsupportedTargetError: when pyarrow is missing.
    """
    target = Path(path)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    session = warehouse.backend.connect()
    try:
        columns = warehouse.backend.reflect(session, table).get(table)
        if columns is None:
            raise WarehouseUsageError(f"There is no table {table} in the warehouse")
        if key and VALID_FROM.name in columns:
            key = (*key, VALID_FROM.name)
        partial = target.with_name(f".{target.name}.part")
        partial.unlink(missing_ok=True)
        create_private(partial, OWNER)
        count = 0
        try:
            session.begin()
            with _writer(kind, partial, columns) as write:
                for rows in _pieces(session, table, columns, key):
                    write(rows)
                    count += len(rows)
            partial.chmod(mode_of(target))
            os.replace(partial, target)
        finally:
            session.rollback()
            partial.unlink(missing_ok=True)
        return count
    finally:
        session.close()


def _pieces(session: Session, table: str, columns: Mapping[str, str], key: Sequence[str]) -> Iterator[Rows]:
    """Read a table by its key, so that no more than a piece of it is held."""
    backend = session.backend
    names = ", ".join(map(backend.quote, columns))
    source = f"SELECT {names} FROM {backend.qualify(table)}"
    if not key or not set(key) <= columns.keys():
        rows = session.fetch(source)
        if rows:
            yield rows
        return
    order = ", ".join(map(backend.quote, key))
    places = [list(columns).index(name) for name in key]
    values: dict[str, Any] = {}
    while True:
        after = f" WHERE {_after(key, backend.quote)}" if values else ""
        rows = session.fetch(f"{source}{after} ORDER BY {order} LIMIT {ROWS}", values or None)
        if rows:
            yield rows
        if len(rows) < ROWS:
            return
        values = {f"key_{number}": rows[-1][place] for number, place in enumerate(places)}


def _after(key: Sequence[str], quote: Callable[[str], str]) -> str:
    """Spell that a row comes after another one; comparing whole rows is no standard everywhere."""
    parts = []
    for number, name in enumerate(key):
        same = [f"{quote(one)} = :key_{place}" for place, one in enumerate(key[:number])]
        parts.append("(" + " AND ".join([*same, f"{quote(name)} > :key_{number}"]) + ")")
    return f"({' OR '.join(parts)})"


@contextmanager
def _writer(kind: Kind, path: Path, columns: Mapping[str, str]) -> Iterator[Callable[[Rows], None]]:
    if kind == "csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            yield _csv(file, columns)
        return
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise UnsupportedTargetError(
            "Parquet needs a package: pip install 'pyarrow>=17', or export as csv"
        ) from None
    types = {
        "integer": pa.int64(),
        "float": pa.float64(),
        "boolean": pa.bool_(),
        "timestamp": pa.timestamp("us", "UTC"),
        "date": pa.date32(),
        "blob": pa.binary(),
    }
    schema = pa.schema([(name, types.get(kind, pa.string())) for name, kind in columns.items()])
    with parquet.ParquetWriter(str(path), schema) as writer:

        def write(rows: Rows) -> None:
            arrays = [
                pa.array([_plain(value, kind) for value in values], field.type)
                for values, kind, field in zip(zip(*rows, strict=True), columns.values(), schema, strict=True)
            ]
            writer.write_table(pa.table(arrays, schema=schema))

        yield write


def _csv(file: IO[str], columns: Mapping[str, str]) -> Callable[[Rows], None]:
    writer = csv.writer(file)
    writer.writerow(columns)

    def write(rows: Rows) -> None:
        for row in rows:
            writer.writerow(
                [_text(_plain(value, kind)) for value, kind in zip(row, columns.values(), strict=True)]
            )

    return write


def _plain(value: Any, kind: str) -> Any:
    """Give a value as its type is, however the database's driver gives it."""
    if value is None:
        return None
    if kind == "boolean":
        return bool(value)
    if kind == "timestamp":
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if kind == "date":
        return date.fromisoformat(value[:10]) if isinstance(value, str) else value
    if kind == "blob":
        return bytes(value)
    if kind in ("integer", "float"):
        return value
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value).lower() if isinstance(value, bool) else value

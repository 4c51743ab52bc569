"""Staged rows: a Parquet file on this machine, and a load job, which costs nothing, into a table of the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from calcom_provider.private_files import OWNER, create_private
from calcom_provider.warehouse.backends.base import Stage
from calcom_provider.warehouse.backends.bigquery.statements import quote
from calcom_provider.warehouse.rows import clean_row, date_text, json_cleaner, utc_text
from calcom_provider.warehouse.schema import Column

if TYPE_CHECKING:
    from pathlib import Path

    from calcom_provider.warehouse.backends.bigquery.session import BigQuerySession

#: Rows that are held before they are written into the file.
ROWS_HELD = 20_000
#: Rows of one file; it is sent when it holds so many, and at the end.
ROWS_PER_FILE = 500_000

SEQ = "_seq"
HASH = "_calcom_row_hash"


class BigQueryStage(Stage):
    """Gather rows in a file; flushing loads it.

    :param session: session of the load.
    :param name: name of the staging table.
    :param columns: columns of the rows.
    :param refuses: escapes that JSON text cannot hold.
    """

    def __init__(
        self, session: BigQuerySession, name: str, columns: Sequence[Column], refuses: frozenset[str]
    ) -> None:
        self.name = quote(name)
        self._table = name
        self._session = session
        self._clean_json = json_cleaner(refuses)
        self._number = 0
        self._held: list[tuple[Any, ...]] = []
        self._in_file = 0
        self._file: Path | None = None
        self._writer: Any = None
        self.shape(columns)

    def shape(self, columns: Sequence[Column]) -> None:
        import pyarrow as pa

        kinds = {
            "integer": pa.int64(),
            "float": pa.float64(),
            "boolean": pa.bool_(),
            "timestamp": pa.timestamp("us", "UTC"),
            "date": pa.date32(),
        }
        fields = [(column.name, kinds.get(column.type, pa.string())) for column in columns]
        self._schema = pa.schema([*fields, (HASH, pa.int64()), (SEQ, pa.int64())])
        readers = {"timestamp": utc_text, "date": date_text, "json": self._json}
        self._readers = [(p, readers[c.type]) for p, c in enumerate(columns) if c.type in readers]

    def _json(self, text: str) -> str:
        cleaned = self._clean_json(text)
        self.replaced += cleaned != text
        return cleaned

    def write(self, rows: Sequence[tuple[Any, ...]], hashes: Sequence[int]) -> None:
        numbers = range(self._number, self._number + len(rows))
        self._number += len(rows)
        self._held += [
            (*row, *more) for row, more in zip(rows, zip(hashes, numbers, strict=True), strict=True)
        ]
        if len(self._held) >= ROWS_HELD:
            self._write_held()
        if self._in_file >= ROWS_PER_FILE:
            self.flush()

    def _write_held(self) -> None:
        if not self._held:
            return
        from pyarrow import parquet

        if self._writer is None:
            self._file = self._session.new_file()
            create_private(self._file, OWNER)
            self._writer = parquet.ParquetWriter(str(self._file), self._schema)
        rows, self._held = self._held, []
        self._writer.write_table(self._table_of(rows))
        self._in_file += len(rows)

    def _table_of(self, rows: list[tuple[Any, ...]]) -> Any:
        try:
            return self._arrow(rows)
        except UnicodeEncodeError:
            cleaned = [clean_row(row, nul=False) for row in rows]
            self.replaced += sum(count for _, count in cleaned)
            return self._arrow([row for row, _ in cleaned])

    def _arrow(self, rows: list[tuple[Any, ...]]) -> Any:
        import pyarrow as pa

        columns: list[Any] = list(zip(*rows, strict=True))
        replaced = self.replaced
        try:
            for place, read in self._readers:
                columns[place] = [None if value is None else read(value) for value in columns[place]]
            arrays = [_array(values, kind) for values, kind in zip(columns, self._schema.types, strict=True)]
        except UnicodeEncodeError:
            self.replaced = replaced
            raise
        return pa.Table.from_arrays(arrays, schema=self._schema)

    def flush(self) -> None:
        self._write_held()
        if self._writer is None:
            return
        self._writer.close()
        self._writer, self._in_file = None, 0
        assert self._file is not None
        self._session.load(self._file, self._table)


def _array(values: Sequence[Any], kind: Any) -> Any:
    """Make a column; times and dates are texts, which are read faster together than one by one."""
    import pyarrow as pa

    if pa.types.is_timestamp(kind):
        return pa.array(values, pa.string()).cast(pa.timestamp("us")).cast(kind)
    if pa.types.is_date(kind):
        return pa.array(values, pa.string()).cast(kind)
    return pa.array(values, kind)

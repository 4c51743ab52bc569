"""Staged rows: a Parquet file on this machine, PUT into the session's stage, COPY into a temporary table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from calcom_provider.private_files import OWNER, create_private
from calcom_provider.warehouse.backends.base import Stage
from calcom_provider.warehouse.backends.snowflake.naming import quote
from calcom_provider.warehouse.rows import clean_row, date_text, json_cleaner, utc_text
from calcom_provider.warehouse.schema import Column

if TYPE_CHECKING:
    from pathlib import Path

    from calcom_provider.warehouse.backends.snowflake.session import SnowflakeSession

#: Rows that are held before they are written into the file.
ROWS_HELD = 20_000
#: Rows of one file; it is sent when it holds so many, and at the end.
ROWS_PER_FILE = 500_000

SEQ = "_seq"
HASH = "_calcom_row_hash"


class SnowflakeStage(Stage):
    """Gather rows in a file; flushing sends and copies it.

    :param session: session of the load.
    :param name: quoted name of the temporary table.
    :param columns: columns of the rows.
    :param types: column type -> type of Snowflake.
    :param refuses: escapes that JSON text cannot hold.
    """

    def __init__(
        self,
        session: SnowflakeSession,
        name: str,
        columns: Sequence[Column],
        types: Callable[[Column], str],
        refuses: frozenset[str],
    ) -> None:
        self.name = name
        self._session = session
        self._type_of = types
        self._clean_json = json_cleaner(refuses)
        self._number = 0
        self._held: list[tuple[Any, ...]] = []
        self._in_file = 0
        self._file: Path | None = None
        self._writer: Any = None
        self.shape(columns)

    def shape(self, columns: Sequence[Column]) -> None:
        import pyarrow as pa

        plain = {"integer": pa.int64(), "float": pa.float64(), "boolean": pa.bool_()}
        kinds = [plain.get(column.type, pa.string()) for column in columns] + [pa.int64(), pa.int64()]
        self._schema = pa.schema([(f"c{place}", kind) for place, kind in enumerate(kinds)])
        readers = {"timestamp": utc_text, "date": date_text, "json": self._json}
        self._readers = [(p, readers[c.type]) for p, c in enumerate(columns) if c.type in readers]
        names = ", ".join(map(quote, [*(column.name for column in columns), HASH, SEQ]))
        whole = Column("n", "integer")
        picked = ", ".join(
            self._picked(place, column) for place, column in enumerate([*columns, whole, whole])
        )
        # The place of the file comes in between; each file has one of its own, so that none is copied twice.
        self._copy = (
            f"COPY INTO {self.name} ({names}) FROM (SELECT {picked} FROM ",
            ") FILE_FORMAT = (TYPE = PARQUET) PURGE = TRUE",
        )

    def _picked(self, place: int, column: Column) -> str:
        if column.type == "json":
            return f"PARSE_JSON($1:c{place}::VARCHAR)"
        return f"$1:c{place}::{self._type_of(column)}"

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
        self._writer.write_table(self._table(rows))
        self._in_file += len(rows)

    def _table(self, rows: list[tuple[Any, ...]]) -> Any:
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
            arrays = [
                pa.array(values, kind) for values, kind in zip(columns, self._schema.types, strict=True)
            ]
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
        place = self._session.upload(self._file)
        head, tail = self._copy
        self._session.run(f"{head}{place}{tail}")

"""Staged rows: a Parquet file on this machine, which is sent as a whole."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from calcom_provider.private_files import OWNER, create_private
from calcom_provider.warehouse.backends.base import Stage
from calcom_provider.warehouse.rows import clean_row, date_text, json_cleaner, utc_text
from calcom_provider.warehouse.schema import Column

#: Rows that are held before they are written into the file.
ROWS_HELD = 20_000
#: Rows of one file; it is sent when it holds so many, and at the end.
ROWS_PER_FILE = 500_000

SEQ = "_seq"
HASH = "_calcom_row_hash"
#: What a staged row has beside its own columns.
MARKS = (Column(HASH, "integer"), Column(SEQ, "integer"))


class Files(Protocol):
    """Describe what of a session is needed."""

    def new_file(self) -> Path:
        """Give the path of a file that rows are gathered in."""


class FileStage(Stage):
    """Gather rows in a file; flushing sends it.

    :param files: session of the load.
    :param name: quoted name of the staging table.
    :param columns: columns of the rows.
    :param refuses: escapes that JSON text cannot hold.
    """

    def __init__(self, files: Files, name: str, columns: Sequence[Column], refuses: frozenset[str]) -> None:
        self.name = name
        self._files = files
        self._clean_json = json_cleaner(refuses)
        self._number = 0
        self._held: list[tuple[Any, ...]] = []
        self._in_file = 0
        self._file: Path | None = None
        self._writer: Any = None
        self.shape(columns)

    @abstractmethod
    def fields(self, columns: Sequence[Column]) -> list[tuple[str, Any]]:
        """Give name and Arrow type of the file's columns.

        :param columns: columns of the rows, and :data:`MARKS`.
        """

    @abstractmethod
    def send(self, file: Path) -> None:
        """Append the rows of a file to the staging table.

        :param file: the Parquet file, which is removed.
        """

    def array(self, values: Sequence[Any], kind: Any) -> Any:
        """Make an Arrow column; times and dates come as texts.

        :param values: its values.
        :param kind: its Arrow type.
        """
        import pyarrow as pa

        return pa.array(values, kind)

    def shape(self, columns: Sequence[Column]) -> None:
        import pyarrow as pa

        self._schema = pa.schema(self.fields([*columns, *MARKS]))
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
            self._file = self._files.new_file()
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
                self.array(values, kind) for values, kind in zip(columns, self._schema.types, strict=True)
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
        self.send(self._file)

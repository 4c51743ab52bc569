"""Turn what an HR system hands over into rows of cells, without interpreting any of them.

Text is read as text. A file that cannot be read, holds nothing or lacks a column stops the run: an empty
answer must never look like an organisation whose people all came back to work.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from calcom_provider.hr.errors import Issue, SourceError
from calcom_provider.hr.sources.cells import dig
from calcom_provider.hr.sources.text import clean

Window = tuple[date | None, date | None]
"""First and last day of which a source speaks; None without bound."""

SEPARATORS = (",", ";", "\t", "|")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Rows:
    """Hold the rows of one source.

    :param records: one mapping a row, cells as the source gave them.
    :param columns: the header of a tabular source, None for records of their own shape.
    :param numbers: number of each row, counted from 1; rows left out for an error have none.
    :param issues: rows that could not be taken apart.
    :param window: first and last day of which the source speaks, where it says so itself; default all.
    """

    records: tuple[Mapping[str, Any], ...]
    columns: tuple[str, ...] | None = None
    numbers: tuple[int, ...] = ()
    issues: tuple[Issue, ...] = field(default=())
    window: Window = (None, None)

    def __len__(self) -> int:
        return len(self.records)

    def numbered(self) -> Iterable[tuple[int, Mapping[str, Any]]]:
        """Yield each row with its number."""
        return zip(self.numbers or range(1, len(self.records) + 1), self.records, strict=True)

    def fingerprint(self) -> str:
        """Return a digest of all cells, by which two reads of one source are told apart."""
        text = json.dumps(
            [dict(one) for one in self.records], default=str, sort_keys=True, ensure_ascii=False
        )
        return hashlib.sha256(text.encode()).hexdigest()

    def require(self, columns: Iterable[str], what: str) -> None:
        """Refuse rows that are empty or lack a column.

        In rows of their own shape a column counts as missing when no row has it.

        :param columns: names or dotted paths.
        :param what: name of the source, for the message.
        :raises SourceError: when there are no rows, or a column is nowhere.
        """
        if not self.records:
            raise SourceError(f"{what}: the source holds no rows; an empty export changes nothing")
        for name in columns:
            if self.columns is not None and name in self.columns:
                continue
            if not any(dig(record, name)[0] for record in self.records):
                raise SourceError(f"{what}: no column {name!r}; was it renamed?")


def decode(data: bytes, encoding: str = "auto") -> str:
    """Return the text of a file; a byte order mark wins over the stated encoding.

    :param data: the file.
    :param encoding: name of the encoding, default ``auto``: by byte order mark, else UTF-8.
    :raises SourceError: when the bytes are not in that encoding.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            encoding = name
            break
    try:
        return data.decode("utf-8" if encoding == "auto" else encoding)
    except (UnicodeDecodeError, LookupError):
        raise SourceError(f"the source is not {encoding} text; name its encoding") from None


def read_csv(data: bytes | str, *, separator: str = "auto", encoding: str = "auto") -> Rows:
    """Read separated text, every cell as text.

    A row with more or fewer cells than the header is an error of that row: its cells cannot be told apart.

    :param data: the file.
    :param separator: one character, default ``auto``: the one the header uses most.
    :param encoding: see :func:`decode`.
    :raises SourceError: for an empty file, or a header with a column twice.
    """
    text = decode(data, encoding) if isinstance(data, bytes) else data
    if not text.strip():
        raise SourceError("the source is empty")
    if separator == "auto":
        head = text.lstrip("\ufeff").split("\n", 1)[0]
        separator = max(SEPARATORS, key=head.count)
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=separator)
    header = tuple(clean(name) for name in next(reader))
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise SourceError(f"the header has a column twice: {', '.join(twice)}")
    records, numbers, issues = [], [], []
    number = 0
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        number += 1
        if len(cells) != len(header):
            issues.append(Issue("ragged_row", row=number))
            continue
        records.append(dict(zip(header, cells, strict=True)))
        numbers.append(number)
    return Rows(tuple(records), header, tuple(numbers), tuple(issues))


def read_json(data: bytes | str, *, records: str | None = None, encoding: str = "auto") -> Rows:
    """Read JSON; numbers with a point stay exact.

    :param data: the file: a list of objects, an object that holds the list, or one object a line.
    :param records: dotted path to the list inside an object, default the top.
    :param encoding: see :func:`decode`.
    :raises SourceError: when it is no JSON, or no list of objects is found.
    """
    text = decode(data, encoding) if isinstance(data, bytes) else data
    try:
        loaded: Any = json.loads(text, parse_float=Decimal)
    except ValueError:
        loaded = _json_lines(text)
    return from_records(_find_list(loaded, records))


def from_records(records: Iterable[Mapping[str, Any]]) -> Rows:
    """Take rows as another task hands them over.

    :param records: one mapping a row.
    :raises SourceError: when one is no mapping.
    """
    taken = list(records)
    if not all(isinstance(one, Mapping) for one in taken):
        raise SourceError("the source is no list of objects")
    return Rows(tuple(taken))


def from_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Rows:
    """Take the result of a query.

    :param columns: names of the result's columns.
    :param rows: the result, typed as the database driver gave it.
    """
    names = tuple(columns)
    return Rows(tuple(dict(zip(names, row, strict=True)) for row in rows), names)


def from_frame(frame: Any) -> Rows:
    """Take a pandas data frame.

    Its types were fixed when it was read: read ids and codes with ``dtype=str`` and ``keep_default_na``
    off, or floats among them come back as row errors.

    :param frame: a ``pandas.DataFrame``.
    """
    names = [str(name) for name in frame.columns]
    # Object dtype keeps each value's own type: a numeric row would turn its integers into floats.
    return from_table(names, frame.astype(object).itertuples(index=False, name=None))


def _json_lines(text: str) -> list[Any]:
    try:
        return [json.loads(line, parse_float=Decimal) for line in text.splitlines() if line.strip()]
    except ValueError:
        raise SourceError("the source is neither JSON nor one JSON object a line") from None


def _find_list(loaded: Any, path: str | None) -> list[Any]:
    if path and isinstance(loaded, Mapping):
        found, loaded = dig(loaded, path)
        if not found:
            raise SourceError(f"the source has no {path!r}")
    if not isinstance(loaded, list):
        raise SourceError("the source is no list of objects" + (f" at {path!r}" if path else ""))
    return loaded

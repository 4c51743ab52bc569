"""Hash rows, and replace the characters that a database refuses."""

from __future__ import annotations

import marshal
import re
from array import array
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from xxhash import xxh3_64_intdigest

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

#: Format 2 writes equal values as equal bytes in every release of Python; later formats write references,
#: which depend on what else holds a value.
_FORMAT = 2

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPES = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.")


def hash_rows(rows: Sequence[tuple[Any, ...]]) -> list[int]:
    """Give the 64-bit hash of each row as a signed number.

    It is XXH3 over the row's values in a fixed binary form, cheap enough to be taken of every row: an
    unchanged row is recognised by it and not written again.

    :param rows: rows of None, booleans, numbers, texts, dates and times.
    """
    try:
        digests = array("Q", [xxh3_64_intdigest(marshal.dumps(row, _FORMAT)) for row in rows])
    except ValueError:  # a date or time among the values
        plain = [tuple(map(_plain, row)) for row in rows]
        digests = array("Q", [xxh3_64_intdigest(marshal.dumps(row, _FORMAT)) for row in plain])
    return memoryview(digests).cast("B").cast("q").tolist()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return utc_text(value)
    return value.isoformat() if isinstance(value, date) else value


def utc_text(value: str | datetime) -> str:
    """Give a time as ``YYYY-MM-DD HH:MM:SS.mmm`` in UTC.

    :param value: aware time, or ISO 8601 text; a time without a zone is taken as UTC.
    :raises ValueError: when the text is no time.
    """
    if isinstance(value, str):
        if len(value) == 24 and value[10] == "T" and value[23] == "Z":
            return f"{value[:10]} {value[11:23]}"
        value = datetime.fromisoformat(value)
    if value.tzinfo is not None:
        value = value.astimezone(UTC)
    return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03d}"


def as_utc(value: Any) -> datetime | None:
    """Read a time that a database gave back, in whatever form, as an aware one in UTC."""
    if value is None:
        return None
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def date_text(value: str | date) -> str:
    """Give a date as ``YYYY-MM-DD``; of a time, its first ten characters."""
    return value[:10] if isinstance(value, str) else value.isoformat()[:10]


def clean_row(row: tuple[Any, ...], nul: bool) -> tuple[tuple[Any, ...], int]:
    """Replace what no database takes, and count the values in which that happened.

    :param row: values of a row.
    :param nul: whether NUL is refused too; lone surrogates always are, as they have no UTF-8 form.
    """
    replaced = 0
    values = list(row)
    for place, value in enumerate(values):
        if isinstance(value, str):
            clean = _SURROGATE.sub(REPLACEMENT, value)
            if nul:
                clean = clean.replace("\0", REPLACEMENT)
            if clean is not value and clean != value:
                values[place] = clean
                replaced += 1
    return tuple(values), replaced


def json_cleaner(refused: frozenset[str]) -> Callable[[str], str]:
    """Make a function that replaces escapes which a database's JSON refuses.

    Only the refused escapes change: parsing and writing again would touch numbers and spacing.

    :param refused: ``nul``, ``surrogate`` or both.
    """

    def escape(match: re.Match[str]) -> str:
        text = match[0]
        if len(text) != 6:
            return text
        if text == r"\u0000":
            return REPLACEMENT if "nul" in refused else text
        return (
            REPLACEMENT if "surrogate" in refused and text[2] in "dD" and text[3] not in "01234567" else text
        )

    def clean(text: str) -> str:
        return _ESCAPES.sub(escape, text) if "\\u" in text else text

    return clean

"""Remember pages, so that a page which did not change is neither parsed nor staged nor merged."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

KeyValue = int | str | None


@dataclass(frozen=True, slots=True)
class PageMark:
    """Identify a page that was read and its contents.

    :param key: name of the page, unique within the resource (``"3"``, or ``"<list>:3"`` where a resource
        reads several lists).
    :param digest: 64-bit digest of the page as it was sent, unsigned.
    :param count: rows that the page held.
    :param etag: validator that the server sent with the page, if any.
    :param first_key: key of the first row, if the reader wants it back.
    :param last_key: key of the last row, likewise.
    :param list_key: name of the list that the page belongs to; see ``TableLoad.restart``.
    """

    key: str
    digest: int
    count: int = 0
    etag: str | None = None
    first_key: KeyValue = None
    last_key: KeyValue = None
    list_key: str = ""


#: What ``Load.known_pages`` gives back: the mark as it was published.
KnownMark = PageMark


def pack_keys(columns: Iterable[Sequence[Any]]) -> bytes:
    """Pack the key columns of a page into few bytes.

    Numbers become 64-bit words, texts a list of the distinct ones and an index per row: an assigned option
    repeats for hundreds of people.

    :param columns: one sequence per key column, all of one length.
    """
    parts: list[bytes] = []
    for values in columns:
        if all(type(value) is int for value in values):
            try:
                parts.append(b"q" + array("q", values).tobytes())
                continue
            except OverflowError:
                pass
        places: dict[Any, int] = {}
        indexes = array("I", [places.setdefault(value, len(places)) for value in values])
        words = orjson.dumps(list(places))
        parts.append(b"d" + len(words).to_bytes(4, "little") + words + indexes.tobytes())
    framed = b"".join(len(part).to_bytes(4, "little") + part for part in parts)
    return zlib.compress(framed, 1)


def unpack_keys(packed: bytes) -> list[tuple[Any, ...]]:
    """Give back the key tuples that :func:`pack_keys` packed."""
    data = zlib.decompress(packed)
    columns: list[Sequence[Any]] = []
    place = 0
    while place < len(data):
        size = int.from_bytes(data[place : place + 4], "little")
        columns.append(_column(data[place + 4 : place + 4 + size]))
        place += 4 + size
    return list(zip(*columns, strict=True))


def _column(part: bytes) -> Sequence[Any]:
    if part[:1] == b"q":
        numbers = array("q")
        numbers.frombytes(part[1:])
        return numbers
    size = int.from_bytes(part[1:5], "little")
    words = orjson.loads(part[5 : 5 + size])
    indexes = array("I")
    indexes.frombytes(part[5 + size :])
    return [words[index] for index in indexes]

"""Read the body of an answer piece by piece, within bounds of size and time."""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Iterator

import urllib3

from calcom_provider.api.bounds import MIB, Bounds
from calcom_provider.api.errors import TransportError

PIECE = 256 * 1024
#: Bodies beyond this are read one after the other: eight at a time could fill eight times the memory.
LARGE = 4 * MIB
#: Either form, told by the first bytes.
GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class BodyReader:
    """Read bodies, from any number of threads.

    :param bounds: what one answer may be.
    """

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._one_large = threading.Lock()

    def read(self, raw: urllib3.BaseHTTPResponse, began: float) -> bytes:
        """Return a whole body, unpacked.

        :param raw: the answer, its head read.
        :param began: when the request was sent, in monotonic seconds.
        :raises TransportError: of kind ``too_large`` or ``too_slow``.
        """
        encoding = raw.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("identity", "gzip", "x-gzip", "deflate"):
            raise TransportError(
                "The answer is packed in a way that was not asked for.", kind="malformed", sent=True
            )
        packed = encoding != "identity"
        length = raw.headers.get("content-length", "")
        if not packed and length.isdecimal() and int(length) > self._bounds.answer_bytes:
            raise self._too_large()
        # One buffer that grows: what is freed of many pieces would stay with the thread's heap.
        body = bytearray()
        waited, holds = 0.0, False
        source = _received(raw)
        try:
            for piece in _unpacked(source) if packed else source:
                if len(body) + len(piece) > self._bounds.answer_bytes:
                    raise self._too_large()
                body += piece
                if len(body) > LARGE and not holds:
                    asked = time.monotonic()
                    holds = self._one_large.acquire()
                    waited += time.monotonic() - asked
                if time.monotonic() - began - waited > self._bounds.answer_seconds:
                    raise TransportError(
                        f"The answer did not come to its end within {self._bounds.answer_seconds:g} seconds.",
                        kind="too_slow",
                        advice="Raise answer_seconds of the connection if its network is that slow.",
                    )
            return bytes(body)
        finally:
            # An error keeps this frame, and with it what was read, for as long as somebody keeps the error.
            body.clear()
            if holds:
                self._one_large.release()

    def _too_large(self) -> TransportError:
        return TransportError(
            f"The answer is larger than {self._bounds.answer_bytes / MIB:g} MiB unpacked; it was not read to its end.",
            kind="too_large",
            advice="Ask for smaller pages, or raise answer_mib of the connection if answers are really that large.",
        )


def _received(raw: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """Yield what comes, as it comes: waiting for a full piece would hide how slow it is."""
    while piece := raw.read1(PIECE, decode_content=False):
        yield piece


def _unpacked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack a gzip or zlib stream a megabyte at a time, whatever a small piece swells to."""
    unpack = zlib.decompressobj(GZIP_OR_ZLIB)
    begun = False
    try:
        for piece in pieces:
            rest = piece
            while rest:
                if unpack.eof:
                    # A gzip file may be several, one after the other.
                    unpack = zlib.decompressobj(GZIP_OR_ZLIB)
                begun = True
                made = unpack.decompress(rest, MIB)
                if made:
                    yield made
                rest = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
            while not unpack.eof and (made := unpack.decompress(b"", MIB)):
                yield made
    except zlib.error:
        raise TransportError("The answer was cut short: it cannot be unpacked.", kind="truncated") from None
    if begun and not unpack.eof:
        raise TransportError(
            "The answer was cut short: it is packed, and its end is missing.", kind="truncated"
        )

"""Read a body as JSON, and say in its own words why one cannot be read."""

from __future__ import annotations

import json
from typing import Any

import orjson

from calcom_provider.errors import CalComError


class UnreadableBodyError(CalComError):
    """Say what is wrong with a body, without its contents.

    :param words: what is wrong, to follow "the answer".
    :param cut: whether the rest of the body seems to be missing, so that another attempt is likely to help.
    """

    def __init__(self, words: str, *, cut: bool = False) -> None:
        super().__init__(words)
        self.words = words
        self.cut = cut


def loads(body: bytes) -> Any:
    """Return the value of a JSON body.

    A lone surrogate (half of an emoji that somebody cut) has no UTF-8 form, so the fast parser refuses the
    whole body for it; it comes back as it was sent, and the warehouse replaces it where a database must.

    :param body: the body, decompressed.
    :raises UnreadableBodyError: saying what is wrong with it.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _slowly(body)


def _slowly(body: bytes) -> Any:
    """Read what the fast parser refused: find a lone surrogate, or the reason."""
    text = _text(body)
    if text[:1] == "<":
        raise UnreadableBodyError("is a web page, though it says that it is JSON")
    try:
        return json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise UnreadableBodyError("is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise _reason(text, error) from None


def _text(body: bytes) -> str:
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableBodyError("is encoded in UTF-16, where JSON is UTF-8")
    if body.startswith(b"\xef\xbb\xbf"):
        raise UnreadableBodyError("begins with a byte order mark, which JSON does not allow")
    if not body.strip():
        raise UnreadableBodyError("has no body")
    try:
        return body.decode("utf-8", "surrogatepass").strip()
    except UnicodeDecodeError as error:
        if error.end >= len(body) and "end of data" in error.reason:
            raise UnreadableBodyError("was cut short in the midst of a character", cut=True) from None
        raise UnreadableBodyError("holds bytes that are no UTF-8") from None


def _no_number(name: str) -> Any:
    raise UnreadableBodyError(f"holds {name}, which JSON has no number for")


def _reason(text: str, error: json.JSONDecodeError) -> UnreadableBodyError:
    if error.msg.startswith("Extra data"):
        return UnreadableBodyError("goes on after the end of its JSON")
    if error.msg.startswith("Invalid control character"):
        return UnreadableBodyError("holds a control character inside a text")
    if text[0] not in '{["':
        return UnreadableBodyError("is plain text, though it says that it is JSON")
    if error.pos >= len(text) or error.msg.startswith("Unterminated") or text[-1] not in "}]":
        return UnreadableBodyError("was cut short: its JSON is not complete", cut=True)
    return UnreadableBodyError(f"is no JSON at character {error.pos}")

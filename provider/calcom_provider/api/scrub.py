"""Keep secrets and people's data out of every text that may be logged or raised."""

from __future__ import annotations

import re
from collections.abc import Iterable

from calcom_provider.errors import one_line

LONGEST = 400

_PEM = re.compile(r"-----BEGIN[^-]*-----.*?(-----END[^-]*-----|\Z)", re.DOTALL)
_BEARER = re.compile(r"\b(Bearer|Basic)\s+[^\s,;\"']+", re.IGNORECASE)
_JWT = re.compile(r"\beyJ[\w-]{5,}(\.[\w-]*){0,2}")
_KEY = re.compile(r"\bcal_[\w-]+")
_NAMED = re.compile(
    r"(?i)\b(api[_-]?key|secret(?:[_-]?key)?|client[_-]?secret|password|access[_-]?token|refresh[_-]?token|"
    r"private[_-]?key)(\"?\s*[=:]\s*\"?)[^\s&,;\"']+"
)
_FORM = re.compile(r"(?i)\b(token|code|state|signature|key)=[^\s&,;\"']+")
_QUERY = re.compile(r"\?[\w\[\]%.~-]+=[^\s\"')]*")
_USERINFO = re.compile(r"(?<=://)[^\s/@]+@")
# Also the percent-encoded form, as addresses appear in paths and query strings.
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+(?:@|%40)[\w-]+(?:\.[\w-]+)*", re.IGNORECASE)
# Hashes and opaque tokens; uuids and cuids are shorter or have dashes, and stay readable.
_LONG = re.compile(r"(?<![0-9A-Za-z])(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[0-9A-Za-z]{32,}")


def scrub(text: object, secrets: Iterable[str] = ()) -> str:
    """Return a text as one line without keys, tokens, e-mail addresses and query strings.

    :param text: what the API, a library or a proxy said.
    :param secrets: further values to take out wherever they appear, such as the credential in use.
    """
    line = str(text)
    for secret in secrets:
        if secret:
            line = line.replace(secret, "[secret]")
    line = _PEM.sub("[private key]", line)
    line = _BEARER.sub(r"\1 [secret]", line)
    line = _JWT.sub("[token]", line)
    line = _KEY.sub("[key]", line)
    line = _USERINFO.sub("", line)
    line = _QUERY.sub("", line)
    line = _NAMED.sub(r"\1\2[secret]", line)
    line = _FORM.sub(r"\1=[secret]", line)
    line = _EMAIL.sub("[e-mail]", line)
    line = _LONG.sub("[token]", line)
    line = one_line(line)
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"

"""Hold what the ledger knows as its own: pairs it assigned, options it made, entries it wrote."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from calcom_provider.hr.errors import HrSettingsError
from calcom_provider.hr.plan import digest

_NAMESPACE = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}")


@dataclass(frozen=True, slots=True)
class OwnedEntry:
    """Describe an out-of-office entry as it was last written.

    :param ooo_id: its id
    :param user_id: who is away
    :param start: first day as written
    :param end: last day as written
    :param reason: reason as written
    :param to_user_id: cover as written
    :param wish: digest of what HR said then
    :param requests: keyed digests of the requests behind it
    :param unclear: whether the write went unanswered, so that a twin of it may have landed
    """

    ooo_id: int
    user_id: int
    start: date
    end: date
    reason: str = "unspecified"
    to_user_id: int | None = None
    wish: str = ""
    requests: frozenset[str] = frozenset()
    unclear: bool = False


@dataclass(slots=True)
class Owned:
    """Hold all that is owned in one organisation and namespace.

    :param has_ledger: whether a ledger is behind it; without one nothing but markers tells what is ours
    :param pairs: user and option ids assigned by us, and whether the answer was unclear
    :param options: options made by us with their attribute, and whether the answer was unclear
    :param entries: entries written by us
    :param source_rows: rows of the source at the last successful run, None before the first
    :param match_rate: match rate at the last successful run, None before the first
    :param first_run: whether nothing was ever applied here; None when nobody can know
    :param directory_sync_seen: whether an answer ever carried the mark of a directory sync
    """

    has_ledger: bool = False
    pairs: dict[tuple[int, str], bool] = field(default_factory=dict)
    options: dict[str, tuple[str, bool]] = field(default_factory=dict)
    entries: dict[int, OwnedEntry] = field(default_factory=dict)
    source_rows: int | None = None
    match_rate: float | None = None
    first_run: bool | None = None
    directory_sync_seen: bool = False


@dataclass(frozen=True, slots=True)
class Marker:
    """Make and recognise the mark in the notes of an entry: ``[hr:<namespace>:<digest of the requests>]``.

    The digest is keyed and short: it tells entries of one run from another without saying which request.

    :param namespace: lower-case letters, digits, dashes and underscores
    :param organization_id: the organisation
    :param secret: key of the digests, default derived from the organisation and namespace
    :param note: fixed public sentence before the mark, default none
    """

    namespace: str
    organization_id: int
    secret: str = field(default="", repr=False)
    note: str = ""

    def __post_init__(self) -> None:
        if not _NAMESPACE.fullmatch(self.namespace):
            raise HrSettingsError("namespace: up to 31 lower-case letters, digits, dashes and underscores")
        if "[hr:" in self.note:
            raise HrSettingsError("note: must not contain a mark of its own")

    def keyed(self, text: str) -> str:
        """Return the keyed digest of one text, 16 hexadecimal digits.

        :param text: such as a request key
        """
        key = self.secret or f"calcom-hr:{self.organization_id}:{self.namespace}"
        return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()[:16]

    def token(self, keys: Iterable[str]) -> str:
        """Return the digest in the mark of an entry.

        :param keys: the requests behind it
        """
        return self.keyed("\n".join(sorted(keys)))[:12]

    def notes(self, keys: Iterable[str]) -> str:
        """Return the notes of an entry.

        :param keys: the requests behind it
        """
        mark = f"[hr:{self.namespace}:{self.token(keys)}]"
        return f"{self.note} {mark}" if self.note else mark

    def found_in(self, notes: str | None) -> str | None:
        """Return the digest in an entry's notes, None when they do not carry our mark alone.

        Notes in which somebody wrote more than the mark and our own sentence are theirs now.

        :param notes: the notes of an entry
        """
        if not notes:
            return None
        text = notes.removeprefix(self.note).strip() if self.note else notes.strip()
        found = re.fullmatch(rf"\[hr:{re.escape(self.namespace)}:([^\]\s]+)\]", text)
        return found[1] if found else None


def wish_of(start: date, end: date, keys: Iterable[str], reason: str, cover: int | None) -> str:
    """Return the digest of what HR says about one run of days.

    :param start: its true first day
    :param end: its true last day
    :param keys: keyed digests of the requests
    :param reason: reason word
    :param cover: user id of the cover HR names
    """
    return digest([start.isoformat(), end.isoformat(), sorted(keys), reason, cover])[:32]


def owned_from(record: Mapping[str, Any]) -> OwnedEntry:
    """Build an owned entry from its stored values.

    :param record: the row of the ledger
    """
    return OwnedEntry(
        ooo_id=int(record["ooo_id"]),
        user_id=int(record["user_id"]),
        start=date.fromisoformat(str(record["start_day"])),
        end=date.fromisoformat(str(record["end_day"])),
        reason=str(record["reason"]),
        to_user_id=record["to_user_id"],
        wish=str(record["wish"]),
        requests=frozenset(str(record["requests"]).split()),
        unclear=bool(record["unclear"]),
    )

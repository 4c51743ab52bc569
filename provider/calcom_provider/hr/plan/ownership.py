"""Hold what the ledger knows as its own: pairs it assigned, options it made, entries it wrote."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

from calcom_provider.hr.errors import HrSettingsError
from calcom_provider.hr.plan.statements import OwnedRequest, days_between

_NAMESPACE = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}")


@dataclass(frozen=True, slots=True)
class OwnedEntry:
    """Describe an out-of-office entry as it was last written.

    :param ooo_id: its id.
    :param user_id: who is away.
    :param start: first day as written.
    :param end: last day as written.
    :param reason: reason as written.
    :param to_user_id: cover as written.
    :param behind: what was written for each request behind it, by the request's keyed digest.
    :param unclear: whether the write went unanswered, so that a twin of it may have landed.
    """

    ooo_id: int
    user_id: int
    start: date
    end: date
    reason: str = "unspecified"
    to_user_id: int | None = None
    behind: Mapping[str, OwnedRequest] = field(default_factory=dict)
    unclear: bool = False

    @property
    def requests(self) -> frozenset[str]:
        """Return the keyed digests of the requests behind it."""
        return frozenset(self.behind)

    def is_as_written(self, shape: list[Any]) -> bool:
        """Say whether an entry still has the days, the reason and the cover that were written.

        :param shape: days, reason and cover of the entry.
        """
        return shape == [self.start.isoformat(), self.end.isoformat(), self.reason, self.to_user_id]


def erased_digest(key: str, *parts: object) -> str:
    """Return the keyed digest that stays of something owned when its person is erased.

    :param key: key of the ledger's digests.
    :param parts: what it was: ``day`` or ``pair``, the user id, and the day or the option.
    """
    return hmac.new(key.encode(), "\n".join(map(str, parts)).encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Erased:
    """Hold what was owned of people who were erased: nobody can read from it who they were.

    :param key: key of the digests.
    :param digests: entry by digest, 0 for an assignment.
    """

    key: str = field(default="", repr=False)
    digests: Mapping[str, frozenset[int]] = field(default_factory=dict)

    def entries(self) -> frozenset[int]:
        """Return the entries that were owned."""
        return frozenset().union(*self.digests.values()) - {0}

    def on(self, user_id: int, day: date) -> frozenset[int]:
        """Return the entries that were owned of a user on a day.

        :param user_id: the user.
        :param day: the day.
        """
        return self.digests.get(erased_digest(self.key, "day", user_id, day.isoformat()), frozenset())

    def has_pair(self, user_id: int, option_id: str) -> bool:
        """Say whether an option was assigned to a user by us.

        :param user_id: the user.
        :param option_id: the option.
        """
        return erased_digest(self.key, "pair", user_id, option_id) in self.digests


class OwnedPairs(dict[tuple[int, str], bool]):
    """Hold the user and option ids assigned by us; those of erased people are in it by their digests alone.

    :param pairs: what is known, and whether the answer was unclear.
    :param erased: what was owned of erased people.
    """

    def __init__(
        self, pairs: Mapping[tuple[int, str], bool] = MappingProxyType({}), erased: Erased = Erased()
    ) -> None:
        super().__init__(pairs)
        self.erased = erased

    def __contains__(self, pair: object) -> bool:
        known = super().__contains__(pair)
        if known or not self.erased.digests or not isinstance(pair, tuple):
            return known
        return self.erased.has_pair(*pair)


@dataclass(slots=True)
class Owned:
    """Hold all that is owned in one organisation and namespace.

    :param has_ledger: whether a ledger is behind it; without one nothing but markers tells what is ours.
    :param pairs: user and option ids assigned by us, and whether the answer was unclear.
    :param options: options made by us with their attribute, and whether the answer was unclear.
    :param entries: entries written by us.
    :param source_rows: rows of the source at the last successful run, None before the first.
    :param match_rate: match rate at the last successful run, None before the first.
    :param absence_match_rate: share of absent people who had a user at the last successful run, None before.
    :param first_run: whether nothing was ever applied here; None when nobody can know.
    :param directory_sync_seen: whether an answer ever carried the mark of a directory sync.
    :param told_until: last day of which the feed spoke at the last successful run, None without bound.
    :param erased: what was owned of people who were erased.
    """

    has_ledger: bool = False
    pairs: dict[tuple[int, str], bool] = field(default_factory=dict)
    options: dict[str, tuple[str, bool]] = field(default_factory=dict)
    entries: dict[int, OwnedEntry] = field(default_factory=dict)
    source_rows: int | None = None
    match_rate: float | None = None
    absence_match_rate: float | None = None
    first_run: bool | None = None
    directory_sync_seen: bool = False
    told_until: date | None = None
    erased: Erased = field(default_factory=Erased)

    def owns_entry(self, ooo_id: int) -> bool:
        """Say whether an entry was written by us, for an erased person too.

        :param ooo_id: the entry.
        """
        return ooo_id in self.entries or ooo_id in self.erased.entries()

    def users_of_requests(self) -> dict[str, frozenset[int]]:
        """Return the users to whom entries of each request were written, by its keyed digest."""
        users: dict[str, frozenset[int]] = {}
        for entry in self.entries.values():
            for request in entry.requests:
                users[request] = users.get(request, frozenset()) | {entry.user_id}
        return users


@dataclass(frozen=True, slots=True)
class Marker:
    """Make and recognise the mark in the notes of an entry: ``[hr:<namespace>:<digest of the requests>]``.

    The digest is keyed and short: it tells entries of one run from another without saying which request.

    :param namespace: lower-case letters, digits, dashes and underscores.
    :param organization_id: the organisation.
    :param secret: key of the digests, default derived from the organisation and namespace.
    :param note: fixed public sentence before the mark, default none.
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

        :param text: such as a request key.
        """
        key = self.secret or f"calcom-hr:{self.organization_id}:{self.namespace}"
        return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()[:16]

    def token(self, keys: Iterable[str]) -> str:
        """Return the digest in the mark of an entry.

        :param keys: the requests behind it.
        """
        return self.keyed("\n".join(sorted(keys)))[:12]

    def notes(self, keys: Iterable[str]) -> str:
        """Return the notes of an entry.

        :param keys: the requests behind it.
        """
        mark = f"[hr:{self.namespace}:{self.token(keys)}]"
        return f"{self.note} {mark}" if self.note else mark

    def found_in(self, notes: str | None) -> str | None:
        """Return the digest in an entry's notes, None when they do not carry our mark alone.

        Notes in which somebody wrote more than the mark and our own sentence are theirs now.

        :param notes: the notes of an entry.
        """
        if not notes:
            return None
        text = notes.removeprefix(self.note).strip() if self.note else notes.strip()
        found = re.fullmatch(rf"\[hr:{re.escape(self.namespace)}:([^\]\s]+)\]", text)
        return found[1] if found else None


def owned_from(record: Mapping[str, Any], requests: Iterable[Mapping[str, Any]] = ()) -> OwnedEntry:
    """Build an owned entry from its stored values.

    :param record: the row of the ledger.
    :param requests: rows of the requests behind it; release 0.1.0 kept none, only their digests.
    """
    start, end = date.fromisoformat(str(record["start_day"])), date.fromisoformat(str(record["end_day"]))
    behind = {str(one["request"]): OwnedRequest.from_content(one) for one in requests}
    whole = OwnedRequest(days_between(start, end))
    return OwnedEntry(
        ooo_id=int(record["ooo_id"]),
        user_id=int(record["user_id"]),
        start=start,
        end=end,
        reason=str(record["reason"]),
        to_user_id=record["to_user_id"],
        behind=behind or dict.fromkeys(str(record["requests"]).split(), whole),
        unclear=bool(record["unclear"]),
    )

"""Hold what HR says of everybody's absences, and part our entries from everybody else's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from calcom_provider.hr.errors import Issue
from calcom_provider.hr.out_of_office.days import Away
from calcom_provider.hr.plan.model import Action
from calcom_provider.hr.plan.ownership import Marker, Owned
from calcom_provider.hr.plan.statements import Statement
from calcom_provider.hr.target.state import CalState, OooEntry

RequestState = Literal["stated", "taken_back", "uncertain", "outside_window", "vanished"]


@dataclass(frozen=True, slots=True)
class Desired:
    """Say what HR wants of everybody's out-of-office entries; requests stand as their keyed digests.

    :param away: days that HR readably approves by user id, whatever the horizon.
    :param statements: what HR says about each of the requests behind them, by user id and request.
    :param taken_back: requests that HR readably took back: cancelled, denied, of a type that keeps nobody away.
    :param removed: days of the requests taken back, by user id.
    :param uncertain: requests that are unreadable, waiting for a decision, or of people who cannot be matched.
    :param told_days: days of which a readable row speaks, of requests told day by day.
    :param uncertain_users: users about whom anything is uncertain.
    :param unplaced: days approved of people who left, or who were matched once and are not today, by user id.
    :param unplaced_tokens: marks that entries of people who cannot be matched would carry.
    :param unknown_people: whether rows are unreadable of people nobody knows.
    :param blind: whether a row is so unreadable that not even its request is known.
    :param in_scope: users of whom the feed would speak; None when it speaks of all.
    :param window: first and last day of which the feed speaks.
    :param names: HR's keys of the requests.
    :param tokens: request by the token that its own entry carries in its notes.
    """

    away: Mapping[int, Mapping[date, Away]] = field(default_factory=dict)
    statements: Mapping[int, Mapping[str, Statement]] = field(default_factory=dict)
    taken_back: frozenset[str] = frozenset()
    removed: Mapping[int, set[date]] = field(default_factory=dict)
    uncertain: frozenset[str] = frozenset()
    told_days: Mapping[str, set[date]] = field(default_factory=dict)
    uncertain_users: frozenset[int] = frozenset()
    unplaced: Mapping[int, set[date]] = field(default_factory=dict)
    unplaced_tokens: frozenset[str] = frozenset()
    unknown_people: bool = False
    blind: bool = False
    in_scope: frozenset[int] | None = None
    window: tuple[date | None, date | None] = (None, None)
    names: Mapping[str, str] = field(default_factory=dict)
    tokens: Mapping[str, str] = field(default_factory=dict)

    def state_of(self, request: str, user_id: int, ahead: frozenset[date]) -> RequestState:
        """Say what the feed tells about a request that was written to a user.

        Days written for it stay until HR says something readable: a row that can be read, or a complete feed,
        within its window, that no longer names it. One that is over has nothing left that could vanish.

        :param request: keyed digest of the request.
        :param user_id: the user.
        :param ahead: its days that are not over.
        """
        if request in self.uncertain:
            return "uncertain"
        if request in self.statements.get(user_id, {}):
            return "stated"
        if request in self.taken_back or any(request in one for one in self.statements.values()):
            return "taken_back"
        if self.blind or not self.speaks_of(user_id):
            return "uncertain"
        return "vanished" if ahead and self.sees(ahead) else "outside_window"

    def speaks_of(self, user_id: int) -> bool:
        """Say whether the feed would name the absences of a user.

        :param user_id: the user.
        """
        return self.in_scope is None or user_id in self.in_scope

    def sees(self, ahead: frozenset[date]) -> bool:
        """Say whether all of some days lie in the feed's window.

        :param ahead: the days.
        """
        first, last = self.window
        return all((first is None or day >= first) and (last is None or day <= last) for day in ahead)

    def keys(self, requests: Mapping[str, object] | frozenset[str]) -> tuple[str, ...]:
        """Return HR's keys of requests, sorted, as far as the feed names them.

        :param requests: keyed digests of the requests.
        """
        return tuple(sorted(self.names[one] for one in requests if one in self.names))


@dataclass(frozen=True, slots=True)
class OooSettings:
    """Say how entries are compared.

    :param as_of: the day that is today for the organisation.
    :param marker: makes and recognises our notes.
    :param on_drift: what an entry that somebody edited means: ``keep`` (default) or ``overwrite``.
    :param on_missing: what an entry that somebody deleted means: ``respect`` (default) or ``recreate``.
    :param horizon_days: how far ahead days are written, default 180.
    """

    as_of: date
    marker: Marker
    on_drift: Literal["keep", "overwrite"] = "keep"
    on_missing: Literal["respect", "recreate"] = "respect"
    horizon_days: int = 180


@dataclass(slots=True)
class OooDraft:
    """Collect the writes and reports of everybody.

    :param actions: the writes, in order.
    :param issues: what was reported.
    :param owned_future: number of owned entries that are not over.
    :param owned_days: number of person-days from today on that they cover.
    """

    actions: list[Action] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    owned_future: int = 0
    owned_days: int = 0


def split_owned(
    state: CalState, owned: Owned, settings: OooSettings
) -> tuple[dict[int, list[OooEntry]], dict[int, list[OooEntry]]]:
    """Part the entries that are not over into ours and everybody else's, by user id.

    Ours is what the ledger knows, or what carries our mark; the ledger beats the mark only by knowing more.

    :param state: what Cal.com holds.
    :param owned: what the ledger knows as its own.
    :param settings: how entries are compared.
    """
    ours: dict[int, list[OooEntry]] = defaultdict(list)
    foreign: dict[int, list[OooEntry]] = defaultdict(list)
    for user_id, entries in state.entries_by_user().items():
        for entry in entries:
            if entry.end < settings.as_of:
                continue
            is_ours = owned.owns_entry(entry.id) or settings.marker.found_in(entry.notes) is not None
            (ours if is_ours else foreign)[user_id].append(entry)
    return ours, foreign

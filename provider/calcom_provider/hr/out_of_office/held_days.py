"""Find the days that stay although HR does not readably name them today.

Days written for a request stay until HR says something readable about it: a row that can be read, or a complete
feed, within its window, that no longer names it. Rows that are unreadable, wait for a decision or cannot be
matched to anybody are none of these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from calcom_provider.hr.out_of_office.days import Away
from calcom_provider.hr.out_of_office.desired_entries import Desired
from calcom_provider.hr.plan.ownership import Marker, OwnedEntry
from calcom_provider.hr.plan.statements import OwnedRequest, days_between
from calcom_provider.hr.target.state import OooEntry

UNKNOWN_REQUEST = "?"
"""Stands behind the days of an entry of which nobody knows for which requests it was written."""


@dataclass(slots=True)
class HeldDays:
    """Collect the days of one entry that stay.

    :param away: the days, with the requests behind them.
    :param reports: code and requests of what was held and why.
    """

    away: dict[date, Away] = field(default_factory=dict)
    reports: list[tuple[str, frozenset[str]]] = field(default_factory=list)

    def hold(self, code: str, entry: OooEntry, request: str, days: Iterable[date], as_of: date) -> None:
        """Let days of an entry stay.

        :param code: why.
        :param entry: the entry.
        :param request: keyed digest of the request behind them.
        :param days: the days.
        :param as_of: the day that is today; days before it stay without a report.
        """
        held = set(days)
        for day in held:
            one = Away(frozenset([request]), entry.reason, entry.to_user_id)
            self.away[day] = self.away[day].and_also(one) if day in self.away else one
        if any(day >= as_of for day in held):
            self.reports.append((code, frozenset([request])))


def requests_behind(
    entry: OooEntry, known: OwnedEntry | None, desired: Desired, marker: Marker
) -> Mapping[str, OwnedRequest]:
    """Return what was written for which request: the ledger knows it, else the mark may give one request away.

    :param entry: an entry of ours.
    :param known: what the ledger knows about it.
    :param desired: what HR says.
    :param marker: recognises our notes.
    """
    if known is not None:
        return known.behind
    request = desired.tokens.get(marker.found_in(entry.notes) or "")
    return {request: _whole(entry)} if request else {}


def held_days(
    entry: OooEntry,
    behind: Mapping[str, OwnedRequest],
    desired: Desired,
    marker: Marker,
    user_id: int,
    as_of: date,
) -> HeldDays:
    """Find the days of an entry that stay.

    :param entry: an entry of ours that is not over.
    :param behind: the requests behind it.
    :param desired: what HR says.
    :param marker: recognises our notes.
    :param user_id: whose it is.
    :param as_of: the day that is today for the organisation.
    """
    held = HeldDays()
    for request, known in (behind or {UNKNOWN_REQUEST: _whole(entry)}).items():
        if request == UNKNOWN_REQUEST:
            token = marker.found_in(entry.notes)
            _hold_unknown(held, entry, known.days, token, desired, user_id, as_of)
        else:
            _hold_request(held, entry, request, known, desired, user_id, as_of)
    return held


def _whole(entry: OooEntry) -> OwnedRequest:
    return OwnedRequest(days_between(entry.start, entry.end))


def _hold_request(
    held: HeldDays,
    entry: OooEntry,
    request: str,
    known: OwnedRequest,
    desired: Desired,
    user_id: int,
    as_of: date,
) -> None:
    ahead = frozenset(day for day in known.days if day >= as_of)
    state = desired.state_of(request, user_id, ahead)
    if state == "uncertain":
        days = known.days - desired.told_days.get(request, set())
        held.hold("kept_uncertain", entry, request, days, as_of)
    elif state == "outside_window":
        held.hold("outside_window", entry, request, known.days, as_of)
    elif state == "taken_back" and ahead & desired.unplaced.get(user_id, set()):
        # Somebody whom nobody can match today has asked for some of these days again.
        held.hold("kept_uncertain", entry, request, known.days, as_of)
    elif state == "stated" and desired.statements[user_id][request].told:
        # A request told day by day is told only as far as the feed's window goes.
        unseen = {day for day in known.days if not desired.sees(frozenset([day]))}
        held.hold("outside_window", entry, request, unseen, as_of)


def _hold_unknown(
    held: HeldDays,
    entry: OooEntry,
    days: frozenset[date],
    token: str | None,
    desired: Desired,
    user_id: int,
    as_of: date,
) -> None:
    away = desired.away.get(user_id, {})
    taken_back = {day for day in desired.removed.get(user_id, set()) if day not in away}
    stays = days - (taken_back - desired.unplaced.get(user_id, set()))
    unsure = {day for day in stays if day >= as_of and day not in away}
    if not unsure:
        return
    uncertain = (
        user_id in desired.uncertain_users
        or token in desired.unplaced_tokens
        or desired.unknown_people
        or desired.blind
        or not desired.speaks_of(user_id)
        or bool(unsure & desired.unplaced.get(user_id, set()))
    )
    if uncertain:
        held.hold("kept_uncertain", entry, UNKNOWN_REQUEST, stays, as_of)
    elif not desired.sees(frozenset(day for day in days if day >= as_of)):
        held.hold("outside_window", entry, UNKNOWN_REQUEST, stays, as_of)

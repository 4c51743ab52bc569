"""Hold what HR wants of out-of-office entries, and part our entries from everybody else's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from calcom_provider.hr.days import Segment
from calcom_provider.hr.errors import Issue
from calcom_provider.hr.owned import Marker, Owned
from calcom_provider.hr.plan import Action
from calcom_provider.hr.state import CalState, OooEntry


@dataclass(frozen=True, slots=True)
class Wishes:
    """Say what HR wants of everybody's out-of-office entries.

    :param segments: runs of days by user id, clipped
    :param approved: all days HR approves by user id, before clipping
    :param removed: days of requests that were explicitly cancelled, by user id
    :param known: keyed digests of the requests that are in the feed, by user id
    :param protected: users about whom the feed is uncertain; nothing of theirs vanishes
    :param protected_requests: keyed digests of requests that are unreadable or waiting for a decision
    :param tokens: keyed digest of a request by the token its own entry carries in its notes
    :param everybody_protected: whether the feed is uncertain about nobody in particular
    :param in_scope: users of whom the feed would speak; None when it speaks of all
    :param window: first and last day of which the feed speaks
    """

    segments: Mapping[int, list[Segment]]
    approved: Mapping[int, set[date]] = field(default_factory=dict)
    removed: Mapping[int, set[date]] = field(default_factory=dict)
    known: Mapping[int, set[str]] = field(default_factory=dict)
    protected: frozenset[int] = frozenset()
    protected_requests: frozenset[str] = frozenset()
    tokens: Mapping[str, str] = field(default_factory=dict)
    everybody_protected: bool = False
    in_scope: frozenset[int] | None = None
    window: tuple[date | None, date | None] = (None, None)


@dataclass(frozen=True, slots=True)
class OooSettings:
    """Say how entries are compared.

    :param as_of: the day that is today for the organisation
    :param marker: makes and recognises our notes
    :param on_drift: what an entry that somebody edited means: ``keep`` (default) or ``overwrite``
    :param on_missing: what an entry that somebody deleted means: ``respect`` (default) or ``recreate``
    """

    as_of: date
    marker: Marker
    on_drift: Literal["keep", "overwrite"] = "keep"
    on_missing: Literal["respect", "recreate"] = "respect"


@dataclass(slots=True)
class OooDraft:
    """Collect the writes and reports of everybody.

    :param actions: the writes, in order
    :param issues: what was reported
    :param owned_future: number of owned entries that are not over
    """

    actions: list[Action] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    owned_future: int = 0


def split_owned(
    state: CalState, owned: Owned, settings: OooSettings
) -> tuple[dict[int, list[OooEntry]], dict[int, list[OooEntry]]]:
    """Part the entries that are not over into ours and everybody else's, by user id.

    Ours is what the ledger knows, or what carries our mark; the ledger beats the mark only by knowing more.

    :param state: what Cal.com holds
    :param owned: what the ledger knows as its own
    :param settings: how entries are compared
    """
    ours: dict[int, list[OooEntry]] = defaultdict(list)
    foreign: dict[int, list[OooEntry]] = defaultdict(list)
    for user_id, entries in state.entries_by_user().items():
        for entry in entries:
            if entry.end < settings.as_of:
                continue
            is_ours = entry.id in owned.entries or settings.marker.found_in(entry.notes) is not None
            (ours if is_ours else foreign)[user_id].append(entry)
    return ours, foreign

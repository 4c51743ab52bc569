"""Turn absence requests into days, and days into the runs that become out-of-office entries.

Cal.com knows whole days only. So every request is taken apart into shares of days, the shares are summed
for each person (corrections subtract), and the days on which somebody is away are joined into runs again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from calcom_provider.hr.dates import EndIs, each_day
from calcom_provider.hr.errors import CellError, HrSettingsError
from calcom_provider.hr.records import Absence

PartialDays = Literal["skip", "round_up", "block"]
OpenEnded = Literal["reject", "roll"]
FULL = Decimal(1)


@dataclass(frozen=True, slots=True)
class DayPolicy:
    """Say which days count.

    :param partial_days: ``skip`` (default) leaves days that are not whole free, ``round_up`` takes those of
        at least ``threshold``, ``block`` takes every share
    :param threshold: smallest share that ``round_up`` takes, default 0.75
    :param open_ended: ``reject`` (default) reports requests without an end, ``roll`` takes ``roll_weeks``
        from today
    :param roll_weeks: length of the rolling window in weeks, default 4
    :param horizon_days: how far ahead days are written, default 180
    :param end_is: whether the end of a range is its last day
    """

    partial_days: PartialDays = "skip"
    threshold: Decimal = Decimal("0.75")
    open_ended: OpenEnded = "reject"
    roll_weeks: int = 4
    horizon_days: int = 180
    end_is: EndIs = "inclusive"

    def __post_init__(self) -> None:
        if self.partial_days not in {"skip", "round_up", "block"}:
            raise HrSettingsError("partial_days: none of skip, round_up, block")
        if self.open_ended not in {"reject", "roll"}:
            raise HrSettingsError("open_ended: none of reject, roll")
        if not 1 <= self.horizon_days <= 3660:
            raise HrSettingsError("horizon_days: expected 1 to 3660")

    def counts(self, share: Decimal) -> bool:
        """Say whether a day of which this share is absence counts as away.

        :param share: sum of the day's shares
        """
        if self.partial_days == "block":
            return share > 0
        return share >= (min(self.threshold, FULL) if self.partial_days == "round_up" else FULL)


@dataclass(frozen=True, slots=True)
class Away:
    """Describe one person's day away.

    :param keys: requests behind it
    :param reason: Cal.com's reason word
    :param cover: user id of the person who covers
    """

    keys: frozenset[str]
    reason: str = "unspecified"
    cover: int | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """Describe a run of days away with one reason and one cover.

    :param start: first day
    :param end: last day
    :param keys: requests behind it, sorted
    :param reason: Cal.com's reason word
    :param cover: user id of the person who covers
    :param whole: first and last day before the horizon cut it
    """

    start: date
    end: date
    keys: tuple[str, ...]
    reason: str = "unspecified"
    cover: int | None = None
    whole: tuple[date, date] | None = None

    @property
    def length(self) -> int:
        """Return the number of days."""
        return (self.end - self.start).days + 1

    def overlaps(self, start: date, end: date) -> bool:
        """Say whether any day is shared with another run.

        :param start: the other's first day
        :param end: its last day
        """
        return self.start <= end and start <= self.end


@dataclass(slots=True)
class PersonDays:
    """Collect the requests of one person.

    :param requests: approved requests with their shares, in the order they came
    """

    requests: list[tuple[Absence, Mapping[date, Decimal], int | None]] = field(default_factory=list)

    def add(self, request: Absence, shares: Mapping[date, Decimal], cover: int | None = None) -> None:
        """Add one approved request.

        :param request: the request
        :param shares: its share of each day
        :param cover: user id of the person who covers
        """
        self.requests.append((request, shares, cover))

    def away(self, policy: DayPolicy) -> dict[date, Away]:
        """Return the days on which the person is away.

        :param policy: which days count
        """
        total: dict[date, Decimal] = defaultdict(Decimal)
        behind: dict[date, list[tuple[str, str, int | None]]] = defaultdict(list)
        for request, shares, cover in self.requests:
            for day, share in shares.items():
                total[day] += share
                if share > 0:
                    behind[day].append((request.key, request.reason, cover))
        out = {day for day, share in total.items() if policy.counts(share)}
        for key, told in self._by_key().items():
            for day, (reason, cover) in _bridged(told, out):
                behind[day].append((key, reason, cover))
                out.add(day)
        return {day: _merge(behind[day]) for day in sorted(out)}

    def _by_key(self) -> dict[str, dict[date, tuple[Decimal, str, int | None]]]:
        # A request that is told day by day comes in several rows; bridges run inside the request.
        found: dict[str, dict[date, tuple[Decimal, str, int | None]]] = defaultdict(dict)
        for request, shares, cover in self.requests:
            for day, share in shares.items():
                before = found[request.key].get(day, (Decimal(0), "", None))[0]
                found[request.key][day] = (before + share, request.reason, cover)
        return found


def shares_of(request: Absence, zone: ZoneInfo, policy: DayPolicy, as_of: date) -> dict[date, Decimal]:
    """Return the share of each civil day that a request takes.

    :param request: an approved request
    :param zone: the person's zone, for instants inside a day
    :param policy: which days count
    :param as_of: the day that is today for the organisation
    :raises CellError: ``missing_end`` for a request without an end under ``reject``, ``end_before_start``
    """
    if request.days is not None:
        return dict(request.days)
    if request.start is None:
        raise CellError("missing_start")
    start = request.start.start_day(zone)
    if request.end is None or request.open_ended:
        if policy.open_ended == "reject":
            raise CellError("missing_end")
        end = max(as_of, start) + timedelta(weeks=policy.roll_weeks)
        if request.end is not None:
            end = min(end, request.end.end_day(zone, policy.end_is))
    else:
        end = request.end.end_day(zone, policy.end_is)
    if end < start:
        raise CellError("end_before_start")
    shares = dict.fromkeys(each_day(start, end), request.share)
    half = request.share / 2
    if request.half_start:
        shares[start] = half
    if request.half_end:
        shares[end] = half
    return shares


def partial_days(shares: Mapping[date, Decimal], policy: DayPolicy) -> tuple[str, ...]:
    """Return the days of one request that are too short to count by themselves.

    :param shares: its share of each day
    :param policy: which days count
    """
    return tuple(
        day.isoformat() for day, share in sorted(shares.items()) if share > 0 and not policy.counts(share)
    )


def coalesce(away: Mapping[date, Away]) -> list[Segment]:
    """Join neighbouring days of equal reason and cover into runs.

    :param away: the days of one person
    """
    segments: list[Segment] = []
    keys: set[str] = set()
    for day, what in sorted(away.items()):
        last = segments[-1] if segments else None
        if (
            last
            and last.end == day - timedelta(days=1)
            and (last.reason, last.cover) == (what.reason, what.cover)
        ):
            keys |= what.keys
            segments[-1] = Segment(last.start, day, tuple(sorted(keys)), last.reason, last.cover)
        else:
            keys = set(what.keys)
            segments.append(Segment(day, day, tuple(sorted(keys)), what.reason, what.cover))
    return segments


def clip(segments: Iterable[Segment], as_of: date, horizon_days: int) -> list[Segment]:
    """Keep what lies between today and the horizon; a run that has begun keeps its true start.

    :param segments: runs of one person
    :param as_of: the day that is today for the organisation
    :param horizon_days: how far ahead days are written
    """
    last = as_of + timedelta(days=horizon_days)
    return [
        Segment(one.start, min(one.end, last), one.keys, one.reason, one.cover, (one.start, one.end))
        for one in segments
        if one.end >= as_of and one.start <= last
    ]


def _bridged(
    shares: Mapping[date, tuple[Decimal, str, int | None]], out: set[date]
) -> list[tuple[date, tuple[str, int | None]]]:
    """Find the free days inside one request that lie between days away.

    Free is a day to which the request gives nothing: named with a zero, or a weekend day it does not name.
    """
    away = sorted(day for day in shares if day in out)
    found: list[tuple[date, tuple[str, int | None]]] = []
    for before, after in pairwise(away):
        gap = list(each_day(before + timedelta(days=1), after - timedelta(days=1)))
        if gap and all(shares[day][0] == 0 if day in shares else day.weekday() >= 5 for day in gap):
            found += [(day, shares[before][1:]) for day in gap if day not in out]
    return found


def _merge(behind: list[tuple[str, str, int | None]]) -> Away:
    # Requests that disagree about a day leave no reason that is true and no cover that is certain.
    reasons = {reason for _, reason, _ in behind}
    covers = {cover for _, _, cover in behind}
    return Away(
        frozenset(key for key, _, _ in behind),
        reasons.pop() if len(reasons) == 1 else "unspecified",
        covers.pop() if len(covers) == 1 else None,
    )

"""Turn absence requests into days, and days into the runs that become out-of-office entries.

Cal.com knows whole days only. So every request is taken apart into shares of days, the shares are summed
for each person (corrections subtract), and the days on which somebody is away are joined into runs again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce
from itertools import pairwise
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, WithJsonSchema
from pydantic import Field as Limits

from calcom_provider.hr.errors import CellError
from calcom_provider.hr.sources.dates import EndIs, each_day
from calcom_provider.hr.sources.records import Absence
from calcom_provider.hr.validation import checked, exact

PartialDays = Literal["skip", "round_up", "block"]
OpenEnded = Literal["reject", "roll"]
FULL = Decimal(1)
Weeks = Annotated[int, Limits(strict=True, ge=1, le=520, json_schema_extra={"unit": "weeks"})]
Horizon = Annotated[int, Limits(strict=True, ge=1, le=3660, json_schema_extra={"unit": "days"})]
ShareOfDay = Annotated[
    Decimal,
    BeforeValidator(exact),
    Limits(gt=0, le=1),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 1, "unit": "share"}),
]


@checked
class DayRules:
    """Say which days count, as far as the settings say it.

    :param partial_days: ``skip`` (default) leaves days that are not whole free, ``round_up`` takes those of
        at least ``threshold``, ``block`` takes every share.
    :param threshold: smallest share that ``round_up`` takes, default 0.75.
    :param open_ended: ``reject`` (default) reports requests without an end, ``roll`` takes ``roll_weeks``
        from today.
    :param roll_weeks: length of the rolling window in weeks, default 4.
    :param horizon_days: how far ahead days are written, default 180.
    """

    partial_days: PartialDays = "skip"
    threshold: ShareOfDay = Decimal("0.75")
    open_ended: OpenEnded = "reject"
    roll_weeks: Weeks = 4
    horizon_days: Horizon = 180


@checked
class DayPolicy(DayRules):
    """Say which days count: what the settings say, and how the source means its ends.

    :param end_is: whether the end of a range is its last day.
    """

    end_is: EndIs = "inclusive"

    def counts(self, share: Decimal) -> bool:
        """Say whether a day of which this share is absence counts as away.

        :param share: sum of the day's shares.
        """
        if self.partial_days == "block":
            return share > 0
        return share >= (min(self.threshold, FULL) if self.partial_days == "round_up" else FULL)


@dataclass(frozen=True, slots=True)
class Away:
    """Describe one person's day away.

    :param requests: keyed digests of the requests behind it.
    :param reason: Cal.com's reason word.
    :param cover: user id of the person who covers.
    """

    requests: frozenset[str]
    reason: str = "unspecified"
    cover: int | None = None

    def and_also(self, other: Away) -> Away:
        """Return the day with the requests of both.

        Requests that disagree about a day leave no reason that is true and no cover that is certain.

        :param other: the same day by other requests.
        """
        return Away(
            self.requests | other.requests,
            self.reason if self.reason == other.reason else "unspecified",
            self.cover if self.cover == other.cover else None,
        )


@dataclass(frozen=True, slots=True)
class Segment:
    """Describe a run of days away with one reason and one cover.

    :param start: first day.
    :param end: last day.
    :param requests: the days behind which each request stands, by its keyed digest.
    :param reason: Cal.com's reason word.
    :param cover: user id of the person who covers.
    """

    start: date
    end: date
    requests: Mapping[str, frozenset[date]] = field(default_factory=dict)
    reason: str = "unspecified"
    cover: int | None = None

    @property
    def length(self) -> int:
        """Return the number of days."""
        return (self.end - self.start).days + 1

    def overlaps(self, start: date, end: date) -> bool:
        """Say whether any day is shared with another run.

        :param start: the other's first day.
        :param end: its last day.
        """
        return self.start <= end and start <= self.end


@dataclass(slots=True)
class PersonDays:
    """Collect the requests of one person.

    :param rows: shares of days with the request they belong to, its reason and its cover, in the order they came.
    :param taken_back: days that a row of the request itself takes back, by request.
    """

    rows: list[tuple[str, Mapping[date, Decimal], str, int | None]] = field(default_factory=list)
    taken_back: dict[str, set[date]] = field(default_factory=lambda: defaultdict(set))

    def add(self, request: str, shares: Mapping[date, Decimal], reason: str, cover: int | None) -> None:
        """Add one row of an approved request.

        :param request: keyed digest of the request.
        :param shares: the row's share of each day.
        :param reason: Cal.com's reason word.
        :param cover: user id of the person who covers.
        """
        self.rows.append((request, shares, reason, cover))
        self.take_back(request, (day for day, share in shares.items() if share < 0))

    def take_back(self, request: str, days: Iterable[date]) -> None:
        """Say that a request is taken back on some days; nothing of it bridges them any more.

        :param request: keyed digest of the request.
        :param days: the days.
        """
        self.taken_back[request] |= set(days)

    def away(self, policy: DayPolicy) -> dict[date, Away]:
        """Return the days on which the person is away.

        :param policy: which days count.
        """
        total: dict[date, Decimal] = defaultdict(Decimal)
        behind: dict[date, list[Away]] = defaultdict(list)
        for request, shares, reason, cover in self.rows:
            for day, share in shares.items():
                total[day] += share
                if share > 0:
                    behind[day].append(Away(frozenset([request]), reason, cover))
        out = {day for day, share in total.items() if policy.counts(share)}
        for request, told in self._by_request().items():
            for day, (reason, cover) in _bridged(told, out, self.taken_back.get(request, set())):
                behind[day].append(Away(frozenset([request]), reason, cover))
                out.add(day)
        return {day: reduce(Away.and_also, behind[day]) for day in sorted(out)}

    def _by_request(self) -> dict[str, dict[date, tuple[Decimal, str, int | None]]]:
        # A request that is told day by day comes in several rows; bridges run inside the request.
        found: dict[str, dict[date, tuple[Decimal, str, int | None]]] = defaultdict(dict)
        for request, shares, reason, cover in self.rows:
            for day, share in shares.items():
                before = found[request].get(day, (Decimal(0), "", None))[0]
                found[request][day] = (before + share, reason, cover)
        return found


def shares_of(request: Absence, zone: ZoneInfo, policy: DayPolicy, as_of: date) -> dict[date, Decimal]:
    """Return the share of each civil day that a request takes.

    :param request: an approved request.
    :param zone: the person's zone, for instants inside a day.
    :param policy: which days count.
    :param as_of: the day that is today for the organisation.
    :raises CellError: ``missing_end`` for a request without an end under ``reject``, ``end_before_start``.
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

    :param shares: its share of each day.
    :param policy: which days count.
    """
    return tuple(
        day.isoformat() for day, share in sorted(shares.items()) if share > 0 and not policy.counts(share)
    )


def coalesce(away: Mapping[date, Away]) -> list[Segment]:
    """Join neighbouring days of equal reason and cover into runs.

    :param away: the days of one person.
    """
    runs: list[list[date]] = []
    for day in sorted(away):
        last = runs[-1][-1] if runs else None
        joins = last == day - timedelta(days=1) and (away[last].reason, away[last].cover) == (
            away[day].reason,
            away[day].cover,
        )
        if joins:
            runs[-1].append(day)
        else:
            runs.append([day])
    return [
        Segment(run[0], run[-1], _by_request(away, run), away[run[0]].reason, away[run[0]].cover)
        for run in runs
    ]


def clip(segments: Iterable[Segment], as_of: date, horizon_days: int) -> list[Segment]:
    """Leave what lies between today and the horizon; a run that has begun has its true start.

    :param segments: runs of one person.
    :param as_of: the day that is today for the organisation.
    :param horizon_days: how far ahead days are written.
    """
    last = as_of + timedelta(days=horizon_days)
    return [
        until(one, last) if one.end > last else one
        for one in segments
        if one.end >= as_of and one.start <= last
    ]


def until(segment: Segment, last: date) -> Segment:
    """Return what a run is up to a day.

    :param segment: the run.
    :param last: the last day it may have.
    """
    requests = {
        name: ahead
        for name, days in segment.requests.items()
        if (ahead := frozenset(day for day in days if day <= last))
    }
    return replace(segment, end=last, requests=requests)


def _by_request(away: Mapping[date, Away], run: Iterable[date]) -> dict[str, frozenset[date]]:
    found: dict[str, set[date]] = defaultdict(set)
    for day in run:
        for request in away[day].requests:
            found[request].add(day)
    return {request: frozenset(days) for request, days in sorted(found.items())}


def _bridged(
    shares: Mapping[date, tuple[Decimal, str, int | None]], out: set[date], taken_back: set[date]
) -> list[tuple[date, tuple[str, int | None]]]:
    """Find the free days inside one request that lie between days away.

    Free is a day to which the request gives nothing: named with a zero, or a weekend day it does not name. A
    day that it gave and took back is none: there the person is at work.
    """
    away = sorted(day for day in shares if day in out)
    found: list[tuple[date, tuple[str, int | None]]] = []
    for before, after in pairwise(away):
        gap = list(each_day(before + timedelta(days=1), after - timedelta(days=1)))
        if (
            gap
            and not taken_back & set(gap)
            and all(shares[day][0] == 0 if day in shares else day.weekday() >= 5 for day in gap)
        ):
            found += [(day, shares[before][1:]) for day in gap if day not in out]
    return found

"""Turn absences and people into what HR says of everybody's days away."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from calcom_provider.hr.errors import CellError, HrSettingsError, Issue, Level
from calcom_provider.hr.out_of_office.days import (
    Away,
    DayPolicy,
    PersonDays,
    coalesce,
    partial_days,
    shares_of,
)
from calcom_provider.hr.out_of_office.desired_entries import Desired
from calcom_provider.hr.plan.ownership import Marker
from calcom_provider.hr.plan.statements import Statement
from calcom_provider.hr.sources.absences import Absences
from calcom_provider.hr.sources.cells import as_text
from calcom_provider.hr.sources.dates import zone_of
from calcom_provider.hr.sources.records import Absence
from calcom_provider.hr.sources.text import fold, fold_email
from calcom_provider.hr.target.matching import CalUser, People, Person

_Identity = tuple[str, str]


@dataclass(frozen=True, slots=True)
class AbsencePolicy:
    """Say how absences become days.

    :param days: which days count.
    :param marker: makes the digests of requests.
    :param as_of: the day that is today for the organisation.
    :param timezone: the organisation's zone, for people whose own is unknown.
    :param window: first and last day of which the feed speaks, None without bound.
    """

    days: DayPolicy
    marker: Marker
    as_of: date
    timezone: str
    window: tuple[date | None, date | None] = (None, None)


@dataclass(slots=True)
class DesiredState:
    """Hold what HR says and what was reported on the way.

    :param desired: what HR says.
    :param issues: rows reported.
    :param absent_people: people of approved absences that are not over, by bucket; those who left do not count.
    """

    desired: Desired
    issues: list[Issue] = field(default_factory=list)
    absent_people: Mapping[str, int] = field(default_factory=dict)


def desired_out_of_office(
    absences: Absences,
    people: People,
    policy: AbsencePolicy,
    *,
    scoped: bool,
    owners: Mapping[str, frozenset[int]] | None = None,
) -> DesiredState:
    """Work out everybody's days away.

    :param absences: newest versions of all requests.
    :param people: who is who.
    :param policy: how absences become days.
    :param scoped: whether the people come from an employee source, so that the feed speaks only of those
        matched.
    :param owners: users to whom the ledger knows a request to have been written, by its keyed digest; default
        none.
    """
    return _Reading(absences, people, policy, owners or {}).run(scoped)


@dataclass(slots=True)
class _Row:
    request: Absence
    shares: dict[date, Decimal]
    told: bool  # whether a report says already why it is not written


class _Reading:
    def __init__(
        self,
        absences: Absences,
        people: People,
        policy: AbsencePolicy,
        owners: Mapping[str, frozenset[int]],
    ) -> None:
        self.absences = absences
        self.people = people
        self.policy = policy
        self.owners = owners
        self.issues: list[Issue] = []
        self.persons: dict[int, PersonDays] = defaultdict(PersonDays)
        self.rows: dict[int, list[_Row]] = defaultdict(list)
        self.removed: dict[int, set[date]] = defaultdict(set)
        self.told_days: dict[str, set[date]] = defaultdict(set)
        self.taken_back: set[str] = set()
        self.uncertain_users: set[int] = set()
        self.unknown_people = False
        self.unplaced: dict[int, set[date]] = defaultdict(set)
        self.strangers: dict[_Identity, list[_Row]] = defaultdict(list)
        self.absent_people: dict[_Identity, str] = {}
        self.written_to = self._written_to()
        self.uncertain: set[str] = set(absences.unreadable)

    def run(self, scoped: bool) -> DesiredState:
        for hr_id, email in self.absences.unreadable_people:
            person = self.people.resolve(hr_id, email)
            self._doubt(person)
            self.unknown_people |= person.user is None
        for request in self.absences.requests:
            self._take(request)
        away = {user_id: one.away(self.policy.days) for user_id, one in sorted(self.persons.items())}
        for user_id, rows in self.rows.items():
            self._tell_unwritten(user_id, rows, away[user_id])
        marker = self.policy.marker
        keys = {one.key for one in self.absences.requests} | self.absences.unreadable
        desired = Desired(
            away={user_id: days for user_id, days in away.items() if days},
            statements={user_id: self._statements(rows) for user_id, rows in self.rows.items()},
            taken_back=frozenset(self.taken_back),
            removed=self.removed,
            uncertain=frozenset(marker.keyed(key) for key in self.uncertain),
            told_days=self.told_days,
            uncertain_users=frozenset(self.uncertain_users),
            unplaced=self.unplaced,
            unplaced_tokens=self._unplaced_tokens(),
            unknown_people=self.unknown_people,
            blind=self.absences.unreadable_anyhow,
            in_scope=frozenset(self.people.matched()) if scoped else None,
            window=self.policy.window,
            names={marker.keyed(key): key for key in keys},
            tokens={marker.token([key]): marker.keyed(key) for key in keys},
        )
        return DesiredState(desired, self.issues, dict(Counter(self.absent_people.values())))

    # -- rows ------------------------------------------------------------------------------------------------

    def _take(self, request: Absence) -> None:
        if request.status != "approved":
            self._not_approved(request)
            return
        if request.excluded:
            self._report("type_excluded", request, level="info")
            self.taken_back.add(self._keyed(request))
            return
        person = self.people.resolve(request.employee_id, request.email)
        try:
            shares = shares_of(request, self._zone(person.user), self.policy.days, self.policy.as_of)
        except CellError as wrong:
            self._report(wrong.code, request)
            self.uncertain.add(request.key)
            self._doubt(person)
            return
        if person.bucket != "terminated" and shares and max(shares) >= self.policy.as_of:
            self.absent_people[_identity(request)] = person.bucket
        if person.bucket != "matched" or person.user is None:
            self._not_placed(request, person, shares)
            return
        self._count(request, person.user.id, person, shares)

    def _not_placed(self, request: Absence, person: Person, shares: dict[date, Decimal]) -> None:
        """Leave alone what was written for somebody who left, or who cannot be matched today."""
        gone = person.bucket == "terminated"
        self._report(person.bucket, request, level="info" if gone else "warning")
        self.uncertain.add(request.key)
        if self._keyed(request) not in self.owners:
            # One that is written stays by itself; this one may take the place of one taken back.
            for user_id in {person.user.id} if person.user else self.written_to[_identity(request)]:
                self.unplaced[user_id] |= set(shares)
        if not gone:
            self.strangers[_identity(request)].append(_Row(request, shares, told=True))

    def _count(self, request: Absence, user_id: int, person: Person, shares: dict[date, Decimal]) -> None:
        last = person.employee.terminated_on if person.employee else None
        told = False
        if last is not None and any(day > last for day in shares):
            shares = {day: share for day, share in shares.items() if day <= last}
            self._report("beyond_termination", request, level="info")
            told = not shares
        short = partial_days(shares, self.policy.days)
        if short:
            self._report("partial_day", request, level="info", days=short)
        taken = [day for day, share in shares.items() if share > 0]
        horizon = self.policy.as_of + timedelta(days=self.policy.days.horizon_days)
        if shares and max(shares) < self.policy.as_of:
            self._report("past", request, level="info")
        elif taken and min(taken) > horizon:
            self._report("after_horizon", request, level="info")
        self.rows[user_id].append(_Row(request, shares, told or bool(short)))
        if request.days is not None:
            self.told_days[self._keyed(request)] |= set(shares)
        self.persons[user_id].add(self._keyed(request), shares, request.reason, self._cover(request, user_id))

    def _tell_unwritten(self, user_id: int, rows: list[_Row], away: Mapping[date, Away]) -> None:
        """Report rows of which no day counts although nothing is wrong with them."""
        for row in rows:
            if row.told or any(share > 0 and day in away for day, share in row.shares.items()):
                continue
            code = "correction" if row.request.is_correction else "net_zero"
            self._report(code, row.request, level="info", user_id=user_id)

    def _not_approved(self, request: Absence) -> None:
        self._report(f"status:{request.status_word}", request, level="info")
        person = self.people.resolve(request.employee_id, request.email)
        if request.status == "pending":
            # Something approved may be waiting to be approved in another form: what we wrote stays until
            # then.
            self.uncertain.add(request.key)
            self._doubt(person)
            return
        self.taken_back.add(self._keyed(request))
        written_to = self.owners.get(self._keyed(request), frozenset())
        for user_id in written_to | ({person.user.id} if person.user else set()):
            self._remove(request, user_id)

    def _remove(self, request: Absence, user_id: int) -> None:
        if request.fault:
            return
        rolling = DayPolicy(open_ended="roll", end_is=self.policy.days.end_is, roll_weeks=520)
        zone = self._zone(self.people.directory.users.get(user_id))
        try:
            days = set(shares_of(request, zone, rolling, self.policy.as_of))
        except CellError:
            return
        self.removed[user_id] |= days
        self.persons[user_id].take_back(self._keyed(request), days)
        if request.days is not None:
            self.told_days[self._keyed(request)] |= days

    def _doubt(self, person: Person) -> None:
        if person.user is not None:
            self.uncertain_users.add(person.user.id)

    # -- people and requests -----------------------------------------------------------------------------------

    def _statements(self, rows: Iterable[_Row]) -> dict[str, Statement]:
        """Return what HR says about each request: how it is told, not what is made of it."""
        by_request: dict[str, list[_Row]] = defaultdict(list)
        for row in rows:
            by_request[self._keyed(row.request)].append(row)
        return {request: self._statement(of) for request, of in by_request.items()}

    def _statement(self, rows: list[_Row]) -> Statement:
        said: set[tuple[Any, ...]] = set()
        told: dict[date, Decimal] = defaultdict(Decimal)
        for row in rows:
            request = row.request
            how = (request.reason, request.cover or "")
            if request.days is None:
                is_open = request.end is None or request.open_ended
                end = "open" if is_open else max(row.shares, default="")
                halves = (request.half_start, request.half_end, str(request.share))
                said.add((*how, min(row.shares, default=""), end, *halves))
            else:
                said.add(how)
                for day, share in row.shares.items():
                    told[day] += share
        days = frozenset(day for day, share in told.items() if self.policy.days.counts(share))
        return Statement(self.policy.marker.keyed(repr(sorted(map(str, said)))), days)

    def _written_to(self) -> dict[_Identity, set[int]]:
        """Return to whom a person's requests were written, as far as the ledger tells.

        Somebody who cannot be matched today may be known by an earlier request.
        """
        found: dict[_Identity, set[int]] = defaultdict(set)
        for request in self.absences.requests:
            found[_identity(request)] |= self.owners.get(self._keyed(request), frozenset())
        return found

    def _unplaced_tokens(self) -> frozenset[str]:
        """Return the marks that entries of people who cannot be matched would carry."""
        found: set[str] = set()
        for rows in self.strangers.values():
            person = PersonDays()
            for row in rows:
                person.add(row.request.key, row.shares, row.request.reason, None)
            found |= {
                self.policy.marker.token(one.requests) for one in coalesce(person.away(self.policy.days))
            }
        return frozenset(found)

    def _cover(self, request: Absence, user_id: int) -> int | None:
        if not request.cover:
            return None
        person = self.people.resolve(request.cover, request.cover if "@" in request.cover else None)
        if person.bucket == "matched" and person.user is not None:
            return person.user.id
        self._report("cover_unavailable", request, level="warning", user_id=user_id)
        return None

    def _zone(self, user: CalUser | None) -> ZoneInfo:
        name = user.time_zone if user else None
        try:
            return zone_of(as_text(name) or self.policy.timezone)
        except HrSettingsError:
            return zone_of(self.policy.timezone)

    def _keyed(self, request: Absence) -> str:
        return self.policy.marker.keyed(request.key)

    def _report(
        self,
        code: str,
        request: Absence,
        level: Level = "error",
        days: Iterable[str] = (),
        user_id: int | None = None,
    ) -> None:
        self.issues.append(Issue(code, request.key, request.row, level, user_id=user_id, days=tuple(days)))


def _identity(request: Absence) -> _Identity:
    """Return what the rows of one person share: the HR id, or else the address."""
    if request.employee_id:
        return "id", fold(request.employee_id)
    return "email", fold_email(request.email or "")

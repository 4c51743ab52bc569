"""Turn absences and people into what HR wants of everybody's out-of-office entries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from calcom_provider.hr.absences import Absences
from calcom_provider.hr.cells import as_text
from calcom_provider.hr.dates import zone_of
from calcom_provider.hr.days import DayPolicy, PersonDays, Segment, clip, coalesce, partial_days, shares_of
from calcom_provider.hr.errors import CellError, HrSettingsError, Issue, Level
from calcom_provider.hr.ooo_wishes import Wishes
from calcom_provider.hr.owned import Marker
from calcom_provider.hr.people import People, Person
from calcom_provider.hr.records import Absence


@dataclass(frozen=True, slots=True)
class AbsencePolicy:
    """Say how absences become wishes.

    :param days: which days count
    :param marker: makes the digests of requests
    :param as_of: the day that is today for the organisation
    :param timezone: the organisation's zone, for people whose own is unknown
    :param window: first and last day of which the feed speaks, None without bound
    """

    days: DayPolicy
    marker: Marker
    as_of: date
    timezone: str
    window: tuple[date | None, date | None] = (None, None)


@dataclass(slots=True)
class Wished:
    """Hold the wishes and what was reported on the way.

    :param wishes: what HR wants
    :param issues: rows reported
    """

    wishes: Wishes
    issues: list[Issue] = field(default_factory=list)


def wish_out_of_office(absences: Absences, people: People, policy: AbsencePolicy, *, scoped: bool) -> Wished:
    """Work out everybody's days away.

    :param absences: newest versions of all requests
    :param people: who is who
    :param policy: how absences become wishes
    :param scoped: whether the people come from an employee source, so that the feed speaks only of those
        matched
    """
    return _Wishing(absences, people, policy).run(scoped)


class _Wishing:
    def __init__(self, absences: Absences, people: People, policy: AbsencePolicy) -> None:
        self.absences = absences
        self.people = people
        self.policy = policy
        self.issues: list[Issue] = []
        self.persons: dict[int, PersonDays] = defaultdict(PersonDays)
        self.removed: dict[int, set[date]] = defaultdict(set)
        self.known: dict[int, set[str]] = defaultdict(set)
        self.protected: set[int] = set()
        self.uncertain: set[str] = set(absences.unreadable)
        self.blind = absences.unreadable_anyhow

    def run(self, scoped: bool) -> Wished:
        for request in self.absences.requests:
            self._take(request)
        segments: dict[int, list[Segment]] = {}
        approved: dict[int, set[date]] = {}
        for user_id, person in sorted(self.persons.items()):
            away = person.away(self.policy.days)
            approved[user_id] = set(away)
            runs = clip(coalesce(away), self.policy.as_of, self.policy.days.horizon_days)
            if runs:
                segments[user_id] = runs
        marker = self.policy.marker
        wishes = Wishes(
            segments=segments,
            approved=approved,
            removed=self.removed,
            known=self.known,
            protected=frozenset(self.protected | self._owners_of_unreadable()),
            protected_requests=frozenset(marker.keyed(key) for key in self.uncertain),
            tokens={marker.token([one.key]): marker.keyed(one.key) for one in self.absences.requests},
            everybody_protected=self.blind,
            in_scope=frozenset(self.people.matched()) if scoped else None,
            window=self.policy.window,
        )
        return Wished(wishes, self.issues)

    def _take(self, request: Absence) -> None:
        if request.status != "approved":
            self._not_approved(request)
            return
        if request.excluded:
            self._report("type_excluded", request, level="info")
            return
        person = self.people.resolve(request.employee_id, request.email)
        try:
            shares = shares_of(request, self._zone(person), self.policy.days, self.policy.as_of)
        except CellError as wrong:
            self._report(wrong.code, request)
            self.uncertain.add(request.key)
            if person.user:
                self.protected.add(person.user.id)
            return
        if person.bucket != "matched" or person.user is None:
            self._report(person.bucket, request, level="info" if person.bucket == "terminated" else "warning")
            return
        self._count(request, person, shares)

    def _count(self, request: Absence, person: Person, shares: dict) -> None:
        user_id = person.user.id if person.user else 0
        last = person.employee.terminated_on if person.employee else None
        if last is not None and any(day > last for day in shares):
            shares = {day: share for day, share in shares.items() if day <= last}
            self._report("beyond_termination", request, level="info")
        self.known[user_id].add(self.policy.marker.keyed(request.key))
        short = partial_days(shares, self.policy.days)
        if short:
            self._report("partial_day", request, level="info", days=short)
        if shares and max(shares) < self.policy.as_of:
            self._report("past", request, level="info")
        self.persons[user_id].add(request, shares, self._cover(request, user_id))

    def _not_approved(self, request: Absence) -> None:
        self._report(f"status:{request.status_word}", request, level="info")
        person = self.people.resolve(request.employee_id, request.email)
        if person.user is None:
            return
        if request.status == "pending":
            # Something approved may be waiting to be approved in another form: what we wrote stays until
            # then.
            self.uncertain.add(request.key)
            return
        self.known[person.user.id].add(self.policy.marker.keyed(request.key))
        if request.fault:
            return
        rolling = DayPolicy(open_ended="roll", end_is=self.policy.days.end_is, roll_weeks=520)
        try:
            self.removed[person.user.id] |= set(
                shares_of(request, self._zone(person), rolling, self.policy.as_of)
            )
        except CellError:
            return

    def _cover(self, request: Absence, user_id: int) -> int | None:
        if not request.cover:
            return None
        person = self.people.resolve(request.cover, request.cover if "@" in request.cover else None)
        if person.bucket == "matched" and person.user is not None:
            return person.user.id
        self._report("cover_unavailable", request, level="warning", user_id=user_id)
        return None

    def _zone(self, person: Person) -> ZoneInfo:
        name = person.user.time_zone if person.user else None
        try:
            return zone_of(as_text(name) or self.policy.timezone)
        except HrSettingsError:
            return zone_of(self.policy.timezone)

    def _owners_of_unreadable(self) -> set[int]:
        """Return whom the unreadable rows are about, as far as their other versions tell."""
        return {
            person.user.id
            for request in self.absences.requests
            if request.key in self.absences.unreadable
            for person in [self.people.resolve(request.employee_id, request.email)]
            if person.user
        }

    def _report(
        self,
        code: str,
        request: Absence,
        level: Level = "error",
        days: Iterable[str] = (),
        user_id: int | None = None,
    ) -> None:
        self.issues.append(Issue(code, request.key, request.row, level, user_id=user_id, days=tuple(days)))

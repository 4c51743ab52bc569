"""Match HR people with Cal.com users, and say for everybody why or why not.

The order is: alias table, HR id kept in the user's metadata, work e-mail, further e-mails of the record.
Never the name. Nobody is invited and nobody removed: people without a match are reported.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from calcom_provider.hr.errors import Issue
from calcom_provider.hr.sources.cells import dig
from calcom_provider.hr.sources.records import Employee
from calcom_provider.hr.sources.text import fold, fold_email

Bucket = Literal["matched", "unmatched", "cal_only", "ambiguous", "terminated", "pending"]


@dataclass(frozen=True, slots=True)
class CalUser:
    """Describe a Cal.com user as far as matching needs it.

    :param id: user id.
    :param email: the address Cal.com knows.
    :param time_zone: IANA name of the user's zone, None when unknown.
    :param accepted: whether the membership is accepted; assigning to another one answers 404.
    :param has_profile: whether the user is listed in the organisation; a membership can be accepted without,
        and out-of-office calls answer 403 then.
    :param metadata: the user's own JSON, in which some customers keep the HR id.
    """

    id: int
    email: str
    time_zone: str | None = None
    accepted: bool = True
    has_profile: bool = True
    metadata: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Person:
    """Say what became of one HR record.

    :param employee: the record; None for a user that HR does not know.
    :param bucket: what became of it.
    :param user: the Cal.com user, where one was found.
    """

    employee: Employee | None
    bucket: Bucket
    user: CalUser | None = None


@dataclass(frozen=True, slots=True)
class MatchSettings:
    """Say how people are matched.

    :param aliases: HR id or e-mail to Cal.com user id or e-mail.
    :param metadata_key: dotted path of the HR id in the user's metadata, default not used.
    """

    aliases: Mapping[str, int | str] = field(default_factory=dict)
    metadata_key: str | None = None


class Directory:
    """Look Cal.com users up by alias, metadata and address.

    :param users: all users of the organisation.
    :param settings: how people are matched.
    :param needs_profile: whether only users with a profile can be written to: entries need one, assignments
        do not; default no.
    """

    def __init__(
        self, users: Iterable[CalUser], settings: MatchSettings | None = None, *, needs_profile: bool = False
    ) -> None:
        self.settings = settings or MatchSettings()
        self.needs_profile = needs_profile
        self.users = {user.id: user for user in users}
        self._by_email: dict[str, set[int]] = defaultdict(set)
        self._by_hr_id: dict[str, set[int]] = defaultdict(set)
        for user in self.users.values():
            self._by_email[fold_email(user.email)].add(user.id)
            if self.settings.metadata_key:
                found, value = dig(user.metadata, self.settings.metadata_key)
                if found and isinstance(value, str | int):
                    self._by_hr_id[str(value)].add(user.id)
        self._aliases = {self._alias_key(str(key)): target for key, target in self.settings.aliases.items()}

    def is_ready(self, user: CalUser) -> bool:
        """Say whether a user can be written to now; one who cannot is pending.

        :param user: the user.
        """
        return user.accepted and (user.has_profile or not self.needs_profile)

    def find(self, hr_id: str | None, emails: Iterable[str | None]) -> set[int]:
        """Return the users a record may be: none, one, or several when it is ambiguous.

        :param hr_id: HR id of the record.
        :param emails: its addresses, the work address first.
        """
        addresses = [fold_email(one) for one in emails if one]
        for key in [self._alias_key(hr_id) if hr_id else None, *addresses]:
            if key is not None and key in self._aliases:
                return self._alias_target(self._aliases[key])
        if hr_id and hr_id in self._by_hr_id:
            return set(self._by_hr_id[hr_id])
        if addresses and (hits := self._by_email.get(addresses[0])):
            return set(hits)
        return set().union(*(self._by_email.get(one, set()) for one in addresses[1:]))

    @staticmethod
    def _alias_key(text: str) -> str:
        return fold_email(text) if "@" in text else fold(text)

    def _alias_target(self, target: int | str) -> set[int]:
        if isinstance(target, int) or str(target).isdigit():
            return {int(target)} & set(self.users)
        return set(self._by_email.get(fold_email(str(target)), set()))


@dataclass(frozen=True, slots=True)
class People:
    """Hold everybody's bucket and find the person of an absence row.

    :param persons: one entry an employee record, and one for each user that HR does not know.
    :param issues: rows reported.
    :param directory: the Cal.com users.
    """

    persons: tuple[Person, ...]
    issues: tuple[Issue, ...]
    directory: Directory
    _by_id: Mapping[str, Person]
    _by_email: Mapping[str, Person]

    def counts(self) -> dict[str, int]:
        """Count the persons of each bucket."""
        found = dict.fromkeys(("matched", "unmatched", "cal_only", "ambiguous", "terminated", "pending"), 0)
        for person in self.persons:
            found[person.bucket] += 1
        return found

    def matched(self) -> dict[int, Employee]:
        """Return the matched employees by Cal.com user id."""
        return {
            person.user.id: person.employee
            for person in self.persons
            if person.bucket == "matched" and person.user and person.employee
        }

    def match_rate(self) -> float | None:
        """Return the share of the employed people that have a user, None when nobody is employed."""
        counts = self.counts()
        employed = sum(counts[name] for name in ("matched", "unmatched", "ambiguous", "pending"))
        return counts["matched"] / employed if employed else None

    def resolve(self, hr_id: str | None, email: str | None) -> Person:
        """Return the person a row of an absence or cover column means.

        The address comes first; the HR id decides when there is none, or when it is nobody's.

        :param hr_id: HR id on the row.
        :param email: address on the row.
        """
        if email and (known := self._by_email.get(fold_email(email))):
            return known
        if hr_id and hr_id in self._by_id:
            return self._by_id[hr_id]
        hits = self.directory.find(hr_id, [email])
        if len(hits) > 1:
            return Person(None, "ambiguous")
        if not hits:
            return Person(None, "unmatched")
        user = self.directory.users[hits.pop()]
        return Person(None, "matched" if self.directory.is_ready(user) else "pending", user)


def match_people(employees: Iterable[Employee], directory: Directory, as_of: date) -> People:
    """Give every employee record its bucket.

    Of several records of one HR id the newest counts. Of several records with one mailbox the one still
    employed counts; two of those make the mailbox ambiguous, and neither is written.

    :param employees: the canonical records.
    :param directory: the Cal.com users.
    :param as_of: the day that is today for the organisation.
    """
    newest, issues = _newest_by_id(employees)
    groups: dict[Any, list[tuple[Employee, set[int]]]] = defaultdict(list)
    for employee in newest:
        hits = directory.find(employee.id, [employee.email, *employee.other_emails])
        groups[_mailbox(employee, hits)].append((employee, hits))
    persons: list[Person] = []
    for members in groups.values():
        persons += _place(members, directory, as_of)
    issues += [_report(person) for person in persons if person.bucket != "matched"]
    taken = {person.user.id for person in persons if person.user}
    persons += [Person(None, "cal_only", user) for user in directory.users.values() if user.id not in taken]
    return People(tuple(persons), tuple(issues), directory, _ids(persons), _addresses(persons))


def _newest_by_id(employees: Iterable[Employee]) -> tuple[list[Employee], list[Issue]]:
    kept: dict[Any, Employee] = {}
    issues: list[Issue] = []
    for employee in employees:
        key = employee.id if employee.id is not None else ("row", employee.row)
        known = kept.get(key)
        if known is None:
            kept[key] = employee
            continue
        older, newer = sorted((known, employee), key=lambda one: (one.modified, one.row))
        kept[key] = newer
        issues.append(Issue("older_version", key=employee.id, row=older.row, level="info"))
    return list(kept.values()), issues


def _mailbox(employee: Employee, hits: set[int]) -> Any:
    if len(hits) == 1:
        return next(iter(hits))
    return fold_email(employee.email) if employee.email else ("row", employee.row)


def _place(members: list[tuple[Employee, set[int]]], directory: Directory, as_of: date) -> list[Person]:
    gone = [(one, hits) for one, hits in members if one.is_gone(as_of)]
    staying = [(one, hits) for one, hits in members if not one.is_gone(as_of)]
    employed = [(one, hits) for one, hits in staying if one.status != "prehire"]
    placed = [Person(one, "terminated", _only(hits, directory)) for one, hits in gone]
    if employed:
        # Someone about to start on a mailbox still in use waits until it is theirs.
        placed += [Person(one, "pending") for one, _ in staying if one.status == "prehire"]
    current = employed or staying
    if len(current) > 1 or any(len(hits) > 1 for _, hits in current):
        return placed + [Person(one, "ambiguous") for one, _ in current]
    return placed + [_place_one(one, _only(hits, directory), directory) for one, hits in current]


def _place_one(employee: Employee, user: CalUser | None, directory: Directory) -> Person:
    if user is None:
        return Person(employee, "unmatched")
    if employee.status == "prehire" or not directory.is_ready(user):
        return Person(employee, "pending", user)
    return Person(employee, "matched", user)


def _only(hits: set[int], directory: Directory) -> CalUser | None:
    return directory.users[next(iter(hits))] if len(hits) == 1 else None


def _report(person: Person) -> Issue:
    employee = person.employee
    return Issue(
        person.bucket,
        key=employee.id if employee else None,
        row=employee.row if employee else None,
        level="info" if person.bucket == "terminated" else "warning",
        user_id=person.user.id if person.user else None,
    )


def _ids(persons: Iterable[Person]) -> dict[str, Person]:
    return {one.employee.id: one for one in persons if one.employee and one.employee.id}


def _addresses(persons: Iterable[Person]) -> dict[str, Person]:
    """Index people by address; where records share one, the one that is still there comes out."""
    order = {"terminated": 0, "pending": 1, "unmatched": 2, "matched": 3, "ambiguous": 4}
    found: dict[str, Person] = {}
    for person in sorted(persons, key=lambda one: order.get(one.bucket, -1)):
        if person.employee is None:
            continue
        for address in (*person.employee.other_emails, person.employee.email):
            if address:
                found[fold_email(address)] = person
    return found

"""Random HR histories against a model that knows nothing but days."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.out_of_office.days import DayPolicy
from calcom_provider.hr.sources.rows import from_records
from tests.unit.hr.fake_calcom import FakeCalcom
from tests.unit.hr.jobs import TODAY, ooo_job
from tests.unit.hr.promises import promised

PEOPLE = (1, 2, 3)
HORIZON = 60
STEPS = (
    "request",
    "approve",
    "edit",
    "overlap",
    "cancel",
    "delete",
    "leave",
    "rehire",
    "tomorrow",
    "foreign",
)


class History:
    """HR's side: requests with a state, people with an employment."""

    def __init__(self, seed: int, *, covers: bool) -> None:
        self.random = random.Random(seed)
        self.covers = covers
        self.requests: dict[str, dict[str, Any]] = {}
        self.employed = dict.fromkeys(PEOPLE, 1)
        self.gone: set[int] = set()
        self.today = TODAY
        self.next = 0

    def span(self) -> tuple[date, date]:
        start = self.today + timedelta(days=self.random.randint(-6, 50))
        return start, start + timedelta(days=self.random.randint(0, 9))

    def step(self, what: str, fake: FakeCalcom) -> None:
        keys = sorted(self.requests)
        person = self.random.choice(PEOPLE)
        if what == "request" or (what == "overlap" and not keys):
            self.add(person, *self.span(), "requested")
        elif what == "overlap":
            other = self.requests[self.random.choice(keys)]
            shift = timedelta(days=self.random.randint(-2, 3))
            self.add(other["user"], other["start"] + shift, other["end"] + shift, "approved")
        elif what == "leave":
            self.gone.add(person)
        elif what == "rehire" and person in self.gone:
            self.gone.discard(person)
            self.employed[person] += 1
        elif what == "tomorrow":
            self.today += timedelta(days=self.random.randint(1, 4))
        elif what == "foreign":
            start, end = self.span()
            if not any((e.user_id, e.start, e.end) == (person, start, end) for e in fake.entries.values()):
                fake.add_entry(person, start.isoformat(), end.isoformat(), reason="travel", notes="mine")
        elif keys:
            self.change(what, self.random.choice(keys))

    def add(self, user: int, start: date, end: date, status: str) -> None:
        self.next += 1
        cover = self.random.choice(PEOPLE) if self.covers and self.random.random() < 0.5 else None
        self.requests[f"R{self.next}"] = {
            "user": user, "start": start, "end": end, "status": status, "cover": cover
        }  # fmt: skip

    def change(self, what: str, key: str) -> None:
        request = self.requests[key]
        if what == "approve" and request["status"] == "requested":
            request["status"] = "approved"
        elif what == "cancel":
            request["status"] = "cancelled"
        elif what == "delete":
            del self.requests[key]
        elif what == "edit":
            request["start"], request["end"] = self.span()

    def absences(self) -> Any:
        rows = [
            {
                "key": key,
                "email": f"user{one['user']}@example.com",
                "status": one["status"],
                "start": one["start"],
                "end": one["end"],
                "cover": f"user{one['cover']}@example.com" if one["cover"] else None,
            }
            for key, one in self.requests.items()
        ]
        return from_records([*rows, {"key": "zero", "email": "nobody@example.com", "status": "cancelled",
                                     "start": TODAY, "end": TODAY, "cover": None}])  # fmt: skip

    def people(self) -> Any:
        rows = []
        for user in PEOPLE:
            for number in range(1, self.employed[user] + 1):
                last = number == self.employed[user]
                status = "active" if last and user not in self.gone else "terminated"
                rows.append({"id": f"{user}-{number}", "email": f"user{user}@example.com", "status": status})
        return from_records(rows)

    def wanted(self, user: int) -> set[date]:
        """The days ahead on which HR says this person is away."""
        last = self.today + timedelta(days=HORIZON)
        return {
            one["start"] + timedelta(days=step)
            for one in self.requests.values()
            if one["user"] == user and one["status"] == "approved"
            for step in range((one["end"] - one["start"]).days + 1)
            if self.today <= one["start"] + timedelta(days=step) <= last
        }

    def kept_by_marks(self, user: int, before: set[date]) -> set[date]:
        """The days that nobody knows whose they are, and that stay while anything about the person is uncertain."""
        promised("all of it stays while anything about the person is uncertain.")
        waiting = any(one["user"] == user and one["status"] == "requested" for one in self.requests.values())
        return before - self.cancelled(user) if waiting else set()

    def cancelled(self, user: int) -> set[date]:
        """The days that HR took back from this person."""
        return {
            one["start"] + timedelta(days=step)
            for one in self.requests.values()
            if one["user"] == user and one["status"] == "cancelled"
            for step in range((one["end"] - one["start"]).days + 1)
        }


def days(entries: Any, since: date) -> set[date]:
    return {
        one.start + timedelta(days=step)
        for one in entries
        for step in range((one.end - one.start).days + 1)
        if one.start + timedelta(days=step) >= since
    }


def ours(fake: FakeCalcom, user: int) -> list[Any]:
    return [
        one for one in fake.entries.values() if one.user_id == user and (one.notes or "").startswith("[hr:")
    ]


def foreign(fake: FakeCalcom) -> list[Any]:
    return sorted((one for one in fake.entries.values() if one.notes == "mine"), key=lambda one: one.id)


def past(fake: FakeCalcom, before: date) -> Any:
    return sorted(
        (one.user_id, day)
        for user in PEOPLE
        for one in ours(fake, user)
        for day in days([one], date.min)
        if day < before
    )  # noqa: E501


def check(history: History, fake: FakeCalcom, frozen: dict[int, set[date]], *, ledger: bool) -> None:
    for user in PEOPLE:
        if user in history.gone:
            # Of somebody who left nothing goes but what HR readably took back.
            before = {day for day in frozen[user] if day >= history.today}
            there = days(ours(fake, user), history.today)
            assert before - history.cancelled(user) <= there <= before
            continue
        there = days(ours(fake, user), history.today)
        by_people = days((one for one in foreign(fake) if one.user_id == user), history.today)
        wanted = history.wanted(user)
        # A run that people entered themselves is not written again; nothing else may differ.
        assert there <= wanted | (set() if ledger else history.kept_by_marks(user, frozen[user]))
        assert wanted - there <= by_people


def play(seed: int, steps: list[str], ledger: Ledger | None, *, covers: bool = False) -> None:
    fake = FakeCalcom()
    for user in PEOPLE:
        fake.add_user(user)
    history = History(seed, covers=covers)
    frozen: dict[int, set[date]] = {user: set() for user in PEOPLE}
    for step in steps:
        history.step(step, fake)
        by_people, before = foreign(fake), past(fake, history.today)
        for again in (False, True):
            job = ooo_job(fake, ledger, as_of=history.today, days=DayPolicy(horizon_days=HORIZON))
            plan = job.plan(history.absences(), history.people())
            if again:
                assert plan.actions == (), step
                break
            result = job.apply(plan, reread=False)
            assert set(result.statuses) <= {"done"}, (step, result.codes)
        assert foreign(fake) == by_people
        assert [one for one in past(fake, history.today) if one in before] == before
        check(history, fake, frozen, ledger=ledger is not None)
        frozen = {user: days(ours(fake, user), date.min) for user in PEOPLE}


STEP_LISTS = st.lists(st.sampled_from(STEPS), min_size=1, max_size=14)
EXAMPLES = pytest.mark.parametrize("examples", [40, pytest.param(120, marks=pytest.mark.exhaustive)])


def play_many(examples: int, *, ledger: bool, covers: bool = False) -> None:
    @settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @example(1, ["request", "approve", *["request"] * 8, "delete"])  # gone while others of the person wait
    @given(st.integers(0, 10**6), STEP_LISTS)
    def check(seed: int, steps: list[str]) -> None:
        if not ledger:
            play(seed, steps, None, covers=covers)
            return
        with Ledger("sqlite://") as opened:
            play(seed, steps, opened, covers=covers)

    check()


@EXAMPLES
def test_owned_days_equal_hr_by_the_marks_alone(examples: int) -> None:
    play_many(examples, ledger=False)


@EXAMPLES
def test_owned_days_equal_hr_by_the_ledger(examples: int) -> None:
    play_many(examples, ledger=True)


@EXAMPLES
def test_covers_never_make_circles_nor_lose_days(examples: int) -> None:
    play_many(examples, ledger=True, covers=True)

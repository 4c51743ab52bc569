"""Plans of an invented organisation to look at: 2,000 people with absences, and attributes that guards refuse."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.plan.guards import GuardLimits
from calcom_provider.hr.review.data import Review
from calcom_provider.hr.review.names import Names
from calcom_provider.hr.sources.rows import from_records
from tests.unit.hr.fake_calcom import FakeCalcom
from tests.unit.hr.jobs import TODAY, absence, attribute_job, employees, ooo_job

FIRST = "Ada Grace Alan Edsger Barbara Donald Radia Ken Dennis Margaret Jean Frances Linus Sophie Tim Niklaus".split()
LAST = "Moreau Okafor Lindqvist Tanaka Schneider Rossi Haddad Novak Silva Kowalski Murphy Andersen Dubois Ito".split()
DEPARTMENTS = (
    "Sales",
    "Support",
    "Engineering",
    "Finance",
    "People",
    "Legal",
    "Field Service Northern Europe",
)
HOSTILE = "</script><script>window.hit=1</script>"
MADE_AT = datetime(2026, 3, 16, 7, 30, tzinfo=UTC)


def calcom(people: int) -> FakeCalcom:
    fake = FakeCalcom()
    for number in range(1, people + 1):
        fake.add_user(number)
    return fake


def names(people: int, rng: random.Random) -> Names:
    called = {number: f"{rng.choice(FIRST)} {rng.choice(LAST)}" for number in range(1, people + 1)}
    return Names(
        # The last one is shown, and taken for text.
        people=called | {people: HOSTILE},
        departments={number: rng.choice(DEPARTMENTS) for number in range(1, people + 1)},
        attributes={"a-Team": "Team", "a-Languages": "Languages", "a-Centre": "Cost centre"},
        types={"a-Team": "SINGLE_SELECT", "a-Languages": "MULTI_SELECT", "a-Centre": "TEXT"},
    )


def absences(people: int) -> Review:
    """A plan of absences of which some are new, longer, cancelled, waiting or cannot be read."""
    rng = random.Random(3)
    fake = calcom(people)
    rows = [_absence(f"R{number}", number, rng, 150) for number in range(1, people + 1)]
    with Ledger("sqlite://") as ledger:
        job = ooo_job(fake, ledger)
        job.apply(job.plan(from_records(rows)), reread=False)
        changed = [_changed(row, rng) for row in rows]
        changed += [
            _absence(f"N{number}", number, rng, 170) | {"cover": f"user{number % people + 1}@example.com"}
            for number in range(people, 0, -4)
        ]
        changed += [
            absence(f"X{number}", people + number, "2026-05-04", "2026-05-05") for number in range(1, 30)
        ]
        job = ooo_job(fake, ledger, limits=GuardLimits(match_rate=0.5))
        return Review(job.plan(from_records(changed)), names=names(people, rng), made_at=MADE_AT)


def attributes(people: int) -> Review:
    """A plan of attributes that guards refuse."""
    rng = random.Random(5)
    fake = calcom(people)
    fake.add_attribute("Team", "SINGLE_SELECT", ["Blue", "Red", "Green"])
    fake.add_attribute("Languages", "MULTI_SELECT", ["English", "Deutsch", "Français"])
    fake.add_attribute("Centre", "TEXT")
    numbers = range(1, people + 1)
    columns = {
        "team": {"attribute": "Team"},
        "lang": {"attribute": "Languages", "missing_option": "skip"},
        "centre": {"attribute": "Centre"},
    }
    before = {
        "team": {number: rng.choice(["Blue", "Red"]) for number in numbers},
        "lang": {number: rng.choice(["English", "English;Deutsch"]) for number in numbers},
        "centre": {number: f"CC-{number % 40}" for number in numbers},
    }
    after = {
        "team": {number: rng.choice(["Blue", "Red", "Green"]) for number in numbers},
        "lang": {number: rng.choice(["English", "English;Français", "Klingon"]) for number in numbers},
        "centre": {number: f"CC-{(number + number % 3) % 40}" for number in numbers},
    }
    with Ledger("sqlite://") as ledger:
        job = attribute_job(fake, ledger, columns)
        job.apply(job.plan(employees(fake, **before)), reread=False)
        job = attribute_job(fake, ledger, columns, limits=GuardLimits())
        plan = job.plan(employees(fake, **after))
        return Review(plan, "refused", replace(names(people, rng), people={}), made_at=MADE_AT)


def _absence(key: str, user: int, rng: random.Random, ahead: int) -> dict[str, str]:
    start = TODAY + timedelta(days=1 + rng.randrange(ahead))
    return absence(key, user, start.isoformat(), (start + timedelta(days=rng.randrange(12))).isoformat())


def _changed(row: dict[str, str], rng: random.Random) -> dict[str, str]:
    start, end, chance = date.fromisoformat(row["start"]), date.fromisoformat(row["end"]), rng.random()
    if chance < 0.05:
        return {**row, "status": "cancelled"}
    if chance < 0.12:
        return {**row, "end": (end + timedelta(days=3)).isoformat()}
    if chance < 0.2:
        moved = {"start": start + timedelta(days=2), "end": end + timedelta(days=4)}
        return {**row, **{name: day.isoformat() for name, day in moved.items()}}
    if chance < 0.24:
        return {**row, "start": "16/03"}
    return {**row, "status": "requested"} if chance < 0.26 else row

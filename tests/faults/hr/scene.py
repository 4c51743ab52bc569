"""One write-back of about fifty actions of every kind, on a Cal.com in memory."""

from __future__ import annotations

from typing import Any

from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.sources.rows import from_records
from tests.unit.hr.fake_calcom import FakeCalcom
from tests.unit.hr.jobs import absence, attribute_job, employees, ooo_job

COLUMNS = {
    "team": {"attribute": "Team", "missing_option": "create"},
    "skills": {"attribute": "Skills", "missing_option": "create"},
    "centre": {"attribute": "Centre"},
    "level": {"attribute": "Level"},
}
USERS = range(1, 9)


def calcom() -> FakeCalcom:
    fake = FakeCalcom()
    for number in USERS:
        fake.add_user(number)
    fake.add_attribute("Team", "SINGLE_SELECT", ["Red", "Blue"])
    fake.add_attribute("Skills", "MULTI_SELECT", ["Go", "Rust", "SQL"])
    fake.add_attribute("Centre", "TEXT")
    fake.add_attribute("Level", "NUMBER")
    return fake


def first(fake: FakeCalcom) -> Any:
    """What HR says first: it makes everything ours."""
    return employees(
        fake,
        team={n: "Red" if n % 2 else "Blue" for n in USERS},
        skills=dict.fromkeys(USERS, "Go;SQL"),
        centre={n: f"C{n % 3}" for n in USERS},
        level={n: str(n) for n in USERS},
    )


def second(fake: FakeCalcom) -> Any:
    """What HR says next: moves, new options, shared and lone texts, everything at once."""
    return employees(
        fake,
        team={n: "Blue" if n % 2 else "Green" for n in USERS},
        skills={n: "Rust;SQL;Ada" if n < 5 else "Go" for n in USERS},
        centre={n: "New" if n < 3 else f"C{n}" for n in USERS},
        level={n: str(n + 1) if n < 4 else str(n * 100) for n in USERS},
    )


FIRST_ABSENCES = [
    *(absence(f"R{n}", n, f"2026-05-{n + 1:02d}", f"2026-05-{n + 4:02d}") for n in USERS),
    absence("X1", 1, "2026-07-01", "2026-07-05", cover="user8@example.com"),
    absence("X2", 2, "2026-08-01", "2026-08-05"),
]
SECOND_ABSENCES = [
    *(absence(f"R{n}", n, f"2026-05-{n + 2:02d}", f"2026-05-{n + 6:02d}") for n in range(1, 6)),
    *(absence(f"R{n}", n, f"2026-05-{n + 1:02d}", f"2026-05-{n + 4:02d}", "cancelled") for n in (6, 7)),
    absence("R8", 8, "2026-07-02", "2026-07-03"),
    absence("X1", 1, "2026-07-01", "2026-07-05", cover="user7@example.com"),
    *(absence(f"N{n}", n, f"2026-09-{n:02d}", f"2026-09-{n + 1:02d}") for n in USERS),
]


def attributes(fake: FakeCalcom, ledger: Ledger) -> Any:
    return attribute_job(fake, ledger, COLUMNS)


def out_of_office(fake: FakeCalcom, ledger: Ledger) -> Any:
    return ooo_job(fake, ledger)


def prepare(kind: str, fake: FakeCalcom, ledger: Ledger) -> None:
    """Apply what HR said first."""
    job = attributes(fake, ledger) if kind == "attributes" else out_of_office(fake, ledger)
    source = first(fake) if kind == "attributes" else from_records(FIRST_ABSENCES)
    result = job.apply(job.plan(source), reread=False)
    assert set(result.statuses) <= {"done"}


def plan(kind: str, fake: FakeCalcom, ledger: Ledger) -> tuple[Any, Any]:
    """Plan what HR says next."""
    if kind == "attributes":
        job = attributes(fake, ledger)
        return job, job.plan(second(fake))
    job = out_of_office(fake, ledger)
    return job, job.plan(from_records(SECOND_ABSENCES))

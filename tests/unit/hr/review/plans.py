"""Plans to look at: attributes and absences of a few people, with rows that cannot be written."""

from __future__ import annotations

from typing import Any

from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.plan.guards import GuardLimits
from calcom_provider.hr.plan.model import Plan
from calcom_provider.hr.review.names import Names
from calcom_provider.hr.sources.rows import from_records
from tests.unit.hr.fake_calcom import FakeCalcom
from tests.unit.hr.jobs import OPEN, absence, attribute_job, employees, ooo_job

PEOPLE = {1: "Ada Moreau", 2: "Grace Okafor", 3: "Alan Ito", 4: "Jean Costa"}
NAMES = Names(
    people=PEOPLE,
    departments={1: "Sales", 2: "Sales", 3: "Legal"},
    attributes={"a-Team": "Team", "a-Centre": "Cost centre"},
    types={"a-Team": "SINGLE_SELECT", "a-Centre": "TEXT"},
    options={"o-Blue": "Blue", "o-Red": "Red"},
)
PRIVATE = (*PEOPLE.values(), "user1@example.com", "C-777", "C-778", "E1", "R1")
"""What is somebody's data in these plans."""


def calcom() -> FakeCalcom:
    fake = FakeCalcom()
    for number in PEOPLE:
        fake.add_user(number)
    fake.add_attribute("Team", "SINGLE_SELECT", ["Blue", "Red"])
    fake.add_attribute("Centre", "TEXT")
    return fake


def attributes(ledger: Ledger | None = None, fake: FakeCalcom | None = None) -> tuple[Any, Plan]:
    """Give a job that has planned: 1 goes from Blue to Red, 2 and 4 get Blue, texts change, one is unknown."""
    fake = fake or calcom()
    if ledger is None:
        ledger = Ledger("sqlite://")
    columns = {"team": {"attribute": "Team", "missing_option": "skip"}, "centre": {"attribute": "Centre"}}
    first = attribute_job(fake, ledger, columns)
    first.apply(first.plan(employees(fake, team={1: "Blue"}, centre={1: "C-777"})), reread=False)
    job = attribute_job(
        fake, ledger, columns, limits=GuardLimits(persons_changed=0.1, persons_changed_floor=1)
    )
    cells = {"team": {1: "Red", 2: "Blue", 3: "Green", 4: "Blue"}, "centre": {1: "C-778", 2: "C-777"}}
    return job, job.plan(employees(fake, **cells))


def absences(ledger: Ledger | None = None, fake: FakeCalcom | None = None) -> tuple[Any, Plan]:
    """Give a job that has planned: 1's entry gets longer, 2's is cancelled, 3's is new, one row is unreadable."""
    fake = fake or calcom()
    if ledger is None:
        ledger = Ledger("sqlite://")
    job = ooo_job(fake, ledger, limits=OPEN)
    rows = [absence("R1", 1, "2026-05-04", "2026-05-08"), absence("R2", 2, "2026-05-11", "2026-05-12")]
    job.apply(job.plan(from_records(rows)), reread=False)
    rows = [
        absence("R1", 1, "2026-05-04", "2026-05-10"),
        absence("R2", 2, "2026-05-11", "2026-05-12", "cancelled"),
        absence("R3", 3, "2026-06-01", "2026-06-02", cover="user4@example.com"),
        absence("R4", 4, "16/03", "2026-06-02"),
        absence("R5", 9, "2026-06-01", "2026-06-02"),
    ]
    return job, job.plan(from_records(rows))

"""What was written for somebody who cannot be matched today stays; a readable removal is carried out."""

from __future__ import annotations

from typing import Any

import pytest

from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.plan.guards import GuardLimits
from calcom_provider.hr.sources.rows import from_records
from tests.unit.hr.fake_calcom import FakeCalcom
from tests.unit.hr.jobs import OPEN, absence, employees, ooo_job
from tests.unit.hr.promises import promised

WEEK = ("2026-05-04", "2026-05-08")
NEXT_WEEK = ("2026-05-11", "2026-05-15")


def staff(number: int) -> FakeCalcom:
    fake = FakeCalcom()
    for user_id in range(1, number + 1):
        fake.add_user(user_id)
    return fake


def written(fake: FakeCalcom) -> list[tuple[int, str, str]]:
    return sorted((one.user_id, str(one.start), str(one.end)) for one in fake.entries.values())


def run(job: Any, *sources: Any) -> Any:
    plan = job.plan(*sources)
    job.apply(plan, reread=False)
    return plan


def codes(plan: Any) -> set[str]:
    return {one.code for one in plan.issues}


def renamed(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"email": f"new-{row['email']}"}


@pytest.mark.parametrize("with_ledger", [True, False])
@pytest.mark.parametrize("with_employees", [True, False])
def test_two_changed_addresses_cost_nobody_a_day(with_ledger: bool, with_employees: bool) -> None:
    promised("What was written for somebody who cannot be matched today stays, and is reported.")
    fake = staff(6)
    ledger = Ledger("sqlite://") if with_ledger else None
    job = ooo_job(fake, ledger)
    rows = [absence(f"R{n}", n, *WEEK) for n in range(1, 7)]
    people = (employees(fake),) if with_employees else ()
    run(job, from_records(rows), *people)
    before = written(fake)
    assert len(before) == 6
    changed = from_records([*map(renamed, rows[:2]), *rows[2:]])
    plan = run(job, changed, *people)
    assert plan.actions == ()
    assert written(fake) == before
    assert {"unmatched", "kept_uncertain"} <= codes(plan)


def test_a_joined_entry_of_a_stranger_stays_by_its_mark_alone() -> None:
    """Two requests made one entry; without a ledger its mark gives neither of them away."""
    fake = staff(6)
    job = ooo_job(fake, None)
    rows = [absence("R1", 1, *WEEK), absence("R2", 1, "2026-05-09", "2026-05-12"), absence("R3", 2, *WEEK)]
    run(job, from_records(rows))
    before = written(fake)
    assert (1, "2026-05-04", "2026-05-12") in before
    run(job, from_records([renamed(rows[0]), renamed(rows[1]), rows[2]]))
    assert written(fake) == before
    run(job, from_records([rows[2]]))  # a complete feed that names neither of them any more
    assert written(fake) == [(2, *WEEK)]


def by_id(key: str, person: str, start: str, end: str, status: str = "approved") -> dict[str, Any]:
    return {"key": key, "person": person, "email": None, "status": status, "start": start, "end": end}


def test_an_employee_file_left_out_deletes_nothing() -> None:
    promised("It deletes nothing of people whom only the employee source could have told.")
    fake = staff(3)
    with Ledger("sqlite://") as ledger:
        job = ooo_job(fake, ledger)
        rows = [by_id(f"R{n}", f"E{n}", *WEEK) for n in range(1, 4)]
        run(job, from_records(rows), employees(fake))
        before = written(fake)
        assert len(before) == 3
        # BambooHR issues an edited request anew and calls the old one superseded.
        edited = by_id("R1b", "E1", "2026-05-05", "2026-05-07")
        feed = [by_id("R1", "E1", *WEEK, status="superseded"), edited, *rows[1:]]
        plan = run(job, from_records(feed))
        assert plan.actions == ()
        assert written(fake) == before


def test_a_feed_of_strangers_is_refused() -> None:
    promised(
        "``match_rate`` and ``match_rate_drop`` judge the people of approved absences as they judge employed people."
    )
    fake = staff(3)
    with Ledger("sqlite://") as ledger:
        rows = [by_id(f"R{n}", f"E{n}", *WEEK) for n in range(1, 4)]
        job = ooo_job(fake, ledger, limits=GuardLimits())
        plan = job.plan(from_records(rows))
        assert plan.refusals == ("match_rate",)
        assert [one.subject for one in plan.verdicts if not one.allowed] == ["absences"]


@pytest.mark.parametrize(
    ("matched", "strangers", "refused"),
    [(7, 2, False), (1, 2, False), (8, 3, True), (12, 3, False), (0, 1, True)],
)
def test_a_few_strangers_do_not_stop_everybody_else(matched: int, strangers: int, refused: bool) -> None:
    promised("Two of them without a user never refuse a plan while others have one.")
    # 3 of 11 are 27 %, 3 of 15 are 20 %; two never count while anybody has a user.
    fake = staff(20)
    rows = [
        absence(f"R{n}", n, f"2026-05-{n:02d}", f"2026-05-{n:02d}") for n in range(1, matched + strangers + 1)
    ]
    rows = [row if place < matched else renamed(row) for place, row in enumerate(rows)]
    past = [renamed(absence(f"P{n}", n, "2026-01-05", "2026-01-05")) for n in range(10)]
    plan = ooo_job(fake, None, limits=GuardLimits()).plan(from_records([*rows, *past]))
    assert ("match_rate" in plan.refusals) is refused


def test_the_fall_of_matched_absences_is_judged_against_the_last_applied_run() -> None:
    fake = staff(20)
    rows = [absence(f"R{n}", n, f"2026-05-{n:02d}", f"2026-05-{n:02d}") for n in range(1, 21)]
    with Ledger("sqlite://") as ledger:
        run(ooo_job(fake, ledger), from_records(rows))
        job = ooo_job(fake, ledger, limits=GuardLimits())
        assert job.plan(from_records([*map(renamed, rows[:3]), *rows[3:]])).refusals == ("match_rate_drop",)
        assert job.plan(from_records([*map(renamed, rows[:2]), *rows[2:]])).refusals == ()


@pytest.mark.parametrize("with_employees", [True, False])
def test_a_readable_removal_is_carried_out_matched_or_not(with_employees: bool) -> None:
    promised(
        "A cancelled request that the ledger knows is taken back whether its person can be matched or not."
    )
    fake = staff(3)
    people = (employees(fake),) if with_employees else ()
    with Ledger("sqlite://") as ledger:
        job = ooo_job(fake, ledger)
        rows = [absence("R1", 1, *WEEK), absence("R2", 1, *NEXT_WEEK), absence("R3", 2, *WEEK)]
        run(job, from_records(rows), *people)
        if with_employees:  # the whole person is a stranger now, not only the address on the row
            people = (from_records([one for one in map(dict, people[0].records) if one["id"] != "E1"]),)
        cancelled = renamed(rows[0]) | {"status": "cancelled"}
        plan = run(job, from_records([cancelled, renamed(rows[1]), rows[2]]), *people)
        assert [(one.kind, one.why) for one in plan.actions] == [("ooo_delete", "cancelled")]
        assert written(fake) == [(1, *NEXT_WEEK), (2, *WEEK)]


def test_the_cancelled_request_of_one_does_not_take_the_entry_of_another() -> None:
    """Somebody asked twice for the same days; the request behind the entry is a stranger's today."""
    fake = staff(2)
    with Ledger("sqlite://") as ledger:
        job = ooo_job(fake, ledger, limits=OPEN)
        run(job, from_records([absence("R1", 1, *WEEK)]))
        feed = [renamed(absence("R1", 1, *WEEK)), absence("R9", 1, *WEEK, status="cancelled")]
        run(job, from_records(feed))
        assert written(fake) == [(1, *WEEK)]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda row: [row], set()),
        (lambda row: [], {"kept_uncertain"}),
        (lambda row: [row | {"status": "cancelled"}], {"out_of_scope"}),
    ],
    ids=["still absent", "left out", "cancelled"],
)
def test_what_becomes_of_the_days_of_who_is_in_no_employee_file_is_told(change: Any, told: set[str]) -> None:
    fake = staff(6)
    with Ledger("sqlite://") as ledger:
        job = ooo_job(fake, ledger)
        rows = [absence(f"R{n}", n, *WEEK) for n in range(1, 7)]
        everybody = employees(fake)
        run(job, from_records(rows), everybody)
        fewer = from_records([row for row in everybody.records if row["id"] != "E1"])
        absences = from_records([*change(rows[0]), *rows[1:]])
        assert {one.code for one in job.plan(absences, fewer).issues if one.user_id == 1} == told
        assert "out_of_scope" not in codes(job.plan(absences, everybody))

"""The past stays as it is: by a plan, by one that is applied days later, and by undo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calcom_provider.hr.apply.undo import UndoJob
from calcom_provider.hr.errors import RefusedError
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.sources.rows import from_records
from tests.unit.hr.fake_calcom import FakeCalcom
from tests.unit.hr.jobs import HASTE, TODAY, absence, common, ooo_job
from tests.unit.hr.promises import promised


def past_days(fake: FakeCalcom, today: date) -> set[tuple[int, date]]:
    """Entry and day of everything that is over."""
    return {
        (one.id, one.start + timedelta(days=step))
        for one in fake.entries.values()
        for step in range((one.end - one.start).days + 1)
        if one.start + timedelta(days=step) < today
    }


def over(fake: FakeCalcom, today: date) -> set[Any]:
    return {(one.id, *one.shape()) for one in fake.entries.values() if one.end < today}


@pytest.fixture
def fake() -> FakeCalcom:
    fake = FakeCalcom()
    for user_id in (1, 2, 3):
        fake.add_user(user_id)
    return fake


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger("sqlite://") as one:
        yield one


RANGES = st.tuples(st.integers(-12, 12), st.integers(0, 14))
STATEMENTS = st.lists(
    st.one_of(st.none(), st.tuples(RANGES, st.sampled_from(["approved", "cancelled", "requested"]))),
    min_size=3,
    max_size=3,
)


def rows(statements: list[Any]) -> Any:
    return from_records(
        [
            absence(
                f"R{user}",
                user,
                str(TODAY + timedelta(days=said[0][0])),
                str(TODAY + timedelta(days=said[0][0] + said[0][1])),
                said[1],
            )
            for user, said in enumerate(statements, start=1)
            if said is not None
        ]
        + [absence("R0", 3, "2026-01-05", "2026-01-05", "denied")]
    )


@settings(max_examples=30, deadline=None)
@given(STATEMENTS, STATEMENTS, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_the_past_is_never_changed(
    first: list[Any], second: list[Any], until_plan: int, until_apply: int, until_undo: int
) -> None:
    promised(
        "no days before today are taken from one that has begun, by a plan, by one that is applied days later"
    )
    promised("An entry that is over is neither changed nor deleted")
    fake = FakeCalcom()
    for user_id in (1, 2, 3):
        fake.add_user(user_id)
    with Ledger("sqlite://") as ledger:
        job = ooo_job(fake, ledger)
        job.apply(job.plan(rows(first)), reread=False)
        planned_on = TODAY + timedelta(days=until_plan)
        plan = ooo_job(fake, ledger, as_of=planned_on).plan(rows(second))
        applied_on = planned_on + timedelta(days=until_apply)
        before, ended, known = past_days(fake, applied_on), over(fake, applied_on), set(fake.entries)
        ooo_job(fake, ledger, as_of=applied_on).apply(plan, reread=True)
        assert before <= past_days(fake, applied_on)
        assert ended <= over(fake, applied_on)
        assert all(one.end >= applied_on for one in fake.entries.values() if one.id not in known)
        undone_on = applied_on + timedelta(days=until_undo)
        before, ended = past_days(fake, undone_on), over(fake, undone_on)
        undo = UndoJob(fake, common(as_of=undone_on), ledger, HASTE)  # type: ignore[arg-type]
        undo.apply(undo.plan(plan.id).plan)
        assert before == past_days(fake, undone_on)
        assert ended == over(fake, undone_on)


def test_an_absence_that_has_begun_is_written_from_its_first_day(fake: FakeCalcom, ledger: Ledger) -> None:
    promised("An absence that has begun when it is first written gets its true first day")
    job = ooo_job(fake, ledger)
    job.apply(job.plan(from_records([absence("R1", 1, "2026-03-11", "2026-03-20")])), reread=False)
    assert [str(one.start) for one in fake.entries.values()] == ["2026-03-11"]


@pytest.mark.parametrize(
    ("begun", "left"), [("2026-03-11", [("2026-03-11", "2026-03-15")]), ("2026-03-16", [])]
)
def test_a_cancellation_ends_it_yesterday_or_deletes_it_on_its_first_day(
    fake: FakeCalcom, ledger: Ledger, begun: str, left: list[Any]
) -> None:
    promised("a cancellation ends it yesterday, or deletes it on its first day")
    job = ooo_job(fake, ledger)
    for status in ("approved", "cancelled"):
        said = from_records([absence("R1", 1, begun, "2026-03-20", status)])
        job.apply(job.plan(said), reread=False)
    assert [(str(one.start), str(one.end)) for one in fake.entries.values()] == left


@pytest.mark.parametrize("said", [{"end": "2026-03-18"}, {"status": "cancelled"}, {"start": "2026-03-19"}])
def test_a_plan_applied_days_later_takes_no_day_that_is_over(
    fake: FakeCalcom, ledger: Ledger, said: dict[str, str]
) -> None:
    promised("by one that is applied days later")
    job = ooo_job(fake, ledger)
    row = absence("R1", 1, "2026-03-17", "2026-03-27")
    job.apply(job.plan(from_records([row])), reread=False)
    plan = job.plan(from_records([row | said]))
    assert len(plan.actions) == 1
    later = ooo_job(fake, ledger, as_of=date(2026, 3, 24))
    result = later.apply(plan, reread=True)
    assert result.statuses == {"stale": 1}
    assert [(str(one.start), str(one.end)) for one in fake.entries.values()] == [("2026-03-17", "2026-03-27")]


def test_an_entry_that_is_over_before_it_is_written_is_not_made(fake: FakeCalcom, ledger: Ledger) -> None:
    promised("A planned entry that is over before it is written is not made.")
    plan = ooo_job(fake, ledger).plan(from_records([absence("R1", 1, "2026-03-17", "2026-03-18")]))
    later = ooo_job(fake, ledger, as_of=date(2026, 3, 24))
    assert later.apply(plan, reread=True).statuses == {"stale": 1}
    assert fake.entries == {}


@pytest.mark.parametrize("again", [None, {"end": "2026-03-20"}, {"status": "cancelled"}])
def test_undo_leaves_days_that_are_past(
    fake: FakeCalcom, ledger: Ledger, again: dict[str, str] | None
) -> None:
    promised("What cannot be undone is said")
    row = absence("R1", 1, "2026-03-17", "2026-03-27")
    job = ooo_job(fake, ledger)
    plan = job.plan(from_records([row]))
    job.apply(plan, reread=False)
    if again:
        plan = job.plan(from_records([row | again]))
        job.apply(plan, reread=False)
    after = dict(fake.entries)
    undo = UndoJob(fake, common(as_of=date(2026, 3, 19)), ledger, HASTE)  # type: ignore[arg-type]
    inverse = undo.plan(plan.id)
    assert [one["code"] for one in inverse.lost] == ["past"]
    assert inverse.plan.actions == ()
    assert fake.entries == after


def test_an_undo_made_earlier_takes_no_day_that_is_over_meanwhile(fake: FakeCalcom, ledger: Ledger) -> None:
    promised("or by undo")
    job = ooo_job(fake, ledger)
    plan = job.plan(from_records([absence("R1", 1, "2026-03-17", "2026-03-27")]))
    job.apply(plan, reread=False)
    undo = UndoJob(fake, common(), ledger, HASTE)  # type: ignore[arg-type]
    inverse = undo.plan(plan.id)
    assert len(inverse.plan.actions) == 1
    later = replace(undo, common=common(as_of=date(2026, 3, 20)))
    assert later.apply(inverse.plan).statuses == {"stale": 1}
    assert len(fake.entries) == 1


def test_a_floor_does_not_let_a_late_plan_through(ledger: Ledger) -> None:
    """More than a few such actions refuse the plan: it is too old."""
    fake = FakeCalcom()
    for user_id in range(1, 10):
        fake.add_user(user_id)
    said = [absence(f"R{user}", user, "2026-03-17", "2026-03-18") for user in range(1, 10)]
    plan = ooo_job(fake, ledger).plan(from_records(said))
    with pytest.raises(RefusedError, match="no longer hold"):
        ooo_job(fake, ledger, as_of=date(2026, 3, 24)).apply(plan, reread=True)

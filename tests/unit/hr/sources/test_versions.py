"""Rows of requests told day by day: versions, copies, corrections, and amounts that nobody can size."""

from __future__ import annotations

from typing import Any

import pytest

from calcom_provider.hr.sources.mapping import load_mapping
from calcom_provider.hr.sources.rows import from_records
from tests.unit.hr.fake_calcom import FakeCalcom
from tests.unit.hr.jobs import ooo_job

WEEK = ("2026-05-04", "2026-05-05", "2026-05-06", "2026-05-07", "2026-05-08")
WEDNESDAY = WEEK[2]


def entry(day: str = WEDNESDAY, units: float = 8, status: str = "Approved", **more: Any) -> dict[str, Any]:
    return {
        "Time_Off_Event_ID": "W1",
        "Work_Email": "user1@example.com",
        "Employee_ID": None,
        "Status": status,
        "Time_Off_Type": "Vacation",
        "Time_Off_Date": day,
        "Units": units,
        "Unit_of_Time": "Hours",
        **more,
    }


def changed(day: int) -> dict[str, str]:
    return {"Last_Functionally_Updated": f"2026-03-{day:02d}"}


def planned(rows: list[dict[str, Any]], mapping: str = "workday_raas") -> tuple[list[Any], set[str]]:
    """Runs of days that would be written, and what is reported about the requests."""
    fake = FakeCalcom()
    fake.add_user(1)
    plan = ooo_job(fake, None, mapping=load_mapping(mapping)).plan(from_records(rows))
    runs = [(one.after["start"], one.after["end"]) for one in plan.actions]
    return runs, {one.code for one in plan.issues if one.key}


WHOLE, NOTHING = [(WEDNESDAY, WEDNESDAY)], []  # type: ignore[var-annotated]


@pytest.mark.parametrize(
    ("rows", "runs", "code"),
    [
        ([entry(**changed(1)), entry(status="Canceled", **changed(2))], NOTHING, "status:canceled"),
        ([entry(status="Canceled", **changed(1)), entry(**changed(2))], WHOLE, "older_version"),
        ([entry(**changed(1)), entry(units=4, **changed(2))], NOTHING, "partial_day"),
        ([entry(units=4, **changed(1)), entry(**changed(2))], WHOLE, "older_version"),
        ([entry(**changed(1)), entry(units=-8, **changed(2))], NOTHING, "net_zero"),
        ([entry(**changed(1)), entry(units=-8, **changed(2)), entry(**changed(3))], WHOLE, None),
        (
            [entry(**changed(1)), entry(units=-8, **changed(2)), entry(status="Canceled", **changed(3))],
            NOTHING,
            "status:canceled",
        ),
        ([entry(), entry(status="Canceled")], NOTHING, "conflicting_versions"),
        ([entry(), entry()], WHOLE, "duplicate_row"),
    ],
)
def test_of_one_day_the_newest_row_counts_and_corrections_subtract(
    rows: list[dict[str, Any]], runs: list[Any], code: str | None
) -> None:
    """Rows of one request and day are versions of each other; the newest counts."""
    found, codes = planned(rows)
    assert found == runs
    assert code is None or code in codes


def test_two_halves_of_a_day_are_told_apart_by_the_id_of_their_entry() -> None:
    halves = [entry(units=4, Time_Off_Entry_ID=name) for name in ("E1", "E2")]
    assert planned(halves)[0] == WHOLE
    assert planned([*halves, halves[1]])[0] == WHOLE
    assert planned([halves[0], halves[0]]) == (NOTHING, {"duplicate_row", "partial_day"})


def test_two_equal_halves_that_nothing_tells_apart_are_an_error() -> None:
    """Once they are half a day, twice a whole one: neither is assumed."""
    assert planned([entry(units=4), entry(units=4)]) == (NOTHING, {"conflicting_versions"})


@pytest.mark.parametrize(
    "taken_back",
    [entry(units=-8), entry(status="Canceled", **changed(9))],
    ids=["negative", "cancelled"],
)
def test_a_day_taken_back_in_the_middle_is_not_bridged(taken_back: dict[str, Any]) -> None:
    """Weekends and days of zero are bridged inside one request only, a day taken back never."""
    assert planned([*(entry(day) for day in WEEK), taken_back])[0] == [(WEEK[0], WEEK[1]), (WEEK[3], WEEK[4])]


def test_a_weekend_day_taken_back_is_not_bridged() -> None:
    rows = [entry("2026-05-08"), entry("2026-05-11"), entry("2026-05-09", status="Canceled")]
    assert planned(rows)[0] == [("2026-05-08", "2026-05-08"), ("2026-05-11", "2026-05-11")]


def hibob(**more: Any) -> dict[str, Any]:
    return {
        "requestId": "H1", "employeeId": "8", "employeeEmail": "user1@example.com", "status": "approved",
        "type": "hours", "startDate": WEDNESDAY, "endDate": WEDNESDAY, "totalDuration": None, "totalUnit": None,
    } | more  # fmt: skip


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (hibob(totalDuration=2), "missing_unit"),
        (hibob(), "missing_amount"),
        (hibob(type="days", totalDuration=8), "missing_unit"),
    ],
)
def test_an_unknown_size_is_an_error_of_the_row(row: dict[str, Any], code: str) -> None:
    """How long a part of a day is must be said: a guess would block a day, or lose one."""
    assert planned([row], "hibob") == (NOTHING, {code})


def test_an_amount_without_a_unit_may_be_one_day_but_not_eight() -> None:
    row = {
        "id": "B1",
        "employeeId": "7",
        "email": "user1@example.com",
        "status": {"status": "approved", "lastChanged": None},
    }
    mapping = load_mapping("bamboohr", absences={"fields": {"email": "email", "type": None}})
    fake = FakeCalcom()
    fake.add_user(1)
    job = ooo_job(fake, None, mapping=mapping)
    plan = job.plan(from_records([{**row, "dates": {WEDNESDAY: "1"}}]))
    assert [(one.after["start"], one.after["end"]) for one in plan.actions] == WHOLE
    plan = job.plan(from_records([{**row, "dates": {WEDNESDAY: "8"}}]))
    assert (plan.actions, [one.code for one in plan.issues if one.key]) == ((), ["missing_unit"])
    plan = job.plan(from_records([{**row, "dates": {WEDNESDAY: None}}]))
    assert (plan.actions, [one.code for one in plan.issues if one.key]) == ((), ["missing_amount"])

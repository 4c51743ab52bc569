"""What people did by hand is respected, late landings are cleaned up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.sources.rows import from_records
from calcom_provider.hr.target.state import Option
from tests.unit.hr.fake_calcom import FakeCalcom, lose_at
from tests.unit.hr.jobs import absence, attribute_job, employees, ooo_job
from tests.unit.hr.promises import promised


@pytest.fixture
def fake() -> FakeCalcom:
    made = FakeCalcom()
    for number in range(1, 6):
        made.add_user(number)
    made.add_attribute("Centre", "TEXT")
    made.add_attribute("Team", "SINGLE_SELECT", ["Red"])
    return made


@pytest.fixture
def ledger() -> Any:
    with Ledger("sqlite://") as opened:
        yield opened


R1 = absence("R1", 1, "2026-05-04", "2026-05-08")


def go(job: Any, *rows: Any) -> Any:
    plan = job.plan(*rows)
    job.apply(plan, reread=False)
    return plan


def test_an_entry_edited_by_hand_stays_until_hr_changes(fake: FakeCalcom, ledger: Ledger) -> None:
    go(ooo_job(fake, ledger), from_records([R1]))
    entry = next(iter(fake.entries.values()))
    fake.entries[entry.id] = replace(entry, end=entry.end.replace(day=20))
    plan = go(ooo_job(fake, ledger), from_records([R1]))
    assert plan.actions == ()
    assert "drift_kept" in {one.code for one in plan.issues}
    go(ooo_job(fake, ledger), from_records([{**R1, "end": "2026-05-09"}]))
    assert fake.entries[entry.id].end.isoformat() == "2026-05-09"


def test_an_entry_edited_by_hand_is_overwritten_when_asked(fake: FakeCalcom, ledger: Ledger) -> None:
    go(ooo_job(fake, ledger), from_records([R1]))
    entry = next(iter(fake.entries.values()))
    fake.entries[entry.id] = replace(entry, end=entry.end.replace(day=20))
    go(ooo_job(fake, ledger, on_drift="overwrite"), from_records([R1]))
    assert fake.entries[entry.id].end.isoformat() == "2026-05-08"


def test_an_entry_deleted_by_hand_is_not_made_again_until_hr_changes(
    fake: FakeCalcom, ledger: Ledger
) -> None:
    go(ooo_job(fake, ledger), from_records([R1]))
    fake.entries.clear()
    plan = go(ooo_job(fake, ledger), from_records([R1]))
    assert (plan.actions, {one.code for one in plan.issues}) == ((), {"deleted_by_hand"})
    assert go(ooo_job(fake, ledger, on_missing="recreate"), from_records([R1])).counts() == {
        "ooo_create": 1,
        "ooo_own": 1,  # the ledger forgets the one that is gone
    }
    fake.entries.clear()
    moved = {**R1, "end": "2026-05-09"}
    assert go(ooo_job(fake, ledger), from_records([moved])).counts() == {"ooo_create": 1, "ooo_own": 1}


def test_a_twin_entry_that_lands_late_is_removed_by_the_next_run(fake: FakeCalcom, ledger: Ledger) -> None:
    go(ooo_job(fake, ledger), from_records([R1]))
    entry = next(iter(fake.entries.values()))
    fake.entries[99999] = replace(entry, id=99999)
    plan = go(ooo_job(fake, ledger), from_records([R1]))
    assert [(one.kind, one.why, one.ooo_id) for one in plan.actions] == [("ooo_delete", "twin", 99999)]
    assert list(fake.entries) == [entry.id]


def test_a_twin_value_that_lands_late_is_removed_by_the_next_run(fake: FakeCalcom, ledger: Ledger) -> None:
    for name, hook in lose_at(1).items():
        setattr(fake, name, hook)
    rows = employees(fake, centre={1: "A"})
    go(attribute_job(fake, ledger, {"centre": "Centre"}), rows)
    state = fake.attributes["a-Centre"]
    state.options["late"] = Option("late", "A")
    fake.hold(1, "late")
    plan = go(attribute_job(fake, ledger, {"centre": "Centre"}), rows)
    assert [(one.kind, one.why, one.option_id) for one in plan.actions] == [
        ("unassign", "twin", "late"),
        ("option_delete", "twin", "late"),
    ]
    assert len(state.options) == 1


def test_a_twin_option_that_lands_late_is_removed_by_the_next_run(fake: FakeCalcom, ledger: Ledger) -> None:
    columns = {"team": {"attribute": "Team", "missing_option": "create"}}
    for name, hook in lose_at(1).items():
        setattr(fake, name, hook)
    rows = employees(fake, team={1: "Green"})
    go(attribute_job(fake, ledger, columns), rows)
    fake.attributes["a-Team"].options["late"] = Option("late", "Green")
    plan = go(attribute_job(fake, ledger, columns), rows)
    assert [(one.kind, one.why, one.option_id) for one in plan.actions] == [("option_delete", "twin", "late")]


def test_a_lone_text_is_edited_in_place_and_a_shared_one_is_not(fake: FakeCalcom, ledger: Ledger) -> None:
    job = attribute_job(fake, ledger, {"centre": "Centre"})
    go(job, employees(fake, centre={1: "A", 2: "S", 3: "S"}))
    plan = go(job, employees(fake, centre={1: "B", 2: "T", 3: "S"}))
    assert plan.counts() == {"assign_value": 1, "option_update": 1, "unassign": 1}
    assert sorted(one.value for one in fake.attributes["a-Centre"].options.values()) == ["B", "S", "T"]


def test_an_orphan_somebody_took_up_is_not_deleted(fake: FakeCalcom, ledger: Ledger) -> None:
    columns = {"centre": {"attribute": "Centre", "blank": "clear"}}
    job = attribute_job(fake, ledger, columns)
    go(job, employees(fake, centre={1: "A"}))
    option = next(iter(fake.attributes["a-Centre"].options))
    plan = job.plan(employees(fake, centre={1: ""}))
    assert [one.kind for one in plan.actions] == ["unassign", "option_delete"]
    fake.hold(5, option)
    result = job.apply(plan, reread=False)
    assert result.statuses == {"done": 1, "stale": 1}
    assert fake.holders_of_options("a-Centre") == {option: {5}}


def test_what_people_assigned_is_never_taken_back(fake: FakeCalcom, ledger: Ledger) -> None:
    fake.hold(1, "o-Red")
    fake.attributes["a-Team"].options["o-Blue"] = Option("o-Blue", "Blue")
    plan = go(attribute_job(fake, ledger, {"team": "Team"}), employees(fake, team={1: "Blue"}))
    assert plan.actions == ()
    assert "foreign_value" in {one.code for one in plan.issues}


@pytest.mark.parametrize(
    ("cell", "value", "told"),
    [("007", "7", True), ("-07", "-7", True), ("7", "7", False), ("0", "0", False), ("0.5", "0.5", False)],
)
def test_leading_zeros_of_a_number_are_reported_before_they_go(
    fake: FakeCalcom, ledger: Ledger, cell: str, value: str, told: bool
) -> None:
    promised("``007`` is reported (``leading_zeros``) before it becomes 7.")
    fake.add_attribute("Desk", "NUMBER")
    plan = attribute_job(fake, ledger, {"desk": "Desk"}).plan(employees(fake, desk={1: cell}))
    assert [one.after["value"] for one in plan.actions] == [value]
    assert [(one.code, one.level, one.key) for one in plan.issues] == (
        [("leading_zeros", "warning", "E1")] if told else []
    )

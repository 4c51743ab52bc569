"""Every guard trips, nothing is written then, and naming the exact count or the hash lets the plan pass once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from calcom_provider.hr.columns import load_columns
from calcom_provider.hr.errors import DirectorySyncError, HrSettingsError, RefusedError, SourceError
from calcom_provider.hr.guards import Confirmation, GuardLimits
from calcom_provider.hr.ledger import Ledger
from calcom_provider.hr.sources import from_records
from tests.unit.hr.fake_calcom import FakeCalcom
from tests.unit.hr.jobs import OPEN, absence, attribute_job, employees, ooo_job

STRICT = GuardLimits()


def staff(number: int) -> FakeCalcom:
    fake = FakeCalcom()
    for user_id in range(1, number + 1):
        fake.add_user(user_id)
    return fake


def run(job: Any, *sources: Any) -> Any:
    plan = job.plan(*sources)
    job.apply(plan, reread=False)
    return plan


def retuned(job: Any, **common: Any) -> Any:
    job.settings = replace(job.settings, common=replace(job.settings.common, **common))
    return job


def setup_source_drop(ledger: Ledger) -> Any:
    fake = staff(20)
    fake.add_attribute("Team", "SINGLE_SELECT", ["Red", "Blue"])
    job = attribute_job(fake, ledger, {"team": "Team"})
    run(job, employees(fake, team=dict.fromkeys(range(1, 21), "Red")))
    fewer = from_records([dict(one) for one in employees(fake, team={1: "Blue"}).records[:10]])
    return retuned(job, limits=replace(OPEN, source_drop=0.3)), (fewer,), fake


def setup_match_rate(ledger: Ledger) -> Any:
    fake = staff(3)
    fake.add_attribute("Team", "SINGLE_SELECT", ["Red"])
    strangers = [{"id": f"X{n}", "email": f"x{n}@example.com", "status": "active"} for n in range(3)]
    rows = [*map(dict, employees(fake, team={1: "Red", 2: None, 3: None}).records)]
    rows += [{**one, "team": None} for one in strangers]
    job = attribute_job(fake, ledger, {"team": "Team"}, limits=replace(OPEN, match_rate=0.8))
    return job, (from_records(rows),), fake


def setup_match_rate_drop(ledger: Ledger) -> Any:
    fake = staff(10)
    fake.add_attribute("Team", "SINGLE_SELECT", ["Red"])
    job = attribute_job(fake, ledger, {"team": "Team"})
    run(job, employees(fake, team={1: "Red"}))
    rows = [dict(one) for one in employees(fake, team={1: "Red", 5: "Red"}).records]
    for row in rows[:2]:
        row["email"] = f"renamed-{row['email']}"
    return retuned(job, limits=replace(OPEN, match_rate_drop=0.1)), (from_records(rows),), fake


def setup_vanished(ledger: Ledger) -> Any:
    fake = staff(12)
    job = ooo_job(fake, ledger)
    rows = [absence(f"R{n}", n, f"2026-05-{n:02d}", f"2026-05-{n:02d}") for n in range(1, 13)]
    run(job, from_records(rows))
    return retuned(job, limits=replace(OPEN, vanished=0.2)), (from_records(rows[:5]),), fake


def setup_same_day(ledger: Ledger) -> Any:
    fake = staff(10)
    rows = [absence(f"R{n}", n, "2026-05-04", "2026-05-08") for n in range(1, 8)]
    return ooo_job(fake, ledger, limits=replace(OPEN, same_day=0.5)), (from_records(rows),), fake


def setup_segment_days(ledger: Ledger) -> Any:
    fake = staff(2)
    rows = [absence("R1", 1, "2026-05-04", "2026-09-04"), absence("R2", 2, "2026-05-04", "2026-05-05")]
    return ooo_job(fake, ledger, limits=replace(OPEN, segment_days=92)), (from_records(rows),), fake


def setup_unassigns(ledger: Ledger) -> Any:
    fake = staff(12)
    fake.add_attribute("Team", "SINGLE_SELECT", ["Red", "Blue"])
    job = attribute_job(fake, ledger, {"team": "Team"})
    run(job, employees(fake, team=dict.fromkeys(range(1, 13), "Red")))
    limits = replace(OPEN, unassigns=0.2, unassigns_floor=10)
    return retuned(job, limits=limits), (employees(fake, team=dict.fromkeys(range(1, 12), "Blue")),), fake


def setup_foreign_unassigns(ledger: Ledger) -> Any:
    fake = staff(3)
    fake.add_attribute("Skills", "MULTI_SELECT", ["Go", "Rust"])
    fake.hold(1, "o-Rust")
    job = attribute_job(fake, ledger, {"skills": {"attribute": "Skills", "mode": "authoritative"}})
    return job, (employees(fake, skills={1: "Go"}),), fake


def setup_persons_changed(ledger: Ledger) -> Any:
    fake = staff(30)
    fake.add_attribute("Team", "SINGLE_SELECT", ["Red", "Blue"])
    job = attribute_job(fake, ledger, {"team": "Team"})
    run(job, employees(fake, team={1: "Red"}))
    limits = replace(OPEN, persons_changed=0.3)
    return retuned(job, limits=limits), (employees(fake, team=dict.fromkeys(range(1, 20), "Blue")),), fake


def setup_new_options(ledger: Ledger) -> Any:
    fake = staff(15)
    fake.add_attribute("Team", "SINGLE_SELECT")
    columns = {"team": {"attribute": "Team", "missing_option": "create"}}
    job = attribute_job(fake, ledger, columns, limits=replace(OPEN, new_options=10))
    return job, (employees(fake, team={n: f"Team {n}" for n in range(1, 12)}),), fake


def setup_missing_options(ledger: Ledger) -> Any:
    fake = staff(3)
    fake.add_attribute("Team", "SINGLE_SELECT", ["Red"])
    return attribute_job(fake, ledger, {"team": "Team"}), (employees(fake, team={1: "Red", 2: "Blue"}),), fake


SETUPS: dict[str, Callable[[Ledger], Any]] = {
    name.removeprefix("setup_"): value for name, value in dict(globals()).items() if name.startswith("setup_")
}


@pytest.mark.parametrize("guard", sorted(SETUPS))
def test_guard_refuses_and_the_hash_overrides(guard: str) -> None:
    with Ledger("sqlite://") as ledger:
        job, sources, fake = SETUPS[guard](ledger)
        before = len(fake.writes)
        plan = job.plan(*sources)
        assert plan.outcome == "refused"
        assert guard in plan.refusals
        with pytest.raises(RefusedError, match=guard):
            job.apply(plan, reread=False)
        assert len(fake.writes) == before
        plan = retuned(job, confirm=Confirmation(plan_hash=plan.hash)).plan(*sources)
        assert plan.outcome == "changes"
        job.apply(plan, reread=True)
        assert len(fake.writes) == before + len(plan.actions)


@pytest.mark.parametrize("guard", sorted(SETUPS))
def test_guard_is_overridden_by_the_exact_count_only(guard: str) -> None:
    with Ledger("sqlite://") as ledger:
        job, sources, _ = SETUPS[guard](ledger)
        refused = next(one for one in job.plan(*sources).verdicts if one.guard == guard and not one.allowed)
        count = round(refused.observed if refused.observed >= 1 else refused.observed * 100)
        wrong = retuned(job, confirm=Confirmation.of({guard: count + 1})).plan(*sources)
        assert guard in wrong.refusals
        right = retuned(job, confirm=Confirmation.of({guard: count})).plan(*sources)
        assert guard not in right.refusals
        assert any(one.overridden for one in right.verdicts)


@pytest.mark.parametrize("name", ["vanished_hard", "directory_sync", "stale", "nonsense"])
def test_some_guards_cannot_be_named(name: str) -> None:
    with pytest.raises(HrSettingsError):
        Confirmation.of({name: 1})


def test_the_hard_limit_stands_whoever_confirms() -> None:
    with Ledger("sqlite://") as ledger:
        job, sources, fake = setup_vanished(ledger)
        job = retuned(job, limits=replace(OPEN, vanished_hard=3))
        plan = job.plan(*sources)
        again = retuned(job, confirm=Confirmation(plan_hash=plan.hash)).plan(*sources)
        assert again.refusals == ("vanished_hard",)


@pytest.mark.parametrize("rows", [[], [{"id": "1", "mail": "x"}]])
def test_empty_source_and_missing_column_stop_everything(rows: list[Any]) -> None:
    fake = staff(2)
    fake.add_attribute("Team", "SINGLE_SELECT", ["Red"])
    with Ledger("sqlite://") as ledger, pytest.raises(SourceError):
        attribute_job(fake, ledger, {"team": "Team"}).plan(from_records(rows))
    with pytest.raises(SourceError):
        ooo_job(fake, None).plan(from_records([]))
    assert fake.writes == []


def test_a_renamed_attribute_column_stops_everything() -> None:
    fake = staff(2)
    fake.add_attribute("Team", "SINGLE_SELECT", ["Red"])
    with pytest.raises(SourceError, match="team"):
        attribute_job(fake, None, {"team": {"attribute": "Team", "mode": "additive"}}).plan(employees(fake))


def test_small_organisations_have_floors() -> None:
    fake = staff(3)
    rows = [absence(f"R{n}", n, "2026-05-04", "2026-05-08") for n in range(1, 4)]
    assert ooo_job(fake, None, limits=STRICT).plan(from_records(rows)).outcome == "changes"


def test_owned_needs_a_ledger_and_a_directory_refuses() -> None:
    fake = staff(2)
    fake.add_attribute("Team", "SINGLE_SELECT", ["Red"])
    with pytest.raises(HrSettingsError, match="ledger"):
        attribute_job(fake, None, {"team": "Team"}).plan(employees(fake, team={1: "Red"}))
    job = attribute_job(fake, None, {"team": {"attribute": "Team", "mode": "additive"}})
    job.settings = replace(job.settings, directory_sync=True)
    with pytest.raises(DirectorySyncError):
        job.plan(employees(fake, team={1: "Red"}))


def test_a_mark_of_a_directory_stops_the_run_and_every_later_one() -> None:
    fake = staff(4)
    fake.add_attribute("Team", "SINGLE_SELECT", ["Red"])

    def mark(number: int) -> None:
        fake.directory_sync_seen = number == 2

    with Ledger("sqlite://") as ledger:
        job = attribute_job(fake, ledger, {"team": "Team"})
        rows = employees(fake, team=dict.fromkeys(range(1, 5), "Red"))
        fake.after = mark
        with pytest.raises(DirectorySyncError):
            job.apply(job.plan(rows), reread=False)
        assert len(fake.writes) == 2
        fake.directory_sync_seen = False
        with pytest.raises(DirectorySyncError):
            job.plan(rows)


def test_locked_attributes_are_skipped_or_fail() -> None:
    for on_locked, outcome in (("skip", "no_change"), ("fail", "refused")):
        fake = staff(2)
        fake.add_attribute("Team", "SINGLE_SELECT", ["Red"], locked=True)
        column = {"attribute": "Team", "mode": "additive", "on_locked": on_locked}
        plan = attribute_job(fake, None, {"team": column}).plan(employees(fake, team={1: "Red"}))
        assert plan.outcome == outcome
        assert plan.actions == ()


@pytest.mark.parametrize("weighted", [True, None])
def test_weights_are_not_lost_without_leave(weighted: bool | None) -> None:
    fake = staff(2)
    fake.add_attribute("Skills", "MULTI_SELECT", ["Go", "Rust"], weighted=weighted)
    with Ledger("sqlite://") as ledger:
        run(attribute_job(fake, ledger, {"skills": "Skills"}), employees(fake, skills={1: "Go"}))
        change = employees(fake, skills={1: "Rust"})
        plan = attribute_job(fake, ledger, {"skills": "Skills"}).plan(change)
        assert [one.kind for one in plan.actions] == ["assign"]
        assert "weight_loss" in {one.code for one in plan.issues}
        allowed = attribute_job(fake, ledger, {"skills": "Skills"}, allow_weight_loss=True).plan(change)
        assert [one.kind for one in allowed.actions] == ["assign", "unassign"]


def test_stale_plans_are_refused_above_five_percent() -> None:
    fake = staff(10)
    fake.add_attribute("Team", "SINGLE_SELECT", ["Red", "Blue"])
    with Ledger("sqlite://") as ledger:
        job = attribute_job(fake, ledger, {"team": "Team"})
        plan = job.plan(employees(fake, team=dict.fromkeys(range(1, 11), "Red")))
        fake.hold(3, "o-Blue")
        with pytest.raises(RefusedError, match="1 of 10"):
            job.apply(plan, reread=True)
        assert fake.writes == []


def test_a_few_stale_actions_are_reported_and_the_others_written() -> None:
    fake = staff(40)
    fake.add_attribute("Team", "SINGLE_SELECT", ["Red", "Blue"])
    with Ledger("sqlite://") as ledger:
        job = attribute_job(fake, ledger, {"team": "Team"})
        plan = job.plan(employees(fake, team=dict.fromkeys(range(1, 41), "Red")))
        fake.hold(3, "o-Blue")
        result = job.apply(plan, reread=True)
        assert result.statuses == {"done": 39, "stale": 1}


def test_columns_are_checked() -> None:
    for wrong in (
        {},
        {"a": {}},
        {"a": {"attribute": "x", "mod": "owned"}},
        {"a": {"attribute": "x", "mode": "all"}},
    ):
        with pytest.raises(HrSettingsError):
            load_columns(wrong)


def test_two_columns_cannot_write_one_attribute() -> None:
    fake = staff(2)
    fake.add_attribute("Team", "SINGLE_SELECT", ["Red"])
    columns = {
        name: {"attribute": target, "mode": "additive"} for name, target in (("a", "Team"), ("b", "team"))
    }
    with pytest.raises(HrSettingsError, match="same attribute"):
        attribute_job(fake, None, columns).plan(employees(fake, a={1: "Red"}, b={1: "Red"}))

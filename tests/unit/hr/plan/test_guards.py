"""Every guard trips, nothing is written then, and naming the exact count or the hash lets the plan pass once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest

from calcom_provider.hr.apply.stored_plans import stored_plan
from calcom_provider.hr.attributes.columns import load_columns
from calcom_provider.hr.errors import DirectorySyncError, HrSettingsError, RefusedError, SourceError
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.plan.guards import (
    NEVER,
    Confirmation,
    GuardLimits,
    busiest_day,
    counts_to_confirm,
    judge_attributes,
    judge_source,
)
from calcom_provider.hr.plan.model import Action, Facts, Verdict
from calcom_provider.hr.plan.ownership import Owned
from calcom_provider.hr.sources.rows import from_records
from tests.unit.hr.fake_calcom import FakeCalcom
from tests.unit.hr.jobs import OPEN, absence, attribute_job, employees, ooo_job
from tests.unit.hr.promises import promised

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


COUNTS = {
    "source_drop": 50,  # 10 of 20 rows
    "match_rate": 50,  # 3 of 6 people
    "match_rate_drop": 20,  # from 10 of 10 people to 8
    "vanished": 7,  # 5 of 12 requests are left
    "same_day": 7,
    "segment_days": 1,  # one absence of two is longer than 92 days
    "unassigns": 11,
    "foreign_unassigns": 1,
    "persons_changed": 19,
    "new_options": 11,
    "missing_options": 1,
}
"""What confirms each of the plans above, counted by hand from the rows; shares in hundredths."""


def test_each_guard_that_trips_here_has_a_count() -> None:
    assert set(COUNTS) == set(SETUPS)


@pytest.mark.parametrize(("guard", "count"), sorted(COUNTS.items()))
def test_guard_is_overridden_by_the_exact_count_only(guard: str, count: int) -> None:
    with Ledger("sqlite://") as ledger:
        job, sources, _ = SETUPS[guard](ledger)
        assert guard in job.plan(*sources).refusals
        for wrong in (count + 1, count - 1):
            assert guard in retuned(job, confirm=Confirmation.of({guard: wrong})).plan(*sources).refusals
        right = retuned(job, confirm=Confirmation.of({guard: count})).plan(*sources)
        assert guard not in right.refusals
        assert any(one.overridden for one in right.verdicts)


@pytest.mark.parametrize("guard", sorted(SETUPS))
def test_the_counts_that_a_refused_plan_names_let_it_pass_and_are_kept(guard: str) -> None:
    promised("The ledger keeps who confirmed which guards, when, and what they had counted")
    with Ledger("sqlite://") as ledger:
        job, sources, _ = SETUPS[guard](ledger)
        plan = job.plan(*sources)
        with pytest.raises(RefusedError) as refused:
            job.apply(plan, reread=False)
        counts = counts_to_confirm(plan.verdicts)
        assert counts
        assert f"confirm={counts}" in str(refused.value)
        agreed = Confirmation.of(counts, "reviewer")
        stored = stored_plan(ledger, plan.id, plan.hash, agreed)
        retuned(job, confirm=agreed).apply(stored, reread=True)
        told = ledger.confirmations(plan.id)
        assert {one["by"] for one in told} == {"reviewer"}
        assert set(plan.refusals) <= {one["guard"] for entry in told for one in entry["guards"]}


@pytest.mark.parametrize("guard", sorted(SETUPS))
def test_a_hash_that_only_names_the_plan_overrides_nothing(guard: str) -> None:
    promised("``plan_hash`` and ``--plan-hash`` say which plan is meant and override nothing")
    with Ledger("sqlite://") as ledger:
        job, sources, fake = SETUPS[guard](ledger)
        plan, before = job.plan(*sources), len(fake.writes)
        with pytest.raises(RefusedError):
            job.apply(stored_plan(ledger, plan.id, plan.hash, Confirmation()), reread=True)
        assert len(fake.writes) == before
        assert ledger.confirmations(plan.id) == []


def test_what_nobody_can_override_says_so() -> None:
    with Ledger("sqlite://") as ledger:
        job, sources, _ = setup_vanished(ledger)
        job = retuned(job, limits=replace(OPEN, vanished_hard=3))
        plan = job.plan(*sources)
        with pytest.raises(RefusedError, match="Nobody can override vanished_hard"):
            job.apply(plan, reread=False)


@pytest.mark.parametrize("name", ["vanished_hard", "directory_sync", "stale", "nonsense"])
def test_some_guards_cannot_be_named(name: str) -> None:
    with pytest.raises(HrSettingsError):
        Confirmation.of({name: 1})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"vanised": 1}, "did you mean vanished?"),
        ({"vanished": "12"}, "vanished: expected the exact count"),
        ({"vanished": True}, "vanished: expected the exact count"),
        ({"vanished_hard:a1": 600}, "no guard that can be overridden"),
    ],
)
def test_a_confirmation_that_names_nothing_says_why(given: dict[str, Any], said: str) -> None:
    with pytest.raises(HrSettingsError, match=re.escape(said)):
        Confirmation.of(given)


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


def stale_scene(ledger: Ledger, size: int, stale: int) -> tuple[Any, Any, FakeCalcom]:
    """A plan for so many people, of whom so many were given something else since."""
    fake = staff(size)
    fake.add_attribute("Team", "SINGLE_SELECT", ["Red", "Blue"])
    job = attribute_job(fake, ledger, {"team": "Team"})
    plan = job.plan(employees(fake, team=dict.fromkeys(range(1, size + 1), "Red")))
    for user_id in range(1, stale + 1):
        fake.hold(user_id, "o-Blue")
    return job, plan, fake


@pytest.mark.parametrize(("size", "stale"), [(15, 1), (15, 5), (5, 5), (120, 6)])
def test_a_few_stale_actions_are_reported_and_the_others_written(size: int, stale: int) -> None:
    promised("Up to 5 stale actions never refuse a plan.")
    with Ledger("sqlite://") as ledger:
        job, plan, fake = stale_scene(ledger, size, stale)
        written = {"done": size - stale} if size > stale else {}
        assert job.apply(plan, reread=True).statuses == written | {"stale": stale}
        assert len(fake.writes) == size - stale


@pytest.mark.parametrize(("size", "stale"), [(15, 6), (100, 6), (119, 6), (120, 7)])
def test_plans_are_refused_when_more_than_five_actions_and_five_percent_are_stale(
    size: int, stale: int
) -> None:
    with Ledger("sqlite://") as ledger:
        job, plan, fake = stale_scene(ledger, size, stale)
        with pytest.raises(RefusedError, match=f"{stale} of {size}"):
            job.apply(plan, reread=True)
        assert fake.writes == []


def test_a_whole_share_is_confirmed_as_a_hundred() -> None:
    promised("Shares are named in hundredths, the whole as 100.")
    fake = staff(10)
    fake.add_attribute("Team", "SINGLE_SELECT", ["Red"])
    with Ledger("sqlite://") as ledger:
        job = attribute_job(fake, ledger, {"team": "Team"})
        run(job, employees(fake, team={1: "Red"}))
        rows = from_records(
            [
                dict(one) | {"email": f"renamed-{one['email']}"}
                for one in employees(fake, team={1: "Red"}).records
            ]
        )
        job = retuned(job, limits=replace(OPEN, match_rate_drop=0.1))
        told = [(one.guard, one.observed) for one in job.plan(rows).verdicts if not one.allowed]
        assert told == [("match_rate_drop", 1.0)]
        for count, passes in ((100, True), (1, False), (99, False)):
            confirm = Confirmation.of({"match_rate_drop": count})
            assert (retuned(job, confirm=confirm).plan(rows).outcome != "refused") is passes


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


def test_the_usual_limits() -> None:
    """docs/write-back.rst, the tables of guards and settings: whoever sets nothing has these."""
    assert asdict(GuardLimits()) == {
        "source_drop": 0.3,
        "match_rate": 0.8,
        "match_rate_floor": 2,
        "match_rate_drop": 0.1,
        "vanished": 0.2,
        "vanished_floor": 5,
        "vanished_hard": 500,
        "removals": 0.2,
        "removals_floor": 5,
        "removals_days_floor": 35,
        "removals_hard": 500,
        "unassigns": 0.2,
        "unassigns_floor": 10,
        "persons_changed": 0.3,
        "persons_changed_floor": 10,
        "same_day": 0.5,
        "same_day_floor": 5,
        "segment_days": 92,
        "new_options": 10,
    }


def test_a_plan_without_absences_has_no_busiest_day() -> None:
    assert busiest_day([]) == 0


def test_people_newly_out_are_counted_whatever_stands_between_their_entries() -> None:
    day = {"start": "2026-05-04", "end": "2026-05-04"}
    kinds = ["ooo_create", "ooo_delete", "ooo_create", "ooo_update"]
    actions = [Action(0, kind, "new", user_id=user, after=day) for user, kind in enumerate(kinds, start=1)]
    assert busiest_day(actions) == 3


def test_a_share_that_rises_has_not_fallen() -> None:
    facts = Facts(source_rows=20, match_rate=0.95)
    verdicts = judge_source(facts, Owned(source_rows=10, match_rate=0.9), GuardLimits())
    assert {one.guard: one.observed for one in verdicts} == {
        "source_drop": 0.0,
        "match_rate": 0.95,
        "match_rate_drop": 0.0,
    }


def test_nobody_matched_is_no_person_who_may_change() -> None:
    actions = [Action(0, "assign", "new", user_id=1, attribute_id="a", option_id="o")]
    limits = replace(OPEN, persons_changed=1.0, persons_changed_floor=0)
    verdicts = judge_attributes(actions, Facts(source_rows=1), limits, first_run=False)
    assert {one.guard: one.allowed for one in verdicts}["persons_changed"] is False


def test_only_the_hash_of_this_plan_confirms() -> None:
    verdict = Verdict("unassigns", False, 5, 1)
    assert Confirmation.of("abc").covers(verdict, "abc")
    assert not Confirmation.of("abc").covers(verdict, "abd")
    assert not Confirmation.of("").covers(verdict, "")
    assert not Confirmation.of("abc").covers(replace(verdict, guard=next(iter(NEVER))), "abc")

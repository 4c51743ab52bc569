"""A refused run stops its namespace, visibly, until somebody confirms or a plan is within all limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from calcom_provider.hr.apply.stored_plans import stored_plan, undo_job
from calcom_provider.hr.errors import RefusedError
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.plan.guards import Confirmation
from calcom_provider.hr.review.approval import markdown
from calcom_provider.hr.sources.rows import from_records
from tests.unit.hr.fake_calcom import FakeCalcom
from tests.unit.hr.jobs import HASTE, OPEN, absence, attribute_job, employees, ooo_job
from tests.unit.hr.promises import promised

GUARDED = replace(OPEN, removals=0.2, removals_floor=5, source_drop=0.3)


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger("sqlite://") as opened:
        yield opened


class Scene:
    """Ten people with an entry each, written under plan ``first``."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.fake = FakeCalcom()
        for user_id in range(1, 11):
            self.fake.add_user(user_id)
        self.fake.add_attribute("Team", "SINGLE_SELECT", ["Red", "Blue"])
        self.rows = [absence(f"R{n}", n, f"2026-05-{n:02d}", f"2026-05-{n:02d}") for n in range(1, 11)]
        self.first = self.run(self.rows)

    def job(self, confirm: Any = None, by: str = "", **more: Any) -> Any:
        settings = {"limits": GUARDED, "confirm": Confirmation.of(confirm, by)} | more
        return ooo_job(self.fake, self.ledger, **settings)

    def plan(self, rows: list[Any], confirm: Any = None, by: str = "", **more: Any) -> Any:
        return self.job(confirm, by, **more).plan(from_records(rows))

    def run(self, rows: list[Any], confirm: Any = None, by: str = "", **more: Any) -> Any:
        plan = self.plan(rows, confirm, by, **more)
        self.job(confirm, by, **more).apply(plan, reread=False)
        return plan

    def flipped(self, number: int) -> list[Any]:
        return [
            one | {"status": "cancelled"} if place < number else one for place, one in enumerate(self.rows)
        ]

    def team(self) -> Any:
        return attribute_job(self.fake, self.ledger, {"team": "Team"}, limits=GUARDED)

    def open(self) -> list[Any]:
        return self.ledger.quarantines(901, "hr")


@pytest.fixture
def scene(ledger: Ledger) -> Scene:
    return Scene(ledger)


def state(plan: Any) -> str | None:
    return plan.quarantine and plan.quarantine["state"]


def test_a_refused_run_begins_it_and_it_shows_everywhere(scene: Scene) -> None:
    promised("A run that a guard refused puts its namespace into quarantine, so that nobody forgets it.")
    assert scene.open() == []
    assert state(scene.first) is None
    with pytest.raises(RefusedError) as refused:
        scene.run(scene.flipped(6))
    assert refused.value.quarantine is not None
    assert refused.value.quarantine["state"] == "began"
    (kept,) = scene.open()
    assert (kept.kind, kept.namespace, kept.ended_at) == ("out_of_office", "hr", None)
    assert [(one["guard"], one["observed"]) for one in kept.guards] == [("removals", 6)]
    again = scene.plan(scene.flipped(7))
    assert state(again) == "lasts"
    assert again.summary()["quarantine"]["plan_id"] == kept.plan_id
    assert "quarantine" in markdown(again)
    assert len(scene.fake.entries) == 10
    (still,) = scene.open()
    assert (still.plan_id, still.last_plan_id, still.began_at) == (kept.plan_id, again.id, kept.began_at)


def test_while_it_lasts_nothing_else_is_applied_or_undone(scene: Scene) -> None:
    promised("While it lasts, apply and undo of other plans of the namespace are refused, of both kinds.")
    earlier = scene.plan([*scene.rows, absence("R11", 1, "2026-06-01", "2026-06-02")])
    others = scene.team()
    teams = others.plan(employees(scene.fake, team={1: "Red"}))
    scene.plan(scene.flipped(6))
    before = len(scene.fake.writes)
    for job, plan in ((scene.job(), earlier), (others, teams)):
        with pytest.raises(RefusedError, match="quarantine") as refused:
            job.apply(plan, reread=True)
        assert refused.value.verdicts == ("quarantine",)
        assert refused.value.quarantine is not None
        assert refused.value.quarantine["state"] == "lasts"
    undo = undo_job(scene.fake, scene.ledger, scene.first.id)  # type: ignore[arg-type]
    undo.patience = HASTE
    inverse = undo.plan(scene.first.id)
    with pytest.raises(RefusedError, match="quarantine"):
        undo.apply(inverse.plan)
    assert len(scene.fake.writes) == before
    assert len(scene.open()) == 1


def test_naming_the_hash_of_another_plan_does_not_help(scene: Scene) -> None:
    earlier = scene.plan([*scene.rows, absence("R11", 1, "2026-06-01", "2026-06-02")])
    scene.plan(scene.flipped(6))
    confirm = Confirmation(plan_hash=earlier.hash, by="ada")
    stored = stored_plan(scene.ledger, earlier.id, earlier.hash, confirm)
    with pytest.raises(RefusedError, match="quarantine"):
        scene.job(earlier.hash, "ada").apply(stored, reread=True)


def test_other_namespaces_and_organisations_go_on(scene: Scene) -> None:
    scene.plan(scene.flipped(6))
    elsewhere = scene.run([absence("X1", 1, "2026-07-01", "2026-07-02")], namespace="other")
    assert state(elsewhere) is None
    assert len(scene.open()) == 1


def test_a_plan_within_all_limits_ends_it(scene: Scene) -> None:
    promised("or when a plan of the same kind is within all limits")
    scene.plan(scene.flipped(6))
    attributes = scene.team().plan(employees(scene.fake, team={1: "Red"}))
    assert state(attributes) is None
    assert len(scene.open()) == 1, "a plan of the other kind ended it"
    plan = scene.run(scene.flipped(5))
    assert (state(plan), plan.quarantine["ended_as"]) == ("ended", "within_limits")
    assert scene.open() == []
    (ended,) = scene.ledger.quarantines(901, "hr", ended=True)
    assert (ended.ended_as, ended.ended_plan_id, ended.ended_by) == ("within_limits", plan.id, None)
    assert len(scene.fake.entries) == 5
    assert state(scene.run(scene.flipped(5))) is None


@pytest.mark.parametrize("how", ["the stored plan", "a new plan"])
@pytest.mark.parametrize("confirm", ["count", "hash"])
def test_somebody_confirms_and_the_ledger_knows_who_and_what(scene: Scene, how: str, confirm: str) -> None:
    promised("the ledger also says who confirmed what, and when")
    refused = scene.plan(scene.flipped(6))
    given = {"removals": 6} if confirm == "count" else refused.hash
    if how == "a new plan":
        plan = scene.run(scene.flipped(6), given, "grace")
        told = plan.quarantine
    else:
        plan = stored_plan(scene.ledger, refused.id, refused.hash, Confirmation.of(given, "grace"))
        told = scene.job(given, "grace").apply(plan, reread=True).quarantine
    assert (told["state"], told["ended_as"]) == ("ended", "confirmed")
    assert "grace" not in json.dumps(told)
    (ended,) = scene.ledger.quarantines(901, "hr", ended=True)
    assert (ended.ended_by, ended.ended_as, ended.ended_plan_id) == ("grace", "confirmed", plan.id)
    assert [(one["guard"], one["observed"]) for one in ended.confirmed] == [("removals", 6)]
    assert ended.ended_at is not None
    assert ended.ended_at >= ended.began_at
    assert len(scene.fake.entries) == 4


def test_a_wrong_count_ends_nothing(scene: Scene) -> None:
    scene.plan(scene.flipped(6))
    assert state(scene.plan(scene.flipped(6), {"removals": 5}, "ada")) == "lasts"
    assert len(scene.open()) == 1


def test_a_refused_run_never_becomes_the_measure_of_the_next(scene: Scene) -> None:
    """The source lost half its rows; the same half feed is refused again, however often it comes."""
    promised("a refused run never becomes the measure of the next")
    scene.run(scene.rows)
    half = scene.rows[:5]
    limits = replace(OPEN, source_drop=0.3)
    for _ in range(3):
        plan = scene.plan(half, limits=limits)
        assert plan.refusals == ("source_drop",)
    scene.run(half, {"source_drop": 50}, "ada", limits=limits)
    assert scene.plan(half, limits=limits).refusals == ()


def test_what_is_refused_when_it_is_applied_begins_one_too(scene: Scene) -> None:
    plan = scene.plan(scene.flipped(6), limits=OPEN)
    with pytest.raises(RefusedError, match="removals") as refused:
        scene.job().apply(plan, reread=True)
    assert refused.value.quarantine is not None
    assert refused.value.quarantine["state"] == "began"
    (kept,) = scene.open()
    assert kept.plan_id == plan.id
    result = scene.job({"removals": 6}, "ada").apply(plan, reread=True)
    assert result.quarantine is not None
    assert result.quarantine["ended_as"] == "confirmed"
    assert len(scene.fake.entries) == 4


def test_stale_begins_none(scene: Scene) -> None:
    promised("``stale`` begins none, since a new plan is all that it asks for")
    job = scene.team()
    plan = job.plan(employees(scene.fake, team=dict.fromkeys(range(1, 11), "Red")))
    for user_id in range(1, 7):
        scene.fake.hold(user_id, "o-Blue")
    with pytest.raises(RefusedError, match="no longer hold"):
        job.apply(plan, reread=True)
    assert scene.open() == []

"""An apply cut at any point, or whose answers get lost, ends as an undisturbed one when it is run again."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from calcom_provider.hr.ledger.record import Ledger
from tests.faults.hr import scene
from tests.unit.hr.fake_calcom import CutError, FakeCalcom, cut_at, lose_at

KINDS = ("attributes", "out_of_office")
ONCE = {"before": lambda _: None, "after": lambda _: None}


@functools.cache
def undisturbed(kind: str) -> tuple[Any, int]:
    """The picture an undisturbed run leaves, and its number of writes."""
    fake, ledger = start(kind)
    before = len(fake.writes)
    job, plan = scene.plan(kind, fake, ledger)
    job.apply(plan, reread=False)
    return fake.picture(), len(fake.writes) - before


def start(kind: str) -> tuple[FakeCalcom, Ledger]:
    fake, ledger = scene.calcom(), Ledger("sqlite://")
    scene.prepare(kind, fake, ledger)
    return fake, ledger


def arm(fake: FakeCalcom, **when: Any) -> None:
    for name, hook in {**ONCE, **when}.items():
        setattr(fake, name, hook)


def test_the_plans_together_have_more_than_fifty_actions_of_every_kind() -> None:
    kinds: set[str] = set()
    total = 0
    for kind in KINDS:
        fake, ledger = start(kind)
        _, plan = scene.plan(kind, fake, ledger)
        kinds |= {one.kind for one in plan.actions}
        total += len(plan.actions)
    assert total >= 50
    assert kinds >= {
        "option_create", "option_update", "option_delete", "assign", "assign_value", "unassign",
        "ooo_create", "ooo_update", "ooo_delete",
    }  # fmt: skip


def points(kind: str) -> range:
    return range(1, undisturbed(kind)[1] + 1)


def sampled(cases: list[tuple[Any, ...]], every: int) -> list[Any]:
    """A sample for each run; the others are for ``make test-faults``."""
    return [
        case if place % every == 0 else pytest.param(*case, marks=pytest.mark.exhaustive)
        for place, case in enumerate(cases)
    ]


CUTS = [(kind, number, when) for kind in KINDS for number in points(kind) for when in ("before", "after")]
LOST = [(kind, number) for kind in KINDS for number in points(kind)]


@pytest.mark.parametrize(("kind", "number", "when"), CUTS)
def test_cut_then_continued(kind: str, number: int, when: str) -> None:
    fake, ledger = start(kind)
    job, plan = scene.plan(kind, fake, ledger)
    done = len(fake.writes)
    arm(fake, **cut_at(done + number, when))
    with pytest.raises(CutError):
        job.apply(plan, reread=False)
    arm(fake)
    again = scene.attributes(fake, ledger) if kind == "attributes" else scene.out_of_office(fake, ledger)
    result = again.apply(ledger.load_plan(plan.id), reread=True)
    assert set(result.statuses) == {"done"}
    assert fake.picture() == undisturbed(kind)[0]
    assert scene.plan(kind, fake, ledger)[1].actions == ()


@pytest.mark.parametrize(("kind", "number", "when"), sampled(CUTS, 5))
def test_cut_then_planned_anew(kind: str, number: int, when: str) -> None:
    fake, ledger = start(kind)
    job, plan = scene.plan(kind, fake, ledger)
    arm(fake, **cut_at(len(fake.writes) + number, when))
    with pytest.raises(CutError):
        job.apply(plan, reread=False)
    arm(fake)
    for _ in range(2):
        job, plan = scene.plan(kind, fake, ledger)
        job.apply(plan, reread=False)
    assert fake.picture() == undisturbed(kind)[0]
    assert scene.plan(kind, fake, ledger)[1].actions == ()


@pytest.mark.parametrize(("kind", "number"), LOST)
def test_answer_lost_after_its_effect(kind: str, number: int) -> None:
    fake, ledger = start(kind)
    job, plan = scene.plan(kind, fake, ledger)
    arm(fake, **lose_at(len(fake.writes) + number))
    result = job.apply(plan, reread=False)
    arm(fake)
    assert set(result.statuses) == {"done"}
    assert fake.picture() == undisturbed(kind)[0]
    assert scene.plan(kind, fake, ledger)[1].actions == ()

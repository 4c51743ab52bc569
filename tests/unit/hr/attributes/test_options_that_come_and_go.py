"""Options that a value needs and that are not there, that somebody deleted, or that are wanted again."""

from __future__ import annotations

from typing import Any

import pytest

from calcom_provider.hr.ledger.record import Ledger
from tests.unit.hr.fake_calcom import FakeCalcom
from tests.unit.hr.jobs import attribute_job, employees


def scene(kind: str, *options: str) -> FakeCalcom:
    fake = FakeCalcom()
    for number in (1, 2, 3):
        fake.add_user(number)
    fake.add_attribute("Centre", kind, options)
    return fake


def run(job: Any, rows: Any) -> Any:
    plan = job.plan(rows)
    assert job.apply(plan, reread=False).failures == 0
    return plan


def values(fake: FakeCalcom, user: int) -> list[str]:
    return sorted(value for _, value in fake.options_of_user(user).values())


@pytest.mark.parametrize("kind", ["SINGLE_SELECT", "MULTI_SELECT"])
def test_a_value_without_an_option_takes_nothing_away(kind: str) -> None:
    """It is not known what the person should have, which is not the same as nothing."""
    fake = scene(kind, "A", "B")
    with Ledger("sqlite://") as ledger:
        job = attribute_job(fake, ledger, {"centre": {"attribute": "Centre", "missing_option": "skip"}})
        run(job, employees(fake, centre={1: "A"}))
        plan = run(job, employees(fake, centre={1: "Unheard of", 2: "B"}))
        assert [(one.kind, one.user_id) for one in plan.actions] == [("assign", 2)]
        assert "missing_option" in {one.code for one in plan.issues}
        assert (values(fake, 1), values(fake, 2)) == (["A"], ["B"])


def test_an_option_of_ours_that_somebody_deleted_is_made_again() -> None:
    fake = scene("TEXT")
    with Ledger("sqlite://") as ledger:
        job = attribute_job(fake, ledger, {"centre": "Centre"})
        run(job, employees(fake, centre={1: "C", 2: "D"}))
        state = fake.attributes["a-Centre"]
        (gone,) = fake.options_of_user(1)
        del state.options[gone], state.holders[gone]
        plan = run(job, employees(fake, centre={1: "C", 2: "D"}))
        assert [(one.kind, one.user_id) for one in plan.actions] == [("assign_value", 1)]
        assert (values(fake, 1), values(fake, 2)) == (["C"], ["D"])


def test_an_option_of_ours_that_nobody_holds_is_assigned_where_it_is_wanted_again() -> None:
    fake = scene("TEXT")
    with Ledger("sqlite://") as ledger:
        job = attribute_job(fake, ledger, {"centre": "Centre"})
        run(job, employees(fake, centre={1: "C"}))
        (option,) = fake.options_of_user(1)
        fake.attributes["a-Centre"].holders[option].clear()
        plan = run(job, employees(fake, centre={2: "C"}))
        assert [(one.kind, one.user_id, one.option_id) for one in plan.actions] == [("assign", 2, option)]
        assert values(fake, 2) == ["C"]
        # Wanted by nobody, it goes.
        fake.attributes["a-Centre"].holders[option].clear()
        plan = run(job, employees(fake, centre={}))
        assert [(one.kind, one.option_id) for one in plan.actions] == [("option_delete", option)]

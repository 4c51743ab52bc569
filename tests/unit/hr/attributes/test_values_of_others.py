"""Texts and numbers that somebody else made, assigned or shares are theirs."""

from __future__ import annotations

from typing import Any

import pytest

from calcom_provider.hr.errors import RefusedError
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.plan.guards import Confirmation, GuardLimits
from calcom_provider.hr.target.state import Option
from tests.unit.hr.fake_calcom import FakeCalcom
from tests.unit.hr.jobs import attribute_job, employees
from tests.unit.hr.promises import promised

THEIRS, OURS = {"TEXT": "B", "NUMBER": "2"}, {"TEXT": "A", "NUMBER": "1"}


def scene(kind: str, people: int = 4) -> FakeCalcom:
    fake = FakeCalcom()
    for number in range(1, people + 1):
        fake.add_user(number)
    fake.add_attribute("Centre", kind, [THEIRS[kind]])
    return fake


def renames(fake: FakeCalcom) -> list[Any]:
    return [one for one in fake.writes if one[0] == "update_option"]


def values(fake: FakeCalcom) -> dict[int, list[str]]:
    return {user: sorted(value for _, value in fake.options_of_user(user).values()) for user in fake.users}


@pytest.mark.parametrize("kind", ["TEXT", "NUMBER"])
@pytest.mark.parametrize("with_ledger", [True, False])
def test_authoritative_values_need_the_count_of_what_is_taken_from_others(
    kind: str, with_ledger: bool
) -> None:
    promised("whether the attribute is a select, a text or a number")
    fake = scene(kind)
    fake.hold(1, f"o-{THEIRS[kind]}")
    columns = {"centre": {"attribute": "Centre", "mode": "authoritative"}}
    ledger = Ledger("sqlite://") if with_ledger else None
    rows = employees(fake, centre={1: OURS[kind]})
    limits = GuardLimits()
    plan = attribute_job(fake, ledger, columns, limits=limits).plan(rows)
    assert plan.refusals == ("foreign_unassigns",)
    assert [one.observed for one in plan.verdicts if not one.allowed] == [1]
    with pytest.raises(RefusedError):
        attribute_job(fake, ledger, columns, limits=limits).apply(plan, reread=False)
    assert fake.writes == []
    job = attribute_job(
        fake, ledger, columns, limits=limits, confirm=Confirmation.of({"foreign_unassigns": 1})
    )
    job.apply(job.plan(rows), reread=False)
    assert values(fake)[1] == [OURS[kind]]
    assert renames(fake) == []
    assert fake.attributes["a-Centre"].options[f"o-{THEIRS[kind]}"].value == THEIRS[kind]


@pytest.mark.parametrize("mode", ["owned", "authoritative"])
def test_an_option_that_somebody_else_made_is_never_renamed(mode: str) -> None:
    promised("An option that others hold, or that somebody else made, is never renamed")
    fake = scene("TEXT")
    with Ledger("sqlite://") as ledger:
        job = attribute_job(fake, ledger, {"centre": {"attribute": "Centre", "mode": mode}})
        job.apply(job.plan(employees(fake, centre={1: "B"})), reread=False)
        assert fake.attributes["a-Centre"].holders["o-B"] == {1}  # assigned by us, made by somebody
        job.apply(job.plan(employees(fake, centre={1: "C"})), reread=False)
        assert values(fake)[1] == ["C"]
        assert fake.attributes["a-Centre"].options["o-B"].value == "B"
        assert renames(fake) == []
        job.apply(job.plan(employees(fake, centre={1: "D"})), reread=False)  # C is of our making
        assert values(fake)[1] == ["D"]
        assert len(renames(fake)) == 1


@pytest.mark.parametrize("shared", ["before planning", "while the plan runs"])
def test_an_option_that_others_hold_is_never_renamed(shared: str) -> None:
    fake = scene("TEXT")
    with Ledger("sqlite://") as ledger:
        job = attribute_job(fake, ledger, {"centre": "Centre"})
        job.apply(job.plan(employees(fake, centre={1: "C"})), reread=False)
        (option,) = fake.options_of_user(1)
        if shared == "before planning":
            fake.hold(3, option)
        plan = job.plan(employees(fake, centre={1: "D"}))
        fake.hold(3, option)
        result = job.apply(plan, reread=False)
        assert "C" in values(fake)[3]
        assert renames(fake) == []
        assert result.failures == 0
        job.apply(job.plan(employees(fake, centre={1: "D"})), reread=False)
        assert values(fake) == {1: ["D"], 2: [], 3: ["C"], 4: []}


def test_a_member_of_a_group_is_never_renamed() -> None:
    fake = scene("TEXT")
    with Ledger("sqlite://") as ledger:
        job = attribute_job(fake, ledger, {"centre": "Centre"})
        job.apply(job.plan(employees(fake, centre={1: "C"})), reread=False)
        (option,) = fake.options_of_user(1)
        fake.attributes["a-Centre"].options["g"] = Option("g", "All", is_group=True, contains=(option,))
        job.apply(job.plan(employees(fake, centre={1: "D"})), reread=False)
        assert fake.attributes["a-Centre"].options[option].value == "C"
        assert renames(fake) == []

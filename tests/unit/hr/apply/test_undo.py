"""Undo takes back what a plan wrote, as far as that is possible, and says what it leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from calcom_provider.api.errors import InvalidRequestError
from calcom_provider.hr.apply.undo import UndoJob
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.sources.rows import from_records
from calcom_provider.hr.target.state import Option
from tests.unit.hr.fake_calcom import FakeCalcom
from tests.unit.hr.jobs import HASTE, absence, attribute_job, common, employees, ooo_job
from tests.unit.hr.promises import promised

R1 = absence("R1", 1, "2026-05-04", "2026-05-08")


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


def go(job: Any, *rows: Any) -> Any:
    plan = job.plan(*rows)
    job.apply(plan, reread=False)
    return plan


def undo(fake: FakeCalcom, ledger: Ledger, plan: Any) -> Any:
    job = UndoJob(fake, common(), ledger, HASTE)  # type: ignore[arg-type]
    made = job.plan(plan.id)
    if made.plan.actions:
        job.apply(made.plan)
    return made


def test_undo_restores_assignments_texts_and_entries(fake: FakeCalcom, ledger: Ledger) -> None:
    columns = {"centre": "Centre", "team": {"attribute": "Team", "missing_option": "create"}}
    job = attribute_job(fake, ledger, columns)
    go(job, employees(fake, centre={1: "A", 2: "S", 3: "S"}, team={1: "Red"}))
    absences = ooo_job(fake, ledger)
    go(absences, from_records([R1, absence("R2", 2, "2026-06-01", "2026-06-02")]))
    before = fake.picture()
    plan = go(job, employees(fake, centre={1: "B", 2: "T", 3: "S"}, team={1: "Green", 2: "Red"}))
    other = go(absences, from_records([{**R1, "end": "2026-05-09"}, absence("R3", 3, "2026-06-01", "2026-06-02"),
                                       absence("R2", 2, "2026-06-01", "2026-06-02", "cancelled")]))  # fmt: skip
    assert fake.picture() != before
    assert {one["code"] for one in undo(fake, ledger, other).lost} == {"entry_id"}
    undo(fake, ledger, plan)
    held, options, entries = fake.picture()
    assert (held, entries) == (before[0], before[2])
    assert options == before[1]


def test_undo_leaves_what_changed_since(fake: FakeCalcom, ledger: Ledger) -> None:
    plan = go(ooo_job(fake, ledger), from_records([R1]))
    entry = next(iter(fake.entries.values()))
    fake.entries[entry.id] = replace(entry, reason="travel")
    assert undo(fake, ledger, plan).lost == ({"number": 1, "code": "changed_since"},)
    assert list(fake.entries) == [entry.id]


def test_undo_removes_the_options_that_texts_got_of_their_own(ledger: Ledger) -> None:
    promised("Options that texts and numbers got of their own are removed with them")
    fake = FakeCalcom()
    for number in range(1, 31):
        fake.add_user(number)
    fake.add_attribute("Centre", "TEXT")
    before = fake.picture()
    job = attribute_job(fake, ledger, {"centre": "Centre"})
    plan = go(job, employees(fake, centre={n: f"K{n}" for n in range(1, 31)}))
    assert plan.counts() == {"assign_value": 30}
    assert undo(fake, ledger, plan).lost == ()
    assert fake.picture() == before
    mine = ledger.owned(901, "hr", "attributes")
    assert (mine.pairs, mine.options) == ({}, {})


def test_an_option_shared_within_the_plan_goes_after_the_last_who_got_it(
    fake: FakeCalcom, ledger: Ledger
) -> None:
    before = fake.picture()
    plan = go(attribute_job(fake, ledger, {"centre": "Centre"}), employees(fake, centre={1: "S", 2: "S"}))
    made = undo(fake, ledger, plan)
    assert [one.kind for one in made.plan.actions] == ["unassign", "unassign", "option_delete"]
    assert fake.picture() == before


def test_an_option_that_somebody_else_holds_by_now_stays_and_is_named(
    fake: FakeCalcom, ledger: Ledger
) -> None:
    promised("one that somebody else holds by now stays and is named (``option_kept``)")
    plan = go(attribute_job(fake, ledger, {"centre": "Centre"}), employees(fake, centre={1: "A"}))
    option = next(iter(fake.attributes["a-Centre"].options))
    fake.hold(4, option)
    assert undo(fake, ledger, plan).lost == ({"number": 1, "code": "option_kept"},)
    assert fake.holders_of_options("a-Centre") == {option: {4}}


def codes(made: Any) -> list[str]:
    return [one["code"] for one in made.lost]


def kinds(made: Any) -> list[str]:
    return [one.kind for one in made.plan.actions]


def teams(fake: FakeCalcom, ledger: Ledger, **more: Any) -> Any:
    return attribute_job(fake, ledger, {"team": {"attribute": "Team", "missing_option": "create"} | more})


def test_an_option_that_the_plan_made_goes_and_one_that_was_there_stays(
    fake: FakeCalcom, ledger: Ledger
) -> None:
    plan = go(teams(fake, ledger), employees(fake, team={1: "Green", 2: "Red"}))
    assert plan.counts() == {"option_create": 1, "assign": 2}
    made = undo(fake, ledger, plan)
    assert kinds(made) == ["unassign", "unassign", "option_delete"]
    assert made.lost == ()
    assert fake.picture() == ([], [("a-Team", "Red")], [])


def test_a_value_that_was_taken_away_is_given_back_as_ours(fake: FakeCalcom, ledger: Ledger) -> None:
    job = teams(fake, ledger, blank="clear")
    go(job, employees(fake, team={1: "Red", 2: "Red"}))
    plan = go(job, employees(fake, team={2: "Red"}))
    assert plan.counts() == {"unassign": 1}
    made = undo(fake, ledger, plan)
    assert (kinds(made), made.lost) == (["assign"], ())
    assert fake.holders_of_options("a-Team") == {"o-Red": {1, 2}}
    # It is ours as before: HR may take it back again.
    assert go(job, employees(fake, team={2: "Red"})).counts() == {"unassign": 1}


def test_a_value_of_an_option_that_is_gone_cannot_be_given_back(fake: FakeCalcom, ledger: Ledger) -> None:
    job = teams(fake, ledger, blank="clear")
    go(job, employees(fake, team={1: "Red"}))
    plan = go(job, employees(fake, team={}))
    del fake.attributes["a-Team"].options["o-Red"]
    made = undo(fake, ledger, plan)
    assert (kinds(made), codes(made)) == ([], ["option_deleted"])


def test_a_weight_is_lost_and_said(fake: FakeCalcom, ledger: Ledger) -> None:
    fake.add_attribute("Skill", "MULTI_SELECT", ["Piano"], weighted=True)
    job = attribute_job(
        fake, ledger, {"skill": {"attribute": "Skill", "blank": "clear"}}, allow_weight_loss=True
    )
    go(job, employees(fake, skill={1: "Piano"}))
    plan = go(job, employees(fake, skill={}))
    made = undo(fake, ledger, plan)
    assert (kinds(made), codes(made)) == (["assign"], ["weight"])
    assert fake.holders_of_options("a-Skill") == {"o-Piano": {1}}


def test_what_somebody_took_away_since_is_not_taken_again(fake: FakeCalcom, ledger: Ledger) -> None:
    plan = go(teams(fake, ledger), employees(fake, team={1: "Red"}))
    fake.attributes["a-Team"].holders["o-Red"].discard(1)
    made = undo(fake, ledger, plan)
    assert (kinds(made), codes(made)) == ([], ["changed_since"])


def test_a_text_that_was_rewritten_gets_its_old_words_back(fake: FakeCalcom, ledger: Ledger) -> None:
    job = attribute_job(fake, ledger, {"centre": "Centre"})
    go(job, employees(fake, centre={1: "A"}))
    before = fake.picture()
    plan = go(job, employees(fake, centre={1: "B"}))
    assert plan.counts() == {"option_update": 1}
    made = undo(fake, ledger, plan)
    assert (kinds(made), made.lost) == (["option_update"], ())
    assert fake.picture() == before


def test_a_text_that_others_share_by_now_keeps_its_new_words(fake: FakeCalcom, ledger: Ledger) -> None:
    job = attribute_job(fake, ledger, {"centre": "Centre"})
    go(job, employees(fake, centre={1: "A"}))
    plan = go(job, employees(fake, centre={1: "B"}))
    (option,) = fake.attributes["a-Centre"].options
    fake.hold(5, option)
    made = undo(fake, ledger, plan)
    assert (kinds(made), codes(made)) == ([], ["changed_since"])
    assert fake.attributes["a-Centre"].options[option].value == "B"


def test_a_moved_entry_goes_back_to_its_days(fake: FakeCalcom, ledger: Ledger) -> None:
    job = ooo_job(fake, ledger)
    go(job, from_records([R1]))
    before, names = fake.picture(), list(fake.entries)
    plan = go(job, from_records([{**R1, "start": "2026-05-05", "end": "2026-05-12"}]))
    assert plan.counts() == {"ooo_update": 1}
    assert undo(fake, ledger, plan).lost == ()
    assert (fake.picture(), list(fake.entries)) == (before, names)


@pytest.mark.parametrize("change", [{"reason": "travel"}, {"to_user_id": 3}, "end", "gone"])
@pytest.mark.parametrize("moved", [False, True])
def test_an_entry_that_somebody_changed_since_is_left_as_it_is(
    fake: FakeCalcom, ledger: Ledger, change: Any, moved: bool
) -> None:
    promised("What somebody changed since is left alone")
    job = ooo_job(fake, ledger)
    plan = go(job, from_records([R1]))
    if moved:
        plan = go(job, from_records([{**R1, "end": "2026-05-07"}]))
    (entry,) = fake.entries.values()
    if change == "gone":
        del fake.entries[entry.id]
    else:
        values = {"end": entry.end.replace(day=20)} if change == "end" else change
        fake.entries[entry.id] = replace(entry, **values)
    now = dict(fake.entries)
    made = undo(fake, ledger, plan)
    assert (kinds(made), codes(made)) == ([], ["changed_since"])
    assert fake.entries == now


def test_what_was_never_written_is_not_taken_back(fake: FakeCalcom, ledger: Ledger) -> None:
    """One row fails, and somebody else assigns the value by hand: it is theirs."""
    job = teams(fake, ledger)
    plan = job.plan(employees(fake, team={1: "Red", 2: "Red"}))

    def refuse(number: int) -> None:
        if fake.writes[number - 1][1] == 1:
            raise InvalidRequestError("no", status=400)

    fake.before = refuse
    job.apply(plan, reread=False)
    fake.before = lambda number: None
    fake.hold(1, "o-Red")
    made = undo(fake, ledger, plan)
    assert (kinds(made), made.lost) == (["unassign"], ())
    assert fake.holders_of_options("a-Team") == {"o-Red": {1}}


def test_an_undo_can_be_undone(fake: FakeCalcom, ledger: Ledger) -> None:
    plan = go(teams(fake, ledger), employees(fake, team={1: "Red", 2: "Red"}))
    after = fake.picture()
    made = undo(fake, ledger, plan)
    assert fake.picture() != after
    assert undo(fake, ledger, made.plan).lost == ()
    assert fake.picture() == after


def test_a_second_option_of_the_same_words_is_no_hindrance(fake: FakeCalcom, ledger: Ledger) -> None:
    plan = go(attribute_job(fake, ledger, {"centre": "Centre"}), employees(fake, centre={1: "A"}))
    fake.attributes["a-Centre"].options["twin"] = Option("twin", "A")
    fake.hold(3, "twin")
    assert undo(fake, ledger, plan).lost == ()
    assert fake.holders_of_options("a-Centre") == {"twin": {3}}

"""What becomes of plans that nobody finished: open ones are never forgotten, older ones are superseded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from calcom_provider.api.errors import InvalidRequestError
from calcom_provider.hr.apply.stored_plans import stored_plan, undo_job
from calcom_provider.hr.errors import LedgerError, RefusedError
from calcom_provider.hr.ledger.plan_states import DONE
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.ledger.tables import ACTIONS, PLANS
from calcom_provider.hr.plan.guards import Confirmation
from calcom_provider.hr.plan.model import Plan
from tests.unit.hr.fake_calcom import CutError, FakeCalcom
from tests.unit.hr.jobs import OPEN, attribute_job, employees, ooo_job

COLUMNS = {"centre": {"attribute": "Centre"}}
DAY = 86400.0


@pytest.fixture
def ledger(warehouse_url: str) -> Iterator[Ledger]:
    with Ledger(warehouse_url) as opened:
        yield opened


@pytest.fixture
def fake() -> FakeCalcom:
    made = FakeCalcom()
    for number in range(1, 6):
        made.add_user(number)
    made.add_attribute("Centre", "TEXT")
    made.add_attribute("Team", "TEXT")
    return made


def age(ledger: Ledger, days: float) -> None:
    """Let everything in the ledger be as many days older."""
    with ledger._database.transaction() as run:
        run(sa.update(PLANS).values(created_at=PLANS.c.created_at - days * DAY))


def kill_after_a_write(fake: FakeCalcom, ledger: Ledger, namespace: str) -> Plan:
    """Apply a plan of two writes and die when the first one has landed, unheard of."""
    job = attribute_job(fake, ledger, COLUMNS, namespace=namespace)
    plan = job.plan(employees(fake, centre={1: "A", 2: "B"}))

    def cut(number: int) -> None:
        raise CutError

    fake.after = cut
    with pytest.raises(CutError):
        job.apply(plan, reread=False)
    fake.after = lambda number: None
    with ledger._database.transaction() as run:  # the dead process holds nothing
        from calcom_provider.hr.ledger.tables import WRITERS

        run(sa.delete(WRITERS))
    return plan


def run_daily(fake: FakeCalcom, ledger: Ledger, namespace: str, days: int) -> None:
    """Run the other namespace's write-back once a day, with the default retention of 30 days."""
    job = attribute_job(fake, ledger, {"team": {"attribute": "Team"}}, namespace=namespace)
    for day in range(days):
        job.apply(job.plan(employees(fake, team={3: f"T{day}"})), reread=False)
        age(ledger, 1)


def test_a_plan_killed_in_one_namespace_outlives_a_month_of_another(fake: FakeCalcom, ledger: Ledger) -> None:
    """Open plans are never forgotten: a killed in namespace a, 31 days of runs in b, and a goes on."""
    killed = kill_after_a_write(fake, ledger, "a")
    run_daily(fake, ledger, "b", 31)
    job = attribute_job(fake, ledger, COLUMNS, namespace="a")
    for _ in range(2):
        rows = employees(fake, centre={1: "A", 2: "B"})
        job.apply(job.plan(rows), reread=False)
    assert job.plan(employees(fake, centre={1: "A", 2: "B"})).actions == ()
    assert ledger.progress(killed.id)[1].status == DONE
    assert {user for user, _ in ledger.owned(901, "a", "attributes").pairs} == {1, 2}


def test_an_open_plan_keeps_its_values_and_loses_them_when_it_is_closed(
    fake: FakeCalcom, ledger: Ledger
) -> None:
    killed = kill_after_a_write(fake, ledger, "a")
    age(ledger, 400)
    assert ledger.forget_values(901, older_than_days=30) == 0
    assert ledger.load_plan(killed.id) == killed
    # Any run of the organisation finds out about it, so that it does not stay open.
    job = attribute_job(fake, ledger, COLUMNS, namespace="b")
    job.plan(employees(fake, centre={3: "C"}))
    assert ledger.open_plans(901) == []
    assert {user for user, _ in ledger.owned(901, "a", "attributes").pairs} == {1}
    with pytest.raises(LedgerError, match="retention"):
        ledger.load_plan(killed.id)


def test_a_ledger_that_has_forgotten_half_of_an_open_plan_goes_on(fake: FakeCalcom, ledger: Ledger) -> None:
    """Release 0.1.0 left such ledgers: every run of the namespace failed."""
    killed = kill_after_a_write(fake, ledger, "a")
    with ledger._database.transaction() as run:
        half = sa.update(ACTIONS).where(ACTIONS.c.plan_id == killed.id, ACTIONS.c.status != "sent")
        run(half.values(content=None))
    job = attribute_job(fake, ledger, COLUMNS, namespace="a")
    result = job.apply(job.plan(employees(fake, centre={1: "A", 2: "B"})), reread=False)
    assert result.statuses == {"done": 1}
    assert {user for user, _ in ledger.owned(901, "a", "attributes").pairs} == {1, 2}


# -- superseded ------------------------------------------------------------------------------------------------


def planned(fake: FakeCalcom, ledger: Ledger, value: str, **more: Any) -> tuple[Any, Plan]:
    job = attribute_job(fake, ledger, COLUMNS, **more)
    return job, job.plan(employees(fake, centre={1: value}))


def test_a_plan_that_is_applied_supersedes_the_older_ones(fake: FakeCalcom, ledger: Ledger) -> None:
    _, waiting = planned(fake, ledger, "old")
    job, newer = planned(fake, ledger, "new")
    job.apply(newer, reread=False)
    assert ledger.plan_status(waiting.id) == "superseded"
    assert ledger.plan_status(newer.id) == "applied"
    with pytest.raises(LedgerError, match="superseded"):
        stored_plan(ledger, waiting.id, waiting.hash, Confirmation())
    with pytest.raises(LedgerError, match="superseded"):
        job.apply(waiting, reread=True)
    assert len(fake.writes) == 1


def test_a_failed_plan_is_superseded_too(fake: FakeCalcom, ledger: Ledger) -> None:
    job, failing = planned(fake, ledger, "old")

    def fail(number: int) -> None:
        raise InvalidRequestError("no", status=400)

    fake.before = fail
    job.apply(failing, reread=False)
    assert ledger.plan_status(failing.id) == "failed"
    fake.before = lambda number: None
    job, newer = planned(fake, ledger, "new")
    job.apply(newer, reread=False)
    assert ledger.plan_status(failing.id) == "superseded"


def test_previews_supersede_nothing(fake: FakeCalcom, ledger: Ledger) -> None:
    job, waiting = planned(fake, ledger, "old")
    _, preview = planned(fake, ledger, "new")
    assert ledger.plan_status(waiting.id) == "planned"
    job.apply(waiting, reread=True)
    # The preview is the newer one: what is applied now is older and ends nothing.
    assert ledger.plan_status(preview.id) == "planned"


def test_refused_plans_supersede_nothing(fake: FakeCalcom, ledger: Ledger) -> None:
    _, waiting = planned(fake, ledger, "old")
    job = attribute_job(fake, ledger, COLUMNS, limits=replace(OPEN, match_rate=1.0))
    rows = employees(fake, centre={1: "new"})
    rows = replace(rows, records=[*rows.records, {"id": "E9", "email": "n@example.com", "status": "active"}])
    refused = job.plan(rows)
    assert refused.outcome == "refused"
    with pytest.raises(RefusedError):
        job.apply(refused, reread=False)
    assert ledger.plan_status(waiting.id) == "planned"


def test_a_plan_refused_at_its_apply_supersedes_nothing(fake: FakeCalcom, ledger: Ledger) -> None:
    _, waiting = planned(fake, ledger, "old")
    for number in range(1, 7):  # more than may be stale
        fake.users.get(number) or fake.add_user(number)
    job = attribute_job(fake, ledger, COLUMNS)
    newer = job.plan(employees(fake, centre=dict.fromkeys(range(1, 7), "new")))
    for number in range(1, 7):
        assert fake.assign_value(number, "a-Centre", "by hand")
    with pytest.raises(RefusedError, match="no longer hold"):
        job.apply(newer, reread=True)
    assert ledger.plan_status(waiting.id) == "planned"


def test_other_namespaces_kinds_and_ends_are_left_alone(fake: FakeCalcom, ledger: Ledger) -> None:
    from calcom_provider.hr.sources.rows import from_records
    from tests.unit.hr.jobs import absence

    _, elsewhere = planned(fake, ledger, "old", namespace="badge")
    absences = ooo_job(fake, ledger)
    away = absences.plan(from_records([absence("R1", 1, "2026-05-04", "2026-05-08")]))
    job, first = planned(fake, ledger, "first")
    job.apply(first, reread=False)
    job, second = planned(fake, ledger, "second")
    job.apply(second, reread=False)
    assert ledger.plan_status(elsewhere.id) == "planned"
    assert ledger.plan_status(away.id) == "planned"
    assert ledger.plan_status(first.id) == "applied"


def test_what_a_superseded_plan_wrote_can_be_undone(fake: FakeCalcom, ledger: Ledger) -> None:
    killed = kill_after_a_write(fake, ledger, "hr")
    job, newer = planned(fake, ledger, "A")
    job.apply(newer, reread=False)
    assert ledger.plan_status(killed.id) == "superseded"
    undo = undo_job(fake, ledger, killed.id)  # type: ignore[arg-type]
    assert [one.kind for one in undo.plan(killed.id).plan.actions] == ["unassign", "option_delete"]

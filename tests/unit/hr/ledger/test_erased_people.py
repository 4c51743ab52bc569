"""A person who is erased leaves no day, key or id in the ledger, and what was ours stays ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.ledger.tables import ACTIONS, ENTRIES, METADATA, PLANS
from calcom_provider.hr.plan.ownership import Erased
from calcom_provider.hr.sources.rows import from_records
from tests.unit.hr.fake_calcom import FakeCalcom
from tests.unit.hr.jobs import absence, attribute_job, employees, ooo_job

KEY = "one@example.com/2026-05"
DAYS = ("2026-05-04", "2026-05-08")
BEFORE, AFTER = date(2026, 5, 1), date(2027, 1, 1)


@pytest.fixture
def ledger(warehouse_url: str) -> Iterator[Ledger]:
    with Ledger(warehouse_url) as opened:
        yield opened


def scene() -> FakeCalcom:
    fake = FakeCalcom()
    for number in range(1, 4):
        fake.add_user(number)
    fake.add_attribute("Centre", "TEXT")
    return fake


def rows() -> Any:
    return from_records([absence(KEY, 1, *DAYS), absence("R2", 2, *DAYS)])


def stored(ledger: Ledger) -> str:
    """Return everything that the ledger holds as text."""
    with ledger._database.transaction() as run:
        return "\n".join(repr(row) for table in METADATA.sorted_tables for row in run(sa.select(table)))


def test_days_keys_and_contents_go_and_ownership_holds(ledger: Ledger) -> None:
    """Days, HR keys and content go and a keyed digest stays, so that ownership holds."""
    fake = scene()
    job = ooo_job(fake, ledger)
    job.apply(job.plan(rows()), reread=False)
    assert KEY in stored(ledger)
    assert ledger.open_work({1}, BEFORE).entries == 1
    assert not ledger.open_work({1}, AFTER)

    done = ledger.erase_person({1}, {"one@example.com"})
    assert (done["calcom_writeback_actions"], done["calcom_writeback_entries"]) == (1, 1)
    with ledger._database.transaction() as run:
        assert run(sa.select(ACTIONS).where(ACTIONS.c.user_id == 1)) == []
        assert run(sa.select(ENTRIES).where(ENTRIES.c.user_id == 1)) == []
        other = run(sa.select(ACTIONS).where(ACTIONS.c.user_id == 2))
        assert "R2" in other[0]["content"]
    assert KEY not in stored(ledger)
    owned = ledger.owned(901, "hr", "out_of_office")
    assert sorted(owned.entries) != sorted(owned.erased.entries())
    assert len(fake.entries) == 2
    again = job.plan(rows())
    assert [one.kind for one in again.actions if one.kind in ("ooo_create", "ooo_delete")] == []
    job.apply(again, reread=False)
    assert len(fake.entries) == 2


def test_an_erased_entry_that_is_gone_is_not_made_again(ledger: Ledger) -> None:
    """A re-run of the write-back neither recreates nor doubles."""
    fake = scene()
    job = ooo_job(fake, ledger)
    job.apply(job.plan(rows()), reread=False)
    ledger.erase_person({1}, set())
    mine = [one for one, entry in fake.entries.items() if entry.user_id == 1]
    for entry in mine:
        del fake.entries[entry]
    assert job.plan(rows()).actions == ()


def test_what_is_open_is_closed_as_erased(ledger: Ledger) -> None:
    fake = scene()
    job = ooo_job(fake, ledger)
    plan = job.plan(rows())
    assert ledger.open_work({1}, BEFORE).actions == 1
    ledger.erase_person({1}, set())
    assert ledger.progress(plan.id)[1].status == "erased"
    assert ledger.plan_status(plan.id) == "superseded"
    assert not ledger.open_work({1}, BEFORE)
    with ledger._database.transaction() as run:
        assert KEY not in run(sa.select(PLANS.c.report))[0]["report"]


def test_assignments_of_an_erased_person_stay_ours(ledger: Ledger) -> None:
    fake = scene()
    job = attribute_job(fake, ledger, {"centre": {"attribute": "Centre", "blank": "clear"}})
    job.apply(job.plan(employees(fake, centre={1: "A", 2: "B"})), reread=False)
    ledger.erase_person({1}, set())
    owned = ledger.owned(901, "hr", "attributes")
    assert {user for user, _ in owned.pairs} == {2}
    assert job.plan(employees(fake, centre={1: "A", 2: "B"})).actions == ()
    cleared = job.plan(employees(fake, centre={2: "B"}))
    assert [(one.kind, one.user_id) for one in cleared.actions if one.kind == "unassign"] == [("unassign", 1)]
    job.apply(cleared, reread=False)
    assert (1, cleared.actions[0].option_id) not in ledger.owned(901, "hr", "attributes").pairs


def test_erased_entries_are_told_without_assignments_and_the_key_is_not_shown() -> None:
    erased = Erased("secret-key", {"a": frozenset({0}), "b": frozenset({7, 1}), "c": frozenset({8})})
    assert erased.entries() == {1, 7, 8}
    assert "secret-key" not in repr(erased)


def test_the_cover_of_an_entry_that_a_plan_only_looked_at_leaves_the_ledger(ledger: Ledger) -> None:
    """What was seen of somebody's entry names its cover, in a list and without a field's name."""
    fake = scene()
    fake.add_user(3_000_001)
    fake.add_entry(2, "2026-05-06", "2026-05-07", reason="vacation", to_user_id=3_000_001)
    job = ooo_job(fake, ledger)
    plan = job.plan(rows())
    assert [one.kind for one in plan.actions if one.user_id == 2] == ["ooo_create"]
    assert "3000001" in stored(ledger)
    assert ledger.open_work({3_000_001}, BEFORE).actions == 1
    assert not ledger.open_work({3_000_002}, BEFORE)
    ledger.erase_person({3_000_001}, set())
    assert "3000001" not in stored(ledger)
    assert ledger.plan_status(plan.id) == "superseded"
    assert [one.kind for one in job.plan(rows()).actions] == ["ooo_create"] * 2


def test_one_of_several_holders_leaves_the_ledger(ledger: Ledger) -> None:
    from calcom_provider.hr.ledger.erasure import _users_in

    content = {"seen": {"held": ["o-1"], "holders": [5, 7]}, "before": {"value": "a"}, "after": None}
    assert _users_in(content) - {None} == {5, 7}

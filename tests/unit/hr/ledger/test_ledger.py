"""The ledger on every database it promises: plans, progress, what is owned, what is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from calcom_provider.hr.errors import LedgerError
from calcom_provider.hr.ledger.plan_states import DONE, SENT
from calcom_provider.hr.ledger.record import Ledger, Progress
from calcom_provider.hr.plan.model import Verdict
from calcom_provider.hr.sources.rows import from_records
from tests.unit.hr.fake_calcom import FakeCalcom
from tests.unit.hr.jobs import absence, attribute_job, employees, ooo_job


@pytest.fixture
def ledger(warehouse_url: str) -> Iterator[Ledger]:
    with Ledger(warehouse_url) as opened:
        yield opened


def scene() -> FakeCalcom:
    fake = FakeCalcom()
    for number in range(1, 6):
        fake.add_user(number)
    fake.add_attribute("Centre", "TEXT")
    return fake


def test_a_plan_comes_back_as_it_was(ledger: Ledger) -> None:
    fake = scene()
    rows = employees(fake, centre={1: "Ä-1", 2: "Ä-1", 3: "日本"})
    plan = attribute_job(fake, ledger, {"centre": "Centre"}).plan(rows)
    loaded = ledger.load_plan(plan.id)
    assert loaded == plan
    assert loaded.hash == plan.hash
    assert ledger.plan_status(plan.id) == "planned"


def test_what_was_written_is_owned_and_what_was_taken_back_is_not(ledger: Ledger) -> None:
    fake = scene()
    columns = {"centre": {"attribute": "Centre", "blank": "clear"}}
    job = attribute_job(fake, ledger, columns)
    job.apply(job.plan(employees(fake, centre={1: "A", 2: "A", 3: "B"})), reread=False)
    owned = ledger.owned(901, "hr", "attributes")
    assert len(owned.pairs) == 3
    assert len(owned.options) == 2
    assert owned.first_run is False
    assert owned.source_rows == 5
    job.apply(job.plan(employees(fake, centre={1: "A"})), reread=False)
    owned = ledger.owned(901, "hr", "attributes")
    assert len(owned.pairs) == 1
    assert len(owned.options) == 1
    assert ledger.owned(901, "other", "attributes").pairs == {}


def test_entries_are_owned_as_written(ledger: Ledger) -> None:
    fake = scene()
    job = ooo_job(fake, ledger)
    job.apply(job.plan(from_records([absence("R1", 1, "2026-05-04", "2026-05-08")])), reread=False)
    entry = next(iter(ledger.owned(901, "hr", "out_of_office").entries.values()))
    assert (entry.user_id, entry.start.isoformat(), entry.end.isoformat()) == (1, "2026-05-04", "2026-05-08")
    job.apply(job.plan(from_records([absence("R1", 1, "2026-05-04", "2026-05-09")])), reread=False)
    assert [one.end.isoformat() for one in ledger.owned(901, "hr", "x").entries.values()] == ["2026-05-09"]
    job.apply(
        job.plan(from_records([absence("R1", 1, "2026-05-04", "2026-05-09", "cancelled")])), reread=False
    )
    assert ledger.owned(901, "hr", "out_of_office").entries == {}


def test_sent_and_unheard_of_writes_are_found(ledger: Ledger) -> None:
    fake = scene()
    plan = attribute_job(fake, ledger, {"centre": "Centre"}).plan(employees(fake, centre={1: "A", 2: "B"}))
    assert ledger.open_plans(901) == []
    ledger.record(plan, {1: Progress(SENT, sent_at=1.0, attempts=1)})
    assert ledger.open_plans(901) == [plan.id]
    ledger.record(plan, {1: Progress(DONE, "v-1", 1.0, 1, unclear=True)})
    assert ledger.open_plans(901) == []
    assert ledger.progress(plan.id)[1] == Progress(DONE, "v-1", 1.0, 1, unclear=True)
    assert ledger.owned(901, "hr", "attributes").pairs == {(1, "v-1"): True}


def test_values_leave_after_their_retention_and_ids_stay(ledger: Ledger) -> None:
    fake = scene()
    job = attribute_job(fake, ledger, {"centre": "Centre"})
    plan = job.plan(employees(fake, centre={1: "A"}))
    job.apply(plan, reread=False)
    assert ledger.forget_values(901, older_than_days=1) == 0
    assert ledger.forget_values(901, older_than_days=-1) == 1
    assert ledger.progress(plan.id)[1].status == DONE
    with pytest.raises(LedgerError, match="retention"):
        ledger.load_plan(plan.id)


def test_unknown_plans_are_said_to_be_unknown(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="no plan"):
        ledger.load_plan("nothing")
    with pytest.raises(LedgerError, match="no plan"):
        ledger.plan_status("nothing")


def test_no_person_is_in_the_lasting_tables(warehouse_url: str, ledger: Ledger) -> None:
    fake = scene()
    job = ooo_job(fake, ledger)
    rows = from_records([absence("R1", 1, "2026-05-04", "2026-05-08", type="Kneeop")])
    job.apply(job.plan(rows), reread=False)
    ledger.forget_values(901, older_than_days=-1)
    text = repr(_everything(ledger))
    for word in ("Kneeop", "user1@", "R1"):
        assert word not in text.replace("'key': 'R1'", "")


def _everything(ledger: Ledger) -> Any:
    from calcom_provider.hr.ledger.tables import METADATA

    with ledger._database.transaction() as run:
        return [run(sa.select(table)) for table in METADATA.sorted_tables]


def test_errors_of_the_database_show_no_values(tmp_path: Path) -> None:
    """Secrets and people's data are never in an error."""
    fake = scene()
    with Ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        plan = attribute_job(fake, ledger, {"centre": "Centre"}).plan(employees(fake, centre={1: "Zürich"}))
        with pytest.raises(sa.exc.IntegrityError) as caught:
            ledger.save_plan(plan)
        assert "Zürich" not in str(caught.value)
        assert plan.hash not in str(caught.value)


def test_a_quarantine_is_kept_until_it_ends(ledger: Ledger) -> None:
    fake = scene()
    job = ooo_job(fake, ledger)
    plan = job.plan(from_records([absence("R1", 1, "2026-05-04", "2026-05-05")]))
    refused = replace(plan, verdicts=(Verdict("removals", False, 7, 5, subject="entries"),))
    assert ledger.note_quarantine(refused, "ada") is not None
    assert ledger.note_quarantine(replace(refused, id="second"), "ada") is not None
    (lasting,) = ledger.quarantines(901, "hr")
    assert (lasting.plan_id, lasting.last_plan_id, lasting.ended_at) == (plan.id, "second", None)
    assert lasting.guards == ({"guard": "removals", "subject": "entries", "observed": 7, "limit": 5},)
    assert ledger.quarantines(901, "other") == []
    assert ledger.quarantines(902) == []
    overridden = replace(plan, verdicts=(Verdict("removals", True, 7, 5, True, "entries"),))
    assert ledger.note_quarantine(overridden, "ada") is not None
    assert ledger.quarantines() == []
    (ended,) = ledger.quarantines(ended=True)
    assert (ended.ended_as, ended.ended_by, ended.ended_plan_id) == ("confirmed", "ada", plan.id)
    assert ended.confirmed == ({"guard": "removals", "subject": "entries", "observed": 7, "limit": 5},)
    assert ledger.note_quarantine(plan, "ada") is None

"""One writer at a time, on every database the ledger promises; a dead one keeps nobody out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from calcom_provider.hr import lease as lease_module
from calcom_provider.hr.database import Database
from calcom_provider.hr.errors import WriterBusyError
from calcom_provider.hr.jobs import Job
from calcom_provider.hr.lease import Lease
from calcom_provider.hr.ledger import SENT, Ledger, Progress
from calcom_provider.hr.ledger_tables import WRITERS
from tests.unit.hr.fake_calcom import FakeCalcom
from tests.unit.hr.jobs import attribute_job, common, employees

ORGANIZATION = 901


@pytest.fixture
def ledger(warehouse_url: str) -> Iterator[Ledger]:
    with Ledger(warehouse_url) as opened:
        yield opened


@pytest.fixture
def database(ledger: Ledger) -> Database:
    """The ledger's own database; a DuckDB file cannot be opened twice."""
    return ledger._database


def change(database: Database, **values: object) -> None:
    with database.transaction() as run:
        run(sa.update(WRITERS).values(**values))


def holders(database: Database) -> int:
    with database.transaction() as run:
        return len(run(sa.select(WRITERS)))


def scene() -> FakeCalcom:
    fake = FakeCalcom()
    for number in range(1, 4):
        fake.add_user(number)
    fake.add_attribute("Centre", "TEXT")
    return fake


def test_a_second_writer_is_refused_and_writes_nothing(ledger: Ledger, database: Database) -> None:
    fake = scene()
    job = attribute_job(fake, ledger, {"centre": "Centre"})
    plan = job.plan(employees(fake, centre={1: "A", 2: "B"}))
    other = Lease(database, ORGANIZATION)
    other.take()
    with pytest.raises(WriterBusyError, match="another run is writing to organisation 901"):
        job.apply(plan, reread=True)
    assert fake.writes == []
    assert ledger.plan_status(plan.id) == "planned"
    other.release()
    assert job.apply(plan, reread=True).statuses == {"done": 2}
    assert holders(database) == 0


def test_other_organisations_are_not_kept_out(database: Database) -> None:
    Lease(database, ORGANIZATION).take()
    Lease(database, ORGANIZATION + 1).take()
    assert holders(database) == 2


def test_the_same_run_may_write_inside_its_own_hold(ledger: Ledger, database: Database) -> None:
    with ledger.writing(ORGANIZATION):
        with ledger.writing(ORGANIZATION):
            pass
        assert holders(database) == 1
    assert holders(database) == 0


def test_a_failing_run_gives_its_hold_back(ledger: Ledger, database: Database) -> None:
    with pytest.raises(KeyError), ledger.writing(ORGANIZATION):
        raise KeyError
    assert holders(database) == 0


def test_a_hold_that_ran_out_is_taken_over_and_the_first_holder_stops(
    ledger: Ledger, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = scene()
    plan = attribute_job(fake, ledger, {"centre": "Centre"}).plan(employees(fake, centre={1: "A"}))
    with ledger.writing(ORGANIZATION):
        change(database, holder="elsewhere#1#x")
        with pytest.raises(WriterBusyError):
            Lease(database, ORGANIZATION).take()
        change(database, until=0.0)
        Lease(database, ORGANIZATION).take()
        monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.0)
        with pytest.raises(WriterBusyError):
            ledger.record(plan, {1: Progress(SENT, sent_at=1.0, attempts=1)})
    assert ledger.progress(plan.id)[1] == Progress()
    assert holders(database) == 1


def test_renewal_moves_the_end(ledger: Ledger, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.0)
    held = Lease(database, ORGANIZATION)
    held.take()
    change(database, until=1.0)
    held.renew()
    with pytest.raises(WriterBusyError):
        Lease(database, ORGANIZATION).take()


def test_a_dead_process_of_this_machine_keeps_nobody_out(database: Database) -> None:
    child = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    Lease(database, ORGANIZATION).take()
    change(database, holder=f"{lease_module._place()}#{child.stdout.strip()}#x")
    Lease(database, ORGANIZATION).take()
    with pytest.raises(WriterBusyError):
        Lease(database, ORGANIZATION).take()


def test_planning_does_not_settle_what_a_living_run_has_just_sent(ledger: Ledger, database: Database) -> None:
    fake = scene()
    job = attribute_job(fake, ledger, {"centre": "Centre"})
    plan = job.plan(employees(fake, centre={1: "A"}))
    ledger.record(plan, {1: Progress(SENT, sent_at=1.0, attempts=1)})
    Lease(database, ORGANIZATION).take()
    with pytest.raises(WriterBusyError):
        job.plan(employees(fake, centre={1: "A"}))
    assert ledger.progress(plan.id)[1].status == SENT


def test_without_a_ledger_nothing_is_held() -> None:
    job: Job = attribute_job(scene(), None, {"centre": {"attribute": "Centre", "mode": "additive"}})
    with job.writing():
        job.settle_interrupted(common())

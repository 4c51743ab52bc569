"""One writer at a time, on every database the ledger promises; a dead one keeps nobody out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from calcom_provider.hr.apply.job import Job
from calcom_provider.hr.errors import WriterBusyError
from calcom_provider.hr.ledger import lease as lease_module
from calcom_provider.hr.ledger.database import Database
from calcom_provider.hr.ledger.lease import WriterLease
from calcom_provider.hr.ledger.plan_states import SENT
from calcom_provider.hr.ledger.record import Ledger, Progress
from calcom_provider.hr.ledger.tables import WRITERS
from calcom_provider.process_identity import this_process
from calcom_provider.warehouse.backends import lease as row_lease
from calcom_provider.warehouse.backends.base import Session
from tests.polling import wait_for
from tests.unit.ended_process import ended_process
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


def until(database: Database) -> float:
    with database.transaction() as run:
        return float(run(sa.select(WRITERS))[0]["until"])


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
    other = WriterLease(database, ORGANIZATION)
    other.take()
    with pytest.raises(WriterBusyError, match="another run is writing to organisation 901"):
        job.apply(plan, reread=True)
    assert fake.writes == []
    assert ledger.plan_status(plan.id) == "planned"
    other.release()
    assert job.apply(plan, reread=True).statuses == {"done": 2}
    assert holders(database) == 0


def test_other_organisations_are_not_kept_out(database: Database) -> None:
    WriterLease(database, ORGANIZATION).take()
    WriterLease(database, ORGANIZATION + 1).take()
    assert holders(database) == 2


def test_the_same_run_may_write_inside_its_own_lease(ledger: Ledger, database: Database) -> None:
    with ledger.lease(ORGANIZATION):
        with ledger.lease(ORGANIZATION):
            pass
        assert holders(database) == 1
    assert holders(database) == 0


def test_a_failing_run_gives_its_lease_back(ledger: Ledger, database: Database) -> None:
    with pytest.raises(KeyError), ledger.lease(ORGANIZATION):
        raise KeyError
    assert holders(database) == 0


def test_a_lease_that_ran_out_is_taken_over_and_the_first_holder_stops(
    ledger: Ledger, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = scene()
    plan = attribute_job(fake, ledger, {"centre": "Centre"}).plan(employees(fake, centre={1: "A"}))
    with ledger.lease(ORGANIZATION):
        change(database, holder="elsewhere#1#x")
        with pytest.raises(WriterBusyError):
            WriterLease(database, ORGANIZATION).take()
        change(database, until=0.0)
        WriterLease(database, ORGANIZATION).take()
        monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.0)
        with pytest.raises(WriterBusyError):
            ledger.record(plan, {1: Progress(SENT, sent_at=1.0, attempts=1)})
    assert ledger.progress(plan.id)[1] == Progress()
    assert holders(database) == 1


def test_renewal_moves_the_end(ledger: Ledger, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    held = WriterLease(database, ORGANIZATION)
    held.take()
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.0)
    change(database, until=1.0)
    held.renew()
    with pytest.raises(WriterBusyError):
        WriterLease(database, ORGANIZATION).take()


def test_a_dead_process_of_this_machine_keeps_nobody_out(database: Database) -> None:
    WriterLease(database, ORGANIZATION).take()
    change(database, holder=f"{ended_process()}#x")
    WriterLease(database, ORGANIZATION).take()
    with pytest.raises(WriterBusyError):
        WriterLease(database, ORGANIZATION).take()


def test_a_process_id_that_is_used_again_keeps_nobody_out(database: Database) -> None:
    WriterLease(database, ORGANIZATION).take()
    change(database, holder=f"{replace(this_process(), started='1')}#x")
    WriterLease(database, ORGANIZATION).take()


@pytest.mark.parametrize("other", [{"namespace": "1"}, {"boot": "another"}, {"host": "another"}])
def test_a_process_of_another_container_is_not_taken_for_dead(
    database: Database, other: dict[str, str]
) -> None:
    WriterLease(database, ORGANIZATION).take()
    change(database, holder=f"{replace(ended_process(), **other)}#x")
    with pytest.raises(WriterBusyError):
        WriterLease(database, ORGANIZATION).take()


def test_the_lease_outlasts_a_wait_that_is_longer_than_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """docs/write-back.rst: "The lease is renewed while its process lives, however long a write waits"."""
    clock = SimpleNamespace(now=1000.0)
    for module in (lease_module, row_lease):
        monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: clock.now))
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.01)
    held = WriterLease(database, ORGANIZATION)
    held.take()
    for _ in range(2):
        clock.now += lease_module.LEASE_SECONDS - 1
        wait_for(lambda: until(database) == clock.now + lease_module.LEASE_SECONDS)
    with pytest.raises(WriterBusyError):
        WriterLease(database, ORGANIZATION).take()
    held.renew()
    held.release()
    assert held._renewer is not None
    assert not held._renewer._thread.is_alive()
    assert holders(database) == 0


def test_ctrl_c_while_the_lease_is_taken_keeps_nobody_out(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered = row_lease.Lease.take

    def interrupted(lease: row_lease.Lease, session: Session) -> str | None:
        entered(lease, session)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(row_lease.Lease, "take", interrupted)
        with pytest.raises(KeyboardInterrupt):
            WriterLease(database, ORGANIZATION).take()
    assert holders(database) == 0
    next_one = WriterLease(database, ORGANIZATION)
    next_one.take()
    next_one.release()


def test_planning_does_not_resolve_what_a_living_run_has_just_sent(
    ledger: Ledger, database: Database
) -> None:
    fake = scene()
    job = attribute_job(fake, ledger, {"centre": "Centre"})
    plan = job.plan(employees(fake, centre={1: "A"}))
    ledger.record(plan, {1: Progress(SENT, sent_at=1.0, attempts=1)})
    WriterLease(database, ORGANIZATION).take()
    with pytest.raises(WriterBusyError):
        job.plan(employees(fake, centre={1: "A"}))
    assert ledger.progress(plan.id)[1].status == SENT


def test_without_a_ledger_nothing_is_held() -> None:
    job: Job = attribute_job(scene(), None, {"centre": {"attribute": "Centre", "mode": "additive"}})
    with job.lease():
        job.resolve_interrupted(common())

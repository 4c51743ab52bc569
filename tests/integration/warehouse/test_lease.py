"""What a lease promises: docs/warehouse.rst, "Two runs at once"."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from calcom_provider.process_identity import this_process
from calcom_provider.warehouse import LoadInProgressError, RunInfo, Warehouse
from calcom_provider.warehouse.backends import lease, renewing
from calcom_provider.warehouse.bookkeeping.run_store import scope_text
from tests.integration.warehouse.model import ITEMS, SCOPE
from tests.integration.warehouse.test_killed import CHILD, ROOT
from tests.polling import wait_for
from tests.unit.ended_process import ended_process, told

OWN_NAMESPACE = ("unshare", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc")


def may_unshare() -> bool:
    """Tell whether this machine lets a test make a pid namespace, as a container has one."""
    if shutil.which(OWN_NAMESPACE[0]) is None:
        return False
    return subprocess.run([*OWN_NAMESPACE, "true"], capture_output=True, check=False).returncode == 0


@pytest.fixture(params=["sqlite", "duckdb", "generic"])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Warehouse:
    if request.param == "duckdb":
        return Warehouse(f"duckdb:///{tmp_path / 'warehouse.duckdb'}")
    return Warehouse(f"sqlite:///{tmp_path / 'warehouse.db'}", generic=request.param == "generic")


def leave_lease(warehouse: Warehouse, process: object) -> None:
    """Leave the lease of a process on the rows of the organisation."""
    session = warehouse.backend.connect()
    lease.prepare(session, "calcom_")
    session.execute(
        f"INSERT INTO {warehouse.backend.qualify('calcom_sync_lease')} (name, owner, expires_at)"
        " VALUES (:name, :owner, :ends)",
        {
            "name": f"calcom_|{scope_text(SCOPE)}",
            "owner": f"theirs@{process}",
            "ends": time.time() + lease.LIFETIME,
        },
    )
    session.close()


def ends_at(warehouse: Warehouse) -> Any:
    session = warehouse.backend.connect()
    try:
        return session.value(f"SELECT expires_at FROM {warehouse.backend.qualify('calcom_sync_lease')}")
    finally:
        session.close()


def test_a_lease_is_renewed_however_long_the_run_waits(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "While its process lives, the lease is renewed, however long the run waits for Cal.com's request limit." """
    clock, before = SimpleNamespace(now=1000.0), set(threading.enumerate())
    monkeypatch.setattr(lease, "time", SimpleNamespace(time=lambda: clock.now, sleep=time.sleep))
    monkeypatch.setattr(lease, "RENEWAL", 0.01)
    with warehouse.load(RunInfo(scope=SCOPE)) as load:
        for _ in range(2):
            clock.now += lease.LIFETIME - 1
            wait_for(lambda: ends_at(warehouse) == clock.now + lease.LIFETIME)
        with pytest.raises(LoadInProgressError):
            warehouse.load(RunInfo(scope=SCOPE))
        load.table(ITEMS, resource="items").finish(complete=True)
        load.publish()
    new = set(threading.enumerate()) - before  # tests of other rooms may have left some
    assert "calcom-lease" not in {thread.name for thread in new}
    warehouse.load(RunInfo(scope=SCOPE)).__exit__(None, None, None)


def test_a_lease_ends_at_once_when_its_process_is_gone(warehouse: Warehouse) -> None:
    """ "A lease whose process died ends by itself: at once if the next run starts in the same container" """
    leave_lease(warehouse, ended_process())
    with warehouse.load(RunInfo(scope=SCOPE)):
        pass


def test_leases_of_processes_that_are_gone_do_not_lie_about(warehouse: Warehouse) -> None:
    """A run that was killed while it held the tables as a whole leaves a lease that no later run may need."""
    session = warehouse.backend.connect()
    lease.prepare(session, "calcom_")
    table = warehouse.backend.qualify("calcom_sync_lease")
    elsewhere = replace(this_process(), namespace="another container's")
    for name, process in (("calcom_", ended_process()), ("calcom_|8", elsewhere)):
        session.execute(
            f"INSERT INTO {table} (name, owner, expires_at) VALUES (:name, :owner, :ends)",
            {"name": name, "owner": f"theirs@{process}", "ends": time.time() + lease.LIFETIME},
        )
    session.close()
    with warehouse.load(RunInfo(scope=SCOPE)):
        pass
    session = warehouse.backend.connect()
    assert session.fetch(f"SELECT name FROM {table}") == [("calcom_|8",)]
    session.close()


def test_a_failure_of_taking_old_leases_away_holds_nothing(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lease that was taken and not known of would keep this process's own next run waiting."""
    session = warehouse.backend.connect()
    kind, fetch = type(session), type(session).fetch
    session.close()

    def broken(self: Any, sql: str, *more: Any) -> Any:
        if sql.startswith("SELECT name, owner FROM"):
            raise RuntimeError("the database is gone")
        return fetch(self, sql, *more)

    monkeypatch.setattr(kind, "fetch", broken)
    for _ in range(2):
        with warehouse.load(RunInfo(scope=SCOPE), wait=0):
            pass


def test_a_lease_that_ran_out_is_anybodys(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = replace(ended_process(), host="elsewhere")
    leave_lease(warehouse, elsewhere)
    ends = ends_at(warehouse)
    clock = SimpleNamespace(now=ends - 0.5)
    monkeypatch.setattr(lease, "time", SimpleNamespace(time=lambda: clock.now))
    with pytest.raises(LoadInProgressError):
        warehouse.load(RunInfo(scope=SCOPE))
    clock.now = ends
    with warehouse.load(RunInfo(scope=SCOPE)):
        assert ends_at(warehouse) == ends + lease.LIFETIME


@pytest.mark.parametrize("refusals", [lease.TRIES - 1, lease.TRIES])
def test_making_the_table_is_tried_again_but_not_for_ever(
    refusals: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, pauses = [OSError("somebody else makes it")] * refusals, list[float]()

    def create_table(*_: object) -> None:
        if left:
            raise left.pop()

    monkeypatch.setattr(lease, "time", SimpleNamespace(sleep=pauses.append))
    session: Any = SimpleNamespace(backend=SimpleNamespace(create_table=create_table))
    if refusals < lease.TRIES:
        lease.prepare(session, "calcom_")
    else:
        with pytest.raises(OSError, match="somebody else"):
            lease.prepare(session, "calcom_")
    # After each but the last, and nobody is kept waiting for it.
    assert len(pauses) == lease.TRIES - 1
    assert sum(pauses) < 1


def test_containers_with_one_host_name_do_not_take_each_others_lease(warehouse: Warehouse) -> None:
    """ "Two containers never take each other's lease, even if they have one host name." """
    mine = this_process()
    here = ended_process()
    theirs = f"{mine.host}/{mine.boot}/1/{here.pid}/{here.started}"
    leave_lease(warehouse, theirs)
    with pytest.raises(LoadInProgressError, match="run theirs of process"):
        warehouse.load(RunInfo(scope=SCOPE))


if may_unshare():

    def test_a_process_in_a_pid_namespace_keeps_its_lease(tmp_path: Path) -> None:
        inside = told(*OWN_NAMESPACE)
        assert inside.host == this_process().host
        assert inside.namespace != this_process().namespace
        url = f"sqlite:///{tmp_path / 'warehouse.db'}"
        child = subprocess.Popen(
            [*OWN_NAMESPACE, sys.executable, "-m", CHILD, url, "opened", "new", "100"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert child.stdout is not None
            assert child.stdout.readline().strip() == "here"
            with pytest.raises(LoadInProgressError):
                Warehouse(url).load(RunInfo(scope=SCOPE))
        finally:
            child.kill()
            child.communicate()


class RacedSession:
    """Refuse to write a lease, as a database does to the one of two who comes second."""

    def __init__(self, holder: str | None) -> None:
        self.holder = holder
        self.backend = SimpleNamespace(qualify=str, capabilities=SimpleNamespace(enforces_keys=True))
        self.refused = False

    def fetch(self, sql: str, params: object) -> list[tuple[str, float]]:
        # Only the look after the refusal finds the row: both had looked before either wrote.
        return [(self.holder, 9e9)] if self.holder and self.refused else []

    def execute(self, sql: str, params: object) -> None:
        if sql.startswith("INSERT"):
            self.refused = True
            raise OSError("the row is there already")

    def begin(self) -> None: ...

    def rollback(self) -> None: ...


def test_the_second_of_two_at_once_is_told_so_and_no_other_error_is_hidden() -> None:
    second: Any = RacedSession("theirs@somewhere")
    assert lease.on_tables("calcom_", "mine").take(second) == "another run that took them at this moment"
    for holder in (None, f"mine@{this_process()}"):
        broken: Any = RacedSession(holder)
        with pytest.raises(OSError, match="already"):
            lease.on_tables("calcom_", "mine").take(broken)


def test_a_lease_lasts_as_long_and_is_renewed_as_often_as_the_page_says() -> None:
    """ "after 15 minutes elsewhere", "once a minute to renew the lease" """
    assert (lease.LIFETIME, lease.RENEWAL) == (15 * 60, 60)


class Interrupted(threading.Thread):
    """Begin, and be the moment at which somebody presses Ctrl-C."""

    def start(self) -> None:
        super().start()
        raise KeyboardInterrupt


def test_ctrl_c_while_a_lease_is_taken_leaves_no_thread_and_no_lease(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(threading.enumerate())
    with monkeypatch.context() as patch:
        patch.setattr(renewing.threading, "Thread", Interrupted)
        with pytest.raises(KeyboardInterrupt):
            warehouse.load(RunInfo(scope=SCOPE))
    assert set(threading.enumerate()) - before == set()
    with warehouse.load(RunInfo(scope=SCOPE)):
        pass

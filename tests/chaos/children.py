"""What runs in processes of its own, so that it can be killed: the jobs that a worker does."""

from __future__ import annotations

import faulthandler
import importlib
import os
import pkgutil
import random
import resource
import signal
import sqlite3
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Any

import calcom_provider
from calcom_provider.api.client import CalComClient
from calcom_provider.api.http.auth import ApiKey
from calcom_provider.api.http.retries import RetryPolicy
from calcom_provider.api.rate_limit.governor import Governor
from calcom_provider.api.rate_limit.state import open_state_store
from calcom_provider.hr.apply.applier import Patience
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.target.gateway import Gateway
from calcom_provider.resources.policy import ColumnPolicy
from calcom_provider.sync import sync as run_sync
from calcom_provider.sync.options import SyncOptions
from calcom_provider.warehouse import DeleteGuard, RunInfo, Warehouse
from calcom_provider.warehouse.backends import driver_errors, sqlite
from calcom_provider.warehouse.backends.duckdb import DuckSession
from calcom_provider.warehouse.backends.sql_session import SqlSession
from calcom_provider.warehouse.backends.sqlite import SqliteBackend
from calcom_provider.warehouse.loading.load import Load
from tests.faults.hr.sandbox_scene import job_for
from tests.integration.warehouse.model import load_pages
from tests.plugins.airflow_env import OutletEvents, TaskInstance

# Loaded once, by the process that the children are forked from.
for _room in ("api", "warehouse", "resources", "sync", "hr"):
    for _found in pkgutil.walk_packages(
        [f"{calcom_provider.__path__[0]}/{_room}"], f"calcom_provider.{_room}."
    ):
        importlib.import_module(_found.name)
for _driver in ("duckdb", "psycopg", "pymysql", "pandas", "pyarrow", "redis"):
    try:
        importlib.import_module(_driver)
    except ImportError:
        pass

QUICK = RetryPolicy(first_wait=0.001, longest_wait=0.002)
#: Seconds after which a child shows where it stands.
SLOW = 100
#: Name of the thread that moves the clock.
CLOCK = "chaos-clock"
Report = Callable[..., None]


def main(connection: Any, function: str, environment: dict[str, str], arguments: dict[str, Any]) -> None:
    """Run one of the functions below and tell what came of it."""
    os.environ.update(environment)
    tempfile.tempdir = None
    log = os.open(environment["CHAOS_LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for output in (1, 2):
        os.dup2(log, output)
    # A campaign in the background of a shell would have its children ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    faulthandler.dump_traceback_later(SLOW, file=sys.__stderr__)
    try:
        result = globals()[function](lambda *told: connection.send(("told", *told)), **arguments)
    except BaseException as error:
        said = "".join(traceback.format_exception(error))
        connection.send(("error", *_explained(error), said, _threads()))
    else:
        connection.send(("done", result, _threads()))
    connection.close()


def _explained(error: BaseException) -> tuple[str, str]:
    """Name an error, a driver's as the command line and the operators tell it."""
    if not driver_errors.is_driver_error(error):
        return type(error).__name__, str(error)
    told = driver_errors.explain(error)
    return ("explained", told) if told else ("unexplained", driver_errors.describe(error))


def _threads() -> list[str]:
    """Name the threads that do not end, given some time."""
    until = time.monotonic() + 20
    while True:
        others = [
            one.name
            for one in threading.enumerate()
            if one is not threading.main_thread() and one.name != CLOCK
        ]
        if not others or time.monotonic() > until:
            return others
        time.sleep(0.02)


def client_of(api: str, key: str, **more: Any) -> CalComClient:
    settings: dict[str, Any] = {
        "governor": Governor.unlimited("chaos"),
        "retries": QUICK,
        "timeout": (5.0, 5.0),
    }
    return CalComClient(auth=ApiKey(key), base_url=api, **(settings | more))


def watch_publishing(report: Report) -> dict[str, float]:
    """Tell when a run begins to publish, and keep how long it took."""
    publish, spent = Load.publish, {"publish": 0.0}

    def told(self: Load, *given: Any, **more: Any) -> Any:
        report("publishing")
        began = time.monotonic()
        try:
            return publish(self, *given, **more)
        finally:
            spent["publish"] = time.monotonic() - began

    Load.publish = told  # type: ignore[method-assign]
    return spent


def limit(
    fsize: int | None = None,
    pages: int | None = None,
    user: int | None = None,
    lock_wait: float | None = None,
) -> None:
    """Take room or rights away from this process.

    :param fsize: largest size of a file in bytes, as on a disk that is full.
    :param pages: largest number of pages of a SQLite file.
    :param user: account to go on as.
    :param lock_wait: seconds to wait for a SQLite file that another process has locked.
    """
    if lock_wait is not None:
        sqlite.WAIT = lock_wait
    if fsize is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (fsize, fsize))
    if pages is not None:
        connect = SqliteBackend.connect

        def limited(self: SqliteBackend) -> Any:
            session = connect(self)
            session.execute(f"PRAGMA main.max_page_count = {pages}")
            return session

        SqliteBackend.connect = limited  # type: ignore[method-assign]
    if user is not None:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)


def sync(report: Report, api: str, key: str, target: str, **options: Any) -> dict[str, Any]:
    """Sync as a task does, and tell how long it took.

    :param options: those of a sync, and ``client`` settings, ``limits`` of the process and the clock's ``jumps``.
    """
    spent = watch_publishing(report)
    resources = options.pop("resources")
    more = options.pop("client", {})
    policy = ColumnPolicy.of(options.pop("columns", {}))
    limit(**options.pop("limits", {}))
    if jumps := options.pop("jumps", None):
        jump(**jumps)
    if store := options.pop("store", ""):
        more = {**more, "governor": Governor(open_state_store(store), "chaos")}
    began = time.monotonic()
    warehouse = Warehouse(target)
    chosen = SyncOptions(full=True, delete_guard=DeleteGuard.off(), policy=policy, **options)
    try:
        with client_of(api, key, **more) as client:
            result = run_sync(client, warehouse, resources=resources, options=chosen)
            works = client.governor.store_works
    finally:
        warehouse.close()
    tables = {one.table: (one.status, one.complete, one.reason) for one in result.tables}
    times = {"seconds": time.monotonic() - began, **spent}
    return {**times, "tables": tables, "throttled": result.throttled, "store_works": works}


def lock_file(report: Report, target: str) -> None:
    """Keep a database file locked until told otherwise by being killed."""
    kind, _, path = target.partition(":///")
    if kind == "duckdb":
        opened: Any = importlib.import_module("duckdb").connect(path)
    else:
        opened = sqlite3.connect(path, isolation_level=None)
        opened.execute("PRAGMA locking_mode = EXCLUSIVE")
        opened.execute("BEGIN EXCLUSIVE")
    report("locked")
    signal.pause()


def jump(seed: int, largest: float) -> None:
    """Let the clock of this process jump back and forth, as setting a machine's clock does.

    The monotonic clock goes on, as it does then.
    """
    chance, real, offset = random.Random(seed), time.time, [0.0]

    class Jumping(datetime, metaclass=_AnyDatetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.fromtimestamp(real() + offset[0], tz)

    def moved() -> None:
        while True:
            offset[0] = chance.uniform(-largest, largest)
            time.sleep(chance.uniform(0, 0.2))

    time.time = lambda: real() + offset[0]  # type: ignore[assignment]
    for name, module in list(sys.modules.items()):
        if name.startswith("calcom_provider") and getattr(module, "datetime", None) is datetime:
            module.datetime = Jumping  # type: ignore[attr-defined]
    threading.Thread(target=moved, daemon=True, name=CLOCK).start()


class _AnyDatetime(type):
    """Let times of the real class count as times of the one that jumps."""

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, datetime)


def task(report: Report, arguments: dict[str, Any]) -> Any:
    """Execute the operator as Airflow's task process does, with its answer to SIGTERM."""
    from calcom_provider.transfers.calcom_to_sql import CalComToSqlOperator

    spent = watch_publishing(report)
    operator = CalComToSqlOperator(task_id="sync", **arguments)
    signal.signal(signal.SIGTERM, lambda *_: operator.on_kill())
    report("executing")
    began = time.monotonic()
    context: Any = {"ti": TaskInstance(), "outlet_events": OutletEvents()}
    operator.execute(context)
    return {"seconds": time.monotonic() - began, **spent}


def load_items(report: Report, target: str, statements: int | None, pages: Any) -> None:
    """Load the tables of the released databases, and die at a statement."""
    if statements is not None:
        die_after(statements)
    report("loading")
    warehouse = Warehouse(target)
    load_pages(warehouse, pages)
    warehouse.close()


def migrate(report: Report, target: str, statements: int | None) -> None:
    """Open a database of an earlier release as a run does, which brings it forward, and die at a statement."""
    if statements is not None:
        die_after(statements)
    report("loading")
    warehouse = Warehouse(target)
    with warehouse.load(RunInfo(scope={"organization_id": 1})):
        pass
    warehouse.close()


def die_after(statements: int) -> None:
    """Let this process kill itself after so many statements, whatever the database."""
    left = [statements]

    def counted(run: Any) -> Any:
        def called(*args: Any, **more: Any) -> Any:
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1
            return run(*args, **more)

        return called

    SqlSession._run = counted(SqlSession._run)  # type: ignore[method-assign]
    DuckSession._run = counted(DuckSession._run)  # type: ignore[method-assign]


def apply(report: Report, api: str, key: str, ledger: str, plan_id: str) -> dict[str, int]:
    """Apply a plan that the ledger holds."""
    with client_of(api, key) as client, Ledger(ledger) as opened:
        plan = opened.load_plan(plan_id)
        job = job_for(plan.kind, Gateway(client), opened, Patience(wait=0.0))
        report("applying")
        return dict(job.apply(plan, reread=True).statuses)

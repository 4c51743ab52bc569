"""Many organisations at once: keys of their own side by side, and many on one key by the planner's order.

make bench-fleet                                      limits scaled to 30 requests per 3 s, so that it stays short
python -m tests.benchmarks.fleet --limit 120 --window 60                     the limit that Cal.com has
python -m tests.benchmarks.fleet --only key --organizations 40 --people 5    a small part

Syncs run in processes that are up, as the workers of Airflow's executors are; Airflow itself takes no part. What
the run shows is printed; it fails for an answer 429, for tables that differ from those of serial runs, for a worst age
beyond 1.1 times the planned one, and where failing organisations change what the others hold. Times of the first
part are told beside the slowest sync alone and judged with --strict only: they need an idle machine.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from calcom_provider.api.client import CalComClient
from calcom_provider.api.http.auth import ApiKey
from calcom_provider.api.rate_limit.governor import governor_for
from calcom_provider.api.rate_limit.state import FileStateStore
from calcom_provider.errors import CalComError
from calcom_provider.sandbox import Sandbox
from calcom_provider.sync import SyncOptions, sync
from calcom_provider.sync.fleet.batches import deal
from calcom_provider.sync.fleet.forecast import jobs_of
from calcom_provider.sync.fleet.model import Budget, FleetPlan, spoken
from calcom_provider.sync.fleet.organizations import organizations_of
from calcom_provider.sync.fleet.planner import plan_fleet
from calcom_provider.sync.fleet.promises import promises_of
from calcom_provider.warehouse import Warehouse
from tests.plugins.servers import postgres_server

KEYS, PARALLEL, NEAR = 8, 4, 1.1
ALLOWED = {"PostgreSQL": 1.25, "SQLite": 1.5, "DuckDB": 1.5}
TABLES = ("users", "memberships", "teams", "team_memberships")
#: How long a sync waits for another one on the same tables.
WAIT = 3600.0


@dataclass(frozen=True)
class Place:
    """Hold what a process needs to read one organisation, in plain values."""

    url: str
    key: str
    organization: int
    target: str
    state: str


@dataclass(frozen=True)
class Done:
    """Hold what became of one sync."""

    organization: int
    requests: int = 0
    throttled: int = 0
    waited: float = 0.0
    seconds: float = 0.0
    ended: float = 0.0
    error: str = ""
    lock_seconds: float = 0.0
    publish_retries: int = 0


def run_one(place: Place) -> Done:
    """Sync one organisation, as a task would."""
    auth, began = ApiKey(place.key), time.monotonic()
    governor = governor_for(auth, place.url, FileStateStore(Path(place.state)))
    client = CalComClient(
        auth=auth, base_url=place.url, organization_id=place.organization, governor=governor
    )
    with client, closing(Warehouse(place.target)) as warehouse:
        try:
            result = sync(client, warehouse, resources=",".join(TABLES), options=SyncOptions(wait=WAIT))
        except CalComError as error:
            return Done(
                place.organization, seconds=time.monotonic() - began, ended=time.time(), error=str(error)
            )
    return Done(
        place.organization,
        result.requests,
        result.throttled,
        result.waited_seconds,
        time.monotonic() - began,
        time.time(),
        lock_seconds=result.lock_seconds,
        publish_retries=result.publish_retries,
    )


def run_batch(places: Sequence[Place]) -> list[Done]:
    """Sync a batch one after the other, as a mapped task does."""
    return [run_one(place) for place in places]


def contents(target: str) -> dict[str, str]:
    """Return a digest of the rows of each table, without what tells when and by which run they were read."""
    found = {}
    warehouse = Warehouse(target)
    session = warehouse.backend.connect()
    try:
        held = warehouse.backend.reflect(session, warehouse.prefix)
        for table in TABLES:
            # Columns of the engine and of versions hold times.
            names = [
                name
                for name in sorted(held[f"calcom_{table}"])
                if not name.startswith("_calcom") and name not in ("valid_from", "valid_to")
            ]
            quoted = ", ".join(map(warehouse.backend.quote, names))
            rows = session.fetch(f"SELECT {quoted} FROM {warehouse.backend.qualify(f'calcom_{table}')}", {})
            text = "\n".join(sorted(repr(tuple(row)) for row in rows))
            found[table] = hashlib.sha256(text.encode()).hexdigest()
    finally:
        session.close()
        warehouse.close()
    return found


def fill(sandbox: Sandbox, number: int, people: int, teams: int) -> dict[int, str]:
    """Add organisations with people and teams; return each with a key of its own."""
    found = {}
    with sandbox.paused() as world:
        row = world.api_keys.first("key", sandbox.keys["admin"])
        admin = world.users.get(row["userId"])
        for place in range(number):
            made = world.add_organization(f"Tenant {place}", f"tenant-{place}")["id"]
            world.add_membership(admin, made, "OWNER")
            staff = [world.add_user(f"p{one}@tenant{place}.example") for one in range(people)]
            for user in staff:
                world.add_profile(user, made, f"p{user['id']}")
                world.add_membership(user, made)
            for one in range(teams):
                team = world.add_team(f"Team {one}", f"team-{place}-{one}", made)
                world.add_membership(staff[one % people], team["id"])
            found[made] = world.add_api_key(admin, None)
    return found


@contextmanager
def databases(folder: str, names: Sequence[str]) -> Iterator[dict[str, list[str]]]:
    """Give three empty databases of each kind: for serial runs, for runs side by side, for one alone."""
    server = postgres_server() if "PostgreSQL" in names else ""
    made: dict[str, list[str]] = {}
    admin = sa.create_engine(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT") if server else None
    created = []
    try:
        for name in names:
            if name != "PostgreSQL":
                kind = name.lower()
                made[name] = [f"{kind}:///{folder}/{kind}{place}.db" for place in range(3)]
                continue
            assert admin is not None
            made[name] = []
            for _ in range(3):
                database = f"calcom_bench_{uuid.uuid4().hex[:12]}"
                with admin.connect() as connection:
                    connection.exec_driver_sql(f"CREATE DATABASE {database}")
                created.append(database)
                url = sa.make_url(server).set(database=database)
                made[name].append(url.render_as_string(hide_password=False))
        yield made
    finally:
        for database in created:
            assert admin is not None
            with admin.connect() as connection:
                connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")


def own_keys(given: argparse.Namespace) -> bool:
    """Sync organisations with keys of their own into one table set, serially and side by side."""
    limit = (given.limit, given.window, given.window)
    good = True
    with tempfile.TemporaryDirectory(prefix="calcom-fleet-") as folder:
        with databases(folder, given.databases) as targets, Sandbox(users=3, limit=limit) as sandbox:
            keys = fill(sandbox, KEYS, 5, teams=2 * given.limit + 5)
            for name, (serial, together, alone) in targets.items():

                def places(target: str) -> list[Place]:
                    # A budget of its own for each run: the limit would else be used up by the one before.
                    state = f"{folder}/{uuid.uuid4().hex}"
                    return [Place(sandbox.url, key, number, target, state) for number, key in keys.items()]

                one = run_one(places(alone)[0])
                time.sleep(given.window)
                first = [run_one(place) for place in places(serial)]
                time.sleep(given.window)
                with pool(KEYS) as workers:
                    began = time.monotonic()
                    done = list(workers.map(run_one, places(together)))
                    seconds = time.monotonic() - began
                time.sleep(given.window)
                refused = sum(each.throttled for each in (one, *first, *done))
                same = contents(serial) == contents(together)
                errors = [each.error for each in (one, *first, *done) if each.error]
                repeated = sum(each.publish_retries for each in done)
                ratio = seconds / one.seconds
                print(
                    f"{name:10} {KEYS} keys, {done[0].requests} requests each: alone {one.seconds:6.1f} s, side by"
                    f" side {seconds:6.1f} s (x {ratio:.2f}, aim {ALLOWED[name]}), serial"
                    f" {sum(each.seconds for each in first):6.1f} s; waited for tables"
                    f" {max(each.lock_seconds for each in done):4.1f} s at most, {repeated} publications repeated;"
                    f" {refused} x 429; tables {'as by serial runs' if same else 'DIFFER'}",
                    flush=True,
                )
                for error in errors[:3]:
                    print(f"           failed: {error}")
                good = good and same and not refused and not errors
                good = good and (ratio <= ALLOWED[name] or not given.strict)
    return good


def one_key(given: argparse.Namespace) -> bool:
    """Sync many organisations on one key in the planner's order; then again with a quarter of them failing."""
    limit = (given.fleet_limit, given.window, given.window)
    with (
        tempfile.TemporaryDirectory(prefix="calcom-fleet-") as folder,
        Sandbox(users=3, limit=limit) as sandbox,
        ExitStack() as stack,
    ):
        target = f"sqlite:///{folder}/fleet.db"
        ids = list(fill(sandbox, given.organizations, given.people, teams=2))
        state = f"{folder}/state"

        def a_round(
            workers: ProcessPoolExecutor, numbers: Sequence[int]
        ) -> tuple[FleetPlan, list[Done], float | None]:
            plan, before = planned(sandbox, target, state, numbers)
            batches = deal([plan], promises_of(",".join(TABLES)), parallel=PARALLEL)
            began = time.time()
            key = sandbox.keys["admin"]
            work = [
                [Place(sandbox.url, key, number or 0, target, state) for number, _ in batch.jobs]
                for batch in batches
            ]
            done = [each for batch in workers.map(run_batch, work) for each in batch]
            ages = [
                before[each.organization] + each.ended - began
                for each in done
                if each.organization in before and not each.error
            ]
            return plan, done, max(ages, default=None)

        good = True
        workers = stack.enter_context(pool(PARALLEL))
        for title in ("first", "second", "third"):
            plan, done, worst = a_round(workers, ids)
            refused = sum(each.throttled for each in done)
            errors = [each for each in done if each.error]
            print(
                f"{title:6} run: {len(done)} organizations, {sum(each.requests for each in done):,} requests, planned"
                f" {spoken(plan.seconds)}; worst age {spoken(worst)}, printed {spoken(plan.worst_age)};"
                f" {refused} x 429, {len(errors)} failed",
                flush=True,
            )
            good = good and not refused and not errors
            # The first run knows neither ages nor costs, the second costs of first reads.
            if title == "third":
                assert worst is not None
                assert plan.worst_age is not None
                good = good and worst <= NEAR * plan.worst_age
        before = contents(target)
        failing = [900_000 + number for number in range(len(ids) // 3)]
        _, done, _ = a_round(workers, [*ids, *failing])
        wrong = {each.organization for each in done if each.error}
        same = contents(target) == before
        print(
            f"a quarter failing: {len(wrong)} of {len(done)} failed; the tables of the others"
            f" {'are what they were' if same else 'DIFFER'}",
            flush=True,
        )
        return good and same and wrong == set(failing)


def planned(
    sandbox: Sandbox, target: str, state: str, numbers: Sequence[int]
) -> tuple[FleetPlan, dict[int, float]]:
    """Plan a run, and return how old each organisation is."""
    auth = ApiKey(sandbox.keys["admin"])
    governor = governor_for(auth, sandbox.url, FileStateStore(Path(state)))
    with closing(Warehouse(target)) as warehouse, warehouse.fleet_records() as records:
        reads = records.last_reads()
    now = datetime.now(UTC)
    jobs = jobs_of(organizations_of(numbers, "key"), promises_of(",".join(TABLES)), reads, now=now)
    plan = plan_fleet(jobs, budget=Budget.of(governor.snapshot()), parallel=PARALLEL)
    return plan, {job.organization.organization_id or 0: job.age for job in jobs if job.age is not None}


@contextmanager
def pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Give processes that share nothing with this one, as the workers of an executor do; all are up already."""
    together = multiprocessing.get_context("spawn").Barrier(workers)
    with ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=meet, initargs=(together,)
    ) as made:
        # A process is started for each of these, and none ends its start before all have come.
        list(made.map(abs, range(workers)))
        yield made


def meet(together: Any) -> None:
    """Wait until every process of a pool has started and imported this module."""
    together.wait(300)


def main(words: Sequence[str] | None = None) -> int:
    """Run both parts; return 1 if one missed what it must show."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--limit", type=int, default=30, help="requests of a key in a window; Cal.com's: 120")
    parser.add_argument(
        "--window", type=float, default=3.0, help="seconds of it, and of the block; Cal.com's: 60"
    )
    parser.add_argument("--fleet-limit", type=int, default=300, help="requests of the one key of many")
    parser.add_argument("--organizations", type=int, default=1000)
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--databases", nargs="+", default=list(ALLOWED), choices=list(ALLOWED))
    parser.add_argument("--only", choices=["keys", "key"], help="one part: keys of their own, or one key")
    parser.add_argument("--strict", action="store_true", help="fail for times as well")
    given: Any = parser.parse_args(words)
    print(f"limit {given.limit} requests per {given.window:g} s, blocks as long; Cal.com has 120 per 60 s")
    good = [
        part(given) for name, part in (("keys", own_keys), ("key", one_key)) if given.only in (None, name)
    ]
    print("as it should be" if all(good) else "MISSED; see above")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())

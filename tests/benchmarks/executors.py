"""Organisations with keys of their own into one table set, by LocalExecutor and by two Celery workers.

make bench-fleet                                                    limits scaled to 60 requests per 20 s
python -m tests.benchmarks.executors --limit 120 --window 60        the limit that Cal.com has

The DAG calcom_fleet runs in a whole Airflow, once for one organisation and once for all of them, a mapped task
each. Times are those of the mapped tasks, from the first one's start to the last one's end, so that both runs pay for
Airflow alike. It fails for an answer 429 and for tables that differ from those of serial runs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from calcom_provider.sandbox import Sandbox
from tests.benchmarks.fleet import KEYS, TABLES, Place, contents, databases, fill, run_one
from tests.plugins.servers import empty_redis
from tests.system.airflow_server import Api
from tests.system.distributed_airflow import airflow_on_postgres, celery, parts, start_worker

ALLOWED = 1.25
WORKERS = 2


def span(api: Api, run: dict[str, Any]) -> float:
    """Return the seconds from the first mapped task's start to the last one's end."""
    tasks = [task for task in api.tasks(run) if task["task_id"] == "sync"]
    moments = [
        [datetime.fromisoformat(task[name].replace("Z", "+00:00")) for task in tasks]
        for name in ("start_date", "end_date")
    ]
    return (max(moments[1]) - min(moments[0])).total_seconds()


def measure(name: str, given: argparse.Namespace, redis_url: str) -> bool:
    """Run one and then all organisations on an executor; tell whether the tables are right and nothing was refused."""
    limit = (given.limit, given.window, given.window)
    with (
        tempfile.TemporaryDirectory(prefix="calcom-executors-") as folder,
        databases(folder, ["PostgreSQL"]) as targets,
        Sandbox(users=3, limit=limit) as sandbox,
    ):
        (metadata, together, serial), home = targets["PostgreSQL"], Path(folder) / "airflow"
        home.mkdir()
        keys = fill(sandbox, KEYS, 5, teams=2 * given.limit + 5)
        extra = {"state_store": redis_url}
        connections: dict[str, dict[str, Any]] = {
            f"calcom_{number}": {
                "conn_type": "calcom", "host": sandbox.url, "password": key, "extra": extra,
            }
            for number, key in keys.items()
        }  # fmt: skip
        connections["warehouse_default"] = parts(together)
        # The fleet's plan asks nothing of it: every organisation has its own.
        connections["calcom_default"] = connections[f"calcom_{next(iter(keys))}"]
        settings = {"CALCOM_FLEET_PARALLEL": str(KEYS), "AIRFLOW__CORE__PARALLELISM": str(KEYS)}
        if name == "LocalExecutor":
            settings["AIRFLOW__CORE__EXECUTOR"] = name
        else:
            settings |= celery(metadata, redis_url)
        with airflow_on_postgres(home, metadata, connections, **settings) as (api, processes):
            if name != "LocalExecutor":
                for number in range(WORKERS):
                    start_worker(processes, f"worker{number}", KEYS // WORKERS)

            def sync(numbers: Sequence[int], schema: str) -> tuple[float, list[dict[str, Any]]]:
                listed = [{"organization_id": one, "calcom_conn_id": f"calcom_{one}"} for one in numbers]
                conf = {
                    "organizations": listed, "resources": ",".join(TABLES), "batch_size": 1,
                    "schema": schema, "within": None,
                }  # fmt: skip
                run = api.run("calcom_fleet", conf, seconds=1800)
                assert run["state"] == "success", processes.logs()
                found = [api.result(run, "sync", map_index=place) for place in range(len(numbers))]
                return span(api, run), found

            alone, _ = sync([next(iter(keys))], "alone")
            time.sleep(given.window)
            seconds, results = sync(list(keys), "public")
        refused = sandbox.stats()["statuses"].get(429, 0)
        time.sleep(given.window)
        for number, key in keys.items():
            run_one(Place(sandbox.url, key, number, serial, f"{folder}/{uuid.uuid4().hex}"))
        same = contents(serial) == contents(together)
        ratio = seconds / alone
        print(
            f"{name:14} {KEYS} keys, {results[0]['requests']} requests each: alone {alone:6.1f} s, side by side"
            f" {seconds:6.1f} s (x {ratio:.2f}, aim {ALLOWED}); waited for tables"
            f" {max(each['lock_seconds'] for each in results):4.1f} s at most; {refused} x 429;"
            f" tables {'as by serial runs' if same else 'DIFFER'}",
            flush=True,
        )
        return same and not refused and (ratio <= ALLOWED or not given.strict)


def main(words: Sequence[str] | None = None) -> int:
    """Measure both executors; return 1 if one missed what it must show."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--limit", type=int, default=60, help="requests of a key in a window; Cal.com's: 120")
    parser.add_argument("--window", type=float, default=20.0, help="seconds of it; Cal.com's: 60")
    parser.add_argument("--strict", action="store_true", help="fail for times as well")
    parser.add_argument("--only", choices=["LocalExecutor", "CeleryExecutor"])
    given = parser.parse_args(words)
    good = []
    for name in [given.only] if given.only else ["LocalExecutor", "CeleryExecutor"]:
        with empty_redis() as redis_url:
            good.append(measure(name, given, redis_url))
    print("as it should be" if all(good) else "MISSED; see above")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())

"""The same DAG on Celery: workers in processes of their own share one request budget through Redis."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from calcom_provider.sandbox import Sandbox
from tests.plugins.airflow_env import DAGS
from tests.system.airflow_server import (
    BIN,
    Api,
    Processes,
    free_port,
    server_environment,
    wait_for,
)
from tests.system.branches import add_branches

pytestmark = [pytest.mark.celery, pytest.mark.timeout(900)]

PEOPLE = 40
LIMIT = (20, 10.0, 10.0)


@pytest.fixture
def organizations() -> Iterator[tuple[Any, list[int]]]:
    """Run a Cal.com with five organisations that one key administers; 20 requests in 10 s for all of them."""
    with Sandbox(users=PEOPLE, limit=("default", *LIMIT)) as sandbox:
        yield sandbox, add_branches(sandbox, 4, PEOPLE)


def parts(url: str, conn_type: str = "postgres") -> dict[str, Any]:
    found = sa.make_url(url)
    return {
        "conn_type": conn_type,
        "host": found.host,
        "port": found.port or 5432,
        "login": found.username,
        "password": found.password,
        "schema": found.database,
    }


@contextmanager
def celery_airflow(
    home: Path, postgres_url: str, redis_url: str, connections: dict[str, dict[str, Any]]
) -> Iterator[tuple[Api, Processes]]:
    """Run everything but the workers."""
    port = free_port()
    database = sa.make_url(postgres_url).set(drivername="postgresql+psycopg2")
    shown = database.render_as_string(hide_password=False)
    environment = server_environment(home, port, connections) | {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": shown,
        "AIRFLOW__CELERY__BROKER_URL": redis_url,
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{shown}",
        "AIRFLOW__CELERY__SYNC_PARALLELISM": "1",
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
    }
    processes = Processes(home, environment)
    program = str(BIN / "airflow")
    api = Api(f"http://127.0.0.1:{port}")
    try:
        assert processes.start("migrate", program, "db", "migrate").wait(180) == 0, processes.logs()
        for part in ("api-server", "scheduler", "dag-processor", "triggerer"):
            processes.start(part, program, part)
        wait_for("a healthy Airflow", 180, api.healthy)
        api.log_in()
        yield api, processes
    except BaseException:
        print(processes.logs())
        raise
    finally:
        processes.stop()


def start_worker(processes: Processes, name: str) -> None:
    log = processes.folder / f"{name}.log"
    command = (
        "celery",
        "worker",
        "--concurrency",
        "1",
        "--celery-hostname",
        f"{name}@%h",
        "--skip-serve-logs",
    )
    processes.start(name, str(BIN / "airflow"), *command)
    wait_for(f"worker {name}", 120, lambda: log.exists() and "ready." in log.read_text(errors="replace"))


def seconds(run: dict[str, Any]) -> float:
    start, end = (
        datetime.fromisoformat(run[name].replace("Z", "+00:00")) for name in ("start_date", "end_date")
    )
    return (end - start).total_seconds()


def test_five_organisations_on_one_key(
    organizations: tuple[Any, list[int]], tmp_path: Path, postgres_url: str, redis_url: str
) -> None:
    sandbox, ids = organizations
    connections: dict[str, dict[str, Any]] = {
        "calcom_default": {
            "conn_type": "calcom",
            "host": sandbox.url,
            "password": sandbox.keys["admin"],
            "extra": {"state_store": redis_url},
        },
        "warehouse_default": parts(postgres_url),
    }
    taken: dict[int, float] = {}
    with celery_airflow(tmp_path, postgres_url, redis_url, connections) as (api, processes):
        for workers in (1, 2):
            start_worker(processes, f"worker{workers}")
            schema = f"dwh{workers}"
            begun = sandbox.stats()["requests"]
            run = api.run("calcom_to_warehouse", {"organizations": ids, "schema": schema}, seconds=300)
            assert run["state"] == "success"
            taken[workers] = seconds(run)
            requests = sandbox.stats()["requests"] - begun
            results = [api.result(run, "sync", map_index=index) for index in range(len(ids))]
            assert sum(result["requests"] for result in results) == requests
            assert requests > LIMIT[0], "too few requests to show that a budget is shared"
            check_rows(postgres_url, schema, sandbox, ids)
            hosts = {task["hostname"] for task in api.tasks(run) if task["task_id"] == "sync"}
            assert hosts
            # The next run starts with a whole window, as the first one did.
            time.sleep(LIMIT[1])
        logs = processes.logs()
    assert sandbox.stats()["statuses"].get(429, 0) == 0, "the workers spent more than the key's budget"
    assert sandbox.keys["admin"] not in logs
    print(f"\n5 organisations, one key: {taken[1]:.1f} s on one worker, {taken[2]:.1f} s on two; no 429")


def check_rows(url: str, schema: str, sandbox: Any, ids: list[int]) -> None:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text(f'SELECT organization_id, count(*) FROM "{schema}".calcom_users GROUP BY 1')
        ).all()
    counted = {int(row[0]): int(row[1]) for row in rows}
    engine.dispose()
    held = {
        organization: len(sandbox.state.profiles.by("organizationId", organization)) for organization in ids
    }
    assert counted == held

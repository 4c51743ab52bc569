"""Many organisations on Celery: workers in processes of their own share one request budget through Redis."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from calcom_provider.sandbox import Sandbox
from tests.system.branches import add_branches
from tests.system.distributed_airflow import airflow_on_postgres, celery, parts, seconds, start_worker

pytestmark = [pytest.mark.celery, pytest.mark.timeout(900)]

PEOPLE = 40
LIMIT = (20, 10.0, 10.0)


@pytest.fixture
def organizations() -> Iterator[tuple[Any, list[int]]]:
    """Run a Cal.com with five organisations that one key administers; 20 requests in 10 s for all of them."""
    with Sandbox(users=PEOPLE, limit=("default", *LIMIT)) as sandbox:
        yield sandbox, add_branches(sandbox, 4, PEOPLE)


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
    settings = celery(postgres_url, redis_url)
    with airflow_on_postgres(tmp_path, postgres_url, connections, **settings) as (api, processes):
        for workers in (1, 2):
            start_worker(processes, f"worker{workers}")
            schema = f"dwh{workers}"
            begun = sandbox.stats()["requests"]
            conf = {"organizations": ids, "schema": schema, "batch_size": 1}
            run = api.run("calcom_fleet", conf, seconds=300)
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

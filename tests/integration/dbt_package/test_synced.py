"""The dbt package over what syncs of a sandbox wrote: its tests pass, and its freshness is that of complete reads."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.resources.registry import DEFAULT, catalogue
from calcom_provider.sandbox import Sandbox
from calcom_provider.sandbox.core.wire import Response
from calcom_provider.sync import SyncOptions, SyncResult, sync
from calcom_provider.warehouse import Warehouse
from calcom_provider.warehouse.bookkeeping.migrations import RUN_RESOURCES, RUNS
from tests.integration.dbt_package.project import SCHEMA, Project, make_project
from tests.integration.dbt_package.test_marts import around, assert_marts_equal, make_views, synced
from tests.integration.reporting.compare import read_view
from tests.plugins.bench import open_client

FAILURE = Response(
    500, b'{"statusCode":500,"message":"Internal server error"}', {"Content-Type": "application/json"}
)
#: Tables that are synced without further choice.
TABLES = [table.name for name in DEFAULT for table in catalogue()[name].tables]

pytestmark = [pytest.mark.dbt, pytest.mark.timeout(1200)]


@pytest.fixture(params=["duckdb", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(users=40, bookings=60, schedules=30, limit=None) as made:
        yield made


def read(sandbox: Sandbox, url: str, resources: str | None = None, **options: Any) -> SyncResult:
    client, warehouse = open_client(sandbox, "admin"), Warehouse(url)
    try:
        return sync(client, warehouse, resources=resources, options=SyncOptions(**options))
    finally:
        warehouse.close()
        client.close()


def test_all_resources_pass_all_tests(sandbox: Sandbox, url: str, tmp_path: Path) -> None:
    done = read(sandbox, url, "all")
    tables = {table.table for table in done.tables}
    before = datetime.now(UTC).date()
    used = [one.name for one in catalogue().values() if one.tables and {t.name for t in one.tables} <= tables]
    assert {"bookings", "schedules", "routing_forms", "webhooks"} <= set(used)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        project = make_project(tmp_path / "project", url, proxy=f"http://{host}:{port}")
        project.run("build", variables=synced(*used))
        # Nobody asked to be let through to the network, say to tell dbt's makers what was run.
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    built = project.results()
    assert {one["status"] for one in built} <= {"success", "pass", "no-op"}
    staged = {one["unique_id"] for one in built if ".stg_calcom__" in one["unique_id"]}
    models = {one.removeprefix("model.calcom.stg_calcom__") for one in staged if one.startswith("model.")}
    assert models == tables | {"sync_runs", "sync_run_resources"}
    assert sum(one["unique_id"].startswith("test.") for one in built) > 150
    days = read_view(url, "int_calcom__calendar", schema=SCHEMA)["date"]
    assert len(days) == 730 + 1 + 366
    assert before <= date.fromisoformat(days.min()) + timedelta(days=730) <= datetime.now(UTC).date()


@pytest.mark.parametrize("mode", ["auto", "merge"])
def test_default_resources_with_and_without_history(
    sandbox: Sandbox, url: str, tmp_path: Path, mode: str
) -> None:
    read(sandbox, url, mode=mode)
    with sandbox.paused() as world:
        entry = world.ooo.by(
            "userId", next(user["id"] for user in world.users if world.ooo.by("userId", user["id"]))
        )
        world.ooo.delete(entry[0])
    read(sandbox, url, mode=mode)
    project = make_project(tmp_path / "project", url)
    today = datetime.now(UTC).date()
    views = make_views(url, today)
    kept = mode == "auto"
    project.run("build", variables={**around(today), "calcom__history": kept})
    assert_marts_equal(url, views)
    said = project.run(
        "run", "--select", "stg_calcom__memberships", variables={"calcom__history": not kept}, fails=True
    )
    assert f"set the variable calcom__history to {str(kept).lower()}" in said


def test_freshness_is_that_of_the_newest_complete_read(sandbox: Sandbox, url: str, tmp_path: Path) -> None:
    read(sandbox, url)
    project = make_project(tmp_path / "project", url)
    assert freshness(project) == dict.fromkeys(TABLES, "pass")
    # Rows that do not change are not written again: only that they were read tells that they are fresh.
    age(url, hours=30)
    assert freshness(project) == dict.fromkeys(TABLES, "warn")
    read(sandbox, url, "memberships")
    assert freshness(project) == {**dict.fromkeys(TABLES, "warn"), "memberships": "pass"}
    age(url, hours=60)
    assert freshness(project, fails=True) == {**dict.fromkeys(TABLES, "error"), "memberships": "warn"}
    # The lists of one team fail: the table is published as far as it was read, and does not count.
    with sandbox.paused() as world:
        failing = {world.teams.ordered("parentId", sandbox.organization_id)[0]["id"]}
    sandbox.before_answer(lambda request, _: FAILURE if _is_of(request.path, failing) else None)
    (table,) = read(sandbox, url, "team_memberships").tables
    assert (table.status, table.complete) == ("published", False)
    assert freshness(project, fails=True)["team_memberships"] == "error"
    failing.clear()
    (table,) = read(sandbox, url, "team_memberships").tables
    assert table.complete
    assert freshness(project, fails=True)["team_memberships"] == "pass"


def _is_of(path: str, teams: set[int]) -> bool:
    return any(f"/teams/{team}/memberships" in path for team in teams)


def freshness(project: Project, fails: bool = False) -> dict[str, str]:
    """Ask dbt how fresh the tables are; it ends with an error where one is too old."""
    project.run("source", "freshness", fails=fails)
    return {one["unique_id"].split(".")[-1]: one["status"] for one in project.results("sources")}


def age(url: str, hours: int) -> None:
    """Let all runs so far have been some hours earlier."""
    warehouse = Warehouse(url)
    session = warehouse.backend.connect()
    session.begin()
    for table in (RUNS, RUN_RESOURCES):
        target = warehouse.backend.qualify(f"calcom_{table}")
        session.execute(f"UPDATE {target} SET started_at = started_at - INTERVAL '{hours} hours'")
    session.commit()
    session.close()
    warehouse.close()

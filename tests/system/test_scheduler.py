"""DAGs through a real scheduler: mapped tasks, deferral, asset-triggered runs, approval left to a person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.sandbox import Sandbox
from tests.plugins.airflow_env import DAGS
from tests.system.airflow_server import Api, standalone, wait_for

pytestmark = [pytest.mark.scheduler, pytest.mark.timeout(900)]

CONSUMER = """
from airflow.sdk import DAG, AssetAlias, task
from calcom_provider.sensors.calcom import CalComOutOfOfficeSensor

with DAG("reports", schedule=[AssetAlias("calcom_warehouse")], catchup=False):

    @task
    def read(triggering_asset_events=None):
        return sorted({event.asset.uri for events in triggering_asset_events.values() for event in events})

    read()

with DAG("wait", schedule=None, params={"user_id": 0}, render_template_as_native_obj=True):
    CalComOutOfOfficeSensor(
        task_id="away",
        user_id="{{ params.user_id }}",
        deferrable=True,
        poke_interval=3,
        timeout=180,
        retries=1,
    )
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, Any]]:
    home = tmp_path_factory.mktemp("airflow")
    dags = home / "dags"
    dags.mkdir()
    for path in DAGS.glob("*.py"):
        (dags / path.name).write_text(path.read_text())
    (dags / "consumer.py").write_text(CONSUMER)
    with Sandbox(users=60) as sandbox:
        connections: dict[str, dict[str, Any]] = {
            "calcom_default": {"conn_type": "calcom", "host": sandbox.url, "password": sandbox.keys["admin"]},
            "warehouse_default": {"conn_type": "sqlite", "host": str(home / "warehouse.db")},
        }
        with standalone(home, connections, AIRFLOW__CORE__DAGS_FOLDER=str(dags)) as api:
            yield api, sandbox


def test_a_sync_runs_and_starts_what_waits_for_its_data(world: tuple[Api, Any]) -> None:
    api, sandbox = world
    run = api.run("calcom_to_warehouse")
    assert run["state"] == "success"
    result = api.result(run, "sync")
    assert result["tables"]["calcom_users"]["rows_after"] == sandbox.rows()["users"]
    reports = wait_for(
        "a run of the DAG that is scheduled on the tables",
        120,
        lambda: [
            found
            for found in api.call("GET", "/dags/reports/dagRuns")["dag_runs"]
            if found["state"] in {"success", "failed"}
        ],
    )
    assert (reports[0]["run_type"], reports[0]["state"]) == ("asset_triggered", "success")
    assert "calcom://warehouse_default/default/calcom_users" in api.result(reports[0], "read")


def test_links_and_map_index_are_shown(world: tuple[Api, Any]) -> None:
    api, sandbox = world
    run = api.run("calcom_to_warehouse", {"organization_id": sandbox.organization_id})
    path = f"/dags/calcom_to_warehouse/dagRuns/{run['dag_run_id']}/taskInstances/sync/links"
    links = api.call("GET", path)["extra_links"]
    assert links["Cal.com organization"].startswith(sandbox.url.partition("/v2")[0])
    run = api.run("calcom_fleet", {"organizations": [sandbox.organization_id], "resources": "teams"})
    (sync,) = [task for task in api.tasks(run) if task["task_id"] == "sync"]
    assert sync["rendered_map_index"] == f"organization {sandbox.organization_id}"


def test_a_sensor_waits_in_the_triggerer(world: tuple[Api, Any]) -> None:
    from datetime import UTC, datetime, timedelta

    api, sandbox = world
    with sandbox.paused() as state:
        busy = {row["userId"] for row in state.ooo} | {row["toUserId"] for row in state.ooo}
        profiles = state.profiles.by("organizationId", sandbox.organization_id)
        user_id = next(row["userId"] for row in profiles if row["userId"] not in busy)
    wait_for("DAG wait", 120, lambda: api.session.get(f"{api.url}/api/v2/dags/wait", timeout=30).ok)
    started = api.call(
        "POST", "/dags/wait/dagRuns", json={"logical_date": None, "conf": {"user_id": user_id}}
    )
    path = f"/dags/wait/dagRuns/{started['dag_run_id']}"
    wait_for(
        "the deferral",
        120,
        lambda: api.call("GET", f"{path}/taskInstances")["task_instances"][0]["state"] == "deferred",
    )
    now = datetime.now(UTC)
    from calcom_provider.api.client import CalComClient
    from calcom_provider.api.http.auth import ApiKey

    with CalComClient(auth=ApiKey(sandbox.keys["owner"]), base_url=sandbox.url) as client:
        client.call(
            "org_user_ooo.create",
            userId=user_id,
            start=f"{now:%Y-%m-%d}T00:00:00Z",
            end=f"{now + timedelta(days=1):%Y-%m-%d}T00:00:00Z",
        )
    ended = wait_for(
        "the end of the wait",
        180,
        lambda: (found := api.call("GET", path))["state"] in {"success", "failed"} and found,
    )
    assert ended["state"] == "success"
    assert api.result(ended, "away")["away"] is True


@pytest.mark.parametrize(("option", "applied"), [("Approve", "success"), ("Reject", "skipped")])
def test_a_plan_is_applied_only_when_a_person_approves(
    world: tuple[Api, Any], tmp_path: Path, option: str, applied: str
) -> None:
    api, sandbox = world
    with sandbox.paused() as state:
        profiles = state.profiles.by("organizationId", sandbox.organization_id)
        people = sorted(row["userId"] for row in profiles)[:5]
        lines = [f"E{user_id},{state.users.get(user_id)['email']},{option}-{user_id}" for user_id in people]
        held = len(list(state.assignments))
    employees = tmp_path / "employees.csv"
    employees.write_text("\n".join(["id,email,centre", *lines]))
    wait_for(
        "the DAG",
        120,
        lambda: api.session.get(f"{api.url}/api/v2/dags/calcom_approved_write_back", timeout=30).ok,
    )
    conf = {
        "employees": str(employees),
        "mapping": {"employees": {"format": "csv", "fields": {"id": "id", "email": "email"}}},
        "columns": {"centre": {"attribute": "cost-centre", "mode": "owned"}},
        "directory_sync": False,
    }
    started = api.call(
        "POST", "/dags/calcom_approved_write_back/dagRuns", json={"logical_date": None, "conf": conf}
    )
    question = api.question(started, "approve")
    assert question["options"] == ["Approve", "Reject"]
    assert question["defaults"] == ["Reject"]
    assert "@" not in question["body"]
    path = f"/dags/calcom_approved_write_back/dagRuns/{started['dag_run_id']}/taskInstances/plan/links"
    links = api.call("GET", path)["extra_links"]
    plan_id = api.result(started, "plan")["plan_id"]
    assert links["Write-back plan"] == f"{api.url}/calcom/plan/{plan_id}/warehouse_default"
    with sandbox.paused() as state:
        assert len(list(state.assignments)) == held
    api.answer(started, "approve", option)
    ended = api.end_of(started, 300)
    states = {task["task_id"]: task["state"] for task in api.tasks(ended)}
    assert (ended["state"], states["apply"]) == ("success", applied), states
    with sandbox.paused() as state:
        values = {row["value"] for row in state.options}
        # Whoever had a value that is not ours keeps it.
        assert any(f"{option}-{user_id}" in values for user_id in people) is (applied == "success")


def test_no_dag_has_an_import_error(world: tuple[Api, Any], tmp_path: Path) -> None:
    api, _ = world
    assert api.call("GET", "/importErrors")["import_errors"] == []
    assert len(api.call("GET", "/dags")["dags"]) == len(list(DAGS.glob("*.py"))) + 2

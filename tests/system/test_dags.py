"""Every DAG in ``dags/`` is imported, and the sync DAG is run, as a user would run them."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.resources.changes import CHECKED
from tests.plugins.airflow_env import DAGS

FILES = sorted(path for path in DAGS.glob("*.py"))


@pytest.fixture
def bag(airflow_db: Path) -> Any:
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(DAGS)


def test_all_dags_import_and_survive_serialization(bag: Any) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    assert bag.import_errors == {}
    assert set(bag.dags) >= {path.stem for path in FILES}
    for dag in bag.dags.values():
        again = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
        assert set(again.task_dict) == set(dag.task_dict)


def test_dags_are_fit_to_be_left_alone(bag: Any) -> None:
    for dag in bag.dags.values():
        assert dag.catchup is False, dag.dag_id
        assert dag.tags, dag.dag_id
        assert dag.doc_md, dag.dag_id
        for task in dag.tasks:
            if task.task_type.startswith("CalCom"):
                assert task.retries >= 1, f"{dag.dag_id}.{task.task_id}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_parsing_a_dag_asks_nobody_anything(
    path: Path, airflow_db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.dag_processing.dagbag import DagBag

    def refused(*_: Any, **__: Any) -> Any:
        raise AssertionError("a request was made while the DAG was parsed")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr("airflow.sdk.definitions.connection.Connection.get", refused)
    assert DagBag(path).import_errors == {}


def test_parsing_loads_nothing_heavy(airflow_db: Path) -> None:
    script = (
        "import sys, runpy\n"
        "for path in sys.argv[1:]: runpy.run_path(path)\n"
        "heavy = {'pandas', 'numpy', 'duckdb', 'uvicorn', 'pyarrow', 'deltalake', 'pyiceberg'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", script, *map(str, FILES)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, env=os.environ)
    assert done.stdout.splitlines()[-1] == "[]"


def current(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as database:
        columns = {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
        where = " WHERE is_current" if "is_current" in columns else ""
        return database.execute(f"SELECT count(*) FROM {table}{where}").fetchone()[0]


def events(run: Any) -> list[tuple[str, dict[str, Any]]]:
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        rows = session.execute(
            select(AssetModel.uri, AssetEvent.extra)
            .join(AssetModel, AssetModel.id == AssetEvent.asset_id)
            .where(AssetEvent.source_run_id == run.run_id)
        )
        return [(uri, extra) for uri, extra in rows]


def test_sync_dag(
    sandbox: Any,
    calcom_default: str,
    warehouse_default: Path,
    run_dag: Callable[..., Any],
    task_results: Callable[..., Any],
) -> None:
    run = run_dag("calcom_to_warehouse")
    assert run.state == "success"
    # Each task of a run costs seconds of starting, so nothing that is no work is one.
    assert [instance.task_id for instance in run.get_task_instances()] == ["sync"]
    result = task_results(run, "sync")
    held = sandbox.rows()
    for table in result["tables"]:
        assert current(warehouse_default, table) == held[table.removeprefix("calcom_")], table
    told = dict(events(run))
    assert set(told) == {f"calcom://warehouse_default/default/{table}" for table in result["tables"]}
    users = told["calcom://warehouse_default/default/calcom_users"]
    assert users["organization_id"] == sandbox.organization_id
    assert users["inserted"] == held["users"]
    link = task_results(run, "sync", key="calcom_organization_link")
    assert link.startswith(sandbox.url.partition("/v2")[0])
    again = run_dag("calcom_to_warehouse", conf={"resources": "users,teams", "mode": "merge"})
    assert task_results(again, "sync")["rows_changed"] == 0


def test_a_run_of_the_dag_can_be_told_what_may_go(
    make_sandbox: Any,
    set_connection: Callable[..., str],
    warehouse_default: Path,
    run_dag: Callable[..., Any],
    task_results: Callable[..., Any],
) -> None:
    """docs/warehouse.rst: «start the DAG with {"confirm_deletes": ...}»."""
    sandbox = make_sandbox(users=60)
    set_connection("calcom_default", conn_type="calcom", host=sandbox.url, password=sandbox.keys["admin"])
    conf = {"resources": "users", "full_every": "1d", "overlap": "1h", "reread_days": 3, "wait": "5m"}
    run_dag("calcom_to_warehouse", conf=conf)
    with sandbox.paused() as world:
        for row in list(world.profiles.by("organizationId", sandbox.organization_id))[10:40]:
            world.profiles.delete(row)
    refused = run_dag("calcom_to_warehouse", conf=conf | {"confirm_deletes": {"users": 29}})
    assert refused.state == "failed"
    assert current(warehouse_default, "calcom_users") == sandbox.rows()["users"] + 30
    run = run_dag("calcom_to_warehouse", conf=conf | {"confirm_deletes": {"users": 30}})
    assert run.state == "success"
    assert task_results(run, "sync")["tables"]["calcom_users"]["deleted"] == 30


def test_the_sync_dag_takes_another_organization(
    sandbox: Any,
    set_connection: Callable[..., str],
    warehouse_default: Path,
    run_dag: Callable[..., Any],
    task_results: Callable[..., Any],
) -> None:
    keys = sandbox.keys
    set_connection(
        "calcom_default",
        conn_type="calcom",
        host=sandbox.url,
        extra={
            "auth_mode": "platform",
            "client_id": keys["client_id"],
            "client_secret": keys["client_secret"],
        },
    )
    manager = int(keys["platform_organization_id"])
    run = run_dag("calcom_to_warehouse", conf={"organization_id": manager, "resources": "users,memberships"})
    assert run.state == "success"
    assert task_results(run, "sync")["organization_id"] == manager


def test_the_changes_dag_reads_what_a_look_can_tell_of(
    sandbox: Any,
    calcom_default: str,
    warehouse_default: Path,
    tmp_path: Path,
    set_connection: Callable[..., str],
    run_dag: Callable[..., Any],
    task_results: Callable[..., Any],
) -> None:
    set_connection("events", conn_type="sqlite", host=f"{tmp_path}/events.db")
    run = run_dag("calcom_changes")
    assert run.state == "success"
    # Started by hand and by no look, it reads everything that one tells of.
    held = sandbox.rows()
    tables = task_results(run, "sync")["tables"]
    assert set(tables) == {f"calcom_{name}" for name in CHECKED}
    for table in tables:
        assert current(warehouse_default, table) == held[table.removeprefix("calcom_")], table


@pytest.mark.parametrize(
    ("key", "said"),
    [("unknown", "does not know the key"), ("expired", "expired"), ("member", "use the key of an admin")],
)
def test_the_task_log_says_in_one_line_what_is_wrong(
    key: str,
    said: str,
    sandbox: Any,
    set_connection: Callable[..., str],
    warehouse_default: Path,
    run_dag: Callable[..., Any],
    capfd: Any,
) -> None:
    set_connection("calcom_default", conn_type="calcom", host=sandbox.url, password=sandbox.keys[key])
    run = run_dag("calcom_to_warehouse")
    shown = "".join(capfd.readouterr())
    assert run.state == "failed"
    assert len([line for line in shown.splitlines() if said in line and "[error" in line]) >= 1
    assert "calcom_provider/api/" not in shown, "a traceback of ours"
    assert {instance.try_number for instance in run.get_task_instances() if instance.task_id == "sync"} == {1}
    assert sandbox.keys[key] not in shown


def test_no_secret_and_nobody_in_the_task_log(
    sandbox: Any, calcom_default: str, warehouse_default: Path, run_dag: Callable[..., Any], capfd: Any
) -> None:
    run_dag("calcom_to_warehouse")
    shown = "".join(capfd.readouterr())
    assert sandbox.keys["admin"] not in shown
    for user in sandbox.state.users:
        assert user["email"] not in shown


HR_DAGS = {
    "hris_attribute_sync": "write_attributes",
    "hris_out_of_office_sync": "write_out_of_office",
    "calcom_round_trip": "write_back",
}


@pytest.mark.parametrize("dag_id", HR_DAGS)
def test_the_hr_dags_run_as_shipped_on_their_sample_data(
    dag_id: str,
    sandbox: Any,
    calcom_default: str,
    warehouse_default: Path,
    run_dag: Callable[..., Any],
    task_results: Callable[..., Any],
) -> None:
    """Quotes the docs: «Every DAG runs as it is on the sandbox, once the two connections exist.»"""
    run = run_dag(dag_id)
    assert run.state == "success"
    statuses = task_results(run, HR_DAGS[dag_id])["statuses"]
    assert set(statuses) == {"done"}
    assert statuses["done"] >= 3


def test_the_plan_to_approve_has_changes_on_the_sample_data(
    sandbox: Any, calcom_default: str, warehouse_default: Path, bag: Any, task_results: Callable[..., Any]
) -> None:
    run = bag.dags["calcom_approved_write_back"].partial_subset("plan").test(logical_date=None)
    assert run.state == "success"
    assert task_results(run, "plan")["outcome"] == "changes"

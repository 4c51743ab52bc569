"""The reporting DAG starts after a sync, makes views and page, and fails with keys when a row is wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.plugins.airflow_env import DAGS


def test_it_is_scheduled_on_what_the_sync_attaches(airflow_db: Path) -> None:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.sdk import AssetAlias

    dags = DagBag(DAGS).dags
    waited_for = {dags["calcom_reporting"].timetable.asset_condition.name}
    sync = dags["calcom_to_warehouse"].task_dict["sync"]
    attached = {one.name for one in sync.outlets if isinstance(one, AssetAlias)}
    assert waited_for == attached == {"calcom_warehouse"}


def test_checks_pass_after_a_sync(
    sandbox: Any,
    calcom_default: str,
    warehouse_default: Path,
    run_dag: Callable[..., Any],
    task_results: Callable[..., Any],
) -> None:
    assert run_dag("calcom_to_warehouse").state == "success"
    run = run_dag("calcom_reporting")
    assert run.state == "success"
    result = task_results(run, "check")
    assert result["failed"] == 0
    assert result["checked"] > 10
    assert task_results(run, "check", key="failed_checks") == []


def test_views_kept_days_and_the_page_are_made_after_a_sync(
    sandbox: Any,
    calcom_default: str,
    warehouse_default: Path,
    tmp_path: Path,
    run_dag: Callable[..., Any],
    task_results: Callable[..., Any],
) -> None:
    assert run_dag("calcom_to_warehouse").state == "success"
    page = tmp_path / "pages" / "report.html"
    conf = {"keep": "rpt_team_coverage_day", "page_path": str(page)}
    run = run_dag("calcom_reporting", conf=conf)
    assert run.state == "success"
    result = task_results(run, "make_views")
    assert result["views"]["created"] >= 2
    assert result["page"] == str(page)
    with closing(sqlite3.connect(warehouse_default)) as database:
        (rows,) = database.execute("SELECT count(*) FROM rpt_team_coverage_day_kept").fetchone()
        (teams,) = database.execute("SELECT count(DISTINCT team_id) FROM calcom_team_memberships").fetchone()
    assert result["snapshots"] == {"rpt_team_coverage_day_kept": rows}
    assert rows == teams * (730 + 1 + 366)
    assert "coverage" in page.read_text(encoding="utf-8").lower()
    again = task_results(run_dag("calcom_reporting", conf=conf), "make_views")
    assert again["views"] == {"unchanged": result["views"]["created"]} | {
        status: number for status, number in result["views"].items() if status != "created"
    }


def test_what_has_the_name_of_a_view_fails_the_run_and_stays(
    sandbox: Any, calcom_default: str, warehouse_default: Path, run_dag: Callable[..., Any], capfd: Any
) -> None:
    run_dag("calcom_to_warehouse")
    with closing(sqlite3.connect(warehouse_default)) as database:
        database.execute("CREATE TABLE rpt_team_coverage_day (mine TEXT)")
        database.commit()
    capfd.readouterr()
    assert run_dag("calcom_reporting").state == "failed"
    assert "rpt_team_coverage_day that was not made here" in "".join(capfd.readouterr())


def test_a_broken_reference_fails_the_run_with_keys_alone(
    sandbox: Any,
    calcom_default: str,
    warehouse_default: Path,
    run_dag: Callable[..., Any],
    task_results: Callable[..., Any],
    capfd: Any,
) -> None:
    run_dag("calcom_to_warehouse")
    with closing(sqlite3.connect(warehouse_default)) as database:
        team = database.execute("SELECT min(team_id) FROM calcom_team_memberships").fetchone()[0]
        database.execute("DELETE FROM calcom_teams WHERE id = ?", (team,))
        database.commit()
        expected = database.execute(
            "SELECT count(*) FROM calcom_team_memberships WHERE team_id = ?", (team,)
        ).fetchone()[0]
    capfd.readouterr()
    run = run_dag("calcom_reporting")
    shown = "".join(capfd.readouterr())
    assert run.state == "failed"
    (told,) = task_results(run, "check", key="failed_checks")
    assert told["subject"] == "team_memberships.team_id -> teams.id"
    assert told["failed"] == expected
    assert {tuple(key) for key in told["keys"]} == {("organization_id", "id")}
    assert "what they refer to is not there" in shown
    for person in sandbox.state.users:
        assert person["email"] not in shown


def test_a_published_sync_queues_a_run_and_a_preview_does_not(
    sandbox: Any, calcom_default: str, warehouse_default: Path, run_dag: Callable[..., Any]
) -> None:
    from airflow.models.asset import AssetDagRunQueue
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session
    from sqlalchemy import delete, select, update

    def waiting() -> set[str]:
        with create_session() as session:
            return set(session.scalars(select(AssetDagRunQueue.target_dag_id)))

    run_dag("calcom_to_warehouse")
    run_dag("calcom_reporting")
    with create_session() as session:
        # New DAGs are paused; a paused one is not queued.
        session.execute(update(DagModel).where(DagModel.dag_id == "calcom_reporting").values(is_paused=False))
        session.execute(delete(AssetDagRunQueue))
    run_dag("calcom_to_warehouse", conf={"preview": True})
    assert waiting() == set()
    run_dag("calcom_to_warehouse")
    assert waiting() == {"calcom_reporting"}
    with create_session() as session:
        session.execute(delete(AssetDagRunQueue))
        session.execute(update(DagModel).where(DagModel.dag_id == "calcom_reporting").values(is_paused=True))

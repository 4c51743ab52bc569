"""The reporting operator makes views, keeps days and writes the page, and refuses what it cannot read."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from calcom_provider.operators.reporting import CalComReportingOperator
from calcom_provider.warehouse import LoadInProgressError, Warehouse
from tests.integration.reporting import questions_world as world


@pytest.fixture
def synced(warehouse_default: Path) -> Path:
    world.load(f"sqlite:///{warehouse_default}")
    return warehouse_default


def operator(**more: Any) -> CalComReportingOperator:
    return CalComReportingOperator(task_id="views", sql_conn_id="warehouse_default", **more)


def ask(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"days_back": "many"}, "days_back is a number of days, zero or more, not 'many'"),
        ({"keep_days_back": -1}, "keep_days_back is a number of days"),
        ({"minimums": "71"}, "minimums is a mapping, or name=value"),
        ({"minimums": {"Sales": 2}}, "minimums is team ids with whole numbers"),
        ({"minimums": {71: -2}}, "minimum of team 71 is below zero"),
        ({"answers": {"Their size": "size"}}, "'Their size' is no name of a column"),
        ({"show_people": "some"}, "show_people is true or false"),
        ({"keep": "rpt_weather_day"}, "rpt_weather_day cannot be kept as a table"),
        ({"view_prefix": "x" * 300}, "prefix of the views is too long"),
    ],
)
def test_wrong_arguments_fail_at_once(
    given: dict[str, Any], said: str, synced: Path, task_context: dict[str, Any]
) -> None:
    with pytest.raises(AirflowFailException, match=said):
        operator(**given).execute(task_context)


def test_views_are_made_and_kept_days_written(synced: Path, task_context: dict[str, Any]) -> None:
    asked = operator(
        keep="rpt_team_coverage_day, fct_ooo_day",
        minimums="71=2",
        days_back="40",
        days_ahead=10,
        view_prefix="cal_",
    )
    first, second = asked.execute(task_context), asked.execute(task_context)
    assert first["page"] is None
    assert first["views"]["created"] >= 2
    assert second["views"]["unchanged"] == first["views"]["created"]
    assert set(first["snapshots"]) == {"cal_rpt_team_coverage_day_kept", "cal_fct_ooo_day_kept"}
    # Two teams: all days at first, then from a week before today on.
    assert first["snapshots"]["cal_rpt_team_coverage_day_kept"] == 2 * 51
    assert second["snapshots"]["cal_rpt_team_coverage_day_kept"] == 2 * 18
    assert ask(synced, "SELECT max(minimum) FROM cal_rpt_team_coverage_day") == [(2,)]


def test_parameters_of_a_dag_may_be_empty(synced: Path, task_context: dict[str, Any]) -> None:
    empty = dict.fromkeys(
        [
            "schema",
            "view_prefix",
            "keep",
            "minimums",
            "host_attributes",
            "routing_attribute",
            "answers",
            "page_path",
        ],
        "None",
    )
    result = operator(**empty).execute(task_context)
    assert (result["snapshots"], result["page"]) == ({}, None)


def test_a_changed_option_makes_a_view_anew(synced: Path, task_context: dict[str, Any]) -> None:
    operator().execute(task_context)
    result = operator(routing_attribute="level").execute(task_context)
    assert result["views"]["replaced"] == 1


@pytest.mark.parametrize("place", ["{}/pages/report.html", "file://{}/report.html"])
def test_the_page_is_written_where_it_is_asked_for(
    place: str, synced: Path, tmp_path: Path, task_context: dict[str, Any]
) -> None:
    path = place.format(tmp_path)
    assert operator(page_path=path).execute(task_context)["page"] == path
    (page,) = tmp_path.rglob("report.html")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize("place", ["{}/report.html", "file://{}/report.html"])
def test_a_page_that_shows_people_is_for_its_owner_alone(
    place: str, synced: Path, tmp_path: Path, task_context: dict[str, Any]
) -> None:
    operator(page_path=place.format(tmp_path), show_people=True).execute(task_context)
    assert stat.S_IMODE((tmp_path / "report.html").stat().st_mode) == 0o600


def test_a_sync_that_takes_too_long_is_tried_again(synced: Path, task_context: dict[str, Any]) -> None:
    warehouse = Warehouse(f"sqlite:///{synced}")
    session = warehouse.backend.connect()
    assert warehouse.backend.lock(session, "calcom_", "a-sync") is None
    with pytest.raises(LoadInProgressError):
        operator(wait=0.1).execute(task_context)
    session.close()
    warehouse.close()


def test_what_is_rendered_is_told(synced: Path) -> None:
    made = operator(minimums={71: 2}, keep=["{{ params.view }}"])
    assert set(made.template_fields_renderers) <= set(made.template_fields)
    made.render_template_fields({"params": {"view": "fct_ooo_day"}})
    assert made.keep == ["fct_ooo_day"]

"""The pages in Airflow's UI: for signed-in users only, and nothing in them is taken for markup."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.plugins.calcom import PREFIX, CalComPlugin
from calcom_provider.plugins.page import page


def test_the_plugin_is_found_by_its_entry_point() -> None:
    from importlib.metadata import entry_points

    (found,) = [point for point in entry_points(group="airflow.plugins") if point.name == "calcom"]
    assert found.load() is CalComPlugin


def test_the_views_lead_to_the_application() -> None:
    from fastapi.routing import APIRoute

    from calcom_provider.plugins.application import application

    (app,) = CalComPlugin.fastapi_apps
    routes = [route for route in application().routes if isinstance(route, APIRoute)]
    paths = {f"{app['url_prefix']}{route.path}" for route in routes}
    for view in CalComPlugin.external_views:
        assert f"/{view['href']}" in paths
        assert not view["href"].startswith("/"), "it would leave a path prefix"
    assert len({view["url_route"] for view in CalComPlugin.external_views}) == len(paths) == 2
    assert not PREFIX.startswith(("/api", "/ui", "/execution", "/auth", "/plugins"))


@pytest.mark.parametrize("path", ["/calcom/syncs", "/calcom/report"])
def test_nobody_sees_a_page_without_signing_in(airflow_db: Path, path: str) -> None:
    from airflow.api_fastapi.app import create_app
    from fastapi.testclient import TestClient

    client = TestClient(create_app(apps="all"))
    assert client.get(path).status_code == 401
    assert client.get(path, headers={"Authorization": "Bearer made-up"}).status_code in {401, 403}


def test_loading_the_plugin_costs_tasks_nothing() -> None:
    script = (
        "import sys, calcom_provider.plugins.calcom\n"
        "print([name for name in ('fastapi', 'requests', 'calcom_provider.reporting') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_signed_in_users_see_it(airflow_db: Path) -> None:
    from airflow.api_fastapi.app import create_app, get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from fastapi.testclient import TestClient

    client = TestClient(create_app(apps="all"))
    token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="a", role="ADMIN"))
    answer = client.get("/calcom/syncs", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert "Cal.com syncs" in answer.text


def event(**extra: Any) -> dict[str, Any]:
    return {
        "at": datetime(2026, 3, 16, tzinfo=UTC),
        "extra": extra,
        "run": "r<1>",
        "table": "w/default/calcom_users",
    }


def test_rows_show_counts() -> None:
    shown = page([event(organization_id=7, rows_read=12, inserted=3, complete=True)])
    assert "<td>7</td><td>w/default/calcom_users</td><td class=n>12</td><td class=n>3</td>" in shown
    assert "<td>yes</td>" in shown


def test_nothing_is_taken_for_markup() -> None:
    shown = page([event(organization_id="<script>alert(1)</script>")])
    assert "<script>" not in shown
    assert "r&lt;1&gt;" in shown


def test_an_empty_page_says_why() -> None:
    assert "AssetAlias" in page([])


@pytest.mark.usefixtures("sandbox", "calcom_default", "warehouse_default")
def test_a_run_shows_up(run_dag: Callable[..., Any]) -> None:
    from calcom_provider.plugins.page import latest

    run = run_dag("calcom_to_warehouse", conf={"resources": "teams"})
    assert run.state == "success"
    newest = latest()[0]
    assert newest["table"] == "warehouse_default/default/calcom_teams"
    assert newest["run"] == run.run_id
    assert newest["extra"]["complete"] is True

"""The pages in Airflow's UI: for signed-in users only, and nothing in them is taken for markup."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.plugins.calcom import PREFIX, CalComPlugin
from calcom_provider.plugins.frame import TABS, tabs
from calcom_provider.plugins.syncs import syncs_page


def test_the_plugin_is_found_by_its_entry_point() -> None:
    from importlib.metadata import entry_points

    (found,) = [point for point in entry_points(group="airflow.plugins") if point.name == "calcom"]
    assert found.load() is CalComPlugin


def test_the_views_lead_to_the_application() -> None:
    from fastapi.routing import APIRoute

    from calcom_provider.plugins.application import application

    app = next(one for one in CalComPlugin.fastapi_apps if one["url_prefix"] == PREFIX)
    routes = [route for route in application().routes if isinstance(route, APIRoute)]
    paths = {f"{app['url_prefix']}{route.path}" for route in routes}
    for view in CalComPlugin.external_views:
        assert f"/{view['href']}" in paths
        assert not view["href"].startswith("/"), "it would leave a path prefix"
    assert [(view["name"], view["url_route"]) for view in CalComPlugin.external_views] == [
        ("Cal.com", "calcom")
    ]
    assert {f"{app['url_prefix']}/{key}" for key in TABS} <= paths
    assert {tab.href for tab in tabs(app["url_prefix"], "syncs")} == paths - {
        "/calcom/plan/{plan_id}/{connection_id:path}"
    }
    assert not PREFIX.startswith(("/api", "/ui", "/execution", "/auth", "/plugins"))


@pytest.mark.parametrize(
    "path",
    [
        "/calcom/syncs",
        "/calcom/report",
        "/calcom/plans",
        "/calcom/quarantines",
        "/calcom/plan/x/warehouse_default",
    ],
)
def test_nobody_sees_a_page_without_signing_in(airflow_db: Path, path: str) -> None:
    from airflow.api_fastapi.app import create_app
    from fastapi.testclient import TestClient

    client = TestClient(create_app(apps="all"))
    refused = client.get(path)
    assert refused.status_code == 401
    assert refused.headers["cache-control"] == "private, no-store"
    assert refused.headers["x-content-type-options"] == "nosniff"
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
    guard_the_page(answer)


def guard_the_page(answer: Any) -> None:
    """Check the headers, and that the policy lets through exactly what stands in the page."""
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["frame-ancestors"] == "'self'"
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "private, no-store"
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        for text in re.findall(rf"<{tag}>(.*?)</{tag}>", answer.text, re.DOTALL):
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy[directive], f"a {tag} of the page would not be used"


def event(**extra: Any) -> dict[str, Any]:
    return {
        "at": datetime(2026, 3, 16, tzinfo=UTC),
        "extra": extra,
        "dag": "d<1>",
        "run": "r<1>",
        "table": "w/default/calcom_users",
    }


def task(state: str, **more: Any) -> dict[str, Any]:
    return {
        "dag_id": "d/1",
        "task_id": "sync<b>",
        "run_id": "manual__1+00:00",
        "map_index": -1,
        "state": state,
        "start_date": None,
        "duration": 2.25,
        "try_number": 1,
        "at": datetime.now(UTC),
        **more,
    }


def test_rows_show_counts() -> None:
    shown = syncs_page([], [event(organization_id=7, rows_read=12, inserted=3, complete=True)])
    assert "<td>7</td><td>w/default/calcom_users</td><td class=n>12</td><td class=n>3</td>" in shown
    assert "<td>yes</td>" in shown


def test_failures_come_first_with_links_to_the_run_and_its_log() -> None:
    old = task("failed", at=datetime(2026, 3, 1, tzinfo=UTC))
    shown = syncs_page([task("success"), task("failed", map_index=3), old], [], airflow="/air")
    assert '<span class="number">1</span><p class="said">of 2 tasks of the last 7 days failed' in shown
    run = "/air/dags/d%2F1/runs/manual__1%2B00%3A00"
    assert f'<a data-airflow href="{run}">run</a>' in shown
    assert f'<a data-airflow href="{run}/tasks/sync%3Cb%3E/mapped/3">log</a>' in shown
    assert shown.index("Failed or to be tried again") < shown.index("Latest tasks")
    # The old failure is listed, but is no news.
    assert shown.count(">failed</td>") == 3


def test_nothing_is_taken_for_markup() -> None:
    shown = syncs_page([task("success")], [event(organization_id="<script>alert(1)</script>")])
    assert "alert(1)</script>" not in shown
    assert "r&lt;1&gt;" in shown
    assert "sync&lt;b&gt;" in shown


def test_an_empty_page_says_why() -> None:
    shown = syncs_page([], [])
    assert "AssetAlias" in shown
    assert "No task of this provider ran in the last 7 days." in shown


@pytest.mark.usefixtures("sandbox", "calcom_default", "warehouse_default")
def test_a_run_shows_up(run_dag: Callable[..., Any]) -> None:
    from calcom_provider.plugins.syncs import latest, tasks

    run = run_dag("calcom_to_warehouse", conf={"resources": "teams"})
    assert run.state == "success"
    assert latest(set()) == tasks(set()) == []
    ran = tasks({"calcom_to_warehouse"})
    assert {one["state"] for one in ran if one["run_id"] == run.run_id} == {"success"}
    newest = latest({"calcom_to_warehouse"})[0]
    assert newest["table"] == "warehouse_default/default/calcom_teams"
    assert newest["run"] == run.run_id
    assert newest["extra"]["complete"] is True

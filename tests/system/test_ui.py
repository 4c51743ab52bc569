"""The connection form in a real browser: filled in by hand, tested green, and red with advice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

from calcom_provider.sandbox import Sandbox
from tests.system.airflow_server import Api, standalone, wait_for
from tests.system.branches import add_branches

pytestmark = [pytest.mark.ui, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, Any]]:
    home = tmp_path_factory.mktemp("airflow")
    warehouse = {"conn_type": "sqlite", "host": str(home / "warehouse.db")}
    with Sandbox(users=60) as sandbox, standalone(home, {"warehouse_default": warehouse}) as api:
        yield api, sandbox


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    opened = browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-GB")
    opened.set_default_timeout(60_000)
    yield opened
    opened.close()


def picture(page: Any, name: str) -> None:
    """Take a screenshot for the documentation, if a folder for it is named."""
    folder = os.environ.get("CALCOM_SCREENSHOTS")
    if folder:
        # Toasts and accordions move for a moment.
        page.wait_for_timeout(1500)
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/{name}.png")


def fill_in(page: Any, api: Api, conn_id: str, url: str, key: str) -> None:
    """Make a connection as a person does it."""
    page.goto(f"{api.url}/connections")
    page.get_by_role("button", name="Add Connection").click()
    page.locator('input[name="connection_id"]').fill(conn_id)
    page.get_by_role("dialog").locator("input[aria-autocomplete=list]").click()
    page.keyboard.type("Cal.com")
    page.keyboard.press("Enter")
    address = urlsplit(url)
    page.locator('input[name="host"]').fill(f"{address.scheme}://{address.hostname}{address.path}")
    # Without a port Airflow 3.3.2's Test button sends 0 for it, and finds that it differs from what is stored.
    page.locator('input[name="port"]').fill(str(address.port))
    page.locator('input[name="password"]').fill(key)


def test_the_form_is_made_for_calcom(world: tuple[Api, Any], page: Any) -> None:
    api, sandbox = world
    fill_in(page, api, "looked_at", sandbox.url, "cal_live_0000")
    dialog = page.get_by_role("dialog")
    assert dialog.get_by_text("Base URL", exact=True).is_visible()
    assert dialog.get_by_text("API key or access token", exact=True).is_visible()
    assert dialog.locator('input[name="password"]').get_attribute("type") == "password"
    for hidden in ("Login", "Schema"):
        assert dialog.get_by_text(hidden, exact=True).count() == 0
    picture(page, "connection-form")
    dialog.get_by_text("Extra Fields", exact=True).click()
    for label in ("Auth mode", "Organization id", "OAuth client secret", "Verify TLS", "Rate-limit state"):
        dialog.get_by_text(label, exact=True).wait_for()
    for secret in ("client_secret", "access_token", "proxy", "state_store"):
        assert dialog.locator(f'input[name="element_{secret}"]').get_attribute("type") == "password"
    picture(page, "connection-form-extra")


@pytest.mark.parametrize(("key", "good"), [("admin", True), ("unknown", False)])
def test_a_connection_is_made_by_hand_and_tested(
    key: str, good: bool, world: tuple[Api, Any], page: Any
) -> None:
    api, sandbox = world
    conn_id = f"calcom_{key}"
    fill_in(page, api, conn_id, sandbox.url, sandbox.keys[key])
    page.get_by_role("button", name="Save").click()
    row = page.locator("tr", has_text=conn_id)
    row.wait_for()
    row.get_by_role("button", name="Test Connection").click()
    told = page.get_by_text("Test Connection Successful" if good else "Test Connection Failed").first
    told.wait_for()
    if not good:
        page.get_by_text("does not know the key").first.wait_for()
    picture(page, "connection-test-green" if good else "connection-test-red")
    stored = api.call("GET", f"/connections/{conn_id}")
    assert stored["conn_type"] == "calcom"
    assert str(stored["port"]) in sandbox.url
    assert sandbox.keys[key] not in page.content()


def test_a_sync_is_seen_with_its_link(world: tuple[Api, Any], page: Any) -> None:
    api, sandbox = world
    fill_in(page, api, "calcom_default", sandbox.url, sandbox.keys["admin"])
    page.get_by_role("button", name="Save").click()
    page.locator("tr", has_text="calcom_default").wait_for()
    run = api.run("calcom_to_warehouse")
    assert run["state"] == "success"
    address = f"{api.url}/dags/calcom_to_warehouse/runs/{run['dag_run_id']}/tasks/sync"
    page.goto(address)
    page.get_by_text("Published run").wait_for()
    picture(page, "sync-log")
    page.goto(f"{address}/details")
    link = page.get_by_role("link", name="Cal.com organization")
    link.wait_for()
    assert link.get_attribute("href").startswith(sandbox.url.partition("/v2")[0])
    picture(page, "sync-link")
    page.goto(f"{address}/asset_events")
    page.get_by_text("warehouse_default/default/calcom_users").first.wait_for()
    picture(page, "asset-events")


def test_a_mapped_sync_is_seen_organisation_by_organisation(world: tuple[Api, Any], page: Any) -> None:
    api, sandbox = world
    ids = add_branches(sandbox, 2, 10)
    run = api.run("calcom_fleet", {"organizations": ids, "batch_size": 1})
    assert run["state"] == "success"
    page.goto(f"{api.url}/dags/calcom_fleet/runs/{run['dag_run_id']}/tasks/sync/mapped")
    for organization in ids:
        page.get_by_text(f"organization {organization}").first.wait_for()
    picture(page, "mapped-sync")


def test_a_plan_is_approved_in_the_browser(world: tuple[Api, Any], page: Any, tmp_path: Path) -> None:
    api, sandbox = world
    with sandbox.paused() as state:
        profiles = state.profiles.by("organizationId", sandbox.organization_id)
        people = sorted(row["userId"] for row in profiles)[:5]
        lines = [f"E{user_id},{state.users.get(user_id)['email']},CC-{user_id}" for user_id in people]
    employees = tmp_path / "employees.csv"
    employees.write_text("\n".join(["id,email,centre", *lines]))
    conf = {
        "employees": str(employees),
        "mapping": {"employees": {"format": "csv", "fields": {"id": "id", "email": "email"}}},
        "columns": {"centre": {"attribute": "cost-centre", "mode": "owned"}},
        "directory_sync": False,
    }
    dag = "/dags/calcom_approved_write_back"
    started = api.call("POST", f"{dag}/dagRuns", json={"logical_date": None, "conf": conf})
    run = f"{dag}/dagRuns/{started['dag_run_id']}"
    asked = f"{api.url}/api/v2{run}/taskInstances/approve/-1/hitlDetails"
    wait_for("the question", 180, lambda: api.session.get(asked, timeout=30).ok)
    shown = f"{api.url}{dag}/runs/{started['dag_run_id']}/tasks"
    page.goto(f"{shown}/plan/details")
    link = page.get_by_role("link", name="Write-back plan")
    link.wait_for()
    picture(page, "plan-link")
    address = str(link.get_attribute("href"))
    page.goto(f"{shown}/plan/xcom")
    page.get_by_text("plan_markdown").first.wait_for()
    picture(page, "plan-xcom")
    page.goto(f"{shown}/approve/required_actions")
    page.get_by_text("Write HR data into Cal.com?").first.wait_for()
    assert "@" not in page.locator("main, body").first.inner_text().replace(str(tmp_path), "")
    picture(page, "plan-approval")
    by_person = page.get_by_role("link", name="Look at it person by person")
    assert urljoin(api.url, str(by_person.get_attribute("href"))) == urljoin(api.url, address)
    page.goto(urljoin(api.url, address))
    page.locator(".person .is").first.wait_for()
    assert page.locator("h1").inner_text() == "Write-back plan: attributes"
    page.goto(f"{shown}/approve/required_actions")
    page.get_by_role("button", name="Approve").first.click()
    ended = api.end_of(started, 240)
    assert ended["state"] == "success"
    assert {task["task_id"]: task["state"] for task in api.tasks(ended)}["apply"] == "success"

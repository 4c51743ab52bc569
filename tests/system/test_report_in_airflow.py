"""The report in Airflow's UI, behind a real login: nothing without one, counts with one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.system.airflow_server import BIN, Processes, free_port, server_environment, wait_for
from tests.system.looking import picture
from tests.system.report_world import make_warehouse

pytestmark = [pytest.mark.ui, pytest.mark.timeout(600)]

PASSWORDS = {"viewer": "sees-reports", "admin": "makes-connections"}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run Airflow's API server, which serves the UI, with two people who have to sign in."""
    home = tmp_path_factory.mktemp("airflow")
    (home / "passwords.json").write_text(json.dumps(PASSWORDS))
    port = free_port()
    environment = server_environment(home, port, {}) | {
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "viewer:viewer,admin:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__CALCOM__REPORT_CONN_ID": "report_warehouse",
    }
    airflow = str(BIN / "airflow")
    subprocess.run([airflow, "db", "migrate"], env=environment, capture_output=True, check=True)
    processes = Processes(home, environment)
    address = f"http://127.0.0.1:{port}"
    try:
        processes.start("api-server", airflow, "api-server")
        wait_for("an API server", 180, lambda: answers(address))
        yield address
    finally:
        print(processes.logs())
        processes.stop()


def answers(address: str) -> bool:
    try:
        return visitor().get(f"{address}/api/v2/version", timeout=5).ok
    except requests.RequestException:
        return False


def visitor(address: str = "", name: str | None = None) -> requests.Session:
    """Return a session, signed in if a name is given."""
    session = requests.Session()
    session.trust_env = False
    if name:
        known = {"username": name, "password": PASSWORDS[name]}
        token = session.post(f"{address}/auth/token", json=known, timeout=60).json()["access_token"]
        session.headers["Authorization"] = f"Bearer {token}"
    return session


def sign_in(page: Any, address: str, name: str) -> None:
    page.goto(address)
    page.locator('input[name="username"]').fill(name)
    page.locator('input[name="password"]').fill(PASSWORDS[name])
    page.get_by_role("button", name="Sign in").click()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    opened = browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-GB")
    opened.set_default_timeout(60_000)
    yield opened
    opened.close()


def test_the_report_is_behind_the_login_and_shows_counts(url: str, page: Any, tmp_path: Path) -> None:
    report = f"{url}/calcom/report"
    unknown, viewer, admin = visitor(), visitor(url, "viewer"), visitor(url, "admin")
    assert unknown.get(report, timeout=60).status_code == 401
    assert unknown.get(f"{url}/calcom/syncs", timeout=60).status_code == 401
    missing = viewer.get(report, timeout=60)
    assert missing.status_code == 503
    assert "no connection &#x27;report_warehouse&#x27;" in missing.text

    warehouse = tmp_path / "warehouse.db"
    private = make_warehouse(warehouse)
    connection = {"connection_id": "report_warehouse", "conn_type": "sqlite", "host": str(warehouse)}
    assert admin.post(f"{url}/api/v2/connections", json=connection, timeout=60).status_code == 201
    wait_for("a new attempt", 60, lambda: viewer.get(report, timeout=120).ok)
    assert unknown.get(report, timeout=60).status_code == 401

    complaints: list[str] = []
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    sign_in(page, url, "viewer")
    page.get_by_role("button", name="Browse").click()
    page.get_by_role("menuitem", name="Cal.com").click()
    shown = page.frame_locator("iframe").locator("html")
    shown.get_by_text("Counts only: nobody is named").wait_for()
    shown.locator("#absences canvas").wait_for()
    # It follows Airflow's theme, whatever the system prefers.
    page.evaluate("document.documentElement.classList.replace('light', 'dark')")
    shown.locator("xpath=self::*[@data-theme='dark']").wait_for(state="attached")
    assert [text for text in complaints if "Content Security Policy" in text] == []
    picture(page, "report-in-airflow")
    content = shown.inner_html()
    page.frame_locator("iframe").get_by_role("link", name="Syncs").click()
    page.frame_locator("iframe").get_by_role("heading", name="Cal.com syncs").wait_for()
    assert [text for text in private if text in content] == []

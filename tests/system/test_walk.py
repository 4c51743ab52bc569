"""The whole way of a new user, from the wheel to an approved write-back, in a browser; each step leaves a picture.

The pictures are put into ``demo-output/walk``.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.airflow_env import DAGS, REPOSITORY
from tests.system.airflow_server import Api, free_port, wait_for
from tests.system.test_play import SHOWN
from tests.system.test_ui import fill_in
from tests.system.test_wheel import uv

pytestmark = [pytest.mark.ui, pytest.mark.timeout(1500)]

PICTURES = REPOSITORY / "demo-output" / "walk"
KEY = re.compile(r"(http://127\.0\.0\.1:\d+/v2) +key (\S+)")
#: The one that asks a person is gone through in the browser, before another writes the same values.
BY_THEMSELVES = sorted({path.stem for path in DAGS.glob("*.py")} - {"calcom_approved_write_back"})


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel as ``pip install`` does, and return the environment's Python."""
    folder = tmp_path_factory.mktemp("walk")
    build = [uv(), "build", "-q", "--wheel", "--out-dir", str(folder), str(REPOSITORY)]
    subprocess.run(build, check=True, timeout=300)
    (wheel,) = folder.glob("*.whl")
    environment = folder / "venv"
    subprocess.run([uv(), "venv", "-q", "--python", sys.executable, str(environment)], check=True)
    python = environment / "bin" / "python"
    subprocess.run(
        [uv(), "pip", "install", "-q", "--python", str(python), str(wheel)], check=True, timeout=900
    )
    return python


@pytest.fixture(scope="module")
def said(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Open the playground of the installed package, and return what it said."""
    folder = tmp_path_factory.mktemp("playground")
    out = folder / "said"
    command = [str(installed), "-m", "calcom_provider.sandbox.demo.play", "--folder", str(folder / "play")]
    with out.open("wb") as file:
        process = subprocess.Popen(
            [*command, "--port", "0"], cwd=folder, stdout=file, stderr=subprocess.STDOUT
        )

    def ready() -> str | None:
        text = out.read_text(errors="replace")
        assert process.poll() is None, text
        return text if "Ctrl-C ends everything" in text else None

    try:
        yield str(wait_for("the playground", 400, ready))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(90)


@pytest.fixture(scope="module")
def api(said: str) -> Api:
    shown = SHOWN.search(said)
    assert shown
    found = Api(shown[1])
    body = {"username": "admin", "password": shown[2]}
    token = found.session.post(f"{found.url}/auth/token", json=body, timeout=60).json()["access_token"]
    found.session.headers["Authorization"] = f"Bearer {token}"
    return found


@pytest.fixture(scope="module")
def page(said: str, api: Api, browser: Any) -> Iterator[Any]:
    """Open a page, and sign in by hand with the password that was printed."""
    shown = SHOWN.search(said)
    assert shown
    opened = browser.new_page(viewport={"width": 1400, "height": 900}, locale="en-GB")
    opened.set_default_timeout(60_000)
    opened.goto(api.url)
    opened.locator('input[name="username"]').fill("admin")
    opened.locator('input[name="password"]').fill(shown[2])
    opened.get_by_role("button", name="Sign in").click()
    opened.get_by_role("button", name="Browse").wait_for()
    yield opened
    opened.close()


def picture(page: Any, name: str) -> None:
    page.wait_for_timeout(1000)
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=f"{PICTURES}/{name}.png")


def test_1_a_connection_is_made_in_the_form(api: Api, page: Any, said: str) -> None:
    shown = KEY.search(said)
    assert shown
    fill_in(page, api, "by_hand", shown[1], shown[2])
    picture(page, "1-form")
    page.get_by_role("button", name="Save").click()
    row = page.locator("tr", has_text="by_hand")
    row.get_by_role("button", name="Test Connection").click()
    page.get_by_text("Test Connection Successful").first.wait_for()
    picture(page, "1-tested")


def test_2_a_plan_is_looked_at_and_approved(api: Api, page: Any) -> None:
    dag = "/dags/calcom_approved_write_back"
    started = api.call("POST", f"{dag}/dagRuns", json={"logical_date": None, "conf": {}})
    api.question(started, "approve")
    page.goto(f"{api.url}{dag}/runs/{started['dag_run_id']}/tasks/approve/required_actions")
    page.get_by_text("Write HR data into Cal.com?").first.wait_for()
    picture(page, "2-question")
    page.get_by_role("button", name="Approve").first.click()
    ended = api.end_of(started, 300)
    assert {task["task_id"]: task["state"] for task in api.tasks(ended)}["apply"] == "success"
    page.goto(f"{api.url}{dag}/runs/{started['dag_run_id']}")
    page.get_by_text("apply").first.wait_for()
    picture(page, "2-applied")


@pytest.mark.parametrize("dag_id", BY_THEMSELVES)
def test_3_every_dag_runs_with_its_defaults(dag_id: str, api: Api, page: Any) -> None:
    run = api.run(dag_id, seconds=300)
    page.goto(f"{api.url}/dags/{dag_id}/runs/{run['dag_run_id']}")
    page.get_by_text(dag_id).first.wait_for()
    picture(page, f"3-{dag_id}")
    if run["state"] != "success":
        api.tell(run)
    assert run["state"] == "success"


def test_4_the_report_is_read(api: Api, page: Any) -> None:
    page.goto(api.url)
    page.get_by_role("button", name="Browse").click()
    page.get_by_role("menuitem", name="Cal.com").click()
    shown = page.frame_locator("iframe").locator("html")
    shown.get_by_text("Counts only: nobody is named").wait_for()
    picture(page, "4-report")


def test_5_a_wrong_key_is_told_with_what_to_do(api: Api, page: Any, said: str) -> None:
    shown = KEY.search(said)
    assert shown
    fill_in(page, api, "wrong_key", shown[1], "cal_live_00000000000000000000000000000000")
    page.get_by_role("button", name="Save").click()
    page.locator("tr", has_text="wrong_key").get_by_role("button", name="Test Connection").click()
    page.get_by_text("does not know the key").first.wait_for()
    picture(page, "5-wrong-key")
    run = api.run("calcom_to_warehouse", {"calcom_conn_id": "wrong_key"})
    assert run["state"] == "failed"
    page.goto(f"{api.url}/dags/calcom_to_warehouse/runs/{run['dag_run_id']}/tasks/sync")
    page.get_by_text("does not know the key").first.wait_for()
    picture(page, "5-failed-run")
    assert {task["try_number"] for task in api.tasks(run)} == {1}, "a retry cannot help"


def test_6_a_server_that_is_down_is_told_by_its_address(api: Api, page: Any) -> None:
    port = free_port()
    fill_in(page, api, "down", f"http://127.0.0.1:{port}/v2", "cal_live_00000000000000000000000000000000")
    page.get_by_role("button", name="Save").click()
    page.locator("tr", has_text="down").get_by_role("button", name="Test Connection").click()
    page.get_by_text("Test Connection Failed").first.wait_for()
    page.get_by_text(f"No connection to 127.0.0.1:{port}").first.wait_for()
    picture(page, "6-down")

"""The playground: one command, an address and a password, DAGs that run green, and nothing left behind."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.plugins.airflow_env import DAGS
from tests.system.airflow_server import Api, wait_for

pytestmark = [pytest.mark.scheduler, pytest.mark.timeout(900)]

SHOWN = re.compile(r"(http://127\.0\.0\.1:\d+) +user admin +password (\S+)")


def started_by(parent: int, folder: Path) -> list[psutil.Process]:
    """Return the process itself and all that have its Airflow's home, wherever they hang by now."""
    found = []
    for process in psutil.process_iter():
        try:
            home = process.environ().get("AIRFLOW_HOME", "")
        except psutil.Error:
            continue
        if process.pid == parent or home.startswith(str(folder)):
            found.append(process)
    return found


def test_a_playground_is_opened_used_and_ended(tmp_path: Path) -> None:
    folder, said = tmp_path / "play", tmp_path / "said"
    command = [
        sys.executable,
        "-m",
        "calcom_provider.sandbox.demo.play",
        "--folder",
        str(folder),
        "--port",
        "0",
    ]
    with said.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        shown = wait_for("the address", 400, lambda: _shown(process, said))
        api = Api(shown[1])
        body = {"username": "admin", "password": shown[2]}
        token = api.session.post(f"{api.url}/auth/token", json=body, timeout=30).json()["access_token"]
        api.session.headers["Authorization"] = f"Bearer {token}"
        dags = api.call("GET", "/dags")["dags"]
        assert {dag["dag_id"] for dag in dags} == {path.stem for path in DAGS.glob("*.py")}
        assert not any(dag["is_paused"] for dag in dags)
        connections = {one["connection_id"] for one in api.call("GET", "/connections")["connections"]}
        assert connections == {"calcom_default", "warehouse_default", "events"}
        listening = {
            (one.name(), found.laddr.ip)
            for one in started_by(process.pid, folder)
            for found in one.net_connections("tcp")
            if found.status == psutil.CONN_LISTEN
        }
        assert listening
        assert {address for _, address in listening} == {"127.0.0.1"}
        for dag_id in ("calcom_to_warehouse", "calcom_reporting"):
            wait_for(f"a green run of {dag_id}", 240, lambda dag_id=dag_id: _green(api, dag_id))
        for dag_id in ("calcom_fleet", "hris_attribute_sync", "hris_out_of_office_sync", "calcom_round_trip"):
            assert api.run(dag_id)["state"] == "success", dag_id
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(90)
    assert process.returncode == 0
    assert said.read_text().splitlines()[-1] == "ended"
    assert started_by(process.pid, folder) == []


def _shown(process: subprocess.Popen[bytes], said: Path) -> Any:
    text = said.read_text(errors="replace")
    assert process.poll() is None, text
    return SHOWN.search(text) if "Ctrl-C ends everything" in text else None


def _green(api: Api, dag_id: str) -> bool:
    states = [run["state"] for run in api.call("GET", f"/dags/{dag_id}/dagRuns")["dag_runs"]]
    assert "failed" not in states
    return "success" in states

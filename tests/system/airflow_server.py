"""Run a whole Airflow on this machine for a test: API server, scheduler, DAG processor, triggerer."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.plugins.airflow_env import airflow_environment

BIN = Path(sys.executable).parent
FINISHED = {"success", "failed"}


def free_port() -> int:
    """Return a port of the loopback interface that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: str, seconds: float, ask: Callable[[], Any], every: float = 1.0) -> Any:
    """Ask until the answer is something; fail with the name of it when time is up."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = ask()
        if found:
            return found
        time.sleep(every)
    raise AssertionError(f"{what} did not happen within {seconds:.0f} s")


class Processes:
    """Start processes in groups of their own and end exactly these."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, *command: str, **more: str) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{name}.log").open("ab")
        process = subprocess.Popen(
            command,
            env=self.environment | more,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        log.close()
        self.running.append(process)
        return process

    def stop(self) -> None:
        # A signal to the parent alone would leave its children behind, so the whole group gets it.
        for number in (signal.SIGTERM, signal.SIGKILL):
            for process in self.running:
                try:
                    os.killpg(process.pid, number)
                except ProcessLookupError:
                    pass
            for process in self.running:
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    pass

    def logs(self) -> str:
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}"
            for path in self.folder.glob("*.log")
        )


class Api:
    """Talk to Airflow's REST API as its administrator."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False

    def healthy(self) -> bool:
        try:
            parts = self.session.get(f"{self.url}/api/v2/monitor/health", timeout=5).json()
        except (requests.RequestException, ValueError):
            return False
        wanted = ("metadatabase", "scheduler", "dag_processor", "triggerer")
        return all((parts.get(part) or {}).get("status") == "healthy" for part in wanted)

    def log_in(self) -> None:
        token = self.session.get(f"{self.url}/auth/token", timeout=30).json()["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, **more: Any) -> Any:
        answer = self.session.request(method, f"{self.url}/api/v2{path}", timeout=30, **more)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def run(self, dag_id: str, conf: dict[str, Any] | None = None, seconds: float = 240) -> dict[str, Any]:
        """Start a DAG run without a logical date and wait for its end."""

        def known() -> bool:
            return self.session.get(f"{self.url}/api/v2/dags/{dag_id}", timeout=30).status_code == 200

        wait_for(f"DAG {dag_id}", 120, known)
        body = {"logical_date": None, "conf": conf or {}}
        return self.end_of(self.call("POST", f"/dags/{dag_id}/dagRuns", json=body), seconds)

    def question(self, started: dict[str, Any], task_id: str, seconds: float = 300) -> dict[str, Any]:
        """Wait until a task asks a person, and return what it asks.

        An answer that comes before the scheduler has seen the task wait is lost, as is one in the second after
        that, so a test gives it time as a person would.
        """
        path = f"/dags/{started['dag_id']}/dagRuns/{started['dag_run_id']}/taskInstances/{task_id}"

        def waits() -> bool:
            return bool(self.call("GET", path)["state"] in {"awaiting_input", "deferred"})

        try:
            wait_for(f"the question of {task_id}", seconds, waits)
        except AssertionError:
            self.tell(started)
            raise
        time.sleep(3)
        found: dict[str, Any] = self.call("GET", f"{path}/-1/hitlDetails")
        return found

    def answer(self, started: dict[str, Any], task_id: str, option: str) -> None:
        """Choose an option of a task that asks."""
        path = f"/dags/{started['dag_id']}/dagRuns/{started['dag_run_id']}/taskInstances/{task_id}"
        body = {"chosen_options": [option], "params_input": {}}
        self.call("PATCH", f"{path}/-1/hitlDetails", json=body)

    def tell(self, run: dict[str, Any]) -> None:
        """Print what the tasks of a run are doing, and the ends of their logs."""
        for task in self.tasks(run):
            print(task["task_id"], task["state"], "try", task["try_number"])
            path = f"/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}/taskInstances/{task['task_id']}"
            for number in range(1, task["try_number"] + 1):
                log = self.session.get(f"{self.url}/api/v2{path}/logs/{number}", timeout=30)
                print(log.text[-3000:])

    def end_of(self, started: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Wait for the end of a DAG run; what its tasks were doing is told when it does not come."""
        path = f"/dags/{started['dag_id']}/dagRuns/{started['dag_run_id']}"

        def ended() -> Any:
            found = self.call("GET", path)
            return found if found["state"] in FINISHED else None

        try:
            return wait_for(f"the end of {started['dag_id']}", seconds, ended)
        except AssertionError:
            self.tell(started)
            raise

    def tasks(self, run: dict[str, Any]) -> list[dict[str, Any]]:
        path = f"/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}/taskInstances"
        return self.call("GET", path, params={"limit": 100})["task_instances"]

    def result(self, run: dict[str, Any], task_id: str, map_index: int = -1) -> Any:
        path = (
            f"/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}/taskInstances/{task_id}"
            "/xcomEntries/return_value"
        )
        found = self.call("GET", path, params={"map_index": map_index, "deserialize": "true"})["value"]
        return json.loads(found) if isinstance(found, str) else found


def server_environment(home: Path, port: int, connections: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return the settings of an Airflow that is served on a port."""
    keep = {name: os.environ[name] for name in ("HOME", "LANG", "TZ", "TMPDIR") if name in os.environ}
    return (
        keep
        | airflow_environment(home)
        | {
            # standalone starts its parts by the name "airflow"
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__TRIGGERER__TRIGGERER_LOG_SERVER_PORT": "0",
        }
        | {f"AIRFLOW_CONN_{name.upper()}": json.dumps(fields) for name, fields in connections.items()}
    )


@contextmanager
def standalone(home: Path, connections: dict[str, dict[str, Any]], **more: str) -> Iterator[Api]:
    """Run ``airflow standalone`` until the block ends.

    :param home: its AIRFLOW_HOME.
    :param connections: Airflow connections by id.
    :param more: further environment variables.
    """
    port = free_port()
    processes = Processes(home, server_environment(home, port, connections) | more)
    api = Api(f"http://127.0.0.1:{port}")
    try:
        processes.start("standalone", str(BIN / "airflow"), "standalone")
        try:
            wait_for("a healthy Airflow", 180, api.healthy)
            api.log_in()
            yield api
        except BaseException:
            print(processes.logs())
            raise
    finally:
        processes.stop()

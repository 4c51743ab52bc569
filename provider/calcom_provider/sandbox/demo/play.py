"""Open a playground: a whole Airflow on this machine, with all DAGs of this package on an imitated Cal.com.

``make play`` runs this. Everything listens on the loopback interface, on ports that are free, and lies in
``demo-output/play``, which every start makes anew. Ctrl-C ends all processes that it started.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import requests
from rich.console import Console

from calcom_provider.sandbox import Sandbox
from calcom_provider.sandbox.demo.run import dags_folder
from calcom_provider.sandbox.demo.terminal import relative

USERS = 300
#: The port that Airflow's own documentation uses, taken if nothing else listens there.
USUAL_PORT = 8080
#: Seconds until Airflow has to be up, and until the processes have to be gone before they are killed.
START, STOP = 300.0, 20.0
PARTS = {
    "api-server": (),
    "dag-processor": (),
    # Their servers of logs would listen on all interfaces; on one machine logs are read as files.
    "scheduler": ("--skip-serve-logs",),
    "triggerer": ("--skip-serve-logs",),
}
LOOPBACK = "127.0.0.1"
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class PlaygroundError(Exception):
    """Say in one line why there is no playground."""


class Playground:
    """Run the parts of an Airflow in process groups of their own, and end exactly these.

    :param folder: where everything is written; it is made anew.
    :param sandbox: the running imitation of Cal.com.
    :param port: port of Airflow's pages.
    """

    def __init__(self, folder: Path, sandbox: Sandbox, port: int) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.url = f"http://{LOOPBACK}:{port}"
        self._port = port
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._session = requests.Session()
        # A proxy of this machine must not be asked for its own addresses.
        self._session.trust_env = False

    def environment(self) -> dict[str, str]:
        """Return the settings of the Airflow; those of another one on this machine are left out."""
        home = self.folder / "airflow"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")}
        for name in [name for name in kept if name.startswith("CALCOM_")]:
            del kept[name]
        return kept | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags_folder()),
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            # Nothing runs before its connections are made.
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
            "AIRFLOW__API__HOST": LOOPBACK,
            "AIRFLOW__API__PORT": str(self._port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "CALCOM_STATE_DIR": str(self.folder / "state"),
            "NO_PROXY": f"{LOOPBACK},localhost",
            "no_proxy": f"{LOOPBACK},localhost",
        }

    def start(self) -> None:
        """Make the database, start the parts, and wait until all of them are well.

        :raises PlaygroundError: if one ends, or they take longer than :data:`START` seconds.
        """
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "airflow").mkdir(parents=True, mode=0o700)
        environment = self.environment()
        if self._begin("migrate", environment, "db", "migrate").wait() != 0:
            raise PlaygroundError(f"Airflow's database could not be made; see {self.log('migrate')}")
        del self._running["migrate"]
        for part, options in PARTS.items():
            self._begin(part, environment, part, *options)
        self._wait("Airflow", self._healthy)

    def log(self, part: str) -> str:
        """Return the path of a part's log, as one would type it here."""
        return relative(self.folder / f"{part}.log")

    def _begin(self, name: str, environment: dict[str, str], *words: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            # A group of its own, so that Ctrl-C reaches this process alone, which ends all of them in order.
            self._running[name] = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "airflow", *words],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self._running[name]

    def _wait(self, what: str, ready: Callable[[], bool]) -> None:
        until = time.monotonic() + START
        while time.monotonic() < until:
            self.check()
            if ready():
                return
            time.sleep(1)
        raise PlaygroundError(f"{what} was not there within {START:.0f} s; see {relative(self.folder)}/*.log")

    def check(self) -> None:
        """Say so when a part has ended.

        :raises PlaygroundError: in that case.
        """
        for part, process in self._running.items():
            if process.poll() is not None:
                raise PlaygroundError(f"Airflow's {part} ended; see {self.log(part)}")

    def _healthy(self) -> bool:
        try:
            parts = self._session.get(f"{self.url}/api/v2/monitor/health", timeout=5).json()
        except (requests.RequestException, ValueError):
            return False
        wanted = ("metadatabase", "scheduler", "dag_processor", "triggerer")
        return all((parts.get(part) or {}).get("status") == "healthy" for part in wanted)

    def log_in(self) -> str:
        """Take the password that Airflow made for its user ``admin``, and return it."""
        made = self.folder / "airflow" / "simple_auth_manager_passwords.json.generated"
        made.chmod(0o600)
        password = str(json.loads(made.read_text())["admin"])
        answer = self._session.post(
            f"{self.url}/auth/token", json={"username": "admin", "password": password}, timeout=30
        )
        answer.raise_for_status()
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return password

    def connect(self) -> None:
        """Make the connections that the DAGs name."""
        made: list[dict[str, Any]] = [
            {
                "connection_id": "calcom_default",
                "conn_type": "calcom",
                "host": self.sandbox.url,
                "password": self.sandbox.keys["admin"],
            },
            *(
                {"connection_id": name, "conn_type": "sqlite", "host": str(self.folder / f"{file}.db")}
                for name, file in (("warehouse_default", "warehouse"), ("events", "events"))
            ),
        ]
        for one in made:
            self._call("POST", "/connections", one)

    def unpause(self) -> list[str]:
        """Let all DAGs run, start the one that reads Cal.com, and return their names."""
        wanted = {path.stem for path in dags_folder().glob("*.py")}

        def known() -> set[str]:
            return {dag["dag_id"] for dag in self._call("GET", "/dags")["dags"]}

        self._wait("The DAGs", lambda: wanted <= known())
        self._call("PATCH", "/dags?dag_id_pattern=%25", {"is_paused": False})
        self._call("POST", "/dags/calcom_to_warehouse/dagRuns", {"logical_date": None})
        return sorted(wanted)

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._session.request(method, f"{self.url}/api/v2{path}", json=body, timeout=30)
        if not answer.ok:
            raise PlaygroundError(f"Airflow refused {method} {path}: {answer.status_code}")
        return answer.json() if answer.content else None

    def stop(self) -> None:
        """End the processes that were started, and whatever they started."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for process in self._running.values():
                try:
                    os.killpg(process.pid, number)
                except ProcessLookupError:
                    pass
            until = time.monotonic() + STOP
            while time.monotonic() < until and any(map(_group_lives, self._running.values())):
                time.sleep(0.2)
        self._running.clear()


def _group_lives(process: subprocess.Popen[bytes]) -> bool:
    process.poll()
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def free_port(usual: int) -> int:
    """Return a port of the loopback interface on which nothing listens: the usual one, if it may be.

    :param usual: the port to prefer.
    """
    for port in (usual, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise PlaygroundError("There is no free port on this machine")


def main(arguments: Sequence[str] | None = None) -> int:
    """Open the playground until it is told to end; return the exit status.

    :param arguments: words after the program's name; None takes those of the process.
    """
    parser = argparse.ArgumentParser(prog="make play", description=__doc__)
    parser.add_argument(
        "--folder", type=Path, default=Path("demo-output/play"), help="made anew at each start"
    )
    parser.add_argument(
        "--port", type=int, default=USUAL_PORT, help="a free one is taken if it is in use (8080)"
    )
    options = parser.parse_args(arguments)
    console = Console(highlight=False, soft_wrap=True)
    for number in ENDING:
        signal.signal(number, signal.default_int_handler)
    with Sandbox(users=USERS, live=True) as sandbox:
        playground = Playground(options.folder.resolve(), sandbox, free_port(options.port))
        try:
            _play(playground, console)
        except KeyboardInterrupt:
            return 0
        except PlaygroundError as error:
            console.print(f"[bold red]{error}[/bold red]")
            return 1
        finally:
            # Impatience must not leave anything behind.
            for number in ENDING:
                signal.signal(number, signal.SIG_IGN)
            console.print("ending what was started ...")
            playground.stop()
            console.print("ended")


def _play(playground: Playground, console: Console) -> NoReturn:
    console.print("starting Airflow and an imitation of Cal.com on this machine, about a minute ...")
    playground.start()
    password = playground.log_in()
    playground.connect()
    dags = playground.unpause()
    console.print(
        f"\n  [bold]{playground.url}[/bold]   user [bold]admin[/bold]   password [bold]{password}[/bold]\n"
    )
    console.print(f"DAGs, all unpaused: {', '.join(dags)}")
    console.print("calcom_to_warehouse has been started, and calcom_reporting follows it")
    console.print(
        f"Cal.com of {USERS} people: {playground.sandbox.url}   key {playground.sandbox.keys['admin']}"
    )
    console.print(f"warehouse and logs: {relative(playground.folder)}")
    console.print("Ctrl-C ends everything")
    while True:
        time.sleep(2)
        playground.check()


if __name__ == "__main__":
    raise SystemExit(main())

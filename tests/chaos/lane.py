"""What one line of attacks works with: a folder, children that can be killed, servers of its own."""

from __future__ import annotations

import contextlib
import functools
import itertools
import multiprocessing
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.chaos import children
from tests.chaos.servers import mariadb, room
from tests.chaos.servers.mariadb import MariaDB
from tests.chaos.servers.postgresql import PostgreSQL
from tests.chaos.servers.redis import Redis
from tests.chaos.verdict import WrongError
from tests.plugins.airflow_env import airflow_environment

#: Seconds that a child may take: a longer one hangs.
LONGEST = 150.0


class ChildFailedError(Exception):
    """Carry what a child failed with.

    :param kind: name of the error's class.
    :param text: its message.
    """

    def __init__(self, kind: str, text: str, trace: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind, self.text, self.trace = kind, text, trace


class Child:
    """Hold a process that does one job."""

    def __init__(self, process: Any, connection: Connection) -> None:
        self.process, self._connection = process, connection
        self.threads: list[str] = []
        self._said: tuple[Any, ...] | None = None

    def told(self, seconds: float = LONGEST) -> str:
        """Wait for the next word of the child; empty when it has ended or is silent for so long."""
        if self._said is None and self._connection.poll(seconds):
            try:
                said = self._connection.recv()
            except (EOFError, OSError):
                return ""
            if said[0] == "told":
                return str(said[1])
            self._said = said
        return ""

    @property
    def alive(self) -> bool:
        return bool(self.process.is_alive())

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, number)

    def kill(self) -> bool:
        """Kill it without a word; tell whether it was still running."""
        self.signal(signal.SIGKILL)
        self.join()
        return bool(self.process.exitcode == -signal.SIGKILL)

    def join(self) -> None:
        self.process.join(LONGEST)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join(10)
            raise WrongError(f"a process did not end within {LONGEST:.0f} s")

    def result(self) -> Any:
        """Wait for the child's end and return its result.

        :raises ChildFailedError: when it failed.
        :raises WrongError: when it hangs, died, or left threads.
        """
        while self._said is None and (self.told() or self._said is None):
            if not self.alive and not self._connection.poll(0):
                break
        self.join()
        self._connection.close()
        if self._said is None:
            raise ChildFailedError("Died", f"exit code {self.process.exitcode}", "")
        self.threads = self._said[-1]
        if self.threads:
            raise WrongError(f"threads are left over: {', '.join(self.threads)}")
        if self._said[0] == "error":
            raise ChildFailedError(*self._said[1:4])
        return self._said[1]


class Lane:
    """Hold everything that one line of attacks uses.

    :param folder: where all of it lies.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        #: Whether file systems can be mounted that nobody else sees.
        self.own_mounts = room.own_mounts()
        folder.chmod(0o755)
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.temporary.chmod(0o777)
        self._numbers = itertools.count(1)
        self._stack = contextlib.ExitStack()
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(
            ["tests.chaos.children", "calcom_provider.transfers.calcom_to_sql"]
        )
        # Read by Airflow when it is imported, in the process that children are forked from.
        os.environ.update(airflow_environment(folder / "airflow"))
        self._threads: set[str] | None = None
        self._running: list[Child] = []
        self.state_dir = folder / "state"
        self.state_dir.mkdir()

    @functools.cached_property
    def postgresql(self) -> PostgreSQL:
        server = PostgreSQL(self.folder)
        self._stack.callback(server.stop)
        return server

    @functools.cached_property
    def mariadb(self) -> MariaDB:
        server = MariaDB(self.folder)
        self._stack.callback(server.stop)
        return server

    @functools.cached_property
    def redis(self) -> Redis:
        server = Redis(self.folder)
        self._stack.callback(server.stop)
        return server

    @functools.cached_property
    def databases(self) -> tuple[str, ...]:
        """Name the databases that can be had here."""
        return ("sqlite", "postgresql", "duckdb", *(("mysql",) if mariadb.is_here() else ()))

    @contextlib.contextmanager
    def warehouse(self, database: str, *, bounded: bool = False) -> Iterator[str]:
        """Give the URL of an empty warehouse.

        :param bounded: it will be left without room; of use for MySQL alone.
        """
        if database in ("sqlite", "duckdb"):
            place = self.folder / f"warehouse-{next(self._numbers)}"
            place.mkdir()
            try:
                yield f"{database}:///{place}/warehouse.{database}"
            finally:
                shutil.rmtree(place)
            return
        server: Any = self.postgresql if database == "postgresql" else self.mariadb
        name = server.fresh(bounded=True) if bounded and database == "mysql" else server.fresh()
        try:
            yield server.url(name)
        finally:
            server.drop(name)

    def start(self, function: str, environment: dict[str, str] | None = None, **arguments: Any) -> Child:
        """Start a job of :mod:`tests.chaos.children` in a process of its own."""
        here, there = self._context.Pipe(duplex=False)
        told = {
            "CALCOM_STATE_DIR": str(self.state_dir),
            "TMPDIR": str(self.temporary),
            "CHAOS_LOG": str(self.folder / "children.log"),
            **(environment or {}),
        }
        process = self._context.Process(target=children.main, args=(there, function, told, arguments))
        process.start()
        there.close()
        child = Child(process, here)
        self._running.append(child)
        return child

    def run(self, function: str, environment: dict[str, str] | None = None, **arguments: Any) -> Any:
        """Run a job to its end, and return its result."""
        return self.start(function, environment, **arguments).result()

    def check_clean(self) -> None:
        """Hold that nothing of the past attack is left over here.

        :raises WrongError: when a process, a thread or a file is.
        """
        alive = [child.process.pid for child in self._running if child.alive]
        self._running.clear()
        files = sorted(str(path.relative_to(self.temporary)) for path in self.temporary.rglob("*"))
        if alive or files:
            raise WrongError(f"left over: processes {alive}, files {files[:5]}")
        until = time.monotonic() + 30
        while True:
            here = {one.name for one in threading.enumerate()}
            self._threads = self._threads if self._threads is not None else here
            if here <= self._threads:
                return
            if time.monotonic() > until:
                raise WrongError(f"threads are left over: {sorted(here - self._threads)}")
            time.sleep(0.05)

    def clear(self) -> None:
        """Take away what a broken attack left, so that the next is judged for itself."""
        for child in self._running:
            if child.alive:
                child.kill()
        self._running.clear()
        for path in self.temporary.iterdir():
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)

    def close(self) -> None:
        self.clear()
        self._stack.close()
        shutil.rmtree(self.folder, ignore_errors=True)

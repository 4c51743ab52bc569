"""Run a whole process and measure it: wall time, CPU, largest memory, requests, write-ahead log or snapshots."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Measured:
    """Hold what one process took.

    :param wall: seconds from start to end
    :param cpu: seconds of user and system time of the process and its children
    :param memory: megabytes of the largest process
    :param requests: requests that the stand-in got
    :param refused: of these, answered with 429
    :param wal: megabytes of write-ahead log, None where there is none
    :param stored: megabytes by which the files of a lakehouse grew, None where there is none
    :param snapshots: versions of its tables that were written
    """

    wall: float
    cpu: float
    memory: float
    requests: int
    refused: int
    wal: float | None = None
    stored: float | None = None
    snapshots: float | None = None


class StandIn:
    """Run the stand-in API in a process of its own.

    :param rows: people, memberships and out-of-office entries
    :param script: another server to run instead, with the same options and control paths
    """

    def __init__(self, rows: int, script: Path | None = None) -> None:
        self.rows = rows
        command = [sys.executable, *([str(script)] if script else ["-m", "tests.benchmarks.stand_in"])]
        port = _free_port() if script else 0
        self._process = subprocess.Popen(
            [*command, "--rows", str(rows), "--port", str(port)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert self._process.stdout is not None
        said = self._process.stdout.readline().split()
        if not said or said[0] != "ready":
            raise RuntimeError("the stand-in did not start")
        self.port = port or int(said[1])

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}/v2"

    def control(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/__{path}") as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(
    command: Sequence[str],
    standin: StandIn,
    *,
    environment: Mapping[str, str] | None = None,
    wal: str = "",
    lakehouse: Path | None = None,
) -> Measured:
    """Run a process to its end.

    :param command: words of the command line
    :param standin: the API that it reads
    :param environment: variables on top of this process's
    :param wal: URL of the PostgreSQL database whose log is measured, empty for none
    :param lakehouse: folder whose growth and snapshots are measured, None for none
    """
    standin.control("reset")
    before = _log_position(wal)
    files, versions = _held(lakehouse)
    began = time.monotonic()
    variables = {**os.environ, **(environment or {})}
    # Where this is set every process compiles every module anew, which no installation does.
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    process = subprocess.Popen(
        command,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=ROOT,
    )
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - began
    if process.returncode:
        raise RuntimeError(f"{command[:4]} ended with {process.returncode}:\n{output.decode()[-3000:]}")
    stats = standin.control("stats")
    after = _log_position(wal)
    files_after, versions_after = _held(lakehouse)
    return Measured(
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        memory=usage.ru_maxrss / 1024,
        requests=stats["requests"],
        refused=stats["throttled"],
        wal=(after - before) / 1e6 if wal else None,
        stored=(files_after - files) / 1e6 if lakehouse else None,
        snapshots=versions_after - versions if lakehouse else None,
    )


def _held(lakehouse: Path | None) -> tuple[int, int]:
    """Give the bytes of a lakehouse, and how many versions its tables have: commits of Delta, snapshots of Iceberg."""
    if lakehouse is None or not lakehouse.exists():
        return 0, 0
    files = [path for path in lakehouse.rglob("*") if path.is_file()]
    versions = [
        path
        for path in files
        if (path.parent.name == "_delta_log" and path.suffix == ".json") or path.name.startswith("snap-")
    ]
    return sum(path.stat().st_size for path in files), len(versions)


def _log_position(url: str) -> int:
    if not url:
        return 0
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT pg_current_wal_insert_lsn() - '0/0'").scalar() or 0)


@contextmanager
def fresh_database(server: str, name: str) -> Iterator[str]:
    """Make an empty database on a server and drop it afterwards.

    :param server: URL of a database that may create others
    :param name: name of the new one
    """
    options = {} if server.startswith("mysql") else {"isolation_level": "AUTOCOMMIT"}
    admin = sa.create_engine(server, poolclass=sa.NullPool, **options)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            force = "" if server.startswith("mysql") else " WITH (FORCE)"
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}{force}")

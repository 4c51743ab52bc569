"""Airflow as companies run it: metadata in PostgreSQL, each part a process, tasks by an executor of one's choice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.plugins.airflow_env import DAGS
from tests.system.airflow_server import BIN, Api, Processes, free_port, server_environment, wait_for


def parts(url: str, conn_type: str = "postgres") -> dict[str, Any]:
    """Return the fields of an Airflow connection to a database."""
    found = sa.make_url(url)
    return {
        "conn_type": conn_type,
        "host": found.host,
        "port": found.port or 5432,
        "login": found.username,
        "password": found.password,
        "schema": found.database,
    }


def metadata_url(postgres_url: str) -> str:
    """Return the address of a database as Airflow takes it."""
    url = sa.make_url(postgres_url).set(drivername="postgresql+psycopg2")
    return url.render_as_string(hide_password=False)


def celery(postgres_url: str, redis_url: str) -> dict[str, str]:
    """Return the settings of Celery's executor."""
    return {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CELERY__BROKER_URL": redis_url,
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{metadata_url(postgres_url)}",
        "AIRFLOW__CELERY__SYNC_PARALLELISM": "1",
    }


@contextmanager
def airflow_on_postgres(
    home: Path, postgres_url: str, connections: dict[str, dict[str, Any]], **more: str
) -> Iterator[tuple[Api, Processes]]:
    """Run an Airflow whose parts are processes of their own, with its metadata in PostgreSQL.

    :param home: its AIRFLOW_HOME.
    :param postgres_url: database of the metadata.
    :param connections: Airflow connections by id.
    :param more: further environment variables; the executor among them.
    """
    port = free_port()
    environment = server_environment(home, port, connections) | {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata_url(postgres_url),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        **more,
    }
    processes = Processes(home, environment)
    program = str(BIN / "airflow")
    api = Api(f"http://127.0.0.1:{port}")
    try:
        assert processes.start("migrate", program, "db", "migrate").wait(180) == 0, processes.logs()
        for part in ("api-server", "scheduler", "dag-processor", "triggerer"):
            processes.start(part, program, part)
        wait_for("a healthy Airflow", 180, api.healthy)
        api.log_in()
        yield api, processes
    except BaseException:
        print(processes.logs())
        raise
    finally:
        processes.stop()


def start_worker(processes: Processes, name: str, tasks: int = 1) -> None:
    """Start a Celery worker and wait until it takes tasks; so many at a time."""
    log = processes.folder / f"{name}.log"
    command = (
        "celery",
        "worker",
        "--concurrency",
        str(tasks),
        "--celery-hostname",
        f"{name}@%h",
        "--skip-serve-logs",
    )
    processes.start(name, str(BIN / "airflow"), *command)
    wait_for(f"worker {name}", 120, lambda: log.exists() and "ready." in log.read_text(errors="replace"))


def seconds(run: dict[str, Any]) -> float:
    """Return how long a DAG run took."""
    start, end = (
        datetime.fromisoformat(run[name].replace("Z", "+00:00")) for name in ("start_date", "end_date")
    )
    return (end - start).total_seconds()

"""Give each test process an Airflow of its own: a home in a temporary folder, an empty database.

The environment is set before anything can import Airflow, whose settings are read at import. Nothing here
imports Airflow by itself, so tests of the lower floors start as fast as without it. The metadata database
is made by the ``airflow_db`` fixture, when the first test asks for it. Airflow's unit-test mode stays off,
because it changes what the DAGs are tested for: with it, a cron schedule has data intervals that it has not
in reality.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun

REPOSITORY = Path(__file__).resolve().parents[2]
DAGS = REPOSITORY / "dags"
HOME: pytest.StashKey[Path] = pytest.StashKey()


def airflow_environment(home: Path) -> dict[str, str]:
    """Return the settings of an Airflow that lives in ``home`` and knows this repository's DAGs."""
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW__API_AUTH__JWT_SECRET": "only-for-tests-" + "0" * 64,
        "CALCOM_STATE_DIR": str(home / "calcom-state"),
        "CALCOM_SANDBOX_TODAY": "2026-03-16T09:00",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def pytest_configure(config: pytest.Config) -> None:
    home = Path(tempfile.mkdtemp(prefix=f"airflow-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}-"))
    config.stash[HOME] = home
    for name in list(os.environ):
        # Settings of the machine's own Airflow must not reach the tests.
        if name.startswith(("AIRFLOW__", "AIRFLOW_CONN_", "AIRFLOW_VAR_")):
            del os.environ[name]
    os.environ.update(airflow_environment(home))


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[HOME], ignore_errors=True)


@pytest.fixture(scope="session")
def airflow_home(request: pytest.FixtureRequest) -> Path:
    """Return this test process's AIRFLOW_HOME."""
    return request.config.stash[HOME]


@pytest.fixture(scope="session")
def airflow_db(airflow_home: Path) -> Path:
    """Make the metadata database and return AIRFLOW_HOME."""
    from airflow.utils.db import initdb

    initdb()
    return airflow_home


@pytest.fixture
def set_connection(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return a function that defines an Airflow connection for this test, by environment variable."""

    def define(conn_id: str, **fields: Any) -> str:
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(fields))
        return conn_id

    return define


@pytest.fixture
def calcom_default(sandbox: Any, set_connection: Callable[..., str]) -> str:
    """Define ``calcom_default`` as the key of an administrator of the sandbox."""
    return set_connection(
        "calcom_default", conn_type="calcom", host=sandbox.url, password=sandbox.keys["admin"]
    )


@pytest.fixture
def warehouse_default(tmp_path: Path, set_connection: Callable[..., str]) -> Path:
    """Define ``warehouse_default`` as a new SQLite file and return its path."""
    path = tmp_path / "warehouse.db"
    set_connection("warehouse_default", conn_type="sqlite", host=str(path))
    return path


class TaskInstance:
    """Stand in for what a task sees of itself, where operators are executed without Airflow."""

    dag_id, task_id, run_id, map_index, try_number = "dag", "task", "run", -1, 1

    def __init__(self) -> None:
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value

    def xcom_pull(self, *, key: str = "return_value", **_: Any) -> Any:
        return self.pushed.get(key)


class OutletEvents(dict[Any, Any]):
    """Collect asset events by outlet."""

    class Accessor:
        def __init__(self) -> None:
            self.events: list[tuple[Any, dict[str, Any]]] = []

        def add(self, asset: Any, extra: dict[str, Any]) -> None:
            self.events.append((asset, extra))

    def __missing__(self, key: Any) -> Accessor:
        self[key] = self.Accessor()
        return self[key]


@pytest.fixture
def task_context() -> dict[str, Any]:
    """Return the context of a run without a logical date: the keys that come from one are missing."""
    return {"ti": TaskInstance(), "outlet_events": OutletEvents()}


@pytest.fixture
def run_dag(airflow_db: Path) -> Callable[..., DagRun]:
    """Return a function that runs one DAG of ``dags/`` to its end and returns the DAG run.

    Runs are without a logical date, like those that a person or an asset starts in Airflow 3.
    """

    def run(dag_id: str, conf: dict[str, Any] | None = None, folder: Path = DAGS) -> DagRun:
        from airflow.dag_processing.dagbag import DagBag

        bag = DagBag(folder)
        assert bag.import_errors == {}
        dag = bag.dags[dag_id]
        for task in dag.tasks:
            # DAG.test() really waits between tries.
            settings = getattr(task, "partial_kwargs", None)
            if settings is not None:
                settings |= {"retries": 0}
            else:
                task.retries = 0
        return dag.test(logical_date=None, run_conf=conf)

    return run


@pytest.fixture
def task_results(airflow_db: Path) -> Callable[..., Any]:
    """Return a function that reads what a task of a finished run returned."""

    def read(run: DagRun, task_id: str, key: str = "return_value", map_index: int = -1) -> Any:
        from airflow.models.xcom import XComModel
        from airflow.settings import Session
        from sqlalchemy import select

        with Session() as session:
            row = session.scalars(
                select(XComModel).where(
                    XComModel.run_id == run.run_id,
                    XComModel.dag_id == run.dag_id,
                    XComModel.task_id == task_id,
                    XComModel.key == key,
                    XComModel.map_index == map_index,
                )
            ).first()
            return None if row is None else XComModel.deserialize_value(row)

    return read

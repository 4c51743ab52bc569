"""Show the provider at work: a real Airflow DAG reads an imitated Cal.com organisation into a database file.

``make demo`` runs this. It starts the sandbox on a free port of this machine, makes a small Airflow in
``demo-output/``, runs the DAG that users copy, and compares what landed with what the sandbox holds.
Nothing leaves the machine. The database is kept: run it again and it shows that nothing has to be written
twice.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from calcom_provider.sandbox import Sandbox
from calcom_provider.sandbox.demo.present import first_day
from calcom_provider.sandbox.demo.terminal import open_terminal, output_to, relative

USERS = 300
REQUESTS_ALLOWED = 100


@dataclass
class Demo:
    """What the steps share.

    :param folder: where everything is written.
    :param sandbox: the running imitation of Cal.com.
    :param console: the terminal, even while Airflow's own output goes to a file.
    """

    folder: Path
    sandbox: Sandbox
    console: Console
    outcome: dict[str, Any] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    @property
    def warehouse(self) -> Path:
        """Return the database file that the DAG writes."""
        return self.folder / "warehouse.db"

    @property
    def report(self) -> Path:
        """Return the page that shows what the database tells."""
        return self.folder / "report.html"

    @property
    def log(self) -> Path:
        """Return the file that Airflow's output goes to."""
        return self.folder / "airflow.log"

    def fail(self, reason: str) -> None:
        """Note a mismatch; the demo goes on and ends with an error."""
        self.failures.append(reason)
        self.console.print(f"[red]{reason}[/red]")


Step = Callable[[Demo], None]


def main() -> int:
    """Run every step and return the exit status: 0 if all is as it should be."""
    started = time.monotonic()
    folder = Path("demo-output").resolve()
    folder.mkdir(exist_ok=True)
    imitation = Sandbox(users=USERS, today=first_day(folder / "warehouse.db"))
    with imitation as sandbox, open_terminal() as console, tempfile.TemporaryDirectory() as state:
        demo = Demo(folder, sandbox, console)
        console.print(f"Sandbox: {USERS} people behind {sandbox.url}, imitating Cal.com's API v2")
        set_environment(demo, Path(state))
        for title, step in STEPS:
            begun = time.monotonic()
            console.print(f"[bold]{title}[/bold]")
            with output_to(demo.log):
                carry_out(step, demo)
            console.print(f"  [dim]{time.monotonic() - begun:.1f} s[/dim]")
            if demo.failures:
                break
        seconds = time.monotonic() - started
        if demo.failures:
            console.print(f"[bold red]DEMO FAILED[/bold red] after {seconds:.0f} s: {demo.failures[0]}")
            return 1
        console.print(
            f"[bold green]DEMO OK[/bold green] in {seconds:.0f} s: {demo.outcome['rows_changed']} rows "
            f"changed, every table equals the sandbox; look into {relative(demo.warehouse)}"
        )
        return 0


def carry_out(step: Step, demo: Demo) -> None:
    """Run one step; what it fails with is told in a line, and its traceback goes to the log.

    :param step: the step.
    :param demo: what it works on.
    """
    try:
        step(demo)
    except Exception as error:
        traceback.print_exc()
        reason = str(error).partition("\n")[0]
        demo.fail(f"{type(error).__name__}: {reason} (details in {relative(demo.log)})")


# -- steps -----------------------------------------------------------------------------------------


def prepare_airflow(demo: Demo) -> None:
    """Make Airflow's own database, or bring a kept one up to date."""
    from airflow.utils.db import initdb

    initdb()


def sync_organization(demo: Demo) -> None:
    """Run the DAG that syncs the organisation and keep what its task returned."""
    kept = demo.warehouse.exists()
    before = demo.sandbox.stats()["requests"]
    run = run_dag("calcom_to_warehouse")
    if run.state != "success":
        demo.fail(f"the DAG run ended as {run.state}; the task's log is in {relative(demo.log)}")
        return
    demo.outcome = task_result(run, "sync")
    requests = demo.sandbox.stats()["requests"] - before
    changed = demo.outcome["rows_changed"]
    what = "on the kept database: " if kept else ""
    demo.console.print(f"  {what}{changed} rows changed, {requests} requests, limit left: {limit_left(demo)}")
    if requests >= REQUESTS_ALLOWED:
        demo.fail(f"{requests} requests are too many; fewer than {REQUESTS_ALLOWED} were promised")
    if kept and changed:
        demo.fail(f"the kept database was up to date, yet {changed} rows were changed")


def compare_tables(demo: Demo) -> None:
    """Show each table's rows beside what the sandbox holds."""
    shown = Table("table", "rows landed", "rows in the sandbox", "equal", box=None, pad_edge=True)
    for column in shown.columns[1:3]:
        column.justify = "right"
    with closing(sqlite3.connect(demo.warehouse)) as database:
        held = demo.sandbox.rows()
        for table in demo.outcome["tables"]:
            landed, there = current_rows(database, table), held[table.removeprefix("calcom_")]
            shown.add_row(table, str(landed), str(there), "yes" if landed == there else "[red]no[/red]")
            if landed != there:
                demo.failures.append(f"{table} has {landed} rows, the sandbox holds {there}")
    demo.console.print(shown)


def plan_hr_data(demo: Demo) -> None:
    """Show what a small HR export would write; nothing is."""
    from calcom_provider.api.client import CalComClient
    from calcom_provider.api.http.auth import ApiKey
    from calcom_provider.hr.demo import show

    with CalComClient(auth=ApiKey(demo.sandbox.keys["admin"]), base_url=demo.sandbox.url) as client:
        plan = show(client, demo.console)
    if plan.outcome != "changes":
        demo.fail(f"the HR plan ended as {plan.outcome}")


def show_report(demo: Demo) -> None:
    """Make the reporting views in the database, and write the page that is read from them."""
    from calcom_provider.reporting.building.build import Reports
    from calcom_provider.reporting.page.collect import collect
    from calcom_provider.reporting.page.render import render

    url = f"sqlite:///{demo.warehouse}"
    with Reports(url) as reports:
        made = reports.create()
    skipped = sum(one.status == "skipped" for one in made)
    demo.report.write_text(render(collect(url)), encoding="utf-8")
    what = f"{len(made) - skipped} views, {skipped} need tables that are not read here"
    demo.console.print(f"  {what}; open {relative(demo.report)} in a browser")


STEPS: tuple[tuple[str, Step], ...] = (
    ("1. Prepare a small Airflow", prepare_airflow),
    ("2. Run the DAG calcom_to_warehouse", sync_organization),
    ("3. Compare the tables with the sandbox", compare_tables),
    ("4. Plan HR absences for Cal.com, write nothing", plan_hr_data),
    ("5. Report what the tables tell, as a page", show_report),
)


# -- Airflow ---------------------------------------------------------------------------------------


def set_environment(demo: Demo, state: Path) -> None:
    """Set what Airflow reads when it is imported: its home, its database, the DAGs and two connections.

    :param demo: the demo.
    :param state: folder for the rate limiter. It starts empty, because the sandbox does too.
    """
    home = demo.folder / "airflow"
    for name in [name for name in os.environ if name.startswith(("AIRFLOW__", "AIRFLOW_CONN_"))]:
        del os.environ[name]
    os.environ.update(
        AIRFLOW_HOME=str(home),
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{home}/airflow.db",
        AIRFLOW__CORE__DAGS_FOLDER=str(dags_folder()),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__LOGGING__LOGGING_LEVEL="INFO",
        AIRFLOW__LOGGING__BASE_LOG_FOLDER=str(home / "logs"),
        AIRFLOW__USAGE_DATA_COLLECTION__ENABLED="False",
        AIRFLOW_CONN_CALCOM_DEFAULT=json.dumps(
            {"conn_type": "calcom", "host": demo.sandbox.url, "password": demo.sandbox.keys["admin"]}
        ),
        AIRFLOW_CONN_WAREHOUSE_DEFAULT=json.dumps({"conn_type": "sqlite", "host": str(demo.warehouse)}),
        CALCOM_STATE_DIR=str(state),
        NO_PROXY="127.0.0.1,localhost",
        no_proxy="127.0.0.1,localhost",
    )
    home.mkdir(exist_ok=True)


def dags_folder() -> Path:
    """Return the folder of the DAGs: beside the package in a clone, inside it when installed."""
    package = Path(__file__).resolve().parents[2]
    for folder in (package.parents[1] / "dags", package / "example_dags"):
        if (folder / "calcom_to_warehouse.py").is_file():
            return folder
    raise FileNotFoundError("The DAGs of the demo are missing: run it from a clone of the repository.")


def run_dag(dag_id: str, conf: dict[str, Any] | None = None) -> Any:
    """Run a DAG to its end in this process and return the DAG run.

    :param dag_id: id of the DAG.
    :param conf: values of its parameters.
    """
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dags_folder())
    if dag_id not in bag.dags:
        raise RuntimeError(f"DAG {dag_id} cannot be imported: {bag.import_errors}")
    return bag.dags[dag_id].test(logical_date=None, run_conf=conf)


def task_result(run: Any, task_id: str) -> Any:
    """Return what a task of a finished run returned.

    :param run: the DAG run.
    :param task_id: id of the task.
    """
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        row = session.scalars(
            select(XComModel).where(
                XComModel.run_id == run.run_id,
                XComModel.dag_id == run.dag_id,
                XComModel.task_id == task_id,
                XComModel.key == "return_value",
                XComModel.map_index == -1,
            )
        ).one()
        return XComModel.deserialize_value(row)


# -- counting --------------------------------------------------------------------------------------


def current_rows(database: sqlite3.Connection, table: str) -> int:
    """Count a table's rows; of a table with history those that hold now.

    :param database: the open warehouse.
    :param table: name of the table.
    """
    columns = {row[1] for row in database.execute(f'PRAGMA table_info("{table}")')}
    where = " WHERE is_current" if "is_current" in columns else ""
    return int(database.execute(f'SELECT count(*) FROM "{table}"{where}').fetchone()[0])


def limit_left(demo: Demo) -> str:
    """Return how many requests of how many the key has left in its window, as the limiter learnt them."""
    from calcom_provider.hooks.calcom import CalComHook

    snapshot = CalComHook().get_conn().governor.snapshot()
    return f"{snapshot.remaining} of {snapshot.limit}"

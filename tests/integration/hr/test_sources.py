"""The same people come in the same way from every kind of source, on a real Airflow."""

from __future__ import annotations

import json
import sqlite3
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.hr.target.gateway import Gateway, read_state
from calcom_provider.sandbox import Sandbox

DAG_HEAD = """
import json
from pathlib import Path
from airflow.sdk import DAG, ObjectStoragePath, task
from calcom_provider.operators.hr_attributes import CalComAttributeSyncOperator

HERE = Path(__file__).parents[1]
FIELDS = {"id": "id", "email": "email"}

def write(source, **how):
    return CalComAttributeSyncOperator(
        task_id="write",
        employees=source,
        mapping={"employees": {"fields": FIELDS, **how}},
        columns={"centre": {"attribute": "cost-centre", "mode": "additive"}},
        timezone="Europe/Berlin",
        directory_sync=False,
    )

with DAG("source", schedule=None):
"""

#: How each source is named in the DAG.
SOURCES = {
    "csv path": 'write(str(HERE / "people.csv"), format="csv")',
    "json path": 'write(str(HERE / "people.json"), format="json", records="staff")',
    "object storage": 'write({"path": f"file://{HERE}/people.csv"}, format="csv")',
    "object storage with a connection": 'write({"path": f"file://files@{HERE}/people.csv"}, format="csv")',
    "object storage of another scheme": """
        @task
        def put():
            ObjectStoragePath("memory://hr/people.csv").write_bytes((HERE / "people.csv").read_bytes())
        put() >> write("memory://hr/people.csv", format="csv")""",
    "bom and semicolons": 'write(str(HERE / "people-bom.csv"), format="csv", separator=";")',
    "latin-1": 'write(str(HERE / "people-latin.csv"), format="csv", encoding="latin-1")',
    "query": 'write({"sql": "SELECT id, email, centre FROM people WHERE gone = :gone", "conn_id": "hr_db",'
    ' "parameters": {"gone": 0}})',
    "records": 'write(json.loads((HERE / "people.json").read_text())["staff"])',
    "records of a task": """
        @task
        def people():
            return json.loads((HERE / "people.json").read_text())["staff"]
        write(people())""",
    "data frame of a task": """
        @task
        def people():
            import pandas as pd
            return pd.DataFrame(json.loads((HERE / "people.json").read_text())["staff"])
        write(people())""",
}


@pytest.fixture
def staff(
    sandbox: Sandbox,
    gateway: Gateway,
    tmp_path: Path,
    set_connection: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> list[dict[str, str]]:
    """Write the same people down in every form; one has a cost centre that a careless reader takes for null."""
    monkeypatch.setenv("CALCOM_STATE_DIR", str(tmp_path / "state"))
    bundle = {
        "name": "sources",
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(tmp_path / "dags")},
    }
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([bundle]))
    (tmp_path / "dags").mkdir()
    set_connection("calcom_default", conn_type="calcom", host=sandbox.url, password=sandbox.keys["admin"])
    set_connection("hr_db", conn_type="sqlite", host=str(tmp_path / "hr.db"))
    users = [one for one in read_state(gateway).users.values() if one.accepted and one.has_profile]
    attribute = next(iter(gateway.read_attributes(["cost-centre"]).values()))
    free = sorted((one for one in users if not attribute.held_by(one.id)), key=lambda one: one.id)[:3]
    centres = ["NA", "007", "Köln"]
    rows = [
        {"id": f"E{one.id}", "email": one.email, "centre": centre}
        for one, centre in zip(free, centres, strict=True)
    ]
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    (tmp_path / "people.csv").write_text("\n".join(",".join(line) for line in lines))
    (tmp_path / "people-bom.csv").write_text("\n".join(";".join(line) for line in lines), "utf-8-sig")
    (tmp_path / "people-latin.csv").write_text("\n".join(",".join(line) for line in lines), "latin-1")
    (tmp_path / "people.json").write_text(json.dumps({"staff": rows}))
    with sqlite3.connect(tmp_path / "hr.db") as database:
        database.execute("CREATE TABLE people (id TEXT, email TEXT, centre TEXT, gone INTEGER)")
        database.executemany("INSERT INTO people VALUES (:id, :email, :centre, 0)", rows)
        database.execute("INSERT INTO people VALUES ('E0', 'left@example.com', 'X', 1)")
    return rows


@pytest.mark.parametrize("kind", SOURCES)
def test_a_source_brings_the_same_people(
    kind: str,
    staff: list[dict[str, str]],
    gateway: Gateway,
    tmp_path: Path,
    run_dag: Callable[..., Any],
    task_results: Callable[..., Any],
    set_connection: Callable[..., str],
) -> None:
    set_connection("files", conn_type="file")
    (tmp_path / "dags" / "source.py").write_text(
        DAG_HEAD + textwrap.indent(textwrap.dedent(SOURCES[kind]).strip(), "    ")
    )
    run = run_dag("source", folder=tmp_path / "dags" / "source.py")
    assert run.state == "success"
    result = task_results(run, "write")
    assert result["actions"]["assign_value"] == len(staff)
    attribute = next(iter(gateway.read_attributes(["cost-centre"]).values()))
    by_mail = {one.email: one.id for one in read_state(gateway).users.values()}
    held = {
        row["email"]: [attribute.options[one].value for one in attribute.held_by(by_mail[row["email"]])]
        for row in staff
    }
    assert held == {row["email"]: [row["centre"]] for row in staff}


def test_a_failing_query_tells_no_row(
    staff: list[dict[str, str]],
    tmp_path: Path,
    run_dag: Callable[..., Any],
    capfd: pytest.CaptureFixture[str],
) -> None:
    bad = 'write({"sql": "SELECT email, nonsense FROM people", "conn_id": "hr_db"})'
    (tmp_path / "dags" / "source.py").write_text(DAG_HEAD + "    " + bad)
    assert run_dag("source", folder=tmp_path / "dags" / "source.py").state == "failed"
    out = capfd.readouterr()
    assert "the query on hr_db failed (OperationalError)" in out.out
    assert staff[0]["email"] not in out.out + out.err


def test_a_float_in_an_id_column_fails_its_row_alone(
    staff: list[dict[str, str]],
    gateway: Gateway,
    tmp_path: Path,
    run_dag: Callable[..., Any],
    capfd: pytest.CaptureFixture[str],
) -> None:
    handed_over = """
        @task
        def people():
            rows = json.loads((HERE / "people.json").read_text())["staff"]
            return [{**rows[0], "id": 42.0}, *rows[1:]]
        write(people())"""
    (tmp_path / "dags" / "source.py").write_text(
        DAG_HEAD + textwrap.indent(textwrap.dedent(handed_over).strip(), "    ")
    )
    assert run_dag("source", folder=tmp_path / "dags" / "source.py").state == "failed"
    assert "1 rows failed (allowed 0): row 1: float_id" in capfd.readouterr().out
    attribute = next(iter(gateway.read_attributes(["cost-centre"]).values()))
    by_mail = {one.email: one.id for one in read_state(gateway).users.values()}
    assert [len(attribute.held_by(by_mail[row["email"]])) for row in staff] == [0, 1, 1]

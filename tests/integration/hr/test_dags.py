"""The HR DAGs run to their end on a real Airflow, the sandbox behind them, and tell nobody's data."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from calcom_provider.cli.app import run as run_command
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.target.gateway import Gateway, read_state
from calcom_provider.sandbox import Sandbox
from tests.unit.hr.promises import promised

SECRETS = ("Sabbatical in Peru", "Kneeop", "please keep private")


@pytest.fixture
def wired(
    sandbox: Sandbox, tmp_path: Path, set_connection: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sandbox]:
    monkeypatch.setenv("CALCOM_STATE_DIR", str(tmp_path / "state"))
    set_connection("calcom_default", conn_type="calcom", host=sandbox.url, password=sandbox.keys["admin"])
    set_connection("warehouse_default", conn_type="sqlite", host=str(tmp_path / "warehouse.db"))
    return sandbox


@pytest.fixture
def people(gateway: Gateway) -> list[Any]:
    users = [one for one in read_state(gateway).users.values() if one.accepted and one.has_profile]
    return sorted(users, key=lambda one: one.id)[:8]


MAPPING = {
    "employees": {"format": "csv", "fields": {"id": "id", "email": "email"}},
    "absences": {
        "format": "json",
        "fields": {
            "key": "id",
            "email": "email",
            "status": "status",
            "type": "type",
            "start": "from",
            "end": "to",
        },
    },
}


@pytest.fixture
def absences(people: list[Any], tmp_path: Path) -> Path:
    rows = [
        {
            "id": f"R{number}",
            "email": one.email,
            "status": "approved",
            "type": SECRETS[number % 2],
            "from": "2027-03-01",
            "to": "2027-03-05",
            "comment": SECRETS[2],
        }
        for number, one in enumerate(people)
    ]
    path = tmp_path / "absences.json"
    path.write_text(json.dumps(rows))
    return path


@pytest.fixture
def employees(people: list[Any], tmp_path: Path) -> Path:
    path = tmp_path / "employees.csv"
    lines = ["id,email,centre", *(f"E{one.id},{one.email},CC-{one.id}" for one in people)]
    path.write_text("\n".join(lines))
    return path


def conf(**more: Any) -> dict[str, Any]:
    return {"mapping": MAPPING, "timezone": "Europe/Berlin", **more}


def all_xcoms() -> str:
    from airflow.models.xcom import XComModel
    from airflow.settings import Session
    from sqlalchemy import select

    with Session() as session:
        return "\n".join(str(row.value) for row in session.scalars(select(XComModel)))


def rendered_fields() -> str:
    from airflow.models.renderedtifields import RenderedTaskInstanceFields
    from airflow.settings import Session
    from sqlalchemy import select

    with Session() as session:
        return "\n".join(
            str(row.rendered_fields) for row in session.scalars(select(RenderedTaskInstanceFields))
        )


def assert_private(people: list[Any], *texts: str) -> None:
    for text in texts:
        for word in (*SECRETS, *(one.email for one in people)):
            assert word not in text


def test_absences_come_in_and_nothing_leaks(
    wired: Sandbox,
    gateway: Gateway,
    people: list[Any],
    absences: Path,
    employees: Path,
    run_dag: Callable[..., Any],
    task_results: Callable[..., Any],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    arguments = conf(
        absences=str(absences),
        employees=str(employees),
        as_of="2027-02-01",
        confirm={"same_day": len(people)},
    )
    run = run_dag("hris_out_of_office_sync", arguments)
    assert run.state == "success"
    result = task_results(run, "write_out_of_office")
    assert result["statuses"] == {"done": len(people)}
    with Ledger(f"sqlite:///{tmp_path / 'warehouse.db'}") as ledger:
        [told] = ledger.confirmations(result["plan_id"])
    assert told["by"] == "dag_test"  # who started the run, as Airflow names it
    assert [one["guard"] for one in told["guards"]] == ["same_day"]
    entries = [one for one in gateway.read_entries().values() if one.start.isoformat() == "2027-03-01"]
    assert len(entries) == len(people)
    assert {one.reason for one in entries} == {"unspecified"}
    again = run_dag("hris_out_of_office_sync", arguments)
    assert task_results(again, "write_out_of_office")["outcome"] == "no_change"
    out = capfd.readouterr()
    notes = " ".join(one.notes or "" for one in entries)
    assert_private(people, out.out, out.err, caplog.text, all_xcoms(), rendered_fields(), notes)


def test_a_refused_plan_fails_the_task_and_writes_nothing(
    wired: Sandbox, gateway: Gateway, absences: Path, employees: Path, run_dag: Callable[..., Any]
) -> None:
    before = gateway.read_entries()
    arguments = conf(absences=str(absences), employees=str(employees), as_of="2027-02-01")
    run = run_dag("hris_out_of_office_sync", arguments)
    assert run.state == "failed"
    assert gateway.read_entries() == before


def test_attributes_come_in(
    wired: Sandbox,
    gateway: Gateway,
    people: list[Any],
    employees: Path,
    run_dag: Callable[..., Any],
    task_results: Callable[..., Any],
) -> None:
    state = gateway.read_attributes(["cost-centre"])
    attribute = next(iter(state.values()))
    free = [one for one in people if not attribute.held_by(one.id)]
    columns = {"centre": {"attribute": "cost-centre", "mode": "owned"}}
    arguments = conf(employees=str(employees), columns=columns, directory_sync=False)
    run = run_dag("hris_attribute_sync", arguments)
    assert run.state == "success"
    result = task_results(run, "write_attributes")
    assert result["actions"].get("assign_value", 0) == len(free)
    assert (
        task_results(run_dag("hris_attribute_sync", arguments), "write_attributes")["outcome"] == "no_change"
    )


def test_directory_sync_has_to_be_said(
    wired: Sandbox, employees: Path, run_dag: Callable[..., Any], capfd: pytest.CaptureFixture[str]
) -> None:
    columns = {"centre": {"attribute": "cost-centre"}}
    run = run_dag("hris_attribute_sync", conf(employees=str(employees), columns=columns, directory_sync=None))
    assert run.state == "failed"
    assert "directory_sync" in capfd.readouterr().out


def answer(option: str, stop: threading.Event) -> threading.Thread:
    """Answer the approval as a person does, by the function behind Airflow's REST route."""

    def work() -> None:
        from airflow.api_fastapi.core_api.datamodels.hitl import UpdateHITLDetailPayload
        from airflow.api_fastapi.core_api.routes.public.hitl import update_hitl_detail
        from airflow.models.taskinstance import TaskInstance
        from airflow.settings import Session
        from airflow.utils.state import TaskInstanceState
        from sqlalchemy import select

        reviewer = SimpleNamespace(get_id=lambda: "reviewer", get_name=lambda: "reviewer")
        payload = UpdateHITLDetailPayload(chosen_options=[option], params_input={})
        while not stop.wait(0.3):
            with Session() as session:
                parked = session.scalars(
                    select(TaskInstance).where(TaskInstance.state == TaskInstanceState.AWAITING_INPUT)
                ).first()
                if parked is not None:
                    update_hitl_detail(
                        parked.dag_id,
                        parked.run_id,
                        parked.task_id,
                        payload,
                        reviewer,
                        session,
                        parked.map_index,
                    )
                    session.commit()
                    return

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize(("option", "written"), [("Approve", True), ("Reject", False)])
def test_nothing_is_written_without_approval(
    option: str,
    written: bool,
    wired: Sandbox,
    gateway: Gateway,
    people: list[Any],
    employees: Path,
    run_dag: Callable[..., Any],
) -> None:
    attribute_id = next(iter(gateway.read_attributes(["cost-centre"])))
    before = gateway.holders_of_options(attribute_id)
    stop = threading.Event()
    thread = answer(option, stop)
    columns = {"centre": {"attribute": "cost-centre", "mode": "owned"}}
    run = run_dag(
        "calcom_approved_write_back", conf(employees=str(employees), columns=columns, directory_sync=False)
    )
    stop.set()
    thread.join(60)
    assert run.state == "success"
    states = {one.task_id: str(one.state) for one in run.get_task_instances()}
    assert states["apply"] == ("success" if written else "skipped")
    assert (gateway.holders_of_options(attribute_id) != before) is written


def test_round_trip(
    wired: Sandbox,
    gateway: Gateway,
    people: list[Any],
    absences: Path,
    run_dag: Callable[..., Any],
    tmp_path: Path,
) -> None:
    few = json.loads(absences.read_text())[:4]
    absences.write_text(json.dumps(few))
    run = run_dag("calcom_round_trip", conf(absences=str(absences), employees=None, as_of="2027-02-01"))
    assert run.state == "success"
    import sqlite3

    with sqlite3.connect(tmp_path / "warehouse.db") as database:
        found = database.execute(
            "SELECT count(*) FROM calcom_ooo_entries WHERE start_at LIKE '2027-03-01%'"
        ).fetchone()
    assert found == (4,)


@pytest.mark.parametrize(
    ("confirm", "state"), [(None, "failed"), ({"match_rate": 0, "match_rate_drop": 100}, "success")]
)
def test_a_run_without_employees_deletes_nothing(
    confirm: dict[str, int] | None,
    state: str,
    wired: Sandbox,
    gateway: Gateway,
    people: list[Any],
    absences: Path,
    employees: Path,
    run_dag: Callable[..., Any],
) -> None:
    """The rows name people by HR ids; there is no employee source."""
    promised("It deletes nothing of people whom only the employee source could have told.")
    fields = MAPPING["absences"]["fields"] | {"employee_id": "person"}
    del fields["email"]
    mapping = MAPPING | {"absences": MAPPING["absences"] | {"fields": fields}}
    rows = [
        {**row, "person": f"E{one.id}"}
        for row, one in zip(json.loads(absences.read_text()), people, strict=True)
    ]
    absences.write_text(json.dumps(rows[:3]))
    arguments = {"mapping": mapping, "timezone": "UTC", "absences": str(absences), "as_of": "2027-02-01"}
    assert run_dag("hris_out_of_office_sync", arguments | {"employees": str(employees)}).state == "success"
    before = gateway.read_entries()
    assert sum(one.start.isoformat() == "2027-03-01" for one in before.values()) == 3
    run = run_dag("hris_out_of_office_sync", arguments | {"employees": None, "confirm": confirm})
    assert run.state == state
    assert gateway.read_entries() == before


def test_a_quarantine_is_told_through_airflow_once_when_it_begins_and_once_when_it_ends(
    wired: Sandbox,
    people: list[Any],
    absences: Path,
    employees: Path,
    run_dag: Callable[..., Any],
    task_results: Callable[..., Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = conf(absences=str(absences), employees=str(employees), as_of="2027-02-01")
    run = run_dag("hris_out_of_office_sync", arguments)
    assert run.state == "failed"
    assert task_results(run, "write_out_of_office", key="quarantine")["state"] == "began"
    again = run_dag("hris_out_of_office_sync", arguments)
    assert again.state == "failed"
    assert task_results(again, "write_out_of_office", key="quarantine")["state"] == "lasts"
    command = ["hr", "quarantine", "--ledger", f"sqlite:///{tmp_path / 'warehouse.db'}"]
    capsys.readouterr()
    assert run_command([*command, "--json"]) == 0
    (shown,) = json.loads(capsys.readouterr().out)
    assert [one["guard"] for one in shown["guards"]] == ["same_day"]
    done = run_dag("hris_out_of_office_sync", arguments | {"confirm": {"same_day": len(people)}})
    assert done.state == "success"
    told = task_results(done, "write_out_of_office", key="quarantine")
    assert (told["state"], told["ended_as"]) == ("ended", "confirmed")
    capsys.readouterr()
    assert run_command(command) == 0
    assert "No namespace is in quarantine." in capsys.readouterr().out
    assert run_command([*command, "--all"]) == 0
    assert "ended_as: confirmed" in capsys.readouterr().out

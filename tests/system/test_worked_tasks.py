"""The tasks that the documentation works out are executed as they are written there, against the sandbox."""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
import sqlite3
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.api.client import CalComClient
from calcom_provider.api.http.auth import ApiKey
from calcom_provider.hooks.calcom import CalComHook
from calcom_provider.hr.target.gateway import Gateway, read_state
from calcom_provider.notifications import CalComNotifier
from calcom_provider.sandbox import Sandbox
from calcom_provider.transfers import CalComToSqlOperator
from tests.plugins.airflow_env import REPOSITORY
from tests.plugins.api import Reply, ScriptedServer
from tests.plugins.tls import served_with_tls
from tests.system.branches import add_branches

EXAMPLES = REPOSITORY / "docs" / "examples"
TODAY = dt.datetime.now(dt.UTC).date()
SOON = TODAY + dt.timedelta(days=30)


@pytest.fixture
def calcom() -> Iterator[Sandbox]:
    with Sandbox(users=30, limit=None, today=TODAY) as running:
        yield running


@pytest.fixture
def gateway(calcom: Sandbox) -> Iterator[Gateway]:
    with CalComClient(auth=ApiKey(calcom.keys["admin"]), base_url=calcom.url) as client:
        yield Gateway(client)


@pytest.fixture
def people(gateway: Gateway) -> list[Any]:
    users = [one for one in read_state(gateway).users.values() if one.accepted and one.has_profile]
    return sorted(users, key=lambda one: one.id)


@pytest.fixture
def work(
    calcom: Sandbox,
    airflow_db: Path,
    tmp_path: Path,
    set_connection: Callable[..., str],
    warehouse_default: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Any]:
    """Return a function that gives a task of the page, with this test's folder in place of the one shown."""
    from airflow.dag_processing.dagbag import DagBag

    monkeypatch.setenv("CALCOM_STATE_DIR", str(tmp_path / "state"))
    set_connection("calcom_default", conn_type="calcom", host=calcom.url, password=calcom.keys["admin"])

    def task(name: str, file: str = "calcom_tasks", **params: Any) -> Any:
        place = tmp_path / "dags" / f"{file}.py"
        place.parent.mkdir(exist_ok=True)
        place.write_text((EXAMPLES / place.name).read_text().replace("/data/", f"{tmp_path}/"))
        found = DagBag(place).dags[file].task_dict[name]
        if params:
            found.render_template_fields({"params": params})
        return found

    return task


def fetch(path: Path, text: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(text).fetchall()


def shown_connection(name: str, **instead: str) -> dict[str, Any]:
    """Return the connection that a file of the page defines, with this test's values in place of those shown."""
    text = (EXAMPLES / f"{name}.env").read_text()
    for shown, here in instead.items():
        assert shown in text
        text = text.replace(shown, here)
    export, assignment = shlex.split(text)
    variable, _, value = assignment.partition("=")
    assert (export, variable) == ("export", "AIRFLOW_CONN_CALCOM_DEFAULT")
    found: dict[str, Any] = json.loads(value)
    return found


def test_history_keeps_what_was(
    calcom: Sandbox, work: Callable[..., Any], warehouse_default: Path, task_context: Any, gateway: Gateway
) -> None:
    work("history").execute(task_context)
    question = (EXAMPLES / "history.sql").read_text()
    before = fetch(warehouse_default, question)
    assert before
    assert all(row[-1] is None for row in before), "nothing has ended yet"
    with calcom.paused() as world:
        gone = next(iter(world.assignments))
        world.assignments.delete(gone)
    work("history").execute(task_context)
    after = fetch(warehouse_default, question)
    assert len(after) == len(before)
    assert [row[0] for row in after if row[-1] is not None] == [ended_user(after)]


def ended_user(rows: list[tuple[Any, ...]]) -> Any:
    (row,) = [row for row in rows if row[-1] is not None]
    assert row[-1] >= row[-2]
    return row[0]


def test_addresses_are_stored_as_keyed_hashes(
    calcom: Sandbox,
    work: Callable[..., Any],
    warehouse_default: Path,
    task_context: Any,
    set_connection: Callable[..., str],
    people: list[Any],
) -> None:
    set_connection("hash_key", conn_type="generic", password="sixteen bytes or more")
    work("hashed").execute(task_context)
    stored = [row[0] for row in fetch(warehouse_default, "SELECT email FROM calcom_users")]
    assert all(re.fullmatch("[0-9a-f]{64}", one) for one in stored)
    assert len(set(stored)) == len(stored) == calcom.rows()["users"]
    dump = warehouse_default.read_bytes()
    assert not any(one.email.encode() in dump for one in people)


def test_several_organisations_share_the_tables(
    work: Callable[..., Any],
    tmp_path: Path,
    warehouse_default: Path,
    set_connection: Callable[..., str],
    task_context: Any,
) -> None:
    with Sandbox(users=8, teams=1, limit=None) as sandbox:
        set_connection("calcom_default", conn_type="calcom", host=sandbox.url, password=sandbox.keys["admin"])
        ids = add_branches(sandbox, 1, 8)
        mapped = work("several")
        (argument,) = mapped.expand_input.value
        assert argument == "organization_id"
        for one in ids:
            mapped.unmap({"organization_id": one}).execute(task_context)
        counted = fetch(warehouse_default, "SELECT organization_id, count(*) FROM calcom_users GROUP BY 1")
    assert {row[0] for row in counted} == set(ids)


def test_a_window_of_bookings_is_read_again(
    calcom: Sandbox, work: Callable[..., Any], warehouse_default: Path, task_context: Any
) -> None:
    whole = CalComToSqlOperator(
        task_id="sync", sql_conn_id="warehouse_default", resource_names="bookings"
    ).execute(task_context)
    held = fetch(warehouse_default, "SELECT * FROM calcom_bookings ORDER BY id")
    marks = fetch(warehouse_default, "SELECT resource, watermark FROM calcom_sync_state")
    assert marks
    window = work("backfill").execute(task_context)
    assert window["tables"]["calcom_bookings"]["rows_read"] < whole["tables"]["calcom_bookings"]["rows_read"]
    assert fetch(warehouse_default, "SELECT * FROM calcom_bookings ORDER BY id") == held
    assert fetch(warehouse_default, "SELECT resource, watermark FROM calcom_sync_state") == marks


def test_an_authority_of_ones_own_is_trusted(
    calcom: Sandbox, tmp_path: Path, set_connection: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALCOM_STATE_DIR", str(tmp_path / "state"))
    with served_with_tls(calcom, tmp_path) as port:
        fields = shown_connection(
            "own_ca",
            **{
                "cal_live_...": calcom.keys["admin"],
                "https://cal.example.com/api/v2": f"https://localhost:{port}/v2",
                "/data/": f"{tmp_path}/",
            },
        )
        set_connection("calcom_default", **fields)
        with closing(CalComHook()) as hook:
            assert hook.organization_id == calcom.organization_id
        set_connection("calcom_default", **fields | {"extra": {}})
        with closing(CalComHook()) as hook, pytest.raises(Exception, match="certificate") as caught:
            hook.call("me.get")
        assert not isinstance(caught.value, ssl.SSLError), "told in words of this package"


def test_the_request_count_is_kept_in_redis(
    calcom: Sandbox, redis_url: str, set_connection: Callable[..., str]
) -> None:
    import redis

    fields = shown_connection(
        "redis_state", **{"cal_live_...": calcom.keys["admin"], "redis://redis.example.com:6379/0": redis_url}
    )
    set_connection("calcom_default", host=calcom.url, **fields)
    with closing(CalComHook()) as hook:
        hook.call("me.get")
    with redis.Redis.from_url(redis_url) as client:
        held = list(client.scan_iter())
    assert held
    assert not any(calcom.keys["admin"].encode() in name for name in held)


def test_a_csv_with_columns_of_ones_own_is_written(
    calcom: Sandbox, work: Callable[..., Any], tmp_path: Path, people: list[Any], task_context: Any
) -> None:
    lines = ["Personalnummer;E-Mail;Status;Austritt;Abteilung"]
    lines += [f"{one.id};{one.email};aktiv;;Product" for one in people]
    hr = tmp_path / "hr"
    hr.mkdir()
    (hr / "people.csv").write_text("\n".join(lines), encoding="utf-8")

    def departments() -> dict[int, set[str]]:
        with calcom.paused() as world:
            (attribute,) = [
                row
                for row in world.attributes.by("teamId", calcom.organization_id)
                if row["slug"] == "department"
            ]
            values = {
                row["id"]: row["value"] for row in world.options if row["attributeId"] == attribute["id"]
            }
            users = {row["id"]: row["userId"] for row in world.memberships}
            found: dict[int, set[str]] = {}
            for row in world.assignments:
                if row["attributeOptionId"] in values:
                    found.setdefault(users[row["memberId"]], set()).add(values[row["attributeOptionId"]])
            return found

    before = departments()
    with calcom.paused() as world:
        for row in list(world.assignments):
            if int(row["memberId"]) % 2:
                world.assignments.delete(row)
    some = departments()
    assert 0 < len(some) < len(before)
    done = work("own_columns").execute(task_context)
    assert set(done["statuses"]) == {"done"}
    # What a person put into Cal.com by hand stays.
    assert departments() == {one.id: {"Product"} for one in people} | some


def entries(gateway: Gateway) -> list[str]:
    found = gateway.read_entries().values()
    return sorted(one.start.isoformat() for one in found if (one.notes or "").startswith("[hr:"))


def time_off(hr: Path, people: list[Any], known: int) -> None:
    """Write what BambooHR's directory and time-off requests look like; of the people only some have a user here."""
    hr.mkdir()
    emails = [
        one.email if place < known else f"p{place}@elsewhere.example" for place, one in enumerate(people)
    ]
    directory = [
        {"id": str(one.id), "workEmail": email, "status": "Active"}
        for one, email in zip(people, emails, strict=True)
    ]
    requests = [
        {
            "id": f"R{one.id}",
            "employeeId": str(one.id),
            "status": {"status": "approved", "lastChanged": f"{TODAY}"},
            "type": {"name": "Vacation"},
            "amount": {"unit": "days"},
            "dates": {f"{SOON + dt.timedelta(days=place + more)}": "1" for more in (0, 1)},
        }
        for place, one in enumerate(people)
    ]
    (hr / "directory.json").write_text(json.dumps({"employees": directory}))
    (hr / "time_off_requests.json").write_text(json.dumps(requests))


def test_a_refused_run_is_told_to_a_chat(
    work: Callable[..., Any],
    tmp_path: Path,
    people: list[Any],
    gateway: Gateway,
    task_context: Any,
    http_server: ScriptedServer,
    set_connection: Callable[..., str],
) -> None:
    time_off(tmp_path / "hr", people[8:28], known=10)
    before = entries(gateway)
    task = work("bamboohr")
    with pytest.raises(Exception, match="refused") as caught:
        task.execute(task_context)
    assert entries(gateway) == before, "nothing is written"
    http_server.answer = lambda _: Reply(200, b"ok")
    set_connection("chat", conn_type="http", host=http_server.url, password="T0/B0/secret")
    (callback,) = (
        [task.on_failure_callback] if callable(task.on_failure_callback) else task.on_failure_callback
    )
    assert isinstance(callback, CalComNotifier)
    callback(task_context | {"exception": caught.value})
    (line,) = [seen.json["text"] for seen in http_server.seen]
    shown = (EXAMPLES / "refused.txt").read_text().replace("\n", " ").strip()
    assert re.sub(r"[0-9a-f]{8,}[-0-9a-f]*", "ID", line) == re.sub(r"[0-9a-f]{8,}[-0-9a-f]*", "ID", shown)
    assert not any(one.email in line for one in people)
    page = (REPOSITORY / "docs" / "how-to.rst").read_text()
    (confirmed,) = re.findall(r'``\{"confirm": (\{.+?\})\}``', page)
    again = work("bamboohr")
    again.confirm = json.loads(confirmed)
    assert again.execute(task_context)["statuses"] == {"done": 10}


def test_absences_of_bamboohr_are_written_and_a_plan_is_undone(
    work: Callable[..., Any],
    tmp_path: Path,
    people: list[Any],
    gateway: Gateway,
    task_context: Any,
) -> None:
    before = entries(gateway)
    time_off(tmp_path / "hr", people[:6], known=6)
    done = work("bamboohr").execute(task_context)
    assert done["statuses"] == {"done": 6}
    days = [(SOON + dt.timedelta(days=place)).isoformat() for place in range(6)]
    assert entries(gateway) == sorted([*before, *days])
    undone = work("undo", plan=done["plan_id"]).execute(task_context)
    assert undone["statuses"] == {"done": 6}
    assert entries(gateway) == before


def test_absences_of_a_calendar_feed_are_written(
    work: Callable[..., Any],
    people: list[Any],
    gateway: Gateway,
    task_context: Any,
    http_server: ScriptedServer,
    set_connection: Callable[..., str],
) -> None:
    before = entries(gateway)
    events = "".join(
        f"BEGIN:VEVENT\nUID:u{one.id}\nDTSTAMP:20260101T000000Z\nATTENDEE:mailto:{one.email}\n"
        f"DTSTART;VALUE=DATE:{SOON:%Y%m%d}\nDURATION:P2D\nEND:VEVENT\n"
        for one in people[:4]
    )
    body = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//HR//EN\n{events}END:VCALENDAR\n".encode()
    http_server.answer = lambda _: Reply(200, body, headers={"Content-Type": "text/calendar"})
    set_connection("hr_calendar", conn_type="http", password=f"{http_server.url}/feed.ics")
    assert work("ical").execute(task_context)["statuses"] == {"done": 4}
    assert len(entries(gateway)) == len(before) + 4


def test_sensors_wait_for_people_and_bookings(
    calcom: Sandbox, work: Callable[..., Any], task_context: Any
) -> None:
    from airflow.sdk.exceptions import TaskDeferred

    with calcom.paused() as world:
        away = {row["userId"] for row in world.ooo}
        here = next(
            row["userId"]
            for row in world.profiles.by("organizationId", calcom.organization_id)
            if row["userId"] not in away
        )
    found = work("until_back", person=here).execute(task_context)
    assert found["away"] is False
    with closing(CalComHook()) as hook:
        accepted = next(row["uid"] for row in hook.rows("org_bookings.list") if row["status"] == "accepted")
        asked_for = next(row["uid"] for row in hook.rows("org_bookings.list") if row["status"] == "pending")
    assert work("until_booked", booking=accepted).execute(task_context)["status"] == "accepted"
    with pytest.raises(TaskDeferred):
        work("until_booked", booking=asked_for).execute(task_context)

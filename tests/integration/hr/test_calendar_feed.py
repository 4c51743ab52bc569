"""A calendar feed over HTTP: written by a DAG and from a shell, its address never told, its failures harmless."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.cli.app import run as run_cli
from calcom_provider.hr.target.gateway import Gateway, read_state
from calcom_provider.sandbox import Sandbox
from tests.plugins.api import Reply, ScriptedServer

PRIVATE = "feed-token-4f1c9a77"
DAG = """
from airflow.sdk import DAG
from calcom_provider.operators.hr_out_of_office import CalComOutOfOfficeSyncOperator

with DAG("feed", schedule=None):
    CalComOutOfOfficeSyncOperator(
        task_id="write",
        absences={"feed_conn_id": "hr_calendar"},
        mapping="ical",
        timezone="Europe/Berlin",
        ledger_conn_id="ledger",
    )
"""


class Feed:
    """Publish absences of people of the sandbox as a calendar, on a loopback port."""

    def __init__(self, people: list[str]) -> None:
        self.people = people
        self.server = ScriptedServer()
        self.server.answer = lambda seen: self.reply
        self.address = f"{self.server.url}/who-is-out/{PRIVATE}.ics"
        self.first = date.today() + timedelta(days=30)
        self.publish(len(people))

    def publish(self, number: int, uid: str = "u", more: str = "") -> None:
        """Publish one absence of three days for each of the first people."""
        events = [
            f"BEGIN:VEVENT\nUID:{uid}{place}\nDTSTAMP:20260101T000000Z\nATTENDEE:mailto:{person}\n"
            f"DTSTART;VALUE=DATE:{self.first:%Y%m%d}\nDTEND;VALUE=DATE:{self.first + timedelta(days=3):%Y%m%d}\n"
            f"END:VEVENT\n"
            for place, person in enumerate(self.people[:number])
        ]
        self.events = more + "".join(events)
        self.answer(f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//HR//EN\n{self.events}END:VCALENDAR\n")

    def answer(self, body: str, status: int = 200, kind: str = "text/calendar") -> None:
        self.reply = Reply(status, body.encode(), headers={"Content-Type": kind})


@pytest.fixture
def feed(gateway: Gateway) -> Iterator[Feed]:
    users = [one for one in read_state(gateway).users.values() if one.accepted and one.has_profile]
    made = Feed([one.email for one in sorted(users, key=lambda one: one.id)[:4]])
    yield made
    made.server.close()


@pytest.fixture
def write(
    feed: Feed,
    sandbox: Sandbox,
    tmp_path: Path,
    set_connection: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    run_dag: Callable[..., Any],
) -> Callable[[], Any]:
    monkeypatch.setenv("CALCOM_STATE_DIR", str(tmp_path / "state"))
    place = tmp_path / "dags" / "feed.py"
    place.parent.mkdir()
    place.write_text(textwrap.dedent(DAG))
    bundle = {
        "name": "feeds",
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(place.parent)},
    }
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([bundle]))
    set_connection("calcom_default", conn_type="calcom", host=sandbox.url, password=sandbox.keys["admin"])
    set_connection("ledger", conn_type="sqlite", host=str(tmp_path / "ledger.db"))
    set_connection("hr_calendar", conn_type="http", password=feed.address)
    return lambda: run_dag("feed", folder=place)


def ours(gateway: Gateway) -> list[str]:
    return sorted(
        one.start.isoformat()
        for one in gateway.read_entries().values()
        if (one.notes or "").startswith("[hr:")
    )


def test_a_feed_is_written_and_its_address_is_told_nowhere(
    write: Callable[[], Any], feed: Feed, gateway: Gateway, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert write().state == "success"
    assert ours(gateway) == [feed.first.isoformat()] * 4
    # Read again, nothing is left to write.
    before = len(feed.server.seen)
    assert write().state == "success"
    assert len(feed.server.seen) == before + 1
    assert ours(gateway) == [feed.first.isoformat()] * 4
    out = capfd.readouterr()
    assert PRIVATE not in out.out + out.err
    assert feed.people[0] not in out.out + out.err
    assert PRIVATE.encode() not in (tmp_path / "ledger.db").read_bytes()


@pytest.mark.parametrize(
    ("body", "status", "kind", "message"),
    [
        ("<html><body>Sign in</body></html>", 200, "text/html", "web page instead of a calendar"),
        ("", 200, "text/calendar", "no calendar"),
        (
            "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//HR//EN\nEND:VCALENDAR\n",
            200,
            "text/calendar",
            "no events",
        ),
        ("BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:u0\n", 200, "text/calendar", "cut off"),
        ("gone", 404, "text/plain", "status 404"),
    ],
    ids=["login page", "nothing", "no events", "cut", "gone"],
)
def test_a_feed_that_is_none_takes_nothing_away(
    write: Callable[[], Any],
    feed: Feed,
    gateway: Gateway,
    capfd: pytest.CaptureFixture[str],
    body: str,
    status: int,
    kind: str,
    message: str,
) -> None:
    assert write().state == "success"
    feed.answer(body, status, kind)
    assert write().state == "failed"
    assert ours(gateway) == [feed.first.isoformat()] * 4
    out = capfd.readouterr()
    assert message in out.out
    assert PRIVATE not in out.out + out.err


def test_from_a_shell_the_address_comes_from_the_environment(
    feed: Feed,
    sandbox: Sandbox,
    gateway: Gateway,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    settings = tmp_path / "hr.yaml"
    settings.write_text(json.dumps({"timezone": "Europe/Berlin", "mapping": "ical"}))
    for name, value in {
        "CALCOM_API_KEY": sandbox.keys["admin"],
        "CALCOM_BASE_URL": sandbox.url,
        "CALCOM_STATE_STORE": str(tmp_path / "state"),
        "CALCOM_LEDGER_URL": f"sqlite:///{tmp_path / 'ledger.db'}",
    }.items():
        monkeypatch.setenv(name, value)
    words = ["hr", "apply", "out_of_office", "--settings", str(settings)]
    assert run_cli(words) == 2
    assert "CALCOM_ABSENCES_FEED" in capfd.readouterr().err
    monkeypatch.setenv("CALCOM_ABSENCES_FEED", feed.address)
    assert run_cli(words) == 0
    assert len(ours(gateway)) == 4
    monkeypatch.setenv("CALCOM_ABSENCES_FEED", "ftp://example.com/x.ics")
    assert run_cli(words) == 2
    monkeypatch.setenv(
        "CALCOM_ABSENCES_FEED", feed.address.replace(str(feed.server.url), "http://127.0.0.1:9")
    )
    assert run_cli(words) == 1
    out = capfd.readouterr()
    assert "cannot be fetched" in out.err
    assert PRIVATE not in out.out + out.err


def test_days_outside_of_the_window_of_the_feed_are_never_vanished(
    feed: Feed, sandbox: Sandbox, gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A feed shows what it likes: an absence after its last event is not gone because it is not shown."""
    settings = tmp_path / "hr.yaml"
    settings.write_text(
        json.dumps({"timezone": "Europe/Berlin", "mapping": "ical", "limits": {"source_drop": 0.9}})
    )
    for name, value in {
        "CALCOM_API_KEY": sandbox.keys["admin"],
        "CALCOM_BASE_URL": sandbox.url,
        "CALCOM_STATE_STORE": str(tmp_path / "state"),
        "CALCOM_LEDGER_URL": f"sqlite:///{tmp_path / 'ledger.db'}",
        "CALCOM_ABSENCES_FEED": feed.address,
    }.items():
        monkeypatch.setenv(name, value)
    words = ["hr", "apply", "out_of_office", "--settings", str(settings)]
    assert run_cli(words) == 0
    first, four = feed.first.isoformat(), feed.people
    # The feed now ends with an event that lies before those of the others.
    feed.first -= timedelta(days=10)
    feed.people = four[-1:]
    feed.publish(1, uid="early")
    assert run_cli(words) == 0
    assert ours(gateway).count(first) == 4
    # One that lies behind them closes the window: now they are gone.
    early = feed.events
    feed.first += timedelta(days=40)
    feed.publish(1, uid="late", more=early)
    assert run_cli(words) == 0
    assert ours(gateway).count(first) == 0
    assert len(ours(gateway)) == 2

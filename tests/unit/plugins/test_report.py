"""The report in Airflow's UI: counts of the configured warehouse, kept for a while, helpful when there is none."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.plugins import report
from calcom_provider.plugins.frame import Answer
from calcom_provider.plugins.report import KEPT, KEPT_FAILURE, KeptReport, Settings, make, settings
from calcom_provider.reporting.building.build import Reports
from calcom_provider.reporting.page.data import Dimensions, Page, Panel, Table
from calcom_provider.sandbox import Sandbox
from tests.unit.plugins.test_calcom import guard_the_page

FULL = Page(
    datetime(2026, 3, 30, tzinfo=UTC),
    Dimensions(date(2026, 3, 30), (date(2026, 3, 30),), 0, (date(2026, 3, 30),)),
    (),
    (Panel("a", "operations", "A", "Numbers.", table=Table(("Day", "Out"), (("2026-03-02", 3),))),),
)


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Any]]:
    """Return a warehouse with its views, and the sandbox that was synced into it."""
    from calcom_provider.cli.app import run

    folder = tmp_path_factory.mktemp("synced")
    url = f"sqlite:///{folder / 'warehouse.db'}"
    with Sandbox(users=40, limit=None) as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CALCOM_BASE_URL", sandbox.url)
        patch.setenv("CALCOM_API_KEY", sandbox.keys["admin"])
        patch.setenv("CALCOM_STATE_DIR", str(folder))
        assert run(["sync", "--to", url]) == 0
        with Reports(url) as reports:
            reports.create()
        yield folder / "warehouse.db", sandbox


def wanted(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(f"AIRFLOW__CALCOM__REPORT_{name.upper()}", value)
    return settings()


def test_counts_of_the_default_warehouse_are_shown_unless_told_otherwise() -> None:
    assert settings() == Settings("warehouse_default", None, "calcom_", show_people=False)


def test_airflow_s_configuration_names_the_warehouse(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {"conn_id": "lake", "schema": "hr", "prefix": "cal_", "show_people": "True"}
    assert wanted(monkeypatch, **named) == Settings("lake", "hr", "cal_", show_people=True)
    assert wanted(monkeypatch, conn_id="", schema="", prefix="") == Settings(prefix="", show_people=True)


def test_people_are_not_shown_by_a_slip_of_the_pen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wanted(monkeypatch, show_people="perhaps").show_people is False


def test_the_report_names_no_person_and_changes_nothing(
    synced: tuple[Path, Any], set_connection: Callable[..., str]
) -> None:
    path, sandbox = synced
    set_connection("warehouse_default", conn_type="sqlite", host=str(path))
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    answer = make(Settings())
    assert answer.status == 200
    assert "Counts only: nobody is named" in answer.html
    assert 'data-panel="absences"' in answer.html
    for person in sandbox.state.users:
        assert person["email"] not in answer.html
        assert (person["name"] or person["email"]) not in answer.html
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


def test_people_are_shown_where_it_is_switched_on(
    synced: tuple[Path, Any], set_connection: Callable[..., str]
) -> None:
    set_connection("warehouse_default", conn_type="sqlite", host=str(synced[0]))
    assert "Names and rows about single people are shown." in make(Settings(show_people=True)).html


def test_a_missing_connection_says_which_and_where_to_name_another(airflow_db: Path) -> None:
    answer = make(Settings("<nowhere>"))
    assert answer.status == 503
    assert "no connection &#x27;&lt;nowhere&gt;&#x27;" in answer.html
    assert "[calcom] report_conn_id" in answer.html


@pytest.mark.parametrize("conn_type", ["sqlite", "duckdb"])
def test_a_missing_file_is_told_and_not_made(
    conn_type: str, tmp_path: Path, set_connection: Callable[..., str]
) -> None:
    path = tmp_path / "warehouse.db"
    set_connection("warehouse_default", conn_type=conn_type, host=str(path))
    assert "the machine of the API server" in make(Settings()).html
    assert not path.exists()


def test_an_empty_warehouse_says_what_to_run(tmp_path: Path, set_connection: Callable[..., str]) -> None:
    path = tmp_path / "warehouse.db"
    path.touch()
    set_connection("warehouse_default", conn_type="sqlite", host=str(path))
    answer = make(Settings())
    assert answer.status == 200
    assert "calcom_to_warehouse" in answer.html


def test_a_connection_that_is_no_warehouse_is_told(set_connection: Callable[..., str]) -> None:
    set_connection("warehouse_default", conn_type="http", host="somewhere.example", password="hush-hush-1")
    answer = make(Settings())
    assert answer.status == 503
    assert "cannot be a warehouse" in answer.html
    assert "hush-hush-1" not in answer.html


def test_no_secret_is_told_when_the_database_refuses(
    monkeypatch: pytest.MonkeyPatch, set_connection: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: Any, **__: Any) -> Page:
        raise OSError("refused for postgres://reader:hush-hush-2@db.example/w")

    monkeypatch.setattr(report, "collect", refuse)
    set_connection(
        "warehouse_default", conn_type="postgres", host="db.example", login="reader", password="hush-hush-2"
    )
    with caplog.at_level(logging.ERROR, report.__name__):
        answer = make(Settings())
    assert answer.status == 503
    assert "(OSError)" in answer.html
    assert "db.example" not in answer.html
    assert "refused for postgres://reader:***@db.example/w" in caplog.text


class Source:
    """Count how often a report is made; a test says what comes of it."""

    def __init__(self) -> None:
        self.made = 0
        self.status = 200

    def __call__(self, _: Settings, __: object) -> Answer:
        self.made += 1
        return Answer(str(self.made), self.status)


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Source:
    made = Source()
    monkeypatch.setattr(report, "make", made)
    return made


def test_reloading_asks_the_warehouse_once_a_minute(source: Source) -> None:
    now = [0.0]
    kept = KeptReport(lambda: now[0])
    assert [kept.answer(Settings()).html for _ in range(3)] == ["1", "1", "1"]
    now[0] = KEPT - 0.1
    assert kept.answer(Settings()).html == "1"
    now[0] = KEPT
    assert kept.answer(Settings()).html == "2"
    assert KEPT >= 60


def test_a_failure_is_forgotten_sooner(source: Source) -> None:
    now = [0.0]
    kept = KeptReport(lambda: now[0])
    source.status = 503
    assert kept.answer(Settings()).html == kept.answer(Settings()).html == "1"
    now[0], source.status = KEPT_FAILURE, 200
    assert kept.answer(Settings()).status == 200


def test_other_settings_are_never_answered_from_what_is_kept(source: Source) -> None:
    kept = KeptReport(lambda: 0.0)
    assert kept.answer(Settings(show_people=True)).html == "1"
    assert kept.answer(Settings()).html == "2"


def test_many_readers_at_once_cost_one_report(source: Source) -> None:
    kept = KeptReport(lambda: 0.0)
    readers = [threading.Thread(target=kept.answer, args=(Settings(),)) for _ in range(8)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert source.made == 1


def test_a_warehouse_that_hangs_does_not_take_every_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging, go_on = threading.Event(), threading.Event()

    def hang(_: Settings, __: object) -> Answer:
        hanging.set()
        go_on.wait(30)
        return Answer("done")

    monkeypatch.setattr(report, "make", hang)
    kept = KeptReport(patience=0.05)
    first = threading.Thread(target=kept.answer, args=(Settings(),))
    first.start()
    assert hanging.wait(30)
    second = kept.answer(Settings())
    assert second.status == 503
    assert "Load the page again" in second.html
    go_on.set()
    first.join()
    assert kept.answer(Settings()).html == "done"


def test_signed_in_users_see_it_and_no_cache_keeps_it(
    airflow_db: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, set_connection: Callable[..., str]
) -> None:
    from airflow.api_fastapi.app import create_app, get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from fastapi.testclient import TestClient

    path = tmp_path / "warehouse.db"
    path.touch()
    set_connection("warehouse_default", conn_type="sqlite", host=str(path))
    monkeypatch.setattr(report, "collect", lambda *_, **__: FULL)
    client = TestClient(create_app(apps="all"))
    token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="v", role="VIEWER"))
    answer = client.get("/calcom/report", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert answer.text.count("<script>") == 4
    guard_the_page(answer)
    assert "Counts only: nobody is named" in answer.text
    assert client.post("/calcom/report", headers={"Authorization": f"Bearer {token}"}).status_code == 405

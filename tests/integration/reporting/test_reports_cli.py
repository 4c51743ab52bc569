"""``calcom reports``: what each command says, and with which code it ends."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.cli.app import run
from calcom_provider.warehouse import Warehouse
from tests.integration.reporting import questions_world as world

Said = tuple[int, str, str]


@pytest.fixture
def url(tmp_path: Path) -> str:
    made = f"sqlite:///{tmp_path / 'w.db'}"
    world.load(made)
    return made


@pytest.fixture
def calcom(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Said]:
    """Return a function that runs a command on the database: its exit code, what it printed, what went wrong."""
    monkeypatch.setenv("CALCOM_WAREHOUSE_URL", url)
    monkeypatch.delenv("COLUMNS", raising=False)

    def call(*words: str) -> Said:
        code = run(["reports", *words])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


@pytest.fixture
def ask(url: str) -> Iterator[Callable[[str], object]]:
    warehouse = Warehouse(url)
    session = warehouse.backend.connect()
    yield session.value
    session.close()
    warehouse.close()


def line(text: str, name: str) -> str:
    (found,) = [one for one in text.splitlines() if one.split()[:1] == [name]]
    return found


def test_views_are_listed_below_each_other_on_a_narrow_terminal(
    calcom: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    blocks = calcom("list")[1].split("\n\n")
    found = {text.splitlines()[0].split()[-1]: text for text in blocks}
    assert len(found) == 11
    lines = found["rpt_write_back"].splitlines()
    assert lines[1] == "state     not possible"
    assert lines[3].startswith("note      no ledger")
    assert len(found["fct_ooo_day"].splitlines()) == 3


def test_views_are_listed_made_and_listed_again(
    calcom: Callable[..., Said], ask: Callable[..., object]
) -> None:
    code, before, _ = calcom("list")
    assert code == 0
    assert "not made" in line(before, "fct_ooo_day")
    assert "not possible" in line(before, "rpt_write_back")
    assert "no ledger" in line(before, "rpt_write_back")
    assert "A user and a civil day" in line(before, "fct_ooo_day")

    code, said, _ = calcom(
        "create", "--minimum", "71=2", "--minimum", "72=1", "--days-back", "60", "--days-ahead", "9"
    )
    assert code == 0
    assert line(said, "fct_ooo_day").split() == ["fct_ooo_day", "created"]
    assert "skipped" in line(said, "rpt_write_back")
    assert " created, " in said.splitlines()[-1]
    assert ask("SELECT count(*) FROM calcom_calendar") == 70
    assert ask("SELECT sum(minimum) FROM calcom_team_minimums") == 3

    assert "unchanged" in line(calcom("create")[1], "fct_ooo_day")
    assert line(calcom("list")[1], "fct_ooo_day").split()[1] == "made"


def test_what_the_views_show_is_chosen_and_not_remembered(calcom: Callable[..., Said]) -> None:
    calcom("create")
    chosen = ("--routing-attribute", "level")
    assert "replaced" in line(calcom("create", *chosen)[1], "rpt_routing_outcome")
    assert "unchanged" in line(calcom("create", *chosen)[1], "rpt_routing_outcome")
    assert "replaced" in line(calcom("create")[1], "rpt_routing_outcome")


def test_days_are_kept(calcom: Callable[..., Said], ask: Callable[..., object]) -> None:
    calcom("create")
    code, said, _ = calcom("refresh", "rpt_team_coverage_day", "--first", "2027-03-01")
    assert code == 0
    rows = ask("SELECT count(*) FROM rpt_team_coverage_day")
    assert f"refreshed, {rows:,} rows" in line(said, "rpt_team_coverage_day_kept")
    today = datetime.now(UTC).date()
    window = ("--first", str(today), "--last", str(today + timedelta(days=1)))
    said = calcom("refresh", "rpt_team_coverage_day", *window)[1]
    assert "refreshed, 4 rows" in line(said, "rpt_team_coverage_day_kept")
    assert "snapshots, 4 rows written last" in line(calcom("list")[1], "rpt_team_coverage_day")


def test_each_command_prints_json_when_asked(calcom: Callable[..., Said], tmp_path: Path) -> None:
    def told(*words: str) -> Any:
        code, said, wrong = calcom(*words, "--json")
        assert (code, wrong) == (0, "")
        return json.loads(said)

    created = told("create", "--view-prefix", "cal_")
    by_name = {one["name"]: one["status"] for one in created["views"]}
    assert by_name["cal_fct_ooo_day"] == "created"
    assert sum(created["counts"].values()) == len(by_name)
    listed = {one["name"]: one for one in told("list", "--view-prefix", "cal_")}
    assert listed["fct_ooo_day"]["view"] == "cal_fct_ooo_day"
    assert listed["fct_ooo_day"]["exists"] is True
    assert "no ledger" in listed["rpt_write_back"]["missing"]
    today = str(datetime.now(UTC).date())
    window = ("--first", today, "--last", today, "--view-prefix", "cal_")
    refreshed = told("refresh", "rpt_team_coverage_day", *window)
    assert [one["status"] for one in refreshed["views"]] == ["refreshed"]
    page = tmp_path / "report.html"
    rendered = told("render", "--out", str(page))
    assert rendered["file"] == str(page)
    assert page.exists()
    assert rendered["parts"] > 0
    assert told("drop", "--yes")["counts"]["removed"] > 0
    assert told("drop", "--yes") == {"views": [], "counts": {}}


def test_views_are_removed_when_asked_twice(
    calcom: Callable[..., Said], ask: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    calcom("create", "--view-prefix", "cal_")
    monkeypatch.setattr("typer.confirm", lambda *_: False)
    code, _, wrong = calcom("drop")
    assert (code, wrong) == (2, "Error: Nothing was removed.\n")
    assert ask("SELECT count(*) FROM cal_fct_ooo_day")
    code, said, _ = calcom("drop", "--yes")
    assert code == 0
    assert line(said, "cal_fct_ooo_day").split()[1] == "removed"
    views = "SELECT count(*) FROM sqlite_master WHERE type = 'view' AND name NOT LIKE '%_current'"
    assert ask(views) == 0
    assert calcom("drop", "--yes")[:2] == (0, "Nothing to do\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("create", "--minimum", "Sales=2"), "--minimum is TEAM=N with two whole numbers, not 'Sales'"),
        (("create", "--minimum", "71"), "--minimum is NAME=VALUE, not '71'"),
        (("create", "--host-attribute", "department"), "--host-attribute is NAME=VALUE"),
        (("create", "--answer", "Size!=size"), "'Size!' is no name of a column"),
        (("create", "--schema", "dwh"), "SQLite file has no schemas"),
        (("refresh", "rpt_weather_day", "--first", "2027-03-01"), "rpt_weather_day cannot be kept"),
        (("refresh", "fct_ooo_day", "--first", "2027-03-01"), "There is no view fct_ooo_day to keep"),
        (("refresh", "fct_ooo_day", "--first", "2027-03-02", "--last", "2027-03-01"), "is before the first"),
    ],
)
def test_wrong_calls_end_with_2(words: tuple[str, ...], said: str, calcom: Callable[..., Said]) -> None:
    code, _, wrong = calcom(*words)
    assert code == 2
    assert said in wrong


def test_a_day_that_is_none_is_a_wrong_call(calcom: Callable[..., Said]) -> None:
    assert calcom("refresh", "fct_ooo_day", "--first", "today")[0] == 2


def test_a_sync_that_goes_on_ends_with_1(calcom: Callable[..., Said], url: str) -> None:
    warehouse = Warehouse(url)
    session = warehouse.backend.connect()
    assert warehouse.backend.lock(session, "calcom_", "a-sync") is None
    code, _, wrong = calcom("create", "--wait", "0.1")
    assert code == 1
    assert "are held by run a-sync" in wrong
    session.close()
    warehouse.close()


def test_the_page_is_written(calcom: Callable[..., Said], tmp_path: Path) -> None:
    calcom("create")
    code, said, _ = calcom("render", "--out", str(tmp_path / "page.html"))
    assert code == 0
    assert "parts with data" in said
    assert (tmp_path / "page.html").stat().st_size > 10_000


def test_a_page_with_people_is_for_its_owner_alone_unless_the_file_was_there(
    calcom: Callable[..., Said], tmp_path: Path
) -> None:
    def mode(name: str) -> int:
        return stat.S_IMODE((tmp_path / name).stat().st_mode)

    before = os.umask(0o022)
    try:
        assert calcom("create")[0] == 0
        assert calcom("render", "--out", str(tmp_path / "counts.html"))[0] == 0
        assert calcom("render", "--show-people", "--out", str(tmp_path / "people.html"))[0] == 0
        (tmp_path / "there.html").touch(mode=0o640)
        assert calcom("render", "--show-people", "--out", str(tmp_path / "there.html"))[0] == 0
    finally:
        os.umask(before)
    assert (mode("counts.html"), mode("people.html"), mode("there.html")) == (0o644, 0o600, 0o640)

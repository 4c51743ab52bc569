"""``calcom hr show``, ``plan --issues --values`` and ``mappings``: what a person looks at before deciding."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from calcom_provider.cli.app import run
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.sources.mapping import SHIPPED, load_mapping
from tests.integration.hr.test_cli import arguments, hr
from tests.unit.hr.review.plans import absences, attributes
from tests.unit.hr.review.test_page import make_tables

__all__ = ["hr"]


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    monkeypatch.setenv("CALCOM_LEDGER_URL", url)
    monkeypatch.delenv("CALCOM_WAREHOUSE_URL", raising=False)
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.chdir(tmp_path)
    with Ledger(url) as ledger:
        return absences(ledger)[1].id


def test_a_page_is_written_for_its_owner_alone(stored: str, tmp_path: Path, capsys: Any) -> None:
    """As a self-contained file (mode 0600) by ``calcom hr show PLAN --html``."""
    file = tmp_path / f"plan-{stored}.html"
    file.write_text("an older one")
    file.chmod(0o644)
    assert run(["hr", "show", stored, "--html"]) == 0
    assert capsys.readouterr().out.strip() == file.name
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    page = file.read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert "User 1" in page
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


def test_a_page_has_the_names_of_the_synced_tables(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'both.db'}"
    monkeypatch.delenv("CALCOM_WAREHOUSE_URL", raising=False)
    with Ledger(url) as ledger:
        plan = attributes(ledger)[1]
        make_tables(ledger)
    out = tmp_path / "page.html"
    assert run(["hr", "show", plan.id, "--ledger", url, "--out", str(out)]) == 0
    assert "Ada Moreau" in out.read_text("utf-8")
    nowhere = tmp_path / "missing" / "page.html"
    assert run(["hr", "show", plan.id, "--ledger", url, "--out", str(nowhere)]) != 0
    assert "cannot be written" in capsys.readouterr().err


def test_a_plan_is_shown_in_the_terminal_with_days_before_and_after(stored: str, capsys: Any) -> None:
    assert run(["hr", "show", stored, "--values", "--issues"]) == 0
    shown = capsys.readouterr().out
    assert "2026-05-04 to 2026-05-08" in shown
    assert "2026-05-04 to 2026-05-10" in shown
    assert "cover 4" in shown
    assert "A date cannot be read" in shown
    assert "status: planned" in shown
    assert run(["hr", "show", stored, "--issues", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {"code": "bad_date", "key": "R4", "row": 4, "level": "error"}.items() <= told["rows"][0].items()


def test_without_values_nothing_of_before_and_after_is_shown(stored: str, capsys: Any) -> None:
    assert run(["hr", "show", stored]) == 0
    shown = capsys.readouterr().out
    assert "2026-05-08" not in shown
    assert "A date cannot be read" not in shown


def test_a_plan_that_is_not_there_is_said(stored: str, tmp_path: Path, capsys: Any) -> None:
    assert run(["hr", "show", "nothing"]) == 1
    assert "no plan" in capsys.readouterr().err
    missing = tmp_path / "missing.db"
    assert run(["hr", "show", stored, "--ledger", f"sqlite:///{missing}"]) == 1
    assert not missing.exists()


def test_planning_lists_issues_row_by_row_and_fills_before_and_after(
    hr: Callable[..., int], capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    file = hr.folder / "absences.json"  # type: ignore[attr-defined]
    rows = json.loads(file.read_text())
    file.write_text(json.dumps([*rows, {**rows[0], "id": "[b]R9", "from": "tomorrow"}]))
    assert hr("plan", *arguments(hr), "--issues", "--values") == 4
    shown = capsys.readouterr().out
    assert "2027-03-01 to 2027-03-03" in shown
    line = next(one for one in shown.splitlines() if "[b]R9" in one)
    assert "bad_date" in line
    assert "Write days like" in line


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_mapping_is_printed_as_it_is(name: str, tmp_path: Path, capsys: Any) -> None:
    assert run(["hr", "mappings", "show", name]) == 0
    copy = tmp_path / "mapping.yaml"
    copy.write_text(capsys.readouterr().out)
    assert yaml.safe_load(copy.read_text())
    assert load_mapping(copy) == load_mapping(name)


def test_mappings_are_listed_and_others_refused(capsys: Any) -> None:
    assert run(["hr", "mappings", "list"]) == 0
    assert capsys.readouterr().out.split() == list(SHIPPED)
    assert run(["hr", "mappings", "show", "../secrets"]) != 0
    assert "bamboohr" in capsys.readouterr().err


def test_plans_and_the_rows_they_do_not_write_are_listed(
    stored: str, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["hr", "list"]) == 0
    wide = capsys.readouterr().out.splitlines()
    assert wide[0].split()[:2] == ["plan_id", "kind"]
    assert stored in wide[1]
    assert "planned" in wide[1]
    assert run(["hr", "list", "--json"]) == 0
    (told, *_) = json.loads(capsys.readouterr().out)
    assert told["plan_id"] == stored
    assert (told["status"], told["done"], told["approved_by"]) == ("planned", 0, None)
    assert told["actions"] > 0
    assert run(["hr", "issues", stored]) == 0
    assert "A date cannot be read" in capsys.readouterr().out
    assert run(["hr", "issues", stored, "--json"]) == 0
    assert "bad_date" in {one["code"] for one in json.loads(capsys.readouterr().out)}


def test_without_a_ledger_lists_are_a_wrong_call(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALCOM_LEDGER_URL", raising=False)
    for words in (["list"], ["issues", "x"], ["show", "x"]):
        assert run(["hr", *words]) == 2
        assert "CALCOM_LEDGER_URL" in capsys.readouterr().err


def test_plans_are_listed_whole_on_a_narrow_terminal(
    stored: str, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["hr", "list", "--json"]) == 0
    (plan, *_) = json.loads(capsys.readouterr().out)
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["hr", "list"]) == 0
    shown = capsys.readouterr().out.split("\n\n")[0].splitlines()
    told = dict(line.split(maxsplit=1) for line in shown)
    assert told == {name: str(value) for name, value in plan.items() if value not in (None, "")}
    assert max(map(len, shown)) <= 80

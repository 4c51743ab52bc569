"""``calcom config``, completion, certificates and exit codes: what a shell user sees before anything is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer

from calcom_provider.cli.app import COMPLETING, build, run
from calcom_provider.cli.connection import Api

SECRET = "cal_live_9f8e7d"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CALCOM_")]:
        monkeypatch.delenv(name)


def told(capsys: Any, *words: str) -> dict[str, tuple[str, str]]:
    assert run(["config", "--json", *words]) == 0
    return {one["name"]: (one["value"], one["source"]) for one in json.loads(capsys.readouterr().out)}


def test_each_setting_says_where_it_comes_from(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALCOM_BASE_URL", "https://cal.example.com/api/v2")
    found = told(capsys, "--attempts", "3")
    assert found["base URL"] == ("https://cal.example.com/api/v2", "CALCOM_BASE_URL")
    assert found["attempts"] == ("3", "option")
    assert found["assumed limit"] == ("120 a minute", "default")
    assert found["API key"] == ("not set", "default")


def test_no_secret_is_shown(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALCOM_API_KEY", SECRET)
    monkeypatch.setenv("CALCOM_CLIENT_SECRET", SECRET)
    monkeypatch.setenv("CALCOM_HASH_KEY", SECRET * 2)
    monkeypatch.setenv("CALCOM_WAREHOUSE_URL", f"postgresql://me:{SECRET}@db/dwh?password={SECRET}")
    monkeypatch.setenv("CALCOM_STATE_STORE", f"redis://:{SECRET}@cache/0")
    monkeypatch.setenv("CALCOM_LEDGER_URL", f"mysql+pymysql://me:{SECRET}@db/hr")
    for words in (["config"], ["config", "--json"], ["config", "--client-id", "c1"]):
        assert run(words) == 0
        shown = capsys.readouterr()
        assert SECRET not in shown.out + shown.err
    found = told(capsys)
    assert found["API key"] == ("set", "CALCOM_API_KEY")
    assert found["warehouse"][1] == "CALCOM_WAREHOUSE_URL"
    assert "db/dwh" in found["warehouse"][0]


def test_a_file_of_certificates_that_is_not_there_is_a_wrong_call(
    capsys: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CALCOM_API_KEY", SECRET)
    assert run(["doctor", "--ca-file", str(tmp_path / "own.pem")]) == 2
    assert "There is no file" in capsys.readouterr().err


def test_the_doctor_ends_with_one_when_it_finds_a_problem(
    capsys: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CALCOM_API_KEY", SECRET)
    monkeypatch.setenv("CALCOM_STATE_STORE", str(tmp_path))
    words = ["doctor", "--json", "--attempts", "1", "--base-url", "http://127.0.0.1:9/v2"]
    assert run(words) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["healthy"] is False
    assert "problem" in {one["level"] for one in found["findings"]}


def test_the_shell_completes_commands_of_every_group() -> None:
    asked = {
        "_CALCOM_COMPLETE": "complete_bash",
        "COMP_WORDS": "calcom hr mappings ",
        "COMP_CWORD": "3",
    }
    code = "import sys; sys.argv = ['calcom']; from calcom_provider.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **asked}, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["list", "show"]


def test_bounds_that_are_none_are_a_wrong_call(
    capsys: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CALCOM_API_KEY", SECRET)
    assert run(["sync", "--to", f"sqlite:///{tmp_path}/a.db", "--bounds", "answer_mib=huge"]) == 2
    assert "bounds take answer_mib" in capsys.readouterr().err


def commands(group: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*words, name))
        else:
            yield (*words, name), command


def test_every_command_that_asks_the_api_takes_all_of_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(COMPLETING, "1")  # every group is put together then
    found = {
        words: {parameter.name for parameter in command.params}
        for words, command in commands(typer.main.get_command(build([])))
    }
    asking = {words: names for words, names in found.items() if "base_url" in names}
    assert {("sync",), ("plan",), ("doctor",), ("hr", "apply"), ("webhooks", "register")} <= asking.keys()
    assert {
        words for words, names in asking.items() if not {one.name for one in fields(Api)} <= names
    } == set()


#: Commands without --json, and why.
WITHOUT_JSON = {
    ("hr", "mappings", "show"): "prints a file as it is",
    ("hr", "schema"): "prints JSON and nothing else",
    ("sandbox",): "passes its words on to a parser of its own, which has --json",
    ("webhooks", "serve"): "runs until it is told to stop, and prints no result",
}


def test_every_command_prints_json_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(COMPLETING, "1")
    without = {
        words
        for words, command in commands(typer.main.get_command(build([])))
        if not any("--json" in parameter.opts for parameter in command.params)
    }
    assert without == WITHOUT_JSON.keys()

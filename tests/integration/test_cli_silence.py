"""The command line says what it waits for while it waits, and what a break leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from calcom_provider.cli.app import run
from calcom_provider.sandbox import Sandbox


@pytest.fixture(autouse=True)
def _credential(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CALCOM_API_KEY", "cal_0123456789abcdef0123456789abcdef")
    monkeypatch.setenv("CALCOM_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_retries_are_shown_as_they_happen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALCOM_BASE_URL", "http://127.0.0.1:1/v2")
    monkeypatch.setenv("CALCOM_ATTEMPTS", "2")
    words = ["sync", "--to", f"sqlite:///{tmp_path / 'w.db'}"]
    assert run(words) == 1
    shown = capsys.readouterr().err.splitlines()
    assert shown[0].startswith("me.get: No connection to 127.0.0.1:1")
    assert "Trying again in" in shown[0]
    assert shown[0].endswith("(2 of 2).")
    assert shown[-1].startswith("Error: ")
    assert run([*words, "--quiet"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_first_request_is_sent_before_the_database_is_looked_at(tmp_path: Path) -> None:
    """What a database needs takes longer to import than the first answer to come."""
    script = (
        "import sys\n"
        "from calcom_provider.api.client import CalComClient\n"
        "ahead = CalComClient.ask_ahead\n"
        "def told(client):\n"
        "    print([one for one in ('sqlalchemy', 'pandas', 'airflow', 'pyarrow') if one in sys.modules])\n"
        "    ahead(client)\n"
        "CalComClient.ask_ahead = told\n"
        "from calcom_provider.cli import main\n"
        "main()\n"
    )
    with Sandbox(users=5) as sandbox:
        done = subprocess.run(
            [sys.executable, "-c", script, "sync", "--to", f"sqlite:///{tmp_path / 'w.db'}", "--json"],
            env={**os.environ, "CALCOM_BASE_URL": sandbox.url, "CALCOM_API_KEY": sandbox.keys["admin"]},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
    assert done.stdout.startswith("[]\n{")


def test_a_wrong_target_is_told_although_the_api_was_asked_ahead(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALCOM_BASE_URL", "http://127.0.0.1:1/v2")
    assert run(["sync", "--to", "nosuch://x"]) == 2
    assert "nosuch" in capsys.readouterr().err.splitlines()[-1]


def test_a_break_says_that_nothing_was_published(tmp_path: Path) -> None:
    with Sandbox(users=40, limit=(4, 600.0, 600.0)) as sandbox:
        settings = {"CALCOM_BASE_URL": sandbox.url, "CALCOM_API_KEY": sandbox.keys["admin"]}
        process = subprocess.Popen(
            [sys.executable, "-m", "calcom_provider.cli", "sync", "--to", f"sqlite:///{tmp_path / 'w.db'}"],
            env={**os.environ, **settings},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            # Started in the background, a shell's children ignore the break that a terminal sends.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        assert process.stderr is not None
        seen = []
        for line in process.stderr:
            seen.append(line)
            if "Waiting" in line:
                break
        assert "for Cal.com's request limit" in seen[-1], "the wait is shown while it lasts"
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(timeout=240) == 130
    assert "Stopped; nothing was published." in rest
    assert "Traceback" not in rest


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["sync"], "Stopped; nothing was published."),
        (["hr", "apply", "plan"], "Stopped; the ledger holds what was written"),
        (["doctor"], "Stopped.\n"),
    ],
)
def test_a_break_says_what_it_leaves_behind(
    words: list[str], text: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import typer

    def broken(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(typer.main, "get_command", lambda _: type("Command", (), {"main": broken}))
    assert run(words) == 130
    assert text in capsys.readouterr().err

"""What only a process shows: time left, an authority of one's own, hashed columns, the sandbox as a command."""

from __future__ import annotations

import hmac
import json
import os
import pty
import re
import signal
import sqlite3
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from calcom_provider.sandbox import Sandbox
from tests.plugins.shell import PROGRAM, Run, shell, variables_for
from tests.plugins.tls import served_with_tls

#: How far it is and how long it takes, in the words that the page on the command line shows.
TIME_LEFT = re.compile(
    r"\d+ requests of about \d+, (\d+ of \d+ left in this minute, )?about [1-9]\d* s to go"
)
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(users=40) as made:
        yield made


@pytest.fixture
def calcom(sandbox: Sandbox, tmp_path: Path) -> Run:
    return shell(sandbox, tmp_path)


def on_a_terminal(words: list[str], environment: dict[str, str], folder: Path) -> str:
    """Return what a command writes to a terminal, without the terminal's control sequences."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, *words],
        env={**environment, "TERM": "xterm"},
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # how Linux tells that the other side is closed
                break
            if not piece:
                break
            shown += piece
        os.close(ours)
        assert process.wait(timeout=240) == 0, shown
    return ESCAPES.sub("", shown.decode())


def test_long_work_shows_how_far_it_is_and_the_time_left(tmp_path: Path) -> None:
    words = ["sync", "--to", "sqlite:///w.db"]
    with Sandbox(users=40, faults={"latency": 0.5}) as slow:
        run = shell(slow, tmp_path)
        first = run(*words)
        assert first.returncode == 0, first.stderr
        assert "to go" not in first.stderr, "nothing is known that it could be told from"
        second = run(*words)
        assert second.returncode == 0, second.stderr
        assert TIME_LEFT.search(second.stderr), second.stderr
        assert re.search(r"^users: 40 rows, finished; \d+ requests of about \d+", second.stderr, re.MULTILINE)
        live = on_a_terminal(words, variables_for(slow, tmp_path), tmp_path)
    assert TIME_LEFT.search(live), live


def test_progress_in_a_log_is_a_line_for_each_resource(calcom: Run) -> None:
    done = calcom(
        "sync", "--to", "sqlite:///w.db", "--resources", "attributes,attribute_assignments", COLUMNS="40"
    )
    assert done.returncode == 0
    lines = [line.split(":")[0] for line in done.stderr.splitlines()]
    assert {*lines} <= {"attributes", "attribute_options", "attribute_assignments"}
    assert len(lines) == len({*lines}) >= 2


def test_an_authority_of_ones_own_is_trusted_when_it_is_named(
    calcom: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    with served_with_tls(sandbox, tmp_path) as port:
        here = {"CALCOM_BASE_URL": f"https://localhost:{port}/v2"}
        words = ("sync", "--to", "sqlite:///w.db", "--resources", "teams", "-q")
        refused = calcom(*words, **here)
        assert refused.returncode == 1
        assert len(refused.stderr.splitlines()) == 1
        assert "its certificate could not be verified" in refused.stderr
        assert "--ca-file" in refused.stderr
        assert not (tmp_path / "w.db").exists() or not rows(tmp_path, "SELECT 1 FROM calcom_sync_runs")
        seen = calcom("doctor", **here)
        assert seen.returncode == 1
        assert "PROBLEM" in seen.stdout
        assert "its certificate could not be verified" in seen.stdout
        trusted = calcom(*words, "--ca-file", "company-ca.pem", **here)
        assert trusted.returncode == 0, trusted.stderr
        assert len(rows(tmp_path, "SELECT id FROM calcom_teams")) == sandbox.rows()["teams"]
        assert calcom("doctor", **here, CALCOM_CA_FILE="company-ca.pem").returncode == 0


def rows(folder: Path, question: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder / "w.db") as connection:
        try:
            return connection.execute(question).fetchall()
        except sqlite3.OperationalError:
            return []


def test_hashed_addresses_are_what_the_documented_formula_gives(
    calcom: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    key = "sixteen bytes or more"
    words = ("sync", "--to", "sqlite:///w.db", "--resources", "users,memberships", "-q")
    hashed = ("--hash", "users.email,memberships.user_email")
    done = calcom(*words, *hashed, CALCOM_HASH_KEY=key)
    assert done.returncode == 0, done.stderr
    with sandbox.paused() as world:
        emails = {row["id"]: row["email"] for row in world.users}
    stored = rows(tmp_path, "SELECT id, email FROM calcom_users")
    assert len(stored) == sandbox.rows()["users"]
    for user, digest in stored:
        assert digest == hmac.new(key.encode(), emails[user].encode(), "sha256").hexdigest()
    joined = "SELECT count(*) FROM calcom_users u JOIN calcom_memberships m ON m.user_email = u.email"
    assert rows(tmp_path, joined) == [(len(stored),)]
    held = (tmp_path / "w.db").read_bytes()
    assert not any(emails[user].encode() in held for user, _ in stored)

    short = calcom(*words, *hashed, CALCOM_HASH_KEY="too short")
    assert short.returncode == 2
    assert "16 bytes" in short.stderr
    assert "too short" not in short.stderr + short.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_sandbox_says_its_address_answers_and_ends_when_told(number: int, tmp_path: Path) -> None:
    with subprocess.Popen(
        [*PROGRAM, "sandbox", "--users", "5", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        # Started in the background, a shell's children ignore the break that a terminal sends.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        known = json.loads(process.stdout.readline())
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v2", known["url"])
        request = urllib.request.Request(
            f"{known['url']}/me", headers={"Authorization": f"Bearer {known['keys']['admin']}"}
        )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(request, timeout=60) as answer:
            assert json.loads(answer.read())["data"]["organizationId"] == known["organization_id"]
        process.send_signal(number)
        assert process.wait(timeout=60) == 0
        assert (process.stdout.read(), process.stderr.read()) == ("", "")


def test_the_sandbox_says_its_address_to_people_too(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*PROGRAM, "sandbox", "--users", "5"], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        assert re.fullmatch(r"url +http://127\.0\.0\.1:\d+/v2\n", process.stdout.readline())
        assert re.fullmatch(r"organization +\d+\n", process.stdout.readline())
        process.terminate()
        rest = process.stdout.read()
        assert process.wait(timeout=60) == 0
    assert re.search(r"^  admin +cal_\w+$", rest, re.MULTILINE)


def test_wrong_words_for_the_sandbox_are_a_wrong_call(calcom: Run) -> None:
    done = calcom("sandbox", "--bookngs", "5")
    assert done.returncode == 2
    assert "--bookngs" in done.stderr
    assert calcom("sandbox", "--help").returncode == 0


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("sy", {"sync"}),
        ("hr li", {"list"}),
        ("reports re", {"refresh", "render"}),
        ("plan --organ", {"--organizations", "--organization-id"}),
    ],
)
def test_words_are_completed(calcom: Run, typed: str, offered: set[str]) -> None:
    # As the script that --install-completion puts into the shell asks for them.
    words = f"calcom {typed}"
    asked = calcom(_CALCOM_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(len(words.split()) - 1))
    assert asked.returncode == 0, asked.stderr
    assert set(asked.stdout.split()) == offered

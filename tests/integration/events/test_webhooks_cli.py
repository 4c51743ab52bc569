"""``calcom webhooks``: the life of a subscription from a shell, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.cli.app import run
from tests.integration.events.world import SECRET, World, world


@pytest.fixture
def w(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


@pytest.fixture
def webhooks(
    w: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Return a function that runs a command about webhooks and gives what it printed."""
    monkeypatch.setenv("CALCOM_BASE_URL", w.sandbox.url)
    monkeypatch.setenv("CALCOM_API_KEY", w.sandbox.keys["admin"])
    monkeypatch.setenv("CALCOM_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("CALCOM_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("CALCOM_EVENTS_URL", f"sqlite:///{tmp_path}/events.db")

    def call(*words: str) -> str:
        assert run(["webhooks", *words]) == 0
        said = capsys.readouterr().out
        assert SECRET not in said
        return said

    return call


def test_a_subscription_lives_from_a_shell(w: World, webhooks: Callable[..., str]) -> None:
    assert webhooks("register", "--url", w.url).startswith("Registered: ")
    assert webhooks("test") == "The receiver took the delivery.\n"
    assert webhooks("rotate") == "Secret 2 is in use.\n"
    assert webhooks("remove") == "Removed.\n"
    assert webhooks("remove") == "There was no subscription.\n"


def test_the_same_for_programs(w: World, webhooks: Callable[..., str]) -> None:
    def told(*words: str) -> Any:
        return json.loads(webhooks(*words, "--json"))

    assert told("register", "--url", w.url)["changed"] is True
    assert [one["ours"] for one in told("list")["webhooks"]].count(True) == 1
    assert told("test") == {"status": 200}
    assert told("rotate") == {"generation": 2}
    assert told("remove") == {"removed": True}
    assert told("remove") == {"removed": False}

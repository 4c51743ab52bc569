"""The request budget is shared by processes and survives their crashes, damaged files and changed clocks."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.api.rate_limit.governor import Governor, Permit
from calcom_provider.api.rate_limit.state import FileStateStore
from calcom_provider.api.rate_limit.state.file import Clock
from calcom_provider.api.rate_limit.window import Wait
from tests.faults.governor_child import headers

REPOSITORY = Path(__file__).resolve().parents[2]


@contextmanager
def child(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Run a process that uses the governor, until it has said that it is where it should be."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.governor_child", *map(str, arguments)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        process.first_line = process.stdout.readline().strip()  # type: ignore[attr-defined]
        yield process
    finally:
        process.kill()
        process.wait()


def finish(process: subprocess.Popen[str]) -> str:
    """Let a child begin and return what it says at its end."""
    out, _ = process.communicate("\n", timeout=240)
    return out.strip()


def test_processes_one_after_the_other_share_a_budget(
    make_sandbox: Callable[..., Any], tmp_path: Path
) -> None:
    sandbox = make_sandbox(limit=(20, 5.0, 5.0))
    key = sandbox.keys["admin"]
    for _ in range(2):
        with child("send", tmp_path, sandbox.url, key, 15) as process:
            assert finish(process) == "0"
    assert sandbox.stats()["statuses"] == {"200": 30}


def test_processes_side_by_side_share_a_budget(make_sandbox: Callable[..., Any], tmp_path: Path) -> None:
    sandbox = make_sandbox(limit=(20, 5.0, 5.0))
    key = sandbox.keys["admin"]
    with (
        child("send", tmp_path, sandbox.url, key, 24) as one,
        child("send", tmp_path, sandbox.url, key, 24) as two,
    ):
        for process in (one, two):
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        for process in (one, two):
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "0"
    assert sandbox.stats()["statuses"] == {"200": 48}


def test_a_killed_holder_of_the_lock_blocks_nobody(tmp_path: Path) -> None:
    with child("hold", tmp_path) as process:
        assert process.first_line == "holding"  # type: ignore[attr-defined]
        process.kill()
        process.wait()
        with FileStateStore(tmp_path, timeout=60).transaction("record") as held:
            assert held.data is None


def test_a_holder_that_hangs_costs_only_the_sharing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = FileStateStore(tmp_path, timeout=0.2)
    governor = Governor(store, "key")
    key = _only_key(governor)
    with child("hold", tmp_path), store.transaction("other"):
        pass
    with caplog.at_level(logging.WARNING):
        import filelock

        with filelock.FileLock(tmp_path / f"{key}.lock", thread_local=False):
            assert isinstance(governor.ask(), Permit)
            assert isinstance(governor.ask(), Wait)
    assert [record.message for record in caplog.records if "cannot be shared" in record.message]
    assert len(caplog.records) == 1


def test_a_killed_opener_does_not_keep_others_waiting(tmp_path: Path) -> None:
    with child("open", tmp_path) as process:
        assert process.first_line == "opening"  # type: ignore[attr-defined]
        governor = Governor(FileStateStore(tmp_path), "key")
        waiting = governor.ask()
        assert isinstance(waiting, Wait)
        assert waiting.reason == "opening"
        process.kill()
        process.wait()
    assert isinstance(governor.ask(), Permit)


def test_requests_of_a_killed_process_count_as_spent(tmp_path: Path) -> None:
    with child("fly", tmp_path) as process:
        assert process.first_line == "flying"  # type: ignore[attr-defined]
    governor = Governor(FileStateStore(tmp_path), "key")
    last = governor.ask()
    assert isinstance(last, Permit)
    full = governor.ask()
    assert isinstance(full, Wait)
    governor.report(last, headers(10, 0))
    full = governor.ask()
    assert isinstance(full, Wait)
    assert full.reason == "limit"
    assert 50 < full.seconds <= 61


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 64,
        b"{",
        b"[]",
        b"null",
        b'{"clock": "x"}',
        b'{"clock": "x", "now": "soon", "wall": 1, "data": {}}',
        b'{"clock": "x", "now": 1, "wall": 1, "data": {"limits": 5}}',
        b'{"clock": "x", "now": 1, "wall": 1, "data": {"limits": {"a": {"limit": "many"}}, "flights": {}}}',
        b'{"clock": "x", "now": 1, "wall": 1, "data": {"unknown": 5, "limits": {}, "flights": {}}}',
    ],
)
def test_a_damaged_file_counts_as_none(tmp_path: Path, content: bytes) -> None:
    governor = Governor(FileStateStore(tmp_path), "key")
    permit = governor.ask()
    assert isinstance(permit, Permit)
    governor.report(permit, headers(2, 1))
    (record,) = tmp_path.glob("*.json")
    record.write_bytes(content)
    permit = governor.ask()
    assert isinstance(permit, Permit)
    governor.report(permit, headers(2, 0))
    assert isinstance(governor.ask(), Wait)


def test_a_folder_that_cannot_be_used_costs_only_the_sharing(caplog: pytest.LogCaptureFixture) -> None:
    governor = Governor(FileStateStore("/dev/null/state"), "key")
    permit = governor.acquire()
    governor.report(permit, headers(1, 0, 30))
    waiting = governor.ask()
    assert isinstance(waiting, Wait)
    assert waiting.reason == "limit"
    assert governor.snapshot().source == "memory of this process"
    assert [record.levelname for record in caplog.records] == ["WARNING"]


class SetClock(Clock):
    """A clock that a test sets: wall time and time since the start of the machine apart."""

    def __new__(cls, *_: Any) -> SetClock:
        return object.__new__(cls)

    def __init__(self, domain: str, since_start: float, wall: float) -> None:
        object.__setattr__(self, "domain", domain)
        object.__setattr__(self, "moments", {"now": since_start, "wall": wall})

    def now(self) -> float:
        return self.moments["now"]

    def wall(self) -> float:
        return self.moments["wall"]

    def set(self, *, now: float | None = None, wall: float | None = None) -> None:
        self.moments.update({k: v for k, v in {"now": now, "wall": wall}.items() if v is not None})


def _spent(store: FileStateStore) -> Governor:
    governor = Governor(store, "key")
    permit = governor.ask()
    assert isinstance(permit, Permit)
    governor.report(permit, headers(1, 0))
    return governor


@pytest.mark.parametrize("jump", [-86_400.0, -3600.0, 59.0, 3600.0, 1e7])
def test_setting_the_clock_changes_nothing(tmp_path: Path, jump: float) -> None:
    clock = SetClock("boot-1", 5000.0, 1_800_000_000.0)
    governor = _spent(FileStateStore(tmp_path, clock=clock))
    clock.set(wall=1_800_000_000.0 + jump, now=5010.0)
    waiting = governor.ask()
    assert isinstance(waiting, Wait)
    assert waiting.reason == "limit"
    assert 49 <= waiting.seconds <= 51
    clock.set(now=5061.0)
    assert isinstance(governor.ask(), Permit)


@pytest.mark.parametrize(("wall", "low", "high"), [(30.0, 29, 31), (-500.0, 0, 62), (100.0, None, None)])
def test_a_restart_or_another_machine_is_brought_over_by_the_wall_clock(
    tmp_path: Path, wall: float, low: float | None, high: float | None
) -> None:
    _spent(FileStateStore(tmp_path, clock=SetClock("boot-1", 5000.0, 1_800_000_000.0)))
    other = Governor(FileStateStore(tmp_path, clock=SetClock("boot-2", 12.0, 1_800_000_000.0 + wall)), "key")
    answer = other.ask()
    if low is None:
        assert isinstance(answer, Permit)
    else:
        assert isinstance(answer, Wait)
        assert high is not None
        assert low <= answer.seconds <= high


def _only_key(governor: Governor) -> str:
    import hashlib

    return hashlib.sha256(f"{governor.fingerprint}\0".encode()).hexdigest()[:40]

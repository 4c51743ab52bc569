"""What is assumed of a limit is no knowledge: it is not stored, and of another's clock a window is believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from calcom_provider.api.rate_limit.governor import Governor, Permit
from calcom_provider.api.rate_limit.state import MemoryStateStore
from calcom_provider.api.rate_limit.state.file import Clock, FileStateStore
from calcom_provider.api.rate_limit.window import FORGOTTEN, SILENT, Wait
from tests.faults.governor_child import headers

SMALL = (4, 60.0)


def spend(governor: Governor, requests: int, stated: dict[str, str] | None = None, **more: bool) -> int:
    """Send until the governor asks to wait; return how many were sent."""
    for sent in range(requests):
        permit = governor.ask()
        if not isinstance(permit, Permit):
            return sent
        governor.report(permit, stated or {}, **more)
    return requests


# -- assumptions are not kept ----------------


def test_a_run_that_assumes_no_limit_waits_for_none_that_an_earlier_run_assumed() -> None:
    """docs/limits.rst: «What is assumed is a run's own and never kept»."""
    store = MemoryStateStore()
    assert spend(Governor(store, "key", start=SMALL), 9) == 4
    none = Governor(store, "key", start=None)
    assert spend(none, 195) == 195
    assert none.headroom() == 1_000_000
    assert none.snapshot().limit is None


def test_a_run_assumes_its_own_limit_after_one_that_assumed_none_or_less() -> None:
    store = MemoryStateStore()
    assert spend(Governor(store, "key", start=None), 50) == 50
    assert spend(Governor(store, "key", start=SMALL), 9) == 4
    # What was sent in the window is shared, its size is not
    assert spend(Governor(store, "key", start=(10, 60.0)), 20) == 6


def test_what_was_stated_is_known_to_all_whatever_they_assume() -> None:
    store = MemoryStateStore()
    Governor(store, "key", start=SMALL).report(_permit(store), headers(2, 1))
    assert spend(Governor(store, "key", start=None), 9) == 1
    assert Governor(store, "key", start=None).per_minute() == 2.0


def _permit(store: MemoryStateStore) -> Permit:
    permit = Governor(store, "key").ask()
    assert isinstance(permit, Permit)
    return permit


# -- a server that states none ----------------


def test_a_server_that_states_no_limit_is_recognised_and_said_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """docs/limits.rst: «A server whose answers state no limit is recognised, and it is said once»."""
    governor = Governor(MemoryStateStore(), "key")
    spend(governor, SILENT - 1)
    assert not governor.snapshot().silent
    assert not caplog.records
    spend(governor, 10)
    assert governor.snapshot().silent
    (record,) = caplog.records
    assert "state no request limit; 120 in 60 s are assumed" in record.getMessage()
    caplog.clear()
    assumes_none = Governor(governor.store, "key", start=None)
    spend(assumes_none, 10)
    assert not caplog.records


def test_answers_from_before_the_count_prove_no_silence(caplog: pytest.LogCaptureFixture) -> None:
    governor = Governor(MemoryStateStore(), "key")
    spend(governor, 10, uncounted=True)
    assert not governor.snapshot().silent
    assert not caplog.records


def test_a_limit_that_is_no_longer_stated_is_forgotten() -> None:
    store = MemoryStateStore()
    spend(Governor(store, "key"), 1, headers(100, 99))
    many = Governor(store, "key", start=None)
    spend(many, FORGOTTEN - 1)
    assert many.snapshot().limit == 100
    spend(many, 1)
    assert many.snapshot().limit is None
    assert spend(many, 500) == 500


# -- clocks that are not ours ----------------


class Booted(Clock):
    """A machine that was started some seconds ago, and what its wall clock shows."""

    def __init__(self, boot: str, up: float, wall: float) -> None:
        super().__init__(boot)
        object.__setattr__(self, "_times", (up, wall))

    def now(self) -> float:
        return float(self._times[0])  # type: ignore[attr-defined]

    def wall(self) -> float:
        return float(self._times[1])  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # An hour ahead before the machine was started again
        (Booted("one", 500.0, 1_003_600.0), Booted("two", 30.0, 1_000_010.0)),
        # A clock without a name for its start, set back by it
        (Booted("same", 90_000.0, 1_000_000.0), Booted("same", 30.0, 1_000_010.0)),
    ],
)
@pytest.mark.parametrize("length", [60.0, 5.0])
def test_of_a_clock_that_is_not_ours_one_window_is_believed(
    tmp_path: Path, before: Clock, after: Clock, length: float
) -> None:
    """docs/limits.rst: «Of a clock that is not ours at most one window is believed»."""
    old = Governor(FileStateStore(tmp_path, clock=before), "key")
    spend(old, 1, headers(5, 4, length))
    permit = old.ask()
    assert isinstance(permit, Permit)
    old.report(permit, {"retry-after": "3000"}, refused=True)
    blocked = old.ask()
    assert isinstance(blocked, Wait)
    assert blocked.seconds > 2_999
    waiting = Governor(FileStateStore(tmp_path, clock=after), "key").ask()
    assert isinstance(waiting, Wait)
    assert waiting.seconds <= length + 2


def test_a_block_that_our_own_clock_timed_is_believed_to_its_end(tmp_path: Path) -> None:
    clock, later = Booted("one", 500.0, 1_000_000.0), Booted("one", 600.0, 900_000.0)
    old = Governor(FileStateStore(tmp_path, clock=clock), "key")
    permit = old.ask()
    assert isinstance(permit, Permit)
    old.report(permit, {"retry-after": "3000"}, refused=True)
    waiting = Governor(FileStateStore(tmp_path, clock=later), "key").ask()
    assert isinstance(waiting, Wait)
    assert 2_899 < waiting.seconds < 2_901

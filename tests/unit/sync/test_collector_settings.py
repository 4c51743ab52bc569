"""A sync leaves the settings of the process as it found them, also where several run at a time."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from calcom_provider.sync.collector_settings import SWITCH_INTERVAL, THRESHOLD, quiet_collector


@pytest.fixture(autouse=True)
def settings() -> Iterator[tuple[tuple[int, int, int], float]]:
    before = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(700, 10, 10)
    sys.setswitchinterval(0.005)
    yield gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(*before[0])
    sys.setswitchinterval(before[1])


def now() -> tuple[tuple[int, int, int], float]:
    return gc.get_threshold(), sys.getswitchinterval()


def test_runs_that_overlap_leave_the_settings_as_they_were(
    settings: tuple[tuple[int, int, int], float],
) -> None:
    first, second = quiet_collector(), quiet_collector()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert now() == (THRESHOLD, pytest.approx(SWITCH_INTERVAL))
    second.__exit__(None, None, None)
    assert now() == settings


def test_runs_in_threads_and_runs_that_fail_leave_the_settings_as_they_were(
    settings: tuple[tuple[int, int, int], float],
) -> None:
    together = threading.Barrier(8)

    def run(number: int) -> bool:
        together.wait(60)
        for _ in range(50):
            try:
                with quiet_collector():
                    quiet = gc.get_threshold() == THRESHOLD
                    if number % 2:
                        raise RuntimeError
            except RuntimeError:
                pass
            if not quiet:
                return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(run, range(8)))
    assert now() == settings


def test_what_the_host_froze_stays_frozen() -> None:
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        assert frozen > 0
        with quiet_collector():
            assert gc.get_freeze_count() == pytest.approx(frozen, rel=0.01)
        assert gc.get_freeze_count() == pytest.approx(frozen, rel=0.01)
    finally:
        gc.unfreeze()


def test_what_nobody_froze_is_not_frozen() -> None:
    gc.unfreeze()
    with quiet_collector():
        assert gc.get_freeze_count() == 0


def test_a_collector_that_the_host_switched_off_or_made_rarer_is_left_alone() -> None:
    for threshold in ((0, 10, 10), (500_000, 10, 10)):
        gc.set_threshold(*threshold)
        with quiet_collector():
            assert gc.get_threshold() == threshold
        assert gc.get_threshold() == threshold


def test_what_the_host_sets_during_a_run_stays() -> None:
    with quiet_collector():
        gc.set_threshold(9_000, 10, 10)
        sys.setswitchinterval(0.02)
    assert now() == ((9_000, 10, 10), pytest.approx(0.02))

"""What is said of a run over many organisations follows from what each sync recorded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from calcom_provider.sync.fleet.results import FleetResult, fleet_result
from calcom_provider.warehouse import EndedRun

NOW = datetime(2026, 11, 21, 17, tzinfo=UTC)
BOOKINGS, BOTH = ("bookings",), ("bookings", "teams")


def run(
    number: int,
    minute: int,
    status: str = "success",
    *,
    read: tuple[str, ...] = BOOKINGS,
    error: str = "",
    took: float | None = 10.0,
    **more: Any,
) -> EndedRun:
    began = NOW + timedelta(minutes=minute)
    ended = None if took is None else began + timedelta(seconds=took)
    counts = {"requests": 6, "throttled": 0, "waited_seconds": 0.5} | more
    return EndedRun(f"{number}-{minute}", number, status, began, ended, read, error=error, **counts)


def told(*runs: EndedRun, planned: int = 1, **more: Any) -> FleetResult:
    return fleet_result(planned, runs, more.pop("read_before", {}), **more)


def test_a_sync_that_a_later_one_made_good_is_no_failure() -> None:
    done = told(run(1, 0, "failed", error="gone"), run(1, 1))
    assert (done.synced, dict(done.failed)) == (1, {})
    # What came to no table is made good by anything that did.
    assert dict(told(run(1, 0, "failed", read=()), run(1, 1)).failed) == {}
    assert dict(told(run(1, 0, "lost"), run(1, 1, read=BOTH)).failed) == {}


def test_a_sync_that_failed_after_another_had_read_more_is_a_failure() -> None:
    done = told(run(1, 0, read=BOTH), run(1, 1, "failed", error="gone"))
    assert (done.synced, dict(done.failed)) == (0, {"1": "gone"})
    assert dict(told(run(1, 1, "failed"), run(1, 0, read=BOTH)).failed) == {"1": "failed"}


def test_a_sync_of_other_resources_or_of_another_organisation_makes_nothing_good() -> None:
    assert dict(told(run(1, 0, "failed", read=BOTH), run(1, 1)).failed) == {"1": "failed"}
    done = told(run(1, 0, "failed"), run(2, 1), planned=2)
    assert (done.organizations, done.synced, dict(done.failed)) == (2, 1, {"1": "failed"})


def test_what_a_task_told_wins_over_what_is_recorded() -> None:
    done = told(run(1, 0), run(2, 0), planned=3, failures={"1": "after the records", "3": "no record"})
    assert (done.synced, dict(done.failed)) == (1, {"1": "after the records", "3": "no record"})


def test_requests_and_waits_are_those_of_failed_syncs_too() -> None:
    done = told(run(1, 0, "failed", throttled=2), run(1, 1, requests=4, waited_seconds=1.25))
    assert (done.requests, done.throttled, done.waited_seconds) == (10, 2, 1.75)


def test_the_worst_age_is_that_of_what_a_sync_replaced() -> None:
    before = {(1, "bookings"): NOW - timedelta(hours=1), (1, "teams"): NOW - timedelta(hours=5)}
    before[2, "bookings"] = NOW - timedelta(hours=9)
    assert told(run(1, 0, read=BOTH), read_before=before).worst_age == 5 * 3600 + 10
    # One that failed replaced nothing, and one whose end is not recorded tells no age.
    assert told(run(1, 0), run(2, 0, "failed"), read_before=before).worst_age == 3600 + 10
    assert told(run(1, 0, took=None), read_before=before).worst_age is None
    assert told(run(3, 0), read_before=before).worst_age is None


def test_the_line_and_the_failures_are_short() -> None:
    failures = {str(number): "gone" for number in range(1, 8)}
    done = told(run(9, 0), planned=8, failures=failures, planned_age=7200.0)
    assert done.line == (
        "1 of 8 organizations synced; 7 failed; worst age not known (planned 2 h); 6 requests, 0 answers 429"
    )
    assert done.failures() == [
        *(f"organization {number}: gone" for number in range(1, 6)),
        "and 2 more",
    ]
    assert done.to_dict()["failed"] == 7

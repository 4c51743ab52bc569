"""Promises, budgets and batches of a run over many organisations, on paper: nothing is read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.sync.fleet.batches import deal
from calcom_provider.sync.fleet.forecast import jobs_of
from calcom_provider.sync.fleet.model import Budget, Job
from calcom_provider.sync.fleet.organizations import Organization, organizations_of
from calcom_provider.sync.fleet.planner import finish_times, plan_fleet
from calcom_provider.sync.fleet.promises import Promise, promises_of
from calcom_provider.warehouse import LastRead

NOW = datetime(2026, 11, 21, 17, tzinfo=UTC)
BOOKINGS, TEAMS = Promise(("bookings",), 3600.0), Promise(("teams",), 86_400.0)


def job(
    number: int, promise: Promise = BOOKINGS, *, age: float | None = 0.0, requests: int = 6, **more: Any
) -> Job:
    organization = Organization(number, more.pop("connection", "key"), more.pop("priority", 0))
    return Job(organization, promise, age, requests, more.pop("seconds", 0.1))


def test_promises_are_kept_by_the_shortest_that_names_a_resource() -> None:
    found = promises_of("default,bookings", "group:teams=1d,bookings=1h,team_memberships=2h")
    assert [promise.within for promise in found] == [3600.0, 7200.0, 86_400.0, None]
    assert [promise.resources for promise in found[:2]] == [("bookings",), ("team_memberships",)]
    assert "teams" in found[2].resources
    assert "users" in found[3].resources
    everything = [name for promise in found for name in promise.resources]
    assert len(everything) == len(set(everything))
    assert [promise.resources for promise in promises_of(None, {"bookings": "1h"})] == [("bookings",)]


@pytest.mark.parametrize(
    "promises", ["bookings", "booking=1h", "bookings=soon", "bookings=0", "account_profile=1h"]
)
def test_a_promise_that_cannot_be_meant_is_refused(promises: str) -> None:
    with pytest.raises(ConfigurationError):
        promises_of("default", promises)


@pytest.mark.parametrize(
    "given_",
    [
        [0],
        ["x"],
        [{"calcom_conn_id": "a", "organization": 3}],
        [{}],
        [5, 5],
        [{"organization_id": 5, "calcom_conn_id": "a"}, {"organization_id": 5, "calcom_conn_id": "b"}],
        [{"organization_id": 5, "priority": "high"}],
    ],
)
def test_a_list_of_organisations_that_cannot_be_meant_is_refused(given_: list[Any]) -> None:
    with pytest.raises(ConfigurationError):
        organizations_of(given_, "calcom_default")


def test_the_worst_age_is_told_before_anything_is_read() -> None:
    # 120 requests a minute, 6 each: 20 organisations a minute.
    plan = plan_fleet([job(number, age=60.0 * (number % 7)) for number in range(1, 101)])
    assert 240.0 <= plan.seconds <= 243.0
    ages = [one.job.age for one in plan.jobs]
    assert ages == sorted(ages, key=lambda age: -(age or 0.0))
    assert plan.worst_age == max((one.age or 0.0) for one in plan.jobs) < 60 * 6 + 243
    assert "worst age" in plan.lines()[-1]


def test_what_is_impossible_is_said_with_the_promises_that_would_be_possible() -> None:
    plan = plan_fleet([job(number, age=1800.0) for number in range(1, 2001)])
    assert plan.late > 0
    (text,) = plan.impossible
    assert "bookings within 1 h 12,000 requests an hour, and the credential has 7,200" in text
    assert "1.7 times as long" in text
    assert plan_fleet([job(number) for number in range(1, 1001)]).impossible == ()


def test_a_round_reads_what_falls_due_and_spends_what_is_left_on_the_oldest() -> None:
    nightly = [
        job(number, TEAMS, age=float(hours) * 3600) for number, hours in enumerate((1, 11, 13, 20, 23), 100)
    ]
    hourly = [job(number, age=3000.0) for number in range(1, 11)]
    plan = plan_fleet([*hourly, *nightly], within=3600.0)
    read = {one.job.organization.organization_id for one in plan.jobs}
    assert read == set(range(1, 11)) | {102, 103, 104}
    assert {one.job.organization.organization_id for one in plan.waiting} == {100, 101}
    assert plan.late == 0
    small = plan_fleet([*hourly, *nightly], budget=Budget(limit=66, window_seconds=3600.0), within=3600.0)
    assert {one.job.organization.organization_id for one in small.jobs} == set(range(1, 11)) | {104}
    # Whose promise would be broken in the middle of the next round is read in this one, left or not.
    none = plan_fleet([*hourly, *nightly], budget=Budget(limit=60, window_seconds=3600.0), within=3600.0)
    assert {one.job.organization.organization_id for one in none.jobs} == set(range(1, 11)) | {104}


@given(
    st.lists(st.tuples(st.integers(1, 40), st.floats(0, 5)), min_size=1, max_size=40),
    st.integers(1, 50),
    st.integers(1, 8),
)
def test_no_window_is_planned_with_more_requests_than_it_takes(
    sizes: list[tuple[int, float]], limit: int, parallel: int
) -> None:
    jobs = [
        job(place, requests=requests, seconds=seconds) for place, (requests, seconds) in enumerate(sizes, 1)
    ]
    times = finish_times(jobs, Budget(limit, 60.0), parallel)
    for place, done in enumerate(times):
        # All that comes before in the order has been sent by then.
        sent = sum(one.requests for one in jobs[: place + 1])
        assert sent <= limit * (done // 60.0 + 1)
        assert done >= jobs[place].seconds


def test_a_window_that_is_in_use_is_planned_with_what_it_has_left() -> None:
    budget = Budget(limit=100, window_seconds=60.0, left=10, ends_in=25.0)
    assert [budget.open_for(sent) for sent in (1, 10, 11, 110, 111)] == [0.0, 0.0, 25.0, 25.0, 85.0]


def test_three_thousand_organisations_are_120_tasks_and_little_to_pass_on() -> None:
    organizations = organizations_of(range(1, 3001), "calcom_platform")
    promises = promises_of("default")
    (plan,) = [plan_fleet(jobs_of(organizations, promises, {}, now=NOW), parallel=4)]
    batches = deal([plan], promises, parallel=4)
    assert len(batches) == 120
    assert {len(batch.jobs) for batch in batches} == {25}
    passed = [{"calcom_conn_id": one.calcom_conn_id, "jobs": one.jobs} for one in batches]
    assert len(json.dumps(passed)) < 64_000
    dealt = [number for batch in batches for number, _ in batch.jobs]
    assert sorted(dealt) == list(range(1, 3001))


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5000)), min_size=1, max_size=60),
    st.integers(1, 9),
    st.integers(1, 5),
)
def test_batches_hold_one_credential_and_keep_the_order(
    organizations: list[tuple[str, int]], size: int, parallel: int
) -> None:
    jobs = [job(place, connection=key, age=float(age)) for place, (key, age) in enumerate(organizations, 1)]
    keys = dict.fromkeys(key for key, _ in organizations)
    plans = [plan_fleet([one for one in jobs if one.organization.calcom_conn_id == key]) for key in keys]
    batches = deal(plans, [BOOKINGS], size=size, parallel=parallel)
    by_number = {one.organization.organization_id: one for one in jobs}
    assert sorted(number or 0 for batch in batches for number, _ in batch.jobs) == sorted(
        number or 0 for number in by_number
    )
    for batch in batches:
        assert len(batch.jobs) <= size
        assert {by_number[number].organization.calcom_conn_id for number, _ in batch.jobs} == {
            batch.calcom_conn_id
        }
    assert all(one.due <= other.due for one, other in pairwise(batches))


def test_batches_name_what_is_read_by_its_place_among_the_promises() -> None:
    jobs = [job(7, BOOKINGS, age=600.0), job(7, TEAMS, age=100.0), job(8, TEAMS, age=50.0)]
    (batch,) = deal([plan_fleet(jobs)], [TEAMS, BOOKINGS])
    assert sorted(batch.jobs) == [(7, 0), (7, 1), (8, 0)]


def test_what_an_organisation_took_the_last_time_is_what_it_is_planned_with() -> None:
    reads = {
        7: {"bookings": LastRead(NOW - timedelta(hours=2), 9, 1.5)},
        8: {"bookings": LastRead(NOW - timedelta(hours=1), 5, 0.5)},
    }
    found = jobs_of(organizations_of([7, 8, 9], "c"), [BOOKINGS], reads, now=NOW)
    assert [(one.age, one.requests, one.seconds) for one in found] == [
        (7200.0, 9, 1.5),
        (3600.0, 5, 0.5),
        (None, 7, 1.0),
    ]
    reads = {7: {"bookings": LastRead(NOW + timedelta(days=3), 9, 1.5)}}
    (ahead,) = jobs_of(organizations_of([7], "c"), [BOOKINGS], reads, now=NOW)
    # By a clock that stood wrong: it would be left for the last until its time had come.
    assert (ahead.age, ahead.requests) == (None, 9)
    (unknown,) = jobs_of(organizations_of([7], "c"), [TEAMS], reads, now=NOW)
    assert unknown.age is None
    assert unknown.requests == 1

"""The governor keeps to the API's limit without a single refusal, and close to the least time possible."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calcom_provider.api.rate_limit.governor import Governor, Permit
from calcom_provider.api.rate_limit.state import MemoryStateStore
from calcom_provider.api.rate_limit.window import Wait
from tests.unit.api.rate_limit.limit_model import Clock, Server, Throttle, floor_seconds, simulate

COMMON = settings(max_examples=25, deadline=None)


def default(limit: int = 120, window: float = 60.0, block: float = 60.0) -> Server:
    return Server([Throttle("default", limit, window, block)])


@COMMON
@given(
    requests=st.integers(1, 500),
    limit=st.integers(1, 200),
    window=st.sampled_from([5.0, 20.0, 60.0]),
    workers=st.integers(1, 12),
    seed=st.integers(0, 10_000),
)
def test_no_refusal_and_near_the_floor(
    requests: int, limit: int, window: float, workers: int, seed: int
) -> None:
    requests = min(requests, limit * 6)
    run = simulate(default(limit, window), requests, workers=workers, seed=seed)
    assert run.server.refused == 0
    windows = -(-requests // limit)
    # Each window costs its opening request and at most a second of rounding beyond the floor.
    assert (
        run.seconds
        <= floor_seconds(requests, limit, window) + windows * 0.6 + requests * 0.05 / workers + 1.5
    )


@COMMON
@given(
    slow=st.floats(0.1, 8.0), workers=st.integers(1, 10), seed=st.integers(0, 1000), limit=st.integers(5, 60)
)
def test_no_refusal_when_answers_are_slow_and_overtake_each_other(
    slow: float, workers: int, seed: int, limit: int
) -> None:
    run = simulate(
        default(limit),
        limit * 4,
        workers=workers,
        seed=seed,
        latency=lambda chance: chance.uniform(0.01, slow),
    )
    assert run.server.refused == 0


@COMMON
@given(failing=st.floats(0.0, 0.4), seed=st.integers(0, 1000))
def test_lost_answers_do_not_lead_to_a_refusal(failing: float, seed: int) -> None:
    run = simulate(default(40, 20.0), 160, failing=failing, seed=seed)
    assert run.server.refused == 0
    assert run.server.served >= 160


@pytest.mark.parametrize("limit", [60, 120, 200, 600])
@pytest.mark.parametrize("workers", [1, 8])
def test_the_real_window_at_several_limits(limit: int, workers: int) -> None:
    run = simulate(default(limit), 3 * limit + 7, workers=workers)
    assert run.server.refused == 0
    assert run.seconds <= floor_seconds(3 * limit + 7, limit, 60.0) + 5


def test_a_long_job_stays_within_seconds_of_the_floor() -> None:
    run = simulate(default(), 4524)
    assert run.server.refused == 0
    assert run.seconds <= floor_seconds(4524, 120, 60.0) + 5


def test_a_key_that_is_partly_spent_at_the_start() -> None:
    server = default()
    clock = Clock()
    for _ in range(90):
        server.hit(clock.now - 20, stranger=True)
    run = simulate(server, 100, clock=clock)
    assert run.server.refused == 0
    # 30 are left for the 40 s that this window still has, the other 70 follow in the next.
    assert 40 <= run.seconds <= 43


@COMMON
@given(moment=st.floats(0.0, 90.0), many=st.integers(1, 60), seed=st.integers(0, 1000))
def test_a_stranger_on_the_key_costs_at_most_one_refusal(moment: float, many: int, seed: int) -> None:
    run = simulate(default(), 300, strangers=[(moment, many)], seed=seed, workers=1)
    assert run.server.refused <= 1
    for refused, block in run.server.refused_at:
        # Nothing is sent during the block.
        assert not [sent for sent in run.sent_at if refused < sent <= refused + block - 1]


@COMMON
@given(many=st.integers(1, 60), seed=st.integers(0, 1000), share=st.floats(0.05, 0.6))
def test_a_stranger_in_mid_window_is_noticed_in_time(many: int, seed: int, share: float) -> None:
    # Eight requests of ours are in flight when somebody else spends some, well before the budget ends.
    server = default()
    run = simulate(server, 300, strangers=[(0.025 * 120 / 8 * share, min(many, 40))], seed=seed, workers=8)
    assert server.refused == 0
    assert run.seconds <= floor_seconds(300 + 40, 120, 60.0) + 5


def test_nothing_is_sent_during_a_block() -> None:
    clock = Clock()
    server = default(20, 5.0, 30.0)
    for _ in range(25):
        server.hit(clock.now, stranger=True)
    run = simulate(server, 60, clock=clock, workers=8)
    assert server.refused == 1
    first, block = server.refused_at[0]
    assert block == 30
    assert [sent for sent in run.sent_at if sent <= first + 29.0] == run.sent_at[:1]


def test_two_named_limits_are_used_together() -> None:
    # The API refuses only when both are over; the long one is what counts in the end.
    server = Server([Throttle("short", 20, 5.0, 5.0), Throttle("long", 100, 60.0, 60.0)])
    run = simulate(server, 260)
    assert server.refused == 0
    assert run.seconds <= 60 * 3


@COMMON
@given(
    short=st.integers(2, 20),
    long=st.integers(10, 60),
    window=st.sampled_from([3.0, 5.0, 10.0]),
    block=st.sampled_from([3.0, 5.0, 30.0]),
    seed=st.integers(0, 1000),
)
def test_two_named_limits_of_any_size_do_not_refuse(
    short: int, long: int, window: float, block: float, seed: int
) -> None:
    server = Server([Throttle("short", short, window, block), Throttle("long", long, 60.0, block)])
    simulate(server, 150, seed=seed)
    assert server.refused == 0


def test_without_headers_the_start_values_are_kept_to() -> None:
    server = default()
    server.headers = False
    run = simulate(server, 300)
    assert server.refused == 0
    assert 120 <= run.seconds <= 125


def test_without_headers_a_refusal_silences_for_a_minute() -> None:
    server = default(50)
    server.headers = False
    run = simulate(server, 100, workers=1)
    assert server.refused_at
    for refused, _ in server.refused_at:
        assert not [sent for sent in run.sent_at if refused < sent < refused + 59.9]


@pytest.mark.parametrize("processes", [2, 5])
def test_processes_side_by_side_share_one_budget(processes: int) -> None:
    run = simulate(default(), 500, processes=processes, workers=4)
    assert run.server.refused == 0
    assert run.seconds <= floor_seconds(500, 120, 60.0) + 5


def test_a_process_that_starts_after_another_knows_what_was_spent() -> None:
    clock, server = Clock(), default()
    store = MemoryStateStore(clock)
    simulate(server, 100, clock=clock, store=store)
    run = simulate(server, 100, clock=clock, store=store)
    assert server.refused == 0
    assert 55 <= run.seconds <= 62


def test_a_raised_limit_is_learnt_from_the_first_answer() -> None:
    run = simulate(default(600), 550)
    assert run.server.refused == 0
    assert run.seconds < 10


def test_a_route_with_a_budget_of_its_own_does_not_shrink_the_credentials() -> None:
    clock = Clock()
    governor = Governor(MemoryStateStore(clock), "key", clock=clock)

    def send(limit: int, left: int, name: str = "default") -> None:
        permit = governor.ask()
        assert isinstance(permit, Permit)
        stated = {"limit": limit, "remaining": left, "reset": 60}
        governor.report(permit, {f"x-ratelimit-{what}-{name}": str(value) for what, value in stated.items()})

    send(120, 119)
    send(5, 0, "guests_of_a_booking")
    assert governor.snapshot().names == {"default": 120}
    send(120, 117)
    assert governor.snapshot().remaining == 117
    # A key whose limit was raised states another name.
    send(800, 700, "custom")
    assert governor.snapshot().names == {"custom": 800}


def test_a_routes_own_budget_is_counted_apart() -> None:
    clock = Clock()
    governor = Governor(MemoryStateStore(clock), "key", clock=clock)
    permit = governor.ask("verify", start=(3, 60.0))
    assert isinstance(permit, Permit)
    governor.report(permit, {}, refused=True)
    assert isinstance(governor.ask("verify", start=(3, 60.0)), Wait)
    assert isinstance(governor.ask(), Permit)

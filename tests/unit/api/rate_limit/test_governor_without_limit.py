"""Where no limit is known the shared record is looked at now and then, not with every request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from calcom_provider.api.rate_limit.governor import RECENT, Governor, Permit
from calcom_provider.api.rate_limit.state import MemoryStateStore
from calcom_provider.api.rate_limit.state.base import Transaction
from calcom_provider.api.rate_limit.window import SILENT, Wait
from tests.faults.governor_child import headers


class CountingStore(MemoryStateStore):
    """Count the looks at the record."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    @contextmanager
    def transaction(self, key: str) -> Iterator[Transaction]:
        self.looks += 1
        with super().transaction(key) as held:
            yield held


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


def governor(store: CountingStore, clock: Hand) -> Governor:
    return Governor(store, "key", start=None, clock=clock)


def send(one: Governor) -> Permit:
    permit = one.ask()
    assert isinstance(permit, Permit)
    return permit


def test_requests_without_a_limit_do_not_queue_at_the_record(store: CountingStore) -> None:
    clock = Hand()
    one = governor(store, clock)
    for _ in range(SILENT):
        one.report(send(one), {})
    before = store.looks
    for _ in range(500):
        assert one.headroom() == 1_000_000
        one.report(send(one), {})
    assert store.looks == before
    clock.now += RECENT
    one.report(send(one), {})
    assert store.looks > before


def test_a_limit_that_an_answer_states_counts_from_then_on(store: CountingStore) -> None:
    one = governor(store, Hand())
    one.report(send(one), {})
    one.report(send(one), headers(5, 4))
    granted = [one.ask() for _ in range(6)]
    assert [isinstance(answer, Permit) for answer in granted] == [True] * 4 + [False] * 2


def test_a_refusal_silences_this_process_at_once_and_others_within_a_second(store: CountingStore) -> None:
    clock = Hand()
    one, two = governor(store, clock), governor(store, clock)
    one.report(send(one), {})
    two.report(send(two), {})
    assert one.report(send(one), {}, refused=True) == 60.0
    assert isinstance(one.ask(), Wait)
    clock.now += RECENT
    assert isinstance(two.ask(), Wait)

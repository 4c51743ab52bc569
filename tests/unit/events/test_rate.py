"""Who is listened to: each sender, all strangers together, and those that have shown the secret."""

from __future__ import annotations

from collections.abc import Callable

from calcom_provider.events.rate import (
    KNOWN_FOR,
    REFUSALS,
    REFUSALS_A_SECOND,
    REMEMBERED_SENDERS,
    Buckets,
    Senders,
)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def refused_until_barred(senders: Senders, address: Callable[[int], str]) -> int:
    count = 0
    while senders.admits(address(count)) and count < 10_000:
        senders.refused(address(count))
        count += 1
    return count


def test_a_stranger_is_listened_to_again_when_time_has_passed() -> None:
    clock = Clock()
    senders = Senders(100.0, 500.0, clock)
    assert refused_until_barred(senders, lambda _: "203.0.113.9") == REFUSALS
    assert senders.admits("203.0.113.10")
    clock.now += 2 / REFUSALS_A_SECOND
    assert refused_until_barred(senders, lambda _: "203.0.113.9") == 2


def test_many_strangers_share_a_bound_that_known_senders_do_not_feel() -> None:
    senders = Senders(100.0, 500.0, Clock())
    senders.signed("198.51.100.7")
    assert refused_until_barred(senders, lambda number: f"10.0.{number // 256}.{number % 256}") == 500
    assert not senders.admits("203.0.113.9")
    assert senders.admits("198.51.100.7")


def test_a_known_sender_may_be_refused_as_often_as_an_organisation_may_send() -> None:
    """Behind a proxy that names nobody all have one address."""
    clock = Clock()
    senders = Senders(100.0, 500.0, clock)
    senders.signed("192.0.2.1")
    assert refused_until_barred(senders, lambda _: "192.0.2.1") == 500
    clock.now += KNOWN_FOR
    assert not senders.is_known("192.0.2.1")
    assert not senders.knows_any


def test_one_network_is_one_sender() -> None:
    senders = Senders(1e6, 1e6, Clock())
    assert refused_until_barred(senders, lambda number: f"2001:db8::{number:x}") == REFUSALS
    assert senders.admits("2001:db8:0:1::1")
    assert senders.admits("not:an:address")
    assert refused_until_barred(senders, lambda _: "") == REFUSALS


def test_no_number_of_senders_fills_the_memory() -> None:
    buckets = Buckets(1.0, 1.0, Clock())
    senders = Senders(1e9, 1e9, Clock())
    for number in range(REMEMBERED_SENDERS + 10):
        assert buckets.take(number)
        senders.signed(f"a{number}")
        senders.refused(f"b{number}")
    assert len(buckets._held) == len(senders._known) == len(senders._strangers._held) == REMEMBERED_SENDERS
    # The longest unused ones are forgotten.
    assert not buckets.take(REMEMBERED_SENDERS)
    assert buckets.take(0)

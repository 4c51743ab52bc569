"""The queue of the store: who may claim a row and for how long, and who may say what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from calcom_provider.events.body import Delivered
from calcom_provider.events.store.database import Database
from calcom_provider.events.store.store import CLAIM, Claimed, EventStore
from calcom_provider.resources.events import BOOKINGS, Change

MINE, OTHERS = 7, 8
NOW = datetime(2026, 11, 20, 10, 14, tzinfo=UTC)


class Queue:
    """Fill a store by a clock that stands still until it is moved."""

    def __init__(self, folder: Path) -> None:
        self.now = NOW.timestamp()
        self.database = Database(f"sqlite:///{folder}/events.db")
        self.store = EventStore(self.database, lambda: self.now)

    def add(self, *numbers: int, organization_id: int = MINE) -> bool:
        changes = tuple(Change(BOOKINGS, f"uid{number}", number, NOW) for number in numbers)
        digest = "-".join(map(str, numbers))
        return self.store.add(organization_id, digest, Delivered("BOOKING_CREATED", NOW, changes))

    def claim(self, owner: str, most: int = 500) -> list[Claimed]:
        return self.store.claim(MINE, owner, most)

    def waiting(self) -> dict[int, int]:
        return {one.organization_id: one.rows for one in self.store.queues()}


def numbers(rows: list[Claimed]) -> list[int | None]:
    return [row.change.number for row in rows]


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    made = Queue(tmp_path)
    yield made
    made.database.close()


def test_a_claim_is_its_owners_until_it_ends(queue: Queue) -> None:
    queue.add(1)
    queue.add(2)
    assert numbers(queue.claim("first", most=1)) == [1]
    assert numbers(queue.claim("second")) == [2]
    # A retry gets what it had before.
    assert numbers(queue.claim("first")) == [1]
    queue.now += CLAIM
    assert queue.claim("third") == []
    queue.now += 1
    assert numbers(queue.claim("third")) == [1, 2]
    assert queue.claim("first") == queue.claim("second") == []


def test_who_was_too_slow_says_nothing_of_rows_that_another_has_claimed_since(queue: Queue) -> None:
    queue.add(1)
    late = queue.claim("slow")
    queue.now += CLAIM + 1
    held = queue.claim("quick")
    queue.store.acknowledge(MINE, "slow", late)
    queue.store.put_back(MINE, "slow", late, absent=True)
    assert queue.waiting() == {}
    assert queue.claim("quick") == held
    queue.store.acknowledge(MINE, "quick", held)
    queue.now += CLAIM + 1
    assert queue.claim("anybody") == []


def test_what_is_put_back_for_later_waits_until_then(queue: Queue) -> None:
    queue.add(1)
    queue.store.put_back(MINE, "one", queue.claim("one"), pause=30.0, absent=True)
    queue.now += 29.0
    assert queue.claim("one") == []
    assert queue.waiting() == {}
    queue.now += 1.0
    assert queue.waiting() == {MINE: 1}
    (row,) = queue.claim("two")
    assert row.absences == 1
    queue.store.put_back(MINE, "two", [row])
    assert [row.absences for row in queue.claim("three")] == [1]


def test_organisations_do_not_see_each_others_rows(queue: Queue) -> None:
    assert queue.add(1)
    assert queue.add(1, organization_id=OTHERS)
    assert queue.waiting() == {MINE: 1, OTHERS: 1}
    mine = queue.claim("one")
    assert numbers(mine) == [1]
    queue.store.acknowledge(OTHERS, "one", mine)
    assert queue.claim("one") == mine
    assert queue.waiting() == {OTHERS: 1}


def test_a_body_that_comes_again_after_it_was_acknowledged_is_not_queued_anew(queue: Queue) -> None:
    queue.add(1, 2)
    queue.store.acknowledge(MINE, "one", queue.claim("one"))
    assert not queue.add(1, 2)
    assert queue.waiting() == {}


def test_what_is_forgotten_was_done_with_long_ago(queue: Queue) -> None:
    for number in range(1, 4):
        queue.add(number)
    queue.store.acknowledge(MINE, "one", queue.claim("one", most=1))
    queue.claim("one", most=1)
    queue.now += 86_400.0
    assert queue.store.forget_days(1) == 0
    queue.now += 1.0
    assert queue.store.forget_days(1) == 1
    assert numbers(queue.claim("two")) == [2, 3]


def test_hundreds_of_rows_are_claimed_oldest_first_and_acknowledged(queue: Queue) -> None:
    for start in range(0, 450, 50):
        queue.add(*range(start + 1, start + 51))
        queue.now += 1.0
    held = queue.claim("one", most=420)
    assert numbers(held) == list(range(1, 421))
    queue.store.acknowledge(MINE, "one", held)
    assert numbers(queue.claim("one")) == list(range(421, 451))

"""Lists are read side by side, in bounded memory, and errors reach whoever reads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from calcom_provider.sync.reading.concurrent import ListRead, Readers


@dataclass
class Numbers:
    """Yield numbers instead of pages."""

    count: int
    delay: float = 0.0
    error: Exception | None = None
    complete: bool = False
    reason: str = "open"
    requests: int = 0
    yielded: int = 0

    def __iter__(self) -> Iterator[Any]:
        for number in range(self.count):
            time.sleep(self.delay)
            self.yielded += 1
            yield number
        if self.error is not None:
            raise self.error
        self.complete, self.reason, self.requests = True, "", self.count


def listed(name: str, source: Numbers) -> ListRead:
    return ListRead(name, "", {}, lambda: source)


def test_every_page_of_every_list_arrives_in_its_order() -> None:
    readers = Readers(width=3, waiting=2)
    for name, count in (("a", 5), ("b", 0), ("c", 7), ("d", 3)):
        readers.add(listed(name, Numbers(count)))
    seen: dict[str, list[Any]] = {}
    for read, page in readers:
        seen.setdefault(read.resource, []).append(page)
        if page is None:
            assert read.complete
            assert read.requests == len(seen[read.resource]) - 1
    readers.close()
    assert seen == {
        "a": [*range(5), None],
        "b": [None],
        "c": [*range(7), None],
        "d": [*range(3), None],
    }


def test_lists_may_be_added_while_others_are_read() -> None:
    readers = Readers(width=2)
    readers.add(listed("parent", Numbers(1)))
    names = []
    for read, page in readers:
        if page is None:
            names.append(read.resource)
            if read.resource == "parent":
                readers.add(listed("child", Numbers(2)), first=True)
    readers.close()
    assert names == ["parent", "child"]


class Meeting(Numbers):
    """Yield a number once all lists of a meeting have been begun."""

    def __init__(self, barrier: threading.Barrier) -> None:
        super().__init__(1)
        self.barrier = barrier

    def __iter__(self) -> Iterator[Any]:
        self.barrier.wait(timeout=60)
        yield from super().__iter__()


def test_lists_are_read_at_the_same_time() -> None:
    barrier = threading.Barrier(4)
    readers = Readers(width=4)
    for name in "abcd":
        readers.add(listed(name, Meeting(barrier)))
    # Read one after the other, the first would wait for the others until the barrier breaks.
    errors = [read.error for read, page in readers if page is None]
    readers.close()
    assert errors == [None] * 4


def test_an_error_ends_its_list_and_is_handed_over() -> None:
    readers = Readers(width=2)
    readers.add(listed("bad", Numbers(2, error=ValueError("x"))))
    readers.add(listed("good", Numbers(2)))
    errors = {read.resource: read.error for read, page in readers if page is None}
    readers.close()
    assert isinstance(errors["bad"], ValueError)
    assert errors["good"] is None


def test_pages_nobody_takes_are_not_read_ahead_without_end() -> None:
    source = Numbers(1000)
    readers = Readers(width=1, waiting=3)
    readers.add(listed("a", source))
    iterator = iter(readers)
    next(iterator)
    time.sleep(0.1)
    assert source.yielded <= 6
    readers.close()


def test_closing_ends_the_threads_in_the_middle_of_a_list() -> None:
    before = threading.active_count()
    readers = Readers(width=3)
    for name in "abc":
        readers.add(listed(name, Numbers(10_000, delay=0.001)))
    next(iter(readers))
    readers.close()
    assert threading.active_count() <= before


def test_of_heavy_lists_only_two_are_read_at_a_time() -> None:
    readers = Readers(width=6, waiting=2)
    open_now: list[str] = []
    most = 0

    class Heavy(Numbers):
        def __iter__(self) -> Iterator[Any]:
            nonlocal most
            open_now.append("x")
            most = max(most, len(open_now))
            yield from super().__iter__()
            open_now.pop()

    for name in "abcdef":
        read = listed(name, Heavy(3, delay=0.003))
        read.heavy = True
        readers.add(read)
    readers.add(listed("light", Numbers(2)))
    ended = [read.resource for read, page in readers if page is None]
    readers.close()
    assert sorted(ended) == [*"abcdef", "light"]
    assert most <= 2
    assert ended.index("light") < 5

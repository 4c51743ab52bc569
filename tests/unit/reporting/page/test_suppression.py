"""Counts of few people cannot be read from the page, nor worked out from what it shows."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from itertools import product

import pytest

from calcom_provider.reporting.page.suppression import (
    FEW,
    FEWER,
    WITHHELD,
    families,
    offered,
    one,
    over_days,
    parts,
    word,
)

MOST = 14


def possible(total: int, shown: dict[int, int]) -> list[tuple[int, ...]]:
    """Give every way in which the groups can be filled, for a reader who knows that they add up to the total."""
    ranges = [
        range(FEW) if number == FEWER else range(FEW, MOST + 8) if number == WITHHELD else [number]
        for number in shown.values()
    ]
    return [counts for counts in product(*ranges) if sum(counts) == total]


@pytest.mark.parametrize("seed", range(60))
def test_subtraction_tells_nothing_about_a_count_below_five(seed: int) -> None:
    rng = random.Random(seed)
    counts = {place: rng.choice((0, 0, 1, 2, 3, 4, 5, 6, 9, MOST)) for place in range(rng.randint(1, 4))}
    total = sum(counts.values())
    shown = parts(total, counts)
    for place, number in (shown or {}).items():
        assert number in (counts[place], WITHHELD) if counts[place] >= FEW else number == FEWER
    if total < FEW or shown is None:
        return
    ways = possible(total, shown)
    assert tuple(counts.values()) in ways
    for place, number in shown.items():
        if number == FEWER:
            assert {way[place] for way in ways} == set(range(FEW)), (counts, shown)
        if number == WITHHELD:
            assert len({way[place] for way in ways}) > 2


def sums(shown: Iterable[int]) -> set[int]:
    """Give what the groups of a way may add up to."""
    found = {0}
    for number in shown:
        found = {one + more for one in found for more in meant(number)}
    return found


def meant(number: int) -> range:
    """Give the counts that a reader may take what is shown for."""
    return (
        range(FEW) if number == FEWER else range(FEW, 40) if number == WITHHELD else range(number, number + 1)
    )


@pytest.mark.parametrize("seed", range(300))
def test_several_ways_to_divide_the_same_people_tell_nothing_together(seed: int) -> None:
    rng = random.Random(seed)
    total = rng.randint(0, 22)
    divided = [divide(total, rng) for _ in range(rng.randint(1, 3))]
    told, shown = families(total, divided)
    totals = set(meant(told)).intersection(*(sums(way.values()) for way in shown))
    assert total in totals
    for way in shown:
        for place, number in way.items():
            if number == FEWER:
                others = sums(other for key, other in way.items() if key != place)
                ways = {one for one in range(FEW) if any(whole - one in others for whole in totals)}
                assert ways == set(range(FEW)) if told > 0 else len(ways) > 2, (divided, told, shown)


def divide(total: int, rng: random.Random) -> dict[int, int]:
    groups = rng.randint(1, 4)
    counts = Counter(rng.randrange(groups) for _ in range(total))
    return {place: counts[place] for place in range(groups)}


def test_a_total_goes_where_nothing_else_would_do() -> None:
    assert parts(8, {"a": 4, "b": 4}) is None
    # Whoever knows that the third group holds all of the others could read the total there.
    assert families(8, [{"a": 4, "b": 4}, {"c": 8}]) == (
        WITHHELD,
        [{"a": FEWER, "b": FEWER}, {"c": WITHHELD}],
    )
    assert families(3, [{"a": 3}]) == (FEWER, [{"a": FEWER}])


def test_one_small_group_takes_another_with_it() -> None:
    assert parts(30, {"a": 2, "b": 9, "c": 19}) == {"a": FEWER, "b": WITHHELD, "c": 19}
    # Groups that do not divide the total say nothing about each other.
    assert parts(10, {"a": 2, "b": 9, "c": 9}) == {"a": FEWER, "b": 9, "c": 9}
    assert parts(60, {"a": 2, "b": 9}) == {"a": FEWER, "b": 9}


def test_groups_can_be_chosen_only_if_those_left_are_many_too() -> None:
    def people(first: int, last: int) -> frozenset[int]:
        return frozenset(range(first, last))

    everybody = people(0, 20)
    assert offered({"a": people(0, 10), "b": people(10, 20)}, everybody) == {"a", "b"}
    # Three are in neither group: what is left without the smaller one is about eleven.
    assert offered({"a": people(0, 9), "b": people(9, 17), "c": people(17, 20)}, everybody) == {"a"}
    assert offered({"a": people(0, 4)}, everybody) == set()
    assert offered({}, frozenset()) == set()


def test_words() -> None:
    assert [word(FEWER), word(WITHHELD), word(5), word(1234), word(0)] == ["<5", "5+", "5", "1,234", "0"]
    assert [one(4), one(5)] == [FEWER, 5]


def test_a_number_over_days_tells_nothing_about_those_who_were_not_there_on_one_of_them() -> None:
    assert over_days(4, [FEWER, FEWER]) == FEWER
    assert over_days(9, [FEWER, WITHHELD]) == 9
    assert over_days(13, [8, 7, WITHHELD]) == 13
    # One person more than on the second day; nobody more than on it.
    assert over_days(9, [FEWER, 8]) == WITHHELD
    assert over_days(8, [FEWER, 8]) == WITHHELD

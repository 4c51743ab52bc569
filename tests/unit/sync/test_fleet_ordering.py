"""The order of work on one budget, compared with every order that there is."""

from __future__ import annotations

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from calcom_provider.sync.fleet.ordering import Work, order
from tests.unit.sync.fleet_orders import all_outcomes, outcome

DUE = st.one_of(st.just(inf), st.integers(0, 40).map(float))
AGE = st.one_of(st.none(), st.integers(0, 30).map(float))


def works(priorities: st.SearchStrategy[int], most: int = 6) -> st.SearchStrategy[list[Work]]:
    one = st.builds(Work, seconds=st.integers(1, 9).map(float), age=AGE, due=DUE, priority=priorities)
    return st.lists(one, min_size=1, max_size=most)


@given(works(st.just(0)))
def test_no_order_keeps_more_promises_and_none_that_keeps_them_gets_less_old(work: list[Work]) -> None:
    found = order(work)
    assert sorted(found.places) == list(range(len(work)))
    mine = outcome(work, found.places)
    every = set(all_outcomes(work))
    assert mine.kept >= set(range(len(work))) - found.late
    assert len(mine.kept) == max(len(other.kept) for other in every)
    wanted = frozenset(range(len(work))) - found.late
    as_good = [other for other in every if other.kept >= wanted]
    assert mine.worst == min(other.worst for other in as_good)
    assert mine.total == min(other.total for other in as_good if other.worst == mine.worst)


@given(works(st.integers(0, 2)))
def test_promises_of_the_highest_priority_are_kept_whatever_the_others_need(work: list[Work]) -> None:
    highest = max(one.priority for one in work)
    important = [place for place, one in enumerate(work) if one.priority == highest]
    alone = [work[place] for place in important]
    found = order(work)
    kept = outcome(work, found.places).kept
    assert kept >= set(range(len(work))) - found.late
    if max(len(other.kept) for other in all_outcomes(alone)) == len(alone):
        assert set(important) <= kept


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 10_000)), min_size=1, max_size=300))
def test_without_promises_the_oldest_are_not_kept_waiting(pairs: list[tuple[int, int]]) -> None:
    work = [Work(float(seconds), float(age)) for seconds, age in pairs]
    mine = outcome(work, order(work).places)
    oldest_first = sorted(range(len(work)), key=lambda place: -work[place].age)  # type: ignore[operator]
    assert mine.worst == outcome(work, oldest_first).worst
    assert mine.total <= outcome(work, oldest_first).total


def test_of_what_is_equally_old_the_cheapest_is_proven_first() -> None:
    assert order([Work(9.0), Work(1.0), Work(5.0)]).places == (1, 2, 0)
    assert order([Work(9.0, 5.0), Work(1.0, 5.0)]).places == (1, 0)
    assert order([Work(1.0, 0.0), Work(1.0, 100.0)]).places == (1, 0)

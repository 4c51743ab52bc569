"""Order work on one request budget so that promises are kept and nothing gets older than it must.

One budget serves one request after the other, so this is the scheduling of jobs on a single machine, and the field
has exact answers: by earliest deadline all deadlines are met if any order meets them (Jackson); as many as possible
are met when the largest job goes whenever one would be late (Moore and Hodgson); the worst age is least when the last
place goes to the youngest that may stand there (Lawler); and within what that leaves open the cheapest first makes the
mean least (Smith).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

#: Seconds by which sums of seconds may differ for the order in which they were added.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Work:
    """Hold what the order depends on.

    :param seconds: how long the budget is busy with it.
    :param age: seconds since what is stored was read; None for what was never read, which counts as old as the
        oldest.
    :param due: seconds from now by which it is promised; infinite without a promise.
    :param priority: in a conflict the promises of higher priorities are kept.
    """

    seconds: float
    age: float | None = None
    due: float = inf
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Ordered:
    """Hold an order.

    :param places: places of the work in the order in which it is to be done.
    :param late: places of those whose promise no order keeps beside the others'.
    """

    places: tuple[int, ...]
    late: frozenset[int]


def order(work: Sequence[Work]) -> Ordered:
    """Return the order that keeps promises, then the worst age least, then the mean.

    :param work: what is to be done.
    """
    late = _late(work)
    due = [inf if place in late else one.due for place, one in enumerate(work)]
    oldest = max((one.age for one in work if one.age is not None), default=0.0)
    ages = [oldest if one.age is None else one.age for one in work]
    # The youngest last: the first key of the heap is the age.
    by_age = _backwards(work, due, lambda place: (ages[place], work[place].priority, -work[place].seconds))
    worst = _worst(work, ages, by_age)
    bounds = [min(due[place], worst - ages[place]) for place in range(len(work))]
    # The least important and most expensive last, as long as no bound is broken by it.
    places = _backwards(work, bounds, lambda place: (work[place].priority, -work[place].seconds, ages[place]))
    return Ordered(tuple(places), frozenset(late))


def _late(work: Sequence[Work]) -> set[int]:
    """Return whose promises are given up, so that the others can be kept: the least important, then the largest."""
    kept: list[tuple[int, float, int]] = []
    late, busy = set(), 0.0
    for place in sorted(range(len(work)), key=lambda place: work[place].due):
        one = work[place]
        if one.due == inf:
            break
        heapq.heappush(kept, (one.priority, -one.seconds, place))
        busy += one.seconds
        while kept and busy > one.due + _ROUNDING:
            _, seconds, gone = heapq.heappop(kept)
            busy += seconds
            late.add(gone)
    return late


def _backwards(
    work: Sequence[Work], bounds: Sequence[float], key: Callable[[int], tuple[float, ...]]
) -> list[int]:
    """Fill the places from the last one, each with the least key of those that may be done so late."""
    waiting = sorted(range(len(work)), key=lambda place: bounds[place])
    end = sum(one.seconds for one in work)
    open_ones: list[tuple[tuple[float, ...], int]] = []
    places: list[int] = []
    while waiting or open_ones:
        while waiting and (bounds[waiting[-1]] >= end - _ROUNDING or not open_ones):
            # Where nothing may be done so late, what may be done latest comes nearest; sums of floats need that.
            place = waiting.pop()
            heapq.heappush(open_ones, (key(place), place))
        _, place = heapq.heappop(open_ones)
        places.append(place)
        end -= work[place].seconds
    return places[::-1]


def _worst(work: Sequence[Work], ages: Sequence[float], places: Sequence[int]) -> float:
    done, worst = 0.0, 0.0
    for place in places:
        done += work[place].seconds
        worst = max(worst, ages[place] + done)
    return worst

"""Every order of a few pieces of work, tried one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

from calcom_provider.sync.fleet.ordering import Work


@dataclass(frozen=True)
class Outcome:
    """Hold what an order leads to.

    :param kept: places of the promises that are kept.
    :param worst: the worst age.
    :param total: the sum of the times at which work is done.
    """

    kept: frozenset[int]
    worst: float
    total: float


def outcome(work: Sequence[Work], places: Sequence[int]) -> Outcome:
    oldest = max((one.age for one in work if one.age is not None), default=0.0)
    done = total = worst = 0.0
    kept = set()
    for place in places:
        done += work[place].seconds
        total += done
        age = work[place].age
        worst = max(worst, (oldest if age is None else age) + done)
        if done <= work[place].due:
            kept.add(place)
    return Outcome(frozenset(kept), worst, total)


def all_outcomes(work: Sequence[Work]) -> Iterator[Outcome]:
    for places in permutations(range(len(work))):
        yield outcome(work, places)

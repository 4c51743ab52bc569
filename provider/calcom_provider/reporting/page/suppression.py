"""Keep people from being seen in counts: fewer than five are never told, nor can they be worked out by subtraction.

A count below :data:`FEW` is written as :data:`FEWER` and read as "<5", zero included. A count that would give such a
one away, because it and others add up to a number that is shown, is written as :data:`WITHHELD` and read as "5+".
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

FEW = 5
FEWER, WITHHELD = -1, -2
WORDS = {FEWER: f"<{FEW}", WITHHELD: f"{FEW}+"}

K = TypeVar("K", bound=Hashable)


def one(number: int) -> int:
    """Return a count that no other adds up with.

    :param number: the count.
    """
    return number if number >= FEW else FEWER


def word(shown: int) -> str:
    """Return a count as it is read.

    :param shown: the count, or what stands for it.
    """
    return WORDS.get(shown) or f"{shown:,}"


def parts(total: int, counts: Mapping[K, int]) -> dict[K, int] | None:
    """Return counts of groups that people are divided into, so far as they may be shown beside their total.

    It is taken that the groups may be all there are and have nobody in common, since then their counts add up to the
    total. Where they do not add up to it, nothing can be subtracted.

    :param total: people in all; itself shown where it is not below five.
    :param counts: group -> people in it.
    :returns: group -> what is shown; None where nothing but withholding the total would do.
    """
    shown = {key: one(number) for key, number in counts.items()}
    small = [number for number in counts.values() if number < FEW]
    large = sorted((number, str(key), key) for key, number in counts.items() if number >= FEW)
    rest, most = total - sum(number for number, _, _ in large), (FEW - 1) * len(small)
    # Less or more than the small ones can be together: there are others, or people in several groups.
    if total < FEW or not small or not 0 <= rest <= most:
        return shown
    if FEW - 1 <= rest <= most - (FEW - 1):
        return shown
    # One that is withheld may be any number from five on, so that the small ones are no longer all that is left: the
    # smallest that is enough alone, else the largest ones until they are enough together.
    enough = [key for number, _, key in large if rest + number - FEW >= FEW - 1]
    if enough:
        return {**shown, enough[0]: WITHHELD}
    for number, _, key in reversed(large):
        shown[key] = WITHHELD
        rest += number - FEW
        if rest >= FEW - 1:
            return shown
    return None


def families(total: int, divided: Sequence[Mapping[K, int]]) -> tuple[int, list[dict[K, int]]]:
    """Return a total and the counts of the groups of several ways to divide the same people, as they may be shown.

    Where one way asks for the total to be withheld, so are the large groups of all others: they add up to it.

    :param total: people in all.
    :param divided: for each way, group -> people in it.
    """
    found = [parts(total, counts) for counts in divided]
    if any(shown is None for shown in found):
        return WITHHELD, [
            {key: FEWER if number < FEW else WITHHELD for key, number in counts.items()} for counts in divided
        ]
    return one(total), [shown or {} for shown in found]


def over_days(number: int, days: Iterable[int]) -> int:
    """Return how many people were counted on any of some days, as it may be shown beside the counts of these days.

    What is left of it without a day are those who were not counted on that one, and these may be fewer than five.

    :param number: people in all.
    :param days: the counts of the days, as they are shown.
    """
    if any(day >= 0 and number - day < FEW for day in days):
        return WITHHELD
    return one(number)


def offered(holders: Mapping[K, frozenset[int]], everybody: frozenset[int]) -> set[K]:
    """Return the groups of people whose numbers of any kind may be shown.

    Each has five people or more, and so have those who are in none of them, unless that is nobody: what is left
    when the numbers of the groups are taken from those of all is then about five people too.

    :param holders: group -> who is in it.
    :param everybody: all people.
    """
    chosen = {key for key, people in holders.items() if len(people) >= FEW}
    for key in sorted(chosen, key=lambda one: (len(holders[one]), str(one))):
        left = everybody.difference(*(holders[one] for one in chosen))
        if not left or len(left) >= FEW:
            break
        chosen.discard(key)
    return chosen

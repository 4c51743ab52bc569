"""Work out the figures of each period for all that the filters can choose, so that the browser only looks them up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from calcom_provider.reporting.page.bookings import LEADS, MEASURES, PERIODS, Bookings, Counted
from calcom_provider.reporting.page.data import Dimensions

#: What the filters choose: a way to tell numbers apart, and the place in it.
Choice = tuple[str, int]
ALL: Choice = ("all", 0)
COUNTED = tuple(MEASURES.index(name) for name in ("accepted", "cancelled", "over", "no_show_guest"))
Numbers = dict[Choice, list[int]]


def share(part: int, whole: int) -> float | None:
    """Return a part in percent of the whole, to one place; None where there is no whole.

    :param part: the part.
    :param whole: the whole.
    """
    return (2000 * part + whole) // (2 * whole) / 10 if whole else None


def spans(dims: Dimensions) -> Iterator[tuple[range, range | None]]:
    """Give the weeks of each period, and as many before them; None where these are not all shown.

    :param dims: what numbers are told apart by.
    """
    end = dims.now + 1
    for weeks in PERIODS:
        yield range(end - weeks, end), range(end - 2 * weeks, end - weeks) if 2 * weeks <= end else None


def of_bookings(found: Bookings, dims: Dimensions) -> dict[str, Any]:
    """Return bookings, cancellation rate, no-show rate of guests and class of the median lead time.

    They are those of each period and of the weeks before it, of everything, each team, each event type that has
    bookings, and each value that can be chosen.

    :param found: bookings by week.
    :param dims: what numbers are told apart by.
    """
    choices = [ALL, *(("teams", place) for place in range(len(dims.teams)))]
    choices += sorted({("types", place) for _, place in found.by_type.measures})
    choices += [("values", place) for place, value in enumerate(dims.values) if value.offered]
    made: dict[Choice, list[Any]] = {choice: [] for choice in choices}
    for both in spans(dims):
        added = [weeks and _added(found, dims, weeks) for weeks in both]
        for choice, periods in made.items():
            periods.append([numbers and _figures(numbers[choice]) for numbers in added])
    return _by_way(made)


def of_load(sums: Mapping[Choice, Sequence[Sequence[int]]], dims: Dimensions) -> dict[str, Any]:
    """Return the utilisation of each period and of the weeks before it.

    :param sums: choice -> bookable and booked minutes of each week.
    :param dims: what numbers are told apart by.
    """
    return _by_way(
        {
            choice: [
                [weeks and _used(minutes[week] for week in weeks) for weeks in both] for both in spans(dims)
            ]
            for choice, minutes in sums.items()
        }
    )


def _added(found: Bookings, dims: Dimensions, weeks: range) -> Numbers:
    """Add up what is counted in some weeks, and behind it the bookings of each class of lead times."""
    numbers: Numbers = defaultdict(lambda: [0] * (len(COUNTED) + len(LEADS)))

    def add(counted: Counted, choices: Mapping[int, Sequence[Choice]]) -> None:
        for (week, place), measures in counted.measures.items():
            for choice in choices[place] if week in weeks else ():
                for column, measure in enumerate(COUNTED):
                    numbers[choice][column] += measures[measure]
        for (week, place, lead), bookings in counted.leads.items():
            for choice in choices[place] if week in weeks else ():
                numbers[choice][len(COUNTED) + lead] += bookings

    types: dict[int, list[Choice]] = {}
    for place, one in enumerate(dims.types):
        types[place] = [ALL, ("types", place), *([("teams", one.team)] if one.team >= 0 else [])]
    add(found.by_type, types)
    add(found.by_value, {place: [("values", place)] for place in range(len(dims.values))})
    return numbers


def _figures(numbers: Sequence[int]) -> list[Any]:
    accepted, cancelled, over, absent, *leads = numbers
    return [accepted, share(cancelled, accepted + cancelled), share(absent, over), _median(leads)]


def _median(classes: Sequence[int]) -> int | None:
    """Return the class that the middle one falls into; of two in the middle the first."""
    half = sum(classes) / 2
    return (
        next((place for place, so_far in enumerate(accumulate(classes)) if so_far >= half), None)
        if half
        else None
    )


def _used(weeks: Iterable[Sequence[int]]) -> float | None:
    bookable, booked = (sum(minutes) for minutes in zip(*weeks, strict=True))
    return share(booked, bookable)


def _by_way(made: Mapping[Choice, Any]) -> dict[str, Any]:
    """Return the figures as the page carries them."""
    ways: dict[str, Any] = defaultdict(dict)
    for (way, place), periods in made.items():
        ways[way][place] = periods
    return {**ways, "all": made[ALL]}

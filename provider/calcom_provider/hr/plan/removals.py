"""Count what a plan takes away, whatever its reason, and refuse when that is too much."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from calcom_provider.hr.plan.model import Action, Facts, Verdict


class RemovalLimits(Protocol):
    """The limits that are about removals; see :class:`~calcom_provider.hr.plan.guards.GuardLimits`."""

    @property
    def removals(self) -> float:
        """Return the share of what is owned that may be removed, 0 to 1."""

    @property
    def removals_floor(self) -> int:
        """Return how many removals are always allowed."""

    @property
    def removals_days_floor(self) -> int:
        """Return how many removed days are always allowed."""

    @property
    def removals_hard(self) -> int:
        """Return the number of removals that refuses a plan whatever is confirmed."""

    @property
    def unassigns_floor(self) -> int:
        """Return how many unassignments are always allowed."""


@dataclass(frozen=True, slots=True)
class Removals:
    """Say what a plan takes away from out-of-office entries.

    :param entries: entries that lose a day which no other write of the plan gives back.
    :param days: person-days lost.
    """

    entries: int
    days: int


def days_of(extent: Mapping[str, str]) -> range:
    """Return the civil days of an entry as ordinals.

    :param extent: ``start`` and ``end`` as ISO dates.
    """
    return range(
        date.fromisoformat(extent["start"]).toordinal(), date.fromisoformat(extent["end"]).toordinal() + 1
    )


def count_removals(actions: Iterable[Action]) -> Removals:
    """Count entries and person-days that a plan takes away; they lie ahead, since plans leave the past alone.

    A twin is another copy of an entry that stays.

    :param actions: the writes.
    """
    given: dict[int | None, set[int]] = defaultdict(set)
    taken: list[tuple[int | None, set[int]]] = []
    for one in actions:
        if one.kind in {"ooo_create", "ooo_update"}:
            given[one.user_id] |= set(days_of(one.after))
        if one.kind in {"ooo_update", "ooo_delete"} and one.why != "twin":
            taken.append((one.user_id, set(days_of(one.before))))
    lost = [(user_id, days - given[user_id]) for user_id, days in taken]
    return Removals(
        entries=sum(bool(days) for _, days in lost),
        days=len({(user_id, day) for user_id, days in lost for day in days}),
    )


def judge_days_removed(actions: Iterable[Action], facts: Facts, limits: RemovalLimits) -> list[Verdict]:
    """Judge entries and person-days that a plan takes away; the measure nearest to its limit is told.

    :param actions: the writes.
    :param facts: what the plan knows about its inputs.
    :param limits: the limits.
    """
    removed = count_removals(actions)
    entries = max(limits.removals_floor, limits.removals * facts.owned.get("ooo", 0))
    days = max(limits.removals_days_floor, limits.removals * facts.owned.get("ooo_days", 0))
    hard = limits.removals_hard
    return [
        _nearest("removals", {"entries": (removed.entries, entries), "days": (removed.days, days)}),
        _nearest("removals_hard", {"entries": (removed.entries, hard), "days": (removed.days, hard)}),
    ]


def judge_assignments_removed(
    actions: Iterable[Action], facts: Facts, limits: RemovalLimits
) -> list[Verdict]:
    """Judge assignments that a plan takes back in all attributes together, those edited in place included.

    :param actions: the writes.
    :param facts: what the plan knows about its inputs.
    :param limits: the limits.
    """
    taken = sum(
        one.kind == "option_update" or (one.kind == "unassign" and one.why != "twin") for one in actions
    )
    allowed = max(limits.unassigns_floor, limits.removals * sum(facts.owned.values()))
    return [
        _nearest("removals", {"assignments": (taken, allowed)}),
        _nearest("removals_hard", {"assignments": (taken, limits.removals_hard)}),
    ]


def _nearest(guard: str, measures: Mapping[str, tuple[int, float]]) -> Verdict:
    """Return the verdict on the measure that comes nearest to its limit, or goes farthest past it."""

    def used(unit: str) -> float:
        observed, limit = measures[unit]
        return observed / limit if limit else float(observed)

    unit = max(measures, key=used)  # of equals the first, which is the one that people count in
    observed, limit = measures[unit]
    return Verdict(guard, observed <= limit, observed, round(limit, 4), subject=unit)

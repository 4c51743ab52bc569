"""Add up what a plan would change without saying for whom."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from calcom_provider.hr.plan.model import Action
from calcom_provider.hr.review.names import Names
from calcom_provider.hr.review.words import why_name

HIDDEN = ""
"""Stands for the values of texts and numbers, which may be somebody's alone."""


@dataclass(frozen=True, slots=True)
class OptionTotal:
    """Count the writes about one option, or about all values of an attribute that is no select.

    :param attribute: its name.
    :param option: its text, empty for the values of texts and numbers.
    :param given: people who get it.
    :param taken: people who lose it.
    :param changed: values changed in place.
    """

    attribute: str
    option: str
    given: int = 0
    taken: int = 0
    changed: int = 0


@dataclass(frozen=True, slots=True)
class AbsenceTotal:
    """Count the writes to entries that have one reason.

    :param why: the reason in words.
    :param entries: entries written or deleted.
    :param people: whose they are.
    :param days_added: person-days newly out.
    :param days_removed: person-days no longer out.
    """

    why: str
    entries: int
    people: int
    days_added: int
    days_removed: int


def option_totals(actions: Iterable[Action], names: Names) -> list[OptionTotal]:
    """Add up the writes to attributes by attribute and option.

    :param actions: the writes.
    :param names: what ids are called.
    """
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for action in actions:
        if action.user_id is None or action.attribute_id is None:
            continue
        for field, value in _values(action, names):
            option = value if names.is_select(action.attribute_id) else HIDDEN
            counts[names.attribute(action.attribute_id), option][field] += 1
    return [
        OptionTotal(*key, given=one["given"], taken=one["taken"], changed=one["changed"])
        for key, one in sorted(counts.items())
    ]


def absence_totals(actions: Iterable[Action]) -> list[AbsenceTotal]:
    """Add up the writes to out-of-office entries by reason.

    :param actions: the writes.
    """
    groups: dict[str, list[Action]] = defaultdict(list)
    for action in actions:
        if action.kind.startswith("ooo_"):
            groups[action.why].append(action)
    return [
        AbsenceTotal(
            why_name(why),
            len(group),
            len({one.user_id for one in group}),
            sum(len(days_added(one)) for one in group),
            sum(len(days_added(one, back=True)) for one in group),
        )
        for why, group in sorted(groups.items())
    ]


def newly_out(actions: Iterable[Action]) -> dict[str, int]:
    """Count the people newly out on each day, by ISO day.

    :param actions: the writes.
    """
    pairs = {(one.user_id, day) for one in actions for day in days_added(one)}
    return dict(sorted(Counter(day for _, day in pairs).items()))


def days_added(action: Action, *, back: bool = False) -> list[str]:
    """Return the days that a write adds to an entry, ISO texts.

    :param action: the write.
    :param back: return those that it takes away instead.
    """
    before, after = days_of(action.before), days_of(action.after)
    more, less = (before, after) if back else (after, before)
    known = set(less)
    return [day for day in more if day not in known]


def days_of(extent: Mapping[str, Any]) -> list[str]:
    """Return the days of an entry, ISO texts.

    :param extent: its ``start`` and ``end``; none where they lack.
    """
    if not extent.get("start") or not extent.get("end"):
        return []
    start, end = date.fromisoformat(extent["start"]), date.fromisoformat(extent["end"])
    return [(start + timedelta(days=step)).isoformat() for step in range((end - start).days + 1)]


def value_of(action: Action, side: Mapping[str, Any], names: Names) -> str:
    """Return the value that a write gives or takes, as it is called.

    :param action: the write.
    :param side: its ``before`` or ``after``.
    :param names: what ids are called.
    """
    return str(side.get("value") or names.options.get(str(action.option_id)) or action.option_id or "")


def _values(action: Action, names: Names) -> list[tuple[str, str]]:
    if action.kind in {"assign", "assign_value"}:
        return [("given", value_of(action, action.after, names))]
    if action.kind == "unassign":
        return [("taken", value_of(action, action.before, names))]
    return [("changed", value_of(action, action.after, names))] if action.kind == "option_update" else []

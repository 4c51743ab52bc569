"""Name guards, writes and reasons in the words of somebody who has not read the code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calcom_provider.hr.plan.guards import GUARDS, SHARES

LOWEST = {"match_rate"}
"""Guards whose limit is the least that must be there."""

WHYS: Mapping[str, str] = {
    "new": "new in HR",
    "moved": "days changed",
    "changed": "details changed",
    "cancelled": "cancelled in HR",
    "vanished": "request is gone from the source",
    "replaced": "another value took its place",
    "cleared": "cleared in HR",
    "twin": "written twice by a late answer",
    "orphan": "option that nobody holds any more",
    "undo": "taken back",
    "owned": "written before, and unknown to this ledger",
}

KINDS: Mapping[str, str] = {
    "assign": "assign",
    "assign_value": "assign",
    "unassign": "take back",
    "option_create": "make option",
    "option_update": "change value",
    "option_delete": "delete option",
    "ooo_create": "new entry",
    "ooo_update": "change entry",
    "ooo_delete": "delete entry",
    "ooo_own": "take note of entry",
}


def guard_name(guard: str) -> str:
    """Return a guard's name in words.

    :param guard: its name in the settings.
    """
    return GUARDS.get(guard, guard.replace("_", " ").capitalize())


def why_name(why: str) -> str:
    """Return a reason in words.

    :param why: its code.
    """
    return WHYS.get(why, why.replace("_", " "))


def plural(count: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun.

    :param count: how many.
    :param one: the noun for one.
    :param many: the noun for several; default with an ``s``.
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def quarantine_words(quarantine: Mapping[str, Any]) -> str:
    """Return how a quarantine stands in words.

    :param quarantine: what a plan or the ledger says about it.
    """
    words = str(quarantine["state"])
    if "ended_as" in quarantine:
        return f"{words}, {str(quarantine['ended_as']).replace('_', ' ')}"
    return f"{words}, by plan {quarantine['plan_id']}"


def amount(guard: str, value: float | None) -> str:
    """Return what a guard counted, or its limit: shares as per cent.

    :param guard: its name.
    :param value: the count or share.
    """
    if value is None:
        return ""
    if guard in SHARES:
        return f"{value * 100:.4g} %"
    return f"{value:,.0f}" if value >= 100 else f"{value:g}"

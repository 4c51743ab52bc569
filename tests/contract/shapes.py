"""Compare the shape of two JSON bodies: which keys there are, and of which type their values."""

from __future__ import annotations

from typing import Any


def differences(recorded: Any, ours: Any, at: str = "") -> list[str]:
    """List what differs in keys and types; values are not compared.

    Rows of a list count together: we may show no key that no recorded row has, must show every key that all
    recorded rows have, and give it no type that it has in no recorded row.
    """
    if isinstance(recorded, list) and isinstance(ours, list):
        return _of_lists(recorded, ours, at)
    if isinstance(recorded, dict) and isinstance(ours, dict):
        found = [f"{at}.{key} is missing" for key in recorded.keys() - ours.keys()]
        found += [f"{at}.{key} is too much" for key in ours.keys() - recorded.keys()]
        for key in recorded.keys() & ours.keys():
            found += differences(recorded[key], ours[key], f"{at}.{key}")
        return found
    if kind(recorded) != kind(ours):
        return [f"{at} is {kind(ours)} instead of {kind(recorded)}"]
    return []


def kind(value: Any) -> str:
    """Name the JSON type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return {str: "string", list: "array", dict: "object"}[type(value)]


def _of_lists(recorded: list[Any], ours: list[Any], at: str) -> list[str]:
    if bool(recorded) != bool(ours):
        return [f"{at} has {len(ours)} rows instead of {len(recorded)}"]
    wanted, have = {kind(row) for row in recorded}, {kind(row) for row in ours}
    if not have <= wanted:
        return [f"{at}[] is {sorted(have)} instead of {sorted(wanted)}"]
    theirs = [row for row in recorded if isinstance(row, dict)]
    rows = [row for row in ours if isinstance(row, dict)]
    if not theirs or not rows:
        return []
    always = set.intersection(*({*row} for row in theirs))
    known = set.union(*({*row} for row in theirs))
    found = [f"{at}[].{key} is missing" for key in sorted(always) if any(key not in row for row in rows)]
    found += [f"{at}[].{key} is too much" for key in sorted(set.union(*({*row} for row in rows)) - known)]
    for key in sorted(known):
        found += _of_column(
            [row[key] for row in theirs if key in row],
            [row[key] for row in rows if key in row],
            f"{at}[].{key}",
        )
    return found


def _of_column(recorded: list[Any], ours: list[Any], at: str) -> list[str]:
    if not ours:
        return []
    wanted, have = {kind(value) for value in recorded}, {kind(value) for value in ours}
    found = [] if have <= wanted else [f"{at} is {sorted(have - wanted)} instead of {sorted(wanted)}"]
    objects = [[value for value in values if isinstance(value, dict)] for values in (recorded, ours)]
    if all(objects):
        found += _of_lists(objects[0], objects[1], at)
    inner = [
        [row for value in values if isinstance(value, list) for row in value] for values in (recorded, ours)
    ]
    if all(inner):
        found += _of_lists(inner[0], inner[1], at)
    return found

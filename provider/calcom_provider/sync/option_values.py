"""Read options of a run from what people write: durations, bounds of the deletion guard, deletions they confirm.

The command line, the operators and the parameters of the DAGs take the same words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.warehouse import DeleteGuard

_UNITS = {"w": 604_800.0, "d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([wdhms])")
_NOTHING = ("", "none", "null")
_NO_BOUND = (*_NOTHING, "off")


def chosen_options(
    *,
    full_every: Any = None,
    overlap: Any = None,
    reread_days: Any = None,
    delete_guard: Any = None,
    confirm_deletes: Any = None,
    wait: Any = None,
) -> dict[str, Any]:
    """Return those options of a run that were given, under their names in :class:`~.options.SyncOptions`.

    What is empty is left out, so that the default holds.

    :param full_every: as :func:`duration`.
    :param overlap: as :func:`duration`.
    :param reread_days: days, or their text.
    :param delete_guard: as :func:`deletion_guard`.
    :param confirm_deletes: as :func:`confirmed_deletes`.
    :param wait: as :func:`duration`.
    :raises ConfigurationError: naming the option that is wrong.
    """
    waited = duration(wait, "wait")
    found = {
        "full_every": duration(full_every, "full_every"),
        "overlap": duration(overlap, "overlap"),
        "reread_days": _days(reread_days, "reread_days"),
        "delete_guard": deletion_guard(delete_guard, "delete_guard"),
        "confirm_deletes": confirmed_deletes(confirm_deletes, "confirm_deletes"),
        "wait": None if waited is None else waited.total_seconds(),
    }
    return {name: value for name, value in found.items() if value is not None}


def duration(value: Any, name: str) -> timedelta | None:
    """Return a duration; None for nothing.

    :param value: a duration, seconds, or a text such as ``7d``, ``90m`` or ``1h30m``.
    :param name: the option's name, for the error.
    :raises ConfigurationError: if it is none of these, or below 0.
    """
    if isinstance(value, timedelta):
        found: timedelta | None = value
    else:
        text = "" if value is None else str(value).strip().lower()
        if text in _NOTHING:
            return None
        found = _seconds(text)
    if found is None or found < timedelta(0):
        raise ConfigurationError(f"{name} is a duration such as 7d, 12h, 90m or 30s, not {value!r}.")
    return found


def deletion_guard(value: Any, name: str) -> DeleteGuard | None:
    """Return a deletion guard; None for nothing, which means the default one.

    What is not named keeps its default; ``off`` takes a bound away.

    :param value: a guard, a mapping with any of ``share``, ``absolute`` and ``minimum``, or the same as a text:
        ``share=0.5,absolute=1000``. The word ``off`` alone allows every deletion.
    :param name: the option's name, for the error.
    :raises ConfigurationError: for an unknown bound, or one out of range.
    """
    if isinstance(value, DeleteGuard):
        return value
    if isinstance(value, str) and value.strip().lower() == "off":
        return DeleteGuard.off()
    given = pairs(value, name)
    if not given:
        return None
    kinds = {"share": float, "absolute": int, "minimum": int}
    bounds: dict[str, Any] = {}
    for bound, found in given.items():
        if bound not in kinds:
            raise ConfigurationError(f"{name} has no bound {bound!r}; there are {', '.join(kinds)}.")
        if str(found).strip().lower() in _NO_BOUND and bound != "minimum":
            bounds[bound] = None
            continue
        try:
            bounds[bound] = kinds[bound](str(found))
        except ValueError:
            raise ConfigurationError(f"{name}: {bound} is a number, not {found!r}.") from None
    return DeleteGuard(**bounds)


def confirmed_deletes(value: Any, name: str) -> dict[str, int]:
    """Return how many rows of which tables may be deleted although the guard would refuse it.

    :param value: a mapping from table names, without the prefix, to rows, or the same as a text:
        ``memberships=120,users=80``.
    :param name: the option's name, for the error.
    :raises ConfigurationError: if it is neither.
    """
    found = {}
    for table, rows in pairs(value, name).items():
        text = str(rows).strip()
        if not text.isdecimal():
            raise ConfigurationError(f"{name}: {table} takes the rows that may be deleted, not {rows!r}.")
        found[table] = int(text)
    return found


def pairs(value: Any, name: str) -> dict[str, Any]:
    """Return the pairs of a mapping, or of a text ``name=value`` with commas between.

    :param value: the mapping or the text; nothing gives no pairs.
    :param name: the option's name, for the error.
    :raises ConfigurationError: for a part of the text without an equals sign.
    """
    if isinstance(value, Mapping):
        return {str(key).strip(): found for key, found in value.items()}
    text = "" if value is None else str(value).strip()
    if text.lower() in (*_NOTHING, "{}"):
        return {}
    found_pairs: dict[str, Any] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        key, equals, found = part.partition("=")
        if not equals:
            raise ConfigurationError(f"{name} is NAME=VALUE, with commas between, not {part!r}.")
        found_pairs[key.strip()] = found.strip()
    return found_pairs


def _days(value: Any, name: str) -> int | None:
    text = "" if value is None else str(value).strip().lower()
    if text not in _NOTHING and not text.isdecimal():
        raise ConfigurationError(f"{name} is a number of days, not {value!r}.")
    return int(text) if text.isdecimal() else None


def _seconds(text: str) -> timedelta | None:
    try:
        return timedelta(seconds=float(text))
    except (ValueError, OverflowError):
        pass
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text).strip():
        return None
    try:
        return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))
    except OverflowError:
        return None

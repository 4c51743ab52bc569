"""Read what an answer says about the request limit."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

LONGEST = 3600.0
_HEADER = re.compile(r"x-ratelimit-(limit|remaining|reset)(?:-(.+))?$")
_EPOCH = 1e9
_EPOCH_MS = 1e12


@dataclass(frozen=True, slots=True)
class Figure:
    """Hold one named limit as an answer states it; ``reset`` is seconds until its window or block ends."""

    limit: int
    remaining: int | None
    reset: float | None


def figures(headers: Mapping[str, str]) -> dict[str, Figure]:
    """Return the limits that an answer states, by name in lower case.

    The API names each limit in the header's suffix, ``Default`` unless the key has limits of its own. Headers
    without a suffix are used when there are no others.

    :param headers: the answer's headers under lower-case names.
    """
    found: dict[str, dict[str, float]] = {}
    for name, value in headers.items():
        match = _HEADER.match(name)
        number = _number(value) if match else None
        if match and number is not None:
            found.setdefault(match[2] or "", {})[match[1]] = number
    if len(found) > 1:
        found.pop("", None)
    return {
        name: Figure(
            int(values["limit"]),
            max(0, int(values["remaining"])) if "remaining" in values else None,
            _seconds(values["reset"]) if "reset" in values else None,
        )
        for name, values in found.items()
        if values.get("limit", 0) >= 1
    }


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, None without it.

    Cal.com itself never sends it; a proxy in front may. Zero counts as one second.

    :param headers: the answer's headers under lower-case names.
    """
    value = headers.get("retry-after")
    if not value:
        return None
    seconds = _number(value)
    if seconds is None:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (TypeError, ValueError):
            return None
    return min(max(seconds, 1.0), LONGEST)


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if number == number and abs(number) != float("inf") else None  # noqa: PLR0124 - NaN


def _seconds(reset: float) -> float:
    # Reset is seconds from now; some documents call it an epoch, so a large number is read as one.
    if reset > _EPOCH_MS:
        reset /= 1000
    if reset > _EPOCH:
        reset -= time.time()
    return min(max(reset, 0.0), LONGEST)

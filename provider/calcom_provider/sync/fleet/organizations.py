"""Which organisations are meant, with the connection of each and its priority."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from calcom_provider.api.errors import ConfigurationError

_KEYS = ("organization_id", "calcom_conn_id", "priority")


@dataclass(frozen=True, slots=True)
class Organization:
    """Name one organisation.

    :param organization_id: its id; None for the connection's own.
    :param calcom_conn_id: Airflow connection whose credential reads it; empty on the command line.
    :param priority: whose promises are kept when not all can be; larger is more important.
    """

    organization_id: int | None
    calcom_conn_id: str = ""
    priority: int = 0


def organizations_of(given: Iterable[Any], calcom_conn_id: str = "") -> list[Organization]:
    """Return the organisations that a list names, each once.

    :param given: ids, or mappings with any of ``organization_id``, ``calcom_conn_id`` and ``priority``; at
        least one of the first two.
    :param calcom_conn_id: connection of those that name none.
    :raises ConfigurationError: for what is neither, and for one that is named twice.
    """
    found: dict[tuple[str, int | None], Organization] = {}
    for place, one in enumerate(given):
        made = _organization(one, place, calcom_conn_id)
        key = (made.calcom_conn_id, made.organization_id)
        if key in found:
            raise ConfigurationError(f"Organization {made.organization_id} is named twice.")
        found[key] = made
    twice = _twice(one.organization_id for one in found.values() if one.organization_id is not None)
    if twice:
        raise ConfigurationError(f"Organization {twice[0]} is named with two connections.")
    return list(found.values())


def _organization(one: Any, place: int, calcom_conn_id: str) -> Organization:
    values = one if isinstance(one, Mapping) else {"organization_id": one}
    strange = sorted(str(name) for name in values if name not in _KEYS)
    if strange:
        raise ConfigurationError(
            f"Organization {place + 1} of the list has {', '.join(strange)}; it takes {', '.join(_KEYS)}."
        )
    number, conn_id = values.get("organization_id"), values.get("calcom_conn_id") or calcom_conn_id
    if number is not None and not (str(number).isdecimal() and int(number) > 0):
        raise ConfigurationError(f"An organization_id is a whole number above 0, not {number!r}.")
    if number is None and not values.get("calcom_conn_id"):
        raise ConfigurationError(f"Organization {place + 1} of the list names no organization_id.")
    try:
        priority = int(values.get("priority") or 0)
    except (TypeError, ValueError):
        raise ConfigurationError(f"A priority is a whole number, not {values['priority']!r}.") from None
    return Organization(None if number is None else int(number), str(conn_id), priority)


def _twice(numbers: Iterable[int]) -> list[int]:
    seen: set[int] = set()
    return [number for number in numbers if number in seen or seen.add(number)]  # type: ignore[func-returns-value]

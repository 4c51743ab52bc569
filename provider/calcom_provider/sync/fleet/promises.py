"""What is promised about the age of resources, such as bookings within an hour and teams nightly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.resources import registry
from calcom_provider.sync.option_values import duration, pairs
from calcom_provider.sync.reading.account import split


@dataclass(frozen=True, slots=True)
class Promise:
    """Hold resources that are read together, and how old they may get.

    :param resources: their names.
    :param within: seconds that they may be old; None where nothing is promised, and they are as young as the
        budget allows.
    """

    resources: tuple[str, ...]
    within: float | None = None

    @property
    def name(self) -> str:
        """Name the resources in a few words."""
        if len(self.resources) <= 3:
            return ", ".join(self.resources)
        return f"{', '.join(self.resources[:2])} and {len(self.resources) - 2} more"


def promises_of(resources: Iterable[str] | str | None, promised: Any = None) -> tuple[Promise, ...]:
    """Return the resources of every organisation by what is promised about them, the shortest first.

    A resource that several names cover is held to the shortest of them.

    :param resources: names, groups, ``default`` or ``all``, as a sync takes them.
    :param promised: name or group -> duration, as a mapping or a text: ``bookings=1h,group:teams=1d``. What
        is named here is read, whether or not `resources` names it.
    :raises ConfigurationError: for an unknown name, a resource of the account alone, or a duration of 0.
    """
    given = {name: _seconds(name, value) for name, value in pairs(promised, "promises").items()}
    chosen = {one.name: None for one in registry.select(split(resources))} if resources or not given else {}
    within: dict[str, float | None] = dict(chosen)
    for name, seconds in given.items():
        for one in registry.select([name]):
            before = within.get(one.name)
            within[one.name] = seconds if before is None else min(before, seconds)
    own = sorted(name for name in within if registry.get(name).group == "account")
    if own:
        raise ConfigurationError(
            f"{', '.join(own)} belong to the account of the credential, not to an organisation.",
            advice="Sync them by themselves.",
        )
    return _grouped(within)


def _grouped(within: Mapping[str, float | None]) -> tuple[Promise, ...]:
    names = [name for name in registry.catalogue() if name in within]
    lengths = sorted({seconds for seconds in within.values() if seconds is not None})
    found = [Promise(tuple(name for name in names if within[name] == length), length) for length in lengths]
    rest = tuple(name for name in names if within[name] is None)
    return (*found, *([Promise(rest)] if rest else []))


def _seconds(name: str, value: Any) -> float:
    found = duration(value, f"promises, {name},")
    if found is None or not found.total_seconds():
        raise ConfigurationError(f"The promise for {name} is a duration such as 1h or 1d, not {value!r}.")
    return found.total_seconds()

"""Look whether tables without a trigger have changed, for one request a page of a list."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.resources.changes import CHECKS, ListCheck, Look, LookMemory, Part, named
from calcom_provider.resources.errors import SchemaChangedError
from calcom_provider.resources.shaping.tuples import dumps
from calcom_provider.sync.events.apply import RESERVE

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient

#: Pages of a list that are looked at whole; of a longer one only the end is.
WHOLE_PAGES = 4
#: Rows at the end of a long list that are compared.
TAIL = 100


@dataclass(slots=True)
class Looked:
    """Hold the outcome of one look.

    :param organization_id: at whose lists.
    :param changed: resources to be read again.
    :param unchanged: resources that look as they did.
    :param ends: resources of which only the end of the list was seen: rows that were added or taken away show, others
        that changed do not.
    :param left: resources that were not looked at, since less than half of the request budget was left.
    :param requests: requests sent.
    :param looks: what was seen, to be remembered.
    """

    organization_id: int
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    requests: int = 0
    looks: dict[str, Look] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values only, fit for asset events and JSON: names and numbers."""
        return {
            "organization_id": self.organization_id,
            "resources": self.changed,
            "unchanged": self.unchanged,
            "ends": self.ends,
            "left": self.left,
            "requests": self.requests,
        }


def look(client: CalComClient, memory: LookMemory, resources: Sequence[str] = ()) -> Looked:
    """Look at the lists, and tell what differs from the last look; the first look tells all.

    Nothing is remembered yet: give :attr:`Looked.looks` to the memory once somebody was told.

    :param client: open client of the API.
    :param memory: what the last look saw.
    :param resources: of :data:`~calcom_provider.resources.changes.CHECKED`; empty for all.
    :raises ConfigurationError: for another resource, or an account without an organisation.
    """
    if not client.organization_id:
        raise ConfigurationError("Change checks are an organisation's, and this account belongs to none.")
    try:
        wanted = set(named(resources))
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    before = memory.looks(client.organization_id)
    done = Looked(client.organization_id)
    first = client.stats.requests
    for check in CHECKS:
        parts = [part for part in check.parts if wanted & set(part.resources)]
        if not parts:
            continue
        if not _may_send(client):
            done.left += [name for part in parts for name in part.resources if name in wanted]
            continue
        seen = _see(client, check, parts, before)
        for part, one in seen.items():
            names = [name for name in part.resources if name in wanted]
            key = part.resources[0]
            (done.unchanged if before.get(key) == one else done.changed).extend(names)
            done.ends += names if one.skip else []
            done.looks[key] = one
    done.requests = client.stats.requests - first
    return done


def _may_send(client: CalComClient) -> bool:
    """Tell whether more than half of the budget is left; the rest is for those who read rows."""
    budget = client.governor.snapshot()
    if budget.remaining is None or budget.limit is None:
        return not budget.blocked_for
    return budget.remaining > budget.limit * RESERVE


def _see(
    client: CalComClient, check: ListCheck, parts: Sequence[Part], before: Mapping[str, Look]
) -> dict[Part, Look]:
    """Look at a list: whole, or at its end where it is long."""
    held = [before[part.resources[0]] for part in parts if part.resources[0] in before]
    skip = held[0].skip if held and all(one.skip == held[0].skip for one in held) else 0
    if skip:
        rows = _page(client, check, skip)
        # A list that shrank or grew by much is measured anew.
        if TAIL // 2 <= len(rows) < check.page:
            return _looks(parts, rows, skip)
    rows = []
    for _ in range(WHOLE_PAGES):
        page = _page(client, check, len(rows))
        rows += page
        if len(page) < check.page:
            return _looks(parts, rows, 0)
    skip = max(0, _length(client, check, len(rows)) - TAIL)
    return _looks(parts, _page(client, check, skip), skip)


def _page(client: CalComClient, check: ListCheck, skip: int, take: int = 0) -> list[dict[str, Any]]:
    return list(client.call(check.operation, take=take or check.page, skip=skip))


def _length(client: CalComClient, check: ListCheck, least: int) -> int:
    """Find how long a list is that has so many rows at the least, by requests for single rows."""
    low, high = least, least * 2
    while _page(client, check, high - 1, take=1):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if _page(client, check, middle - 1, take=1):
            low = middle
        else:
            high = middle
    return low


def _looks(parts: Iterable[Part], rows: Sequence[Mapping[str, Any]], skip: int) -> dict[Part, Look]:
    return {part: Look(skip + len(rows), skip, _fingerprint(part, rows)) for part in parts}


def _fingerprint(part: Part, rows: Iterable[Mapping[str, Any]]) -> str:
    # The API promises no order, neither of rows nor of what lies within them.
    try:
        texts = sorted(dumps(_ordered(part.of(row))) for row in rows)
    except RecursionError:
        name = part.resources[0]
        raise SchemaChangedError(name, f"A row of {name} is nested too deeply to be compared") from None
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _ordered(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _ordered(one) for name, one in value.items()}
    if isinstance(value, list):
        return sorted((_ordered(one) for one in value), key=dumps)
    return value

"""What a sync will cost: requests, and minutes under the limit, before the first request is sent."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from calcom_provider.api.operations import resolve
from calcom_provider.resources import registry
from calcom_provider.resources.model import Resource
from calcom_provider.sync.account import Account, split

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient
    from calcom_provider.warehouse import ResourceState, Warehouse

#: Cal.com's limit for an API key until an answer states another.
_LIMIT, _WINDOW = 120, 60.0


@dataclass(frozen=True, slots=True)
class PlannedResource:
    """Estimate one resource.

    :param resource: its name
    :param requests: requests it will take
    :param rows: rows at the last run, None when it was never read
    :param certain: the estimate rests on an earlier run; otherwise it is the least that is possible
    """

    resource: str
    requests: int
    rows: int | None
    certain: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """Estimate one sync.

    :param organization_id: organisation that would be read, 0 for an account without one
    :param resources: one estimate each
    :param limit: requests a window
    :param window_seconds: length of the window
    """

    organization_id: int
    resources: tuple[PlannedResource, ...]
    limit: int
    window_seconds: float

    @property
    def requests(self) -> int:
        """Return the requests of all resources together."""
        return sum(resource.requests for resource in self.resources)

    @property
    def certain(self) -> bool:
        """Tell whether every estimate rests on an earlier run."""
        return all(resource.certain for resource in self.resources)

    @property
    def seconds_waiting(self) -> float:
        """Return how long the limit holds the sync up, at the least."""
        return max(0, math.ceil(self.requests / self.limit) - 1) * self.window_seconds

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        totals = {"requests": self.requests, "seconds_waiting": self.seconds_waiting, "certain": self.certain}
        return asdict(self) | totals


def plan(
    client: CalComClient, warehouse: Warehouse | None = None, *, resources: Iterable[str] | str | None = None
) -> Plan:
    """Estimate the requests of a sync and how long the rate limit will hold it up.

    Asks the API at most who the credential belongs to.

    :param client: open client
    :param warehouse: target of earlier runs, whose row counts the estimate rests on; None for the least
        possible
    :param resources: as for :func:`~calcom_provider.sync.run.sync`
    """
    asked = split(resources)
    account = Account.of(client, asked)
    chosen = account.select(asked)
    scope = {"organization_id": account.organization_id}
    states = dict(warehouse.states(scope)) if warehouse is not None else {}
    if warehouse is not None and account.account_id:
        states |= warehouse.states(account.scope)
    names = [resource.name for resource in chosen]
    parents = [registry.get(resource.read.over) for resource in chosen if resource.read.over]
    extra = {parent.name: parent for parent in parents if parent.name not in names}
    snapshot = client.governor.snapshot()
    return Plan(
        organization_id=account.organization_id,
        resources=tuple(_estimate(resource, states) for resource in [*extra.values(), *chosen]),
        limit=snapshot.limit or _LIMIT,
        window_seconds=_WINDOW,
    )


def _estimate(resource: Resource, states: Mapping[str, ResourceState]) -> PlannedResource:
    state = states.get(resource.name)
    rows = state.rows if state is not None and state.published_at is not None else None
    lists = 1
    certain = rows is not None
    if resource.read.over:
        parent = states.get(resource.read.over)
        lists = parent.rows if parent is not None and parent.published_at is not None else 1
        certain = certain and parent is not None
    pages = _pages(resource, rows or 0)
    return PlannedResource(resource.name, max(lists, lists - 1 + pages), rows, certain)


def _pages(resource: Resource, rows: int) -> int:
    paging = resolve(resource.read.operation).paging
    if paging is None or paging.kind == "none" or resource.table is None:
        return 1
    size = resource.read.page_size or paging.size
    if rows < size:
        return 1
    # Neighbouring pages share a row, and a request for the last row alone proves that nothing is missing.
    return math.ceil(rows / (size - 1)) + 1

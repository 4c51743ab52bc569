"""Estimate a sync before its first request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from calcom_provider.resources import registry
from calcom_provider.resources.model import Resource
from calcom_provider.sync.options import SyncOptions
from calcom_provider.sync.planning.counts import Counts
from calcom_provider.sync.planning.earlier import Earlier
from calcom_provider.sync.planning.estimate import Estimate
from calcom_provider.sync.planning.model import LIMIT, WINDOW, Plan
from calcom_provider.sync.reading.account import Account, asks_profile, split

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient
    from calcom_provider.warehouse import Warehouse


def plan(
    client: CalComClient,
    warehouse: Warehouse | None = None,
    *,
    resources: Iterable[str] | str | None = None,
    options: SyncOptions | None = None,
    ask: bool = True,
) -> Plan:
    """Estimate the requests of a sync and how long the rate limit will hold it up.

    Rests on the pages of the last run. What was never read, or is read by time, is asked for its length where that
    takes few requests. Requests that fail and are sent again are not foreseen.

    :param client: open client.
    :param warehouse: target of earlier runs; None if there is none.
    :param resources: as for :func:`~calcom_provider.sync.run.sync`.
    :param options: as for :func:`~calcom_provider.sync.run.sync`.
    :param ask: ask the API for counts; without, only who the credential belongs to, as far as that is needed.
    """
    asked = split(resources)
    account = Account.of(client, asked)
    earlier = Earlier.of(warehouse, account) if warehouse is not None else Earlier()
    counts = Counts(client if ask else None)
    estimate = Estimate(earlier, options, counts)
    planned = tuple(estimate.of(resource) for resource in with_parents(account.select(asked)))
    snapshot = client.governor.snapshot()
    return Plan(
        organization_id=account.organization_id,
        resources=planned,
        limit=snapshot.limit or LIMIT,
        window_seconds=WINDOW,
        account_requests=int(asks_profile(asked) or not client.organization_given),
        parent_requests=estimate.parent_requests,
        asked=counts.requests,
    )


def with_parents(chosen: Sequence[Resource]) -> list[Resource]:
    """Return the resources that are read: those chosen, and before them what their lists are read over.

    :param chosen: resources.
    """
    found: dict[str, Resource] = {}
    for resource in chosen:
        line = [resource]
        while line[0].read.over:
            line.insert(0, registry.get(line[0].read.over))
        found |= {one.name: one for one in line}
    return list(found.values())

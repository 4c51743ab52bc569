"""Deal planned syncs into batches: one credential each, in an order that keeps the plan's while several run at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calcom_provider.sync.fleet.model import FleetPlan
from calcom_provider.sync.fleet.promises import Promise

#: Organisations of one batch.
SIZE = 25


@dataclass(frozen=True, slots=True)
class Batch:
    """Hold what one task does.

    :param calcom_conn_id: the connection of all of it.
    :param jobs: organisation and place of its promise among the promises, in order.
    :param due: when its first sync is planned to be done, in seconds from the beginning.
    """

    calcom_conn_id: str
    jobs: tuple[tuple[int | None, int], ...]
    due: float


def deal(
    plans: Sequence[FleetPlan], promises: Sequence[Promise], *, size: int = SIZE, parallel: int = 1
) -> list[Batch]:
    """Return the batches of all credentials, those first whose syncs are to be done first.

    Those that run side by side take turns, so that together they go through the order from its beginning.

    :param plans: one for every credential.
    :param promises: what is promised, in the order that the batches name them by.
    :param size: syncs of a batch.
    :param parallel: batches that run side by side.
    """
    places = {promise: place for place, promise in enumerate(promises)}
    found = []
    for plan in plans:
        stretch = size * max(1, parallel)
        for begin in range(0, len(plan.jobs), stretch):
            jobs = plan.jobs[begin : begin + stretch]
            hands = -(-len(jobs) // size)
            for hand in range(hands):
                mine = jobs[hand::hands]
                dealt = tuple((one.job.organization.organization_id, places[one.job.promise]) for one in mine)
                found.append(Batch(mine[0].job.organization.calcom_conn_id, dealt, mine[0].done))
    return sorted(found, key=lambda batch: batch.due)

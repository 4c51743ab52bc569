"""What each organisation costs and how old it is, by the run records of the warehouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING

from calcom_provider.resources import registry
from calcom_provider.sync.fleet.model import Job
from calcom_provider.sync.fleet.organizations import Organization
from calcom_provider.sync.fleet.promises import Promise
from calcom_provider.sync.planning.earlier import Earlier
from calcom_provider.sync.planning.estimate import estimate_all
from calcom_provider.sync.planning.plan import with_parents
from calcom_provider.warehouse.bookkeeping.run_store import CLOCKS_DIFFER

if TYPE_CHECKING:
    from calcom_provider.warehouse import LastRead

#: Seconds of work that a sync of which nothing is known is taken for.
SECONDS = 1.0


def jobs_of(
    organizations: Sequence[Organization],
    promises: Sequence[Promise],
    last_reads: Mapping[int, Mapping[str, LastRead]],
    *,
    now: datetime | None = None,
) -> list[Job]:
    """Return a job for every organisation and promise.

    An organisation takes the requests that it took the last time; one that was never read is taken for an
    ordinary one among the others, and where there are none for the least that its resources take.

    :param organizations: the organisations.
    :param promises: what is read of each.
    :param last_reads: by organisation and resource, from ``Warehouse.last_reads``.
    :param now: the time; default this machine's.
    """
    now = now or datetime.now(UTC)
    found = []
    for promise in promises:
        known = [
            reads
            for one in organizations
            if (reads := _reads(promise, last_reads.get(one.organization_id or 0, {})))
        ]
        requests = round(median(map(_requests, known))) if known else _least(promise)
        seconds = median(map(_seconds, known)) if known else SECONDS
        for one in organizations:
            reads = _reads(promise, last_reads.get(one.organization_id or 0, {}))
            ages = [(now - read.read_at).total_seconds() for read in reads]
            found.append(
                Job(
                    organization=one,
                    promise=promise,
                    # What was read in the future was read by a clock that stood wrong: nobody knows its age.
                    age=max(ages) if ages and min(ages) >= -CLOCKS_DIFFER.total_seconds() else None,
                    requests=_requests(reads) if reads else requests,
                    seconds=_seconds(reads) if reads else seconds,
                )
            )
    return found


def _reads(promise: Promise, reads: Mapping[str, LastRead]) -> list[LastRead]:
    """Return the last read of each resource; none if one of them was never read."""
    if any(name not in reads for name in promise.resources):
        return []
    return [reads[name] for name in promise.resources]


def _requests(reads: Sequence[LastRead]) -> int:
    return max(1, sum(read.requests for read in reads))


def _seconds(reads: Sequence[LastRead]) -> float:
    return max(read.seconds for read in reads)


def _least(promise: Promise) -> int:
    resources = with_parents([registry.get(name) for name in promise.resources])
    return max(1, sum(one.requests for one in estimate_all(resources, Earlier())))

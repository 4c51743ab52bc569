"""Spend the budget of one credential by staleness: choose, order, and say beforehand how old everything gets."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from math import inf

from calcom_provider.sync.fleet.model import Budget, FleetPlan, Job, PlannedJob, spoken
from calcom_provider.sync.fleet.ordering import Work, order

#: What is promised is read in a round already when it is older than this share of the promise and there is
#: budget left, so that not all of it falls due at once.
_EARLY = 0.5


def plan_fleet(
    jobs: Sequence[Job],
    *,
    budget: Budget = Budget(),
    within: float | None = None,
    parallel: int = 1,
) -> FleetPlan:
    """Plan one round over the organisations that one credential reads.

    :param jobs: all that could be read.
    :param budget: requests of the credential; default 120 in 60 seconds, none of them used.
    :param within: seconds until the next round begins; None for a round that reads everything.
    :param parallel: syncs that run side by side.
    """
    rate = budget.rate
    chosen = _chosen(jobs, rate, within)
    picked = set(chosen)
    ordered = order([_work(jobs[place], rate, parallel) for place in chosen])
    sequence = [jobs[chosen[place]] for place in ordered.places]
    times = finish_times(sequence, budget, parallel)
    planned = tuple(
        PlannedJob(job, done, late=_late(job, done)) for job, done in zip(sequence, times, strict=True)
    )
    end = max(times, default=0.0) if within is None else within
    waiting = tuple(
        PlannedJob(job, end, late=_late(job, end)) for place, job in enumerate(jobs) if place not in picked
    )
    return FleetPlan(planned, waiting, budget, _impossible(jobs, rate))


def finish_times(jobs: Sequence[Job], budget: Budget, parallel: int) -> list[float]:
    """Return when each of the jobs will be done, in seconds from now.

    So many run side by side as are allowed, in order.

    :param jobs: in order.
    :param budget: requests of the credential.
    :param parallel: syncs that run side by side.
    """
    free = [0.0] * max(1, parallel)
    found, sent = [], 0
    for job in jobs:
        sent += job.requests
        done = max(heapq.heappop(free) + job.seconds, budget.open_for(sent))
        heapq.heappush(free, done)
        found.append(done)
    return found


def _work(job: Job, rate: float, parallel: int) -> Work:
    seconds = max(job.requests / rate, job.seconds / max(1, parallel))
    promised = job.promise.within
    due = inf if promised is None else promised - (job.age or 0.0)
    return Work(seconds, job.age, due, job.organization.priority)


def _late(job: Job, done: float) -> bool:
    promised = job.promise.within
    return promised is not None and (job.age or 0.0) + done > promised


def _chosen(jobs: Sequence[Job], rate: float, within: float | None) -> list[int]:
    """Return the places of what is read in this round."""
    if within is None:
        return list(range(len(jobs)))
    must = [place for place, job in enumerate(jobs) if _falls_due(job, within)]
    left = within * rate - sum(jobs[place].requests for place in must)
    cycle = max(sum(job.requests for job in jobs if job.promise.within is None) / rate, within)
    may = [
        (-_staleness(job, cycle), job.requests, place)
        for place, job in enumerate(jobs)
        if not _falls_due(job, within) and (job.promise.within is None or _staleness(job, cycle) >= _EARLY)
    ]
    for _, requests, place in sorted(may):
        if requests <= left:
            must.append(place)
            left -= requests
    return sorted(must)


def _falls_due(job: Job, within: float) -> bool:
    """Tell whether the promise would be broken if the job waited for the next round, which takes as long as this."""
    promised = job.promise.within
    return promised is not None and (job.age is None or job.age + 2 * within > promised)


def _staleness(job: Job, cycle: float) -> float:
    """Return the age as a share of what is promised, or of the time in which all could be read once."""
    return inf if job.age is None else job.age / (job.promise.within or cycle)


def _impossible(jobs: Sequence[Job], rate: float) -> tuple[str, ...]:
    """Say which promises need more requests than there are, however they are ordered."""
    promises = sorted(
        {job.promise for job in jobs if job.promise.within is not None}, key=lambda one: one.within or 0.0
    )
    needed, parts = 0.0, []
    for promise in promises:
        assert promise.within is not None
        an_hour = sum(job.requests for job in jobs if job.promise == promise) / promise.within * 3600
        needed += an_hour
        parts.append(f"{promise.name} within {spoken(promise.within)} {an_hour:,.0f}")
    if needed <= rate * 3600:
        return ()
    return (
        f"{', '.join(parts)} requests an hour, and the credential has {rate * 3600:,.0f}."
        f" All of these promises {needed / (rate * 3600):.1f} times as long would be possible",
    )

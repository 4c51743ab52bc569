"""The plan of one round over many organisations: what is read in which order, and how old everything gets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from calcom_provider.sync.fleet.organizations import Organization
from calcom_provider.sync.fleet.promises import Promise
from calcom_provider.sync.planning.model import LIMIT, WINDOW

if TYPE_CHECKING:
    from calcom_provider.api.rate_limit.governor import Snapshot


#: Requests a window where a server states no limit.
NO_LIMIT = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Budget:
    """Hold the requests that a credential has: so many in each window, which begins with its first request.

    :param limit: requests of a window.
    :param window_seconds: length of the window.
    :param left: requests that are left of the window that is open, None if none is.
    :param ends_in: seconds until that window, or a block, ends.
    """

    limit: int = LIMIT
    window_seconds: float = WINDOW
    left: int | None = None
    ends_in: float = 0.0

    @classmethod
    def of(cls, snapshot: Snapshot) -> Budget:
        """Return the budget as a governor knows it.

        :param snapshot: what the governor knows.
        """
        if snapshot.silent:
            return cls(NO_LIMIT)
        limit, window = snapshot.limit or LIMIT, snapshot.window_seconds or WINDOW
        if snapshot.blocked_for:
            return cls(limit, window, 0, snapshot.blocked_for)
        return cls(limit, window, snapshot.remaining, snapshot.window_ends_in)

    @property
    def rate(self) -> float:
        """Return the requests of a second, in the long run."""
        return self.limit / self.window_seconds

    def open_for(self, requests: int) -> float:
        """Return in how many seconds so many requests can have been sent, from now on.

        :param requests: requests from now on.
        """
        left, ends_in = self.left, self.ends_in
        if left is None or not ends_in:
            left, ends_in = self.limit, self.window_seconds
        if requests <= left:
            return 0.0
        return ends_in + (requests - left - 1) // self.limit * self.window_seconds


@dataclass(frozen=True, slots=True)
class Job:
    """Hold one sync: resources of one organisation that are read together.

    :param organization: whose.
    :param promise: what is read, and how old it may get.
    :param age: seconds since what is stored was read, None for what never was.
    :param requests: requests that it is expected to take.
    :param seconds: seconds of work that it is expected to take beside waiting for the limit.
    """

    organization: Organization
    promise: Promise
    age: float | None
    requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """Hold when a sync will be done.

    :param job: the sync.
    :param done: seconds from now.
    :param late: its promise will be broken.
    """

    job: Job
    done: float
    late: bool = False

    @property
    def age(self) -> float | None:
        """Return how old what is stored will get before it is read again; None for what was never read."""
        return None if self.job.age is None else self.job.age + self.done


@dataclass(frozen=True, slots=True)
class Summary:
    """Hold what a plan says about the resources of one promise.

    :param promise: the promise.
    :param organizations: how many organisations are read in this round.
    :param never_read: how many of them have never been read.
    :param waiting: how many are left for a later round, because they are young enough or nothing is left for them.
    :param requests: requests that they are expected to take.
    :param worst_age: seconds that the oldest of them will be, before it is read or at the end of the round; None if
        none was ever read.
    :param late: how many will be older than promised.
    """

    promise: Promise
    organizations: int
    never_read: int
    waiting: int
    requests: int
    worst_age: float | None
    late: int


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """Hold the plan of one round.

    :param jobs: what is read, in order.
    :param waiting: what is not, and how old it will be when the round ends.
    :param budget: the credential's; that of the first one where there are several.
    :param impossible: what cannot be kept in the long run whatever the order, in words.
    """

    jobs: tuple[PlannedJob, ...]
    waiting: tuple[PlannedJob, ...]
    budget: Budget
    impossible: tuple[str, ...] = field(default=())

    @property
    def requests(self) -> int:
        """Return the requests of the round."""
        return sum(one.job.requests for one in self.jobs)

    @property
    def seconds(self) -> float:
        """Return how long the round will take."""
        return max((one.done for one in self.jobs), default=0.0)

    @property
    def worst_age(self) -> float | None:
        """Return how old the oldest will get, in seconds; None if nothing was ever read."""
        return max((one.age for one in (*self.jobs, *self.waiting) if one.age is not None), default=None)

    @property
    def late(self) -> int:
        """Count the promises that will be broken."""
        return sum(one.late for one in (*self.jobs, *self.waiting))

    def summaries(self) -> list[Summary]:
        """Return what the plan says, promise by promise."""
        promises = dict.fromkeys(one.job.promise for one in (*self.jobs, *self.waiting))
        found = []
        for promise in promises:
            mine = [one for one in self.jobs if one.job.promise == promise]
            rest = [one for one in self.waiting if one.job.promise == promise]
            found.append(
                Summary(
                    promise=promise,
                    organizations=len(mine),
                    never_read=sum(one.job.age is None for one in mine),
                    waiting=len(rest),
                    requests=sum(one.job.requests for one in mine),
                    worst_age=max((one.age for one in (*mine, *rest) if one.age is not None), default=None),
                    late=sum(one.late for one in (*mine, *rest)),
                )
            )
        return found

    def lines(self) -> list[str]:
        """Return the plan in words, a line for each promise, without names of anybody."""
        found = [_line(one) for one in self.summaries()]
        found.append(
            f"{len(self.jobs):,} syncs with {self.requests:,} requests take {spoken(self.seconds)};"
            f" worst age {spoken(self.worst_age)}"
        )
        return [*found, *(f"impossible: {one}" for one in self.impossible)]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON; each credential's order is in ``jobs``."""
        return {
            "requests": self.requests,
            "seconds": self.seconds,
            "worst_age": self.worst_age,
            "late": self.late,
            "limit": self.budget.limit,
            "window_seconds": self.budget.window_seconds,
            "impossible": list(self.impossible),
            "promises": [
                {
                    "resources": list(one.promise.resources),
                    "within": one.promise.within,
                    "organizations": one.organizations,
                    "never_read": one.never_read,
                    "waiting": one.waiting,
                    "requests": one.requests,
                    "worst_age": one.worst_age,
                    "late": one.late,
                }
                for one in self.summaries()
            ],
            "jobs": [
                {
                    "organization_id": one.job.organization.organization_id,
                    "resources": list(one.job.promise.resources),
                    "requests": one.job.requests,
                    "done": round(one.done, 3),
                    "age": None if one.age is None else round(one.age, 3),
                    "late": one.late,
                }
                for one in self.jobs
            ],
        }


def spoken(seconds: float | None) -> str:
    """Return a length of time as people say it, two units at most.

    :param seconds: the length, None for one that is not known.
    """
    if seconds is None:
        return "not known"
    units = ((86_400, "d"), (3_600, "h"), (60, "min"))
    for place, (length, unit) in enumerate(units):
        if seconds >= length:
            whole, rest = divmod(round(seconds), length)
            smaller, small = (*units, (1, "s"))[place + 1]
            return f"{whole} {unit}" + (f" {rest // smaller} {small}" if rest >= smaller else "")
    return f"{seconds:.0f} s"


def _line(one: Summary) -> str:
    promised = (
        "as young as the budget allows"
        if one.promise.within is None
        else f"within {spoken(one.promise.within)}"
    )
    parts = [
        f"{one.promise.name} ({promised}): {one.organizations:,} organizations, {one.requests:,} requests",
        f"worst age {spoken(one.worst_age)}",
    ]
    if one.never_read:
        parts.append(f"{one.never_read:,} never read")
    if one.waiting:
        parts.append(f"{one.waiting:,} left for later")
    if one.late:
        parts.append(f"{one.late:,} late")
    return "; ".join(parts)


def together(plans: Iterable[FleetPlan]) -> FleetPlan:
    """Return the plans of several credentials as one; each has a budget of its own.

    :param plans: one or more.
    """
    every = list(plans)
    jobs = sorted((one for plan in every for one in plan.jobs), key=lambda one: one.done)
    waiting = tuple(one for plan in every for one in plan.waiting)
    impossible = tuple(dict.fromkeys(one for plan in every for one in plan.impossible))
    return FleetPlan(tuple(jobs), waiting, every[0].budget, impossible)

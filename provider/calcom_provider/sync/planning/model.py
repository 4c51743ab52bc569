"""An estimate of a sync: requests, the minutes that the limit makes of them, and what is not known."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

#: Cal.com's limit for an API key until an answer states another.
LIMIT, WINDOW = 120, 60.0


@dataclass(frozen=True, slots=True)
class PlannedResource:
    """Estimate one resource.

    :param resource: its name.
    :param requests: requests it will take: exactly these while its lists stand as they are, or at least these
        where something is not known.
    :param rows: rows that it has as far as that is known: at the last run, or as the API counts them.
    :param unknown: what is not known, in words; empty where nothing is missing.
    """

    resource: str
    requests: int
    rows: int | None
    unknown: str = ""

    @property
    def certain(self) -> bool:
        """Tell whether the next run takes exactly these requests as long as the lists stay as long as they are."""
        return not self.unknown


@dataclass(frozen=True, slots=True)
class Plan:
    """Estimate one sync.

    :param organization_id: organisation that would be read, 0 for an account without one.
    :param resources: one estimate each.
    :param limit: requests a window.
    :param window_seconds: length of the window.
    :param account_requests: requests to learn whose data it is (``me.get``), 0 where the organisation is given.
    :param parent_requests: requests to see whether the parents of refused lists are still there.
    :param asked: requests that this estimate itself took.
    """

    organization_id: int
    resources: tuple[PlannedResource, ...]
    limit: int
    window_seconds: float
    account_requests: int = 0
    parent_requests: int = 0
    asked: int = 0

    @property
    def requests(self) -> int:
        """Return the requests of a sync in a process of its own."""
        lists = sum(resource.requests for resource in self.resources)
        return self.account_requests + self.parent_requests + lists

    @property
    def certain(self) -> bool:
        """Tell whether nothing is missing for any estimate."""
        return all(resource.certain for resource in self.resources)

    @property
    def seconds_waiting(self) -> float:
        """Return how long the limit holds the sync up, at the least."""
        return max(0, math.ceil(self.requests / self.limit) - 1) * self.window_seconds

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        totals = {"requests": self.requests, "seconds_waiting": self.seconds_waiting, "certain": self.certain}
        listed = [asdict(resource) | {"certain": resource.certain} for resource in self.resources]
        return asdict(self) | totals | {"resources": listed}

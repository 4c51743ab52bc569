"""What became of a run over many organisations, by the run records of the warehouse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from calcom_provider.sync.fleet.model import spoken

if TYPE_CHECKING:
    from calcom_provider.warehouse import EndedRun

#: Failures that are told one by one; of more only the number.
TOLD = 5


@dataclass(frozen=True, slots=True)
class FleetResult:
    """Hold what became of a run over many organisations.

    :param organizations: organisations that were planned.
    :param synced: of these, how many were read without a failure.
    :param failed: organisation -> why, in one line; those of which nothing is recorded among them.
    :param requests: requests of all syncs that are recorded, failed ones included.
    :param throttled: answers with status 429.
    :param waited_seconds: seconds that the syncs waited for the limit, added up.
    :param worst_age: how old, in seconds, the oldest was that a sync replaced; None where nothing had been read
        before. What failed is told apart.
    :param planned_age: what the plan said of it beforehand.
    """

    organizations: int
    synced: int
    failed: Mapping[str, str] = field(default_factory=dict)
    requests: int = 0
    throttled: int = 0
    waited_seconds: float = 0.0
    worst_age: float | None = None
    planned_age: float | None = None

    @property
    def line(self) -> str:
        """Say it in one line, without anybody's name."""
        parts = [f"{self.synced:,} of {self.organizations:,} organizations synced"]
        if self.failed:
            parts.append(f"{len(self.failed):,} failed")
        planned = "" if self.planned_age is None else f" (planned {spoken(self.planned_age)})"
        parts.append(f"worst age {spoken(self.worst_age)}{planned}")
        parts.append(f"{self.requests:,} requests, {self.throttled:,} answers 429")
        return "; ".join(parts)

    def failures(self) -> list[str]:
        """Return the first few failures, each in one line, and how many more there are."""
        told = [f"organization {number}: {why}" for number, why in list(self.failed.items())[:TOLD]]
        more = len(self.failed) - TOLD
        return [*told, f"and {more:,} more"] if more > 0 else told

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for XCom: counts, and the first few failures."""
        return asdict(self) | {
            "failed": len(self.failed),
            "failures": self.failures(),
            "line": self.line,
        }


def fleet_result(
    planned: int,
    runs: Iterable[EndedRun],
    read_before: Mapping[tuple[int, str], datetime],
    *,
    failures: Mapping[str, str] = {},
    planned_age: float | None = None,
) -> FleetResult:
    """Return what became of a run over many organisations.

    An organisation failed when its last sync of some resources did, or when nothing was recorded of it.

    :param planned: how many organisations were planned.
    :param runs: the syncs that belong to it.
    :param read_before: organisation and resource -> when the last sync before this run had read it.
    :param failures: organisation -> why, as the tasks told it; wins over what the records say.
    :param planned_age: worst age that the plan foresaw.
    """
    found = sorted(runs, key=lambda run: run.started_at)
    last: dict[tuple[int, tuple[str, ...]], EndedRun] = {
        (run.organization_id, run.resources): run for run in found
    }
    failed = {
        str(run.organization_id): run.error or run.status
        for run in last.values()
        if run.status != "success" and not _mended(run, last.values())
    }
    failed |= failures
    good = {str(run.organization_id) for run in last.values() if run.status == "success"} - set(failed)
    ages = [
        (run.finished_at - before).total_seconds()
        for run in last.values()
        if run.status == "success" and run.finished_at is not None
        for resource in run.resources
        if (before := read_before.get((run.organization_id, resource))) is not None
    ]
    return FleetResult(
        organizations=planned,
        synced=len(good),
        failed=failed,
        requests=sum(run.requests for run in found),
        throttled=sum(run.throttled for run in found),
        waited_seconds=round(sum(run.waited_seconds for run in found), 3),
        worst_age=max(ages, default=None),
        planned_age=planned_age,
    )


def _mended(run: EndedRun, others: Iterable[EndedRun]) -> bool:
    """Tell whether a later sync of the organisation read all that this one did not, or more is not known of it."""
    return any(
        other.organization_id == run.organization_id
        and other.status == "success"
        and other.started_at >= run.started_at
        and set(run.resources) <= set(other.resources)
        for other in others
    )

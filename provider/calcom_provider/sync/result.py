"""What a sync did, in numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from calcom_provider.warehouse import TableResult


@dataclass(frozen=True, slots=True)
class Progress:
    """Tell how far a run is.

    :param resource: the resource that the event is about.
    :param event: ``page``, ``unchanged``, ``finished``, ``unavailable``, ``wait`` (for the rate limit) or
        ``published``.
    :param rows: rows of that resource so far.
    :param requests: requests of the run so far.
    :param expected_requests: requests that the run will need by the last run's counts, None when unknown.
    :param budget: requests left in the window of the rate limit, None when unknown.
    :param eta_seconds: estimated seconds to the end, None when unknown.
    :param waited_seconds: seconds spent waiting for the rate limit so far.
    """

    resource: str
    event: str
    rows: int
    requests: int
    expected_requests: int | None = None
    budget: int | None = None
    eta_seconds: float | None = None
    waited_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SyncResult:
    """Hold the outcome of one sync run.

    :param run_id: id of the run in ``calcom_sync_runs``.
    :param organization_id: organisation that was read, 0 for an account without one.
    :param tables: one result for every table.
    :param requests: requests sent.
    :param throttled: answers with status 429.
    :param retries: requests repeated.
    :param waited_seconds: seconds spent waiting for the rate limit.
    :param bytes: bytes of the answers' bodies.
    :param lock_seconds: seconds spent waiting for other runs on the same tables.
    :param publish_retries: how often the publication was repeated because the database aborted it.
    :param billed_bytes: bytes for which the database bills the run; None where it bills no bytes.
    :param seconds: wall time.
    :param dry_run: whether the run was a preview: it tells what it would have changed, and published nothing.
    :param events_missed: rows that were found changed and that no stored event names; None where nobody counted.
    :param events_late_seconds: seconds from the oldest of these changes to this run.
    """

    run_id: str
    organization_id: int
    tables: list[TableResult] = field(default_factory=list)
    requests: int = 0
    throttled: int = 0
    retries: int = 0
    waited_seconds: float = 0.0
    bytes: int = 0
    lock_seconds: float = 0.0
    publish_retries: int = 0
    billed_bytes: int | None = None
    seconds: float = 0.0
    dry_run: bool = False
    events_missed: int | None = None
    events_late_seconds: float | None = None

    @property
    def rows_changed(self) -> int:
        """Count rows inserted, updated or deleted in all tables."""
        return sum(table.inserted + table.updated + table.deleted for table in self.tables)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values only, fit for XCom and JSON."""
        return asdict(self) | {"rows_changed": self.rows_changed}

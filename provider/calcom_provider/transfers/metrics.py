"""Count syncs through Airflow's metrics, StatsD or OpenTelemetry, whichever is switched on there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.providers.common.compat.sdk import Stats

RUN = ("rows_changed", "requests", "throttled")
TABLE = ("rows_read", "inserted", "updated", "unchanged", "deleted")


def count_sync(outcome: Mapping[str, Any]) -> None:
    """Count a finished sync: ``calcom.sync.*`` for the run and ``calcom.sync.table.*`` for each table.

    :param outcome: what :func:`calcom_provider.transfers.outcome.summary` returned.
    """
    tags = {"organization_id": str(outcome["organization_id"])}
    Stats.incr("calcom.sync.runs", tags=tags | {"status": "preview" if outcome["dry_run"] else "published"})
    for name in RUN:
        Stats.incr(f"calcom.sync.{name}", outcome[name], tags=tags)
    # Airflow states times in milliseconds.
    Stats.timing("calcom.sync.duration", outcome["seconds"] * 1000, tags=tags)
    Stats.timing("calcom.sync.waited", outcome["waited_seconds"] * 1000, tags=tags)
    for table, counts in outcome["tables"].items():
        for name in TABLE:
            Stats.incr(f"calcom.sync.table.{name}", counts[name], tags=tags | {"table": table})


def count_failure() -> None:
    """Count a sync that ended with an error."""
    Stats.incr("calcom.sync.runs", tags={"status": "failed"})

"""Cal.com into the warehouse: one run, one transaction."""

from __future__ import annotations

from calcom_provider.sync.options import Backfill, SyncOptions, TableOptions
from calcom_provider.sync.planning import Plan, PlannedResource, plan
from calcom_provider.sync.result import Progress, SyncResult
from calcom_provider.sync.run import sync

__all__ = [
    "Backfill",
    "Plan",
    "PlannedResource",
    "Progress",
    "SyncOptions",
    "SyncResult",
    "TableOptions",
    "plan",
    "sync",
]

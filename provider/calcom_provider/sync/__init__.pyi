from calcom_provider.sync.events.apply import EventSyncResult, sync_events
from calcom_provider.sync.options import Backfill, SyncOptions, TableOptions
from calcom_provider.sync.planning.model import Plan, PlannedResource
from calcom_provider.sync.planning.plan import plan
from calcom_provider.sync.result import Progress, SyncResult
from calcom_provider.sync.run import sync

__all__ = [
    "Backfill",
    "EventSyncResult",
    "Plan",
    "PlannedResource",
    "Progress",
    "SyncOptions",
    "SyncResult",
    "TableOptions",
    "plan",
    "sync",
    "sync_events",
]

"""Cal.com into the warehouse: one run, one transaction."""

from __future__ import annotations

from calcom_provider.lazy import reexport

__getattr__, __dir__, __all__ = reexport(
    __name__,
    {
        "sync.events.apply": ("EventSyncResult", "sync_events"),
        "sync.options": ("Backfill", "SyncOptions", "TableOptions"),
        "sync.planning.model": ("Plan", "PlannedResource"),
        "sync.planning.plan": ("plan",),
        "sync.result": ("Progress", "SyncResult"),
        "sync.run": ("sync",),
    },
)

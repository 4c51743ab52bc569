"""Load rows into a database: staged, merged, accounted for, published in one transaction.

The engine knows tables, rows and runs, and nothing about where the rows come from::

    warehouse = Warehouse("postgresql+psycopg://user@host/db", schema="cal")
    with warehouse.load(RunInfo(scope={"organization_id": 4242})) as load:
        users = load.table(USERS, resource="users", mode="merge", deletes="remove")
        users.write(rows)
        users.finish(complete=True)
        results = load.publish()
"""

from __future__ import annotations

from calcom_provider.lazy import reexport

__getattr__, __dir__, __all__ = reexport(
    __name__,
    {
        "errors": ("CalComError",),
        "warehouse.backends.lakehouse.reading": ("lakehouse_connection",),
        "warehouse.bookkeeping.fleet_records": ("EndedRun", "LastRead"),
        "warehouse.bookkeeping.page_marks": ("KnownMark", "PageMark"),
        "warehouse.engine": ("Warehouse",),
        "warehouse.errors": (
            "GuardExceededError",
            "IncompleteLoadError",
            "LeaseLostError",
            "LoadInProgressError",
            "PatchRefusedError",
            "PublicationUnknownError",
            "SchemaConflictError",
            "SchemaVersionError",
            "UnsupportedTargetError",
            "WarehouseError",
            "WarehouseUsageError",
        ),
        "warehouse.loading.load": ("Load", "TableLoad"),
        "warehouse.run": ("DeleteGuard", "ResourceState", "RunInfo", "TableResult"),
        "warehouse.schema": ("Column", "EXTRA", "Parent", "Table"),
    },
)

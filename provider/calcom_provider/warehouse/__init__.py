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

from calcom_provider.warehouse.engine import Warehouse
from calcom_provider.warehouse.errors import (
    GuardExceededError,
    IncompleteLoadError,
    LeaseLostError,
    LoadInProgressError,
    SchemaConflictError,
    SchemaVersionError,
    UnsupportedTargetError,
    WarehouseError,
    WarehouseUsageError,
)
from calcom_provider.warehouse.load import Load, TableLoad
from calcom_provider.warehouse.pages import KnownMark, PageMark
from calcom_provider.warehouse.privacy import Retention, apply_retention, erase
from calcom_provider.warehouse.run import DeleteGuard, ResourceState, RunInfo, TableResult
from calcom_provider.warehouse.schema import EXTRA, Column, Parent, Table

__all__ = [
    "EXTRA",
    "Column",
    "DeleteGuard",
    "GuardExceededError",
    "IncompleteLoadError",
    "KnownMark",
    "LeaseLostError",
    "Load",
    "LoadInProgressError",
    "PageMark",
    "Parent",
    "ResourceState",
    "Retention",
    "RunInfo",
    "SchemaConflictError",
    "SchemaVersionError",
    "Table",
    "TableLoad",
    "TableResult",
    "UnsupportedTargetError",
    "Warehouse",
    "WarehouseError",
    "WarehouseUsageError",
    "apply_retention",
    "erase",
]

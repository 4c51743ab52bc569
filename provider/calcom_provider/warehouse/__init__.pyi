from calcom_provider.errors import CalComError
from calcom_provider.warehouse.backends.lakehouse.reading import lakehouse_connection
from calcom_provider.warehouse.bookkeeping.fleet_records import EndedRun, LastRead
from calcom_provider.warehouse.bookkeeping.page_marks import KnownMark, PageMark
from calcom_provider.warehouse.engine import Warehouse
from calcom_provider.warehouse.errors import (
    GuardExceededError,
    IncompleteLoadError,
    LeaseLostError,
    LoadInProgressError,
    PatchRefusedError,
    PublicationUnknownError,
    SchemaConflictError,
    SchemaVersionError,
    UnsupportedTargetError,
    WarehouseError,
    WarehouseUsageError,
)
from calcom_provider.warehouse.loading.load import Load, TableLoad
from calcom_provider.warehouse.run import DeleteGuard, ResourceState, RunInfo, TableResult
from calcom_provider.warehouse.schema import EXTRA, Column, Parent, Table

__all__ = [
    "EXTRA",
    "CalComError",
    "Column",
    "DeleteGuard",
    "EndedRun",
    "GuardExceededError",
    "IncompleteLoadError",
    "KnownMark",
    "LastRead",
    "LeaseLostError",
    "Load",
    "LoadInProgressError",
    "PageMark",
    "Parent",
    "PatchRefusedError",
    "PublicationUnknownError",
    "ResourceState",
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
    "lakehouse_connection",
]

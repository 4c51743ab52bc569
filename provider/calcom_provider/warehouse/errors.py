"""The errors of the warehouse.

::

    CalComError                         the base of all errors of this package
    └── WarehouseError
        ├── WarehouseUsageError      the caller broke the order of calls, or named something unknown
        ├── UnsupportedTargetError   no driver, no such database, a version too old
        ├── SchemaConflictError      a table in the database does not fit its declaration
        ├── SchemaVersionError       the tables were made by a newer release
        ├── LoadInProgressError      another run holds the same tables
        │   └── DatabaseBusyError    another process holds the file of the database
        ├── LeaseLostError           another run took its place, or people were erased, while it was reading
        ├── PublicationUnknownError  the connection broke in the commit: all was published, or nothing
        ├── PatchRefusedError        single rows cannot be merged before a sync has published the tables so
        ├── GuardExceededError       more rows would be deleted than the guard allows
        └── IncompleteLoadError      a replacement whose read was not proven complete

Messages name tables, columns and counts, never values.
"""

from __future__ import annotations

from calcom_provider.errors import CalComError


class WarehouseError(CalComError):
    """Say what failed in the warehouse; base of all errors here."""


class WarehouseUsageError(WarehouseError):
    """Say that the engine was called in a way that cannot work."""


class UnsupportedTargetError(WarehouseError):
    """Say that a target cannot be used, and what it needs."""


class SchemaConflictError(WarehouseError):
    """Say that a table in the database does not fit its declaration; nothing was written."""


class SchemaVersionError(WarehouseError):
    """Say that the database was made by a newer release than this one."""


class LoadInProgressError(WarehouseError):
    """Say that another run holds the same set of tables, and which."""


class DatabaseBusyError(LoadInProgressError):
    """Say that another process holds the file of a database and does not let go of it."""


class LeaseLostError(WarehouseError):
    """Say that a run lost the right to publish before it did; nothing was published."""


class PatchRefusedError(WarehouseError):
    """Say that single rows cannot be merged as things stand, and which sync has to run first; nothing was written."""


class PublicationUnknownError(WarehouseError):
    """Say that the connection broke in the commit: all of the run was published, or nothing."""


class GuardExceededError(WarehouseError):
    """Say that a run would delete more rows than its guard allows; nothing was published."""


class IncompleteLoadError(WarehouseError):
    """Say that a table should be replaced by a read that was not proven complete; nothing was published."""

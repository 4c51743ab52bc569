"""The errors of the warehouse.

::

    WarehouseError
     ├── WarehouseUsageError      the caller broke the order of calls, or named something unknown
     ├── UnsupportedTargetError   no driver, no such database, a version too old
     ├── SchemaConflictError      a table in the database does not fit its declaration
     ├── SchemaVersionError       the tables were made by a newer release
     ├── LoadInProgressError      another run holds the same tables
     ├── LeaseLostError           another run took the tables over meanwhile
     ├── GuardExceededError       more rows would be deleted than the guard allows
     └── IncompleteLoadError      a replacement whose read was not proven complete

Messages name tables, columns and counts, never values.
"""

from __future__ import annotations


class WarehouseError(Exception):
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


class LeaseLostError(WarehouseError):
    """Say that another run took the tables over before this one published; nothing was published."""


class GuardExceededError(WarehouseError):
    """Say that a run would delete more rows than its guard allows; nothing was published."""


class IncompleteLoadError(WarehouseError):
    """Say that a table should be replaced by a read that was not proven complete; nothing was published."""

"""Failures as one line and an exit code."""

from __future__ import annotations

from calcom_provider.errors import CalComError

DONE, FAILED, WRONG_CALL, REFUSED, CHANGES = 0, 1, 2, 3, 4
"""What a command ends with; ``CHANGES`` is that of a plan that would write something."""


class CommandError(CalComError):
    """End a command with a message.

    :param message: one line.
    :param code: exit code.
    """

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


def explain(error: Exception) -> tuple[str, int]:
    """Return one line for an error, and the exit code that goes with it.

    Errors of our own say what failed without secrets or people's data. Of others only the kind is told,
    since a driver's message may quote a password or a row.

    :param error: what a command raised.
    """
    from calcom_provider.api.errors import (
        AuthenticationError,
        ConfigurationError,
        IncompleteReadError,
        PermissionDeniedError,
    )
    from calcom_provider.hr.errors import RefusedError
    from calcom_provider.warehouse.errors import (
        GuardExceededError,
        IncompleteLoadError,
        LoadInProgressError,
        UnsupportedTargetError,
        WarehouseUsageError,
    )

    refused = (IncompleteReadError, GuardExceededError, IncompleteLoadError, RefusedError)
    wrong = (
        ConfigurationError,
        AuthenticationError,
        PermissionDeniedError,
        UnsupportedTargetError,
        WarehouseUsageError,
    )
    text = " ".join(str(error).split())
    if isinstance(error, refused):
        return text, REFUSED
    if isinstance(error, LoadInProgressError):
        return text, FAILED
    if isinstance(error, wrong):
        return text, WRONG_CALL
    if isinstance(error, CalComError):
        return text, FAILED
    return _foreign(error)


def _foreign(error: Exception) -> tuple[str, int]:
    import sqlalchemy.exc as sa

    from calcom_provider.warehouse.backends import driver_errors

    if isinstance(error, sa.NoSuchModuleError | ModuleNotFoundError):
        missing = driver_errors.missing_driver(error)
        return missing or f"A Python module is missing: {error}.", WRONG_CALL
    if isinstance(error, sa.ArgumentError):
        return (
            "--to is no SQLAlchemy URL, such as sqlite:///cal.db or postgresql://user@host/db.",
            WRONG_CALL,
        )
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    if driver_errors.is_driver_error(error):
        told = driver_errors.explain(error)
        return told or f"The database refused it ({driver_errors.describe(error)}).", FAILED
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}.", FAILED
    return f"Unexpected {kind}.", FAILED

"""Failures as one line and an exit code."""

from __future__ import annotations

DONE, FAILED, WRONG_CALL, REFUSED = 0, 1, 2, 3


class CommandError(Exception):
    """End a command with a message.

    :param message: one line
    :param code: exit code
    """

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


def explain(error: Exception) -> tuple[str, int]:
    """Return one line for an error, and the exit code that goes with it.

    Errors of our own say what failed without secrets or people's data. Of others only the kind is told,
    since a driver's message may quote a password or a row.

    :param error: what a command raised
    """
    from calcom_provider.api.errors import (
        AuthenticationError,
        CalComError,
        ConfigurationError,
        IncompleteReadError,
        PermissionDeniedError,
    )
    from calcom_provider.warehouse.errors import (
        GuardExceededError,
        IncompleteLoadError,
        LoadInProgressError,
        UnsupportedTargetError,
        WarehouseError,
        WarehouseUsageError,
    )

    refused = (IncompleteReadError, GuardExceededError, IncompleteLoadError)
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
    if isinstance(error, CalComError | WarehouseError):
        return text, FAILED
    return _foreign(error)


def _foreign(error: Exception) -> tuple[str, int]:
    import sqlalchemy.exc as sa

    if isinstance(error, sa.NoSuchModuleError | ModuleNotFoundError):
        return f"The driver for this database is not installed ({type(error).__name__}).", WRONG_CALL
    if isinstance(error, sa.ArgumentError):
        return (
            "--to is no SQLAlchemy URL, such as sqlite:///cal.db or postgresql://user@host/db.",
            WRONG_CALL,
        )
    if isinstance(error, sa.OperationalError | sa.InterfaceError):
        return f"The database cannot be used ({type(error.orig).__name__}): host, name, user, rights?", FAILED
    return f"Unexpected {type(error).__module__}.{type(error).__qualname__}.", FAILED

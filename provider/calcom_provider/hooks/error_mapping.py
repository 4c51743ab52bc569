"""Turn errors that a retry cannot help into Airflow's own "fail now"; let all others through as they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow.providers.common.compat.sdk import AirflowFailException

from calcom_provider.api.errors import (
    AuthenticationError,
    CalComError,
    ConfigurationError,
    PermissionDeniedError,
)
from calcom_provider.warehouse.backends import driver_errors
from calcom_provider.warehouse.errors import (
    GuardExceededError,
    SchemaConflictError,
    SchemaVersionError,
    UnsupportedTargetError,
)

HOPELESS: tuple[type[Exception], ...] = (
    AuthenticationError,
    PermissionDeniedError,
    ConfigurationError,
    GuardExceededError,
    SchemaConflictError,
    SchemaVersionError,
    UnsupportedTargetError,
)
"""What no retry changes: the credential, its rights, the settings, what the tables are like."""


def one_line(error: BaseException) -> str:
    """Return an error's message on one line."""
    return " ".join(str(error).split())


def in_words(error: Exception) -> str:
    """Return one line about any error; of one that is not ours only what cannot quote a password or a row.

    :param error: what was raised.
    """
    if isinstance(error, CalComError):
        return one_line(error)
    told = driver_errors.missing_driver(error) or (
        driver_errors.explain(error) if driver_errors.is_driver_error(error) else None
    )
    return told or f"unexpected {type(error).__module__}.{type(error).__qualname__}"


@contextmanager
def explained(log: Any) -> Iterator[None]:
    """Log an error of this provider in one line, and fail the task at once when a retry cannot help.

    The line comes before the traceback that Airflow logs, so that it is found without reading one.

    :param log: the task's logger.
    :raises AirflowFailException: for authentication, permission and configuration errors, with the same
        message.
    """
    try:
        yield
    except HOPELESS as error:
        log.error("%s", one_line(error))
        raise AirflowFailException(one_line(error)) from None
    except CalComError as error:
        log.error("%s", one_line(error))
        raise
    except Exception as error:
        told = driver_errors.missing_driver(error) or (
            driver_errors.explain(error) if driver_errors.is_driver_error(error) else None
        )
        if told:
            log.error("%s", told)
        raise

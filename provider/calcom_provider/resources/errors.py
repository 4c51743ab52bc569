"""Errors of reading rows as tables."""

from __future__ import annotations

from calcom_provider.api.errors import CalComError


class SchemaChangedError(CalComError):
    """Say that rows do not fit the declared table; nothing of the run is written.

    :param where: resource, or resource and field.
    :param message: what does not fit.
    """

    def __init__(self, where: str, message: str) -> None:
        super().__init__(message)
        self.where = where

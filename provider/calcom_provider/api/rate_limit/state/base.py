"""Describe where the governor keeps what it knows, so that processes share one budget."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from calcom_provider.errors import CalComError


class StateUnavailableError(CalComError):
    """Say that a store cannot be used now; the governor goes on with what it knows itself."""


@dataclass(slots=True)
class Transaction:
    """Hold one record while nobody else can change it.

    :param now: the present moment on the store's clock, in seconds; all moments in the record are on it.
    :param data: the record, None when there is none or it cannot be read.
    """

    now: float
    data: dict[str, Any] | None
    saved: dict[str, Any] | None = field(default=None)

    def save(self, data: dict[str, Any]) -> None:
        """Replace the record when the transaction ends.

        :param data: plain values.
        """
        self.saved = data


class StateStore(Protocol):
    """Describe a store of small records, each changed by one holder at a time."""

    def transaction(self, key: str) -> AbstractContextManager[Transaction]:
        """Hold a record; what was saved is stored at the end.

        :param key: name of the record, letters and digits.
        :raises StateUnavailableError: if the store cannot be used.
        """

    def close(self) -> None:
        """Let go of connections."""

    def __str__(self) -> str:
        """Say where the records are, without a password."""

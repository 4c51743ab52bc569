"""What leases and views need of a session and its backend, so that both may stand below them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from calcom_provider.warehouse.schema import Column


class BackendLike(Protocol):
    """Describe what of a backend they need."""

    @property
    def capabilities(self) -> Any:
        """Tell how the database differs from others."""

    @property
    def schema(self) -> str | None:
        """Give the schema of the tables."""

    def quote(self, name: str) -> str:
        """Quote an identifier."""

    def qualify(self, name: str) -> str:
        """Quote a table name with its schema."""

    def connect(self) -> Any:
        """Open another session."""

    def create_table(self, session: Any, name: str, columns: Sequence[Column], key: Sequence[str]) -> None:
        """Create a table unless it is there."""


class SessionLike(Protocol):
    """Describe what of a session they need."""

    @property
    def backend(self) -> BackendLike:
        """Give the backend that opened it."""

    def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> int:
        """Run a statement."""

    def fetch(self, sql: str, params: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Run a query."""

    def begin(self) -> None:
        """Begin a transaction that may write."""

    def commit(self) -> None:
        """Commit it."""

    def rollback(self) -> None:
        """Roll it back, if there is one."""

    def finishing(self) -> AbstractContextManager[None]:
        """Commit the open transaction at the end of a block, and roll it back when that fails."""

"""Stores for the governor's state: files, Redis, PostgreSQL, memory."""

from __future__ import annotations

import os
from pathlib import Path

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.api.rate_limit.state.base import StateStore, StateUnavailableError, Transaction
from calcom_provider.api.rate_limit.state.file import FileStateStore
from calcom_provider.api.rate_limit.state.memory import MemoryStateStore
from calcom_provider.api.rate_limit.state.postgres import PostgresStateStore
from calcom_provider.api.rate_limit.state.redis import RedisStateStore

__all__ = [
    "FileStateStore",
    "MemoryStateStore",
    "PostgresStateStore",
    "RedisStateStore",
    "StateStore",
    "StateUnavailableError",
    "Transaction",
    "open_state_store",
]


def open_state_store(setting: str | None = None) -> StateStore:
    """Return the store that a setting names.

    :param setting: a folder, or an address that begins with ``redis://``, ``rediss://``, ``postgresql://``,
        ``file://`` or ``memory:``; empty takes ``CALCOM_STATE_STORE``, then ``CALCOM_STATE_DIR``, then a
        folder in the user's cache.
    :raises ConfigurationError: if it is none of these.
    """
    setting = (setting or os.environ.get("CALCOM_STATE_STORE") or "").strip()
    if not setting:
        return FileStateStore()
    scheme = setting.partition(":")[0].partition("+")[0].lower() if ":" in setting else ""
    if scheme in ("redis", "rediss", "unix"):
        return RedisStateStore(setting)
    if scheme in ("postgres", "postgresql"):
        return PostgresStateStore(setting)
    if scheme == "memory":
        return MemoryStateStore()
    if scheme == "file":
        return FileStateStore(Path(setting.removeprefix("file:").removeprefix("//")))
    if scheme:
        raise ConfigurationError(
            "The rate-limit state store is of a kind that is not known.",
            advice="Use a folder, redis://…, postgresql://… or memory:.",
        )
    return FileStateStore(Path(setting))

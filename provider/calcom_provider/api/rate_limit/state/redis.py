"""Keep the governor's state in Redis, for workers on several machines."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import orjson

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.api.rate_limit.state.base import StateUnavailableError, Transaction
from calcom_provider.api.scrub import scrub

LOCK_SECONDS = 10
KEPT_SECONDS = 3600 * 24
# Compare and change in one step: a holder whose lock has expired must neither write nor unlock.
_FINISH = """
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] ~= '' then redis.call('set', KEYS[2], ARGV[2], 'EX', ARGV[3]) end
redis.call('del', KEYS[1])
return 1
"""


class RedisStateStore:
    """Keep each record under a key of its own, locked by a second key that expires when its holder dies.

    Moments are on the Redis server's clock, so the workers' clocks need not agree.

    :param url: address of the server, ``redis://`` or ``rediss://``.
    :param prefix: begins every key; default ``calcom:limit:``.
    :param timeout: seconds to wait for a lock before the store counts as unusable; default 20.
    :raises ConfigurationError: if the ``redis`` package is not installed or the address is none.
    """

    def __init__(self, url: str, *, prefix: str = "calcom:limit:", timeout: float = 20.0) -> None:
        try:
            import redis
        except ImportError:
            raise ConfigurationError(
                "Keeping the request budget in Redis needs the package redis.",
                advice="Install airflow-provider-calcom[redis].",
            ) from None
        try:
            self._redis = redis.Redis.from_url(url, socket_timeout=10, socket_connect_timeout=10)
        except ValueError as error:
            raise ConfigurationError(f"The Redis address cannot be used: {scrub(error)}") from None
        self._errors = (redis.RedisError, OSError)
        self._finish = self._redis.register_script(_FINISH)
        self._prefix = prefix
        self._timeout = timeout

    @contextmanager
    def transaction(self, key: str) -> Iterator[Transaction]:
        """Hold a record; see :class:`~calcom_provider.api.rate_limit.state.base.StateStore`."""
        record, lock, token = f"{self._prefix}{key}", f"{self._prefix}{key}:lock", uuid.uuid4().hex
        try:
            self._acquire(lock, token)
            pipe = self._redis.pipeline(transaction=False)
            pipe.time()
            pipe.get(record)
            (seconds, micros), raw = pipe.execute()
            held = Transaction(seconds + micros / 1e6, _decoded(raw))
        except self._errors as error:
            raise StateUnavailableError(f"Redis: {type(error).__name__}") from error
        try:
            yield held
        except BaseException:
            with suppress(*self._errors):
                self._finish(keys=[lock, record], args=[token, "", KEPT_SECONDS])
            raise
        try:
            saved = orjson.dumps(held.saved) if held.saved is not None else b""
            self._finish(keys=[lock, record], args=[token, saved, KEPT_SECONDS])
        except self._errors as error:
            raise StateUnavailableError(f"Redis: {type(error).__name__}") from error

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()

    def __str__(self) -> str:
        kwargs: dict[str, Any] = self._redis.connection_pool.connection_kwargs
        return f"Redis at {kwargs.get('host', kwargs.get('path', '?'))}"

    def _acquire(self, lock: str, token: str) -> None:
        until, pause = time.monotonic() + self._timeout, 0.001
        while not self._redis.set(lock, token, nx=True, ex=LOCK_SECONDS):
            if time.monotonic() > until:
                raise StateUnavailableError("Redis: the lock is held too long")
            time.sleep(pause)
            pause = min(pause * 1.5, 0.05)


def _decoded(raw: bytes | None) -> dict[str, Any] | None:
    try:
        data = orjson.loads(raw) if raw else None
    except orjson.JSONDecodeError:
        return None
    return data if isinstance(data, dict) else None

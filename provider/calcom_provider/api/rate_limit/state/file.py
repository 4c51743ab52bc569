"""Keep the governor's state in locked files: the default, shared by all processes of a user on a machine."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import orjson

from calcom_provider.api.rate_limit.state.base import StateUnavailableError, Transaction

KEPT = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Clock:
    """Tell the time so that setting the machine's clock changes nothing.

    Moments are seconds since the machine started; its start is named, so that a record from before a restart,
    or from another machine that shares the folder, is recognised and brought over by the wall clock.
    """

    domain: str

    @classmethod
    def of_this_machine(cls) -> Clock:
        """Return the clock of this machine."""
        try:
            return cls(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        except OSError:
            return cls(f"wall-{os.uname().nodename}")

    def now(self) -> float:
        """Return the present moment in seconds."""
        if hasattr(time, "CLOCK_BOOTTIME"):
            return time.clock_gettime(time.CLOCK_BOOTTIME)
        return time.monotonic()

    def wall(self) -> float:
        """Return the wall clock's time, which people and time servers set."""
        return time.time()


def default_directory() -> Path:
    """Return ``CALCOM_STATE_DIR``, else a folder in the user's cache."""
    if setting := os.environ.get("CALCOM_STATE_DIR"):
        return Path(setting)
    cache = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(cache) if cache else Path.home() / ".cache") / "airflow-provider-calcom"
    except RuntimeError:
        return Path(tempfile.gettempdir()) / f"airflow-provider-calcom-{os.getuid()}"


class FileStateStore:
    """Keep each record in a file of its own with a lock beside it.

    The lock is the operating system's: it ends with its holder. A file that cannot be read counts as no
    record.

    :param directory: folder for the files, made when missing; default see :func:`default_directory`.
    :param timeout: seconds to wait for a lock before the store counts as unusable; default 20.
    :param clock: tells the time; default the machine's.
    """

    def __init__(
        self, directory: str | Path | None = None, *, timeout: float = 20.0, clock: Clock | None = None
    ) -> None:
        self.directory = Path(directory) if directory else default_directory()
        self._timeout = timeout
        self._clock = clock or Clock.of_this_machine()
        self._lock = threading.Lock()
        self._locks: dict[str, filelock.BaseFileLock] = {}
        self._pid = 0

    @contextmanager
    def transaction(self, key: str) -> Iterator[Transaction]:
        """Hold a record; see :class:`~calcom_provider.api.rate_limit.state.base.StateStore`."""
        with self._lock:
            lock = self._file_lock(key)
            try:
                lock.acquire(timeout=self._timeout, poll_interval=0.005)
            except (OSError, filelock.Timeout, NotImplementedError) as error:
                raise StateUnavailableError(f"{self.directory}: {type(error).__name__}") from error
            try:
                path = self.directory / f"{key}.json"
                held = Transaction(self._clock.now(), self._read(path))
                yield held
                if held.saved is not None:
                    self._write(path, held)
            finally:
                lock.release()

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def __str__(self) -> str:
        return f"files in {self.directory}"

    def _file_lock(self, key: str) -> filelock.BaseFileLock:
        if self._pid != os.getpid():
            # A forked process must not believe that it holds what its parent holds.
            self._locks, self._pid = {}, os.getpid()
            self._prepare()
        if key not in self._locks:
            self._locks[key] = filelock.FileLock(self.directory / f"{key}.lock", thread_local=False)
        return self._locks[key]

    def _prepare(self) -> None:
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            self._pid = 0
            raise StateUnavailableError(f"{self.directory}: {type(error).__name__}") from error
        with suppress(OSError):
            for path in self.directory.glob("*.json"):
                self._forget(path)

    def _forget(self, path: Path) -> None:
        """Remove a record that nobody used for a week, and its lock; never one that somebody holds."""
        oldest = time.time() - KEPT
        if path.stat().st_mtime >= oldest:
            return
        lock = filelock.FileLock(path.with_suffix(".lock"), thread_local=False)
        with suppress(filelock.Timeout), lock.acquire(blocking=False):
            if path.stat().st_mtime < oldest:
                path.unlink()
                path.with_suffix(".lock").unlink()

    def _read(self, path: Path) -> dict[str, Any] | None:
        try:
            record = orjson.loads(path.read_bytes())
            data, domain = record["data"], record["clock"]
            if domain != self._clock.domain:
                data["shift"] = (record["wall"] - record["now"]) - (self._clock.wall() - self._clock.now())
            return data if isinstance(data, dict) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write(self, path: Path, held: Transaction) -> None:
        record = {
            "clock": self._clock.domain,
            "now": held.now,
            "wall": self._clock.wall(),
            "data": held.saved,
        }
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            temporary.write_bytes(orjson.dumps(record))
            temporary.replace(path)
        except OSError as error:
            raise StateUnavailableError(f"{self.directory}: {type(error).__name__}") from error

"""Run a server as a child that dies with us, and never touch one that we did not start."""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1
PATIENCE = 60.0


def free_port() -> int:
    """Return a port of loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def account(*names: str) -> str | None:
    """Return an account that servers run as which refuse root; None for our own."""
    if os.geteuid() != 0:
        return None
    for name in (*names, "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    return None


def give(folder: Path, user: str | None) -> None:
    """Make a folder, for the account to use."""
    folder.mkdir(parents=True, exist_ok=True)
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(folder, entry.pw_uid, entry.pw_gid)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Server:
    """Hold one server process.

    :param command: what is started; a port in it stays the same over restarts.
    :param answers: tells whether the server can be used; raises or returns False while it cannot.
    """

    def __init__(
        self, command: list[str], answers: Callable[[], object], *, user: str | None, log: Path
    ) -> None:
        self._command, self._answers, self._user, self._log = command, answers, user, log
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=self._user,
                group=None if self._user is None else pwd.getpwnam(self._user).pw_gid,
                preexec_fn=_die_with_parent, start_new_session=True, cwd=self._log.parent,
            )  # fmt: skip
        until = time.monotonic() + PATIENCE
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(
                    f"{self._command[0]} ended: {self._log.read_text(errors='replace')[-2000:]}"
                )
            try:
                if self._answers() is not False:
                    return
            except Exception:
                pass
            if time.monotonic() > until:
                raise RuntimeError(f"{self._command[0]} does not answer")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it and all its processes at once, as a crash does."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def interrupt(self, number: int) -> None:
        """Send the server a signal and wait for its end."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait()

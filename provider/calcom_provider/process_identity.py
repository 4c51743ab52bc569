"""Name a process so that another one can tell whether it is gone.

A host name and a process id do not do: two containers may have one host name and a process 1 each, and ids are used
again. What leases and shared counts keep of their holder is this identity. It stands below all rooms, because the
governor, the warehouse and the ledger all need it.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_LONGEST_HOST = 64


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """Name one process; :func:`str` gives the text that :func:`parse` reads.

    :param host: host name, cut to 64 characters.
    :param boot: id of the kernel's present boot; empty where the system does not tell it.
    :param namespace: number of the pid namespace, inside which process ids mean the same; empty likewise.
    :param pid: process id.
    :param started: when the process began, in ticks since the boot; empty likewise.
    """

    host: str
    boot: str
    namespace: str
    pid: int
    started: str

    def __str__(self) -> str:
        return f"{self.host}/{self.boot}/{self.namespace}/{self.pid}/{self.started}"

    def is_gone(self) -> bool:
        """Tell whether the process is known not to run any more.

        Only a process of the same boot and pid namespace can be known to be gone. Of any other, and where the system
        tells no boot or namespace, nothing is known: False.
        """
        here = this_process()
        if not self.boot or not self.namespace or not self.started:
            return False
        if (self.host, self.boot, self.namespace) != (here.host, here.boot, here.namespace):
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            pass  # it runs, as another user
        state, started = _state(self.pid)
        # A zombie has ended, and waits for its parent to look.
        return state in ("Z", "X") or started not in ("", self.started)


def this_process() -> ProcessIdentity:
    """Return the identity of this process."""
    pid = os.getpid()
    known = _known.get(pid)
    if known is None:
        # A forked child has another id, and so another entry.
        _known.clear()
        host = socket.gethostname().replace("/", "_")[:_LONGEST_HOST]
        known = _known[pid] = ProcessIdentity(host, _boot(), _namespace(), pid, _state(pid)[1])
    return known


def parse(text: str) -> ProcessIdentity | None:
    """Read an identity; None for a text that is none, as earlier releases wrote them.

    :param text: what :func:`str` gave.
    """
    parts = text.split("/")
    if len(parts) != 5 or not parts[3].isdecimal():
        return None
    host, boot, namespace, pid, started = parts
    return ProcessIdentity(host, boot, namespace, int(pid), started)


_known: dict[int, ProcessIdentity] = {}


def _boot() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _namespace() -> str:
    try:
        return os.readlink(_PROC / "self/ns/pid").partition("[")[2].rstrip("]")
    except OSError:
        return ""


def _state(pid: int) -> tuple[str, str]:
    """Return a process's state and when it began; empty where that cannot be read."""
    try:
        # The name before the bracket may hold blanks and brackets itself.
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        return fields[0], fields[19]
    except (OSError, IndexError):
        return "", ""

"""Name a process that has just ended."""

from __future__ import annotations

import subprocess
import sys

from calcom_provider.process_identity import ProcessIdentity, parse

TELL = "from calcom_provider.process_identity import this_process; print(this_process())"


def told(*prefix: str) -> ProcessIdentity:
    """Run a process that tells its identity, and wait for its end.

    :param prefix: command that runs it, such as one that makes a namespace
    """
    child = subprocess.run(
        [*prefix, sys.executable, "-c", TELL], capture_output=True, text=True, check=True, timeout=60
    )
    found = parse(child.stdout.strip())
    assert found is not None
    return found


def ended_process() -> ProcessIdentity:
    """Give the identity of a process of this machine and namespace that runs no more."""
    return told()

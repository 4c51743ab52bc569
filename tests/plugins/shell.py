"""Run the command line as a shell does: a process of its own, with nothing but its words and variables."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from calcom_provider.sandbox import Sandbox

Run = Callable[..., "subprocess.CompletedProcess[str]"]
PROGRAM = (sys.executable, "-m", "calcom_provider.cli")


def variables_for(sandbox: Sandbox, folder: Path, **more: str) -> dict[str, str]:
    """Return the environment of a shell in which the sandbox is the Cal.com, and nothing else is set.

    :param sandbox: what is asked.
    :param folder: where the request count is kept.
    :param more: further variables.
    """
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("CALCOM_")},
        "CALCOM_BASE_URL": sandbox.url,
        "CALCOM_API_KEY": sandbox.keys["admin"],
        "CALCOM_STATE_DIR": str(folder / "state"),
        "CALCOM_ASSUMED_LIMIT": "0",
        "CALCOM_ATTEMPTS": "2",
        "NO_COLOR": "1",
        "NO_PROXY": "127.0.0.1,localhost",
        "COLUMNS": "200",
        **more,
    }


def shell(sandbox: Sandbox, folder: Path) -> Run:
    """Return a function that runs a command in a folder until it ends.

    :param sandbox: what is asked.
    :param folder: the working directory.
    """

    def run(
        *words: str, stdin: str = "", script: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", script, *words] if script else [*PROGRAM, *words]
        return subprocess.run(
            command,
            env=variables_for(sandbox, folder, **variables),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=240,
            cwd=folder,
            check=False,
        )

    return run

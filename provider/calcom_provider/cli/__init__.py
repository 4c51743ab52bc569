"""The ``calcom`` command: the same jobs as in Airflow, for a shell."""

from __future__ import annotations

import gc
import sys

#: A command lives shortly and makes little garbage; with the default, the imports alone cause dozens of collections.
GARBAGE = (100_000, 50, 1000)


def main() -> None:
    """Run the command line and end the process with its exit code."""
    gc.set_threshold(*GARBAGE)
    from calcom_provider.cli.app import run

    sys.exit(run())

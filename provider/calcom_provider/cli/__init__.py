"""The ``calcom`` command: the same jobs as in Airflow, for a shell."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from calcom_provider.cli.app import run

    sys.exit(run())

"""Keep the demo's terminal readable while Airflow writes to its own log."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console


@contextmanager
def open_terminal() -> Iterator[Console]:
    """Give a console that writes to the terminal even while standard output goes elsewhere."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as terminal:
        yield Console(file=terminal, highlight=False, soft_wrap=True)


@contextmanager
def output_to(path: Path) -> Iterator[None]:
    """Send standard output and error, and that of all that Airflow starts, to a file.

    :param path: the file, appended to.
    """
    kept = os.dup(1), os.dup(2)
    sys.stdout.flush()
    sys.stderr.flush()
    with path.open("a") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(kept[0], 1)
            os.dup2(kept[1], 2)
            os.close(kept[0])
            os.close(kept[1])


def relative(path: Path) -> str:
    """Return a path as one would type it here."""
    return os.path.relpath(path)

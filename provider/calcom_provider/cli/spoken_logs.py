"""Show on standard error what happens while a command waits."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class _Spoken(logging.Handler):
    """Write each message as a line of standard error, as it is at that moment: a live table lends its own."""

    def emit(self, record: logging.LogRecord) -> None:
        print(record.getMessage(), file=sys.stderr, flush=True)  # noqa: T201


@contextmanager
def spoken_logs(*, quiet: bool) -> Iterator[None]:
    """Show retries, waits and warnings as they happen, until the context ends.

    :param quiet: show warnings alone.
    """
    logger = logging.getLogger("calcom_provider")
    handler, level = _Spoken(logging.WARNING if quiet else logging.INFO), logger.level
    logger.addHandler(handler)
    logger.setLevel(min(level or logging.INFO, logging.INFO))
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)

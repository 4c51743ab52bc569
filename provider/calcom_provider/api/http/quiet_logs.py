"""Keep query strings out of what the HTTP library logs at DEBUG: they hold addresses of people."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from calcom_provider.api.scrub import scrub

#: The loggers of urllib3 that print the address of a request.
LOGGERS = ("urllib3.connectionpool", "urllib3.util.retry")


class _Scrubbed(logging.Filter):
    """Scrub records of the threads that carry requests of ours; other users of the library keep theirs."""

    def __init__(self) -> None:
        super().__init__()
        self.mine = threading.local()

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(self.mine, "depth", 0):
            record.msg, record.args = scrub(record.getMessage()), None
        return True


_SCRUBBED = _Scrubbed()


@contextmanager
def scrubbed_logs() -> Iterator[None]:
    """Scrub what the HTTP library logs in this thread, until the context ends."""
    for name in LOGGERS:
        # At each request, because a logging configuration may have replaced the filters; twice changes nothing.
        logging.getLogger(name).addFilter(_SCRUBBED)
    _SCRUBBED.mine.depth = getattr(_SCRUBBED.mine, "depth", 0) + 1
    try:
        yield
    finally:
        _SCRUBBED.mine.depth -= 1

"""Repeat a publication as a whole that the database aborted for the sake of others."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

from calcom_provider.warehouse.backends.driver_errors import is_aborted
from calcom_provider.warehouse.errors import DatabaseBusyError

#: How often it is repeated.
REPEATS = 5
#: Seconds before the first repetition, about; each next one waits twice as long.
PAUSE = 0.1


def repeated(work: Callable[[], None]) -> Iterator[Exception]:
    """Do work until it is through, and give the errors for which it is done again.

    :param work: leaves nothing behind when it fails.
    """
    for attempt in range(REPEATS + 1):
        try:
            work()
            return
        except Exception as error:
            if attempt == REPEATS or not (is_aborted(error) or isinstance(error, DatabaseBusyError)):
                raise
            yield error
        # Not all at the same time: they would abort each other again.
        time.sleep(PAUSE * 2**attempt * random.uniform(0.5, 1.5))

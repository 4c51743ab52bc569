"""Give back what a run holds, whatever became of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from calcom_provider.warehouse.backends.base import Session
from calcom_provider.warehouse.backends.driver_errors import describe

logger = logging.getLogger(__name__)


def close(session: Session, steps: Iterable[Callable[[], object]], name: str) -> None:
    """Take each step, warn of those that fail, and close the session.

    A connection may be gone, and with it the lock; the next run finds this one lost.

    :param session: the session.
    :param steps: what is given back, in this order.
    :param name: the run, for the warning.
    """
    try:
        with session.keep_open():
            for step in steps:
                try:
                    step()
                except Exception as trouble:
                    logger.warning("%s could not be closed: %s", name, describe(trouble))
    except Exception as trouble:
        logger.warning("%s could not be closed: %s", name, describe(trouble))
    finally:
        for renewer in session.renewers.values():  # of leases that were not given back
            renewer.stop()
        session.close()

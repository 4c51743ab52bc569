"""Wait for who holds a lease or the tables, and say so in the end."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from calcom_provider.warehouse.backends import lease
from calcom_provider.warehouse.backends.protocols import SessionLike
from calcom_provider.warehouse.errors import DatabaseBusyError, LoadInProgressError

#: Seconds that a publication waits for those who hold the tables as a whole: what was read took longer to read.
PATIENCE = 1800.0
#: Seconds between the first two looks at a lease that somebody holds; later ones are further apart.
POLL = 0.05


@contextmanager
def publishing(session: SessionLike, prefix: str, owner: str) -> Iterator[None]:
    """Publish where the database lets one writer in at a time.

    :param owner: the run, which may hold the tables as a whole itself.
    :raises LoadInProgressError: when others hold them for longer than a publication waits.
    """
    _begin_unless_held(session, prefix, owner)
    with session.finishing():
        yield


def _begin_unless_held(session: SessionLike, prefix: str, owner: str) -> None:
    """Begin a transaction; whoever takes the tables as a whole writes as well, so nobody else is to be held off."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            session.begin()
        except DatabaseBusyError:
            if time.monotonic() >= until:
                raise
            continue
        whole = lease.on_tables(prefix, owner)
        known = whole.known(session)
        if known is None or whole.held(session):
            return
        session.rollback()
        if time.monotonic() >= until:
            raise kept_from_publishing(prefix, known)
        time.sleep(POLL)


def polled(take: Callable[[], str | None], wait: float) -> str | None:
    """Try to take a lease until it is there or the time is over.

    :param take: gives None when it was taken, else its holder in words.
    :param wait: seconds.
    :returns: what ``take`` gave last.
    """
    until, pause = time.monotonic() + wait, POLL
    while True:
        try:
            holder = take()
        except LoadInProgressError:
            # The database did not even let it look.
            if time.monotonic() >= until:
                raise
        else:
            if holder is None or time.monotonic() >= until:
                return holder
        # Not the same for all: two would meet again and again.
        time.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(pause * 1.5, 1.0)


def kept_from_publishing(prefix: str, holder: str) -> LoadInProgressError:
    """Make the error of a publication that waited for others in vain.

    :param prefix: prefix of the tables.
    :param holder: who holds them, in words.
    """
    return LoadInProgressError(
        f"The tables {prefix}* were held for {PATIENCE / 60:g} minutes by {holder}, so that nothing was published;"
        " run again when it has ended"
    )

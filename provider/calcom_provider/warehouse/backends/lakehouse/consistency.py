"""Read the tables of a lakehouse as they stood at one moment, though no transaction spans them.

A run publishes while it holds the tables as a whole, and its row in the records comes last. So tables belong together
when nobody holds them, none has a new version since the first of them was opened, and no row is of a run that ended
before it wrote its own.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Protocol

from calcom_provider.warehouse.backends import lease
from calcom_provider.warehouse.backends.lakehouse.working_copy import quote
from calcom_provider.warehouse.backends.protocols import SessionLike
from calcom_provider.warehouse.errors import LoadInProgressError

RUNNING, RUNS = "sync_running", "sync_runs"
"""Tables of the runs under way, and of those that ended."""

RUN_ID = "_calcom_run_id"
"""Column that names the run which wrote a row."""

PAUSE = 0.2
"""Seconds between two looks at tables that somebody writes to."""


class Looking(SessionLike, Protocol):
    """Describe what of a session is needed."""

    def look(self, prefix: str) -> dict[str, str]:
        """See what others wrote until now, and give the versions of tables."""

    def newest(self, prefix: str) -> dict[str, str]:
        """Give the versions that tables have now."""

    def reflect(self, prefix: str) -> dict[str, dict[str, str]]:
        """Give the columns of tables."""


def await_consistency(session: Looking, prefix: str, wait: float) -> Mapping[str, Collection[str]]:
    """See all tables of a prefix as they stood together.

    :param session: session that reads them from here on as it sees them now.
    :param wait: seconds to wait for a sync that publishes.
    :returns: runs that ended while they published -> tables that hold rows of theirs.
    :raises LoadInProgressError: when a sync publishes for longer than ``wait``.
    """
    until = time.monotonic() + wait
    while True:
        before = session.look(prefix)
        holder = lease.on_tables(prefix, "").known(session) if prefix + lease.LEASE in before else None
        if holder is None and _lasting(before, prefix) == _lasting(session.newest(prefix), prefix):
            return _unfinished(session, prefix)
        if time.monotonic() >= until:
            raise LoadInProgressError(
                f"The tables {prefix}* were written to for {wait:g} s"
                + (f", by {holder}" if holder else "")
                + ": read them again later"
            )
        time.sleep(PAUSE)


def _lasting(versions: Mapping[str, str], prefix: str) -> Mapping[str, str]:
    """Leave out what a run writes before it publishes anything."""
    passing = {prefix + name for name in (lease.LEASE, RUNNING)}
    return {name: version for name, version in versions.items() if name not in passing}


def _unfinished(session: Looking, prefix: str) -> Mapping[str, Collection[str]]:
    held = session.reflect(prefix)
    running, runs = prefix + RUNNING, prefix + RUNS
    if running not in held or runs not in held:
        return {}
    open_runs = [
        str(run_id)
        for (run_id,) in session.fetch(
            f"SELECT DISTINCT run_id FROM {quote(running)}"
            f" WHERE run_id NOT IN (SELECT run_id FROM {quote(runs)} WHERE status = 'success')"
        )
    ]
    found: dict[str, list[str]] = {}
    for name in sorted(held) if open_runs else ():
        if RUN_ID in held[name]:
            ids = session.fetch(f"SELECT DISTINCT {quote(RUN_ID)} FROM {quote(name)}")
            for (run_id,) in ids:
                if run_id in open_runs:
                    found.setdefault(run_id, []).append(name)
    return found

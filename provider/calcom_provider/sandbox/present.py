"""Move the absences of the imitation, which lives in a year of its own, to where a report looks for them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

from calcom_provider.sandbox.world import DAY_ONE, World, iso


def move_absences(world: World, day: date) -> None:
    """Shift every absence by as many days as lie between the sandbox's first day and another one.

    :param world: the state that is changed
    :param day: what its first day becomes
    """
    days = day - DAY_ONE.date()
    for entry in list(world.ooo):
        bounds = {name: iso(datetime.fromisoformat(entry[name]) + days) for name in ("start", "end")}
        world.ooo.update(entry, **bounds)


def first_day(warehouse: Path) -> date:
    """Return the day of the first sync into a kept database, so that the next sync reads the same; else today.

    :param warehouse: the SQLite file
    """
    first = None
    if warehouse.exists():
        with closing(sqlite3.connect(warehouse)) as database:
            there = "SELECT 1 FROM sqlite_master WHERE name = 'calcom_sync_runs'"
            if database.execute(there).fetchone():
                first = database.execute("SELECT min(started_at) FROM calcom_sync_runs").fetchone()[0]
    return date.fromisoformat(first[:10]) if first else datetime.now(UTC).date()

"""Choose the day that the demo's organisation lives in."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path


def first_day(warehouse: Path) -> date:
    """Return the day of the first sync into a kept database, so that the next sync reads the same; else today.

    :param warehouse: the SQLite file.
    """
    first = None
    if warehouse.exists():
        with closing(sqlite3.connect(warehouse)) as database:
            there = "SELECT 1 FROM sqlite_master WHERE name = 'calcom_sync_runs'"
            if database.execute(there).fetchone():
                first = database.execute("SELECT min(started_at) FROM calcom_sync_runs").fetchone()[0]
    return date.fromisoformat(first[:10]) if first else datetime.now(UTC).date()

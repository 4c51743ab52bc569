"""The demo's absences lie around the day that it is shown on, and a kept database stays as it was."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

from calcom_provider.sandbox import Sandbox
from calcom_provider.sandbox.present import first_day, move_absences
from calcom_provider.sandbox.world import DAY_ONE


def test_absences_keep_their_length_and_their_distance_from_the_first_day() -> None:
    world = Sandbox(users=30, limit=None).state
    before = {entry["id"]: (entry["start"], entry["end"]) for entry in world.ooo}
    assert before
    move_absences(world, date(2027, 3, 16))
    for entry in world.ooo:
        start, end = before[entry["id"]]
        assert (moment(entry["start"]) - moment(start)).days == 365
        assert moment(entry["end"]) - moment(entry["start"]) == moment(end) - moment(start)
        assert entry["end"].endswith("T23:59:59.999Z")


def test_the_sandbox_s_own_day_moves_nothing() -> None:
    world = Sandbox(users=30, limit=None).state
    before = [(entry["start"], entry["end"]) for entry in world.ooo]
    move_absences(world, DAY_ONE.date())
    assert [(entry["start"], entry["end"]) for entry in world.ooo] == before


def test_the_first_day_is_that_of_the_first_sync_or_today(tmp_path: Path) -> None:
    warehouse = tmp_path / "warehouse.db"
    assert first_day(warehouse) == datetime.now(UTC).date()
    assert not warehouse.exists()
    with closing(sqlite3.connect(warehouse)) as database:
        assert first_day(warehouse) == datetime.now(UTC).date()
        database.execute("CREATE TABLE calcom_sync_runs (started_at TEXT)")
        database.commit()
        assert first_day(warehouse) == datetime.now(UTC).date()
        days = [("2026-11-23 08:00:00.000",), ("2026-11-21 07:51:15.906",)]
        database.executemany("INSERT INTO calcom_sync_runs VALUES (?)", days)
        database.commit()
    assert first_day(warehouse) == date(2026, 11, 21)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)

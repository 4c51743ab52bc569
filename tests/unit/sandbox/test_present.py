"""The imitated organisation lives around a day: today, or one that is named; the demo's stays with its database."""

from __future__ import annotations

import socket
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from calcom_provider.sandbox import Sandbox
from calcom_provider.sandbox.demo.play import free_port
from calcom_provider.sandbox.demo.present import first_day
from calcom_provider.sandbox.world import stores
from calcom_provider.sandbox.world.world import iso


def test_everything_lies_around_the_day_that_is_named() -> None:
    here = Sandbox(users=30, limit=None, today=date(2026, 3, 16)).state
    later = Sandbox(users=30, limit=None, today=date(2027, 3, 16)).state
    assert [(e["start"], e["end"]) for e in later.ooo] == [
        (shifted(e["start"]), shifted(e["end"])) for e in here.ooo
    ]
    for store in (stores.bookings, stores.form_responses):
        times = [row["createdAt"] for row in store(here).ordered()]
        assert times
        assert [row["createdAt"] for row in store(later).ordered()] == [shifted(text) for text in times]


def test_without_a_day_the_organisation_lives_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALCOM_SANDBOX_TODAY")
    before = datetime.now(UTC).date()
    world = Sandbox(users=30, limit=None).state
    assert before <= world.today.date() <= datetime.now(UTC).date()
    starts = [moment(entry["start"]).date() for entry in world.ooo]
    assert min(starts) < before < max(starts)


def test_a_variable_that_names_no_day_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALCOM_SANDBOX_TODAY", "soon")
    with pytest.raises(
        ValueError, match="CALCOM_SANDBOX_TODAY is «soon», which is neither a day nor a moment"
    ):
        Sandbox(users=2, limit=None)


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


def shifted(text: str) -> str:
    return iso(moment(text) + timedelta(days=365))


def test_the_playground_takes_the_usual_port_unless_it_is_in_use() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = int(other.getsockname()[1])
        assert free_port(port) not in (0, port)
    assert free_port(port) == port

"""Webhooks through a real Airflow: how long a change takes to its row, and what the scheduled sync says was missed.

``make test-events`` runs 30 changes in a minute; ``make test-events CHANGES=300 MINUTES=10 LIMIT=120
RESULTS=docs/events.inc`` writes what the documentation shows.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.integration.test_canary import MARK
from tests.system.airflow_server import wait_for
from tests.system.events.changes import Changer
from tests.system.events.figures import Figures, missed_rows, quantile, refused, requests_of, watched, write
from tests.system.events.world import BY_EVENTS, World, events_in_airflow

pytestmark = [pytest.mark.events, pytest.mark.timeout(3600)]

CHANGES = int(os.environ.get("CALCOM_EVENTS_CHANGES", "30"))
MINUTES = float(os.environ.get("CALCOM_EVENTS_MINUTES", "1"))
LIMIT = int(os.environ.get("CALCOM_EVENTS_LIMIT", "120"))
RESULTS = os.environ.get("CALCOM_EVENTS_RESULTS", "")
#: Seconds between two scheduled syncs; real ones are further apart.
SYNC_EVERY = 45.0
FAULTS = {"drop": 0.1, "double": 0.05, "reorder": 0.2}
WANTED_P95 = 20.0
#: What the DAG asks for: one run for all that came within so many seconds.
DEBOUNCE = 10.0


def spread(world: World, changer: Changer, number: int, seconds: float) -> None:
    """Make changes at even distances."""
    began = time.monotonic()
    for place in range(number):
        time.sleep(max(0.0, began + seconds * place / number - time.monotonic()))
        changer.change()


def test_from_a_change_to_its_row(tmp_path: Path, postgres_urls: tuple[str, str, str]) -> None:
    faulty = max(30, CHANGES // 3)
    with events_in_airflow(
        tmp_path, postgres_urls, bookings=CHANGES + 2 * faulty + 60, limit=(LIMIT, 60.0, 60.0)
    ) as world:
        changer, load = Changer(world.sandbox), 0.0
        with watched(world) as held:
            changer.told = held.expect
            with world.scheduled_beside(SYNC_EVERY) as beside:
                spread(world, changer, CHANGES, MINUTES * 60)
                load = os.getloadavg()[0]
                wait_for("the rows of all changes", 120, lambda: not held.waiting)
            seconds = list(held.seconds.values())
            assert len(seconds) == CHANGES
            runs, requests = world.runs(BY_EVENTS), requests_of(world)
            assert runs <= MINUTES * 60 / DEBOUNCE + 3
            assert missed_rows(world) == 0
            # -- and now with deliveries that go wrong
            changer.told = None
            world.sandbox.deliveries.configure(seed=11, rates=FAULTS, reorder_seconds=1.0)
            with world.scheduled_beside(SYNC_EVERY) as more:
                spread(world, changer, faulty, MINUTES * 60 * faulty / CHANGES)
                assert world.sandbox.deliveries.drain(60)
        last = world.scheduled_sync()
        happened = world.sandbox.deliveries.happened
        figures = Figures(
            changes=CHANGES, seconds=MINUTES * 60, limit=LIMIT,
            p50=quantile(seconds, 0.5), p95=quantile(seconds, 0.95), longest=max(seconds),
            runs=runs, requests=requests, syncs=len(beside) + len(more), refused=refused(world),
            faults={
                "changes": faulty, "dropped": happened["drop"], "doubled": happened["double"],
                "reordered": happened["reorder"], "missed": missed_rows(world),
            },
            load=load,
        )  # fmt: skip
        print("", *figures.lines(), sep="\n")
        assert world.differences() == []
        assert happened["drop"] > 0
        assert figures.faults["missed"] == happened["drop"]
        assert figures.refused == 0
        assert last["events_missed"] is not None
        assert figures.p95 < WANTED_P95
        planted = "SELECT count(*) FROM calcom_booking_attendees WHERE name LIKE :mark"
        assert world.ask(planted, mark=f"%{MARK}%") != [(0,)]
        assert world.leaks() == []
        if RESULTS:
            write(Path(RESULTS), figures)

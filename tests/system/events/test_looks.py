"""The watcher of tables without webhooks in a real Airflow: a change starts one run, and nothing starts none."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.system.airflow_server import wait_for
from tests.system.events.figures import refused
from tests.system.events.world import BY_LOOKS, World, events_in_airflow

pytestmark = [pytest.mark.events, pytest.mark.timeout(900)]

EVERY = 60.0
#: Seconds that may pass beside the wait for the next look: its requests, the start of a task, the read.
BESIDE = 60.0


def runs_after_the_last(world: World) -> int:
    """Wait until no run is going on, and return how many there were."""
    wait_for("the end of the runs", 240, lambda: not world.runs(BY_LOOKS, state="running"))
    assert world.runs(BY_LOOKS, state="failed") == 0
    return world.runs(BY_LOOKS)


def test_a_change_that_no_webhook_tells_of_is_read(
    tmp_path: Path, postgres_urls: tuple[str, str, str]
) -> None:
    with events_in_airflow(
        tmp_path, postgres_urls, bookings=60, limit=(120, 60.0, 60.0), by=BY_LOOKS
    ) as world:
        # The first look tells all: this run makes the tables of people that the scheduled sync was not asked for.
        wait_for("the first run", 240, lambda: world.runs(BY_LOOKS, state="success"), every=2.0)
        assert runs_after_the_last(world) == 1
        with world.sandbox.paused() as state:
            members = state.memberships.by("teamId", world.sandbox.organization_id)
            row = next(row for row in members if row["role"] == "MEMBER")
            state.memberships.update(row, role="ADMIN")
            absence = next(iter(state.ooo.ordered()))
            state.ooo.delete(absence)
        began = time.time()
        role = "SELECT 1 FROM calcom_memberships WHERE id = :id AND role = 'ADMIN' AND is_current"
        away = "SELECT 1 FROM calcom_ooo_entries WHERE id = :id AND is_current"
        wait_for(
            "the new role, and the absence gone",
            EVERY + BESIDE,
            lambda: world.ask(role, id=row["id"]) and not world.ask(away, id=absence["id"]),
            every=0.2,
        )
        print(
            f"\n{time.time() - began:.1f} s from a change without a webhook to its rows, a look every {EVERY:.0f} s,"
            f" load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        )
        assert runs_after_the_last(world) == 2
        time.sleep(EVERY + BESIDE / 2)
        assert runs_after_the_last(world) == 2
        assert refused(world) == 0
        assert world.leaks() == []

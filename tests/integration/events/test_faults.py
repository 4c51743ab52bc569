"""What goes wrong with deliveries, one kind at a time: what events merge, what they miss, what the sync makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from calcom_provider.sandbox.control.mutations import mutate
from calcom_provider.sandbox.deliveries.outbox import announce_response
from calcom_provider.sandbox.groups.event_types.routing_forms import add_response
from calcom_provider.sandbox.world.stores import form_responses, routing_forms
from calcom_provider.sync.events import missed
from tests.integration.events.compared import COMPARED, table_differences
from tests.integration.events.world import World, world

TABLES = "bookings,ooo_entries,routing_form_responses"


def change(w: World) -> int:
    """Cancel and move bookings, make an absence and an answer; return how many rows that changes."""
    first, *others = w.bookings()
    w.cancel(first["uid"])
    w.move(others)
    with w.sandbox.paused() as state:
        mutate(state, w.organization_id, "ooo_entries", "insert")
        teams = {row["id"] for row in state.teams.by("parentId", w.organization_id)}
        form = next(row for row in routing_forms(state).ordered() if row["teamId"] in teams)
        announce_response(state, add_response(state, form, {}))
    # The booking that was moved, and the one that it became.
    return 5


@pytest.mark.parametrize(
    ("fault", "status", "lost"),
    [("delay", 200, False), ("wrong_name", 200, False), ("cut", 401, True)],
)
def test_a_fault_alone_leaves_the_tables_equal_after_the_next_sync(
    fault: str, status: int, lost: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missed, "ON_ITS_WAY", 0.0)
    with world(tmp_path) as w:
        url = f"sqlite:///{tmp_path}/warehouse.db"
        w.sync(TABLES)
        assert table_differences(w.sandbox, url) == []
        w.subscriptions.register(w.url)
        w.sandbox.deliveries.configure(rates={fault: 1.0}, delay_seconds=1.5)
        rows = change(w)
        assert len(table_differences(w.sandbox, url)) >= 3
        if fault == "delay":
            assert w.sync_events().changes == 0
        w.drain()
        assert {one.status for one in w.sandbox.deliveries.sent} == {status}
        assert w.sandbox.deliveries.happened == {fault: 4}
        done = w.sync_events()
        assert (done.changes, done.merged) == ((0, 0) if lost else (rows, rows))
        # What events were told is merged as it is; what they were not told is still missing.
        assert (table_differences(w.sandbox, url) == []) is not lost
        scheduled = w.sync(TABLES, events=w.store.named)
        assert scheduled.events_missed == (rows if lost else 0)
        assert table_differences(w.sandbox, url) == []


def test_the_comparison_sees_an_answer_that_is_missing(tmp_path: Path) -> None:
    assert "routing_form_responses" in COMPARED
    with world(tmp_path) as w:
        url = f"sqlite:///{tmp_path}/warehouse.db"
        w.sync(TABLES)
        with w.sandbox.paused() as state:
            teams = {row["id"] for row in state.teams.by("parentId", w.organization_id)}
            form = next(row for row in routing_forms(state).ordered() if row["teamId"] in teams)
            number = add_response(state, form, {})["id"]
        assert table_differences(w.sandbox, url) == [f"routing_form_responses misses 1: ({number},)"]
        with w.sandbox.paused() as state:
            row = form_responses(state).get(number)
            assert row is not None
            form_responses(state).delete(row)
        assert table_differences(w.sandbox, url) == []

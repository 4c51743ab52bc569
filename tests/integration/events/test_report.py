"""The report's operator part says what events named, how late it was in the tables, and what they had missed."""

from __future__ import annotations

from pathlib import Path

import pytest

from calcom_provider.reporting.page.collect import collect
from calcom_provider.reporting.page.render import render
from calcom_provider.sync.events import missed
from tests.integration.events.world import world

TABLES = "bookings,ooo_entries,routing_form_responses"


def test_the_report_shows_what_came_and_what_was_missed(
    tmp_path: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missed, "ON_ITS_WAY", 0.0)
    with world(tmp_path, target) as w:
        w.sync(TABLES)
        assert not [one for one in collect(target).panels if one.key == "events"]
        w.subscriptions.register(w.url)
        first, second, third, *_ = w.bookings()
        for booking in (first, second):
            w.cancel(booking["uid"])
        w.drain()
        done = w.sync_events()
        w.sandbox.deliveries.configure(rates={"drop": 1.0})
        w.cancel(third["uid"])
        w.drain()
        counted = w.sync(TABLES, events=w.store.named)
        assert (done.changes, counted.events_missed) == (2, 1)
        page = collect(target)
        (panel,) = [one for one in page.panels if one.key == "events"]
        assert (panel.part, panel.title) == ("operations", "Events and what they had missed")
        assert panel.table is not None
        # A run over midnight has two days.
        rows = panel.table.rows
        assert sum(row[1] or 0 for row in rows) == 1
        assert max(row[2] or 0 for row in rows) == round(counted.events_late_seconds / 60, 1)
        assert [sum(row[place] or 0 for row in rows) for place in (3, 4, 5)] == [1, 2, 2]
        assert max(row[6] or 0 for row in rows) == round(done.late_seconds, 1)
        assert "Events and what they had missed" in render(page)

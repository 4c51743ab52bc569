"""The scheduled sync counts what events had missed, in rows, and how long the oldest of them had waited."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from calcom_provider.events.body import Delivered
from calcom_provider.events.store.tables import EVENTS, SUBSCRIPTIONS
from calcom_provider.resources.events import Change
from calcom_provider.sandbox.control.mutations import mutate
from calcom_provider.sandbox.deliveries.outbox import announce_response
from calcom_provider.sandbox.groups.event_types.routing_forms import add_response
from calcom_provider.sandbox.world.bookings import add_booking, attendee, moment
from calcom_provider.sandbox.world.stores import form_responses, routing_forms
from calcom_provider.sandbox.world.world import iso
from calcom_provider.sync.events import missed
from calcom_provider.sync.reading.graph import Graph
from tests.integration.events.world import World, world

TABLES = "bookings,ooo_entries,routing_form_responses"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(missed, "ON_ITS_WAY", 0.0)


def counted(w: World) -> Any:
    return w.sync(TABLES, events=w.store.named)


def test_what_was_dropped_is_counted_exactly_and_once(tmp_path: Path) -> None:
    """Of 14 bookings that change once each, some deliveries are dropped, doubled and reordered."""
    with world(tmp_path) as w:
        w.sync(TABLES)
        w.subscriptions.register(w.url)
        w.sandbox.deliveries.configure(
            seed=5, rates={"drop": 0.3, "double": 0.3, "reorder": 0.3}, reorder_seconds=0.1
        )
        bookings = w.bookings()[:14]
        for place, booking in enumerate(bookings):
            w.cancel(booking["uid"])
            if place == 6:
                w.drain()
                w.sync_events()
        w.drain()
        dropped = len(w.sandbox.deliveries.dropped)
        assert 1 <= dropped < len(bookings)
        # The rest still waits in the queue: what waits is not missed.
        first = counted(w)
        assert first.events_missed == dropped
        assert first.events_late_seconds >= 0
        ((run_id, rows, late),) = w.rows(
            "sync_run_resources",
            "run_id, events_missed, events_late_seconds",
            "table_name = 'bookings' AND events_missed > 0",
        )
        assert (run_id, rows, late) == (first.run_id, dropped, first.events_late_seconds)
        w.sync_events()
        again = counted(w)
        assert (again.events_missed, again.rows_changed) == (0, 0)
        statuses = {row[0] for row in w.rows("bookings", "status", _in(bookings))}
        assert statuses == {"cancelled"}


def _in(bookings: list[dict[str, Any]]) -> str:
    return f"uid IN ({', '.join(repr(one['uid']) for one in bookings)})"


def test_a_second_change_of_a_row_is_not_covered_by_the_event_of_the_first(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.sync(TABLES)
        w.subscriptions.register(w.url)
        booking = w.bookings()[0]
        w.cancel(booking["uid"])
        w.drain()
        w.sync_events()
        age_events(w)
        with w.sandbox.paused() as held:
            # A change that Cal.com tells nobody of.
            row = held.tables["bookings"].first("uid", booking["uid"])
            held.tables["bookings"].update(row, title="Other", updatedAt=held.now())
        # The sandbox's clock goes a millisecond a write, so it may be ahead.
        time.sleep(0.1)
        done = counted(w)
        assert (done.rows_changed, done.events_missed) == (1, 1)


def age_events(w: World) -> None:
    """Let what events tell of have happened a minute earlier."""
    events = sa.update(EVENTS).values(occurred_at=EVENTS.c.occurred_at - 60.0)
    since = sa.update(SUBSCRIPTIONS).values(registered_at=SUBSCRIPTIONS.c.registered_at - 60.0)
    for statement in (events, since):
        w.store.database.run(lambda connection, statement=statement: connection.execute(statement))


def earlier(text: str) -> str:
    return iso(moment(text) - timedelta(seconds=60))


def test_what_changes_while_a_sync_reads_is_the_next_ones_to_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sync finds a booking that was cancelled after it began; of another the delivery comes a moment later."""
    with world(tmp_path) as w:
        w.sync(TABLES)
        w.subscriptions.register(w.url)
        silent, told, *_ = w.bookings()
        read_all = Graph.read_all

        def read_after_changes(graph: Graph) -> None:
            w.sandbox.deliveries.configure(rates={"drop": 1.0})
            w.cancel(silent["uid"])
            w.drain()
            w.sandbox.deliveries.configure(rates={"delay": 1.0}, delay_seconds=1.0)
            w.cancel(told["uid"])
            read_all(graph)

        with monkeypatch.context() as patched:
            patched.setattr(Graph, "read_all", read_after_changes)
            first = w.sync(events=w.store.named)
        assert {row[0] for row in w.rows("bookings", "status", _in([silent, told]))} == {"cancelled"}
        assert (first.rows_changed, first.events_missed) == (2, 0)
        w.drain()
        # A sync of other tables leaves it to the next one of bookings.
        assert w.sync("ooo_entries", events=w.store.named).events_missed == 0
        second = counted(w)
        assert (second.rows_changed, second.events_missed) == (0, 1)
        assert second.events_late_seconds > 0
        assert counted(w).events_missed == 0


def test_absences_are_missed_when_they_are_made_and_nobody_counts_without_a_subscription(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        w.sync(TABLES)
        assert counted(w).events_missed is None
        w.subscriptions.register(w.url)
        assert counted(w).events_missed == 0
        w.sandbox.deliveries.configure(rates={"drop": 1.0})
        with w.sandbox.paused() as held:
            mutate(held, w.organization_id, "ooo_entries", "insert")
        w.drain()
        assert counted(w).events_missed == 1
        assert w.sync(TABLES).events_missed is None


def test_a_booking_made_before_the_subscription_is_not_counted_by_its_attendees(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.sync(TABLES)
        with w.sandbox.paused() as held:
            of_one = next(row for row in held.event_types.ordered() if row["userId"] and not row["teamId"])
            add_booking(
                held, host=held.users.get(of_one["userId"]), event_type=of_one,
                start=iso(held.today + timedelta(days=200)), title="New", description="",
                attendees=[attendee("New", "new@client.example")],
            )  # fmt: skip
        w.subscriptions.register(w.url)
        done = counted(w)
        inserted = {table.table: table.inserted for table in done.tables}
        assert (inserted["bookings"], inserted["booking_attendees"], done.events_missed) == (1, 1, 0)


@pytest.mark.parametrize("dropped", [0, 1], ids=["the first", "the second"])
def test_what_another_event_is_read_beside_still_counts(tmp_path: Path, dropped: int) -> None:
    """Two absences of one person and two answers to one form: of each, one delivery is dropped."""
    with world(tmp_path) as w:
        w.sync(TABLES)
        w.subscriptions.register(w.url)
        made: list[tuple[Any, Any]] = []
        for place in range(2):
            w.sandbox.deliveries.configure(rates={"drop": float(place == dropped)})
            with w.sandbox.paused() as held:
                absence = mutate(held, w.organization_id, "ooo_entries", "insert")
                held.advance(20)
            made.append((absence, answer_form(w)))
            w.drain()
        # The clock was moved on to keep the answers apart; all of it has to lie before the sync.
        age_events(w)
        with w.sandbox.paused() as held:
            answers = {answer for _, answer in made}
            for row in [row for row in form_responses(held).ordered() if row["id"] in answers]:
                form_responses(held).update(row, createdAt=earlier(row["createdAt"]))
        told, silent = made[1 - dropped], made[dropped]
        done = w.sync_events()
        assert (done.merged, done.tables["ooo_entries"].inserted) == (2, 1)
        assert done.tables["routing_form_responses"].inserted == 1
        assert {told[0]} == ids(w, "ooo_entries") & {told[0], silent[0]}
        assert {told[1]} == ids(w, "routing_form_responses") & {told[1], silent[1]}
        counts = counted(w)
        assert (counts.events_missed, counts.rows_changed) == (2, 2)


def test_an_event_that_comes_late_stands_for_any_answer(tmp_path: Path) -> None:
    """FORM_SUBMITTED_NO_EVENT waits for a booking, so no answer was made at its time."""
    with world(tmp_path) as w:
        w.sync(TABLES)
        w.subscriptions.register(w.url)
        w.sandbox.deliveries.configure(rates={"drop": 1.0})
        answer = answer_form(w)
        with w.sandbox.paused() as held:
            row = next(row for row in form_responses(held).ordered() if row["id"] == answer)
        late = moment(row["createdAt"]) + timedelta(minutes=10)
        change = Change("routing_form_responses", row["formId"], None, late)
        w.store.add(w.organization_id, "d" * 64, Delivered("FORM_SUBMITTED_NO_EVENT", late, (change,)))
        assert answer not in ids(w, "routing_form_responses")
        w.sync_events()
        assert answer in ids(w, "routing_form_responses")


def answer_form(w: World) -> int:
    with w.sandbox.paused() as held:
        teams = {row["id"] for row in held.teams.by("parentId", w.organization_id)}
        form = next(row for row in routing_forms(held).ordered() if row["teamId"] in teams)
        row = add_response(held, form, {})
        announce_response(held, row)
        return int(row["id"])


def ids(w: World, table: str) -> set[int]:
    return {row[0] for row in w.rows(table, "id")}

"""From a webhook to the row: subscribed, delivered, kept, read again, merged by the sync's own rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.api.rate_limit.governor import Governor
from calcom_provider.resources.policy import ColumnPolicy
from calcom_provider.sandbox.control.mutations import mutate
from calcom_provider.sandbox.world.stores import bookings
from calcom_provider.sync import Progress, SyncOptions, sync
from calcom_provider.sync.events import apply
from calcom_provider.warehouse import DeleteGuard, PatchRefusedError
from tests.integration.events.world import World, world

TABLES = "bookings,ooo_entries,routing_form_responses"


def absent(w: World, booking: dict[str, Any]) -> None:
    """Mark an attendee absent: the booking's own time of change stays where it is."""
    person = {"email": booking["attendees"][0]["email"], "absent": True}
    w.call("bookings.mark_absent", bookingUid=booking["uid"], attendees=[person])


def answer_form(w: World) -> str:
    form = next(iter(w.client.rows("org_routing_forms.list")))
    answers = {one["label"].lower(): "words" for one in form["fields"]}
    w.call(
        "org_routing_form_responses.create",
        routingFormId=form["id"],
        start="2027-06-07",
        end="2027-06-08",
        **answers,
    )
    return str(form["id"])


def everything(w: World) -> dict[str, list[tuple[Any, ...]]]:
    """Return what the tables say, without what says which run said it."""
    own = {
        "bookings": "id, uid, status, absent_host, updated_at",
        "booking_attendees": "booking_id, position, email, absent",
        "ooo_entries": "id, user_id, to_user_id",
        "routing_form_responses": "id, form_id, created_at",
    }
    current = {"ooo_entries": "is_current"}
    return {
        table: sorted(w.rows(table, columns, current.get(table, "1 = 1")), key=repr)
        for table, columns in own.items()
    }


def bookkeeping(w: World) -> list[Any]:
    """Return what runs keep beside the rows: watermarks, proofs, page marks of what has not changed, run records."""
    state = w.rows("sync_state", "scope, resource, watermark, row_count, full_read_at, published_at, run_id")
    runs = w.rows("sync_runs", "run_id, status"), w.rows("sync_run_resources", "run_id, table_name, status")
    return [sorted(rows, key=repr) for rows in (state, *runs)]


def test_what_events_name_is_merged_as_a_sync_would(tmp_path: Path, target: str) -> None:
    with world(tmp_path, target) as w:
        w.sync(TABLES)
        assert w.subscriptions.register(f"{w.url}/calcom-events").changed
        one, *others = w.bookings()
        before = bookkeeping(w)
        w.cancel(one["uid"])
        old, new = w.move(others)
        with w.sandbox.paused() as held:
            absence = mutate(held, w.organization_id, "ooo_entries", "insert")
        w.drain()
        first = w.client.stats.requests
        done = w.sync_events()
        assert (done.changes, done.merged, done.left, done.absent) == (4, 4, 0, 0)
        assert done.requests == w.client.stats.requests - first == 4
        assert w.rows("bookings", "status", f"uid = '{one['uid']}'") == [("cancelled",)]
        assert w.rows("bookings", "status, rescheduled_to_uid", f"uid = '{old}'") == [("cancelled", new)]
        assert w.rows("bookings", "status", f"uid = '{new}'") == [("accepted",)]
        assert [row[0] for row in w.rows("ooo_entries", "id", "is_current")].count(absence) == 1
        assert bookkeeping(w) == before
        ((run_id, changes, late),) = w.rows("event_syncs", "run_id, changes, late_seconds")
        assert [run_id] == done.run_ids
        assert changes == 4
        assert late >= 0
        held_rows = everything(w)
        assert w.sync(TABLES, full=True).rows_changed == 0
        assert everything(w) == held_rows
        # Nothing is claimed twice, and an empty queue costs no request.
        again = w.sync_events()
        assert (again.changes, again.requests) == (0, 0)


def test_attendees_and_answers_are_merged_too(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.sync(TABLES)
        w.subscriptions.register(w.url)
        with w.sandbox.paused() as held:
            past = next(row for row in bookings(held) if row["status"] == "accepted" and row["attendees"])
            bookings(held).update(past, start="2026-01-05T09:00:00.000Z", end="2026-01-05T09:30:00.000Z")
        w.sync(TABLES, full=True)
        booking = next(row for row in w.bookings() if row["uid"] == past["uid"])
        absent(w, booking)
        form = answer_form(w)
        w.drain()
        done = w.sync_events()
        assert (done.changes, done.requests) == (2, 2)
        place = f"booking_id = {booking['id']} AND position = 0"
        assert w.rows("booking_attendees", "absent", place) in ([(True,)], [(1,)])
        assert w.rows("routing_form_responses", "count(*)", f"form_id = '{form}'")[0][0] >= 1
        held_rows = everything(w)
        w.sync(TABLES, full=True)
        assert everything(w) == held_rows


def during(w: World, act: Callable[[], None]) -> Callable[[Progress], None]:
    """Act once, when a sync has read its lists and has not published them."""
    acted: list[bool] = []

    def told(step: Progress) -> None:
        if step.event == "finished" and step.resource == "bookings" and not acted:
            acted.append(True)
            act()

    return told


@pytest.mark.parametrize("full", [False, True], ids=["incremental", "full"])
def test_a_running_sync_takes_nothing_back(tmp_path: Path, target: str, full: bool) -> None:
    """The sync has read a booking; it is changed, told and merged; then the sync publishes what it read."""
    with world(tmp_path, target) as w:
        w.sync(TABLES)
        w.subscriptions.register(w.url)
        one, other, *others = w.bookings()
        # Read by an incremental sync too.
        for booking in (one, other):
            w.call(
                "booking_guests.create", bookingUid=booking["uid"], guests=[{"email": "more@client.example"}]
            )
        absence: list[Any] = []
        moved: list[str] = []

        def act() -> None:
            w.cancel(one["uid"])
            with w.sandbox.paused() as held:
                absence.append(mutate(held, w.organization_id, "ooo_entries", "insert"))
                row = bookings(held).first("uid", other["uid"])
                assert row is not None
                # One attendee less, and no other time of change.
                bookings(held).update(row, attendees=row["attendees"][:1])
            moved.append(w.move(others)[0])
            w.drain()
            done = w.sync_events()
            assert done.rows_changed >= 4
            assert done.left == 0

        options = SyncOptions(full=full)
        sync(w.client, w.warehouse, resources=TABLES, options=options, progress=during(w, act))
        assert w.rows("bookings", "status", f"uid = '{one['uid']}'") == [("cancelled",)]
        assert w.rows("bookings", "status", f"uid = '{moved[0]}'") == [("cancelled",)]
        assert [row[0] for row in w.rows("ooo_entries", "id", "is_current")].count(absence[0]) == 1
        w.sync(TABLES, full=True)
        held_rows = everything(w)
        assert w.sync(TABLES, full=True).rows_changed == 0
        assert everything(w) == held_rows


@pytest.mark.parametrize(("remaining", "left"), [(60, 1), (61, 0)])
def test_half_of_the_budget_is_left_to_a_running_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, remaining: int, left: int
) -> None:
    monkeypatch.setattr(apply, "AGAIN_LEFT", 0.0)
    with world(tmp_path) as w:
        w.sync("bookings")
        w.subscriptions.register(w.url)
        one = w.bookings()[0]

        def act() -> None:
            w.cancel(one["uid"])
            w.drain()
            budget = replace(w.client.governor.snapshot(), limit=120, remaining=remaining)
            with monkeypatch.context() as patched:
                patched.setattr(Governor, "snapshot", lambda *_: budget)
                done = w.sync_events()
            assert (done.changes, done.left, done.merged, done.requests) == (1, left, 1 - left, 1 - left)

        sync(w.client, w.warehouse, resources="bookings", progress=during(w, act))
        # Nothing is lost: it waits, and is merged when the budget has room again.
        assert w.sync_events().merged == left
        assert w.rows("bookings", "status", f"uid = '{one['uid']}'") == [("cancelled",)]


def test_a_booking_goes_after_two_answers_that_it_is_gone(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.sync(TABLES)
        w.subscriptions.register(w.url)
        uid = w.bookings()[0]["uid"]
        w.cancel(uid)
        w.drain()
        with w.sandbox.paused() as held:
            row = bookings(held).first("uid", uid)
            assert row is not None
            bookings(held).delete(row)
        done = w.sync_events()
        assert (done.absent, done.merged, done.requests) == (1, 0, 2)
        assert len(w.rows("bookings", "id", f"uid = '{uid}'")) == 1
        # Not at once: it is queued for later.
        assert w.sync_events().changes == 0
        forward(w, 60)
        done = w.sync_events()
        assert (done.merged, done.tables["bookings"].deleted) == (1, 1)
        assert w.rows("bookings", "id", f"uid = '{uid}'") == []
        assert w.rows("booking_attendees", "booking_id", f"booking_id = {row['id']}") == []


def test_a_booking_does_not_go_while_a_sync_runs_that_may_have_read_it(tmp_path: Path) -> None:
    """The sync would bring it back, and no event would name it any more."""
    with world(tmp_path) as w:
        w.sync(TABLES)
        w.subscriptions.register(w.url)
        uid = w.bookings()[0]["uid"]
        w.cancel(uid)
        w.drain()
        with w.sandbox.paused() as held:
            row = bookings(held).first("uid", uid)
            assert row is not None
            bookings(held).delete(row)
        assert w.sync_events().absent == 1
        forward(w, 60)

        def act() -> None:
            done = w.sync_events()
            assert (done.absent, done.merged) == (1, 0)

        sync(w.client, w.warehouse, resources=TABLES, progress=during(w, act))
        assert len(w.rows("bookings", "id", f"uid = '{uid}'")) == 1
        forward(w, 60)
        assert w.sync_events().merged == 1
        assert w.rows("bookings", "id", f"uid = '{uid}'") == []


def gone(w: World, number: int) -> list[str]:
    """Cancel some bookings, then delete them where nobody is told of it; return their uids."""
    uids = [booking["uid"] for booking in w.bookings()[:number]]
    for uid in uids:
        w.cancel(uid)
    w.drain()
    with w.sandbox.paused() as held:
        for uid in uids:
            row = bookings(held).first("uid", uid)
            assert row is not None
            bookings(held).delete(row)
    return uids


def test_a_guard_refuses_what_events_would_delete_over_time(tmp_path: Path, target: str) -> None:
    """Each event sync deletes few rows, all of them together more than a complete read might."""
    guard = DeleteGuard(share=0.1, minimum=10)
    with world(tmp_path, target, bookings=40) as w:
        w.sync(TABLES)
        w.subscriptions.register(w.url)
        live = len(w.rows("bookings", "id"))
        allowed = live // 10

        def delete(number: int) -> Any:
            gone(w, number)
            first = w.sync_events(delete_guard=guard)
            assert (first.absent, first.deferred) == (number, 0)
            forward(w, 60)
            return w.sync_events(delete_guard=guard)

        done = delete(allowed)
        assert (done.merged, done.deferred) == (allowed, 0)
        assert done.tables["bookings"].deleted == allowed
        left = len(w.rows("bookings", "id"))
        assert left == live - allowed
        # A row that changes beside the refused deletion is merged all the same.
        refused = gone(w, 1)
        w.sync_events(delete_guard=guard)
        changed = w.bookings()[-1]["uid"]
        w.cancel(changed)
        w.drain()
        forward(w, 60)
        done = w.sync_events(delete_guard=guard)
        assert (done.merged, done.deferred) == (1, 1)
        assert w.rows("bookings", "status", f"uid = '{changed}'") == [("cancelled",)]
        assert len(w.rows("bookings", "id", f"uid = '{refused[0]}'")) == 1
        assert w.rows("booking_attendees", "count(*)")[0][0] > 0
        # It is not looked at again; the complete read asks its guard, and from then on events may delete anew.
        forward(w, 3600)
        assert w.sync_events(delete_guard=guard).changes == 0
        assert w.sync(TABLES, full=True, delete_guard=guard).rows_changed > 0
        assert w.rows("bookings", "id", f"uid = '{refused[0]}'") == []
        assert delete(1).tables["bookings"].deleted == 1


def test_what_two_requests_do_not_show_is_left_to_the_sync_and_said(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.sync(TABLES)
        w.subscriptions.register(w.url)
        with w.sandbox.paused() as held:
            number = mutate(held, w.organization_id, "ooo_entries", "insert")
            row = held.ooo.get(number)
            for place in range(600):
                later = {"start": "2030-01-01T00:00:00.000Z", "end": "2030-01-01T23:59:59.999Z"}
                held.ooo.insert({**row, "id": number + 1 + place, "uuid": f"later-{place}", **later})
        w.drain()
        done = w.sync_events()
        assert (done.changes, done.merged, done.deferred, done.requests) == (1, 0, 1, 2)
        assert w.rows("ooo_entries", "id", f"id = {number}") == []
        # No event sync spends requests on it again, and the sync does not call it missed.
        forward(w, 3600)
        assert w.sync_events().changes == 0
        w.sync(TABLES)
        assert len(w.rows("ooo_entries", "id", f"id = {number}")) == 1


def forward(w: World, seconds: float) -> None:
    """Let time pass for the store alone."""
    clock = w.store._clock
    w.store._clock = lambda: clock() + seconds


def test_rows_wait_for_the_first_sync_and_for_the_same_choices(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.subscriptions.register(w.url)
        uid = w.bookings()[0]["uid"]
        w.cancel(uid)
        w.drain()
        with pytest.raises(PatchRefusedError, match="first sync"):
            w.sync_events()
        w.sync("users")
        with pytest.raises(PatchRefusedError, match="not there yet"):
            w.sync_events()
        w.sync()
        with pytest.raises(PatchRefusedError, match="other columns or another mode"):
            w.sync_events(policy=ColumnPolicy(drop=("bookings.title",)))
        # What a refused one had claimed is anybody's at once.
        assert w.sync_events(owner="another").merged == 1


def test_a_database_for_one_writer_takes_events_while_a_run_reads(tmp_path: Path) -> None:
    with world(tmp_path, f"duckdb:///{tmp_path}/warehouse.duckdb") as w:
        w.sync()
        w.subscriptions.register(w.url)
        uid = w.bookings()[0]["uid"]

        def act() -> None:
            w.cancel(uid)
            w.drain()
            assert w.sync_events().merged == 1

        sync(w.client, w.warehouse, resources="bookings", progress=during(w, act))
        assert w.rows("bookings", "status", f"uid = '{uid}'") == [("cancelled",)]

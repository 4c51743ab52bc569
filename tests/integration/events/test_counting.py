"""Each change whose delivery was dropped counts once, however changes, event syncs and scheduled syncs fall together.

The clock is the imitated Cal.com's own and goes when it is told to, so that a change may fall into any moment of a
sync, also into that in which it begins. The test hands deliveries over, late ones within the time that a sync gives
them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from calcom_provider.api.client import CalComClient
from calcom_provider.api.http.auth import ApiKey
from calcom_provider.events.body import read_body
from calcom_provider.events.errors import EventStoreError
from calcom_provider.events.store.accounting import StoredEvents
from calcom_provider.events.store.database import Database
from calcom_provider.events.store.store import EventStore
from calcom_provider.events.subscriptions import Subscriptions
from calcom_provider.sandbox import Sandbox
from calcom_provider.sandbox.control.mutations import mutate
from calcom_provider.sandbox.deliveries.outbox import announce_booking, announce_response
from calcom_provider.sandbox.groups.event_types.routing_forms import add_response
from calcom_provider.sandbox.world.bookings import add_booking, attendee, of_organization
from calcom_provider.sandbox.world.stores import bookings, routing_forms
from calcom_provider.sandbox.world.world import World, iso
from calcom_provider.sync import SyncOptions, execution, sync, sync_events
from calcom_provider.sync.events.missed import Accounting
from calcom_provider.sync.reading.graph import Graph
from calcom_provider.warehouse import GuardExceededError, RunInfo, Warehouse
from tests.integration.events.compared import table_differences
from tests.plugins.api import client_for

SECRET = "a-secret-for-tests-0123456789abcdef"
TABLES = "bookings,ooo_entries,routing_forms,routing_form_responses"


@dataclass(frozen=True)
class Change:
    """Change a row, each but once; its delivery takes so many seconds, or is dropped.

    :param kind: ``booking``, ``new booking``, ``absence`` or ``answer``.
    :param takes: seconds, None for a delivery that is dropped.
    """

    kind: str
    takes: float | None


@dataclass(frozen=True)
class Wait:
    """Let time go by."""

    seconds: float


@dataclass(frozen=True)
class Events:
    """Merge what events named."""


@dataclass(frozen=True)
class Sync:
    """Run the scheduled sync, and do something in the midst of it.

    :param begun: done before it reads.
    :param asked: done while one of its first requests is answered, by the number of the request.
    :param read: done when it has read and nothing is published.
    :param published: done when its rows are published and what events had missed is not counted.
    :param ends: ``well``; ``refused``: nothing is published; ``uncounted``: the store of events does not answer;
        ``killed``: with its rows published and nothing counted.
    """

    begun: tuple[Any, ...] = ()
    asked: tuple[tuple[int, Change], ...] = ()
    read: tuple[Any, ...] = ()
    published: tuple[Any, ...] = ()
    ends: str = "well"


class KilledError(BaseException):
    """Stand for the end of a process."""


@dataclass
class Bench:
    """Hold an imitated Cal.com, a store of events and a warehouse, and do what steps say."""

    sandbox: Sandbox
    client: CalComClient
    store: EventStore
    warehouse: Warehouse
    url: str
    patches: pytest.MonkeyPatch
    dropped: int = 0
    changed: int = 0
    touched: set[str] = field(default_factory=set)
    under_way: list[tuple[datetime, bytes]] = field(default_factory=list)
    at_request: dict[int, list[Change]] = field(default_factory=dict)
    requests: int = 0

    @property
    def now(self) -> datetime:
        return self.sandbox.state.today

    def take(self, steps: Sequence[Any]) -> None:
        for step in steps:
            match step:
                case Change():
                    self.change(step)
                case Wait():
                    self.wait(step.seconds)
                case Events():
                    sync_events(self.client, self.warehouse, self.store, owner=f"{self.changed}")
                case Sync():
                    self.sync(step)

    def change(self, step: Change) -> None:
        state = self.sandbox.state
        with state.lock:
            self.changed += 1
            _CHANGES[step.kind](self, state)
            (delivery,) = state.outbox
            state.outbox.clear()
            if step.takes is None:
                self.dropped += 1
            else:
                self.under_way.append((self.now + timedelta(seconds=step.takes), delivery.body))
                self.wait(0.0)

    def wait(self, seconds: float) -> None:
        self.sandbox.state.advance(seconds)
        for due, body in [one for one in self.under_way if one[0] <= self.now]:
            digest = hashlib.sha256(body).hexdigest()
            self.store.add(self.sandbox.organization_id, digest, read_body(body))
            self.under_way.remove((due, body))

    def sync(self, step: Sync) -> None:
        read_all, count, unnamed = Graph.read_all, Accounting.count, StoredEvents.unnamed

        def reading(graph: Graph) -> None:
            self.take(step.begun)
            self.requests, self.at_request = 0, {}
            for number, change in step.asked:
                self.at_request.setdefault(number, []).append(change)
            read_all(graph)
            self.at_request = {}
            self.take(step.read)

        def counting(accounting: Accounting) -> Any:
            self.take(step.published)
            if step.ends == "killed":
                raise KilledError
            return count(accounting)

        def refusing(accounting: Accounting) -> None:
            note(accounting)
            raise GuardExceededError("refused")

        def silent(*_: Any) -> Any:
            raise EventStoreError("The store of events failed.")

        note = Accounting.note
        with self.patches.context() as patched, suppress(GuardExceededError, KilledError):
            patched.setattr(Graph, "read_all", reading)
            patched.setattr(Accounting, "count", counting)
            patched.setattr(Accounting, "note", refusing if step.ends == "refused" else note)
            patched.setattr(StoredEvents, "unnamed", silent if step.ends == "uncounted" else unnamed)
            options = SyncOptions(events=self.store.named)
            sync(self.client, self.warehouse, resources=TABLES, options=options)

    def answering(self, *_: Any) -> None:
        self.requests += 1
        self.take(self.at_request.pop(self.requests, ()))

    def counted(self) -> int:
        engine = sa.create_engine(self.url)
        try:
            with engine.connect() as connection:
                asked = sa.text("SELECT coalesce(sum(events_missed), 0) FROM calcom_sync_run_resources")
                return int(connection.execute(asked).scalar_one())
        finally:
            engine.dispose()

    # -- changes
    # ---------------------------------------------------------------------------------------------

    def booking(self, state: World) -> None:
        seen = of_organization(state, self.sandbox.organization_id)
        row = next(row for row in bookings(state).ordered() if seen(row) and row["uid"] not in self.touched)
        self.touched.add(row["uid"])
        bookings(state).update(row, title=f"Title {self.changed}", updatedAt=state.now())
        announce_booking(state, "BOOKING_CANCELLED", row)

    def new_booking(self, state: World) -> None:
        of_one = next(row for row in state.event_types.ordered() if row["userId"] and not row["teamId"])
        row = add_booking(
            state, host=state.users.get(of_one["userId"]), event_type=of_one,
            start=iso(state.today + timedelta(days=200)), title="New", description="",
            attendees=[attendee("New", "new@client.example")],
        )  # fmt: skip
        self.touched.add(row["uid"])
        announce_booking(state, "BOOKING_CREATED", row)

    def absence(self, state: World) -> None:
        mutate(state, self.sandbox.organization_id, "ooo_entries", "insert")

    def answer(self, state: World) -> None:
        teams = {row["id"] for row in state.teams.by("parentId", self.sandbox.organization_id)}
        form = next(row for row in routing_forms(state).ordered() if row["teamId"] in teams)
        announce_response(state, add_response(state, form, {}))


_CHANGES = {
    "booking": Bench.booking,
    "new booking": Bench.new_booking,
    "absence": Bench.absence,
    "answer": Bench.answer,
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("counting")
    url = f"sqlite:///{folder}/warehouse.db"
    with ExitStack() as stack:
        patches = stack.enter_context(pytest.MonkeyPatch.context())
        sandbox = stack.enter_context(Sandbox(users=8, bookings=60, limit=None))
        # The test delivers.
        sandbox.deliveries.stop()
        database = Database(f"sqlite:///{folder}/events.db")
        stack.callback(database.close)
        store = EventStore(database, lambda: sandbox.state.today.timestamp())
        warehouse = Warehouse(url)
        stack.callback(warehouse.close)
        client = stack.enter_context(
            client_for(
                sandbox.url, auth=ApiKey(sandbox.keys["admin"]), organization_id=sandbox.organization_id
            )
        )
        made = Bench(sandbox, client, store, warehouse, url, patches)
        clock = {"clock": lambda: made.now, "sleep": made.wait}
        patches.setattr(execution, "Accounting", partial(Accounting, **clock))
        patches.setattr(execution, "RunInfo", lambda **given: RunInfo(started_at=made.now, **given))
        sandbox.before_answer(made.answering)
        sync(client, warehouse, resources=TABLES)
        subscriptions = Subscriptions(client, store, SECRET, clock=lambda: made.now.timestamp())
        subscriptions.register("http://127.0.0.1:9/calcom-events")
        yield made


CHANGES = st.builds(Change, st.sampled_from(list(_CHANGES)), st.sampled_from([None, 0.0, 4.0]))
BETWEEN = st.lists(
    st.one_of(CHANGES, CHANGES, st.just(Events()), st.builds(Wait, st.sampled_from([0.5, 20.0]))), max_size=2
)
SYNCS = st.builds(
    Sync,
    begun=BETWEEN.map(tuple),
    asked=st.lists(st.tuples(st.integers(1, 6), CHANGES), max_size=2).map(tuple),
    read=BETWEEN.map(tuple),
    published=BETWEEN.map(tuple),
    ends=st.sampled_from(["well", "well", "well", "refused", "uncounted", "killed"]),
)
STEPS = st.lists(
    st.one_of(CHANGES, CHANGES, st.just(Events()), st.builds(Wait, st.sampled_from([0.5, 20.0])), SYNCS),
    max_size=12,
)
DROPPED, TOLD = Change("booking", None), Change("booking", 0.0)


@given(STEPS)
@example([Sync(begun=(DROPPED,))])
@example([DROPPED, TOLD, Sync(ends="uncounted")])
@example([DROPPED, TOLD, Sync(ends="killed"), Events()])
@example([DROPPED, Sync(ends="refused"), Sync(begun=(DROPPED,), ends="killed")])
@example([Change("answer", None), Change("answer", 0.0), Events(), Sync(), Change("answer", None)])
@example([Change("answer", 0.0), Sync(), Change("answer", None)])
@example([Sync(begun=(Wait(20.0), Change("absence", 4.0)))])
@settings(max_examples=40)
def test_what_was_dropped_is_counted_once(bench: Bench, steps: list[Any]) -> None:
    before, bench.dropped = bench.counted(), 0
    bench.touched.clear()
    bench.take(steps)
    # Let all deliveries arrive, and be merged; the last sync begins after all changes.
    bench.take([Wait(60.0), Events(), Sync()])
    assert bench.counted() - before == bench.dropped
    assert table_differences(bench.sandbox, bench.url) == []
    bench.take([Wait(60.0), Sync()])
    assert bench.counted() - before == bench.dropped

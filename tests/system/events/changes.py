"""Change an imitated organisation as people do in the web app: each change once, each told to its webhooks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle

from calcom_provider.sandbox import Sandbox
from calcom_provider.sandbox.control.mutations import mutate
from calcom_provider.sandbox.deliveries.outbox import announce_booking, announce_response
from calcom_provider.sandbox.groups.event_types.routing_forms import add_response
from calcom_provider.sandbox.world.bookings import add_booking, attendee, of_organization
from calcom_provider.sandbox.world.stores import bookings, routing_forms
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World, iso
from tests.integration.test_canary import MARK

#: Of ten changes: six bookings cancelled, two made, one absence, one answer.
KINDS = ("cancel", "make", "cancel", "absence", "cancel", "make", "cancel", "answer", "cancel", "cancel")


@dataclass(frozen=True, slots=True)
class Made:
    """Hold one change.

    :param kind: one of :data:`KINDS`.
    :param key: uid of the booking, id of the absence or answer, as text.
    :param at: when it was made, seconds since 1970.
    """

    kind: str
    key: str
    at: float


@dataclass(slots=True)
class Changer:
    """Make one change after the other.

    :param sandbox: the imitated Cal.com.
    :param texts: name, address and words that new rows carry.
    """

    sandbox: Sandbox
    texts: tuple[str, str, str] = (f"{MARK} guest", f"{MARK}.guest@client.example", f"{MARK} words")
    told: Callable[[Made], None] | None = None
    made: list[Made] = field(default_factory=list)
    _kinds: Iterator[str] = field(default_factory=lambda: cycle(KINDS))
    _number: int = 0
    _left: list[str] | None = None

    def change(self) -> Made:
        """Make the next change."""
        kind = next(self._kinds)
        self._number += 1
        at = time.time()
        with self.sandbox.paused() as world:
            made = Made(kind, _ACTS[kind](self, world), at)
            if self.told:
                self.told(made)
        self.made.append(made)
        return made

    def _accepted(self, world: World) -> Row:
        if self._left is None:
            seen = of_organization(world, self.sandbox.organization_id)
            self._left = [
                row["uid"]
                for row in bookings(world).ordered()
                if row["status"] == "accepted" and seen(row) and not row["recurringBookingUid"]
            ]
        row = bookings(world).first("uid", self._left.pop())
        assert row is not None
        return row

    def _cancel(self, world: World) -> str:
        row = self._accepted(world)
        by, why = self.texts[1], self.texts[2]
        bookings(world).update(
            row, status="cancelled", updatedAt=world.now(), cancellationReason=why, cancelledByEmail=by
        )
        announce_booking(world, "BOOKING_CANCELLED", row)
        return str(row["uid"])

    def _make(self, world: World) -> str:
        event_type = next(row for row in world.event_types.ordered() if row["userId"] and not row["teamId"])
        name, email, words = self.texts
        row = add_booking(
            world,
            host=world.users.get(event_type["userId"]),
            event_type=event_type,
            start=iso((world.today + timedelta(days=200, minutes=self._number)).replace(microsecond=0)),
            title=f"{words} with {name}",
            description=words,
            attendees=[attendee(name, email)],
        )
        announce_booking(world, "BOOKING_CREATED", row)
        return str(row["uid"])

    def _absence(self, world: World) -> str:
        return str(mutate(world, self.sandbox.organization_id, "ooo_entries", "insert"))

    def _answer(self, world: World) -> str:
        teams = {row["id"] for row in world.teams.by("parentId", self.sandbox.organization_id)}
        form = next(row for row in routing_forms(world).ordered() if row["teamId"] in teams)
        answers = {one["id"]: {"label": one["label"], "value": self.texts[2]} for one in form["fields"]}
        row = add_response(world, form, answers)
        announce_response(world, row)
        return str(row["id"])


_ACTS = {
    "cancel": Changer._cancel,
    "make": Changer._make,
    "absence": Changer._absence,
    "answer": Changer._answer,
}

"""What events are about: which trigger names rows of which table, and what an event says of a row."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

BOOKINGS, ABSENCES, RESPONSES = "bookings", "ooo_entries", "routing_form_responses"

#: Seconds to gather after the first event before somebody is told: by default, at least, at most.
DEBOUNCE, SHORTEST_DEBOUNCE, LONGEST_DEBOUNCE = 10.0, 10.0, 60.0

#: Seconds by which the times of a change and of its event may be apart.
APART = 5.0
#: The trigger that tells of an answer late, when nothing was booked.
LATE_TRIGGER = "FORM_SUBMITTED_NO_EVENT"

_MADE = ("inserted",)
_MADE_OR_CHANGED = ("inserted", "updated")


@dataclass(frozen=True, slots=True)
class EventTable:
    """Say how the rows of a table are read again that events name.

    :param resource: resource and main table.
    :param triggers: names of the triggers that name its rows.
    :param covers: what triggers tell of; what a sync finds otherwise was missed by no event.
    :param margin: how long before an event the row may have been made that it is about.
    """

    resource: str
    triggers: tuple[str, ...]
    covers: tuple[str, ...]
    margin: timedelta = timedelta(minutes=10)


TABLES: Mapping[str, EventTable] = {
    BOOKINGS: EventTable(
        BOOKINGS,
        (
            "BOOKING_CREATED",
            "BOOKING_REQUESTED",
            "BOOKING_RESCHEDULED",
            "BOOKING_CANCELLED",
            "BOOKING_REJECTED",
            "BOOKING_NO_SHOW_UPDATED",
            "BOOKING_PAYMENT_INITIATED",
            "BOOKING_PAID",
            "BOOKING_LOCATION_UPDATED",
            "BOOKING_REASSIGNED",
            "AFTER_HOSTS_CAL_VIDEO_NO_SHOW",
            "AFTER_GUESTS_CAL_VIDEO_NO_SHOW",
        ),
        _MADE_OR_CHANGED,
    ),
    RESPONSES: EventTable(
        RESPONSES,
        ("FORM_SUBMITTED", LATE_TRIGGER, "ROUTING_FORM_FALLBACK_HIT"),
        _MADE,
        # The late trigger waits for a booking.
        timedelta(hours=2),
    ),
    ABSENCES: EventTable(ABSENCES, ("OOO_CREATED",), _MADE),
}
"""The tables with triggers. Whatever has none is kept by the scheduled sync alone."""

TRIGGERS: tuple[str, ...] = tuple(trigger for table in TABLES.values() for trigger in table.triggers)
"""All triggers that name rows of a table."""


@dataclass(frozen=True, slots=True)
class Change:
    """Name a row that an event says has changed.

    :param resource: one of :data:`TABLES`.
    :param key: what it is read again by: uid of a booking, id of a form, id of the user who is away.
    :param number: id of the row itself, None where the event does not tell it.
    :param occurred_at: when the event says that it happened.
    """

    resource: str
    key: str
    number: int | None
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class FoundRow:
    """Name a row that a sync found changed.

    :param resource: its resource.
    :param number: its id.
    :param changed_at: when it changed, None where the API does not tell.
    :param parent: id of the form that a response belongs to.
    """

    resource: str
    number: int
    changed_at: datetime | None = None
    parent: str = ""


def nearest(made: Sequence[datetime], told: Sequence[datetime]) -> dict[int, int]:
    """Pair answers to a form with the events that tell of them, the nearest first, each but once.

    The result has the place of its answer by that of an event, without those that nothing lies near enough to.

    :param made: when the answers were made.
    :param told: when the events say that one was.
    """
    order = sorted(range(len(made)), key=made.__getitem__)
    times = [made[place] for place in order]
    near: list[tuple[float, int, int]] = []
    for event, then in enumerate(told):
        first = bisect_left(times, then - timedelta(seconds=APART))
        for place in order[first : bisect_right(times, then + timedelta(seconds=APART))]:
            near.append((abs((made[place] - then).total_seconds()), event, place))
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for _, event, answer in sorted(near):
        if event not in pairs and answer not in taken:
            pairs[event] = answer
            taken.add(answer)
    return pairs


class EventLog(Protocol):
    """Tell what events have named; the store of the receiver does."""

    def unnamed(self, organization_id: int, rows: Sequence[FoundRow]) -> list[FoundRow]:
        """Return the rows that no stored event names; an event that does not tell its row stands for one from now on.

        :param organization_id: whose rows.
        :param rows: rows that changed.
        """

    def expected_since(self, organization_id: int) -> datetime | None:
        """Return since when events are to be expected; None where nobody subscribed.

        :param organization_id: whose events.
        """

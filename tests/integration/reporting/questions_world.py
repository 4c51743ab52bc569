"""A small organisation whose answers can be worked out by hand, loaded as three syncs would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from calcom_provider.warehouse import Warehouse
from tests.integration.reporting.loading import write_sync
from tests.plugins import templates

ORGANIZATION = 9
SCOPE = {"organization_id": ORGANIZATION}
SYNCS = (
    datetime(2027, 2, 1, 6, tzinfo=UTC),
    datetime(2027, 2, 20, 6, tzinfo=UTC),
    datetime(2027, 3, 1, 6, tzinfo=UTC),
)

Row = Mapping[str, Any]


def absence(number: int, user: int, first: str, last: str, cover: int | None = None) -> Row:
    start, end = f"{first}T00:00:00.000Z", f"{last}T23:59:59.999Z"
    return {"id": number, "user_id": user, "start_at": start, "end_at": end, "to_user_id": cover}


def booking(number: int, start: str, status: str = "accepted", **more: Any) -> Row:
    return {"id": number, "uid": f"b{number}", "start_at": start, "status": status, "duration": 30} | more


def held(user: int, option: str, attribute: str = "a-region") -> Row:
    return {"user_id": user, "attribute_id": attribute, "option_id": option}


MEMBERSHIPS = [{"id": 100 + user, "user_id": user, "accepted": user != 5} for user in range(1, 6)]
# Sales are 1, 2 and 3, support is 3 and 4, nobody is in the third team; 5 is a pending member everywhere.
TEAM_MEMBERSHIPS = [
    {"id": 200 + place, "team_id": team, "user_id": user, "accepted": user != 5}
    for place, (team, user) in enumerate([(71, 1), (71, 2), (71, 3), (71, 5), (72, 3), (72, 4)])
]
TEAMS = [{"id": 71, "name": "Sales"}, {"id": 72, "name": "Support"}, {"id": 73, "name": "New"}]
ATTRIBUTES = [
    {"id": "a-region", "slug": "region", "type": "SINGLE_SELECT", "enabled": True},
    {"id": "a-level", "slug": "level", "type": "TEXT", "enabled": True},
    {"id": "a-old", "slug": "old", "type": "SINGLE_SELECT", "enabled": False},
]
OPTIONS = [
    {"id": "north", "attribute_id": "a-region", "value": "North"},
    {"id": "south", "attribute_id": "a-region", "value": "South"},
    {"id": "west", "attribute_id": "a-region", "value": "West"},
    {"id": "senior", "attribute_id": "a-level", "value": "senior"},
    {"id": "gone", "attribute_id": "a-old", "value": "gone"},
]
# 1 moves from north to south between the first two syncs; 3 gets a region with the third.
BEFORE = [held(1, "north"), held(2, "north"), held(5, "west"), held(4, "senior", "a-level")]
BETWEEN = [held(1, "south"), *BEFORE[1:]]
NOW = [*BETWEEN, held(3, "north")]
# The first absence of 4 was withdrawn before the second sync; that of 2 ends on the day asked for.
WITHDRAWN = absence(10, 4, "2027-03-01", "2027-03-05")
ABSENCES = [
    absence(11, 1, "2027-03-01", "2027-03-03", 2),
    absence(12, 2, "2027-02-20", "2027-03-01"),
    absence(13, 3, "2027-03-02", "2027-03-02"),
    absence(14, 4, "2027-02-27", "2027-02-28"),
]
BOOKINGS = [
    booking(1, "2027-03-01T09:00:00Z", event_type_id=501, rating=5),
    booking(2, "2027-03-02T09:00:00Z", event_type_id=501, rating=2, absent_host=True),
    booking(3, "2027-03-03T23:59:00Z", "pending", event_type_id=502, event_type_slug="demo"),
    booking(4, "2027-03-04T09:00:00Z", "cancelled", event_type_id=501),
    booking(5, "2027-03-05T09:00:00Z", "cancelled", event_type_id=501, rescheduled_to_uid="b6"),
    booking(6, "2027-03-31T23:30:00Z", event_type_id=502, rescheduled_from_uid="b5", duration=60),
    booking(7, "2027-04-01T00:00:00Z", event_type_id=502),
    booking(8, "2027-02-25T09:00:00Z", event_type_id=502),
    booking(9, "2027-03-08T09:00:00Z"),
]
# The lists of event types do not hold 502, and 9 names none: its event type was deleted.
EVENT_TYPES = [{"id": 501, "title": "Intro call", "slug": "intro", "team_id": 71}]
HOSTS = {1: [3], 2: [3, 4], 3: [1], 4: [4], 5: [4], 6: [4], 7: [4], 8: [2], 9: []}
BOOKING_HOSTS = [
    {"booking_id": number, "position": place, "user_id": user}
    for number, users in HOSTS.items()
    for place, user in enumerate(users)
]
ATTENDEES = [
    {"booking_id": number, "position": place, "absent": absent}
    for number, absents in {1: [True, True], 2: [False], 6: [False], 8: [True]}.items()
    for place, absent in enumerate(absents)
]
RESPONSES = [
    {"id": 1, "form_id": "f1", "created_at": "2027-03-01T08:00:00Z", "routed_to_booking_uid": "b1"},
    {"id": 2, "form_id": "f1", "created_at": "2027-03-02T08:00:00Z", "routed_to_booking_uid": "b4"},
    {"id": 3, "form_id": "f1", "created_at": "2027-03-31T23:59:59Z"},
    {"id": 4, "form_id": "f2", "created_at": "2027-03-03T08:00:00Z"},
    {"id": 5, "form_id": "f2", "created_at": "2027-02-28T08:00:00Z", "routed_to_booking_uid": "b8"},
]
ALWAYS: dict[str, Sequence[Row]] = {
    "memberships": MEMBERSHIPS,
    "teams": TEAMS,
    "team_memberships": TEAM_MEMBERSHIPS,
    "attributes": ATTRIBUTES,
    "attribute_options": OPTIONS,
    "bookings": BOOKINGS,
    "team_event_types": EVENT_TYPES,
    "booking_hosts": BOOKING_HOSTS,
    "booking_attendees": ATTENDEES,
    "routing_form_responses": RESPONSES,
}
CONTENTS = (
    ALWAYS | {"attribute_assignments": BEFORE, "ooo_entries": [WITHDRAWN, *ABSENCES]},
    ALWAYS | {"attribute_assignments": BETWEEN, "ooo_entries": ABSENCES},
    ALWAYS | {"attribute_assignments": NOW, "ooo_entries": ABSENCES},
)


def load(url: str, schema: str | None = None) -> None:
    """Load the organisation as it was at each of the syncs."""
    templates.fill(url, (CONTENTS, schema), _write)


def _write(url: str, what: tuple[Sequence[Mapping[str, Sequence[Row]]], str | None]) -> None:
    contents, schema = what
    warehouse = Warehouse(url, schema=schema)
    for began, of in zip(SYNCS, contents, strict=True):
        write_sync(warehouse, SCOPE, began, of)
    warehouse.close()

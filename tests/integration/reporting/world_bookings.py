"""The bookings of the generated organisation, and the forms that led to them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.integration.reporting.world_people import TEAMS, USERS

Row = dict[str, Any]
BOOKINGS = 600
RESPONSES = 90
EVENT_TYPES = tuple(range(701, 709))
STATES = ("accepted",) * 12 + ("cancelled",) * 4 + ("pending",) * 2 + ("rejected", "awaiting_host")
#: Moments near midnight and changes of clocks, in UTC.
EDGES = tuple(
    datetime.fromisoformat(text).replace(tzinfo=UTC)
    for text in (
        "2027-03-28 00:59:59.999",  # the last moment before Berlin leaves out an hour
        "2027-03-28 01:00:00",
        "2027-03-27 23:00:00",  # midnight in Berlin before the change, an hour later after it
        "2027-03-28 22:00:00",
        "2027-03-28 21:59:59.999",
        "2027-03-14 06:59:00",  # New York
        "2027-03-14 07:00:00",
        "2027-03-15 03:59:59.999",
        "2027-03-15 04:00:00",
        "2027-03-20 18:15:00",  # midnight in Kathmandu
        "2027-03-20 18:14:59.999",
        "2027-03-21 18:30:00",  # midnight in Kolkata
        "2027-04-03 14:00:00",  # Auckland
        "2027-04-03 10:59:59.999",
        "2027-04-03 11:00:00",
        "2027-03-31 23:59:59.999",
        "2027-03-31 00:00:00",
        "2026-10-25 00:30:00",  # half past two, twice in Berlin
        "2026-10-25 01:30:00",
        "2026-12-31 23:30:00",
    )
)


def bookings(
    rng: random.Random, syncs: Sequence[datetime], absences: Sequence[Row]
) -> list[dict[str, list[Row]]]:
    """Give bookings, their hosts and attendees, event types, forms and responses, for each sync.

    :param rng: source of chance
    :param syncs: when the syncs began
    :param absences: versions of out-of-office entries, so that some bookings fall on one
    """
    made = [_booking(rng, number, syncs[-1], absences) for number in range(1, BOOKINGS + 1)]
    rows = [row for row, _ in made]
    _chain(rng, rows)
    hosts = [row for booking, users in made for row in _hosts(booking["id"], users)]
    attendees = [one for row in rows for one in _attendees(rng, row["id"])]
    responses = [_response(rng, number, rows) for number in range(1, RESPONSES + 1)]
    of_forms: dict[str, list[Row]] = {
        "team_event_types": [
            {
                "id": one,
                "title": f"Event {one}",
                "team_id": TEAMS[one % 4],
                "length_in_minutes": 30,
                "scheduling_type": ("roundRobin", "collective")[one % 3 == 0],
            }
            for one in EVENT_TYPES
        ],
        "routing_forms": [{"id": name, "name": name, "team_id": TEAMS[0]} for name in ("form-1", "form-2")],
    }
    return [of_forms | _at(moment, rows, hosts, attendees, responses) for moment in syncs]


def _at(
    moment: datetime, rows: list[Row], hosts: list[Row], attendees: list[Row], responses: list[Row]
) -> dict[str, list[Row]]:
    """Give what there was at a time; what was changed later was still accepted."""
    now = text(moment)
    there = {row["id"] for row in rows if row["created_at"] < now}

    def seen(row: Row) -> Row:
        if row["updated_at"] is None or row["updated_at"] < now:
            return row
        return row | {"status": "accepted", "updated_at": None, "rescheduled_to_uid": None}

    return {
        "bookings": [seen(row) for row in rows if row["id"] in there],
        "booking_hosts": [row for row in hosts if row["booking_id"] in there],
        "booking_attendees": [row for row in attendees if row["booking_id"] in there],
        "routing_form_responses": [row for row in responses if row["created_at"] < now],
    }


def text(moment: datetime) -> str:
    """Spell a time as the API does."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _booking(
    rng: random.Random, number: int, last: datetime, absences: Sequence[Row]
) -> tuple[Row, list[int | None]]:
    users: list[int | None] = list(rng.sample(USERS, rng.choice((1, 1, 1, 1, 2, 3))))
    begin = datetime(2026, 10, 19, tzinfo=UTC) if number % 6 == 0 else datetime(2027, 2, 22, tzinfo=UTC)
    start = begin + timedelta(minutes=15 * rng.randrange((18 if number % 6 == 0 else 55) * 96))
    if number <= 2 * len(EDGES):
        start = EDGES[number % len(EDGES)]
        users = [rng.choice(USERS)]
    elif rng.random() < 0.35:
        entry = rng.choice(absences)
        first, end = (datetime.fromisoformat(entry[name]) for name in ("start_at", "end_at"))
        # Now and then a little before or after the absence, where the zone of the host decides.
        start = first + timedelta(
            minutes=15 * rng.randrange(-40, (end - first) // timedelta(minutes=15) + 40)
        )
        users = [entry["user_id"], *(user for user in users[1:] if user != entry["user_id"])]
    if number % 50 == 0:
        users = []
    elif number % 23 == 0:
        users.append(None)
    elif number % 47 == 0:
        users.append(users[0])  # named twice, and still one host
    minutes = rng.choice((15, 30, 45, 60))
    created = min(start, last - timedelta(hours=1)) - timedelta(seconds=rng.randrange(60, 40 * 86_400))
    status = rng.choice(STATES)
    changed = rng.random() < (0.9 if status in ("cancelled", "rejected") else 0.3)
    updated = created + (last - created) * rng.random() if changed else None
    accepted = status == "accepted"
    row = {
        "id": number,
        "uid": f"bk-{number:04}",
        "status": status,
        "start_at": text(start),
        "end_at": None if number % 97 == 0 else text(start + timedelta(minutes=minutes)),
        "duration": None if number % 89 == 0 else minutes,
        "event_type_id": rng.choice((*EVENT_TYPES, 790, None)),
        "absent_host": rng.choice((None, *(False,) * 9, accepted)),
        "created_at": text(created),
        "updated_at": text(updated) if updated else None,
        "rating": rng.randrange(1, 6) if rng.random() < 0.2 else None,
        "rescheduled_from_uid": None,
        "rescheduled_to_uid": None,
    }
    return row, users


def _chain(rng: random.Random, rows: list[Row]) -> None:
    """Let some bookings follow on others; some chains have three links."""
    for place in sorted(rng.sample(range(60, len(rows) - 1), 70)):
        before, after = rows[place], rows[place + 1]
        before["status"] = "accepted" if place % 9 == 0 else "cancelled"
        before["rescheduled_to_uid"] = after["uid"]
        after["rescheduled_from_uid"] = before["uid"]
    rows[40]["rescheduled_to_uid"] = "bk-elsewhere"


def _hosts(booking: int, users: Sequence[int | None]) -> list[Row]:
    return [{"booking_id": booking, "position": place, "user_id": user} for place, user in enumerate(users)]


def _attendees(rng: random.Random, booking: int) -> list[Row]:
    return [
        {"booking_id": booking, "position": place, "absent": rng.choice((None, *(False,) * 12, True, True))}
        for place in range(rng.choice((0, 1, 1, 1, 2, 3)))
    ]


def _response(rng: random.Random, number: int, rows: list[Row]) -> Row:
    booking = rng.choice(rows)
    created = datetime.fromisoformat(booking["created_at"])
    uid = booking["uid"]
    if number % 4 == 0:
        uid = None
    elif number % 15 == 0:
        uid = f"bk-{number + 5000}"
    # A response usually comes before the booking, by seconds or hours.
    created -= timedelta(milliseconds=rng.choice((0, 59_999, 60_000, 185_500, 7_200_000, -30_000, -90_000)))
    answers = {"size": {"label": "Size", "value": rng.choice(("small", "large", "größer"))}}
    if number % 5:
        answers["topic"] = {"label": "Topic", "value": rng.choice(("sales", "help", ""))}
    return {
        "id": number,
        "form_id": "form-2" if number % 3 == 0 else "form-1",
        "routed_to_booking_uid": uid,
        "response": answers,
        "created_at": text(created),
    }

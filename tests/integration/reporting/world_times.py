"""When the people of the generated organisation work, and when they are away."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from tests.integration.reporting.world_people import SYNC_COUNT, USERS, is_member

Row = dict[str, Any]
Window = tuple[list[str], str, str]
WORKWEEK = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
HOURS: tuple[list[Window], ...] = (
    [(WORKWEEK, "09:00", "17:00")],
    [
        (WORKWEEK[:4], "08:30", "12:00"),
        (WORKWEEK[:4], "13:00", "17:15"),
        (["Friday"], "08:00", "14:00"),
    ],
    [(["Sunday", *WORKWEEK[:4]], "00:00", "07:05")],
    [(["Tuesday", "Saturday"], "10:00", "15:30"), ([], "09:00", "17:00")],
    [],
)
OVERRIDES: tuple[tuple[str, str, str], ...] = (
    ("2027-03-22", "00:00", "00:00"),
    ("2027-03-28", "01:00", "04:00"),
    ("2027-03-26", "09:00", "11:00"),
    ("2027-03-26", "12:00", "13:30"),
    ("2027-04-05", "00:00", "00:00"),
    ("2027-03-14", "00:30", "05:00"),
    ("2026-10-25", "01:00", "05:00"),
)
ABSENCES = 150
SEASONS = ((date(2026, 10, 19), 18), (date(2026, 12, 20), 18), (date(2027, 2, 25), 50))


def times(rng: random.Random) -> list[dict[str, list[Row]]]:
    """Give schedules and absences, for each sync."""
    absences = _absences(rng)
    return [_schedules(sync) | {"ooo_entries": absences[sync]} for sync in range(SYNC_COUNT)]


def _schedules(sync: int) -> dict[str, list[Row]]:
    schedules: list[Row] = []
    weekly: list[Row] = []
    special: list[Row] = []

    def add(number: int, owner: int, is_default: bool, kind: int) -> None:
        schedules.append({"id": number, "owner_id": owner, "name": "Hours", "is_default": is_default})
        for place, (days, start, end) in enumerate(HOURS[kind % len(HOURS)]):
            row = {"schedule_id": number, "position": place, "days": days}
            weekly.append(row | {"start_time": start, "end_time": end})
        chosen = OVERRIDES if number % 3 == 0 else OVERRIDES[:2] if number % 7 == 0 else ()
        for place, (day, start, end) in enumerate(chosen):
            row = {"schedule_id": number, "position": place, "date": day}
            special.append(row | {"start_time": start, "end_time": end})

    for user in USERS:
        if not is_member(user, sync) or user % 10 == 7:
            continue
        # The first schedule of some is not the default one, which decides; some have no default at all.
        add(user + 500, user, user % 10 not in (4, 8), user)
        if user % 10 == 4:
            add(user + 700, user, True, user + 2)
    # Of two default schedules the lower id decides.
    add(1900, 1003, True, 4 if sync < 2 else 2)
    return {"schedules": schedules, "schedule_availability": weekly, "schedule_overrides": special}


def _absences(rng: random.Random) -> list[list[Row]]:
    syncs: list[list[Row]] = [[] for _ in range(SYNC_COUNT)]
    for number in range(ABSENCES):
        row = _absence(rng, 9001 + number)
        first = rng.choice((0, 1, 2, 2, 3)) if number % 5 else 0
        last = rng.choice((3, 3, 3, 3, 2, 2, 1)) if number % 3 == 0 else 3
        for sync in range(first, max(first, last) + 1):
            if sync > first and rng.random() < 0.15:
                row = _moved(rng, row)
            syncs[sync].append(row)
    return syncs


def _absence(rng: random.Random, number: int) -> Row:
    begin, days = SEASONS[rng.choice((0, 1, 2, 2, 2, 2))]
    start = begin + timedelta(days=rng.randrange(days))
    end = start + timedelta(days=rng.choice((0, 0, 1, 2, 4, 6, 9)))
    if number % 9 == 0:  # a weekend
        start -= timedelta(days=start.weekday() - 5)
        end = start + timedelta(days=1)
    # Not all users, so that absences of one of them overlap.
    user = rng.choice([one for one in USERS if one % 3])
    cover = rng.choice(USERS) if rng.random() < 0.45 else None
    reason = rng.choice(("vacation", "travel", "sick", None))
    return {
        "id": number,
        "uuid": f"ooo-{number}",
        "user_id": user,
        "to_user_id": cover if cover != user else None,
        "start_at": f"{start}T22:00:00.000Z" if number % 17 == 0 else f"{start}T00:00:00.000Z",
        "end_at": f"{end}T23:59:59.999Z",
        "reason": reason,
    }


def _moved(rng: random.Random, row: Row) -> Row:
    """Give an entry other days, or another person who stands in."""
    if rng.random() < 0.3:
        return row | {"to_user_id": rng.choice(USERS[1::2])}
    shift = timedelta(days=rng.choice((-3, -1, 1, 2, 7)))
    start, end = (date.fromisoformat(row[name][:10]) + shift for name in ("start_at", "end_at"))
    return row | {"start_at": f"{start}{row['start_at'][10:]}", "end_at": f"{end}{row['end_at'][10:]}"}

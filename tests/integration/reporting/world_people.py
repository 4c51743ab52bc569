"""The people of the generated organisation: who they are, where they belong and what describes them."""

from __future__ import annotations

import random
from typing import Any

Row = dict[str, Any]
SYNC_COUNT = 4
USERS = range(1001, 1061)
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Auckland", "Asia/Kolkata")
UNKNOWN_ZONE, NO_ZONE, NO_PROFILE = 1059, 1060, 1058
JOINED = {1051: 1, 1052: 2, 1053: 3, 1054: 2}
LEFT = {1041: 1, 1042: 2, 1043: 3, 1054: 3, 1044: 1}
BACK = {1044: 3}
#: User -> first sync at which the invitation was accepted; 9 stands for never.
ACCEPTED = {1031: 9, 1032: 9, 1033: 2, 1034: 3, 1053: 9}
TEAMS = (81, 82, 83, 84, 85, 86)

ATTRIBUTES: list[Row] = [
    {"id": "at-dep", "slug": "department", "type": "SINGLE_SELECT", "enabled": True},
    {"id": "at-reg", "slug": "region", "type": "SINGLE_SELECT", "enabled": True},
    {"id": "at-skl", "slug": "skills", "type": "MULTI_SELECT", "enabled": True},
    {"id": "at-dsk", "slug": "desk", "type": "TEXT", "enabled": True},
    {"id": "at-lvl", "slug": "level", "type": "NUMBER", "enabled": True},
    {"id": "at-off", "slug": "office", "type": "SINGLE_SELECT", "enabled": False},
]
GONE_ATTRIBUTE: Row = {"id": "at-old", "slug": "old", "type": "TEXT", "enabled": True}


def people(rng: random.Random) -> list[dict[str, list[Row]]]:
    """Give the tables about people, for each sync."""
    held = _assignments(rng)
    of_teams = _team_memberships(rng)
    return [
        {
            "users": _users(sync),
            "memberships": _memberships(sync),
            "teams": [{"id": team, "name": f"Team {team}"} for team in TEAMS],
            "team_memberships": [row for row in of_teams[sync] if is_member(row["user_id"], sync)],
            "attributes": ATTRIBUTES + ([GONE_ATTRIBUTE] if sync == 0 else []),
            "attribute_options": _options(sync),
            "attribute_assignments": held[sync],
        }
        for sync in range(SYNC_COUNT)
    ]


def is_member(user: int, sync: int) -> bool:
    """Tell whether a user belonged to the organisation at a sync, pending or not."""
    if sync < JOINED.get(user, 0):
        return False
    return sync < LEFT.get(user, 9) or sync >= BACK.get(user, 9)


def _users(sync: int) -> list[Row]:
    strange = {UNKNOWN_ZONE: "Mars/Olympus_Mons", NO_ZONE: None}
    return [
        {"id": user, "username": f"u{user}", "time_zone": strange.get(user, ZONES[user % len(ZONES)])}
        for user in USERS
        if is_member(user, sync) and user != NO_PROFILE and sync >= ACCEPTED.get(user, 0)
    ]


def _memberships(sync: int) -> list[Row]:
    rows = []
    for user in USERS:
        if not is_member(user, sync):
            continue
        number = user + (6000 if sync >= BACK.get(user, 9) else 4000)
        # A change of role makes a version of a membership that is held all the time.
        role = "ADMIN" if user % 11 == sync else "MEMBER"
        rows.append({"id": number, "user_id": user, "role": role, "accepted": sync >= ACCEPTED.get(user, 0)})
    # Two memberships at once count as one member.
    return [*rows, {"id": 8001, "user_id": 1007, "role": "MEMBER", "accepted": sync != 2}]


def _team_memberships(rng: random.Random) -> list[list[Row]]:
    syncs: list[list[Row]] = [[] for _ in range(SYNC_COUNT)]
    pairs = [(team, user) for team in TEAMS[:4] for user in USERS if rng.random() < 0.28]
    pairs += [
        (TEAMS[4], user) for user in (1031, 1032)
    ]  # nobody of this team has accepted, the last is empty
    for place, (team, user) in enumerate(pairs):
        first, last = rng.choice((0, 0, 0, 1, 2, 3)), rng.choice((3, 3, 3, 3, 2))
        accepted = team != TEAMS[4] and rng.random() < 0.9
        row = {"id": 20_000 + place, "team_id": team, "user_id": user, "role": "MEMBER", "accepted": accepted}
        for sync in range(first, last + 1):
            syncs[sync].append(row)
    return syncs


def _options(sync: int) -> list[Row]:
    def option(number: str, attribute: str, value: str, contains: list[str] | None = None) -> Row:
        group = contains is not None
        return {
            "id": number,
            "attribute_id": attribute,
            "value": value,
            "slug": value.lower(),
            "is_group": group,
            "contained_option_ids": contains or [],
        }

    # Ids that differ in case alone, or begin alike, are different options.
    rows = [
        option("op-sal", "at-dep", "Sales and service" if sync == 3 else "Sales"),
        option("op-eng", "at-dep", "Engineering"),
        option("op-Eng", "at-dep", "engineering"),
        option("op-emp", "at-dep", "Nobody's department"),
        option("op-nor", "at-reg", "North"),
        option("op-sou", "at-reg", "South"),
        option("op-wes", "at-reg", "100% 'west'"),
        option("op-d", "at-skl", "Danish"),
        option("op-de", "at-skl", "German"),
        option("op-fr", "at-skl", "Français"),
        option("op-sql", "at-skl", "SQL"),
        option("op-lan", "at-skl", "Languages", ["op-de", "op-fr"]),
        option("op-eur", "at-skl", "Europe", ["op-de", "op-zzz"]),
        # Neither a group of another attribute nor an option that only looks like a group counts.
        option("op-all", "at-reg", "All regions", ["op-sql", "op-nor"]),
        {**option("op-not", "at-skl", "Africa"), "contained_option_ids": ["op-fr", "op-d"]},
        {**option("op-nul", "at-lvl", "1"), "contained_option_ids": None},
        option("op-lv2", "at-lvl", "2.5"),
        option("op-ber", "at-off", "Berlin"),
        *(option(f"op-dsk{user}", "at-dsk", f"Desk {user}") for user in USERS if user % 12 == 0),
    ]
    if sync < 3:
        rows += [option("op-leg", "at-dep", "Legal"), option("op-fun", "at-skl", "Fun", ["op-sql"])]
    if sync >= 2:
        rows.append(option("op-new", "at-dep", "New business"))
    if sync == 0:
        rows.append(option("op-old", "at-old", "Old"))
    return rows


def _assignments(rng: random.Random) -> list[list[Row]]:
    syncs: list[list[Row]] = []
    departments: dict[int, str | None] = {}
    skills: dict[int, set[str]] = {}
    for sync in range(SYNC_COUNT):
        rows: list[Row] = []

        def give(user: int, attribute: str, option: str | None, rows: list[Row] = rows) -> None:
            if option is not None:
                rows.append({"attribute_id": attribute, "option_id": option, "user_id": user})

        known = ["op-sal", "op-eng", "op-Eng", "op-leg", None] + (["op-new"] * 2 if sync >= 2 else [])
        for user in USERS:
            if user not in departments or rng.random() < 0.25:
                departments[user] = rng.choice(known)
            if user not in skills or rng.random() < 0.2:
                skills[user] = set(
                    rng.sample(["op-d", "op-de", "op-fr", "op-sql", "op-lan"], rng.randrange(4))
                )
            # A few people keep an assignment although they are no members.
            if not is_member(user, sync) and user not in (1043, 1052):
                continue
            give(user, "at-dep", departments[user])
            give(user, "at-reg", ("op-nor", "op-sou", None, "op-nor")[(user + sync // 2) % 4])
            for option in sorted(skills[user]):
                give(user, "at-skl", option)
            give(user, "at-dsk", f"op-dsk{user}" if user % 12 == 0 else None)
            give(user, "at-lvl", ("op-nul", "op-lv2", None)[user % 3])
            give(user, "at-off", "op-ber" if user % 2 else None)
            give(user, "at-old", "op-old" if sync == 0 and user % 20 == 0 else None)
        # One person alone holds the west, with a gap in between: two versions of one assignment.
        give(1001, "at-reg", "op-wes" if sync != 1 else None)
        syncs.append(rows)
    return syncs

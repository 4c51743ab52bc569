"""Serve availability schedules: of the caller, of an organisation and its users, of teams.

The shape that callers without a version header get is served beside the current one.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context, Reply
from calcom_provider.sandbox.core.errors import bad_request, forbidden, invalid, not_found
from calcom_provider.sandbox.core.nested import list_complaint
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.groups.account.me import DAYS
from calcom_provider.sandbox.groups.organization.users import members_with_profile
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World

WORKING_HOURS = ({"days": list(DAYS[:5]), "startTime": "09:00", "endTime": "17:00"},)
_OLD_DAYS = ("Sunday", *DAYS[:6])
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_time = v.rule(
    "matches",
    "{} must be a valid time format HH:MM",
    lambda x: isinstance(x, str) and bool(_TIME.fullmatch(x)),
)
_days = v.rule(
    "isIn",
    "each value in {} must be one of the following values: " + ", ".join(DAYS),
    lambda value: isinstance(value, list) and all(day in DAYS for day in value),
)
_date = v.rule(
    "isIso8601",
    "{} must be a valid ISO 8601 date string",
    lambda value: isinstance(value, str) and bool(re.fullmatch(r"\d{4}-\d\d-\d\d", value)),
)
time_zone = v.rule(
    "isTimeZone", "{} must be a valid IANA time-zone", lambda value: not v.time_zone("timeZone", value)
)
_AVAILABILITY = (
    v.Field("days", _days, required=True),
    v.Field("startTime", _time, required=True),
    v.Field("endTime", _time, required=True),
)
_OVERRIDE = (v.Field("date", _date, required=True), *_AVAILABILITY[1:])


def schedule_view(world: World, row: Row) -> dict[str, Any]:
    """Show a schedule as the API does."""
    owner = world.users.get(row["userId"])
    return {
        "id": row["id"],
        "ownerId": row["userId"],
        "name": row["name"],
        "timeZone": row["timeZone"] or "Europe/London",
        "availability": row["availability"],
        "isDefault": bool(owner and owner["defaultScheduleId"] == row["id"]),
        "overrides": row["overrides"],
    }


def old_view(world: World, row: Row) -> dict[str, Any]:
    """Show a schedule in the shape of the oldest version: minutes and seven lists of days."""
    view = schedule_view(world, row)
    schedule = [
        {
            "id": row["id"] + place,
            "userId": row["userId"],
            "eventTypeId": None,
            "days": _day_numbers(part),
            "startTime": f"1970-01-01T{part['startTime']}:00.000Z",
            "endTime": f"1970-01-01T{part['endTime']}:00.000Z",
            "date": None,
            "scheduleId": row["id"],
        }
        for place, part in enumerate(row["availability"])
    ]
    hours = [
        {
            "days": _day_numbers(part),
            "startTime": _minutes(part["startTime"]),
            "endTime": _minutes(part["endTime"]),
            "userId": row["userId"],
        }
        for part in row["availability"]
    ]
    return {
        "id": row["id"],
        "name": row["name"],
        "isManaged": False,
        "workingHours": hours,
        "schedule": schedule,
        "availability": _week(world.today, row),
        "timeZone": view["timeZone"],
        "dateOverrides": [],
        "isDefault": view["isDefault"],
        "isLastSchedule": len(world.schedules.by("userId", row["userId"])) == 1,
        "readOnly": False,
        "userId": row["userId"],
    }


def _day_numbers(part: dict[str, Any]) -> list[int]:
    return [_OLD_DAYS.index(day) for day in part["days"]]


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def _week(today: datetime, row: Row) -> list[list[dict[str, str]]]:
    return [
        [
            {
                "start": f"{today:%Y-%m-%d}T{p['startTime']}:00.000Z",
                "end": f"{today:%Y-%m-%d}T{p['endTime']}:00.000Z",
            }
            for p in row["availability"]
            if day in p["days"]
        ]
        for day in _OLD_DAYS
    ]


def add_schedule(
    world: World, user: Row, name: str, zone: str, *, default: bool = False, **fields: Any
) -> Row:
    """Add a schedule; without availability it gets working hours.

    :param default: whether it becomes its owner's default.
    """
    availability = fields.get("availability")
    row = world.schedules.insert(
        {
            "userId": user["id"],
            "name": name,
            "timeZone": zone,
            "availability": [dict(part) for part in WORKING_HOURS] if availability is None else availability,
            "overrides": fields.get("overrides") or [],
        }
    )
    if default:
        world.users.update(user, defaultScheduleId=row["id"])
    return row


def _body(context: Context, required: bool) -> dict[str, Any]:
    fields = (
        v.Field("name", v.string, required=required),
        v.Field("timeZone", time_zone, required=required),
        v.Field("isDefault", v.boolean, required=required),
        v.Field("availability", v.array),
        v.Field("overrides", v.array),
    )
    body = context.body(*fields)
    wrong = [
        list_complaint(_AVAILABILITY, body, "availability"),
        list_complaint(_OVERRIDE, body, "overrides"),
    ]
    if any(wrong):
        raise invalid([one for one in wrong if one])
    return body


def create(context: Context, user: Row) -> Row:
    """Add a schedule of a user from the request's body."""
    body = _body(context, required=True)
    parts = {name: body[name] for name in ("availability", "overrides") if body.get(name) is not None}
    return add_schedule(
        context.world, user, body["name"], body["timeZone"], default=body["isDefault"], **parts
    )


def update(context: Context, row: Row, user: Row) -> Row:
    """Change a schedule by the request's body."""
    body = _body(context, required=False)
    if body.pop("isDefault", None):
        # False on the default schedule is ignored, it stays the default
        context.world.users.update(user, defaultScheduleId=row["id"])
    return context.world.schedules.update(row, **body)


def owned(context: Context, user: Row) -> Row:
    """Return the schedule in the path, refuse one of somebody else."""
    number = context.number("scheduleId")
    row = context.world.schedules.get(number)
    if row is None:
        raise not_found(f"Schedule with ID={number} does not exist.")
    return _own(row, user)


def _own(row: Row, user: Row) -> Row:
    if row["userId"] != user["id"]:
        raise forbidden(f"User with ID={user['id']} does not own schedule with ID={row['id']}")
    return row


def delete(context: Context, user: Row) -> Reply:
    """Delete the schedule in the path, refuse one of somebody else."""
    number = context.parsed_number("scheduleId")
    row = context.world.schedules.get(number)
    if row is None:
        # Only the delete calls an unknown schedule a bad request
        raise bad_request(f"Schedule with ID={number} does not exist.")
    context.world.schedules.delete(_own(row, user))
    return Reply({"status": "success"})


def views(context: Context, rows: Any) -> list[dict[str, Any]]:
    """Show schedules as the API does."""
    return [schedule_view(context.world, row) for row in rows]


# -- organisation ----------------


@handles("org_schedules.list", role="ORG_ADMIN", plan="ESSENTIALS")
def list_of_organization(context: Context) -> list[dict[str, Any]]:
    """List of organization: ``GET /organizations/{orgId}/schedules``."""
    members = {user["id"] for user in members_with_profile(context.world, context.org_id)}
    rows = [row for row in context.world.schedules.ordered() if row["userId"] in members]
    return views(context, context.page(rows))


def _user(context: Context) -> Row:
    user = context.world.users.get(context.number("userId"))
    assert user is not None
    return user


@handles("org_user_schedules.list", role="ORG_ADMIN", plan="ESSENTIALS", user_in_org=True)
def list_of_user(context: Context) -> list[dict[str, Any]]:
    """List of user: ``GET /organizations/{orgId}/users/{userId}/schedules``."""
    return views(context, context.world.schedules.ordered("userId", context.number("userId")))


@handles("org_user_schedules.get", role="ORG_ADMIN", plan="ESSENTIALS", user_in_org=True)
def get_of_user(context: Context) -> dict[str, Any]:
    """Show of user: ``GET /organizations/{orgId}/users/{userId}/schedules/{scheduleId}``."""
    return schedule_view(context.world, owned(context, _user(context)))


@handles("org_user_schedules.create", role="ORG_ADMIN", plan="ESSENTIALS", user_in_org=True)
def create_of_user(context: Context) -> dict[str, Any]:
    """Add of user: ``POST /organizations/{orgId}/users/{userId}/schedules``."""
    return schedule_view(context.world, create(context, _user(context)))


@handles("org_user_schedules.update", role="ORG_ADMIN", plan="ESSENTIALS", user_in_org=True)
def update_of_user(context: Context) -> dict[str, Any]:
    """Change of user: ``PATCH /organizations/{orgId}/users/{userId}/schedules/{scheduleId}``."""
    user = _user(context)
    return schedule_view(context.world, update(context, owned(context, user), user))


@handles("org_user_schedules.delete", role="ORG_ADMIN", plan="ESSENTIALS", user_in_org=True)
def delete_of_user(context: Context) -> Reply:
    """Delete of user: ``DELETE /organizations/{orgId}/users/{userId}/schedules/{scheduleId}``."""
    return delete(context, _user(context))


# -- teams ----------------


def _of_team(context: Context) -> list[dict[str, Any]]:
    world, team_id = context.world, context.number("teamId")
    # Members who have not accepted count too
    members = {row["userId"] for row in world.memberships.by("teamId", team_id)}
    number = v.parse_int(context.text("eventTypeId") or "")
    if number is not None:
        event_type = world.event_types.get(number)
        members &= {host["userId"] for host in event_type["hosts"]} if event_type else set()
    rows = [row for row in world.schedules.ordered() if row["userId"] in members]
    return views(context, context.page(rows))


handles("org_team_schedules.list", role="TEAM_ADMIN", plan="ESSENTIALS")(_of_team)
handles("team_schedules.list", role="TEAM_ADMIN")(_of_team)


@handles("org_team_user_schedules.list", role="TEAM_ADMIN", plan="ESSENTIALS")
def list_of_team_user(context: Context) -> list[dict[str, Any]]:
    """List of team user: ``GET /organizations/{orgId}/teams/{teamId}/users/{userId}/schedules``."""
    user_id, team_id = context.number("userId"), context.team["id"]
    if context.world.membership(user_id, team_id) is None:
        text = f"IsUserInOrgTeam - user with id={user_id} is not part of the team with id={team_id}"
        raise forbidden(f"{text} in the organization with id={context.org_id}.")
    return views(context, context.world.schedules.ordered("userId", user_id))


# -- own ----------------


def _default(context: Context) -> Row | None:
    number = context.caller.user["defaultScheduleId"]
    row = context.world.schedules.get(number) if number else None
    return row if row and row["userId"] == context.caller.user["id"] else None


@handles("schedules.list")
def list_own(context: Context) -> list[dict[str, Any]]:
    """List own: ``GET /schedules``."""
    return views(context, context.world.schedules.ordered("userId", context.caller.user["id"]))


@handles("schedules.list", old=True)
def list_own_old(context: Context) -> list[dict[str, Any]]:
    """List own old: ``GET /schedules``."""
    rows = context.world.schedules.ordered("userId", context.caller.user["id"])
    return [old_view(context.world, row) for row in rows]


@handles("schedules.get_default")
def get_default(context: Context) -> dict[str, Any] | None:
    """Show default: ``GET /schedules/default``."""
    row = _default(context)
    return schedule_view(context.world, row) if row else None


@handles("schedules.get_default", old=True)
def get_default_old(context: Context) -> dict[str, Any] | None:
    """Show default old: ``GET /schedules/default``."""
    row = _default(context)
    return old_view(context.world, row) if row else None


@handles("schedules.get")
def get_own(context: Context) -> dict[str, Any]:
    """Show own: ``GET /schedules/{scheduleId}``."""
    return schedule_view(context.world, owned(context, context.caller.user))


@handles("schedules.get", old=True)
def get_own_old(context: Context) -> dict[str, Any]:
    """Show own old: ``GET /schedules/{scheduleId}``."""
    return old_view(context.world, owned(context, context.caller.user))


@handles("schedules.create")
def create_own(context: Context) -> dict[str, Any]:
    """Add own: ``POST /schedules``."""
    return schedule_view(context.world, create(context, context.caller.user))


@handles("schedules.create", old=True)
def create_own_old(context: Context) -> dict[str, Any]:
    """Add own old: ``POST /schedules``."""
    return old_view(context.world, create(context, context.caller.user))


@handles("schedules.update")
def update_own(context: Context) -> dict[str, Any]:
    """Change own: ``PATCH /schedules/{scheduleId}``."""
    user = context.caller.user
    return schedule_view(context.world, update(context, owned(context, user), user))


@handles("schedules.update", old=True)
def update_own_old(context: Context) -> dict[str, Any]:
    """Change own old: ``PATCH /schedules/{scheduleId}``."""
    user = context.caller.user
    row = owned(context, user)
    before = user["defaultScheduleId"]
    shown = old_view(context.world, update(context, row, user))
    parts = [{**part, "userId": None} for part in shown["schedule"]]
    schedule = {
        "id": row["id"],
        "userId": row["userId"],
        "name": row["name"],
        "availability": parts,
        "timeZone": shown["timeZone"],
        "eventType": [],
    }
    return {
        "schedule": schedule,
        "availability": shown["availability"],
        "timeZone": shown["timeZone"],
        "isDefault": shown["isDefault"],
        "prevDefaultId": before,
        "currentDefaultId": user["defaultScheduleId"],
    }


@handles("schedules.delete")
def delete_own(context: Context) -> Reply:
    """Delete own: ``DELETE /schedules/{scheduleId}``."""
    return delete(context, context.caller.user)


@handles("schedules.delete", old=True)
def delete_own_old(context: Context) -> Reply:
    """Delete own old: ``DELETE /schedules/{scheduleId}``."""
    return delete(context, context.caller.user)

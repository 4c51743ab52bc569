"""What the tables must hold, computed from the sandbox's own state and not by the code under test."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from calcom_provider.sandbox.world import stores
from calcom_provider.sandbox.world.bookings import of_organization
from calcom_provider.sandbox.world.world import World

Key = tuple[Any, ...]
Rows = dict[Key, dict[str, Any]]
Truth = dict[str, Rows]

_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?")

KEYS = {
    "users": ("id",),
    "memberships": ("id",),
    "attributes": ("id",),
    "attribute_options": ("id",),
    "attribute_assignments": ("option_id", "user_id"),
    "ooo_entries": ("id",),
    "teams": ("id",),
    "team_memberships": ("id",),
    "schedules": ("id",),
    "schedule_availability": ("schedule_id", "position"),
    "schedule_overrides": ("schedule_id", "position"),
    "bookings": ("id",),
    "booking_attendees": ("booking_id", "position"),
    "booking_hosts": ("booking_id", "position"),
    "booking_guests": ("booking_id", "position"),
    "webhooks": ("id",),
    "routing_forms": ("id",),
    "routing_form_responses": ("id",),
}
"""The key of each table, beside the organisation."""

#: What :func:`forms` tells, and no fault is tried on.
FORMS = ("routing_forms", "routing_form_responses")
RESOURCES = tuple(
    name
    for name in KEYS
    if name not in ("schedule_availability", "schedule_overrides", *FORMS) and not name.startswith("booking_")
)

_USER = (
    "id username name email email_verified bio avatar_url time_zone week_start app_theme theme locale time_format"
    " default_schedule_id hide_branding brand_color dark_brand_color allow_dynamic_booking created_date verified"
    " invited_to"
).split()
_TEAM = (
    "id parent_id name slug logo_url bio hide_branding is_organization is_private theme brand_color time_zone"
    " week_start"
).split()
_BOOKING = (
    "id uid title status start end duration event_type_id absent_host created_at updated_at rating ics_uid"
    " rescheduled_from_uid rescheduled_to_uid recurring_booking_uid"
).split()
_ATTRIBUTE = "id team_id type name slug enabled users_can_edit_relation is_weights_enabled is_locked created_at".split()
_SPAN = {"start": "start_at", "end": "end_at"}
_RENAMED = {
    "ooo_entries": _SPAN,
    "bookings": _SPAN,
    "attribute_options": {"contains": "contained_option_ids"},
}


def plain(value: Any) -> Any:
    """Spell a value so that what databases and the sandbox say in their own ways can be compared."""
    if value is None or isinstance(value, int | float | Decimal):
        return int(value) if value is not None and value == int(value) else value
    if isinstance(value, datetime):
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return f"{aware:%Y-%m-%dT%H:%M:%S}.{aware.microsecond // 1000:03d}Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | dict):
        return json.dumps(value, sort_keys=True)
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.dumps(json.loads(value), sort_keys=True)
        except ValueError:
            return value
    if isinstance(value, str) and _TIME.fullmatch(value):
        return plain(datetime.fromisoformat(value))
    return value


def camel(name: str) -> str:
    """Spell a column as the sandbox's rows do."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def pick(row: dict[str, Any], names: Iterable[str], **more: Any) -> dict[str, Any]:
    """Take columns from a row of the sandbox."""
    return {name: row[camel(name)] for name in names} | more


def truth(world: World, organization_id: int) -> Truth:
    """Return what every table must hold, by key; values in the spelling of :func:`plain`.

    :param world: the sandbox's state, which must not change meanwhile.
    """
    return _spelled(
        {
            **_people(world, organization_id),
            **_teams(world, organization_id),
            **_time(world, organization_id),
        }
    )


def forms(world: World, organization_id: int) -> Truth:
    """Return what the tables of routing forms and their answers must hold, as :func:`truth` does for the others.

    :param world: the sandbox's state, which must not change meanwhile.
    """
    teams = {team["id"] for team in world.teams.by("parentId", organization_id)}
    held = [row for row in stores.routing_forms(world) if row["teamId"] in teams]
    answers = [row for form in held for row in stores.form_responses(world).by("formId", form["id"])]
    names = ("id", "form_id", "form_filler_id", "routed_to_booking_uid", "created_at")
    return _spelled(
        {
            "routing_forms": [pick(row, ("id", "team_id", "name", "disabled")) for row in held],
            "routing_form_responses": [pick(row, names) for row in answers],
        }
    )


def _spelled(rows: dict[str, list[dict[str, Any]]]) -> Truth:
    found: Truth = {}
    for table, made in rows.items():
        columns = _RENAMED.get(table, {})
        spelled = [{columns.get(name, name): plain(value) for name, value in row.items()} for row in made]
        found[table] = {tuple(row[name] for name in KEYS[table]): row for row in spelled}
    return found


def _people(world: World, own: int) -> dict[str, list[dict[str, Any]]]:
    profiles = world.profiles.by("organizationId", own)
    attributes = world.attributes.by("teamId", own)
    members = world.memberships.by("teamId", own)
    options = [option for one in attributes for option in world.options.by("attributeId", one["id"])]
    people = {row["userId"] for row in profiles}
    return {
        "users": [
            pick(
                world.users.get(profile["userId"]) or {},
                _USER,
                profile_id=profile["id"],
                profile_username=profile["username"],
            )
            for profile in profiles
        ],
        "memberships": [_membership(world, row) for row in members],
        "attributes": [pick(row, _ATTRIBUTE) for row in attributes],
        "attribute_options": [
            pick(row, ("id", "attribute_id", "value", "slug", "is_group", "contains")) for row in options
        ],
        "attribute_assignments": [
            {
                "attribute_id": option["attributeId"],
                "option_id": option["id"],
                "user_id": (world.memberships.get(held["memberId"]) or {})["userId"],
            }
            for option in options
            for held in world.assignments.by("attributeOptionId", option["id"])
        ],
        "ooo_entries": [
            pick(row, ("id", "uuid", "user_id", "to_user_id", "start", "end"))
            for row in world.ooo
            if row["userId"] in people
        ],
        "webhooks": [
            pick(row, ("id", "active", "triggers", "payload_template", "team_id"))
            for row in stores.webhooks(world).by("teamId", own)
        ],
    }


def _membership(world: World, row: dict[str, Any]) -> dict[str, Any]:
    user = world.users.get(row["userId"]) or {}
    shared = ("id", "team_id", "user_id", "role", "accepted", "disable_impersonation")
    described = {
        f"user_{name}": user[camel(name)] for name in ("username", "name", "email", "avatar_url", "bio")
    }
    return pick(row, shared) | described


def _teams(world: World, own: int) -> dict[str, list[dict[str, Any]]]:
    teams = world.teams.by("parentId", own)
    return {
        "teams": [pick(row, _TEAM) for row in teams],
        "team_memberships": [
            _membership(world, row) for team in teams for row in world.memberships.by("teamId", team["id"])
        ],
    }


def _time(world: World, own: int) -> dict[str, list[dict[str, Any]]]:
    people = {row["userId"] for row in world.profiles.by("organizationId", own)}
    schedules = [row for row in world.schedules if row["userId"] in people]
    seen = of_organization(world, own)
    bookings = [row for row in stores.bookings(world) if seen(row)]

    def parts(rows: Iterable[dict[str, Any]], name: str, owner: str, *columns: str) -> list[dict[str, Any]]:
        return [
            pick(part, columns, position=place, **{owner: row["id"]})
            for row in rows
            for place, part in enumerate(row[name] or ())
        ]

    return {
        "schedules": [pick(row, ("id", "name", "time_zone"), owner_id=row["userId"]) for row in schedules],
        "schedule_availability": parts(
            schedules, "availability", "schedule_id", "days", "start_time", "end_time"
        ),
        "schedule_overrides": parts(schedules, "overrides", "schedule_id", "date", "start_time", "end_time"),
        "bookings": [pick(row, _BOOKING) for row in bookings],
        "booking_attendees": parts(
            bookings, "attendees", "booking_id", "name", "email", "time_zone", "language", "absent"
        ),
        "booking_hosts": [
            pick(
                world.users.get(row["userId"]) or {},
                ("name", "email", "username", "time_zone"),
                booking_id=row["id"],
                position=0,
                user_id=row["userId"],
            )
            for row in bookings
        ],
        "booking_guests": [
            {"booking_id": row["id"], "position": place, "email": email}
            for row in bookings
            for place, email in enumerate(row["guests"] or ())
        ],
    }

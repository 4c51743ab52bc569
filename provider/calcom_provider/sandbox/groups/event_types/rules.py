"""Keep event types: their defaults, how they are shown, and what is common to those of users and of teams."""

from __future__ import annotations

from typing import Any

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.errors import bad_request, inner_call, invalid, not_found, plain
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World

_OFF = {"disabled": True}
DEFAULTS: dict[str, Any] = {
    "description": "",
    "locations": [],
    "ownFields": [],
    "recurrence": None,
    "disableGuests": False,
    "slotInterval": None,
    "minimumBookingNotice": 120,
    "beforeEventBuffer": 0,
    "afterEventBuffer": 0,
    "metadata": {},
    "price": 0,
    "currency": "usd",
    "lockTimeZoneToggleOnBookingPage": False,
    "forwardParamsSuccessRedirect": True,
    "successRedirectUrl": None,
    "isInstantEvent": False,
    "scheduleId": None,
    "onlyShowFirstAvailableSlot": False,
    "offsetStart": 0,
    "bookingWindow": _OFF,
    "confirmationPolicy": _OFF,
    "requiresBookerEmailVerification": False,
    "hideCalendarNotes": False,
    "seats": _OFF,
    "useDestinationCalendarEmail": False,
    "hideCalendarEventDetails": False,
    "hideOrganizerEmail": False,
    "hidden": False,
    "bookingRequiresAuthentication": False,
}
_INNER = {
    "ownFields",
    "userId",
    "teamId",
    "parentEventTypeId",
    "schedulingType",
    "assignAllTeamMembers",
    "hosts",
}
_OPTIONAL = (
    "lengthInMinutesOptions",
    "bookingLimitsCount",
    "bookingLimitsDuration",
    "color",
    "customName",
)
LOCATIONS = (
    "address",
    "link",
    "phone",
    "integration",
    "attendeePhone",
    "attendeeAddress",
    "attendeeDefined",
    "organizersDefaultApp",
)
PRIORITIES = ("lowest", "low", "medium", "high", "highest")


def _field(kind: str, slug: str, required: bool = False, **more: Any) -> dict[str, Any]:
    return {"isDefault": True, "type": kind, "slug": slug, "required": required, **more}


def _booking_fields(row: Row) -> list[dict[str, Any]]:
    prefill = {"disableOnPrefill": False}
    shown = [
        _field("name", "name", True, **prefill),
        _field("email", "email", True, **prefill, hidden=False),
        _field("radioInput", "location", hidden=False),
    ]
    shown += [{"isDefault": False, **prefill, "hidden": False, **field} for field in row["ownFields"]]
    if row.get("titleField", True):
        shown.append(_field("text", "title", True, **prefill, hidden=True))
    shown += [
        _field("textarea", "notes", **prefill, hidden=False),
        _field("multiemail", "guests", **prefill, hidden=row["disableGuests"]),
        _field("textarea", "rescheduleReason", **prefill, hidden=False),
    ]
    return shown


def _common(row: Row, owner: dict[str, Any]) -> dict[str, Any]:
    view = {
        "id": row["id"],
        **owner,
        "lengthInMinutes": row["lengthInMinutes"],
        "title": row["title"],
        "slug": row["slug"],
        "bookingFields": _booking_fields(row),
    }
    view |= {name: row[name] for name in DEFAULTS if name not in _INNER}
    view |= {name: row[name] for name in _OPTIONAL if row.get(name) is not None}
    for name in ("recurrence", "seats"):
        if row[name]:
            view[name] = {"disabled": False, **row[name]}
    options = row.get("lengthInMinutesOptions")
    if options:
        view["metadata"] = {**row["metadata"], "multipleDuration": options}
    return view


def _person(user: Row) -> dict[str, Any]:
    names = ("id", "name", "username", "avatarUrl", "brandColor", "darkBrandColor", "weekStart")
    return {**{name: user[name] for name in names}, "metadata": user["metadata"] or {}}


def user_view(world: World, row: Row, written: bool = False) -> dict[str, Any]:
    """Show an event type of a user.

    :param written: whether it is the answer to a write, which shows one field more.
    """
    owner = world.users.get(row["userId"])
    view = _common(row, {"ownerId": row["userId"]})
    view["users"] = [_person(owner)] if owner else []
    return {**view, "calVideoSettings": None} if written else view


def group_view(world: World, users: list[Row]) -> dict[str, Any]:
    """Show the meeting that anybody can have with several users; it exists nowhere and has the id 0."""
    row = {
        **DEFAULTS,
        "id": 0,
        "lengthInMinutes": 30,
        "title": "Group Meeting",
        "slug": "dynamic",
        "lengthInMinutesOptions": [15, 30, 45, 60, 90],
        "customName": "Group Meeting",
        "disableGuests": True,
        "description": "Join us for a meeting with multiple people",
        "successRedirectUrl": "",
        "locations": [{"type": "integration", "integration": "cal-video"}],
    }
    view = _common(row, {"ownerId": 0})
    view["bookingFields"] = []
    view["users"] = [_person(user) for user in users]
    del view["bookingRequiresAuthentication"]
    return view


def team_view(world: World, row: Row, listed: bool = False, hosts_limit: int | None = None) -> dict[str, Any]:
    """Show an event type of a team.

    :param listed: whether it stands in a list, which shows more of the team.
    :param hosts_limit: how many hosts to show at most, None for all.
    """
    view = _common(row, {})
    hosts = [_host(world, row, host) for host in row["hosts"]]
    view |= {
        "calVideoSettings": None,
        "hosts": hosts if hosts_limit is None else hosts[:hosts_limit],
        "teamId": row["teamId"],
        "ownerId": row["userId"],
        "parentEventTypeId": row["parentEventTypeId"],
        "schedulingType": row["schedulingType"],
        "assignAllTeamMembers": row["assignAllTeamMembers"],
    }
    team = world.teams.get(row["teamId"])
    if team:
        names = ("name", "slug", "bannerUrl", "logoUrl", "weekStart", "brandColor", "darkBrandColor", "theme")
        view["team"] = {"id": team["id"], **({name: team[name] for name in names} if listed else {})}
    return view


def _host(world: World, row: Row, host: dict[str, Any]) -> dict[str, Any]:
    user = world.users.get(host["userId"]) or {}
    person = {
        "userId": host["userId"],
        "name": user.get("name") or "",
        "username": user.get("username"),
        "avatarUrl": user.get("avatarUrl"),
    }
    if row["schedulingType"] == "collective":
        return person
    return {"mandatory": host["mandatory"], "priority": host["priority"], **person}


def add(world: World, **fields: Any) -> Row:
    """Add an event type from its fields; what is missing gets Cal.com's defaults."""
    row = {
        **DEFAULTS,
        "userId": None,
        "teamId": None,
        "parentEventTypeId": None,
        "schedulingType": None,
        "assignAllTeamMembers": False,
        "hosts": [],
        "metadata": {},
        **fields,
    }
    return world.event_types.insert(row)


def of_user(world: World, user_id: int) -> list[Row]:
    """Return the event types of a user, without those that a team manages."""
    return [row for row in world.event_types.ordered("userId", user_id) if row["parentEventTypeId"] is None]


def find(world: World, number: int) -> Row:
    """Return an event type by its id."""
    row = world.event_types.get(number)
    if row is None:
        raise not_found(f"Event type with id {number} not found")
    return row


# -- bodies ----------------

_PLAIN = (
    v.Field("description", v.string),
    v.Field("lengthInMinutesOptions", v.array),
    v.Field("locations", v.array),
    v.Field("bookingFields", v.array),
    v.Field("disableGuests", v.boolean),
    v.Field("slotInterval", v.integer),
    v.Field("minimumBookingNotice", v.integer),
    v.Field("beforeEventBuffer", v.integer),
    v.Field("afterEventBuffer", v.integer),
    v.Field("scheduleId", v.integer),
    v.Field("bookingLimitsCount", v.obj),
    v.Field("bookingLimitsDuration", v.obj),
    v.Field("onlyShowFirstAvailableSlot", v.boolean),
    v.Field("offsetStart", v.integer),
    v.Field("bookingWindow", v.anything),
    v.Field("confirmationPolicy", v.obj),
    v.Field("recurrence", v.obj),
    v.Field("requiresBookerEmailVerification", v.boolean),
    v.Field("hideCalendarNotes", v.boolean),
    v.Field("lockTimeZoneToggleOnBookingPage", v.boolean),
    v.Field("color", v.obj),
    v.Field("seats", v.obj),
    v.Field("customName", v.string),
    v.Field("useDestinationCalendarEmail", v.boolean),
    v.Field("hideCalendarEventDetails", v.boolean),
    v.Field("hideOrganizerEmail", v.boolean),
    v.Field("successRedirectUrl", v.string),
    v.Field("hidden", v.boolean),
    v.Field("bookingRequiresAuthentication", v.boolean),
)
_LENGTH = v.every(v.at_least(1), v.integer)
CREATE_FIELDS = (
    v.Field("lengthInMinutes", _LENGTH, required=True),
    v.Field("title", v.string, required=True),
    v.Field("slug", v.string, required=True),
    *_PLAIN,
)
UPDATE_FIELDS = (
    v.Field("lengthInMinutes", _LENGTH),
    v.Field("title", v.string),
    v.Field("slug", v.string),
    *_PLAIN,
)


def stored(context: Context, body: dict[str, Any], row: Row | None = None) -> dict[str, Any]:
    """Turn a checked body into the fields of a row.

    :param row: the row that is changed, None for a new one.
    :raises ApiError: 400 for locations that do not exist and for seats with a recurrence, a bare 500 for an
        integration that is not installed.
    """
    fields = {
        name: value for name, value in body.items() if value is not None or name == "successRedirectUrl"
    }
    if "bookingFields" in fields:
        fields["ownFields"] = fields.pop("bookingFields")
    for location in fields.get("locations", ()):
        _check_location(location)
    held = row or DEFAULTS
    seats = fields.get("seats") or held["seats"]
    if not seats.get("disabled") and fields.get("recurrence", held["recurrence"]):
        raise inner_call(400)
    return fields


def _check_location(location: Any) -> None:
    kind = location.get("type") if isinstance(location, dict) else location
    if kind not in LOCATIONS:
        text = f"Unsupported location type '{kind}'. Valid types are address, link, integration, and phone."
        raise bad_request(text)
    if kind == "integration" and location.get("integration") != "cal-video":
        # An app that is not connected ends in an error without explanation
        raise plain()


_PHONE = v.rule(
    "matches",
    "Invalid phone number format. Expected format: +<CountryCode><PhoneNumber> with no spaces or separators.",
    lambda value: isinstance(value, str) and value.startswith("+") and value[1:].isdigit(),
)


def create_phone_call(context: Context) -> Any:
    """Check the body of a phone call; the call itself needs a voice provider and ends in a bare 500."""
    number = v.every(_PHONE, v.string)
    context.body(
        v.Field("yourPhoneNumber", number, required=True),
        v.Field("numberToCall", number, required=True),
        v.Field("calApiKey", v.string, required=True),
        v.Field("enabled", v.boolean, default=True),
        v.Field("templateType", v.string, default="CUSTOM_TEMPLATE"),
    )
    if "orgId" not in context.values:
        # Without an organisation in the path the build asks for it in vain
        raise bad_request("Validation failed (numeric string is expected)")
    raise plain()


def sorted_by_creation(context: Context, rows: list[Row]) -> list[Row]:
    """Sort event types as the request asks."""
    direction = context.text("sortCreatedAt")
    if direction not in (None, "asc", "desc"):
        text = 'SortCreatedAt must be either "asc" or "desc".'
        raise invalid(
            [v.complaint({"sortCreatedAt": direction}, "sortCreatedAt", direction, {"isEnum": text})]
        )
    return rows[::-1] if direction == "desc" else rows

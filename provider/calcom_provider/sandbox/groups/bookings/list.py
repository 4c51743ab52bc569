"""Serve the lists of bookings, with the traps that their filters and counts have."""

from __future__ import annotations

import re
from datetime import UTC
from typing import Any

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context, Reply
from calcom_provider.sandbox.core.errors import inner_call, invalid
from calcom_provider.sandbox.core.paging import block, window
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.groups.event_types.of_users import signed_in
from calcom_provider.sandbox.world.bookings import (
    Seen,
    booking_view,
    moment,
    of_organization,
    of_people,
    of_status,
    seen_by,
    sort_rows,
)
from calcom_provider.sandbox.world.stores import bookings
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World, iso

STATUSES = ("upcoming", "recurring", "past", "cancelled", "unconfirmed")
TAKE = 100
_SORTS = (
    ("sortStart", "start"),
    ("sortEnd", "end"),
    ("sortCreated", "createdAt"),
    ("sortUpdatedAt", "updatedAt"),
)
_TIMES = {
    "afterStart": ("start", True),
    "beforeEnd": ("end", False),
    "afterUpdatedAt": ("updatedAt", True),
    "beforeUpdatedAt": ("updatedAt", False),
    "afterCreatedAt": ("createdAt", True),
    "beforeCreatedAt": ("createdAt", False),
}
_UNCOUNTED = ("afterUpdatedAt", "beforeUpdatedAt", "afterCreatedAt", "beforeCreatedAt")
_ISO = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")


def _moment(context: Context, name: str) -> str | None:
    text = context.text(name)
    if text is None:
        return None
    if not _ISO.fullmatch(text):
        # A plus sign that was not escaped arrives as a blank
        problem = {"isISO8601": f"{name} must be a valid ISO 8601 date string"}
        raise invalid([v.complaint({name: text}, name, text, problem)])
    found = moment(text)
    return iso(found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC))


def _statuses(context: Context) -> list[str]:
    words = context.commas("status")
    if words is None:
        return []
    if any(word not in STATUSES for word in words):
        text = f"Invalid status. Allowed are {', '.join(STATUSES)}"
        raise invalid([v.complaint({"status": words}, "status", words, {"isEnum": text})])
    return words


def _integer(text: str | list[str] | None) -> Any:
    """Read one id as ``Number`` does; several are a list, which is no integer."""
    if text is None or isinstance(text, list):
        return text
    number = v.strict_number(text) if text.strip() else 0.0
    return int(number) if number is not None and number.is_integer() else number


def _list_of_ids(value: str | list[str] | None) -> Any:
    """Read ids joined by commas as ``parseInt`` does, repeated ones as ``Number`` does."""
    if isinstance(value, list):
        return [_integer(text) for text in value]
    return None if value is None else [v.parse_int(text) for text in value.split(",")]


_each_number = v.rule(
    "isNumber",
    "each value in {} must be a number conforming to the specified constraints",
    lambda values: None not in values,
)


def _ids(context: Context, *names: str) -> list[set[int]]:
    """Read the filters by ids; all that is no number is refused at once.

    :param names: names of the parameters; one that ends in ``Ids`` takes several.
    """
    sent = {
        name: _list_of_ids(value) if name.endswith("Ids") else _integer(value)
        for name in names
        if (value := context.query.get(name)) is not None
    }
    problems = {
        name: (_each_number if name.endswith("Ids") else v.integer)(name, value)
        for name, value in sent.items()
    }
    errors = [v.complaint(sent, name, sent[name], broken) for name, broken in problems.items() if broken]
    if errors:
        raise invalid(errors)
    # Zero counts as none given where one id is taken
    return [
        set(value) if isinstance(value, list) else {value} if value else set()
        for value in (sent.get(name) for name in names)
    ]


def _event_types(context: Context, team_id: int | None) -> set[int] | None:
    """Find the event types that are asked for, None for all.

    A team stands for its event types, and no event types are no filter: an empty or unknown team finds all.
    """
    world, found = context.world, None
    of_path = () if team_id is None else (team_id,)
    names = ("eventTypeIds", "eventTypeId", *(() if of_path else ("teamsIds", "teamId")))
    several, single, *more = _ids(context, *names)
    if single or several:
        found = single | several
    teams = set(of_path).union(*more)
    of_teams = {row["id"] for number in teams for row in world.event_types.by("teamId", number)}
    if of_teams:
        found = of_teams if found is None else found & of_teams
    return found


def _filters(
    context: Context, seen: Seen, team_id: int | None, times: tuple[str, ...]
) -> tuple[list[Seen], list[Seen]]:
    """Return the conditions that the count knows, and those that only the list knows."""
    counted: list[Seen] = [seen]
    words = _statuses(context)
    if words:
        classes = [of_status(context.world, word) for word in words]
        counted.append(lambda row: any(one(row) for one in classes))
    types = _event_types(context, team_id)
    if types is not None:
        counted.append(lambda row: row["eventTypeId"] in types)
    uid, email, name = context.text("bookingUid"), context.text("attendeeEmail"), context.text("attendeeName")
    if uid is not None:
        counted.append(lambda row: row["uid"] == uid)
    if email is not None:
        counted.append(lambda row: any(one["email"] == email for one in row["attendees"]))
    if name is not None:
        counted.append(lambda row: any(one["name"] == name for one in row["attendees"]))
    listed: list[Seen] = []
    for parameter in times:
        bound = _moment(context, parameter)
        if bound is not None:
            column, after = _TIMES[parameter]
            (listed if parameter in _UNCOUNTED else counted).append(_bound(column, bound, after))
    return counted, listed


def _bound(column: str, bound: str, after: bool) -> Seen:
    # Inclusive on both sides; what has no value is never found
    if after:
        return lambda row: row[column] is not None and row[column] >= bound
    return lambda row: row[column] is not None and row[column] <= bound


def _order(context: Context, names: tuple[str, ...]) -> tuple[str, bool]:
    chosen: tuple[str, bool] | None = None
    for name, column in _SORTS:
        text = f'{name[0].upper()}{name[1:]} must be either "asc" or "desc".'
        direction = context.choice(name, ("asc", "desc"), text) if name in names else None
        # Of several the first in this order decides, whatever the order of the query
        if direction and chosen is None:
            chosen = (column, direction == "desc")
    words = context.commas("status") or []
    return chosen or ("start", words in (["past"], ["cancelled"]))


def answer(context: Context, seen: Seen, *, team_id: int | None = None, all_times: bool = True) -> Reply:
    """Answer one page of bookings.

    :param seen: the scope of the caller or route.
    :param team_id: the team of the path; such lists know neither the filters nor the sort by changes.
    :param all_times: whether the filters by creation and change exist.
    """
    size, skip = window(context, TAKE)
    world = context.world

    def found() -> tuple[list[Row], int]:
        return _found(context, seen, team_id, all_times)

    rows, total = found() if world.shuffled else world.memo(_question(context), found)
    views = [booking_view(world, row) for row in rows[skip : skip + size]]
    return Reply({"status": "success", "data": views, "pagination": block(total, size, skip)})


def _question(context: Context) -> tuple[Any, ...]:
    """Name what is asked for apart from the page, so that the pages of one read need one search."""
    asked = sorted(
        (name, str(value)) for name, value in context.query.items() if name not in ("take", "skip")
    )
    caller = None if context.anonymous else context.caller.user["id"]
    return (context.route.name, caller, *context.values.items(), *asked, context.world.today)


def _found(context: Context, seen: Seen, team_id: int | None, all_times: bool) -> tuple[list[Row], int]:
    """Find and sort the bookings that are asked for, and count them as the pagination block does."""
    times = tuple(_TIMES) if all_times else ("afterStart", "beforeEnd")
    sorts = tuple(name for name, _ in _SORTS if all_times or name != "sortUpdatedAt")
    counted, listed = _filters(context, seen, team_id, times)
    column, reverse = _order(context, sorts)
    rows = [row for row in bookings(context.world).ordered() if all(check(row) for check in counted)]
    # The count knows nothing of the created and updated filters
    total = len(rows)
    rows = [row for row in rows if all(check(row) for check in listed)]
    return sort_rows(context.world, rows, column, reverse), total


@handles("org_bookings.list", role="ORG_ADMIN", plan="ESSENTIALS")
def list_of_organization(context: Context) -> Reply:
    """List of organization: ``GET /organizations/{orgId}/bookings``."""
    seen: Seen = of_organization(context.world, context.org_id)
    (users,) = _ids(context, "userIds")
    if users:
        seen = _of_users(context.world, context.org_id, users)
    return answer(context, seen)


def _of_users(world: World, organization_id: int, users: set[int]) -> Seen:
    if any(world.users.get(number) is None for number in users):
        raise inner_call(400)
    if any(world.profile(number, organization_id) is None for number in users):
        raise inner_call(403)
    return of_people(world, users)


@handles("org_user_bookings.list", role="ORG_ADMIN", plan="ESSENTIALS", user_in_org=True)
def list_of_user(context: Context) -> Reply:
    """List of user: ``GET /organizations/{orgId}/users/{userId}/bookings``."""
    # What the user may see, not what the user hosts
    user = context.world.users.get(context.number("userId"))
    assert user is not None
    return answer(context, seen_by(context.world, user))


def _of_team(context: Context) -> Reply:
    seen = _team_scope(context)
    return answer(context, seen, team_id=context.number("teamId"), all_times=False)


def _team_scope(context: Context) -> Seen:
    if "orgId" in context.values:
        return of_organization(context.world, context.org_id)
    return seen_by(context.world, context.caller.user)


handles("org_team_bookings.list", role="TEAM_ADMIN", plan="ESSENTIALS")(_of_team)
handles("team_bookings.list", role="TEAM_ADMIN")(_of_team)


@handles("bookings.list", auth="optional")
def list_own(context: Context) -> Reply:
    """List own: ``GET /bookings``."""
    return answer(context, seen_by(context.world, signed_in(context)))


@handles("bookings.list", auth="optional", old=True)
def list_old(context: Context) -> dict[str, Any]:
    """Answer in the shape of the oldest version."""
    user, world = signed_in(context), context.world
    # The parameters have other names here; those of the current shape are ignored
    size, start = (
        v.parse_int(context.text("limit") or "10") or 10,
        v.parse_int(context.text("cursor") or "0") or 0,
    )
    seen, upcoming = seen_by(world, user), of_status(world, "upcoming")
    rows = [row for row in bookings(world).ordered() if seen(row) and upcoming(row)]
    rows = sort_rows(world, rows, "start", False)
    end = start + size
    return {
        "bookings": [old_list_view(world, row) for row in rows[start:end]],
        "recurringInfo": _series(rows),
        "totalCount": len(rows),
        "nextCursor": end if len(rows) > end else None,
    }


def _series(rows: list[Row]) -> list[dict[str, Any]]:
    """Sum up the series among some bookings."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row["recurringBookingUid"]:
            found.setdefault(row["recurringBookingUid"], []).append(row)
    states = ("ACCEPTED", "CANCELLED", "REJECTED", "PENDING", "AWAITING_HOST")
    return [
        {
            "recurringEventId": uid,
            "count": len(series),
            "firstDate": min(row["start"] for row in series),
            "bookings": {
                state: [row["start"] for row in series if row["status"].upper() == state] for state in states
            },
        }
        for uid, series in found.items()
    ]


def old_list_view(world: World, row: Row) -> dict[str, Any]:
    """Show a booking as old versions of the list do."""
    user = world.users.get(row["userId"]) or {}
    return {
        "id": row["id"],
        "title": row["title"],
        "userPrimaryEmail": None,
        "description": row["description"],
        "customInputs": None,
        "startTime": row["start"],
        "createdAt": row["createdAt"],
        "updatedAt": row["updatedAt"],
        "endTime": row["end"],
        "metadata": row["metadata"],
        "uid": row["uid"],
        "responses": row["responses"],
        "recurringEventId": row["recurringBookingUid"],
        "location": row["location"],
        "status": row["status"].upper(),
        "paid": False,
        "fromReschedule": row["rescheduledFromUid"],
        "rescheduled": row["rescheduledToUid"] is not None,
        "isRecorded": False,
        "routedFromRoutingFormReponse": None,
        "eventType": _old_event_type(world, row),
        "references": row["references"],
        "payment": [],
        "user": {name: user.get(name) for name in ("id", "name", "email")},
        "attendees": [_old_attendee(row, place) for place in range(len(row["attendees"]))],
        "seatsReferences": [],
        "assignmentReason": [],
        "rescheduler": None,
    }


_KINDS = {"roundRobin": "ROUND_ROBIN", "collective": "COLLECTIVE", "managed": "MANAGED"}


def _old_event_type(world: World, row: Row) -> dict[str, Any]:
    event_type = world.event_types.get(row["eventTypeId"]) or {}
    team = world.teams.get(event_type.get("teamId"))
    hosts = [
        {"userId": user["id"], "user": {"id": user["id"], "email": user["email"]}}
        for host in event_type.get("hosts", ())
        if (user := world.users.get(host["userId"]))
    ]
    return {
        "slug": event_type.get("slug"),
        "id": event_type.get("id"),
        "title": event_type.get("title"),
        "eventName": None,
        "price": 0,
        "recurringEvent": event_type.get("recurrence"),
        "currency": "usd",
        "metadata": {},
        "disableGuests": False,
        "seatsShowAttendees": False,
        "seatsShowAvailabilityCount": True,
        "eventTypeColor": None,
        "customReplyToEmail": None,
        "allowReschedulingPastBookings": False,
        "hideOrganizerEmail": False,
        "disableCancelling": False,
        "disableRescheduling": False,
        "schedulingType": _KINDS.get(event_type.get("schedulingType") or ""),
        "hosts": hosts,
        "length": event_type.get("lengthInMinutes"),
        "team": {name: team[name] for name in ("id", "name", "slug")} if team else None,
        "hostGroups": [],
    }


def _old_attendee(row: Row, place: int) -> dict[str, Any]:
    one = row["attendees"][place]
    return {
        "id": row["id"] * 10 + place,
        "email": one["email"],
        "name": one["name"],
        "timeZone": one["timeZone"],
        "bookingId": row["id"],
        "locale": one.get("language"),
        "phoneNumber": one.get("phoneNumber"),
        "noShow": one["absent"],
    }

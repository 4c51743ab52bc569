"""Serve connected calendars, and which of them are read and written.

No provider is imitated: a connected calendar answers from what it was given, and one that is marked
unreachable fails as Cal.com does when the provider does not answer.
"""

from __future__ import annotations

import re
from typing import Any

from calcom_provider.sandbox.core import app_redirects
from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context, Reply
from calcom_provider.sandbox.core.errors import ApiError, bad_request, not_found, refuse, unauthorized
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.groups.account.conferencing import add_credential
from calcom_provider.sandbox.world.stores import credentials, destination_calendars, selected_calendars
from calcom_provider.sandbox.world.tables import Row

KINDS = {
    "google": ("google_calendar", "google-calendar"),
    "office365": ("office365_calendar", "office365-calendar"),
    "apple": ("apple_calendar", "apple-calendar"),
}
_WORDS = {"google": "google_calendar", "office365": "office_365_calendar", "apple": "apple calendar"}
_CONSENT = {
    "google": "https://accounts.google.com/o/oauth2/v2/auth",
    "office365": "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
}
_NAMES = {
    "google_calendar": ("Google Calendar", "googlecalendar"),
    "apple_calendar": ("Apple Calendar", "applecalendar"),
    "office365_calendar": ("Outlook Calendar", "office365calendar"),
    "ics-feed_calendar": ("ICS Feed", "ics-feedcalendar"),
}
_LOADED = re.compile(r"calendarsToLoad\[(\d+)\]\[(credentialId|externalId)\]")


def _mine(context: Context) -> list[Row]:
    rows = credentials(context.world).ordered("userId", context.caller.user["id"])
    return [row for row in rows if row["type"].endswith("_calendar")]


def _wrong_kind(kinds: str) -> ApiError:
    text = "Invalid calendar type, available calendars are: "
    return ApiError(400, text, "BadRequestException", {"message": text, "error": kinds, "statusCode": 400})


def _credential_view(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("id", "type", "userId", "teamId", "appId", "invalid")}


# -- lists ----------------


def _integration(row: Row) -> dict[str, Any]:
    name, folder = _NAMES[row["type"]]
    return {
        "appData": None,
        "dirName": folder,
        "__template": "",
        "name": name,
        "title": name,
        "slug": row["appId"],
        "type": row["type"],
        "logo": f"/app-store/{folder}/icon.svg",
        "variant": "calendar",
        "categories": ["calendar"],
        "publisher": "Cal.com",
        "email": "help@cal.com",
        "description": name,
        "locationOption": None,
        **_INTEGRATION[row["type"]],
    }


_OAUTH = {"category": "calendar", "installed": True, "url": "https://cal.com/", "isOAuth": True}
_INTEGRATION: dict[str, dict[str, Any]] = {
    "google_calendar": {
        **_OAUTH,
        "installed": False,
        "delegationCredential": {"workspacePlatformSlug": "google"},
    },
    "office365_calendar": {**_OAUTH, "delegationCredential": {"workspacePlatformSlug": "office365"}},
    "apple_calendar": {**_OAUTH, "isOAuth": False},
    "ics-feed_calendar": {"isTemplate": False},
}


def _connected(row: Row) -> dict[str, Any]:
    view = {"integration": _integration(row), "credentialId": row["id"]}
    if row["type"] == "apple_calendar" and not row["reachable"]:
        return {**view, "error": {"message": "No primary calendar found"}}
    view["delegationCredentialId"] = None
    if not row["reachable"]:
        # A provider that does not answer is an error inside of a success
        return {**view, "error": {"message": "Could not get connected calendars"}}
    shown = [
        {
            "name": calendar["name"],
            "readOnly": calendar["readOnly"],
            "externalId": calendar["externalId"],
            "integrationName": row["type"],
            "primary": calendar.get("primary"),
            "isSelected": False,
            "credentialId": row["id"],
            "delegationCredentialId": None,
        }
        for calendar in row["calendars"]
    ]
    return {**view, "primary": shown[0], "calendars": shown} if shown else {**view, "calendars": []}


@handles("calendars.list", cached=False)
def list_calendars(context: Context) -> dict[str, Any]:
    """List the calendars; where none is written to yet, this read chooses one."""
    rows = _mine(context)
    found = _destination(context, rows) if rows else None
    return {"connectedCalendars": [_connected(row) for row in rows], "destinationCalendar": found or {}}


def _destination(context: Context, rows: list[Row]) -> dict[str, Any]:
    table, user_id = destination_calendars(context.world), context.caller.user["id"]
    row = table.first("userId", user_id)
    if row is None:
        first = next((one for one in rows if one["calendars"]), None)
        moment = context.world.now()
        row = table.insert(
            {
                "integration": first["type"] if first else "",
                "userId": user_id,
                "eventTypeId": None,
                "externalId": first["calendars"][0]["externalId"] if first else "",
                "primaryEmail": None,
                "credentialId": first["id"] if first else None,
                "createdAt": moment,
                "updatedAt": moment,
                "delegationCredentialId": None,
                "domainWideDelegationCredentialId": None,
            }
        )
    held = credentials(context.world).get(row["credentialId"])
    calendars = held["calendars"] if held else []
    for calendar in calendars:
        if calendar["externalId"] == row["externalId"]:
            more = {"name": calendar["name"], "readOnly": calendar["readOnly"]}
            names = {"integrationName": row["integration"], "integrationTitle": _NAMES[row["integration"]][0]}
            shown = {name: value for name, value in row.items() if name != "primaryEmail"}
            return {**shown, **more, **names}
    return dict(row)


@handles("calendars.list_busy_times")
def list_busy_times(context: Context) -> list[dict[str, Any]]:
    """List busy times: ``GET /calendars/busy-times``."""
    wanted: dict[str, dict[str, Any]] = {}
    for name, value in context.query.items():
        if found := _LOADED.fullmatch(name):
            number = v.parse_int(value) if found[2] == "credentialId" else None
            wanted.setdefault(found[1], {})[found[2]] = value if number is None else number
    asked: dict[str, Any] = {
        name: value for name, value in context.query.items() if not _LOADED.fullmatch(name)
    }
    if wanted:
        asked["calendarsToLoad"] = list(wanted.values())
    v.validate(
        (
            v.Field("loggedInUsersTz", v.string, required=True),
            v.Field("dateFrom", v.string),
            v.Field("dateTo", v.string),
            v.Field("calendarsToLoad", v.array, required=True),
        ),
        asked,
    )
    mine, found_times = {row["id"]: row for row in _mine(context)}, []
    for calendar in wanted.values():
        row = mine.get(calendar.get("credentialId"))
        if row is None:
            raise unauthorized("These credentials do not belong to you")
        if not row["reachable"]:
            raise refuse(500, "Unable to fetch connected calendars events. Please try again later.")
        # The window is not looked at
        found_times += [{**span, "source": row["appId"]} for span in row.get("busy") or ()]
    return found_times


# -- connections ----------------


@handles("calendars.check")
def check(context: Context) -> Reply:
    """Check: ``GET /calendars/{calendar}/check``."""
    calendar = context.values["calendar"]
    if calendar not in KINDS:
        raise _wrong_kind(", ".join(KINDS))
    return _check(context, KINDS[calendar][0], _WORDS[calendar])


def _check(context: Context, kind: str, word: str) -> Reply:
    rows = [row for row in _mine(context) if row["type"] == kind]
    if not rows:
        raise bad_request(f"Credentials for {word} not found.")
    if not all(row["reachable"] for row in rows):
        raise unauthorized("Could not get connected calendars")
    return Reply({"status": "success"})


@handles("calendars.check_ics_feed")
def check_feed(context: Context) -> Reply:
    """Check feed: ``GET /calendars/ics-feed/check``."""
    return _check(context, "ics-feed_calendar", "Ics Feed calendar")


@handles("calendars.get_auth_url")
def get_auth_url(context: Context) -> dict[str, Any]:
    """Show auth url: ``GET /calendars/{calendar}/connect``."""
    calendar = context.values["calendar"]
    if calendar not in _CONSENT:
        raise _wrong_kind(", ".join(KINDS))
    back = {"origin": "127.0.0.1", "redir": context.text("redir") or ""}
    if context.text("isDryRun") == "true":
        back["isDryRun"] = True  # type: ignore[assignment]
    page = {
        "response_type": "code",
        "client_id": "sandbox",
        "prompt": "consent",
        "redirect_uri": f"http://127.0.0.1/v2/calendars/{calendar}/save",
        "state": app_redirects.state(context, **back),
    }
    return {"authUrl": app_redirects.address(_CONSENT[calendar], page)}


@handles("calendars.save", auth="none")
def save(context: Context) -> Reply:
    """Save: ``GET /calendars/{calendar}/save``."""
    if context.text("state") is None:
        names = "".join(
            f"{name} - Expected string, received null, " for name in ("isDryRun", "origin", "accessToken")
        )
        raise ApiError(400, names, "BAD_REQUEST")
    held = app_redirects.read_state(context)
    if not held.get("isDryRun"):
        user = app_redirects.user_of(context, held)
        kind, app = KINDS.get(context.values["calendar"], KINDS["google"])
        add_credential(
            context.world,
            kind,
            app,
            user["id"],
            calendars=[
                {"name": user["email"], "externalId": user["email"], "readOnly": False, "primary": True}
            ],
        )
    return app_redirects.redirect(held.get("redir") or held.get("origin"))


_text = v.every(
    v.rule(
        "minLength",
        "{} must be longer than or equal to 1 characters",
        lambda x: isinstance(x, str) and bool(x),
    ),
    v.string,
)


@handles("calendars.create_credentials")
def create_credentials(context: Context) -> Reply:
    """Add credentials: ``POST /calendars/{calendar}/credentials``."""
    if context.values["calendar"] != "apple":
        raise _wrong_kind("apple")
    context.body(v.Field("username", _text, required=True), v.Field("password", _text, required=True))
    # They are kept without being tried; here nobody answers to them
    add_credential(context.world, *KINDS["apple"], context.caller.user["id"], reachable=False)
    return Reply({"status": "success"}, 201)


def _feed(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"https?://\S+\.ics", value))


_urls = v.every(
    v.rule(
        "IsICSUrlConstraint",
        "The URL must be a valid ICS URL (ending with .ics)",
        lambda x: isinstance(x, list) and all(map(_feed, x)),
    ),
    v.rule("isNotEmpty", "each value in {} should not be empty", lambda x: x is not v.MISSING),
    v.rule("arrayNotEmpty", "{} should not be empty", lambda x: isinstance(x, list) and bool(x)),
    v.array,
)


@handles("calendars.create_ics_feed")
def create_feed(context: Context) -> dict[str, Any]:
    """Add feed: ``POST /calendars/ics-feed/save``."""
    body = context.body(v.Field("urls", _urls, required=True), v.Field("readOnly", v.boolean, default=True))
    shown = [
        {"name": address.rpartition("/")[2], "externalId": address, "readOnly": body["readOnly"]}
        for address in body["urls"]
    ]
    # Repeated it is a second one
    row = add_credential(
        context.world, "ics-feed_calendar", "ics-feed", context.caller.user["id"], calendars=shown
    )
    return _credential_view(row)


@handles("calendars.disconnect")
def disconnect(context: Context) -> dict[str, Any]:
    """Disconnect: ``POST /calendars/{calendar}/disconnect``."""
    number = context.body(v.Field("id", v.integer, required=True))["id"]
    row = next((one for one in _mine(context) if one["id"] == number), None)
    if row is None:
        raise not_found("Calendar credentials not found")
    return _credential_view(credentials(context.world).delete(row))


# -- events ----------------


@handles("calendar_events.get")
def get_event(context: Context) -> Any:
    """Show event: ``GET /calendars/{calendar}/event/{eventUid}``."""
    if context.values["calendar"] != "google":
        raise bad_request("Meeting details are currently only available for Google Calendar")
    raise not_found("Booking reference not found")


@handles("calendar_events.update")
def update_event(context: Context) -> Any:
    """Change event: ``PATCH /calendars/{calendar}/events/{eventUid}``."""
    if context.values["calendar"] != "google":
        raise bad_request("Event updates are currently only available for Google Calendar")
    raise not_found("Booking reference not found")


# -- selected and destination ----------------

_SELECTED = ("userId", "integration", "externalId", "credentialId")


@handles("selected_calendars.create")
def select(context: Context) -> Any:
    """Select: ``POST /selected-calendars``."""
    body = context.body(
        v.Field("integration", v.string, required=True),
        v.Field("externalId", v.string, required=True),
        v.Field("credentialId", v.integer, required=True),
    )
    if not any(row["id"] == body["credentialId"] for row in _mine(context)):
        raise not_found("Calendar credentials not found")
    table, user_id = selected_calendars(context.world), context.caller.user["id"]
    values = {"userId": user_id, **{name: body[name] for name in _SELECTED[1:]}}
    for row in table.by("userId", user_id):
        if all(row[name] == values[name] for name in _SELECTED):
            # Repeated it is a success without data
            return Reply({"status": "success"}, 201)
    table.insert(dict(values))
    return values


@handles("selected_calendars.delete")
def unselect(context: Context) -> dict[str, Any]:
    """Unselect: ``DELETE /selected-calendars``."""
    table = selected_calendars(context.world)
    for row in table.by("userId", context.caller.user["id"]):
        if all(context.text(name) in (None, str(row[name])) for name in _SELECTED[1:]):
            table.delete(row)
            return {name: row[name] for name in _SELECTED}
    raise not_found("Selected calendar not found")


_integration_name = v.every(
    v.rule(
        "isEnum",
        "{} must be one of the following values: ",
        lambda x: isinstance(x, str) and x in {kind for kind, _ in KINDS.values()},
    ),
    v.string,
)


@handles("destination_calendars.update")
def set_destination(context: Context) -> dict[str, Any]:
    """Set destination: ``PUT /destination-calendars``."""
    body = context.body(
        v.Field("integration", _integration_name, required=True),
        v.Field("externalId", v.string, required=True),
    )
    for row in _mine(context):
        known = {calendar["externalId"] for calendar in row["calendars"] if not calendar["readOnly"]}
        if row["type"] == body["integration"] and body["externalId"] in known:
            found = _destination(context, _mine(context))
            table = destination_calendars(context.world)
            held = table.get(found["id"])
            assert held is not None
            table.update(held, credentialId=row["id"], **body, updatedAt=context.world.now())
            return {name: held[name] for name in _SELECTED}
    raise not_found(f"Could not find calendar {body['externalId']}")

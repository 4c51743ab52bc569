"""Serve routing forms and their responses, with the filters that do not do what they say."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.errors import (
    bad_request,
    database_error,
    forbidden,
    invalid,
    missing_record,
    not_found,
)
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.deliveries.outbox import announce_response
from calcom_provider.sandbox.groups.event_types.free_slots import free
from calcom_provider.sandbox.world.bookings import sort_rows
from calcom_provider.sandbox.world.slugs import slugify
from calcom_provider.sandbox.world.stores import form_responses, routing_forms
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World

_FULL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d(T.*)?")
_date_string = v.rule(
    "isDateString",
    "{} must be a valid ISO 8601 date string",
    lambda value: isinstance(value, str) and bool(_DAY.fullmatch(value)),
)
_NO_ROUTE = "Route to which the form response should be redirected not found."


def response_view(row: Row) -> dict[str, Any]:
    """Show a form's response as the API does."""
    # The time of the last change can be asked for at organisation level but is never shown
    names = ("id", "formId", "formFillerId", "routedToBookingUid", "response", "createdAt")
    return {name: row[name] for name in names}


def add_form(world: World, team_id: int | None, name: str, **fields: Any) -> Row:
    """Add a routing form of a team."""
    moment = world.now()
    row = {
        "description": None,
        "position": 0,
        "routes": [],
        "createdAt": moment,
        "updatedAt": moment,
        "name": name,
        "fields": [],
        "updatedById": None,
        "userId": None,
        "teamId": team_id,
        "disabled": False,
        "settings": {"emailOwnerOnSubmission": False},
        **fields,
    }
    return routing_forms(world).insert(row)


def add_response(world: World, form: Row, response: Any, **fields: Any) -> Row:
    """Add a response to a routing form."""
    moment = fields.pop("createdAt", None) or world.now()
    row = {
        "formId": form["id"],
        "formFillerId": world.ids.token(22),
        "routedToBookingUid": None,
        "response": response,
        "createdAt": moment,
        "updatedAt": moment,
        **fields,
    }
    return form_responses(world).insert(row)


# -- lists ----------------


def _page(context: Context, rows: list[Row], columns: tuple[str, ...]) -> list[Row]:
    """Filter, sort and cut; a later bound of the same column takes the place of the earlier one."""
    size, skip = _number(context, "take", 250), _number(context, "skip", 0)
    for column in columns:
        word = f"{column[0].upper()}{column[1:]}"
        after, before = _bound(context, f"after{word}"), _bound(context, f"before{word}")
        if before is not None:
            # With both bounds only this one counts
            rows = [row for row in rows if row[column] is not None and row[column] <= before]
        elif after is not None:
            rows = [row for row in rows if row[column] is not None and row[column] >= after]
    for column in reversed(columns):
        name = f"sort{column[0].upper()}{column[1:]}"
        text = f'{name[0].upper()}{name[1:]} must be either "asc" or "desc".'
        direction = context.choice(name, ("asc", "desc"), text)
        if direction:
            rows = sort_rows(context.world, rows, column, direction == "desc")
    return rows[skip : skip + size]


def _number(context: Context, name: str, default: int) -> int:
    """Read a size that nobody checks: no maximum, zero finds nothing, text is an internal error."""
    text = context.text(name)
    if text is None:
        return default
    value = v.parse_int(text)
    if value is None or value < 0:
        raise database_error()
    return value


def _bound(context: Context, name: str) -> str | None:
    text = context.text(name)
    if text is None:
        return None
    if not _DAY.fullmatch(text):
        problem = {"isIso8601": f"{name} must be a valid ISO 8601 date string"}
        raise invalid([v.complaint({name: text}, name, text, problem)])
    if not _FULL.fullmatch(text):
        # A day alone passes the check and fails in the database
        raise database_error()
    return text


@handles("org_routing_forms.list", role="ORG_ADMIN", plan="ESSENTIALS")
def list_forms(context: Context) -> list[Row]:
    """List forms: ``GET /organizations/{orgId}/routing-forms``."""
    # Only forms of teams are listed, never those of users
    teams = {row["id"] for row in context.world.teams.by("parentId", context.org_id)}
    asked = context.numbers("teamIds")
    if asked is not None:
        teams &= set(asked)
    rows = [row for row in routing_forms(context.world).ordered() if row["teamId"] in teams]
    return _page(context, rows, ("createdAt", "updatedAt"))


@handles("org_team_routing_forms.list", role="TEAM_ADMIN", plan="ESSENTIALS")
def list_team_forms(context: Context) -> list[Row]:
    """List team forms: ``GET /organizations/{orgId}/teams/{teamId}/routing-forms``."""
    rows = list(routing_forms(context.world).ordered("teamId", context.team["id"]))
    return _page(context, rows, ("createdAt", "updatedAt"))


def _form(context: Context) -> Row | None:
    row = routing_forms(context.world).get(context.values["routingFormId"])
    team = context.world.teams.get(row["teamId"]) if row else None
    return row if team and team["parentId"] == context.org_id else None


def _team_form(context: Context) -> Row:
    row, number = _form(context), context.values["routingFormId"]
    if row is None or row["teamId"] != context.team["id"]:
        raise forbidden(
            f"IsRoutingFormInTeam - team with id=({context.team['id']}) does not own routing form with "
            f"id=({number})."
        )
    return row


def _responses(context: Context, form: Row, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = list(form_responses(context.world).ordered("formId", form["id"]))
    uid = context.text("routedToBookingUid")
    if uid is not None:
        rows = [row for row in rows if row["routedToBookingUid"] == uid]
    return [response_view(row) for row in _page(context, rows, columns)]


@handles("org_routing_form_responses.list", role="ORG_ADMIN", plan="ESSENTIALS")
def list_responses(context: Context) -> list[dict[str, Any]]:
    """List responses: ``GET /organizations/{orgId}/routing-forms/{routingFormId}/responses``."""
    form = _form(context)
    if form is None:
        raise missing_record()
    return _responses(context, form, ("createdAt", "updatedAt"))


@handles("org_team_routing_form_responses.list", role="TEAM_ADMIN", plan="ESSENTIALS")
def list_team_responses(context: Context) -> list[dict[str, Any]]:
    """Answer ``GET /organizations/{orgId}/teams/{teamId}/routing-forms/{routingFormId}/responses``."""
    # Filters and sort by changes are taken and ignored here
    return _responses(context, _team_form(context), ("createdAt",))


# -- writes ----------------


def _update(context: Context, form: Row | None) -> dict[str, Any]:
    number = context.parsed_number("responseId")
    row = form_responses(context.world).get(number)
    if form is None or row is None or row["formId"] != form["id"]:
        raise missing_record()
    sent = context.body(v.Field("response", v.anything)).get("response")
    changes = {} if sent is None else {"response": _spread(sent)}
    return response_view(form_responses(context.world).update(row, **changes, updatedAt=context.world.now()))


def _spread(sent: Any) -> Any:
    # Anything is taken; a text becomes its letters by place
    return {str(place): letter for place, letter in enumerate(sent)} if isinstance(sent, str | list) else sent


@handles("org_routing_form_responses.update", role="ORG_ADMIN", plan="ESSENTIALS")
def update_response(context: Context) -> dict[str, Any]:
    """Answer ``PATCH /organizations/{orgId}/routing-forms/{routingFormId}/responses/{responseId}``."""
    return _update(context, _form(context))


@handles("org_team_routing_form_responses.update", role="TEAM_ADMIN", plan="ESSENTIALS")
def update_team_response(context: Context) -> dict[str, Any]:
    """Answer ``PATCH /organizations/{orgId}/teams/{teamId}/routing-forms/{routingFormId}/responses/{responseId}``."""
    return _update(context, _team_form(context))


def _window(context: Context) -> tuple[date, date]:
    fields = tuple(v.Field(name, _date_string, required=True) for name in ("start", "end"))
    asked = v.validate(
        fields, {name: context.text(name) for name in ("start", "end") if name in context.query}
    )
    return date.fromisoformat(asked["start"][:10]), date.fromisoformat(asked["end"][:10])


def _answers(context: Context, form: Row) -> dict[str, Any]:
    """Read the answers from the body, by the identifiers of the fields."""
    sent = context.raw_body if isinstance(context.raw_body, dict) else {}
    missing = [
        field["label"]
        for field in form["fields"]
        if field.get("required") and not sent.get(slugify(field["label"]))
    ]
    if missing:
        raise bad_request(f"Missing required fields {', '.join(missing)}")
    named = {slugify(field["label"]): field for field in form["fields"]}
    return {
        named[name]["id"]: {"label": named[name]["label"], "value": value}
        for name, value in sent.items()
        if name in named
    }


def _event_type(context: Context, form: Row) -> Row | None:
    for route in form["routes"]:
        number = route["action"].get("eventTypeId")
        if not route.get("isFallback") and number is not None:
            return context.world.event_types.get(number)
    return None


def _create(context: Context, form: Row | None) -> dict[str, Any]:
    first, last = _window(context)
    if form is None:
        raise not_found("Routing form not found.")
    answers = _answers(context, form)
    routing: dict[str, Any] = {"teamMemberIds": [], "skipContactOwner": False}
    if context.text("queueResponse") == "true":
        routing = {"queuedResponseId": context.world.ids.cuid(), **routing}
    else:
        response = add_response(context.world, form, answers)
        announce_response(context.world, response)
        routing = {"responseId": response["id"], **routing}
    event_type = _event_type(context, form)
    if event_type is None:
        message = next((r["action"].get("value") for r in form["routes"] if r.get("isFallback")), "")
        return {"routing": routing, "routingCustomMessage": message}
    return {
        "routing": routing,
        "eventTypeId": event_type["id"],
        "slots": free(context, event_type, first, last),
    }


@handles("org_routing_form_responses.create", role="ORG_ADMIN", plan="ESSENTIALS")
def create_response(context: Context) -> dict[str, Any]:
    """Add response: ``POST /organizations/{orgId}/routing-forms/{routingFormId}/responses``."""
    return _create(context, _form(context))


@handles("org_team_routing_form_responses.create", role="TEAM_MEMBER", plan="ESSENTIALS")
def create_team_response(context: Context) -> dict[str, Any]:
    """Answer ``POST /organizations/{orgId}/teams/{teamId}/routing-forms/{routingFormId}/responses``."""
    return _create(context, _team_form(context))


@handles("routing_forms.calculate_slots", auth="optional")
def calculate_slots(context: Context) -> dict[str, Any]:
    """Calculate slots: ``POST /routing-forms/{routingFormId}/calculate-slots``."""
    first, last = _window(context)
    form = routing_forms(context.world).get(context.values["routingFormId"])
    sent = context.raw_body if isinstance(context.raw_body, dict) else {}
    event_type = _event_type(context, form) if form and sent else None
    if form is None or event_type is None:
        raise not_found(_NO_ROUTE)
    return {"eventTypeId": event_type["id"], "slots": free(context, event_type, first, last)}

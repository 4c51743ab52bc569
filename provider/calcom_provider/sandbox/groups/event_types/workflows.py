"""Serve the workflows of teams: those of event types, and by contract those of routing forms."""

from __future__ import annotations

from typing import Any

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context, Reply
from calcom_provider.sandbox.core.errors import bad_request, inner_call, not_found, plain
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.world.stores import routing_forms, verified_emails, verified_phones, workflows
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World

_TRIGGER = {"type": "beforeEvent", "offset": {"value": 24, "unit": "hour"}}
_steps = v.rule(
    "arrayMinSize",
    "Your workflow must contain at least one step.",
    lambda value: isinstance(value, list) and bool(value),
)
_CREATE = (
    v.Field("name", v.string, required=True),
    v.Field("activation", v.obj),
    v.Field("trigger", v.obj),
    v.Field("steps", _steps, required=True),
)
_UPDATE = tuple(v.Field(field.name, field.check) for field in _CREATE)


def workflow_view(row: Row) -> dict[str, Any]:
    """Show a workflow as the API does."""
    return {name: row[name] for name in ("id", "name", "activation", "trigger", "steps")}


def add_workflow(world: World, team_id: int, name: str, kind: str = "event-type", **fields: Any) -> Row:
    """Add a workflow of a team."""
    key = "EventType" if kind == "event-type" else "RoutingForm"
    row = {
        "teamId": team_id,
        "kind": kind,
        "name": name,
        "trigger": dict(_TRIGGER),
        "steps": [],
        "activation": {f"isActiveOnAll{key}s": False, f"activeOn{key}Ids": []},
        **fields,
    }
    return workflows(world).insert(row)


def _check_steps(context: Context, body: dict[str, Any]) -> None:
    steps = body.get("steps") or []
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise bad_request("each value in nested property steps must be either object or array")
    for step in steps:
        for name, table, word in (
            ("verifiedEmailId", verified_emails(context.world), "Email"),
            ("verifiedPhoneId", verified_phones(context.world), "Phone"),
        ):
            if name in step:
                row = table.get(step[name])
                if row is None or row["teamId"] != context.team["id"]:
                    raise bad_request(f"Invalid Verified {word} Id.")


def _shown_steps(context: Context, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Keep what Cal.com keeps of the steps: its own template, and never a calendar event."""
    world, shown = context.world, []
    for step in body["steps"]:
        email = verified_emails(world).get(step.get("verifiedEmailId"))
        phone = verified_phones(world).get(step.get("verifiedPhoneId"))
        shown.append(
            {
                "id": world.ids.number("workflow_steps"),
                "stepNumber": step.get("stepNumber"),
                "action": step.get("action"),
                "recipient": step.get("recipient"),
                "email": email["email"] if email else "",
                "phone": phone["phoneNumber"] if phone else "",
                "template": "reminder",
                "includeCalendarEvent": False,
                "sender": step.get("sender"),
                "message": step.get("message") or {},
            }
        )
    return shown


def _activation(context: Context, row: Row, sent: dict[str, Any]) -> dict[str, Any]:
    # Numbers that do not exist are dropped without a word
    if row["kind"] == "event-type":
        known: Any = context.world.event_types
        name, switch = "activeOnEventTypeIds", "isActiveOnAllEventTypes"
    else:
        known = routing_forms(context.world)
        name, switch = "activeOnRoutingFormIds", "isActiveOnAllRoutingForms"
    numbers = [number for number in sent.get(name) or () if number in known]
    return {switch: bool(sent.get(switch)), name: numbers}


def _writes(context: Context) -> None:
    if context.world.membership(context.caller.user["id"], context.team["id"]) is None:
        # Even the owner of the organisation has to be a member of the team
        raise inner_call(401)


def _apply(context: Context, row: Row, body: dict[str, Any]) -> dict[str, Any]:
    changes = {name: body[name] for name in ("name", "trigger") if body.get(name) is not None}
    if body.get("activation") is not None:
        changes["activation"] = _activation(context, row, body["activation"])
    if body.get("steps") is not None:
        changes["steps"] = _shown_steps(context, body)
    return workflow_view(workflows(context.world).update(row, **changes))


class Group:
    """Serve the workflows of one kind.

    :param kind: ``event-type`` or ``routing-form``.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def list(self, context: Context) -> list[dict[str, Any]]:
        """List the team's workflows of this kind."""
        rows = workflows(context.world).ordered("teamId", context.team["id"])
        return [workflow_view(row) for row in context.page([row for row in rows if row["kind"] == self.kind])]

    def find(self, context: Context) -> Row:
        """Return the workflow in the path, refuse one of another team or kind."""
        number = context.number("workflowId")
        row = workflows(context.world).get(number)
        if row is None or row["teamId"] != context.team["id"] or row["kind"] != self.kind:
            raise not_found(f"IsWorkflowInTeam - workflow ({number}) not found.")
        return row

    def get(self, context: Context) -> dict[str, Any]:
        """Show a workflow."""
        return workflow_view(self.find(context))

    def create(self, context: Context) -> dict[str, Any]:
        """Add a workflow from the request's body."""
        body = context.body(*_CREATE)
        _check_steps(context, body)
        # The empty row stays when what follows is refused
        row = add_workflow(context.world, context.team["id"], "", self.kind)
        _writes(context)
        return _apply(context, row, body)

    def update(self, context: Context) -> dict[str, Any]:
        """Change a workflow by the request's body."""
        row, body = self.find(context), context.body(*_UPDATE)
        _writes(context)
        if body.get("trigger") is None and body.get("steps") is None:
            # A name alone is too little
            raise plain()
        _check_steps(context, body)
        return _apply(context, row, body)

    def delete(self, context: Context) -> Reply:
        """Delete a workflow."""
        row = self.find(context)
        _writes(context)
        workflows(context.world).delete(row)
        return Reply({"status": "success"})


for _name, _kind in (
    ("org_team_workflows", "event-type"),
    ("org_team_routing_form_workflows", "routing-form"),
):
    _group = Group(_kind)
    for _verb in ("list", "get", "create", "update", "delete"):
        handles(f"{_name}.{_verb}", role="TEAM_ADMIN", plan="SCALE")(getattr(_group, _verb))

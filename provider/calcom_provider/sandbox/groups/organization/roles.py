"""Serve roles and their permissions, of an organisation and of a team.

No build that was looked into has these routes; what is served here is the contract.
"""

from __future__ import annotations

import re
from typing import Any

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context, Reply
from calcom_provider.sandbox.core.errors import bad_request, not_found
from calcom_provider.sandbox.core.routing import handles
from calcom_provider.sandbox.world.tables import Row, Table

_PERMISSION = re.compile(r"\*\.\*|[a-zA-Z]+(\.[a-zA-Z]+)+")
_permissions = v.rule(
    "isArray",
    "{} must be an array of permissions",
    lambda value: (
        isinstance(value, list) and all(isinstance(p, str) and _PERMISSION.fullmatch(p) for p in value)
    ),
)
_FIELDS = (
    v.Field("color", v.string),
    v.Field("description", v.string),
    v.Field("permissions", _permissions),
)
_NAME = v.every(v.length(1), v.string)


def _table(context: Context) -> Table:
    return context.world.table("roles", key="cuid", indexes=("ownerId",))


def _owner(context: Context) -> int:
    return int(context.team["id"]) if context.team else context.org_id


def _view(context: Context, row: Row) -> dict[str, Any]:
    owner = "teamId" if context.team else "organizationId"
    shown = {name: value for name, value in row.items() if name != "ownerId"}
    return {**shown, owner: row["ownerId"]}


def _role(context: Context) -> Row:
    row = _table(context).get(context.values["roleId"])
    if row is None or row["ownerId"] != _owner(context):
        raise not_found(f"Role with id {context.values['roleId']} not found")
    return row


def _list(context: Context) -> list[dict[str, Any]]:
    return [_view(context, row) for row in context.page(_table(context).ordered("ownerId", _owner(context)))]


def _get(context: Context) -> dict[str, Any]:
    return _view(context, _role(context))


def _create(context: Context) -> dict[str, Any]:
    body = context.body(v.Field("name", _NAME, required=True), *_FIELDS)
    moment = context.world.now()
    row = {
        "name": body["name"],
        "color": body.get("color"),
        "description": body.get("description"),
        "type": "CUSTOM",
        "permissions": body.get("permissions") or [],
        "createdAt": moment,
        "updatedAt": moment,
        "ownerId": _owner(context),
    }
    return _view(context, _table(context).insert(row))


def _update(context: Context) -> dict[str, Any]:
    row = _role(context)
    body = context.body(v.Field("name", _NAME), *_FIELDS)
    return _view(context, _table(context).update(row, **body, updatedAt=context.world.now()))


def _delete(context: Context) -> dict[str, Any]:
    return _view(context, _table(context).delete(_role(context)))


def _list_permissions(context: Context) -> list[str]:
    return list(_role(context)["permissions"])


def _change(context: Context, permissions: list[str]) -> list[str]:
    row = _role(context)
    _table(context).update(row, permissions=list(dict.fromkeys(permissions)), updatedAt=context.world.now())
    return list(row["permissions"])


def _sent(context: Context) -> list[str]:
    return list(context.body(v.Field("permissions", _permissions, required=True))["permissions"])


def _add(context: Context) -> list[str]:
    return _change(context, [*_role(context)["permissions"], *_sent(context)])


def _set(context: Context) -> list[str]:
    return _change(context, _sent(context))


def _remove_many(context: Context) -> Reply:
    named = context.commas("permissions")
    kept = [] if named is None else [p for p in _role(context)["permissions"] if p not in named]
    _change(context, kept)
    return Reply()


def _remove(context: Context) -> Reply:
    permission = context.values["permission"]
    if not _PERMISSION.fullmatch(permission):
        raise bad_request(f"Permission {permission} is not valid")
    _change(context, [p for p in _role(context)["permissions"] if p != permission])
    return Reply()


for _owner_name, _needed in (("org", "ORG_ADMIN"), ("org_team", "TEAM_ADMIN")):
    for _verb, _function in (
        ("roles.list", _list),
        ("roles.get", _get),
        ("roles.create", _create),
        ("roles.update", _update),
        ("roles.delete", _delete),
        ("role_permissions.list", _list_permissions),
        ("role_permissions.add", _add),
        ("role_permissions.set", _set),
        ("role_permissions.remove", _remove),
        ("role_permissions.remove_many", _remove_many),
    ):
        handles(f"{_owner_name}_{_verb}", role=_needed, plan="ESSENTIALS")(_function)

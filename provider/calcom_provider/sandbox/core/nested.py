"""Check objects inside bodies: lists of objects are refused with complaints nested as the objects are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from calcom_provider.sandbox.core import validation as v


def complaints(
    fields: Sequence[v.Field],
    target: Any,
) -> list[dict[str, Any]]:
    """List what is wrong with one object."""
    given = target if isinstance(target, dict) else {}
    found = []
    for field in fields:
        value = given.get(field.name, v.MISSING)
        if (value is v.MISSING or value is None) and not field.required:
            continue
        broken = field.check(field.name, value)
        if broken:
            found.append(v.complaint(target, field.name, value, broken))
    return found


def list_complaint(fields: Sequence[v.Field], body: Any, name: str) -> dict[str, Any] | None:
    """Write the complaint about a list of objects in a body, or None when all of them are right.

    :param fields: what each object may hold.
    :param body: the whole body, which is echoed.
    :param name: the field of the body that holds the list.
    """
    items = body.get(name)
    if not isinstance(items, list):
        return None
    children = []
    for place, item in enumerate(items):
        wrong = complaints(fields, item)
        if wrong:
            children.append({"target": items, "value": item, "property": str(place), "children": wrong})
    if not children:
        return None
    return {"target": body, "value": items, "property": name, "children": children}

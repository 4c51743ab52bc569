"""Put a mark into every declared field about people and every declared secret of what the sandbox answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from calcom_provider.resources.model import Resource
from calcom_provider.resources.registry import catalogue
from calcom_provider.sandbox import Sandbox
from calcom_provider.sandbox.core.wire import Incoming, Response
from calcom_provider.warehouse.schema import Column
from tests.chaos.hostility import unconditional

MARK = "kanarienvogel"
"""Part of every planted text; nothing else that is written anywhere holds it."""


def guarded_columns() -> list[tuple[str, Column]]:
    """Return each column about people or with a secret that holds free values, with its table."""
    return [
        (table.name, column)
        for resource in catalogue().values()
        for table in resource.tables
        for column in table.columns
        if column.data_class != "public" and column.type in ("text", "json")
    ]


def plant_answers(sandbox: Sandbox) -> None:
    """Mark all lists that become tables, from now on."""
    by_operation: dict[str, list[Resource]] = {}
    for resource in catalogue().values():
        by_operation.setdefault(resource.read.operation, []).append(resource)

    def mark(request: Incoming, answer: Response) -> Response | None:
        resources = by_operation.get(sandbox.app.operation_of(request) or "", [])
        if not resources or request.method != "GET":
            return None
        # Some lists are asked for by a name that another one has shown.
        asked = replace(
            request, path=request.path.replace(f"{MARK}.", ""), query=request.query.replace(f"{MARK}.", "")
        )
        whole = sandbox.app.answer(unconditional(asked))
        if whole.status != 200:
            return None
        body = json.loads(whole.body)
        data = body["data"] if isinstance(body, dict) and "data" in body else body
        for row in data if isinstance(data, list) else [data]:
            for resource in resources:
                _mark_row(resource, row)
        headers = {name: value for name, value in whole.headers.items() if name != "ETag"}
        return Response(200, json.dumps(body).encode(), headers)

    sandbox.before_answer(mark)


def _mark_row(resource: Resource, row: dict[str, Any]) -> None:
    for holder, items, column in _places(resource, row):
        if column.data_class == "public" or column.type not in ("text", "json"):
            continue
        source = column.source or column.name
        if source == ".":
            items[:] = [_marked(one, column) for one in items]
        elif source[0] not in "$#":
            *path, last = source.lstrip("^").split(".")
            for name in path:
                holder = holder.get(name) if isinstance(holder, dict) else None
            if isinstance(holder, dict):
                holder[last] = _marked(holder.get(last), column)


def _places(resource: Resource, row: dict[str, Any]) -> Iterator[tuple[Any, list[Any], Column]]:
    """Yield where the value of each column is: the object that has it, and the list that the object is in."""
    for column in resource.table.columns if resource.table is not None else ():
        yield row, [], column
    for child in resource.children:
        items: Any = row
        for part in child.items.split("."):
            items = items.get(part) if isinstance(items, dict) else None
        for column in child.table.columns:
            if column.source.startswith("^"):
                yield row, [], column
            elif column.source == ".":
                yield None, items or [], column
            else:
                for item in items or ():
                    yield item, items, column


def _marked(value: Any, column: Column) -> Any:
    if column.type == "json":
        return [{"note": MARK}] if isinstance(value, list) else {"note": MARK}
    text = "text" if value is None else str(value)
    return text if MARK in text else f"{MARK}.{text}"

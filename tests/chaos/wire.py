"""What a list must become, computed from what the sandbox itself would answer: for every list that becomes a table.

The requests and pages are this module's own, and so is the way from a row to columns; only names are taken from the
declarations: of operations, tables and the fields that columns stand for.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from calcom_provider.api.catalogue.operations import resolve
from calcom_provider.resources.model import Child, Lookup, Read, Resource
from calcom_provider.resources.registry import catalogue
from calcom_provider.sandbox import Sandbox
from calcom_provider.sandbox.core.wire import Incoming
from calcom_provider.warehouse.schema import Column, Table
from tests.chaos import looking
from tests.chaos.truth import plain

Row = dict[str, Any]
SIZE = 100
RUN_KEYS = ("organization_id", "account_id")


class NotOfferedError(Exception):
    """Say that the sandbox does not offer a list to this credential."""


def reader_of(sandbox: Sandbox, resource: Resource) -> tuple[str, int]:
    """Return the key that can read a resource, and the organisation that it reads."""
    if resource.group == "platform":
        return sandbox.keys["operator"], int(sandbox.keys["platform_organization_id"])
    return sandbox.keys["admin"], sandbox.organization_id


def request_of(read: Read, arguments: Mapping[str, Any], key: str, organization: int, query: Row) -> Incoming:
    """Write the request of one page."""
    operation = resolve(read.operation)
    values = {"orgId": organization, **arguments}
    path = "/v2" + operation.path
    for name, value in values.items():
        path = path.replace("{" + name + "}", str(value))
    rest = {
        name: value
        for name, value in values.items()
        if "{" + name + "}" not in operation.path and name != "orgId"
    }
    headers = {"authorization": f"Bearer {key}"}
    if operation.version:
        headers["cal-api-version"] = operation.version
    asked = {**read.parameters, **rest, **query}
    return Incoming("GET", path, urlencode(asked), headers, b"", "127.0.0.1", 200)


def rows_of(sandbox: Sandbox, resource: Resource) -> list[tuple[Row, Row]]:
    """Return every row of a list as the sandbox shows it, with what the list was asked for.

    :raises NotOfferedError: when the sandbox refuses the list.
    """
    key, organization = reader_of(sandbox, resource)
    read = resource.read
    found = []
    for arguments in _arguments(sandbox, read):
        found += [(row, arguments) for row in _pages(sandbox, read, arguments, key, organization)]
    return found


def refuses(sandbox: Sandbox, resource: Resource) -> bool:
    """Tell whether the sandbox refuses a part of a list to its reader, so that the list cannot be read whole."""
    key, organization = reader_of(sandbox, resource)
    read = resource.read
    with sandbox.paused():
        return any(
            sandbox.app.answer(request_of(read, arguments, key, organization, {})).status in read.refused_on
            for arguments in _arguments(sandbox, read)
        )


def _arguments(sandbox: Sandbox, read: Read) -> Iterator[Row]:
    if not read.over:
        yield {}
        return
    if read.lookup is not None:
        for person in _people(sandbox, read, read.lookup):
            yield {name: person[source] for name, source in read.arguments.items()}
        return
    for row, outer in rows_of(sandbox, catalogue()[read.over]):
        if all(row.get(name) == value for name, value in read.where.items()):
            yield {
                name: outer[source[1:]] if source.startswith("$") else _dig(row, source)
                for name, source in read.arguments.items()
            }


def _people(sandbox: Sandbox, read: Read, lookup: Lookup) -> list[Row]:
    """Return who is asked: the first person of each row that names what no other table holds."""
    known = {
        row["id"]
        for name in lookup.tables
        if catalogue()[name].read != read
        for row, _ in rows_of(sandbox, catalogue()[name])
    }
    named = {}
    for row, _ in rows_of(sandbox, catalogue()[read.over]):
        first = next(iter(row[lookup.people]), {})
        if row[lookup.reference] not in known and isinstance(first.get("id"), int):
            named[first["id"]] = first
    return [named[number] for number in sorted(named)]


def _pages(sandbox: Sandbox, read: Read, arguments: Row, key: str, organization: int) -> Iterator[Row]:
    paging = resolve(read.operation).paging
    skip = 0
    while True:
        paged = paging is not None and paging.kind in ("take_skip", "limit_offset")
        query = {paging.size_name: SIZE, paging.offset_name: skip} if paged and paging else {}
        answer = sandbox.app.answer(request_of(read, arguments, key, organization, query))
        if answer.status in (*read.empty_on, *read.refused_on):
            return
        if answer.status != 200:
            raise NotOfferedError(f"{read.operation} answers {answer.status}")
        data = json.loads(answer.body)
        data = data["data"] if isinstance(data, dict) and "data" in data else data
        rows = [data] if read.single else data
        yield from rows
        if not paged or len(rows) < SIZE:
            return
        skip += SIZE


def _dig(value: Any, source: str) -> Any:
    for part in source.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def value_of(column: Column, row: Row, item: Any, place: int, arguments: Row) -> Any:
    """Return what a column must hold, in the spelling of :func:`~tests.chaos.truth.plain`."""
    source = column.source or column.name
    if source.startswith("$"):
        found = arguments[source[1:]]
    elif source == "#":
        found = place
    elif source == ".":
        found = item
    elif source.startswith("^"):
        found = _dig(row, source[1:])
    else:
        found = _dig(row if item is None else item, source)
    if column.type == "json":
        return None if found is None else json.dumps(found, sort_keys=True)
    if column.type == "integer" and isinstance(found, str):
        # A host who is gone is shown by a word; ids of people in assignments are digits.
        found = int(found) if found.isdigit() else None
    return plain(found)


def key_of(table: Table) -> tuple[str, ...]:
    return tuple(name for name in table.key if name not in RUN_KEYS)


Tables = dict[str, dict[tuple[Any, ...], Row]]


def expected(sandbox: Sandbox, resource: Resource, without: Collection[Any] = ()) -> Tables:
    """Return what each table of a resource must hold, by key.

    :param without: ids of rows that are left out.
    """
    found: Tables = {table.name: {} for table in resource.tables}
    with sandbox.paused():
        rows = rows_of(sandbox, resource)
    for row, arguments in rows:
        if row.get("id") in without:
            continue
        if resource.table is not None:
            _add(found, resource.table, row, None, 0, arguments)
        for child in resource.children:
            for place, item in enumerate(_dig(row, child.items) or ()):
                _add(found, child.table, row, item, place, arguments)
    return found


def _add(found: Tables, table: Table, row: Row, item: Any, place: int, arguments: Row) -> None:
    made = {
        column.name: value_of(column, row, item, place, arguments)
        for column in table.columns
        if column.name not in RUN_KEYS
    }
    found[table.name][tuple(made[name] for name in key_of(table))] = made


def child_rows(child: Child, row: Row, arguments: Row) -> set[tuple[Any, ...]]:
    """Return the keys of the rows of a child table that one row makes."""
    made: Tables = {child.table.name: {}}
    for place, item in enumerate(_dig(row, child.items) or ()):
        _add(made, child.table, row, item, place, arguments)
    return set(made[child.table.name])


def stored(url: str, resource: Resource) -> tuple[Tables, list[str]]:
    """Return what the tables hold, and what is wrong with their form; a table that is not there is empty."""
    found: Tables = {}
    wrong = []
    with looking.snapshot(url) as fetch:
        there = looking.columns_of(url, fetch)
        for table in resource.tables:
            found[table.name] = {}
            columns = [
                c for c in table.columns if c.name in there.get(table.name, ()) and c.name not in RUN_KEYS
            ]
            if not columns:
                continue
            current = " WHERE is_current" if "is_current" in there[table.name] else ""
            names = [column.name for column in columns]
            for row in looking._select(fetch, table.name, names, current):
                spelled = {c.name: _json(row[c.name]) if c.type == "json" else row[c.name] for c in columns}
                key = tuple(spelled[name] for name in key_of(table))
                if key in found[table.name]:
                    wrong.append(f"{table.name} holds {key} twice")
                found[table.name][key] = spelled
    return found, wrong


def _json(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            pass
    return json.dumps(value, sort_keys=True)

"""Lists and objects inside of rows: what fits nothing that is declared becomes no row."""

from __future__ import annotations

from typing import Any

import pytest

from calcom_provider.resources import get
from calcom_provider.resources.errors import SchemaChangedError
from calcom_provider.resources.model import Child, Resource
from calcom_provider.resources.policy import ColumnPolicy
from calcom_provider.resources.registry import catalogue
from calcom_provider.resources.shaping.tuples import TableShaper

LISTS = [
    (resource.name, child.table.name) for resource in catalogue().values() for child in resource.children
]
ARGUMENTS = {"attributeId": "a1", "teamId": 3, "account": 7}
LEAST = ColumnPolicy(select={table: frozenset() for _, table in LISTS})
STRANGE: dict[str, Any] = {
    "an object of other fields": {"x": 1},
    "an empty object": {},
    "a null": None,
    "a list": [["id", "name", "date", "days", "userId", "stepNumber", "credentialId"]],
    "a true": True,
    "a fraction": 1.5,
}


def of(resource: str, table: str) -> tuple[Resource, Child]:
    found = get(resource)
    return found, next(child for child in found.children if child.table.name == table)


def page(resource: Resource, child: Child | None, row: Any, policy: ColumnPolicy | None = None) -> list[Any]:
    policy = policy or ColumnPolicy()
    table = resource.table if child is None else child.table
    assert table is not None
    made = TableShaper(resource, child, policy.apply(table, main=child is None), policy)
    return made.page([row], 1, ARGUMENTS)


def plain(child: Child) -> bool:
    return any(column.source == "." for column in child.table.columns)


def held(child: Child, items: Any) -> dict[str, Any]:
    owner = next((column for column in child.table.columns if column.source == "^id"), None)
    return {"id": "o1" if owner is not None and owner.type == "text" else 1, child.items: items}


def good(child: Child) -> Any:
    if child.numbers:
        return 4
    if plain(child):
        return "a@example.test"
    named = {"integer": 4, "date": "2026-03-16", "boolean": True}
    found: dict[str, Any] = {}
    for column in child.table.columns:
        source = column.source or column.name
        if source[0] not in "$^#":
            found.setdefault(
                source.partition(".")[0],
                {source.partition(".")[2]: "x"} if "." in source else named.get(column.type, "x"),
            )
    return found


@pytest.mark.parametrize(("name", "table"), LISTS)
def test_a_list_of_what_is_declared_becomes_rows(name: str, table: str) -> None:
    resource, child = of(name, table)
    for policy in (ColumnPolicy(), LEAST):
        assert len(page(resource, child, held(child, [good(child)]), policy)) == 1
        for none in (held(child, []), held(child, None)):
            assert page(resource, child, none, policy) == []


@pytest.mark.parametrize("strange", STRANGE)
@pytest.mark.parametrize(("name", "table"), LISTS)
def test_an_item_that_is_nothing_declared_is_refused(name: str, table: str, strange: str) -> None:
    resource, child = of(name, table)
    for policy in (ColumnPolicy(), LEAST):
        for items in ([STRANGE[strange]], [good(child), *[STRANGE[strange]] * 3]):
            with pytest.raises(SchemaChangedError) as caught:
                page(resource, child, held(child, items), policy)
            assert caught.value.where == f"{name}.{child.items}"
            assert "example.test" not in str(caught.value)


@pytest.mark.parametrize("items", ["text", "", {"id": 1}, {}, 12, 0, True, False])
@pytest.mark.parametrize(("name", "table"), LISTS)
def test_a_list_that_is_none_is_refused(name: str, table: str, items: Any) -> None:
    resource, child = of(name, table)
    with pytest.raises(SchemaChangedError, match="is declared a list and came as"):
        page(resource, child, held(child, items))


def test_a_row_without_any_known_field_is_refused_where_only_its_lists_are_stored() -> None:
    for name, table in LISTS:
        resource, child = of(name, table)
        if resource.table is None:
            for row in ({}, {"x": 1}):
                with pytest.raises(SchemaChangedError, match="without any field that is known"):
                    page(resource, child, row)


def test_an_item_is_known_by_columns_that_are_not_stored() -> None:
    resource, child = of("bookings", "booking_attendees")
    (row,) = page(resource, child, {"id": 5, "attendees": [{"phoneNumber": "+44", "added": 1}]}, LEAST)
    assert row[:3] == (1, 5, 0)


OBJECTS = [
    ("users", None, "profile"),
    ("memberships", None, "user"),
    ("team_memberships", None, "user"),
    ("bookings", None, "eventType"),
    ("team_workflows", None, "trigger"),
    ("team_workflows", None, "trigger.offset"),
    ("account_profile", None, "organization"),
    ("account_calendars", "account_calendars", "integration"),
    ("account_calendars", "account_calendars", "primary"),
]


def holding(table: str | None, path: str, value: Any) -> dict[str, Any]:
    *outer, last = path.split(".")
    found: Any = {last: value}
    for part in reversed(outer):
        found = {"type": "x", part: found}
    if table is None:
        return {"id": 1, **found}
    return {"connectedCalendars": [{"credentialId": 4, **found}]}


@pytest.mark.parametrize(("name", "table", "path"), OBJECTS)
def test_an_inner_object_is_one_or_nothing(name: str, table: str | None, path: str) -> None:
    resource = get(name)
    child = None if table is None else of(name, table)[1]
    for nothing in (None, {}):
        assert len(page(resource, child, holding(table, path, nothing))) == 1
    for strange in ({"x": 1}, [], "", 0, False, "text", 12, [{"id": 1}]):
        with pytest.raises(SchemaChangedError, match="is declared an object and came as"):
            page(resource, child, holding(table, path, strange))


def test_an_object_inside_an_object_is_no_unknown_field() -> None:
    resource = get("team_workflows")
    row = {"id": 1, "trigger": {"type": "BEFORE_EVENT", "offset": {"value": 1, "unit": "hour"}}}
    for policy in (ColumnPolicy(), ColumnPolicy(schema_evolution="freeze")):
        assert len(page(resource, None, row, policy)) == 1
    assert page(resource, None, row)[0][-1] is None

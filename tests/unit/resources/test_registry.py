"""Resources can be found, chosen and trusted to name what the API and the warehouse have."""

from __future__ import annotations

import pytest

from calcom_provider.api.catalogue.operations import catalogue as operations
from calcom_provider.api.catalogue.operations import resolve
from calcom_provider.api.errors import ConfigurationError
from calcom_provider.resources import catalogue, get, select
from calcom_provider.resources.model import Resource
from calcom_provider.resources.registry import unread_lists
from calcom_provider.warehouse.schema import Table

ALL = list(catalogue().values())
TABLES = [(resource, table) for resource in ALL for table in resource.tables]
MAIN = {
    "users",
    "memberships",
    "attributes",
    "attribute_options",
    "attribute_assignments",
    "ooo_entries",
    "teams",
    "team_memberships",
}


@pytest.mark.parametrize("resource", ALL, ids=lambda resource: resource.name)
def test_every_read_names_an_operation_and_its_parameters(resource: Resource) -> None:
    for read in filter(None, (resource.read, resource.read.fallback)):
        operation = resolve(read.operation)
        assert operation.method == "GET"
        names = {parameter.name for parameter in operation.parameters}
        assert set(read.parameters) | set(read.arguments) <= names
        needed = {parameter.name for parameter in operation.at("path")} - {"orgId"}
        assert needed <= set(read.arguments)
        if read.over:
            assert read.over in catalogue()
        if read.windows is not None:
            filters = {read.windows.after, read.windows.created_after, read.windows.start_after}
            assert filters - {""} <= names


@pytest.mark.parametrize(("resource", "table"), TABLES, ids=lambda value: getattr(value, "name", ""))
def test_every_table_begins_its_key_with_the_scope(resource: Resource, table: Table) -> None:
    assert table.key[: len(resource.scope)] == resource.scope
    assert table.key[0] == "organization_id"
    assert len(table.key) > len(resource.scope)
    assert table.comment


def test_table_names_are_unique_and_children_name_their_parents() -> None:
    names = [table.name for _, table in TABLES]
    assert len(names) == len(set(names))
    tables = {table.name: table for _, table in TABLES}
    for _, table in TABLES:
        if table.parent is not None:
            assert len(table.parent.columns) == len(tables[table.parent.table].key)


def test_secrets_and_sensitive_columns_are_marked() -> None:
    marked = {(table.name, column.name): column.data_class for _, table in TABLES for column in table.columns}
    assert marked["ooo_entries", "reason"] == marked["ooo_entries", "notes"] == "sensitive"
    assert marked["bookings", "booking_fields_responses"] == "sensitive"
    assert marked["booking_attendees", "phone_number"] == "sensitive"
    for table in ("webhooks", "oauth_clients", "oauth_client_webhooks", "account_webhooks"):
        assert marked[table, "secret"] == "secret"
    exposed = [
        name
        for name, data_class in marked.items()
        if any(word in name[1] for word in ("secret", "token", "password")) and data_class != "secret"
    ]
    assert exposed == []


def test_default_is_the_people_of_an_organisation_and_all_leaves_out_what_must_be_named() -> None:
    assert {resource.name for resource in select()} == MAIN
    everything = {resource.name for resource in select("all")}
    assert MAIN <= everything
    assert {"bookings", "schedules", "team_event_types"} <= everything
    assert not any(get(name).named_only or get(name).group in ("account",) for name in everything)
    assert "oauth_clients" not in everything
    assert "oauth_clients" in {resource.name for resource in select("all", platform=True)}


def test_an_account_without_organisation_reads_its_own_lists() -> None:
    for names in (None, "all"):
        chosen = select(names, organization=False)
        assert chosen
        assert {resource.group for resource in chosen} == {"account"}


def test_groups_and_names_can_be_mixed() -> None:
    chosen = [resource.name for resource in select("group:bookings, users")]
    assert chosen == ["users", "bookings"]


@pytest.mark.parametrize(
    ("name", "hint"), [("user", "users"), ("group:nothing", "organization"), ("zzz", "calcom resources")]
)
def test_unknown_names_are_explained(name: str, hint: str) -> None:
    with pytest.raises(ConfigurationError, match=hint):
        select(name)


def test_resources_come_after_those_they_are_read_over() -> None:
    order = list(catalogue())
    for resource in ALL:
        if resource.read.over:
            assert order.index(resource.read.over) < order.index(resource.name)


def test_every_list_of_the_api_is_a_resource_or_left_out_for_a_reason() -> None:
    lists = {operation.name for operation in operations().values() if operation.paging}
    read = {
        plan.operation
        for resource in ALL
        for plan in (resource.read, resource.read.fallback)
        if plan is not None
    }
    assert lists - read == set(unread_lists())
    assert all(unread_lists().values())
    assert set(unread_lists()).isdisjoint(read)
    declared = [name for resource in ALL for name in resource.unread]
    assert len(declared) == len(set(declared))


def test_what_the_api_writes_or_fans_out_while_reading_is_only_read_when_named() -> None:
    for name in ("account_calendars", "team_event_type_private_links", "account_team_event_type_webhooks"):
        assert get(name).named_only
        assert [resource.name for resource in select(name)] == [name]
    side_effects = {operation.name for operation in operations().values() if operation.side_effect}
    for resource in ALL:
        if resource.read.operation in side_effects:
            assert resource.named_only

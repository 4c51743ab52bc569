"""Rows that lists are read over, deleted as soon as they have been listed: every kind of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from calcom_provider.resources.model import Read, Resource
from calcom_provider.resources.policy import ColumnPolicy
from calcom_provider.resources.registry import catalogue
from calcom_provider.sandbox.core.wire import Incoming, Response
from calcom_provider.sandbox.groups.organization.teams import drop_team
from calcom_provider.sandbox.world import stores
from calcom_provider.sandbox.world.world import World
from calcom_provider.warehouse import DeleteGuard
from tests.chaos import wire
from tests.plugins.bench import Bench
from tests.plugins.filled import fill


def delete_attribute(world: World, key: Any) -> None:
    for option in list(world.options.by("attributeId", key)):
        world.drop_option(option)
    world.attributes.delete(world.attributes.get(key))


def delete_team(world: World, key: Any) -> None:
    team = world.teams.get(key)
    assert team is not None
    for row in list(world.event_types.by("teamId", key)):
        world.event_types.delete(row)
    drop_team(world, team)


def delete_form(world: World, key: Any) -> None:
    stores.routing_forms(world).delete(stores.routing_forms(world).get(key))


def delete_event_type(world: World, key: Any) -> None:
    world.event_types.delete(world.event_types.get(key))


def delete_client(world: World, key: Any) -> None:
    world.oauth_clients.delete(world.oauth_clients.get(key))


#: How a row of each resource that others are read over goes away. An account's own profile does not.
DELETE: dict[str, Callable[[World, Any], None]] = {
    "attributes": delete_attribute,
    "teams": delete_team,
    "routing_forms": delete_form,
    "team_event_types": delete_event_type,
    "oauth_clients": delete_client,
    "account_teams": delete_team,
    "account_team_event_types": delete_event_type,
    "account_event_types": delete_event_type,
}
#: The id of a private link is what opens it.
SENSITIVE = ColumnPolicy.of({"sensitive": True})
CHILDREN = [
    (resource, read)
    for resource in catalogue().values()
    for read in (resource.read, resource.read.fallback)
    if read is not None and read.over and read.lookup is None and not catalogue()[read.over].read.single
]


def test_every_kind_of_parent_is_deleted_here() -> None:
    assert {read.over for _, read in CHILDREN} == set(DELETE)


@pytest.mark.parametrize(
    ("resource", "read"), CHILDREN, ids=[f"{one.name} over {read.over}" for one, read in CHILDREN]
)
def test_a_parent_that_is_deleted_while_a_sync_runs_does_not_stop_it(
    make_bench: Callable[..., Bench], sqlite_url: str, resource: Resource, read: Read
) -> None:
    """docs/completeness.rst: "A team, form or event type that is deleted while a sync runs"."""
    broken = (resource.read.operation,) if read is resource.read.fallback else ()
    key = "operator" if resource.group == "platform" else "admin"
    bench = make_bench(
        sqlite_url, users=12, bookings=12, event_types=18, oauth_clients=2, key=key, broken=broken
    )
    fill(bench.sandbox)
    bench.sync(resource.name, policy=SENSITIVE)
    doomed = parents(bench, read)[-1]
    left = [doomed]

    def delete(request: Incoming, answer: Response) -> None:
        if bench.sandbox.app.operation_of(request) == catalogue()[read.over].read.operation and left:
            DELETE[read.over](bench.sandbox.state, left.pop())

    bench.sandbox.before_answer(delete)
    result = bench.sync(resource.name, policy=SENSITIVE, full=True, delete_guard=DeleteGuard.off())
    assert not left
    assert doomed not in parents(bench, read)
    refused = 403 in read.refused_on and not all(table.complete for table in result.tables)
    for table in result.tables:
        assert table.status != "failed"
        assert table.complete or refused, table.reason
    if not broken and not refused:
        assert held(sqlite_url, resource) == wanted(bench, resource)


def parents(bench: Bench, read: Read) -> list[Any]:
    """Return the ids of the rows that a list is read over, as the API lists them."""
    rows = [row for row, _ in wire.rows_of(bench.sandbox, catalogue()[read.over])]
    return [row["id"] for row in rows if all(row.get(name) == value for name, value in read.where.items())]


def held(url: str, resource: Resource) -> dict[str, set[Any]]:
    return {name: set(rows) for name, rows in wire.stored(url, resource)[0].items()}


def wanted(bench: Bench, resource: Resource) -> dict[str, set[Any]]:
    return {name: set(rows) for name, rows in wire.expected(bench.sandbox, resource).items()}

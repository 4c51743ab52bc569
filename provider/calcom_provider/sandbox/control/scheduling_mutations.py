"""Change bookings, schedules, routing forms and webhooks behind a reader's back."""

from __future__ import annotations

from datetime import timedelta

from calcom_provider.sandbox.groups.account.schedules import add_schedule
from calcom_provider.sandbox.groups.account.webhooks import OWNERS
from calcom_provider.sandbox.groups.event_types.routing_forms import add_form
from calcom_provider.sandbox.world import stores
from calcom_provider.sandbox.world.bookings import add_booking, attendee, of_organization
from calcom_provider.sandbox.world.tables import Row, Table
from calcom_provider.sandbox.world.world import World, iso

RESOURCES = ("bookings", "schedules", "routing_forms", "webhooks")


def table(world: World, resource: str) -> Table:
    """Return the table of a resource."""
    if resource == "bookings":
        return stores.bookings(world)
    if resource == "webhooks":
        return stores.webhooks(world)
    return stores.routing_forms(world) if resource == "routing_forms" else world.schedules


def rows(world: World, organization_id: int, resource: str) -> tuple[Table, list[Row]]:
    """List the rows that the organisation's list shows."""
    found = table(world, resource)
    if resource == "bookings":
        seen = of_organization(world, organization_id)
        return found, [row for row in found.ordered() if seen(row)]
    if resource == "webhooks":
        return found, list(found.ordered("teamId", organization_id))
    if resource == "routing_forms":
        teams = {row["id"] for row in world.teams.by("parentId", organization_id)}
        return found, [row for row in found.ordered() if row["teamId"] in teams]
    members = {row["userId"] for row in world.profiles.by("organizationId", organization_id)}
    return found, [row for row in found.ordered() if row["userId"] in members]


def insert(world: World, organization_id: int, resource: str) -> int | str:
    """Add a row as the API would, and return its key."""
    number = world.ids.number("newcomers")
    owner = world.users.get(
        min(row["userId"] for row in world.profiles.by("organizationId", organization_id))
    )
    assert owner is not None
    if resource == "bookings":
        event_type = world.event_types.ordered("userId", owner["id"])[0]
        start = (world.today + timedelta(days=30, hours=number % 500)).replace(microsecond=0)
        guest = attendee(f"New {number}", f"new{number}@client.example")
        made = add_booking(world, host=owner, event_type=event_type, start=iso(start), attendees=[guest])
    elif resource == "schedules":
        made = add_schedule(world, owner, f"New {number}", "Europe/Zurich")
    elif resource == "routing_forms":
        made = add_form(world, world.teams.ordered("parentId", organization_id)[0]["id"], f"New {number}")
    else:
        made = stores.webhooks(world).insert(
            {
                **dict.fromkeys(OWNERS),
                "teamId": organization_id,
                "payloadTemplate": None,
                "triggers": ["BOOKING_CREATED"],
                "subscriberUrl": f"https://hooks.lumen.example/new/{number}",
                "active": True,
                "secret": None,
                "createdAt": world.now(),
            }
        )
    return made["id"]  # type: ignore[no-any-return]

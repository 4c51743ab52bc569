"""Change the organisation behind a reader's back: insert, delete or move rows of a list."""

from __future__ import annotations

from random import Random

from calcom_provider.sandbox.control import scheduling_mutations
from calcom_provider.sandbox.deliveries.outbox import announce_absence
from calcom_provider.sandbox.world.tables import Row, Table
from calcom_provider.sandbox.world.world import World

LISTS = {
    "org_users.list": "users",
    "org_memberships.list": "memberships",
    "org_ooo.list": "ooo_entries",
    "org_teams.list": "teams",
    "org_attributes.list": "attributes",
    "org_attribute_options.list_assigned": "attribute_options",
    "org_team_memberships.list": "team_memberships",
    "org_bookings.list": "bookings",
    "org_schedules.list": "schedules",
    "org_routing_forms.list": "routing_forms",
    "org_webhooks.list": "webhooks",
}
"""The resource behind each list that rows can be churned in."""


def mutate(world: World, organization_id: int, resource: str, what: str, place: int = -1) -> int | str:
    """Change one row and return its key.

    :param resource: one of the values of :data:`LISTS`.
    :param what: ``insert``, ``delete`` or ``move`` (an update, which moves a row in physical order).
    :param place: which row in the order of the list; -1 for the last.
    :raises ValueError: for an unknown resource or word.
    """
    if resource not in LISTS.values() or what not in ("insert", "delete", "move"):
        raise ValueError(f"Cannot {what} in {resource}.")
    with world.lock:
        if what == "insert":
            return _insert(world, organization_id, resource)
        table, rows = _rows(world, organization_id, resource)
        row = rows[place % len(rows)]
        if what == "move":
            # Only these show when they were changed last
            changed = resource in ("bookings", "routing_forms")
            table.update(row, **({"updatedAt": world.now()} if changed else {}))
        else:
            _delete(world, resource, row)
        return row["id"]  # type: ignore[no-any-return]


def churn(
    world: World, organization_id: int, operation: str, chances: dict[str, float], random: Random
) -> None:
    """Change rows of the list that is about to be read further, by chance."""
    resource = LISTS.get(operation)
    if resource is None:
        return
    for what, chance in chances.items():
        if random.random() < chance:
            _, rows = _rows(world, organization_id, resource)
            if rows or what == "insert":
                mutate(world, organization_id, resource, what, random.randrange(max(1, len(rows))))


def _rows(world: World, organization_id: int, resource: str) -> tuple[Table, list[Row]]:
    if resource in scheduling_mutations.RESOURCES:
        return scheduling_mutations.rows(world, organization_id, resource)
    if resource == "users":
        profiles = world.profiles.by("organizationId", organization_id)
        ids = sorted(row["userId"] for row in profiles)
        return world.users, [user for user_id in ids if (user := world.users.get(user_id))]
    if resource == "ooo_entries":
        members = {row["userId"] for row in world.profiles.by("organizationId", organization_id)}
        return world.ooo, [row for row in world.ooo.ordered() if row["userId"] in members]
    if resource == "teams":
        return world.teams, world.teams.ordered("parentId", organization_id)
    if resource == "team_memberships":
        teams = world.teams.ordered("parentId", organization_id)
        return world.memberships, [
            row for team in teams for row in world.memberships.ordered("teamId", team["id"])
        ]
    if resource == "attribute_options":
        attributes = world.attributes.ordered("teamId", organization_id)
        return world.options, [
            row for own in attributes for row in world.options.ordered("attributeId", own["id"])
        ]
    table = world.memberships if resource == "memberships" else world.attributes
    return table, table.ordered("teamId", organization_id)


def _insert(world: World, organization_id: int, resource: str) -> int | str:
    if resource in scheduling_mutations.RESOURCES:
        return scheduling_mutations.insert(world, organization_id, resource)
    number = world.ids.number("newcomers")
    if resource in ("users", "memberships"):
        user = world.add_user(
            f"newcomer.{number}@lumen.example", username=f"newcomer.{number}", name="New Comer"
        )
        world.add_profile(user, organization_id)
        membership = world.add_membership(user, organization_id)
        return user["id"] if resource == "users" else membership["id"]  # type: ignore[no-any-return]
    if resource == "teams":
        return world.add_team(f"New team {number}", f"new-team-{number}", organization_id)["id"]  # type: ignore[no-any-return]
    if resource == "attributes":
        return world.add_attribute(organization_id, f"New {number}", f"new-{number}", "TEXT")["id"]  # type: ignore[no-any-return]
    if resource == "attribute_options":
        attribute = world.attributes.ordered("teamId", organization_id)[0]
        option = world.add_option(attribute["id"], f"New {number}", f"new-{number}")
        world.assign(world.memberships.ordered("teamId", organization_id)[0], option["id"])
        return option["id"]  # type: ignore[no-any-return]
    if resource == "team_memberships":
        user = world.add_user(f"newcomer.{number}@lumen.example", username=f"newcomer.{number}")
        world.add_profile(user, organization_id)
        world.add_membership(user, organization_id)
        team = world.teams.ordered("parentId", organization_id)[0]
        return world.add_membership(user, team["id"])["id"]  # type: ignore[no-any-return]
    user_id = min(row["userId"] for row in world.profiles.by("organizationId", organization_id))
    day = f"2027-{number % 12 + 1:02d}-01"
    entry = {
        "uuid": world.ids.uuid(), "userId": user_id, "toUserId": None, "start": f"{day}T00:00:00.000Z",
        "end": f"{day}T23:59:59.999Z", "notes": None, "reason": "vacation",
    }  # fmt: skip
    row = world.ooo.insert(entry)
    announce_absence(world, row)
    return row["id"]  # type: ignore[no-any-return]


def _delete(world: World, resource: str, row: Row) -> None:
    if resource in scheduling_mutations.RESOURCES:
        scheduling_mutations.table(world, resource).delete(row)
    elif resource == "users":
        world.drop_user(row)
    elif resource == "memberships":
        world.drop_membership(row)
    elif resource == "ooo_entries":
        world.ooo.delete(row)
    elif resource == "teams":
        for membership in world.memberships.by("teamId", row["id"]):
            world.memberships.delete(membership)
        world.teams.delete(row)
    elif resource == "attributes":
        for option in world.options.by("attributeId", row["id"]):
            world.drop_option(option)
        world.attributes.delete(row)
    elif resource == "attribute_options":
        world.drop_option(row)
    else:
        world.memberships.delete(row)

"""Every booking belongs to exactly one event type, whatever was synced and kept of event types."""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from calcom_provider.reporting.building.build import Reports
from calcom_provider.resources import registry
from calcom_provider.warehouse import DeleteGuard, RunInfo, Warehouse
from tests.integration.reporting.compare import plain, read_view
from tests.integration.reporting.loading import as_tuple, load, load_together
from tests.integration.reporting.world import ORGANIZATION, TODAY, World, make_world

JOINED = """
SELECT b.organization_id, b.id, count(*) AS found, max(e.event_type_name) AS event_type_name
FROM calcom_bookings b
JOIN dim_event_type e
  ON e.organization_id = b.organization_id AND e.event_type_id = coalesce(b.event_type_id, 0)
GROUP BY b.organization_id, b.id
"""
TABLES = ("bookings", "team_event_types", "teams")


def create(url: str) -> None:
    with Reports(url) as reports:
        made = {one.name: one for one in reports.create(today=TODAY, days_back=3, days_ahead=3)}
    assert made["dim_event_type"].status in ("created", "replaced", "unchanged")


def ask(url: str, text: str) -> list[tuple[Any, ...]]:
    warehouse = Warehouse(url)
    session = warehouse.backend.connect()
    try:
        return [tuple(plain(value) for value in row) for row in session.fetch(text)]
    finally:
        session.close()
        warehouse.close()


def world_with_a_deleted_type() -> tuple[World, int]:
    """Give an organisation that hides one event type and deletes another before the last sync."""
    world = make_world()
    last = dict(world.contents[-1])
    *kept, gone = last["team_event_types"]
    last["team_event_types"] = [kept[0] | {"hidden": True, "slug": "kept", "title": ""}, *kept[1:]]
    return dataclasses.replace(world, contents=(*world.contents[:-1], last)), gone["id"]


def expected(world: World, gone: int, *, marked: bool, listed: bool = True) -> dict[int, dict[str, Any]]:
    """Work out the rows of one organisation."""
    counted = Counter(row["event_type_id"] or 0 for row in world.rows("bookings"))
    types = {row["id"]: row for row in world.contents[0]["team_event_types"]} if listed else {}
    types |= {row["id"]: row for row in world.rows("team_event_types")} if listed else {}
    teams = {row["id"]: row["name"] for row in world.rows("teams")}
    if not marked:
        types.pop(gone, None)
    rows = {}
    for number in {*counted, *types}:
        one = types.get(number)
        rows[number] = {
            "event_type_name": "No event type" if not number else _name(number, one),
            "kind": "none" if not number else "team" if one else "unlisted",
            "team_id": one["team_id"] if one else None,
            "team_name": teams.get(one["team_id"]) if one else None,
            "hidden": bool(one.get("hidden")) if one else None,
            "is_deleted": number == gone if one else None,
            "is_listed": one is not None,
            "bookings": counted[number],
        }
    return rows


def _name(number: int, one: dict[str, Any] | None) -> str:
    return (one or {}).get("title") or (one or {}).get("slug") or f"Event type {number}"


def check(url: str, world: World, rows: dict[int, dict[str, Any]]) -> None:
    view = read_view(url, "dim_event_type")
    mine = view[view["organization_id"] == world.organization_id]
    truth = ("hidden", "is_deleted", "is_listed")
    got = {
        row["event_type_id"]: {
            name: bool(row[name]) if name in truth and row[name] is not None else row[name]
            for name in rows[row["event_type_id"]]
        }
        for row in mine.to_dict("records")
    }
    assert len(mine) == len(got)
    assert got == rows
    joined = {row[1]: row[2] for row in ask(url, JOINED) if row[0] == world.organization_id}
    assert joined == {row["id"]: 1 for row in world.rows("bookings")}


@pytest.mark.parametrize("marks", [False, True])
def test_every_booking_has_its_event_type(warehouse_url: str, marks: bool) -> None:
    world, gone = world_with_a_deleted_type()
    loaded = load(warehouse_url, world, history=False, only=TABLES, marks=marks)
    create(warehouse_url)
    check(warehouse_url, loaded, expected(loaded, gone, marked=marks))


def test_organizations_stay_apart(sqlite_url: str) -> None:
    worlds = [make_world(), make_world(seed=7, organization_id=ORGANIZATION + 10)]
    loaded = load_together(sqlite_url, worlds, only=TABLES)
    create(sqlite_url)
    for world in loaded:
        check(sqlite_url, world, expected(world, -1, marked=True))


def test_versions_of_event_types_are_one_row(warehouse_url: str) -> None:
    world, gone = world_with_a_deleted_type()
    load(warehouse_url, world, history=False, only=("bookings", "teams"))
    warehouse = Warehouse(warehouse_url)
    declared = registry.tables()["team_event_types"]
    for began, contents in zip(world.syncs, world.contents, strict=True):
        scope = {"organization_id": world.organization_id}
        with warehouse.load(RunInfo(scope=scope, started_at=began + timedelta(seconds=1))) as run:
            opened = run.table(
                declared,
                resource="team_event_types",
                mode="history",
                deletes="remove",
                guard=DeleteGuard.off(),
            )
            opened.write([as_tuple(declared, {**scope, **row}) for row in contents["team_event_types"]])
            opened.finish(complete=True)
            run.publish()
    warehouse.close()
    create(warehouse_url)
    check(warehouse_url, world, expected(world, gone, marked=True))


def test_bookings_alone_are_enough(warehouse_url: str) -> None:
    loaded = load(warehouse_url, make_world(), history=False, only=("bookings",))
    create(warehouse_url)
    check(warehouse_url, loaded, expected(loaded, -1, marked=False, listed=False))


def test_event_types_of_users_get_their_titles_and_copies_are_one_row(warehouse_url: str) -> None:
    world, gone = world_with_a_deleted_type()
    both = world.rows("team_event_types")[0]["id"]
    own = [
        {"id": 790, "title": "Coffee", "slug": "coffee", "owner_id": 1001, "hidden": False},
        {"id": both, "title": "A copy", "slug": "copy", "owner_id": 1002, "hidden": False},
        {"id": 999, "title": "Never booked", "owner_id": 1003},
    ]
    contents = tuple({**one, "user_event_types": own} for one in world.contents)
    world = dataclasses.replace(world, contents=contents)
    loaded = load(warehouse_url, world, history=False, only=(*TABLES, "user_event_types"))
    create(warehouse_url)
    rows = expected(loaded, gone, marked=False)
    assert rows[790]["kind"] == "unlisted"
    assert rows[790]["bookings"] > 0
    there = {"hidden": False, "is_deleted": False, "is_listed": True, "kind": "personal"}
    rows[790] |= {**there, "event_type_name": "Coffee"}
    rows[999] = {**rows[790], "event_type_name": "Never booked", "bookings": 0}
    check(warehouse_url, loaded, rows)

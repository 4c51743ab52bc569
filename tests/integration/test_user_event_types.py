"""Event types of single users are looked up for bookings that name them, with few requests, and complete the joins."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from calcom_provider.reporting.building.build import Reports
from calcom_provider.resources import registry
from calcom_provider.sandbox.world.bookings import add_booking
from calcom_provider.sync import plan
from tests.plugins.bench import Bench

NAME = "user_event_types"
OPERATION = "event_types.list"
JOINED = """
SELECT b.id, count(*), max(e.kind), max(e.title) FROM calcom_bookings b
JOIN dim_event_type e
  ON e.organization_id = b.organization_id AND e.event_type_id = coalesce(b.event_type_id, 0)
GROUP BY b.id
"""


def asked(bench: Bench) -> int:
    return int(bench.sandbox.stats()["operations"].get(OPERATION, 0))


def personal(bench: Bench) -> dict[int, int]:
    """Return event types of single users that bookings of the organisation name, each with its owner."""
    stored = {number for (number,) in bench.query("SELECT DISTINCT event_type_id FROM calcom_bookings")}
    teams = {number for (number,) in bench.query("SELECT id FROM calcom_team_event_types")}
    world = bench.sandbox.state
    return {one: world.event_types.get(one)["userId"] for one in stored - teams - {None}}


@pytest.fixture
def bench(make_bench: Callable[..., Bench], url: str) -> Bench:
    made = make_bench(url, users=40, bookings=100)
    with made.sandbox.paused() as world:
        like = next(one for one in world.event_types if one["userId"])
        home = next(one for one in world.profiles if one["userId"] == like["userId"])["organizationId"]
        members = {one["userId"] for one in world.profiles if one["organizationId"] == home}
        for number in sorted(members)[5:13]:
            for slug in ("coffee", "review"):
                own = {**like, "userId": number, "slug": slug, "title": slug.title(), "hidden": False}
                own.pop("id")
                kind = world.event_types.insert(own)
                host = world.users.get(number)
                add_booking(world, host=host, event_type=kind, start="2026-11-02T09:00:00.000Z")
    return made


def test_each_host_of_an_unknown_event_type_is_asked_once(bench: Bench) -> None:
    bench.sync(NAME)
    found = personal(bench)
    assert len(found) >= 16
    assert 8 <= len(set(found.values())) == asked(bench) < 20
    rows = dict(bench.query("SELECT id, owner_id FROM calcom_user_event_types"))
    hidden = {one for one in found if bench.sandbox.state.event_types.get(one)["hidden"]}
    assert len(found) - len(hidden) >= 16
    assert {one: owner for one, owner in found.items() if one not in hidden}.items() <= rows.items()
    assert not hidden & set(rows)
    with Reports(bench.engine.url.render_as_string(hide_password=False)) as reports:
        reports.create(days_back=1, days_ahead=1)
    joined = bench.query(JOINED)
    assert len(joined) == bench.count("bookings")
    assert {row[1] for row in joined} == {1}
    assert {row[2] for row in joined} >= {"personal", "team"}
    named = dict(bench.query("SELECT id, event_type_id FROM calcom_bookings"))
    assert {named[row[0]] for row in joined if row[3] is None} == hidden
    assert {row[2] for row in joined if row[3] is None} == {"unlisted"}


def test_nobody_is_asked_again_for_what_is_known(bench: Bench) -> None:
    bench.sync(NAME)
    before = asked(bench)
    bench.sync(NAME)
    assert asked(bench) == before
    bench.sync(NAME, full=True)
    assert asked(bench) == 2 * before


def test_a_hidden_event_type_is_asked_for_once_and_stays_unlisted(bench: Bench) -> None:
    bench.sync("bookings,team_event_types")
    number = min(personal(bench))
    bench.sandbox.state.event_types.update(bench.sandbox.state.event_types.get(number), hidden=True)
    bench.sync(NAME, full=True)
    before = asked(bench)
    assert bench.query(f"SELECT id FROM calcom_user_event_types WHERE id = {number}") == []
    bench.sync(NAME)
    assert asked(bench) == before
    with Reports(bench.engine.url.render_as_string(hide_password=False)) as reports:
        reports.create(days_back=1, days_ahead=1)
    kind, slug = bench.query(f"SELECT kind, slug FROM dim_event_type WHERE event_type_id = {number}")[0]
    assert (kind, slug) == ("unlisted", bench.sandbox.state.event_types.get(number)["slug"])


def test_one_that_is_gone_keeps_its_last_title(bench: Bench) -> None:
    bench.sync(NAME)
    kind = bench.sandbox.state.event_types.get(min(personal(bench)))
    with bench.sandbox.paused() as world:
        world.event_types.delete(kind)
    bench.sync(NAME, full=True)
    with Reports(bench.engine.url.render_as_string(hide_password=False)) as reports:
        reports.create(days_back=1, days_ahead=1)
    told = "kind, title, event_type_name, is_deleted"
    ((*shown, deleted),) = bench.query(
        f"SELECT {told} FROM dim_event_type WHERE event_type_id = {kind['id']}"
    )
    assert (shown, bool(deleted)) == (["personal", kind["title"], kind["title"]], False)
    assert deleted is not None


def test_a_host_without_any_listed_event_type_is_no_failure(bench: Bench) -> None:
    bench.sync("bookings,team_event_types")
    owner = next(iter(personal(bench).values()))
    world = bench.sandbox.state
    for row in [one for one in world.event_types if one["userId"] == owner]:
        world.event_types.update(row, hidden=True)
    result = bench.sync(NAME, full=True)
    assert {table.table: table.status for table in result.tables}[NAME] in ("published", "unchanged")
    assert bench.query(f"SELECT id FROM calcom_user_event_types WHERE owner_id = {owner}") == []


def test_no_name_of_a_person_is_stored_or_logged_for_it(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[Any] = []
    with caplog.at_level(logging.DEBUG):
        bench.sync(NAME, progress=told.append)
    # What the imitated server logs of its own requests is not ours.
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("uvicorn")]
    names = {user["username"] for user in bench.sandbox.state.users if user["username"]}
    kept = str(bench.query("SELECT * FROM calcom_sync_pages")) + str(
        bench.query("SELECT * FROM calcom_sync_facts")
    )
    text = "\n".join([*ours, *map(str, told), kept])
    assert not [name for name in names if name in text]


def test_it_is_read_only_when_named_and_brings_what_it_goes_by(bench: Bench) -> None:
    assert NAME not in {one.name for one in registry.select("all,group:bookings")}
    chosen = [one.name for one in registry.select(NAME)]
    assert chosen == ["team_event_types", "bookings", NAME]
    made = plan(bench.client, bench.warehouse, resources=NAME)
    planned = {one.resource: one for one in made.resources}
    assert planned[NAME].requests == 0
    assert "how many hosts" in planned[NAME].unknown
    assert not made.certain


def test_a_table_that_is_to_be_replaced_is_merged_all_the_same(bench: Bench) -> None:
    bench.sync(NAME)
    rows = bench.count(NAME)
    bench.sync(NAME, mode="replace", full=True)
    assert bench.count(NAME) == rows > 0

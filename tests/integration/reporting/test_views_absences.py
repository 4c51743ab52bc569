"""Absences, team coverage and bookings in absences, against what Python makes of the same organisation."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pandas as pd
import pytest

from calcom_provider.reporting.building.build import Reports
from calcom_provider.reporting.views import VIEWS
from calcom_provider.resources.policy import ColumnPolicy
from calcom_provider.resources.registry import catalogue
from calcom_provider.warehouse import DeleteGuard, RunInfo, Warehouse
from calcom_provider.warehouse.run import Mode
from tests.integration.reporting import loading
from tests.integration.reporting.compare import assert_same, read_view
from tests.integration.reporting.expected import absences
from tests.integration.reporting.loading import load, load_together
from tests.integration.reporting.world import ORGANIZATION, TODAY, World, make_world

DAYS = 30
FIRST, LAST = TODAY - timedelta(days=DAYS), TODAY + timedelta(days=DAYS)
# The team of pending members, the empty one and one that is nowhere have a minimum too.
MINIMUMS = {81: 8, 82: 3, 83: 40, 85: 1, 86: 2, 99: 5}
NAMES = ("fct_ooo_day", "rpt_team_coverage_day", "rpt_ooo_booking_conflict")
KEYS = {view.name: view.key for view in VIEWS}
NEEDED = ("ooo_entries", "team_memberships", "users", "bookings", "booking_hosts")
SCHEDULES = ("schedules", "schedule_availability", "schedule_overrides")


def make(**options: Any) -> World:
    """Make the organisation with what these views alone tell apart.

    Some are named twice in a team, which counts once; the reason of some entries changes from sync to sync.
    """
    world = make_world(**options)
    reasons = ("travel", "vacation", "sick", None)
    contents = tuple(
        {
            **one,
            "team_memberships": [
                *one["team_memberships"],
                *(row | {"id": row["id"] + 50_000} for row in one["team_memberships"] if row["id"] % 5 == 0),
            ],
            "ooo_entries": [
                row | {"reason": reasons[place]} if row["id"] % 3 == 0 else row for row in one["ooo_entries"]
            ],
        }
        for place, one in enumerate(world.contents)
    )
    return dataclasses.replace(world, contents=contents)


def create(url: str) -> None:
    with Reports(url) as reports:
        reports.create(today=TODAY, days_back=DAYS, days_ahead=DAYS, minimums={**MINIMUMS, 84: 0})


def read_in_one_day(url: str) -> tuple[dict[str, pd.DataFrame], date]:
    """Read the views, again if midnight passes: ``days_until`` counts from the clock's day."""
    today = None
    while today != datetime.now(UTC).date():
        today = datetime.now(UTC).date()
        views = {name: read_view(url, name) for name in NAMES}
    return views, today


def check(url: str, *worlds: World) -> None:
    create(url)
    views, today = read_in_one_day(url)
    expectations: dict[str, Callable[[World, date, date], pd.DataFrame]] = {
        "fct_ooo_day": absences.fct_ooo_day,
        "rpt_team_coverage_day": partial(absences.rpt_team_coverage_day, minimums=MINIMUMS),
        "rpt_ooo_booking_conflict": partial(absences.rpt_ooo_booking_conflict, today=today),
    }
    for name, view in views.items():
        expected = pd.concat([expectations[name](world, FIRST, LAST) for world in worlds], ignore_index=True)
        assert len(expected), name
        assert_same(view, expected, KEYS[name])


def test_without_history(warehouse_url: str) -> None:
    world = load(warehouse_url, make(), history=False)
    check(warehouse_url, world)
    for name in NAMES:
        assert set(read_view(warehouse_url, name)["note"]) == {
            "calcom_ooo_entries without history: the present state stands for every day"
        }


def test_with_history_of_two_organizations_with_the_same_ids(warehouse_url: str) -> None:
    # The ledger that is there has entries of the second one too, with the ids of the first one's.
    first, second = make(), make(seed=7, organization_id=ORGANIZATION + 1)
    both = [first, dataclasses.replace(second, ledger={})]
    one, other = load_together(warehouse_url, both)
    check(warehouse_url, one, dataclasses.replace(other, ledger=one.ledger))


def test_without_a_table_of_schedules_and_without_ledger(warehouse_url: str) -> None:
    only = (*NEEDED, *SCHEDULES[:2])
    check(warehouse_url, load(warehouse_url, make(), only=only, ledger=False))
    listed = read_view(warehouse_url, "fct_ooo_day")
    assert set(listed["is_scheduled_day"]) == set(listed["owned_by_sync"]) == {None}
    assert set(read_view(warehouse_url, "rpt_ooo_booking_conflict")["team_id"]) == {None}


def test_the_reason_is_shown_only_where_it_is_kept(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = catalogue()["ooo_entries"]
    assert entries.table is not None
    kept = dataclasses.replace(entries, table=ColumnPolicy().apply(entries.table).declared)
    monkeypatch.setattr(loading, "catalogue", lambda: {**catalogue(), "ooo_entries": kept})
    world = make()
    contents = tuple(
        {**one, "ooo_entries": [without(row, "reason") for row in one["ooo_entries"]]}
        for one in world.contents
    )
    check(sqlite_url, load(sqlite_url, dataclasses.replace(world, contents=contents), only=NEEDED))
    assert "reason" not in read_view(sqlite_url, "fct_ooo_day").columns


def without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}


def absence(number: int, user: int, first: str, last: str, cover: int | None = None) -> dict[str, Any]:
    start, end = f"{first}T00:00:00.000Z", f"{last}T23:59:59.999Z"
    return {"id": number, "user_id": user, "start_at": start, "end_at": end, "to_user_id": cover}


def test_a_booking_near_midnight_falls_on_the_day_of_the_hosts_clocks(warehouse_url: str) -> None:
    # 1 is in Berlin, where midnight is 23:00 UTC until 28 March and 22:00 from then on; 2 is in New York, where
    # it is 05:00 until 14 March and 04:00 from then on; nobody knows the zone of 3. Each is away for that day.
    zones = {1: "Europe/Berlin", 2: "America/New_York", 3: None}
    away = {1: "2027-03-28", 2: "2027-03-14", 3: "2027-03-28"}
    starts = {
        (1, "2027-03-27T22:59:59.999Z"): False,
        (1, "2027-03-27T23:00:00.000Z"): True,
        (1, "2027-03-28T21:59:59.999Z"): True,
        (1, "2027-03-28T22:00:00.000Z"): False,
        (2, "2027-03-14T04:59:59.999Z"): False,
        (2, "2027-03-14T05:00:00.000Z"): True,
        (2, "2027-03-15T03:59:59.999Z"): True,
        (2, "2027-03-15T04:00:00.000Z"): False,
        (3, "2027-03-27T23:59:59.999Z"): False,
        (3, "2027-03-28T00:00:00.000Z"): True,
    }
    bookings = [
        {
            "id": number,
            "uid": start,
            "start_at": start,
            "status": "accepted",
            "created_at": "2027-03-01T12:00:00Z",
        }
        for number, (_, start) in enumerate(starts)
    ]
    contents = {
        "users": [{"id": user, "time_zone": zone} for user, zone in zones.items()],
        "ooo_entries": [absence(10 + user, user, day, day) for user, day in away.items()],
        "bookings": bookings,
        "booking_hosts": [
            {"booking_id": number, "position": 0, "user_id": user} for number, (user, _) in enumerate(starts)
        ],
    }
    load(warehouse_url, World(ORGANIZATION, (datetime(2027, 3, 5, 6, tzinfo=UTC),), (contents,), {}))
    create(warehouse_url)
    listed = read_view(warehouse_url, "rpt_ooo_booking_conflict")
    columns = ("host_user_id", "booking_uid", "start_utc", "start_local_date", "ooo_id", "detected_on")
    assert set(zip(*(listed[name] for name in columns), strict=True)) == {
        (user, start, start, away[user], 10 + user, "2027-03-05")
        for (user, start), is_out in starts.items()
        if is_out
    }


@pytest.mark.parametrize("history", [True, False])
def test_entries_that_are_marked_as_gone_keep_their_days(warehouse_url: str, history: bool) -> None:
    # 11 is gone and 12 was shortened when the entries are read for the second time.
    before = [absence(11, 1, "2027-03-10", "2027-03-10", 5), absence(12, 2, "2027-03-10", "2027-03-11", 6)]
    after = [absence(12, 2, "2027-03-10", "2027-03-10")]
    resource = catalogue()["ooo_entries"]
    assert resource.table is not None
    warehouse = Warehouse(warehouse_url)
    for began, rows in ((datetime(2027, 3, 1, 6), before), (datetime(2027, 3, 9, 23, 59), after)):
        scope = {"organization_id": ORGANIZATION}
        with warehouse.load(RunInfo(scope=scope, started_at=began.replace(tzinfo=UTC))) as run:
            mode: Mode = "history" if history else "merge"
            opened = run.table(
                resource.table, resource=resource.name, mode=mode, deletes="mark", guard=DeleteGuard.off()
            )
            opened.write([loading.as_tuple(resource.table, {**scope, **row}) for row in rows])
            opened.finish(complete=True)
            run.publish()
    warehouse.close()
    create(warehouse_url)
    seen = "2027-03-01" if history else None
    # Without history nothing tells that 12 once covered another day.
    cut_off = [("2027-03-11", 2, 12, 0, 6, seen, "2027-03-09")] if history else []
    listed = read_view(warehouse_url, "fct_ooo_day")
    columns = ("date", "user_id", "ooo_id", "entries_on_day", "cover_user_id", "first_seen", "removed_on")
    assert sorted(zip(*(listed[name] for name in columns), strict=True)) == [
        ("2027-03-10", 1, 11, 0, 5, seen, "2027-03-09"),
        ("2027-03-10", 2, 12, 1, None, seen, None),
        *cut_off,
    ]

"""Each mart of the dbt package holds, row for row, what our view of the same name does."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.reporting.building.build import Reports
from calcom_provider.reporting.model import View
from calcom_provider.reporting.views import VIEWS
from calcom_provider.warehouse import Warehouse
from tests.integration.dbt_package.project import SCHEMA, make_project
from tests.integration.reporting.compare import assert_same, read_view
from tests.integration.reporting.loading import load
from tests.integration.reporting.world import TODAY, World, make_world

pytestmark = [pytest.mark.dbt, pytest.mark.timeout(900)]
#: Tables that a sync of the resources writes and the generated organisation has no rows of.
EMPTY = ("booking_guests", "team_event_type_hosts", "user_event_types")
MINIMUMS = {81: 8}
AROUND = timedelta(days=30)
#: Resources whose tables the generated organisation has, beside those that are synced by default.
MORE = (
    "bookings",
    "schedules",
    "team_event_types",
    "user_event_types",
    "routing_forms",
    "routing_form_responses",
)
#: Columns that a view has where its table was synced with sensitive columns, which staging models leave out.
SENSITIVE = {"fct_ooo_day": ["reason"]}
#: Of hours since a success that pass between two looks.
NEAR = 0.25


@pytest.fixture(params=["duckdb", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_url"))


def synced(*names: str) -> dict[str, Any]:
    return {f"calcom__using_{name}": True for name in names}


def organisation() -> World:
    world = make_world()
    contents = tuple({**{name: [] for name in EMPTY}, **one} for one in world.contents)
    return dataclasses.replace(world, contents=contents)


def around(day: date) -> dict[str, Any]:
    """Give the variables with which the package knows the days and the minimums of :func:`make_views`."""
    return {
        "calcom__calendar_first": (day - AROUND).isoformat(),
        "calcom__calendar_last": (day + AROUND).isoformat(),
        "calcom__team_minimums": MINIMUMS,
    }


def make_views(url: str, today: date = TODAY) -> dict[str, str]:
    """Make the views, and give what happened to each."""
    with Reports(url) as reports:
        days = AROUND.days
        made = reports.create(today=today, days_back=days, days_ahead=days, minimums=MINIMUMS)
    return {one.name: one.status for one in made}


def assert_marts_equal(url: str, views: dict[str, str]) -> None:
    """Compare every mart with the view; one that could not be made has no mart either."""
    warehouse = Warehouse(url, schema=SCHEMA)
    session = warehouse.backend.connect()
    try:
        held = set(warehouse.backend.reflect(session, "calcom__"))
    finally:
        session.close()
        warehouse.close()
    there = [view for view in VIEWS if views[view.name] == "created"]
    assert {f"calcom__{view.name}" for view in there} == held - {"calcom__tz_offsets"}
    for view in there:
        assert_equals(url, f"calcom__{view.name}", view)


def assert_equals(url: str, name: str, view: View) -> None:
    """Compare a table that dbt made, or what stands for one, with a view."""
    expected, found = read_view(url, view.name), read_view(url, name, schema=SCHEMA)
    if view.name == "rpt_sync_health":
        passed = (found.pop("hours_since_success") - expected.pop("hours_since_success")).dropna()
        assert (passed.abs() < NEAR).all()
    assert_same(found, expected.drop(columns=SENSITIVE.get(view.name, []), errors="ignore"), view.key)


def test_with_everything(url: str, tmp_path: Path) -> None:
    load(url, organisation())
    views = make_views(url)
    assert set(views.values()) == {"created"}
    project = make_project(tmp_path / "project", url)
    used = synced(*MORE, "write_back")
    project.run("build", "--exclude-resource-type", "test", variables={**around(TODAY), **used})
    assert_marts_equal(url, views)
    # The seed of the time zones is no such twin: it is made of the package tzdata, the table of what a machine knows.
    calendar = read_view(url, "int_calcom__calendar", schema=SCHEMA)
    assert_same(calendar, read_view(url, "calcom_calendar"), ("date",))
    for view in VIEWS:
        assert len(read_view(url, view.name)), view.name


@pytest.mark.parametrize("target", ["snowflake", "bigquery"])
def test_sql_of_other_databases_says_the_same(duckdb_url: str, tmp_path: Path, target: str) -> None:
    """Nothing of it runs on the services; translated for DuckDB, it gives what the views do."""
    load(duckdb_url, organisation())
    views = make_views(duckdb_url)
    project = make_project(tmp_path / "project", duckdb_url)
    used = synced(*MORE, "write_back")
    project.run(
        "build",
        "--exclude-resource-type",
        "test",
        "--exclude",
        "tag:calcom_marts",
        variables={**around(TODAY), **used},
    )
    assert set(views.values()) == {"created"}
    for view in VIEWS:
        translated = project.translated(target, view.name)
        execute(duckdb_url, f'CREATE TABLE {SCHEMA}."{target}_{view.name}" AS {translated}')
        assert_equals(duckdb_url, f"{target}_{view.name}", view)
    days = around(TODAY)
    calendar = project.translated(
        target, "calendar", first=days["calcom__calendar_first"], last=days["calcom__calendar_last"]
    )
    # DuckDB makes a time of a day that days were added to, the other databases a day.
    shown = ", ".join(f"CAST({one} AS DATE) AS {one}" for one in ("date", "week_start", "month_start"))
    text = f"CREATE TABLE {SCHEMA}.{target}_calendar AS SELECT * REPLACE ({shown}) FROM ({calendar})"
    execute(duckdb_url, text)
    assert_same(
        read_view(duckdb_url, f"{target}_calendar", schema=SCHEMA),
        read_view(duckdb_url, "calcom_calendar"),
        ("date",),
    )


def execute(url: str, text: str) -> None:
    import duckdb

    with duckdb.connect(url.removeprefix("duckdb:///")) as connection:
        connection.execute(text)

"""The query that the docs show for each view gives what pandas takes from the view, on every database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from calcom_provider.reporting.building.build import Reports
from calcom_provider.reporting.views import VIEWS
from calcom_provider.warehouse import Warehouse
from tests.integration.reporting.compare import plain, read_view
from tests.integration.reporting.loading import load
from tests.integration.reporting.world import TODAY, make_world

QUERIES = Path(__file__).resolve().parents[3] / "docs" / "views"
#: What the docs ask for -> what there is in the generated organisation.
HERE = {"= 71": "= 81", "'South'": "'North'"}
Frame = pd.DataFrame
FIRST, LAST, AFTER = "2027-03-01", "2027-03-31", "2027-04-01"
#: Mondays of the weeks that have their Thursday in March.
WEEKS = ["2027-03-01", "2027-03-08", "2027-03-15", "2027-03-22"]
COUNTED = {"rpt_routing_outcome": "responses", "rpt_write_back": "actions"}


def in_march(view: Frame, column: str = "date") -> Frame:
    return view[view[column].notna() & (view[column] >= FIRST) & (view[column] < AFTER)]


def north(view: Frame) -> Frame:
    return view[(view["attribute_slug"] == "region") & (view["option_value"] == "North")]


def of_team(column: str) -> Callable[[Frame], Frame]:
    """Keep the rows of people who are or were named in the team."""
    people = {row["user_id"] for row in make_world().rows("team_memberships") if row["team_id"] == 81}
    return lambda view: view[view[column].isin(people)]


def then(view: Frame) -> Frame:
    """Keep the versions that held at noon on 15 March."""
    noon = "2027-03-15T12:00:00.000Z"
    return view[(view["valid_from"] <= noon) & (view["valid_to"].isna() | (view["valid_to"] > noon))]


def working(view: Frame) -> Frame:
    return view[view["removed_on"].isna() & view["is_scheduled_day"].isin([None, True, 1])]


TAKEN: dict[str, Callable[[Frame], Frame]] = {
    "dim_event_type": lambda view: view[(view["bookings"] > 0) & view["kind"].isin(["unlisted", "none"])],
    "dim_member_attribute": lambda view: then(north(view)),
    "rpt_headcount_by_attribute_day": lambda view: in_march(north(view)),
    "fct_ooo_day": lambda view: of_team("user_id")(working(in_march(view))),
    "rpt_team_coverage_day": lambda view: in_march(view[view["team_id"] == 81]),
    "rpt_ooo_booking_conflict": lambda view: in_march(view[view["resolved_on"].isna()], "start_local_date"),
    "rpt_attribute_coverage_day": lambda view: in_march(north(view)),
    "rpt_host_week": lambda view: of_team("host_user_id")(view[view["week_start"].isin(WEEKS)]),
    "rpt_routing_outcome": lambda view: in_march(view, "created_at"),
    "rpt_write_back": lambda view: in_march(view, "created_at"),
}


def ask(url: str, text: str) -> Frame:
    warehouse = Warehouse(url)
    session = warehouse.backend.connect()
    try:
        if url.startswith("postgresql"):
            session.execute("SET TIME ZONE 'UTC'")
        columns = _columns(text)
        rows = session.fetch(text)
    finally:
        session.close()
        warehouse.close()
    return Frame([[plain(value) for value in row] for row in rows], columns=columns, dtype=object)


def _columns(text: str) -> list[str]:
    """Read the names of the columns that a query of the docs gives, from its first SELECT."""
    listed = " ".join(line for line in text.splitlines() if not line.startswith("--"))
    listed = listed.split("SELECT ", 1)[1].split(" FROM ", 1)[0]
    depth, parts = 0, [""]
    for letter in listed:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.split()[-1].split(".")[-1] for part in parts]


def rows(frame: Frame) -> list[tuple[Any, ...]]:
    return sorted((tuple(row) for row in frame.itertuples(index=False)), key=repr)


def test_queries(warehouse_url: str) -> None:
    world = load(warehouse_url, make_world())
    with Reports(warehouse_url) as reports:
        reports.create(today=TODAY, days_back=30, days_ahead=30, minimums={81: 8})
    assert TODAY - timedelta(days=30) < pd.Timestamp(FIRST).date() < TODAY
    for name, take in TAKEN.items():
        text = (QUERIES / f"{name}.sql").read_text()
        for docs, here in HERE.items():
            text = text.replace(docs, here)
        taken, got = take(read_view(warehouse_url, name)), ask(warehouse_url, text)
        assert len(got), name
        if name in COUNTED:
            by = [column for column in got if column in taken]
            assert int(got[COUNTED[name]].sum()) == len(taken), name
            groups = taken.groupby(by, dropna=False).size()
            assert sorted(groups) == sorted(int(number) for number in got[COUNTED[name]]), name
        else:
            assert rows(got) == rows(taken[list(got)]), name
    check_costs(warehouse_url, len(world.syncs))


def check_costs(url: str, syncs: int) -> None:
    """Compare the query on sync health, which adds up the tables of each day."""
    text = (QUERIES / "rpt_sync_health.sql").read_text()
    got = ask(url, text)
    view = in_march(read_view(url, "rpt_sync_health"))
    assert 0 < len(got) == view["date"].nunique() < syncs
    changed = view["rows_inserted"] + view["rows_updated"] + view["rows_deleted"]
    assert int(got["rows_changed"].sum()) == int(changed.sum()) > 0
    assert int(got["table_runs"].sum()) == int(view["runs"].sum())


def test_every_view_has_its_query() -> None:
    assert {path.stem for path in QUERIES.glob("*.sql")} == {view.name for view in VIEWS}
    assert set(TAKEN) | {"rpt_sync_health"} == {view.name for view in VIEWS}

"""Members by attribute, option and day, against what Python makes of the same organisation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pandas as pd
import pytest

from calcom_provider.reporting.building.build import Reports
from calcom_provider.reporting.views import VIEWS
from tests.integration.reporting.compare import assert_same, read_view
from tests.integration.reporting.expected import members
from tests.integration.reporting.loading import load, load_together
from tests.integration.reporting.world import ORGANIZATION, TODAY, World, make_world

DAYS = 30
FIRST, LAST = TODAY - timedelta(days=DAYS), TODAY + timedelta(days=DAYS)
EXPECTED = {
    "dim_member_attribute": members.dim_member_attribute,
    "rpt_headcount_by_attribute_day": members.rpt_headcount_by_attribute_day,
    "rpt_attribute_coverage_day": members.rpt_attribute_coverage_day,
}
KEYS = {view.name: view.key for view in VIEWS}
PEOPLE = ("memberships", "attributes", "attribute_options", "attribute_assignments")
TABLES = (*PEOPLE, "ooo_entries", "schedules", "schedule_availability", "schedule_overrides")


def create(url: str, days_back: int = DAYS) -> None:
    with Reports(url) as reports:
        reports.create(today=TODAY, days_back=days_back, days_ahead=DAYS)


def check(url: str, *worlds: World, days_back: int = DAYS, names: tuple[str, ...] = tuple(EXPECTED)) -> None:
    create(url, days_back)
    first = TODAY - timedelta(days=days_back)
    for name in names:
        expected = pd.concat([EXPECTED[name](world, first, LAST) for world in worlds], ignore_index=True)
        assert_same(read_view(url, name), expected, KEYS[name])


def test_views_with_history(warehouse_url: str) -> None:
    check(warehouse_url, load(warehouse_url, make_world(), only=TABLES))


def test_views_without_history(warehouse_url: str) -> None:
    check(warehouse_url, load(warehouse_url, make_world(), history=False, only=TABLES))


def test_views_where_rows_that_are_gone_are_marked(warehouse_url: str) -> None:
    check(warehouse_url, load(warehouse_url, make_world(), history=False, only=TABLES, marks=True))


def test_versions_that_are_gone_may_be_marked_too(sqlite_url: str) -> None:
    check(sqlite_url, load(sqlite_url, make_world(), only=TABLES, marks=True))


def test_organizations_with_the_same_ids_stay_apart(sqlite_url: str) -> None:
    worlds = [make_world(), make_world(seed=7, organization_id=ORGANIZATION + 10)]
    check(sqlite_url, *load_together(sqlite_url, worlds, only=TABLES))


def test_days_before_the_first_sync_are_not_listed(sqlite_url: str) -> None:
    world = load(sqlite_url, make_world(), only=TABLES)
    check(sqlite_url, world, days_back=(TODAY - world.syncs[0].date()).days + 3)
    listed = read_view(sqlite_url, "rpt_headcount_by_attribute_day")
    assert min(listed["date"]) == world.syncs[0].date().isoformat()


def test_without_schedules_everybody_is_scheduled(warehouse_url: str) -> None:
    world = load(warehouse_url, make_world(), only=(*PEOPLE, "ooo_entries"), ledger=False)
    check(warehouse_url, world)


def test_headcount_needs_neither_schedules_nor_absences(sqlite_url: str) -> None:
    world = load(sqlite_url, make_world(), only=PEOPLE)
    check(sqlite_url, world, names=("dim_member_attribute", "rpt_headcount_by_attribute_day"))


Spoil = Callable[[pd.DataFrame], pd.DataFrame]


def changed(name: str, value: str | int | None) -> Spoil:
    def spoil(rows: pd.DataFrame) -> pd.DataFrame:
        rows = rows.copy()
        rows.at[5, name] = value
        return rows

    return spoil


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda rows: rows.drop(index=3), "missing: "),
        (lambda rows: pd.concat([rows, rows.iloc[[3]]], ignore_index=True), "two rows"),
        (lambda rows: rows.drop(columns="note"), "columns differ"),
        (changed("holders", 999), "holders is 999, expected"),
        (changed("option_id", "op-no"), "not expected: "),
        (changed("option_value", None), "option_value is None, expected"),
        (changed("note", ""), "note is '', expected None"),
        (changed("is_uncovered", 2), "is_uncovered is 2, expected"),
        (changed("is_uncovered", None), "is_uncovered is None, expected"),
    ],
)
def test_the_comparison_fails_on_what_is_wrong(spoil: Spoil, message: str) -> None:
    right = members.rpt_attribute_coverage_day(make_world(), TODAY, TODAY)
    key = KEYS["rpt_attribute_coverage_day"]
    assert_same(right.sample(frac=1, random_state=1), right, key)
    with pytest.raises(AssertionError, match=message):
        assert_same(spoil(right), right, key)

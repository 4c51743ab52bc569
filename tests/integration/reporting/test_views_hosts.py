"""Hosts by week and the outcome of routing, against what Python makes of the same organisation."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta

import pandas as pd

from calcom_provider.reporting.building.build import Reports
from calcom_provider.reporting.source import Options
from calcom_provider.reporting.views import VIEWS
from tests.integration.reporting.compare import assert_same, read_view
from tests.integration.reporting.expected.hosts import rpt_host_week, rpt_routing_outcome
from tests.integration.reporting.loading import load, load_together
from tests.integration.reporting.world import ORGANIZATION, TODAY, World, make_world

DAYS = 30
FIRST, LAST = TODAY - timedelta(days=DAYS), TODAY + timedelta(days=DAYS)
KEYS = {view.name: view.key for view in VIEWS}
HOSTING = ("bookings", "booking_hosts", "memberships", "users")
ATTRIBUTES = ("attributes", "attribute_options", "attribute_assignments")
#: Several options at once, an attribute that is switched off, one that nobody has heard of; names of columns that
#: are words of SQL, or those of columns within a view.
OPTIONS = Options(
    host_attributes={"group": "skills", "rated": "office", "nothing": "unheard-of"},
    routing_attribute="skills",
    answers={"position": "size", "returning": "topic", "is_out": "colour"},
)


def create(url: str, options: Options | None = None, first: date = FIRST) -> None:
    with Reports(url, options=options) as reports:
        reports.create(today=TODAY, days_back=(TODAY - first).days, days_ahead=DAYS)


def check(url: str, *worlds: World, options: Options | None = None, first: date = FIRST) -> None:
    create(url, options, first)
    chosen = options or Options()
    weeks = [rpt_host_week(world, first, LAST, chosen.host_attributes) for world in worlds]
    assert_same(read_view(url, "rpt_host_week"), joined(weeks), KEYS["rpt_host_week"])
    check_routing(url, *worlds, options=chosen)


def check_routing(url: str, *worlds: World, options: Options) -> None:
    now, attribute, answers = datetime.now(UTC), options.routing_attribute, options.answers
    expected = joined([rpt_routing_outcome(world, now, attribute, answers) for world in worlds])
    assert_same(read_view(url, "rpt_routing_outcome"), expected, KEYS["rpt_routing_outcome"])


def joined(frames: Collection[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True)


def test_views_with_history(warehouse_url: str) -> None:
    check(warehouse_url, load(warehouse_url, make_world()))


def test_views_without_history(warehouse_url: str) -> None:
    check(warehouse_url, load(warehouse_url, make_world(), history=False))


def test_views_where_rows_that_are_gone_are_marked(warehouse_url: str) -> None:
    check(warehouse_url, load(warehouse_url, make_world(), history=False, marks=True))


def test_organizations_with_the_same_ids_stay_apart(warehouse_url: str) -> None:
    worlds = [make_world(), make_world(seed=7, organization_id=ORGANIZATION + 10)]
    check(warehouse_url, *load_together(warehouse_url, worlds), options=OPTIONS)


def test_hosts_and_bookings_alone(warehouse_url: str) -> None:
    """Without hours, absences, attributes and attendees there is nothing to say of them."""
    world = load(warehouse_url, make_world(), only=(*HOSTING, "routing_form_responses"), ledger=False)
    check(warehouse_url, world)


def test_absences_without_hours(sqlite_url: str) -> None:
    world = load(sqlite_url, make_world(), only=(*HOSTING, "ooo_entries", "routing_form_responses"))
    check(sqlite_url, world)


def test_responses_alone(warehouse_url: str) -> None:
    world = load(warehouse_url, make_world(), only=("routing_form_responses",), ledger=False)
    create(warehouse_url)
    check_routing(warehouse_url, world, options=Options())


def test_the_whole_past_in_weeks(sqlite_url: str) -> None:
    """Weeks of two years, with changes of clocks in the autumn, and two weeks of which only a part is listed."""
    check(sqlite_url, load(sqlite_url, make_world()), first=date(2026, 10, 22))


def test_the_generated_organisation_holds_every_outcome() -> None:
    outcomes = rpt_routing_outcome(make_world(), datetime(2027, 3, 24, tzinfo=UTC))["outcome"]
    assert len(set(outcomes)) == 10

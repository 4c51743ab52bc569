"""The page shows what was worked out by hand, on every database, and nothing about people unless asked to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from typing import Any

import pytest

from calcom_provider.hr.ledger.record import Ledger, Progress
from calcom_provider.hr.plan.model import Action, Facts, Plan, Verdict
from calcom_provider.reporting.building.build import Reports
from calcom_provider.reporting.page.collect import collect
from calcom_provider.reporting.page.data import Page, Panel
from calcom_provider.reporting.page.render import render
from calcom_provider.resources.registry import catalogue
from calcom_provider.warehouse import RunInfo, Warehouse
from tests.integration.reporting import questions_world as world
from tests.integration.reporting.loading import as_tuple, end_run, write_sync
from tests.plugins import templates

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
HOSTILE = "</script><script>alert(1)</script>"
TEAM, USER = f"Sales {HOSTILE}", f"Nora Quill {HOSTILE}"
SECRETS = (
    "nora.quill@lumen.example",
    "Nora Quill",
    "zz-reason",
    "zz-note",
    "zz-before",
    "zz-after",
    "zz-key",
)
USERS: list[world.Row] = [
    {"id": 3, "name": USER, "email": "nora.quill@lumen.example"},
    {"id": 4, "name": None},
]
TEAMS = [{**row, "name": TEAM} if row["id"] == 71 else row for row in world.TEAMS]
OPTIONS = [{**row, "value": f"South {HOSTILE}"} if row["id"] == "south" else row for row in world.OPTIONS]
MADE = (
    Action(
        1,
        "ooo_update",
        "moved",
        user_id=3,
        ooo_id=13,
        before={"start": "2027-03-01", "end": "2027-03-02", "reason": "zz-before"},
        after={
            "start": "2027-03-02",
            "end": "2027-03-02",
            "reason": "zz-after",
            "notes": HOSTILE,
            "to_user_id": None,
        },
        keys=("zz-key",),
    ),
    Action(
        2, "assign", "new", user_id=4, attribute_id="a-region", option_id="north", after={"value": "North"}
    ),
    Action(
        3, "assign", "new", user_id=9, attribute_id="a-region", option_id="north", after={"value": "North"}
    ),
)


class Scripts(HTMLParser):
    """Find the elements that hold scripts, and attributes that run one."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


@pytest.fixture
def synced(warehouse_url: str) -> str:
    """Three syncs of the small organisation with hostile names, a fourth with its costs, and two plans."""
    load(warehouse_url)
    return warehouse_url


@pytest.fixture
def made(synced: str) -> str:
    """With the calendar and a minimum, but without views: the page needs none."""
    with Reports(synced) as reports:
        reports.create(days_back=60, days_ahead=120, minimums={71: 2}, today=NOW.date())
        reports.drop()
    return synced


def load(url: str) -> None:
    templates.fill(url, world.CONTENTS, _write)


def _write(url: str, every: Sequence[Mapping[str, Sequence[world.Row]]]) -> None:
    warehouse = Warehouse(url)
    for began, contents in zip(world.SYNCS, every, strict=True):
        told = [{**row, "reason": "zz-reason", "notes": "zz-note"} for row in contents["ooo_entries"]]
        more: dict[str, Sequence[world.Row]] = {
            "users": USERS,
            "teams": TEAMS,
            "attribute_options": OPTIONS,
            "ooo_entries": told,
        }
        write_sync(warehouse, world.SCOPE, began, {**contents, **more})
    teams = catalogue()["teams"].table
    assert teams is not None
    with warehouse.load(RunInfo(scope=world.SCOPE, started_at=NOW)) as run:
        opened = run.table(teams, resource="teams")
        opened.write([as_tuple(teams, {**world.SCOPE, **row}) for row in TEAMS])
        opened.finish(complete=False, reason="the list moved")
        run.count("teams", requests=12, throttled=1, waited_seconds=2.54)
        run.publish()
    end_run(warehouse, run.run.run_id, NOW)
    warehouse.close()
    plan = Plan("plan-a", "out_of_office", world.ORGANIZATION, "hr", "s", MADE)
    verdicts = (
        Verdict("vanished", False, 9, 5),
        Verdict("match_rate", False, 0.5, 0.8),
        Verdict("stale", True, 0),
    )
    refused = Plan(
        "plan-b", "attributes", world.ORGANIZATION, "hr", "s", (), verdicts, facts=Facts(source_rows=4)
    )
    with Ledger(url) as ledger:
        ledger.save_plan(plan)
        ledger.record(plan, {1: Progress("done"), 2: Progress("done"), 3: Progress("failed", code="gone")})
        ledger.save_plan(refused)


def panels(page: Page) -> dict[str, Panel]:
    return {panel.key: panel for panel in page.panels}


def rows(panel: Panel) -> Iterator[dict[str, Any]]:
    assert panel.missing is None
    assert panel.table is not None
    for row in panel.table.rows:
        yield dict(zip(panel.table.columns, row, strict=True))


def said(page: Page) -> dict[str, tuple[str, ...]]:
    return {one.key: (one.tone, one.number, one.text, *one.details) for one in page.decisions}


def test_sentences_and_tables_are_the_hand_worked_ones(made: str) -> None:
    page = collect(made, now=NOW, show_people=True)
    assert said(page) == {
        "below": (
            "act",
            "1",
            "team is below the minimum in the next 7 days.",
            f"{TEAM} (at least 2): Mon 1 Mar, Tue 2 Mar",
        ),
        "uncovered": (
            "act",
            "1",
            "value of an attribute has days in the next 7 on which all who would work are out, "
            "so routing finds nobody.",
            f"region: South {HOSTILE}: Mon 1 Mar, Tue 2 Mar, Wed 3 Mar",
        ),
        "conflicts": (
            "act",
            "2",
            "bookings of the next 7 days have a host who is out.",
            f"Intro call ({TEAM}): 1",
            "Personal and unlisted event types: 1",
        ),
        "syncs": ("fine", "0", "tables failed to be read; all 13 are fresh, the oldest read 6 hours ago."),
        "stopped": ("fine", "0", "write-backs are stopped."),
        "out": (
            "watch",
            "2",
            "people are out today, and 3 on some day of the next 7.",
            "User 2: Mon 1 Mar",
            "User 1: Mon 1 Mar to Wed 3 Mar",
            f"{USER}: Tue 2 Mar",
        ),
    }
    found = panels(page)
    assert [tuple(row.values()) for row in rows(found["sync-health"])] == [
        ("2027-03-01", 12, 1, 2.5, 1, 0, 1),
        ("2027-02-20", 0, 0, 0.0, 3, 0, 0),
        ("2027-02-01", 0, 0, 0.0, 62, 0, 0),
    ]
    fresh = {row["Table"]: row for row in rows(found["freshness"])}
    assert len(fresh) == 13
    assert fresh["teams"]["Last read (UTC)"] == "2027-03-01 12:00"
    expected = ["booking_hosts", "bookings", "2027-03-01 06:00", 6.0, 9, 0, "organization_id=9"]
    assert list(fresh["booking_hosts"].values()) == expected
    plans = panels(collect(made, now=NOW))["write-back"]
    assert {tuple(row.values())[1:] for row in rows(plans)} == {
        ("plan-a", "hr", "out_of_office", "planned", None, 3, 2, 1),
        ("plan-b", "hr", "attributes", "refused", "match_rate, vanished", 0, 0, 0),
    }


def test_nothing_about_people_is_told_by_default(made: str) -> None:
    page = collect(made, now=NOW)
    html = render(page)
    told = json.dumps([[panel.facts, panel.notes, panel.table and panel.table.rows] for panel in page.panels])
    told += json.dumps(list(said(page).values()))
    for secret in SECRETS:
        assert secret not in told
        assert secret not in html
    # Three people are too few for any number of them, today's included.
    assert said(page)["out"][:3] == ("watch", "<5", "people are out today, and <5 on some day of the next 7.")
    assert "2" not in json.dumps(panels(page)["absences"].facts["all"])


def test_teams_are_named_by_default(made: str) -> None:
    assert TEAM in [team.name for team in collect(made, now=NOW).dimensions.teams]
    assert not re.search(r"Team \d", render(collect(made, now=NOW)))


def test_people_are_shown_on_purpose(made: str) -> None:
    page = collect(made, now=NOW, show_people=True)
    moved, assigned, lost = (row for row in rows(panels(page)["write-back"]) if row["Plan"] == "plan-a")
    assert moved["User"] == f"{USER} (3)"
    assert moved["Before"] == "start: 2027-03-01; reason: zz-before"
    assert moved["After"] == f"start: 2027-03-02; reason: zz-after; notes: {HOSTILE}"
    assert (assigned["User"], assigned["Before"], assigned["After"]) == ("4", "", "value: North")
    assert (lost["User"], lost["Write's state"], lost["Code"]) == ("9", "failed", "gone")
    assert "zz-key" not in render(page)
    assert "Names and rows about single people are shown." in render(page)


def test_names_cannot_break_out(made: str) -> None:
    for people in (False, True):
        html, parser = render(collect(made, now=NOW, show_people=people)), Scripts()
        parser.feed(html)
        assert (parser.scripts, parser.handlers) == (5, [])
        assert HOSTILE not in html
        found = re.search(r'id="data">(.*?)</script>', html)
        assert found is not None
        drawn = json.loads(found[1])
        assert TEAM in drawn["teams"]
        assert ["region", f"South {HOSTILE}"] in [value[:2] for value in drawn["values"]]


def test_a_quarantine_is_told_while_it_lasts(made: str) -> None:
    verdicts = (Verdict("vanished", False, 9, 5),)
    plan = Plan(
        "plan-q", "attributes", world.ORGANIZATION, "hr", "s", (), verdicts, facts=Facts(source_rows=4)
    )
    with Ledger(made) as ledger:
        ledger.save_plan(plan)
        ledger.note_quarantine(plan, "confirmer@lumen.example")
    page = collect(made, now=NOW)
    tone, number, text, detail = said(page)["stopped"]
    assert (tone, number, text) == ("act", "1", "write-back is stopped until somebody confirms.")
    assert detail.startswith("hr, attributes: vanished, since ")
    (row,) = rows(panels(page)["quarantines"])
    assert (row["Namespace"], row["Kind"], row["Guards"], row["Ended (UTC)"]) == (
        "hr",
        "attributes",
        "vanished",
        "lasts",
    )
    assert "confirmer" not in render(page)


def test_without_a_calendar_the_panel_says_what_to_run(synced: str) -> None:
    before = tables(synced)
    found = panels(collect(synced, now=NOW))
    told = {key: panel.missing for key, panel in found.items() if panel.missing}
    asked = {key for key, text in told.items() if "calcom reports create" in text}
    assert asked >= {"bookings", "routing", "growth", "absences", "team-coverage", "attribute-coverage"}
    render(collect(synced, now=NOW, show_people=True))
    assert tables(synced) == before


def tables(url: str) -> set[str]:
    warehouse = Warehouse(url)
    session = warehouse.backend.connect()
    try:
        return set(warehouse.backend.reflect(session, ""))
    finally:
        session.close()
        warehouse.close()


def test_an_empty_database_says_what_to_sync(warehouse_url: str) -> None:
    empty = Warehouse(warehouse_url)
    # What is opened once is there, without a table.
    empty.backend.connect().close()
    empty.close()
    page = collect(warehouse_url, now=NOW)
    told = {panel.key: panel.missing or "" for panel in page.panels}
    assert page.empty
    assert "Sync bookings" in told["bookings"]
    assert "Sync ooo_entries" in told["absences"]
    assert "Sync team_memberships, ooo_entries" in told["team-coverage"]
    assert "Sync memberships" in told["growth"]
    assert "Sync routing_form_responses" in told["routing"]
    assert "Sync any resource" in told["freshness"]
    assert "calcom hr plan" in told["write-back"]
    assert {one.tone for one in page.decisions} == {"unknown"}
    assert all(one.text.endswith(".") for one in page.decisions)
    render(page)


def test_a_calendar_that_ends_too_early_is_told(sqlite_url: str) -> None:
    load(sqlite_url)
    with Reports(sqlite_url) as reports:
        reports.create(days_back=28, days_ahead=9, today=NOW.date())
    found = panels(collect(sqlite_url, now=NOW))
    for key in ("bookings", "absences", "team-coverage", "attribute-coverage"):
        assert "ends on 2027-03-10" in " ".join(found[key].notes)
    later = panels(collect(sqlite_url, now=datetime(2030, 1, 1, tzinfo=UTC)))
    assert "has none of these days" in " ".join(later["absences"].notes)
    assert "has none of these days" in str(later["team-coverage"].missing)


def test_tables_without_history_are_told(sqlite_url: str) -> None:
    warehouse = Warehouse(sqlite_url)
    write_sync(warehouse, world.SCOPE, world.SYNCS[2], world.CONTENTS[2], history=False)
    warehouse.close()
    with Reports(sqlite_url) as reports:
        reports.create(days_back=60, days_ahead=120, today=date(2027, 3, 1))
    found = panels(collect(sqlite_url, now=NOW))
    for key in ("absences", "team-coverage"):
        assert "calcom_ooo_entries without history" in " ".join(found[key].notes)

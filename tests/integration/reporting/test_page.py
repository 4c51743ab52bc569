"""The page shows what was worked out by hand, on every database, and nothing about people unless asked to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from typing import Any

import pytest

from calcom_provider.hr.ledger import Ledger, Progress
from calcom_provider.hr.plan import Action, Facts, Plan, Verdict
from calcom_provider.reporting.build import Reports
from calcom_provider.reporting.page.collect import collect
from calcom_provider.reporting.page.data import Page, Panel
from calcom_provider.reporting.page.render import render
from calcom_provider.resources.registry import catalogue
from calcom_provider.warehouse import RunInfo, Warehouse
from tests.integration.reporting import questions_world as world
from tests.integration.reporting.loading import as_tuple, write_sync

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
    TEAM,
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
    warehouse = Warehouse(url)
    for began, contents in zip(world.SYNCS, world.CONTENTS, strict=True):
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
        run.account("teams", requests=12, throttled=1, waited_seconds=2.54)
        run.publish()
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
    for row in panel.rows:
        yield dict(zip(panel.columns, row, strict=True))


def grid(panel: Panel, days: int) -> Mapping[str, list[Any]]:
    """Give for each group what is drawn on the first days, with a mark where there is one."""
    found: dict[str, list[Any]] = {}
    for row in rows(panel):
        marked = row[panel.columns[-1]]
        found.setdefault(row[panel.columns[0]], []).append((row["Out, %"], "!") if marked else row["Out, %"])
    assert {len(shares) for shares in found.values()} == {28}
    return {group: shares[:days] for group, shares in found.items()}


def test_numbers_are_the_hand_worked_ones(made: str) -> None:
    found = panels(collect(made, now=NOW))
    assert found["sync-health"].rows == (
        ("2027-02-01", 0, 0, 0.0, 60, 0, 0),
        ("2027-02-20", 0, 0, 0.0, 3, 0, 0),
        ("2027-03-01", 12, 1, 2.5, 1, 0, 1),
    )
    fresh = {row["Table"]: row for row in rows(found["freshness"])}
    assert len(fresh) == 12
    assert fresh["teams"]["Last read (UTC)"] == "2027-03-01 12:00"
    expected = ["organization_id=9", "bookings", "booking_hosts", "2027-03-01 06:00", 6.0, 9, 0]
    assert list(fresh["booking_hosts"].values()) == expected

    out = {row["Day"]: (row["Out"], row["Nobody stands in"]) for row in rows(found["absences"])}
    assert len(out) == 28 + 92
    assert {day: counts for day, counts in out.items() if counts != (0, 0)} == {
        **{f"2027-02-{day}": (1, 1) for day in range(20, 27)},
        **{f"2027-02-{day}": (2, 2) for day in (27, 28)},
        "2027-03-01": (2, 1),
        "2027-03-02": (2, 1),
        "2027-03-03": (1, 0),
    }
    assert grid(found["team-coverage"], 4) == {
        "Team 71": [(67, "!"), (67, "!"), 33, 0],
        "Team 72": [0, 50, 0, 0],
    }
    first = next(rows(found["team-coverage"]))
    assert first == {
        "Team": "Team 71",
        "Day": "2027-03-01",
        "Members": 3,
        "Would work": 3,
        "Out": 2,
        "Available": 1,
        "Minimum": 2,
        "Out, %": 67,
        "Below minimum": True,
    }
    assert grid(found["attribute-coverage"], 4) == {
        "region: West": [(100, "!")] * 4,
        f"region: South {HOSTILE}": [(100, "!"), (100, "!"), (100, "!"), 0],
        "region: North": [50, 50, 0, 0],
    }
    assert {row[1:] for row in found["write-back"].rows} == {
        ("plan-a", "out_of_office", "planned", None, "ooo_update", "moved", "done", 1),
        ("plan-a", "out_of_office", "planned", None, "assign", "new", "done", 1),
        ("plan-a", "out_of_office", "planned", None, "assign", "new", "failed", 1),
        ("plan-b", "attributes", "refused", "match_rate, vanished", None, None, None, 0),
    }
    assert [panel.cut or panel.note for panel in found.values()] == [None] * len(found)


def test_nothing_about_people_is_told_by_default(made: str) -> None:
    page = collect(made, now=NOW)
    html = render(page)
    told = json.dumps([panel.rows for panel in page.panels])
    for secret in SECRETS:
        assert secret not in told
        assert secret not in html
    assert "Only holder left" not in html


def test_people_are_shown_on_purpose(made: str) -> None:
    found = panels(collect(made, now=NOW, show_people=True))
    assert set(grid(found["team-coverage"], 1)) == {TEAM, "Support"}
    holders = [
        row["Only holder left"] for row in rows(found["attribute-coverage"]) if row["Day"] == "2027-03-01"
    ]
    assert holders == [None, None, f"{USER} (3)"]
    moved, assigned, lost = (row for row in rows(found["write-back"]) if row["Plan"] == "plan-a")
    assert moved["User"] == f"{USER} (3)"
    assert moved["Before"] == "start: 2027-03-01; reason: zz-before"
    assert moved["After"] == f"start: 2027-03-02; reason: zz-after; notes: {HOSTILE}"
    assert (assigned["User"], assigned["Before"], assigned["After"]) == ("4", "", "value: North")
    assert (lost["User"], lost["Write's state"], lost["Code"]) == ("9", "failed", "gone")
    assert "zz-key" not in json.dumps(found["write-back"].rows)


def test_names_cannot_break_out(made: str) -> None:
    for people in (False, True):
        html, parser = render(collect(made, now=NOW, show_people=people)), Scripts()
        parser.feed(html)
        assert (parser.scripts, parser.handlers) == (3, [])
        assert HOSTILE not in html
        found = re.search(r'id="data">(.*?)</script>', html)
        assert found is not None
        drawn = json.loads(found[1])
        assert f"region: South {HOSTILE}" in {row[0] for row in drawn["attribute-coverage"]["rows"]}
        assert (TEAM in {row[0] for row in drawn["team-coverage"]["rows"]}) is people


def test_without_a_calendar_the_panel_says_what_to_run(synced: str) -> None:
    before = tables(synced)
    found = panels(collect(synced, now=NOW))
    told = {key: panel.missing for key, panel in found.items() if panel.missing}
    assert set(told) == {"absences", "team-coverage", "attribute-coverage"}
    assert all("calcom reports create" in text for text in told.values())
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
    Warehouse(warehouse_url).close()
    told = [panel.missing or "" for panel in collect(warehouse_url, now=NOW).panels]
    assert [text.split(":")[0] for text in told[:5]] == [
        "Sync any resource",
        "Sync any resource",
        "Sync ooo_entries",
        "Sync team_memberships, ooo_entries",
        told[4].split(":")[0],
    ]
    assert "ooo_entries" in told[4]
    assert "calcom hr plan" in told[5]


def test_a_calendar_that_ends_too_early_is_told(sqlite_url: str) -> None:
    load(sqlite_url)
    with Reports(sqlite_url) as reports:
        reports.create(days_back=28, days_ahead=9, today=NOW.date())
    found = panels(collect(sqlite_url, now=NOW))
    assert found["absences"].rows[-1][0] == "2027-03-10"
    for key in ("absences", "team-coverage", "attribute-coverage"):
        assert "ends on 2027-03-10" in str(found[key].cut)
    later = panels(collect(sqlite_url, now=datetime(2030, 1, 1, tzinfo=UTC)))
    assert "has none of these days" in str(later["absences"].cut)
    assert later["team-coverage"].rows == ()


def test_tables_without_history_are_told(sqlite_url: str) -> None:
    warehouse = Warehouse(sqlite_url)
    write_sync(warehouse, world.SCOPE, world.SYNCS[2], world.CONTENTS[2], history=False)
    warehouse.close()
    with Reports(sqlite_url) as reports:
        reports.create(days_back=60, days_ahead=120, today=date(2027, 3, 1))
    found = panels(collect(sqlite_url, now=NOW))
    assert "calcom_ooo_entries without history" in str(found["absences"].note)
    assert "calcom_ooo_entries without history" in render(Page(NOW, (found["team-coverage"],)))

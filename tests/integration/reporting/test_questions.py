"""The SQL that the docs show answers its question, on every database, on an organisation worked out by hand."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.reporting.building.build import Reports
from calcom_provider.warehouse import Warehouse
from tests.integration.reporting import questions_world as world
from tests.integration.reporting.page_sql.ask import connected

DOCS = Path(__file__).resolve().parents[3] / "docs"
QUESTIONS = DOCS / "questions"
ORG = world.ORGANIZATION


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


FIRST, SECOND, THIRD = world.SYNCS
CHECKED = ["attribute_assignments", "attribute_options", "attributes", "booking_attendees", "booking_hosts"]
CHECKED += ["bookings", "memberships", "ooo_entries", "routing_form_responses", "team_event_types"]
CHECKED += ["team_memberships", "teams"]
ANSWERS: dict[str, list[tuple[Any, ...]]] = {
    "out_on_a_day": [
        (ORG, 1, at("2027-03-01"), at("2027-03-03 23:59:59.999"), 2),
        (ORG, 2, at("2027-02-20"), at("2027-03-01 23:59:59.999"), None),
    ],
    "team_coverage": [(ORG, 73, "New", 0, 0, 0), (ORG, 71, "Sales", 3, 2, 1), (ORG, 72, "Support", 2, 0, 2)],
    # South is held by 1 alone, who is out; west by a pending member alone; 3 holds north and is there.
    "uncovered_options": [(ORG, "region", "South", 1), (ORG, "region", "West", 0)],
    "attribute_at_a_time": [
        (ORG, 1, "North", FIRST, SECOND),
        (ORG, 2, "North", FIRST, None),
        (ORG, 5, "West", FIRST, None),
    ],
    "members_without_attribute": [(ORG, 4)],
    # The only holder of west is a pending member.
    "members_by_value": [(ORG, "North", 2), (ORG, "South", 1), (ORG, "West", 0)],
    "cancelled_and_moved": [
        (ORG, "Intro call", 2, 1, 1),
        (ORG, "No event type", 1, 0, 0),
        (ORG, "demo", 1, 0, 0),
    ],
    "hosts_in_a_month": [
        (ORG, 1, 0, 0, 0, 0, 0, None),
        (ORG, 3, 2, 60, 0, 0, 1, 3.5),
        (ORG, 4, 2, 90, 1, 1, 1, 2.0),
    ],
    "no_shows_by_event_type": [(ORG, "Intro call", 2, 1), (ORG, "No event type", 1, 0), (ORG, "demo", 1, 0)],
    "bookings_while_out": [
        (ORG, "b2", at("2027-03-02 09:00"), 3, 13, None),
        (ORG, "b3", at("2027-03-03 23:59"), 1, 11, 2),
    ],
    "routing_outcomes": [(ORG, "f1", 3, 2, 1, 1), (ORG, "f2", 1, 0, 0, 1)],
    # Only the third sync lies in the time asked for: one version and one assignment are new in it.
    "sync_health": [
        (f"organization_id={ORG}", name, THIRD, 0, int(name == "attribute_assignments"), None)
        for name in CHECKED
    ],
}


def plain(value: Any, expected: Any) -> Any:
    """Give a value the type that is expected: databases hand numbers and times over in several."""
    if isinstance(expected, datetime) and value is not None:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if isinstance(value, Decimal):
        return type(expected)(value)
    return value


def ask(url: str, name: str) -> list[tuple[Any, ...]]:
    """Ask as a newcomer does, by the database's own client; a lakehouse has no other than ours."""
    sql = (QUESTIONS / f"{name}.sql").read_text()
    if "+file://" not in url:
        with connected(url) as (run, _):
            return run(sql)
    warehouse = Warehouse(url)
    session = warehouse.backend.connect()
    try:
        return session.fetch(sql)
    finally:
        session.close()
        warehouse.close()


def test_every_question_of_the_docs_has_an_answer_here() -> None:
    files = {path.stem for path in QUESTIONS.glob("*.sql")}
    page = (DOCS / "reporting.rst").read_text()
    assert files == set(ANSWERS)
    assert len(files) == 12
    assert all(f".. literalinclude:: questions/{name}.sql" in page for name in files)


#: What a newcomer should not need: quoted names, casts, literals of a type, functions of one database.
UNPLAIN = re.compile(
    r'"|`|\[|::|\b(CAST|CONVERT|DATE|TIMESTAMP|INTERVAL|EXTRACT|JSON\w*|DATE_\w+|TO_(?:CHAR|DATE|TIMESTAMP)|STR\w+)\b',
    re.I,
)
FUNCTIONS = {"avg", "coalesce", "count", "max", "sum"}
WORDS = {"as", "and", "exists", "in", "on", "when", "then"}


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_the_sql_asks_for_no_knowledge_of_a_database(name: str) -> None:
    sql = re.sub(r"--.*", "", (QUESTIONS / f"{name}.sql").read_text())
    assert UNPLAIN.findall(re.sub(r"'[^']*'", "", sql)) == []
    assert {word.lower() for word in re.findall(r"(\w+)\s*\(", sql)} <= FUNCTIONS | WORDS
    assert len(sql.strip().splitlines()) <= 24


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT u."date" FROM calcom_users u',
        "SELECT `end` FROM calcom_bookings",
        "SELECT b.start_at::date FROM calcom_bookings b",
        "SELECT cast(b.start_at AS date) FROM calcom_bookings b",
        "SELECT b.id FROM calcom_bookings b WHERE b.start_at >= DATE '2027-03-01'",
        "SELECT date_trunc('month', b.start_at) FROM calcom_bookings b",
    ],
)
def test_what_is_not_plain_is_noticed(sql: str) -> None:
    assert UNPLAIN.search(re.sub(r"'[^']*'", "", sql))


def test_answers(warehouse_url: str) -> None:
    world.load(warehouse_url)
    with Reports(warehouse_url) as reports:
        reports.create()
    wrong = {}
    for name, expected in ANSWERS.items():
        rows = ask(warehouse_url, name)
        filled = expected[: len(rows)] + [expected[-1]] * (len(rows) - len(expected))
        got = [
            tuple(plain(value, wanted) for value, wanted in zip(row, like, strict=True))
            for row, like in zip(rows, filled, strict=True)
        ]
        if got != expected:
            wrong[name] = got
    assert wrong == {}

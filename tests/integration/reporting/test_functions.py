"""Each function gives the same answer as Python on every database."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from calcom_provider.reporting import functions as fn
from calcom_provider.reporting.building.catalog import views_of
from calcom_provider.warehouse import Warehouse
from calcom_provider.warehouse.backends.base import Session
from calcom_provider.warehouse.backends.registry import backend_class
from calcom_provider.warehouse.rows import as_utc
from calcom_provider.warehouse.schema import Column

T = sa.table("calcom_moments", *map(sa.column, ("id", "day", "until", "time", "later", "minutes", "answers")))
COLUMNS = (
    Column("id", "integer", nullable=False),
    Column("day", "date"),
    Column("until", "date"),
    Column("time", "timestamp"),
    Column("later", "timestamp"),
    Column("minutes", "integer"),
    Column("answers", "json"),
)
DOCUMENT = '{"size": {"label": "10%: a/b"}, "many": 12, "yes": true, "no": false, "none": null, "a.b": "dot"}'
MOMENTS = [
    (date(2027, 3, 28), date(2027, 4, 2), datetime(2027, 3, 28, 0, 59, 59, 999_000), timedelta(hours=3), 345),
    (date(2028, 2, 29), date(2027, 2, 28), datetime(2027, 12, 31, 23, 59), timedelta(seconds=-90), -720),
    (date(2027, 1, 1), date(2027, 1, 1), datetime(2027, 10, 31, 1, 0, 0, 1_000), timedelta(seconds=119), 840),
]


@pytest.fixture
def session(warehouse_url: str) -> Any:
    warehouse = Warehouse(warehouse_url)
    opened = warehouse.backend.connect()
    if warehouse_url.startswith("postgresql"):
        # Nothing may depend on the zone of the session.
        opened.execute("SET TIME ZONE 'Asia/Kathmandu'")
    opened.backend.create_table(opened, "calcom_moments", COLUMNS, ("id",))
    for number, (day, until, time, more, minutes) in enumerate(MOMENTS):
        begin, later = (opened.backend.time(at.replace(tzinfo=UTC)) for at in (time, time + more))
        row = {"id": number, "day": day.isoformat(), "until": until.isoformat(), "time": begin}
        row |= {"later": later, "minutes": minutes, "answers": DOCUMENT}
        places = ", ".join(f":{name}" for name in row)
        opened.execute(f"INSERT INTO calcom_moments VALUES ({places})", row)
    yield opened
    opened.close()
    warehouse.close()


def ask(session: Session, expression: Any) -> list[Any]:
    select = sa.select(expression).select_from(T).order_by(T.c.id)
    return [row[0] for row in session.fetch(views_of(session.backend).sql_text(select))]


def days(values: list[Any]) -> list[str]:
    return [str(value)[:10] for value in values]


def test_days(session: Session) -> None:
    assert days(ask(session, fn.utc_date(T.c.time))) == ["2027-03-28", "2027-12-31", "2027-10-31"]
    assert days(ask(session, fn.add_days(T.c.day, 1))) == ["2027-03-29", "2028-03-01", "2027-01-02"]
    assert days(ask(session, fn.add_days(T.c.day, -T.c.id))) == ["2027-03-28", "2028-02-28", "2026-12-30"]
    assert ask(session, fn.days_between(T.c.day, T.c.until)) == [5, -366, 0]
    local = [(time + timedelta(minutes=more)).date().isoformat() for _, _, time, _, more in MOMENTS]
    assert days(ask(session, fn.utc_date(fn.add_minutes(T.c.time, T.c.minutes)))) == local


def test_times(session: Session) -> None:
    moved = [as_utc(value) for value in ask(session, fn.add_minutes(T.c.time, T.c.minutes))]
    assert moved == [(at + timedelta(minutes=more)).replace(tzinfo=UTC) for _, _, at, _, more in MOMENTS]
    assert ask(session, fn.minutes_between(T.c.time, T.c.later)) == [180, -1, 1]
    begun = sa.case((T.c.time >= fn.day_start(fn.utc_date(T.c.time)), 1), else_=0)
    assert ask(session, begun) == [1, 1, 1]
    assert ask(session, sa.case((T.c.time < fn.day_start(T.c.day), 1), else_=0)) == [0, 1, 0]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("size", "label"), "10%: a/b"),
        (("many",), "12"),
        (("yes",), "true"),
        (("no",), "false"),
        (("none",), None),
        (("a.b",), "dot"),
        (("absent", "label"), None),
    ],
)
def test_json_text(session: Session, path: tuple[str, ...], value: str | None) -> None:
    assert ask(session, fn.json_text(T.c.answers, *path)) == [value] * 3


@pytest.mark.parametrize(
    ("listed", "named"),
    [
        ([], None),
        ([{"name": "stale", "passed": True}], None),
        ([{"name": "stale", "passed": None}, {"name": "match_rate"}], None),
        ([{"passed": False, "more": {"passed": True}, "name": "stale"}], "stale"),
        (
            [
                {"name": "stale", "seen": 1.5, "passed": False},
                {"passed": True, "name": "same_day"},
                {"passed": False, "name": "match_rate"},
                {"name": "stale", "passed": False, "of": 'it\'s "passed": true'},
            ],
            "match_rate, stale",
        ),
    ],
)
def test_json_listed(session: Session, listed: list[dict[str, Any]], named: str | None) -> None:
    for document in ({"list": listed}, {"other": [{"name": "x", "passed": False}], "list": listed}):
        text = sa.literal(json.dumps(document), sa.Text())
        assert ask(session, fn.json_listed(text, "list", "name", "passed")) == [named] * 3
    assert ask(session, fn.json_listed(sa.literal("{}", sa.Text()), "list", "name", "passed")) == [None] * 3


def test_values_are_written_into_the_text(session: Session) -> None:
    awkward = r"50 %: it's a \ :name"
    assert ask(session, sa.literal(awkward)) == [awkward] * 3


def test_a_json_key_that_would_break_out_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be asked for"):
        backend_class("sqlite://").views.sql_text(fn.json_text(T.c.answers, "it's"))
    with pytest.raises(ValueError, match="cannot be asked for"):
        backend_class("sqlite://").views.sql_text(fn.json_listed(T.c.answers, "list", "it's", "passed"))

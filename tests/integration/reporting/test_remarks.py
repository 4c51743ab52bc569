"""Views and tables carry the declarations' own words where the database keeps comments."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from calcom_provider.reporting.building import build
from calcom_provider.reporting.building.build import Reports
from calcom_provider.reporting.fixed_tables.calendar import CALENDAR
from calcom_provider.reporting.views.event_types import DIM_EVENT_TYPE
from calcom_provider.resources.registry import tables
from calcom_provider.warehouse import Warehouse
from calcom_provider.warehouse.backends.base import Session
from tests.integration.reporting.loading import load
from tests.integration.reporting.world import TODAY, make_world

VIEW = DIM_EVENT_TYPE
SYNCED = ("bookings", "memberships", "team_event_types")


@contextmanager
def opened(url: str) -> Iterator[Session]:
    warehouse = Warehouse(url)
    session = warehouse.backend.connect()
    try:
        yield session
    finally:
        session.close()
        warehouse.close()


def comments_of(url: str, name: str) -> dict[str, str]:
    """Read the comments of a table or view, those of its columns by their names."""
    with opened(url) as session:
        if url.startswith("mysql"):
            query = (
                "SELECT '', table_comment FROM information_schema.tables"
                " WHERE table_schema = DATABASE() AND table_name = :name UNION ALL"
                " SELECT column_name, column_comment FROM information_schema.columns"
                " WHERE table_schema = DATABASE() AND table_name = :name"
            )
            found = session.fetch(query, {"name": name})
        else:
            views = session.backend.views
            assert views is not None
            found = views.fetch(session, views.comments_query, name=name)
    return {column: said for column, said in found if said}


def create(url: str) -> dict[str, tuple[str, str | None]]:
    with Reports(url) as reports:
        made = reports.create(today=TODAY, days_back=2, days_ahead=2)
    return {one.name: (one.status, one.note) for one in made}


@pytest.fixture(params=["postgres_url", "duckdb_url"])
def loaded(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(build, "VIEWS", (VIEW,))
    url: str = request.getfixturevalue(request.param)
    load(url, make_world(), only=SYNCED, ledger=False)
    return url


def test_views_say_what_their_declarations_say(loaded: str) -> None:
    assert create(loaded)[VIEW.name][0] == "created"
    assert comments_of(loaded, VIEW.name) == {"": VIEW.comment, **VIEW.columns}


def test_comments_follow_the_declaration_and_are_written_once(
    loaded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(loaded)
    said = {**VIEW.columns, "slug": "what it's called"}
    monkeypatch.setattr(build, "VIEWS", (dataclasses.replace(VIEW, comment="Another one", columns=said),))
    assert create(loaded)[VIEW.name] == ("unchanged", "its comments were brought up to date")
    assert comments_of(loaded, VIEW.name) == {"": "Another one", **said}
    assert create(loaded)[VIEW.name] == ("unchanged", None)


def test_tables_that_have_other_comments_get_their_own(loaded: str) -> None:
    with opened(loaded) as session:
        for what in ("TABLE calcom_bookings", "COLUMN calcom_bookings.status"):
            session.execute(f"COMMENT ON {what} IS 'of an older release'")
    create(loaded)
    declared, found = tables()["bookings"], comments_of(loaded, "calcom_bookings")
    assert found[""] == declared.comment
    assert {name: said for name, said in found.items() if name in declared.names} == {
        one.name: one.comment for one in declared.columns if one.comment
    }
    assert found["_calcom_run_id"] == "Run that wrote the row"
    current = comments_of(loaded, "calcom_memberships_current")
    assert current[""].startswith(tables()["memberships"].comment)
    assert current["user_id"] == tables()["memberships"].column("user_id").comment
    assert comments_of(loaded, "calcom_calendar")[""] == CALENDAR.comment


@pytest.mark.parametrize("kind", ["postgres_url", "duckdb_url", "mysql_url"])
def test_new_tables_have_comments_before_any_view_is_made(kind: str, request: pytest.FixtureRequest) -> None:
    url: str = request.getfixturevalue(kind)
    load(url, make_world(), only=SYNCED, ledger=False)
    for name in SYNCED:
        declared, found = tables()[name], comments_of(url, f"calcom_{name}")
        assert found[""] == declared.comment
        assert {one.name: one.comment for one in declared.columns if one.comment}.items() <= found.items()

"""Reporting views over a lakehouse: the same rows as in a database, kept with the tables, read as one moment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.hr.ledger.database import Database
from calcom_provider.hr.ledger.tables import METADATA
from calcom_provider.reporting.building.build import Reports
from calcom_provider.reporting.page.collect import collect
from calcom_provider.reporting.page.render import render
from calcom_provider.reporting.views import VIEWS
from calcom_provider.warehouse import (
    LoadInProgressError,
    Warehouse,
    WarehouseUsageError,
    lakehouse_connection,
)
from calcom_provider.warehouse.backends import lease
from calcom_provider.warehouse.backends.lakehouse.publishing import Publisher
from tests.integration.reporting.compare import plain, read_view
from tests.integration.reporting.loading import load
from tests.integration.reporting.test_questions import QUESTIONS
from tests.integration.reporting.world import TODAY, make_world
from tests.integration.warehouse.model import load_pages
from tests.plugins.lakehouses import LAKEHOUSES, query, snapshots

# Each format gets an organisation as four syncs saw it; that takes minutes on a busy machine.
pytestmark = [pytest.mark.cloud, pytest.mark.timeout(1800)]

DAYS = 20
KEPT = "rpt_team_coverage_day"
NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)
OLD = [tuple((key, "old") for key in range(20))]
NEW = [tuple((key, "new") for key in range(20))]


def make(url: str) -> dict[str, str]:
    with Reports(url) as reports:
        made = reports.create(today=TODAY, days_back=DAYS, days_ahead=DAYS, minimums={81: 8})
        return {one.name: one.status for one in made}


def keep(url: str) -> int | None:
    with Reports(url) as reports:
        return reports.refresh([KEPT], first=TODAY - timedelta(days=2))[0].rows


@pytest.fixture(scope="module")
def in_duckdb(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"duckdb:///{tmp_path_factory.mktemp('views') / 'w.duckdb'}"
    load(url, make_world())
    make(url)
    keep(url)
    return url


@pytest.fixture(scope="module", params=LAKEHOUSES)
def in_lake(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"{request.param}+file://{tmp_path_factory.mktemp('views') / 'lakehouse'}"
    load(url, make_world())
    assert set(make(url).values()) == {"created"}
    keep(url)
    return url


def rows_of(url: str, name: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    frame = read_view(url, name)
    return list(frame.columns), sorted(map(tuple, frame.itertuples(index=False)), key=repr)


def stable(name: str) -> bool:
    # The runs of the two loads have ids of their own.
    return name not in ("_calcom_run_id", "run_id")


def test_every_view_has_the_rows_that_it_has_in_duckdb(in_lake: str, in_duckdb: str) -> None:
    """docs/lakehouse.rst: "the same rows as in DuckDB"."""
    for name in (*(view.name for view in VIEWS), f"{KEPT}_kept", "calcom_memberships_current"):
        (columns, rows), (wanted, expected) = rows_of(in_lake, name), rows_of(in_duckdb, name)
        assert columns == wanted, name
        places = [place for place, column in enumerate(columns) if stable(column)]
        taken = [[tuple(row[place] for place in places) for row in found] for found in (rows, expected)]
        assert sorted(taken[0], key=repr) == sorted(taken[1], key=repr), name
        assert rows, name


def in_any_order(value: Any) -> Any:
    """Spell what a page holds so that the order in which a database gave rows makes no difference."""
    if isinstance(value, dict):
        return sorted((repr(key), in_any_order(one)) for key, one in value.items())
    if isinstance(value, list | tuple):
        return sorted((in_any_order(one) for one in value), key=repr)
    return repr(value)


def test_the_page_is_the_same(in_lake: str, in_duckdb: str) -> None:
    pages = [collect(url, show_people=True, now=NOW) for url in (in_lake, in_duckdb)]
    assert in_any_order(asdict(pages[0])) == in_any_order(asdict(pages[1]))
    assert sum(panel.missing is None for panel in pages[0].panels) > 8
    assert "<html" in render(pages[0])


def test_making_them_again_writes_no_new_version(in_lake: str) -> None:
    before = snapshots(in_lake)
    assert set(make(in_lake).values()) == {"unchanged"}
    after = snapshots(in_lake)
    assert {name for name in after if after[name] != before[name]} <= {"calcom_sync_lease"}


def test_a_duckdb_connection_holds_tables_and_views(in_lake: str) -> None:
    """docs/lakehouse.rst: "a DuckDB database in memory"."""
    connection = lakehouse_connection(in_lake)
    for view in VIEWS:
        found = connection.execute(f"SELECT * FROM {view.name}").fetchall()
        held = [tuple(row) for row in read_view(in_lake, view.name).itertuples(index=False)]
        assert sorted([tuple(map(plain, row)) for row in found], key=repr) == sorted(held, key=repr)
    for path in QUESTIONS.glob("*.sql"):
        connection.execute(path.read_text())
    connection.close()
    some = lakehouse_connection(in_lake, tables=["calcom_users"])
    assert some.execute("SELECT table_name FROM information_schema.tables").fetchall() == [("calcom_users",)]
    some.close()
    with pytest.raises(WarehouseUsageError, match="calcom_nothing"):
        lakehouse_connection(in_lake, tables=["calcom_nothing"])


class Cut(BaseException):
    """End a run the way the end of its process does."""


@pytest.fixture
def cut(lakehouse_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Give a lakehouse to which a run wrote rows and no records."""
    load_pages(Warehouse(lakehouse_url), OLD)
    once, written = Publisher._write, []

    def cut_after_rows(self: Publisher, table: Any) -> None:
        if written and written[-1] == "calcom_items":
            raise Cut
        once(self, table)
        written.append(table.name)

    with monkeypatch.context() as patch:
        patch.setattr(Publisher, "_write", cut_after_rows)
        with pytest.raises(Cut):
            load_pages(Warehouse(lakehouse_url), NEW)
    return lakehouse_url


def test_rows_of_a_run_that_was_cut_are_not_taken_for_whole(cut: str) -> None:
    """docs/lakehouse.rst: "A run that ended while it published"."""
    lease._active.clear()
    with pytest.raises(LoadInProgressError, match="in calcom_items"):
        lakehouse_connection(cut, wait=0)
    connection = lakehouse_connection(cut, wait=0, unfinished=True)
    assert connection.execute('SELECT DISTINCT "näme" FROM calcom_items').fetchall() == [("new",)]
    connection.close()
    load_pages(Warehouse(cut), NEW)
    # The next run found the rows unchanged, so they still name the run that was cut.
    lakehouse_connection(cut, wait=0).close()


def test_a_reader_waits_for_a_run_that_publishes(lakehouse_url: str) -> None:
    warehouse = Warehouse(lakehouse_url)
    load_pages(warehouse, OLD)
    session = warehouse.backend.connect()
    assert warehouse.backend.lock(session, "calcom_", "publisher") is None
    with pytest.raises(LoadInProgressError, match="publisher"):
        lakehouse_connection(lakehouse_url, wait=0.3)
    warehouse.backend.unlock(session, "calcom_", "publisher")
    connection = lakehouse_connection(lakehouse_url)
    load_pages(warehouse, NEW)
    assert connection.execute('SELECT DISTINCT "näme" FROM calcom_items').fetchall() == [("old",)]
    connection.close()
    session.close()
    warehouse.close()


def test_a_table_that_a_statement_makes_lasts(lakehouse_url: str) -> None:
    """The ledger's tables are made by CREATE TABLE."""
    database = Database(lakehouse_url)
    database.create(METADATA)
    made = database.tables("calcom_writeback_")
    database.close()
    again = Database(lakehouse_url)
    assert set(made) == {table.name for table in METADATA.sorted_tables}
    assert again.tables("calcom_writeback_") == made
    again.close()


def test_views_are_made_kept_listed_shown_and_dropped_by_the_command_line(
    lakehouse_url: str, tmp_path: Path
) -> None:
    load(lakehouse_url, make_world(), only=("memberships", "teams", "team_memberships", "ooo_entries"))

    def calcom(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "calcom_provider.cli", "reports", *words, "--to", lakehouse_url],
            env={name: value for name, value in os.environ.items() if not name.startswith("CALCOM_")},
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "created" in calcom("create", "--days-back", "5", "--days-ahead", "5")
    assert "refreshed" in calcom("refresh", KEPT, "--first", "2027-01-01")
    assert "snapshots," in calcom("list")
    assert query(lakehouse_url, f"SELECT count(*) FROM {KEPT}_kept") != [(0,)]
    calcom("render", "--out", str(tmp_path / "page.html"))
    assert (tmp_path / "page.html").stat().st_size > 1000
    assert "removed" in calcom("drop", "--yes")
    assert query(lakehouse_url, "SELECT count(*) FROM calcom_views WHERE name LIKE 'rpt%'") == [(0,)]

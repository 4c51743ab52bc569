"""A database that release 0.1.0 synced into gets the names of this release in place: no row is written, none is new."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.reporting.building.build import Reports
from calcom_provider.reporting.checks.checks import Checks
from calcom_provider.reporting.page.reading.reader import Reader as PageReader
from calcom_provider.resources.policy import ColumnPolicy
from calcom_provider.sync.privacy import erase
from calcom_provider.warehouse import SchemaVersionError, Warehouse
from calcom_provider.warehouse.backends.base import Session
from calcom_provider.warehouse.bookkeeping import migrations
from calcom_provider.warehouse.bookkeeping.migrations import COLUMNS, CURRENT
from tests.integration.warehouse.model import Reader
from tests.integration.warehouse.synced_release import (
    ORGANIZATION,
    RENAMED,
    TABLES,
    Rows,
    fill,
    load_again,
    rows_of,
)

ROOT = Path(__file__).resolve().parents[3]


class CutError(Exception):
    """The run ended here."""


def columns(reader: Reader, table: str) -> list[str]:
    """Give the columns of a table or view, in order."""
    with opened(reader.url) as session:
        return list(session.backend.reflect(session, f"calcom_{table}").get(f"calcom_{table}", {}))


@contextmanager
def opened(url: str) -> Iterator[Session]:
    warehouse = Warehouse(url)
    session = warehouse.backend.connect()
    try:
        yield session
    finally:
        session.close()
        warehouse.close()


def migrate(url: str, *, generic: bool = False) -> None:
    warehouse = Warehouse(url, generic=generic)
    session = warehouse.backend.connect()
    try:
        warehouse.bring_forward(session, "test")
    finally:
        session.rollback()
        session.close()
        warehouse.close()


def assert_upgraded(reader: Reader, before: Rows) -> None:
    for table in TABLES:
        assert rows_of(reader, table) == before[table]
        assert not RENAMED.keys() & set(columns(reader, table))
    assert reader.rows("SELECT max(number) FROM calcom_schema_version") == [(CURRENT,)]
    # What was one table with a row for each run among those of its resources
    runs = {row[0]: row for row in before["sync_runs"] if row[1] == "*"}
    resources = [row for row in before["sync_runs"] if row[1] != "*"]
    held = reader.rows("SELECT * FROM calcom_sync_run_resources")
    assert sorted((row[:35] for row in held), key=repr) == sorted((row[:35] for row in resources), key=repr)
    found = reader.rows("SELECT run_id, status, started_at, rows_read, requests FROM calcom_sync_runs")
    assert {row[0]: row for row in found} == {
        name: (name, row[10], row[8], row[15], row[25]) for name, row in runs.items()
    }
    total = "SELECT coalesce(sum(rows_read), 0), coalesce(sum(requests), 0) FROM calcom_sync_run"
    assert reader.rows(f"{total}s") == reader.rows(f"{total}_resources")
    for table in ("sync_state", "sync_pages"):
        assert rows_of(reader, table) == before[table]


def test_nothing_is_written_and_the_next_sync_finds_everything_unchanged(warehouse_url: str) -> None:
    """docs/upgrading.rst: «no row is written, no version made»."""
    reader, before = fill(warehouse_url)
    warehouse = Warehouse(warehouse_url)
    results = load_again(warehouse)
    warehouse.close()
    assert {name: (one.inserted, one.updated, one.deleted, one.emptied) for name, one in results.items()} == (
        dict.fromkeys(TABLES, (0, 0, 0, 0))
    )
    assert sum(one.unchanged for one in results.values()) > 50
    for table in TABLES:
        assert rows_of(reader, table) == before[table]
    versions = reader.rows("SELECT is_current, count(*) FROM calcom_ooo_entries GROUP BY is_current")
    assert sorted((bool(now), count) for now, count in versions) == [(False, 2), (True, 5)]
    # Each history table has a view of what holds now
    names = columns(reader, "ooo_entries")
    shown = [name for name in names if name not in ("valid_to", "is_current")]
    expected = reader.rows(f"SELECT {', '.join(shown)} FROM calcom_ooo_entries WHERE is_current")
    current = reader.rows(f"SELECT {', '.join(shown)} FROM calcom_ooo_entries_current")
    assert sorted(current, key=repr) == sorted(expected, key=repr)
    assert len(reader.rows("SELECT * FROM calcom_ooo_entries_current")[0]) == len(shown)
    assert len(reader.rows("SELECT start_at, end_at FROM calcom_bookings")) == 3


@pytest.mark.parametrize(
    ("warehouse_url", "generic"),
    [("sqlite", False), ("postgresql", False), ("duckdb", False), ("mysql", False), ("sqlite", True)],
    indirect=["warehouse_url"],
)
def test_a_run_that_ends_after_any_statement_is_gone_on_with(
    warehouse_url: str, generic: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, before = fill(warehouse_url)
    warehouse = Warehouse(warehouse_url, generic=generic)
    session = warehouse.backend.connect()
    kind: Any = type(session)
    session.close()
    warehouse.close()
    execute, left = kind.execute, [0]

    def cut(self: Session, sql: str, params: Any = None) -> int:
        if sql == "ROLLBACK":
            return int(execute(self, sql, params))
        left[0] -= 1
        if not left[0]:
            raise CutError
        return int(execute(self, sql, params))

    monkeypatch.setattr(kind, "execute", cut)
    # One database for all: what an attempt left is what the next one finds.
    for attempt in range(1, 100):
        left[0] = attempt
        try:
            migrate(warehouse_url, generic=generic)
        except CutError:
            continue
        break
    assert attempt > 15
    monkeypatch.undo()
    assert_upgraded(reader, before)


def test_a_killed_run_is_gone_on_with(warehouse_url: str) -> None:
    reader, before = fill(warehouse_url)
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.warehouse.synced_release", warehouse_url, "12"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline().strip() == "here"
    child.kill()
    child.communicate()
    migrate(warehouse_url)
    assert_upgraded(reader, before)
    migrate(warehouse_url)
    assert_upgraded(reader, before)


def test_views_that_name_old_columns_stop_nothing_and_are_named(
    warehouse_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """docs/upgrading.rst: «A view that names them stops nothing»."""
    reader, before = fill(warehouse_url)
    quote = reader.quote
    with opened(warehouse_url) as session:
        session.execute(
            f"CREATE VIEW mine AS SELECT {quote('start')}, {quote('end')} FROM calcom_ooo_entries"
        )
        session.execute("CREATE VIEW costs AS SELECT resource, requests FROM calcom_sync_runs")
        session.execute("CREATE VIEW hosts AS SELECT booking_id FROM calcom_booking_hosts")
        if not warehouse_url.startswith("postgresql"):
            # Broken already, which SQLite holds against whoever renames anything
            session.execute("CREATE TABLE gone (id INTEGER)")
            session.execute("CREATE VIEW broken AS SELECT id FROM gone")
            session.execute("DROP TABLE gone")
    with caplog.at_level(logging.WARNING):
        migrate(warehouse_url)
    assert_upgraded(reader, before)
    told = " ".join(record.getMessage() for record in caplog.records)
    assert "costs" in told
    assert "mine" in told
    assert "hosts" not in told
    assert "broken" not in told
    if warehouse_url.startswith(("postgresql", "sqlite")):
        # They follow the column
        assert len(reader.rows("SELECT * FROM mine")) == len(before["ooo_entries"])
    else:
        assert "cannot be read" in told
    if warehouse_url.startswith("sqlite"):
        assert reader.rows("SELECT sql FROM sqlite_master WHERE name = 'broken'") != []


def test_columns_that_a_policy_named_keep_their_names(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    reader, before = fill(sqlite_url)
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:3])
        migrate(sqlite_url)
    other = "organization_id=9"
    here = f"organization_id={ORGANIZATION}"
    with opened(sqlite_url) as session:
        # Two organisations: one stores the start of an absence as since, the other as it was declared
        session.execute("ALTER TABLE calcom_ooo_entries ADD COLUMN since TIMESTAMP")
        # The end was given the new name by one, and a policy took a former name for another column of bookings
        session.execute("ALTER TABLE calcom_ooo_entries ADD COLUMN end_at TIMESTAMP")
        session.execute("ALTER TABLE calcom_bookings RENAME COLUMN start TO begins")
        session.execute("ALTER TABLE calcom_bookings RENAME COLUMN created_at TO start")
        for scope, table, column, stored in (
            (here, "ooo_entries", "start", "start"),
            (other, "ooo_entries", "start", "since"),
            (here, "ooo_entries", "end", "end"),
            (other, "ooo_entries", "end", "end_at"),
            (here, "bookings", "start", "begins"),
            (here, "bookings", "created_at", "start"),
            (here, "bookings", "end", "end"),
        ):
            session.execute(
                f"INSERT INTO calcom_{COLUMNS} (scope, table_name, column_name, stored_as, treatment, run_id)"
                f" VALUES ('{scope}', '{table}', '{column}', '{stored}', 'plain', 'r')"
            )
    starts = reader.rows('SELECT start, "end" FROM calcom_ooo_entries ORDER BY id, valid_from')
    made = reader.rows("SELECT begins, start FROM calcom_bookings ORDER BY id")
    migrate(sqlite_url)
    assert reader.rows("SELECT start_at, end_at FROM calcom_ooo_entries ORDER BY id, valid_from") == starts
    assert reader.rows('SELECT count("end"), count(since) FROM calcom_ooo_entries') == [(0, 0)]
    assert reader.rows("SELECT begins, start FROM calcom_bookings ORDER BY id") == made
    records = f"SELECT table_name, column_name, stored_as FROM calcom_{COLUMNS} ORDER BY 1, 2, 3"
    assert reader.rows(records) == [
        ("bookings", "created_at", "start"),
        ("bookings", "end_at", "end_at"),
        ("bookings", "start_at", "begins"),
        ("ooo_entries", "end_at", "end_at"),
        ("ooo_entries", "end_at", "end_at"),
        ("ooo_entries", "start_at", "since"),
        ("ooo_entries", "start_at", "start_at"),
    ]
    assert not caplog.records
    # And a sync with that policy writes nothing
    policy = ColumnPolicy(rename={"bookings.start_at": "begins", "bookings.created_at": "start"})
    warehouse = Warehouse(sqlite_url)
    assert {one.changed for one in load_again(warehouse, policy).values()} == {0}
    warehouse.close()


def test_a_policy_that_names_a_former_column_is_refused() -> None:
    """docs/upgrading.rst: «is refused, with the present name»."""
    for choices, told in (
        ({"drop": ["start"]}, "start is start_at"),
        ({"rename": {"bookings.end": "until"}}, "bookings.end is bookings.end_at"),
        (
            {"select": {"attribute_options": ["contains"]}},
            "contains is attribute_options.contained_option_ids",
        ),
    ):
        with pytest.raises(ConfigurationError, match=told):
            ColumnPolicy.of(choices)


def test_who_only_reads_says_what_brings_the_tables_forward(sqlite_url: str) -> None:
    reader, before = fill(sqlite_url)
    for opens in (Checks, PageReader):
        with pytest.raises(SchemaVersionError, match="the next sync brings them forward"):
            opens(sqlite_url)
    assert rows_of(reader, "sync_runs") == before["sync_runs"]
    with Reports(sqlite_url) as reports:
        assert reports.drop() == []
    assert_upgraded(reader, before)
    with Checks(sqlite_url) as checks:
        assert checks.keys()


def test_an_erasure_brings_the_tables_forward(sqlite_url: str) -> None:
    reader, _ = fill(sqlite_url)
    (user, of_user) = reader.rows("SELECT user_id, count(*) FROM calcom_ooo_entries GROUP BY 1 ORDER BY 1")[0]
    warehouse = Warehouse(sqlite_url)
    receipt = erase(warehouse, user)
    warehouse.close()
    assert receipt.tables["ooo_entries"] == of_user
    assert "start_at" in columns(reader, "ooo_entries")

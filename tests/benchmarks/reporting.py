"""Measure the reporting questions and views on 500,000 bookings and 50,000 members.

make bench-reporting                                 PostgreSQL and DuckDB, median of 3, writes the tables in the docs
python -m tests.benchmarks.reporting --members 500 --bookings 5000
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import sqlalchemy as sa

from calcom_provider.hr.ledger.database import Database
from calcom_provider.hr.ledger.tables import METADATA
from calcom_provider.reporting.building.build import Reports
from calcom_provider.reporting.views import VIEWS as ALL
from calcom_provider.warehouse import Warehouse
from tests.benchmarks.reporting_world import Size, fill
from tests.plugins.servers import postgres_server

DOCS = Path(__file__).resolve().parents[2] / "docs"
QUESTIONS, VIEWS = DOCS / "questions", DOCS / "views"
#: The day for which the views are made; the bookings end two months later.
TODAY = date(2027, 4, 1)
LIMIT = 2.0
Times = dict[str, dict[str, tuple[float, int]]]


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """Give an empty database of each kind."""
    server = postgres_server()
    name = f"calcom_bench_{uuid.uuid4().hex[:12]}"
    admin = sa.create_engine(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        with tempfile.TemporaryDirectory(prefix="calcom-bench-") as folder:
            url = sa.make_url(server).set(database=name).render_as_string(hide_password=False)
            yield {"PostgreSQL": url, "DuckDB": f"duckdb:///{folder}/warehouse.duckdb"}
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def measure(target: str, repeats: int, folder: Path = QUESTIONS) -> dict[str, tuple[float, int]]:
    """Return the median seconds and the rows of each query of a folder, all rows fetched."""
    warehouse = Warehouse(target)
    session = warehouse.backend.connect()
    found = {}
    try:
        if target.startswith("postgresql"):
            session.execute("SET TIME ZONE 'UTC'")
        for path in sorted(folder.glob("*.sql")):
            seconds, rows = [], 0
            for _ in range(repeats):
                began = time.monotonic()
                rows = len(session.fetch(path.read_text()))
                seconds.append(time.monotonic() - began)
            found[path.stem] = (statistics.median(seconds), rows)
    finally:
        session.close()
        warehouse.close()
    return found


def make_views(target: str) -> float:
    """Make the views, a year back and half a year ahead, and an empty ledger; return the seconds that took."""
    ledger = Database(target)
    ledger.create(METADATA)
    ledger.close()
    with Reports(target) as reports:
        began = time.monotonic()
        made = reports.create(today=TODAY, days_back=365, days_ahead=183)
        seconds = time.monotonic() - began
    assert {one.status for one in made} == {"created"}
    return seconds


def refresh(target: str) -> dict[str, tuple[float, int]]:
    """Keep the views of single days or weeks: first whole, then, as each night, the last seven days and those ahead.

    The daily views by attribute and the whole calendar are large; they are kept from a month ago on.
    """
    found = {}
    names = [view.name for view in ALL if view.snapshot_by]
    with Reports(target) as reports:
        for name in names:
            (first,) = reports.refresh([name], first=TODAY - timedelta(days=31), last=TODAY)
            (again,) = reports.refresh([name], first=TODAY - timedelta(days=7), last=TODAY)
            found[name] = (first.seconds, first.rows or 0)
            found[f"{name}, again"] = (again.seconds, again.rows or 0)
    return found


def page(times: Times, size: Size, repeats: int) -> str:
    """Return measurements as a table for the docs."""
    kinds = list(times)
    lines = [
        f"{size.members:,} members and {size.bookings:,} bookings over two years; all rows are fetched. Median of"
        f" {repeats} runs,",
        "in seconds, on two cores. Repeat with ``make bench-reporting``.",
        "",
        ".. list-table::",
        "   :header-rows: 1",
        "",
        "   * - Query",
        "     - Rows",
        *(f"     - {kind}" for kind in kinds),
    ]
    for name in times[kinds[0]]:
        lines += [f"   * - ``{name}``", f"     - {times[kinds[0]][name][1]:,}"]
        lines += [f"     - {times[kind][name][0]:.2f}" for kind in kinds]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Fill, measure, write; return 1 if a query took longer than the limit."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--members", type=int, default=50_000)
    parser.add_argument("--bookings", type=int, default=500_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write the tables of the docs")
    given = parser.parse_args()
    size = Size(given.members, given.bookings)
    parts: dict[str, Times] = {"questions": {}, "views": {}, "refresh": {}}
    with databases() as targets:
        for kind, target in targets.items():
            began = time.monotonic()
            fill(target, size)
            print(f"{kind}: filled in {time.monotonic() - began:.1f} s", flush=True)
            print(f"{kind}: views made in {make_views(target):.1f} s", flush=True)
            parts["questions"][kind] = measure(target, given.repeats)
            parts["views"][kind] = measure(target, given.repeats, VIEWS)
            parts["refresh"][kind] = refresh(target)
            for part, times in parts.items():
                for name, (seconds, rows) in times[kind].items():
                    print(f"{kind:10} {part:9} {name:44} {rows:8} rows {seconds:7.3f} s", flush=True)
    if given.write:
        (QUESTIONS / "times.inc").write_text(page(parts["questions"], size, given.repeats))
        (VIEWS / "times.inc").write_text(page(parts["views"], size, given.repeats))
        (VIEWS / "refresh.inc").write_text(page(parts["refresh"], size, 1))
    asked = [*parts["questions"].values(), *parts["views"].values()]
    return int(any(seconds > LIMIT for one in asked for seconds, _ in one.values()))


if __name__ == "__main__":
    sys.exit(main())

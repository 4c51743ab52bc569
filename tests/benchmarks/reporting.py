"""Measure the reporting questions on 500,000 bookings and 50,000 members.

make bench-reporting                                 PostgreSQL and DuckDB, median of 3, writes the table in the docs
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
from pathlib import Path

import sqlalchemy as sa

from calcom_provider.warehouse import Warehouse
from tests.benchmarks.reporting_world import Size, fill
from tests.plugins.servers import postgres_server

QUESTIONS = Path(__file__).resolve().parents[2] / "docs" / "questions"
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


def measure(target: str, repeats: int) -> dict[str, tuple[float, int]]:
    """Return the median seconds and the rows of each question, all rows fetched."""
    warehouse = Warehouse(target)
    session = warehouse.backend.connect()
    found = {}
    try:
        if target.startswith("postgresql"):
            session.execute("SET TIME ZONE 'UTC'")
        for path in sorted(QUESTIONS.glob("*.sql")):
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


def page(times: Times, size: Size, repeats: int) -> str:
    """Return the measurements as a table for the docs."""
    kinds = list(times)
    lines = [
        f"{size.members:,} members and {size.bookings:,} bookings over two years; the whole organisation is asked, all",
        f"rows are fetched. Median of {repeats} runs, in seconds, on two cores. Repeat with ``make bench-reporting``.",
        "",
        ".. list-table::",
        "   :header-rows: 1",
        "",
        "   * - Question",
        "     - Rows",
        *(f"     - {kind}" for kind in kinds),
    ]
    for name in times[kinds[0]]:
        lines += [f"   * - ``{name}``", f"     - {times[kinds[0]][name][1]:,}"]
        lines += [f"     - {times[kind][name][0]:.2f}" for kind in kinds]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Fill, measure, write; return 1 if a question took longer than the limit."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--members", type=int, default=50_000)
    parser.add_argument("--bookings", type=int, default=500_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--page", type=Path, help="file of the docs to write")
    given = parser.parse_args()
    size = Size(given.members, given.bookings)
    times: Times = {}
    with databases() as targets:
        for kind, target in targets.items():
            began = time.monotonic()
            fill(target, size)
            print(f"{kind}: filled in {time.monotonic() - began:.1f} s", flush=True)
            times[kind] = measure(target, given.repeats)
            for name, (seconds, rows) in times[kind].items():
                print(f"{kind:10} {name:28} {rows:8} rows {seconds:7.3f} s", flush=True)
    if given.page:
        given.page.write_text(page(times, size, given.repeats))
    return int(any(seconds > LIMIT for one in times.values() for seconds, _ in one.values()))


if __name__ == "__main__":
    sys.exit(main())

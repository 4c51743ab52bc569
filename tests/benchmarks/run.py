"""Measure this package beside dlt and pandas, and write the page of results.

make bench                                   everything at 50,000 people, three times each
python -m tests.benchmarks.run --rows 5000 --repeats 1 --cases postgres
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.benchmarks.measure import ROOT, Measured, StandIn, fresh_database, run
from tests.benchmarks.report import write_page
from tests.plugins.servers import mysql_server, postgres_server

HERE = Path(__file__).parent
RESOURCES = "users,memberships,attributes,attribute_options,attribute_assignments,ooo_entries"
CASES = ("postgres", "sqlite", "duckdb", "mysql", "delta", "iceberg", "limit", "memory")
DEFAULT = ("postgres", "sqlite", "duckdb", "mysql", "delta", "iceberg")


class Results:
    """Collect measurements by case and pipeline."""

    def __init__(self) -> None:
        self.taken: dict[str, dict[str, list[Measured]]] = {}

    def add(self, case: str, pipeline: str, measured: Measured) -> None:
        self.taken.setdefault(case, {}).setdefault(pipeline, []).append(measured)
        numbers = f"{measured.wall:7.2f} s {measured.cpu:6.2f} cpu {measured.memory:5.0f} MB"
        print(f"{case:32} {pipeline:12} {numbers}", flush=True)

    def medians(self) -> dict[str, dict[str, Measured]]:
        return {
            case: {
                name: Measured(
                    **{
                        key: None if value is None else statistics.median(asdict(one)[key] for one in taken)
                        for key, value in asdict(taken[0]).items()
                    }
                )
                for name, taken in pipelines.items()
            }
            for case, pipelines in self.taken.items()
        }


class Driver:
    """Run the pipelines against one stand-in.

    :param standin: the API
    :param work: folder for files
    """

    def __init__(self, standin: StandIn, work: Path, results: Results) -> None:
        self.standin = standin
        self.work = work
        self.results = results

    def ours(self, case: str, url: str, *, name: str = "calcom", limit: int = 0) -> Measured:
        environment = {
            "CALCOM_BASE_URL": self.standin.base,
            "CALCOM_API_KEY": "cal_bench",
            "CALCOM_ORGANIZATION_ID": "4242",
            "CALCOM_STATE_DIR": str(self.work / "state"),
            "CALCOM_ASSUMED_LIMIT": str(limit),
        }
        command = [
            sys.executable,
            "-m",
            "calcom_provider.cli",
            "sync",
            "--to",
            url,
            "--resources",
            RESOURCES,
            "-q",
        ]
        wal = url if url.startswith("postgresql") else ""
        lakehouse = Path(url.partition("file://")[2]) if "+file:" in url else None
        measured = run(command, self.standin, environment=environment, wal=wal, lakehouse=lakehouse)
        return self._add(case, name, measured)

    def dlt_lakehouse(self, case: str, to: str, rows: str) -> Measured:
        folder = self.work / f"dlt-{to}-{rows}"
        command = [sys.executable, "-m", "tests.benchmarks.pipelines.with_dlt", "--base", self.standin.base]
        command += ["--to", to, "--folder", str(folder), "--loader", "parquet", "--rows", rows]
        return self._add(case, f"dlt {rows}", run(command, self.standin, lakehouse=folder / "lakehouse"))

    def dlt(self, case: str, to: str, url: str = "", loader: str = "csv") -> Measured:
        plain = url.replace("+psycopg", "")
        if plain and not sa.make_url(plain).password:
            # dlt refuses an address without a password, also where the server trusts.
            plain = sa.make_url(plain).set(password="x").render_as_string(hide_password=False)
        command = [sys.executable, "-m", "tests.benchmarks.pipelines.with_dlt", "--base", self.standin.base]
        command += ["--to", to, "--url", plain, "--folder", str(self.work / f"dlt-{to}"), "--loader", loader]
        return self._add(case, "dlt", run(command, self.standin, wal=url))

    def pandas(self, case: str, url: str) -> Measured:
        command = [
            sys.executable,
            "-m",
            "tests.benchmarks.pipelines.with_pandas",
            "--base",
            self.standin.base,
        ]
        wal = url if url.startswith("postgresql") else ""
        return self._add(case, "pandas", run([*command, "--url", url], self.standin, wal=wal))

    def bound(self, case: str) -> Measured:
        command = [
            sys.executable,
            "-m",
            "tests.benchmarks.pipelines.lower_bound",
            "--base",
            self.standin.base,
        ]
        return self._add(case, "lower bound", run([*command, "--rows", str(self.standin.rows)], self.standin))

    def _add(self, case: str, name: str, measured: Measured) -> Measured:
        self.results.add(case, name, measured)
        return measured

    @contextmanager
    def fresh(self, server: str | None, name: str) -> Iterator[str]:
        """Give an empty database and forget what pipelines keep elsewhere."""
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        if server is None:
            yield str(self.work / name)
        else:
            with fresh_database(server, f"calcom_bench_{name}") as url:
                yield url


def postgres(driver: Driver, others: bool) -> None:
    server = postgres_server()
    first, latency, again, changed = (
        "PostgreSQL, empty target",
        "PostgreSQL, 50 ms latency",
        "PostgreSQL, nothing changed",
        "PostgreSQL, 1 % changed",
    )
    pipelines: list[tuple[str, Callable[[str, str], Measured]]] = [("calcom", driver.ours)]
    if others:
        pipelines.append(("dlt", lambda case, url: driver.dlt(case, "postgres", url)))
    for name, pipeline in pipelines:
        with driver.fresh(server, name) as url:
            pipeline(first, url)
            pipeline(again, url)
            driver.standin.control("change?every=100")
            pipeline(changed, url)
            driver.standin.control("change?every=0")
        with driver.fresh(server, name) as url:
            driver.standin.control("reset?latency=50")
            pipeline(latency, url)
            driver.standin.control("reset?latency=0")
    if others:
        with driver.fresh(server, "pandas") as url:
            driver.pandas(first, url)
        driver.bound(first)
        driver.standin.control("reset?latency=50")
        driver.bound(latency)
        driver.standin.control("reset?latency=0")


def sqlite(driver: Driver, others: bool) -> None:
    with driver.fresh(None, "ours.sqlite") as path:
        driver.ours("SQLite, empty target", f"sqlite:///{path}")
        driver.ours("SQLite, nothing changed", f"sqlite:///{path}")
    if others:
        with driver.fresh(None, "pandas.sqlite") as path:
            driver.pandas("SQLite, empty target", f"sqlite:///{path}")


def duckdb(driver: Driver, others: bool) -> None:
    with driver.fresh(None, "ours.duckdb") as path:
        driver.ours("DuckDB, empty target", f"duckdb:///{path}")
        driver.ours("DuckDB, nothing changed", f"duckdb:///{path}")
    if others:
        with driver.fresh(None, "unused"):
            driver.dlt("DuckDB, empty target", "duckdb", loader="parquet")


def delta(driver: Driver, others: bool) -> None:
    _lakehouse(driver, "delta", "Delta Lake", ("upsert", "replace") if others else ())


def iceberg(driver: Driver, others: bool) -> None:
    # Its upsert goes through pyiceberg's, which compares row by row and takes minutes for 50,000.
    _lakehouse(driver, "iceberg", "Iceberg", ("replace",) if others else ())


def _lakehouse(driver: Driver, kind: str, title: str, others: tuple[str, ...]) -> None:
    cases = [f"{title}, {what}" for what in ("empty target", "nothing changed", "1 % changed")]
    for rows in ("", *others):
        with driver.fresh(None, "lakehouse") as path:
            for case in cases:
                driver.standin.control(f"change?every={100 if case == cases[-1] else 0}")
                if rows:
                    driver.dlt_lakehouse(case, kind, rows)
                else:
                    driver.ours(case, f"{kind}+file://{path}")
            driver.standin.control("change?every=0")


def mysql(driver: Driver, others: bool) -> None:
    server = mysql_server()
    if not server:
        print("MySQL is left out: there is no server")
        return
    with driver.fresh(server, "calcom") as url:
        driver.ours("MySQL, empty target", url)
    if others:
        with driver.fresh(server, "pandas") as url:
            driver.pandas("MySQL, empty target", url)


def limit(driver: Driver, others: bool) -> None:
    """Read under the API's own limit, first without and then with known counts: several minutes each."""
    with driver.fresh(None, "limit.sqlite") as path:
        for case in ("120 requests in 60 s, counts unknown", "120 requests in 60 s, counts known"):
            driver.standin.control("reset?limit=120:60:60")
            driver.ours(case, f"sqlite:///{path}", limit=120)
            driver.standin.control("change?every=3")
        driver.standin.control("reset?limit=none")
        driver.standin.control("change?every=0")


def memory(driver: Driver, others: bool) -> None:
    """Read ten times the rows."""
    large = StandIn(driver.standin.rows * 10)
    try:
        other = Driver(large, driver.work, driver.results)
        with other.fresh(postgres_server(), "large") as url:
            other.ours("PostgreSQL, ten times the rows", url)
        with other.fresh(None, "large.sqlite") as path:
            other.ours("SQLite, ten times the rows", f"sqlite:///{path}")
    finally:
        large.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--cases", default=",".join(DEFAULT), help=f"of {', '.join(CASES)}")
    parser.add_argument("--alone", action="store_true", help="measure this package only")
    parser.add_argument("--page", type=Path, help="page of results to write")
    chosen = parser.parse_args()
    cases: dict[str, Any] = {case: globals()[case] for case in chosen.cases.split(",")}
    results = Results()
    with ExitStack() as stack:
        standin = StandIn(chosen.rows)
        stack.callback(standin.close)
        work = ROOT / "bench-work" / str(os.getpid())
        driver = Driver(standin, work, results)
        for _ in range(chosen.repeats):
            for case in cases.values():
                case(driver, not chosen.alone)
    shutil.rmtree(work, ignore_errors=True)
    medians = results.medians()
    if chosen.page:
        write_page(chosen.page, medians, rows=chosen.rows, repeats=chosen.repeats)
    print(
        json.dumps(
            {case: {n: asdict(m) for n, m in found.items()} for case, found in medians.items()}, indent=1
        )
    )


if __name__ == "__main__":
    main()

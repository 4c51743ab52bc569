"""The reporting measurement fills both databases with the same organisation and asks every question."""

from __future__ import annotations

from calcom_provider.reporting.checks.checks import Checks
from tests.benchmarks.reporting import QUESTIONS, make_views, measure, page
from tests.benchmarks.reporting_world import Size, fill

SIZE = Size(members=1_000, bookings=10_000)


def test_both_databases_hold_and_answer_the_same(postgres_url: str, duckdb_url: str) -> None:
    times = {}
    for kind, target in (("PostgreSQL", postgres_url), ("DuckDB", duckdb_url)):
        fill(target, SIZE)
        make_views(target)
        times[kind] = measure(target, repeats=1)
        with Checks(target) as checks:
            wrong = [one.line() for one in checks.run(["keys", "references"]) if one.failed]
        assert wrong == []
    counts = [{name: rows for name, (_, rows) in one.items()} for one in times.values()]
    assert counts[0] == counts[1]
    assert set(counts[0]) == {path.stem for path in QUESTIONS.glob("*.sql")}
    assert counts[0]["hosts_in_a_month"] > 100
    written = page(times, SIZE, 1)
    assert all(f"``{name}``" in written for name in counts[0])

"""Write the page of results."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.measure import Measured

HEAD = """\
Benchmarks
==========

Whole processes with start-up, {repeats}, on {date} on {cores} cores ({machine},
Python {python}), with the API's stand-in and the database on the same machine. {rows:,} people with as many
memberships and out-of-office entries, 10 attributes, 500 options and {assignments:,} assignments:
{rows_out:,} rows.

*dlt* is its REST source with the settings that its documentation recommends for speed, *pandas* is
``requests`` and ``to_sql``, the *lower bound* downloads and parses every page with eight threads and stores
nothing. In lakehouses *dlt upsert* merges by key, as it does elsewhere, and *dlt replace* writes every table anew;
snapshots are the versions of all tables that a run wrote, those of records included. Memory is that of the largest
process. Ratios are wall times, the other's divided by ours.

Repeat with ``make bench``; the slow cases (the rate limit, ten times the rows) with ``make bench-large``.

"""


def write_page(path: Path, medians: dict[str, dict[str, Measured]], *, rows: int, repeats: int) -> None:
    """Write the medians as a page of the documentation.

    :param path: the page
    :param medians: by case and pipeline
    :param rows: people
    :param repeats: how often each was measured
    """
    text = HEAD.format(
        repeats="measured once" if repeats == 1 else f"medians of {repeats} runs",
        date=f"{datetime.now(UTC):%-d %B %Y}",
        cores=os.cpu_count(),
        machine=platform.machine(),
        python=platform.python_version(),
        rows=rows,
        assignments=4 * rows,
        rows_out=7 * rows + 510,
    )
    lines = [text]
    for case, pipelines in medians.items():
        lines += [case, "-" * len(case), "", ".. list-table::", "   :header-rows: 1", ""]
        lake = any(one.snapshots is not None for one in pipelines.values())
        written = ("Files grew MB", "Snapshots") if lake else ("WAL MB",)
        lines += _row("Pipeline", "Wall s", "CPU s", "Memory MB", "Requests", "429", *written, "Ratio")
        own = pipelines.get("calcom")
        for name, one in pipelines.items():
            ratio = "" if own is None or name == "calcom" else f"{one.wall / own.wall:.1f}"
            log = ["" if one.wal is None else f"{one.wal:.1f}"]
            if lake:
                log = [f"{one.stored or 0:.1f}", f"{one.snapshots or 0:.0f}"]
            lines += _row(
                "this package" if name == "calcom" else name,
                f"{one.wall:.1f}",
                f"{one.cpu:.1f}",
                f"{one.memory:.0f}",
                f"{one.requests:.0f}",
                f"{one.refused:.0f}",
                *log,
                ratio,
            )
        lines.append("")
    path.write_text("\n".join(lines))


def _row(*cells: str) -> list[str]:
    return [f"   {'* -' if place == 0 else '  -'} {cell}".rstrip() for place, cell in enumerate(cells)]

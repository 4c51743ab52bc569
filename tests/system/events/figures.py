"""How long changes take to their rows, seen from outside; and the numbers of a run as a part of the documentation."""

from __future__ import annotations

import os
import textwrap
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.system.events.changes import Made
from tests.system.events.world import World

#: What shows that a change has arrived, by its kind.
ARRIVED = {
    "cancel": "SELECT uid FROM calcom_bookings WHERE status = 'cancelled' AND uid = ANY(:keys)",
    "make": "SELECT uid FROM calcom_bookings WHERE uid = ANY(:keys)",
    "absence": "SELECT id FROM calcom_ooo_entries WHERE id = ANY(CAST(:keys AS BIGINT[]))",
    "answer": "SELECT id FROM calcom_routing_form_responses WHERE id = ANY(CAST(:keys AS BIGINT[]))",
}
EVERY = 0.1


@dataclass(slots=True)
class Watched:
    """Hold when changes were seen in the tables.

    :param waiting: changes that are not there yet.
    :param seconds: how long each of the others took.
    """

    waiting: dict[tuple[str, str], Made] = field(default_factory=dict)
    seconds: dict[tuple[str, str], float] = field(default_factory=dict)

    def expect(self, made: Made) -> None:
        self.waiting[made.kind, made.key] = made

    def look(self, world: World) -> None:
        waiting = list(self.waiting.values())
        for kind, sql in ARRIVED.items():
            keys = [made.key for made in waiting if made.kind == kind]
            if not keys:
                continue
            found = {str(row[0]) for row in world.ask(sql, keys=keys)}
            now = time.time()
            for key in found:
                self.seconds[kind, key] = now - self.waiting.pop((kind, key)).at


@contextmanager
def watched(world: World) -> Iterator[Watched]:
    """Look into the tables ten times a second until the block ends."""
    held, stop = Watched(), threading.Event()

    def work() -> None:
        while not stop.wait(EVERY):
            held.look(world)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield held
    finally:
        stop.set()
        thread.join(30)


def quantile(values: Sequence[float], part: float) -> float:
    """Return the value that a part of all values do not pass."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, round(part * len(ordered)) - 1))]


@dataclass(frozen=True, slots=True)
class Figures:
    """Hold the numbers of one run.

    :param changes: how many changes, in how many seconds, under which limit of requests a minute.
    :param p50: seconds from a change to its row.
    :param runs: runs of the event sync's DAG, and their requests.
    :param syncs: scheduled syncs that ran beside.
    :param refused: answers with status 429.
    :param faults: changes while deliveries went wrong, how many were dropped, doubled and reordered, and how many the
        scheduled syncs counted as missed.
    :param load: load average of the machine over the last minute of the changes.
    """

    changes: int
    seconds: float
    limit: int
    p50: float
    p95: float
    longest: float
    runs: int
    requests: int
    syncs: int
    refused: int
    faults: dict[str, int]
    load: float

    def lines(self) -> list[str]:
        """Tell them to a reader of a terminal."""
        return [
            f"{self.changes} changes in {self.seconds:.0f} s, limit {self.limit}/60 s:"
            f" p50 {self.p50:.1f} s, p95 {self.p95:.1f} s, longest {self.longest:.1f} s from change to row;"
            f" {self.runs} event syncs with {self.requests} requests, {self.syncs} scheduled syncs beside,"
            f" {self.refused} x 429; load {self.load:.1f} on {os.cpu_count()} cores",
            ", ".join(f"{name} {number}" for name, number in self.faults.items()),
        ]

    def row(self) -> tuple[str, ...]:
        """Return the row of the documentation's table."""
        faults = self.faults
        return (
            f"{self.changes} in {self.seconds / 60:.0f} min",
            f"{self.limit}",
            f"{self.p50:.1f} s",
            f"{self.p95:.1f} s",
            f"{self.longest:.1f} s",
            f"{self.runs}, {self.requests}",
            f"{self.syncs}",
            f"{self.refused}",
            f"{faults['changes']}: {faults['dropped']}, {faults['doubled']}, {faults['reordered']}",
            f"{faults['missed']}",
            f"{self.load:.1f}",
        )


HEAD = (
    "Changes", "Limit a minute", "p50", "p95", "Longest", "Event syncs, requests", "Scheduled syncs beside", "429",
    "With faults: dropped, doubled, reordered", "``events_missed``", "Load",
)  # fmt: skip


def write(path: Path, figures: Figures) -> None:
    """Write the row of a run into the table of results; rows of other numbers of changes stay.

    :param path: file that the documentation includes.
    """
    rows: dict[str, list[str]] = {}
    if path.exists():
        cells: list[str] = []
        for line in path.read_text().splitlines():
            if line.startswith("   * - "):
                cells = [line.removeprefix("   * - ")]
            elif line.startswith("     - ") and cells:
                cells.append(line.removeprefix("     - "))
            if len(cells) == len(HEAD) and tuple(cells) != HEAD:
                rows[cells[0]] = cells
    rows[figures.row()[0]] = list(figures.row())
    lines = [
        ".. Numbers of real runs; make test-events RESULTS=docs/events.inc writes them anew.",
        "",
        f"On {os.cpu_count()} cores, which the imitated Cal.com, PostgreSQL and all of Airflow share; the load average"
        " tells of other work.",
        "",
        ".. list-table::",
        "   :header-rows: 1",
        "",
    ]
    for cells in [list(HEAD), *sorted(rows.values(), key=lambda one: int(one[0].split()[0]))]:
        lines += [f"   {'* -' if place == 0 else '  -'} {cell}" for place, cell in enumerate(cells)]
    path.write_text("\n".join(lines) + "\n")


@dataclass(frozen=True, slots=True)
class Load:
    """Hold the numbers of a run of the receiver under load.

    :param rate: deliveries that were to be sent a second, for how many seconds.
    :param sent: how many were, and how many seconds late 95 of 100 were at most.
    :param taken: how many were answered with 200, and how many of these were not in the store.
    :param down: seconds without a receiver, from its end to the next one's first answer.
    :param p50: seconds to the answer.
    :param memory: MiB of the receiver.
    :param load: load average of the machine over the last minute.
    """

    rate: float
    seconds: float
    sent: int
    late: float
    taken: int
    lost: int
    down: float
    p50: float
    p95: float
    memory: float
    load: float

    def line(self) -> str:
        """Tell them to a reader of a terminal."""
        return (
            f"{self.sent} deliveries sent at {self.rate:g} a second for {self.seconds:.0f} s, 95 % at most"
            f" {self.late * 1000:.0f} ms late; {self.taken} answered with 200, {self.lost} of them lost;"
            f" down for {self.down:.1f} s; p50 {self.p50 * 1000:.0f} ms, p95 {self.p95 * 1000:.0f} ms;"
            f" {self.memory:.0f} MiB; load {self.load:.1f} on {os.cpu_count()} cores"
        )


def write_load(path: Path, found: Load) -> None:
    """Write the numbers of a run of the receiver as a sentence.

    :param path: file that the documentation includes.
    """
    text = (
        f"On {os.cpu_count()} cores, which senders and receiver share (load average {found.load:.1f}): {found.sent:,}"
        f" deliveries sent in {found.seconds:.0f} s, {found.rate:g} a second, 95 of 100 of them at most"
        f" {found.late * 1000:.0f} ms late. The receiver was killed in the middle and answered again after"
        f" {found.down:.1f} s. {found.taken:,} deliveries were answered with 200; {found.lost or 'none'} of these"
        f" {'were' if found.lost else 'was'} lost. Half of the answers took {found.p50 * 1000:.0f} ms at most,"
        f" 95 of 100 {found.p95 * 1000:.0f} ms; the receiver held {found.memory:.0f} MiB."
    )
    head = ".. Numbers of a real run; CALCOM_EVENTS_SECONDS=60 make test-events RESULTS=... writes them anew."
    path.write_text(f"{head}\n\n{textwrap.fill(text, 118, break_on_hyphens=False)}\n")


def requests_of(world: World) -> int:
    """Return how many requests event syncs have sent."""
    (row,) = world.ask("SELECT coalesce(sum(requests), 0) FROM calcom_event_syncs")
    return int(row[0])


def missed_rows(world: World) -> int:
    """Return how many rows scheduled syncs have counted as missed so far."""
    (row,) = world.ask("SELECT coalesce(sum(events_missed), 0) FROM calcom_sync_run_resources")
    return int(row[0])


def refused(world: World) -> int:
    """Return how many requests were answered with 429."""
    statuses: dict[str, Any] = world.sandbox.stats()["statuses"]
    return int(statuses.get("429", 0))

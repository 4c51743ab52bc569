"""The first run of this release on a database of an earlier one is killed, at any statement or any moment."""

from __future__ import annotations

import time
from collections import Counter
from random import Random
from typing import Any

from tests.chaos import looking
from tests.chaos.lane import Lane
from tests.chaos.truth import plain
from tests.chaos.verdict import SHOWN, WrongError
from tests.integration.released import RELEASES, restore
from tests.integration.warehouse.model import ITEMS

PAGES = [((1, "a"), (2, "b")), ((3, "c"), (4, "d"))]
NEW = {1: "a", 2: "b", 3: "c", 4: "d"}
KILLS = 3
#: Statements of a run that migrates, about.
STATEMENTS = 120
RENAMED = {"start": "start_at", "end": "end_at", "contains": "contained_option_ids"}
OWN = ("sync_", "schema_version", "writeback_", "stage_")


def strike(lane: Lane, seed: int) -> Counter[str]:
    """Kill the run that migrates a few times, and let the last one through."""
    random = Random(f"migration {seed}")
    database, release = lane.databases[seed % len(lane.databases)], random.choice(RELEASES)
    counts: Counter[str] = Counter()
    with lane.warehouse(database) as url:
        synced = seed // len(lane.databases) % 2 == 0
        restore(release, url, "synced." if synced else "")
        attack: Any = Synced(url) if synced else Loaded(url)
        for _ in range(KILLS):
            by_statement = random.random() < 0.7
            last = random.randrange(STATEMENTS) if by_statement else None
            child = lane.start(attack.job, target=url, statements=last, **attack.more)
            if by_statement:
                child.join()
                killed = child.process.exitcode == -9
            else:
                child.told(60)
                time.sleep(random.uniform(0, 0.3))
                killed = child.kill()
            counts["kills"] += killed
            counts[f"{database} migration"] += killed
            attack.check()
        lane.run(attack.job, target=url, statements=None, **attack.more)
        attack.check(ended=True)
        with looking.snapshot(url) as fetch:
            numbers = [number for (number,) in fetch("SELECT number FROM calcom_schema_version ORDER BY 1")]
        if numbers != list(range(1, len(numbers) + 1)):
            raise WrongError(f"{release} ended with the migrations {numbers}")
        if left := looking.leftovers(url):
            raise WrongError(f"left over: {left}")
    return counts


class Loaded:
    """A table that the run also loads: it holds the rows of before, or the new ones."""

    job, more = "load_items", {"pages": PAGES}

    def __init__(self, url: str) -> None:
        self._url = url
        self._old = self._rows()

    def check(self, *, ended: bool = False) -> None:
        held = self._rows()
        if held != NEW and (ended or held != self._old):
            raise WrongError(f"the table holds {held}, before it were {self._old}")

    def _rows(self) -> dict[int, Any]:
        with looking.snapshot(self._url) as fetch:
            there = looking.columns_of(self._url, fetch)
            live = " WHERE _calcom_deleted_at IS NULL" if "_calcom_deleted_at" in there["items"] else ""
            names = ", ".join(f'"{column.name}"' for column in ITEMS.columns[1:3])
            rows = fetch(f"SELECT {names} FROM calcom_items{live}")
        if len(dict(rows)) != len(rows):
            raise WrongError("rows are there twice")
        return dict(rows)


class Synced:
    """All tables of a sync: columns get other names, and no row changes."""

    job: str = "migrate"
    more: dict[str, Any] = {}

    def __init__(self, url: str) -> None:
        self._url = url
        self._old = self._rows()

    def check(self, *, ended: bool = False) -> None:
        held = self._rows()
        wrong = [table for table, rows in self._old.items() if held.get(table) != rows]
        if wrong:
            raise WrongError(f"rows changed in {wrong[:SHOWN]}")

    def _rows(self) -> dict[str, list[str]]:
        """Return the rows of each table, columns under the names that they have now."""
        found = {}
        with looking.snapshot(self._url) as fetch:
            for table, columns in looking.columns_of(self._url, fetch).items():
                if table.startswith(OWN):
                    continue
                names = sorted(columns)
                quoted = ", ".join(f'"{name}"' for name in names)
                rows = fetch(f'SELECT {quoted} FROM "{looking.PREFIX}{table}"')
                spelled = [RENAMED.get(name, name) for name in names]
                found[table] = sorted(str(sorted(zip(spelled, map(plain, row), strict=True))) for row in rows)
        return found

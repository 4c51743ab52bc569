"""Sync a large organisation under the API's own limit and compare with the least time possible.

make bench-limit                 30,000 people at 120 requests per 60 s: two runs of about two minutes
python -m tests.benchmarks.limit --people 2200 --ooo 900 --limit 20 --window 5
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from calcom_provider.api.client import CalComClient
from calcom_provider.api.http.auth import ApiKey
from calcom_provider.api.rate_limit.governor import governor_for
from calcom_provider.api.rate_limit.state import FileStateStore
from calcom_provider.sandbox import Sandbox
from calcom_provider.sync import sync
from calcom_provider.warehouse import Warehouse

NEAR = 5.0


@dataclass(frozen=True)
class Outcome:
    """Hold how one run went."""

    name: str
    requests: int
    refused: int
    seconds: float
    floor: float
    rows: int

    def __str__(self) -> str:
        return (
            f"{self.name:24} {self.requests:5} requests {self.refused:3} refused {self.rows:7} rows "
            f"{self.seconds:7.1f} s, floor {self.floor:5.0f} s (+{self.seconds - self.floor:.1f})"
        )


def measure(
    name: str, sandbox: Sandbox, key: str, target: str, state: Path, limit: int, window: float
) -> Outcome:
    """Run one sync with a key whose budget is untouched."""
    before = sandbox.stats()["statuses"]
    auth = ApiKey(sandbox.keys[key])
    began = time.monotonic()
    warehouse = Warehouse(target)
    governor = governor_for(auth, sandbox.url, FileStateStore(state))
    with CalComClient(auth=auth, base_url=sandbox.url, governor=governor) as client:
        result = sync(client, warehouse)
    seconds = time.monotonic() - began
    warehouse.close()
    after = sandbox.stats()["statuses"]
    requests = sum(after.values()) - sum(before.values())
    return Outcome(
        name,
        requests,
        after.get("429", 0) - before.get("429", 0),
        seconds,
        window * (math.ceil(requests / limit) - 1),
        sum(table.rows_read for table in result.tables),
    )


def main() -> int:
    """Run both syncs; return 1 if one was refused or too far from the floor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=30_000)
    parser.add_argument("--ooo", type=int, default=10_000)
    parser.add_argument("--teams", type=int, default=40)
    parser.add_argument("--limit", type=int, default=120)
    parser.add_argument("--window", type=float, default=60.0)
    given = parser.parse_args()
    limit = (given.limit, given.window, given.window)
    budget = f"{given.limit} requests per {given.window:g} s"
    print(f"{given.people} people, {given.ooo} absences, {given.teams} teams, {budget}")
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox(users=given.people, ooo=given.ooo, teams=given.teams, limit=limit) as sandbox,
    ):
        outcomes = []
        for name, key in (("first run", "admin"), ("counts of a run known", "owner")):
            target = f"sqlite:///{folder}/warehouse.db"
            outcome = measure(name, sandbox, key, target, Path(folder), given.limit, given.window)
            outcomes.append(outcome)
            print(outcome, flush=True)
    allowed = (NEAR + given.window, NEAR)
    good = all(
        one.refused == 0 and one.seconds <= one.floor + more
        for one, more in zip(outcomes, allowed, strict=True)
    )
    print("never refused and near the floor" if good else "MISSED: refused, or too far from the floor")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

"""A fifth to a half of all answers goes wrong: the right rows, or what was there, and it is said which."""

from __future__ import annotations

from collections import Counter
from random import Random

from tests.chaos.kinds.sync_killed import check_healed
from tests.chaos.lane import ChildFailedError, Lane
from tests.chaos.scene import Scene
from tests.chaos.truth import RESOURCES, Truth
from tests.chaos.verdict import Judge

MODES = ("merge", "history", "replace")


def strike(lane: Lane, seed: int) -> Counter[str]:
    """Read through faults, a seed of them on each of two states of an organisation."""
    random = Random(f"api {seed}")
    database, mode = lane.databases[seed % len(lane.databases)], MODES[seed % len(MODES)]
    counts: Counter[str] = Counter()
    with Scene(seed) as scene, lane.warehouse(database) as url:
        call = {
            **scene.access, "target": url, "mode": mode, "resources": list(RESOURCES),
            "client": {"timeout": (2.0, 0.4)},
        }  # fmt: skip
        empty: Truth = {table: {} for table in scene.truth()}
        judge = Judge(url, empty, history=mode == "history")
        for _ in range(2):
            new = scene.churn()
            rate = random.uniform(0.2, 0.5)
            scene.sandbox.faults.set(
                rate=rate, seed=random.randrange(10**6), timeout_seconds=0.8, late_seconds=0.1
            )
            try:
                done = lane.run("sync", **call)
            except ChildFailedError as error:
                counts[f"ended by {error.kind}"] += 1
                if judge.look(new=new) != "old":
                    judge.must_be(judge.old, "after a failed run")
            else:
                incomplete = {table for table, (_, complete, _) in done["tables"].items() if not complete}
                counts["incomplete" if incomplete else "complete"] += 1
                judge.must_be_right(new, incomplete)
            counts["fault seeds"] += 1
            scene.sandbox.faults.clear()
            lane.run("sync", **{**call, "client": {}})
            check_healed(lane, judge, new)
    return counts

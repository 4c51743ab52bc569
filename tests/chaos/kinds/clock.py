"""The clock jumps back and forth by days while two runs want the same tables."""

from __future__ import annotations

from collections import Counter
from random import Random

from tests.chaos.kinds.sync_killed import MODES, check_healed
from tests.chaos.lane import ChildFailedError, Lane
from tests.chaos.scene import Scene
from tests.chaos.truth import RESOURCES, Truth
from tests.chaos.verdict import Judge, WrongError

DAY = 86_400.0


def strike(lane: Lane, seed: int) -> Counter[str]:
    """Run twice at once, each by a clock of its own that jumps."""
    random = Random(f"clock {seed}")
    database, mode = lane.databases[seed % len(lane.databases)], MODES[seed % len(MODES)]
    counts: Counter[str] = Counter()
    with Scene(seed, limit=(5000, 60.0, 60.0)) as scene, lane.warehouse(database) as url:
        call = {
            **scene.access, "target": url, "mode": mode, "resources": list(RESOURCES), "wait": 30.0,
            "store": str(lane.state_dir),
        }  # fmt: skip
        empty: Truth = {table: {} for table in scene.truth()}
        judge = Judge(url, empty, history=mode == "history")
        lane.run("sync", **call)
        check_healed(lane, judge, scene.truth())
        new = scene.churn()
        jumps = [
            {"seed": random.randrange(10**6), "largest": random.choice((60.0, 3600.0, 3 * DAY))} for _ in "ab"
        ]
        children = [lane.start("sync", **call, jumps=one) for one in jumps]
        outcomes = []
        for child in children:
            try:
                outcomes.append("done" if child.result() else "")
            except ChildFailedError as error:
                if error.kind not in (
                    "LoadInProgressError",
                    "LeaseLostError",
                    "explained",
                    "UnsupportedTargetError",
                ):
                    raise WrongError(f"a clock that jumps broke a run: {error}\n{error.trace}") from None
                outcomes.append(error.kind)
        judge.must_be_as_told(new, "done" if "done" in outcomes else "refused")
        lane.run("sync", **call)
        check_healed(lane, judge, new)
        counts["clock jumps"] += 2
        counts.update(f"{database} {one}" for one in outcomes)
    return counts

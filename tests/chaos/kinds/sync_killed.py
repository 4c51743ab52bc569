"""A sync is killed at any moment, readers beside it: four databases, three modes."""

from __future__ import annotations

import threading
import time
from collections import Counter
from random import Random

from tests.chaos import looking
from tests.chaos.lane import Child, Lane
from tests.chaos.scene import Scene
from tests.chaos.truth import RESOURCES, Truth
from tests.chaos.verdict import Judge, WrongError

MODES = ("merge", "history", "replace")
ROUNDS = 4
#: Seconds that the next run waits until a database notices that the killed one is gone.
PATIENCE = 60.0


class Beside:
    """Read again and again while a run goes on; every look must see one state or the other."""

    def __init__(self, judge: Judge, new: Truth) -> None:
        self._judge, self._new = judge, new
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="chaos-reader")

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._judge.look(new=self._new)
                self._stop.wait(0.1)
        except BaseException as error:
            self._error = error

    def __enter__(self) -> Beside:
        # A reader of a DuckDB file would keep the run from opening it.
        if not self._judge.url.startswith("duckdb"):
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self._error is not None:
            raise self._error


def wait_and_kill(child: Child, random: Random, usual: dict[str, float]) -> bool:
    """Kill a run at a random moment, every other time while it publishes; tell whether it still ran."""
    if random.random() < 0.5:
        while child.alive and child.told(60) != "publishing":
            pass
        time.sleep(random.uniform(0, usual["publish"]))
    else:
        time.sleep(random.uniform(0, usual["seconds"]))
    return child.kill()


def check_healed(lane: Lane, judge: Judge, new: Truth) -> None:
    """Hold that the run after an attack left the right tables, and nothing beside."""
    judge.must_be(new, "after the next run")
    judge.advance(new)
    left = looking.leftovers(judge.url)
    if left:
        raise WrongError(f"left over: {', '.join(left[:5])}")
    told = looking.recorded(judge.url)
    if not told or told[-1][1] != "success" or any(status == "running" for _, status in told):
        raise WrongError(f"the run records say {[status for _, status in told][-5:]}")


def strike(lane: Lane, seed: int) -> Counter[str]:
    """Kill a few runs on one warehouse, one after the other."""
    random = Random(f"sync {seed}")
    combinations = [(database, mode) for mode in MODES for database in lane.databases]
    database, mode = combinations[seed % len(combinations)]
    counts: Counter[str] = Counter()
    with Scene(seed) as scene, lane.warehouse(database) as url:
        call = {**scene.access, "target": url, "mode": mode, "resources": list(RESOURCES), "wait": PATIENCE}
        empty: Truth = {table: {} for table in scene.truth()}
        judge = Judge(url, empty, history=mode == "history")
        usual = {"seconds": 0.6, "publish": 0.1}
        if random.random() < 0.7:
            usual = lane.run("sync", **call)
            check_healed(lane, judge, scene.truth())
        for _ in range(ROUNDS):
            new = scene.churn()
            child = lane.start("sync", **call)
            with Beside(judge, new):
                killed = wait_and_kill(child, random, usual)
            counts["kills"] += killed
            counts[f"{database} {mode}"] += killed
            judge.look(new=new)
            usual = lane.run("sync", **call)
            check_healed(lane, judge, new)
        counts["looks beside"] = judge.looked
    return counts

"""The store of the request count is lost in mid-run: Redis and PostgreSQL, gone for good or back and empty."""

from __future__ import annotations

import time
from collections import Counter
from random import Random
from typing import Any

from tests.chaos.kinds.sync_killed import check_healed
from tests.chaos.lane import ChildFailedError, Lane
from tests.chaos.scene import Scene
from tests.chaos.servers import redis
from tests.chaos.truth import RESOURCES, Truth
from tests.chaos.verdict import Judge, WrongError

STORES = ("redis", "postgresql") if redis.is_here() else ("postgresql",)


def strike(lane: Lane, seed: int) -> Counter[str]:
    """Lose the store of one run."""
    random = Random(f"store {seed}")
    kind = STORES[seed % len(STORES)]
    name = ""
    if kind == "redis":
        store: Any = lane.redis
        where = store.url
    else:
        store = lane.postgresql
        name = store.fresh()
        where = store.url(name)
    with Scene(seed, limit=(5000, 60.0, 60.0)) as scene, lane.warehouse("sqlite") as url:
        call = {**scene.access, "target": url, "resources": list(RESOURCES), "store": where}
        empty: Truth = {table: {} for table in scene.truth()}
        judge = Judge(url, empty)
        usual = lane.run("sync", **call)
        check_healed(lane, judge, scene.truth())
        if not usual["store_works"]:
            raise WrongError("the store was not used")
        new = scene.churn()
        child = lane.start("sync", **call)
        time.sleep(random.uniform(0, usual["seconds"]))
        store.server.kill()
        back = random.random() < 0.5
        if back:
            _start(store)
        try:
            outcome = "done" if child.result() else ""
        except ChildFailedError as error:
            outcome = str(error)
        if not back:
            _start(store)
        judge.must_be_as_told(new, outcome)
        lane.run("sync", **call)
        check_healed(lane, judge, new)
    if name:
        store.drop(name)
    word = "ran through" if outcome == "done" else "refused"
    return Counter({"store losses": 1, f"{kind} {'back' if back else 'gone'}: {word}": 1})


def _start(store: Any) -> None:
    getattr(store, "restart", store.server.start)()

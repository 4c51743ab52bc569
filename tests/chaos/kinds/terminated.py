"""A task is ended by Airflow (SIGTERM, then SIGKILL), a command by Ctrl-C."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from random import Random
from typing import Any

import sqlalchemy as sa

from tests.chaos.kinds.sync_killed import Beside, check_healed
from tests.chaos.lane import Child, ChildFailedError, Lane
from tests.chaos.scene import Scene
from tests.chaos.truth import RESOURCES, Truth
from tests.chaos.verdict import Judge, WrongError

#: Seconds between Airflow's SIGTERM and its SIGKILL, shortened.
ESCALATION = 1.0


def strike(lane: Lane, seed: int) -> Counter[str]:
    """End a task of an operator, and a run at a terminal, at random moments."""
    random = Random(f"ended {seed}")
    database = lane.databases[seed % len(lane.databases)]
    with Scene(seed) as scene, lane.warehouse(database) as url:
        call = {**scene.access, "target": url, "resources": list(RESOURCES), "wait": 60.0}
        empty: Truth = {table: {} for table in scene.truth()}
        judge = Judge(url, empty)
        usual = lane.run("sync", **call)
        check_healed(lane, judge, scene.truth())
        new = scene.churn()
        with Beside(judge, new):
            word = _task(lane, scene, url, random, usual)
        judge.look(new=new)
        lane.run("sync", **call)
        check_healed(lane, judge, new)
        new = scene.churn()
        stopped = _interrupted(lane, call, random, usual)
        state = judge.look(new=new)
        if stopped == "done" and state != "new":
            raise WrongError("a run that Ctrl-C did not reach published nothing")
        lane.run("sync", **call)
        check_healed(lane, judge, new)
    return Counter({"terminations": 2, f"task {word}": 1, f"Ctrl-C {stopped}": 1})


def _task(lane: Lane, scene: Scene, url: str, random: Random, usual: dict[str, float]) -> str:
    child = lane.start(
        "task",
        connections(scene, url),
        arguments={"resource_names": list(RESOURCES), "sql_conn_id": "warehouse_default", "full": True},
    )
    while child.alive and child.told(60) != "executing":
        pass
    time.sleep(random.uniform(0, usual["seconds"] * 1.5))
    child.signal(signal.SIGTERM)
    time.sleep(ESCALATION)
    return "killed" if child.kill() else "ended by itself"


def _interrupted(lane: Lane, call: dict[str, Any], random: Random, usual: dict[str, float]) -> str:
    child: Child = lane.start("sync", **call)
    time.sleep(random.uniform(0, usual["seconds"]))
    child.signal(signal.SIGINT)
    try:
        child.result()
    except ChildFailedError as error:
        return error.kind
    return "done"


def connections(scene: Scene, url: str) -> dict[str, str]:
    """Return the two Airflow connections of a sync, as environment variables."""
    parts = sa.make_url(url)
    kind = {"postgresql": "postgres"}.get(parts.get_backend_name(), parts.get_backend_name())
    warehouse = {"conn_type": kind, "host": parts.host or parts.database}
    if parts.host:
        warehouse |= {"schema": parts.database, "port": parts.port, "login": parts.username, "password": ""}  # type: ignore[dict-item]
    api = {"conn_type": "calcom", "host": scene.access["api"], "password": scene.access["key"]}
    return {
        "AIRFLOW_CONN_CALCOM_DEFAULT": json.dumps(api),
        "AIRFLOW_CONN_WAREHOUSE_DEFAULT": json.dumps(warehouse),
    }

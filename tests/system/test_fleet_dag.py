"""The DAG over many organisations, run as a user would run it, against a sandbox with several."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.reporting.page.collect import collect
from calcom_provider.sandbox import Sandbox
from calcom_provider.sandbox.core.wire import Response
from tests.system.branches import add_branches

PEOPLE = 8
NOBODY = 999_999


@pytest.fixture(scope="module")
def fleet() -> Iterator[tuple[Sandbox, list[int]]]:
    with Sandbox(users=PEOPLE, teams=1, limit=None) as sandbox:
        yield sandbox, add_branches(sandbox, 4, PEOPLE)


@pytest.fixture
def connections(
    fleet: tuple[Sandbox, list[int]], set_connection: Callable[..., str], warehouse_default: Path
) -> None:
    sandbox, _ = fleet
    key = {"conn_type": "calcom", "host": sandbox.url}
    set_connection("calcom_default", **key, password=sandbox.keys["admin"])
    with sandbox.paused() as world:
        row = world.api_keys.first("key", sandbox.keys["admin"])
        other = world.add_api_key(world.users.get(row["userId"]), None)
    set_connection("calcom_other", **key, password=other)


def fetch(path: Path, text: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(text).fetchall()


def read(path: Path) -> dict[int, int]:
    return dict(fetch(path, "SELECT organization_id, count(*) FROM calcom_users GROUP BY 1"))


def mapped(run: Any) -> dict[int, str]:
    return {one.map_index: str(one.state) for one in run.get_task_instances() if one.task_id == "sync"}


def test_organisations_are_dealt_by_credential_and_one_that_fails_keeps_nobody_waiting(
    fleet: tuple[Sandbox, list[int]],
    connections: None,
    warehouse_default: Path,
    run_dag: Callable[..., Any],
    task_results: Callable[..., Any],
) -> None:
    sandbox, ids = fleet
    listed = [
        *ids[:3],
        NOBODY,
        *({"organization_id": one, "calcom_conn_id": "calcom_other"} for one in ids[3:]),
    ]
    conf = {"organizations": listed, "resources": "users,teams", "batch_size": 2, "promises": {"users": "1h"}}
    run = run_dag("calcom_fleet", conf=conf)
    batches = task_results(run, "plan")
    assert {len(batch["jobs"]) for batch in batches} <= {1, 2}
    for batch in batches:
        others = {number for number, _ in batch["jobs"]} & set(ids[3:])
        assert batch["calcom_conn_id"] == ("calcom_other" if others else "calcom_default")
        assert not others or others == {number for number, _ in batch["jobs"]}
    # Of the batches that hold the organisation that there is not, everything else was read.
    assert read(warehouse_default) == {
        one: len(sandbox.state.profiles.by("organizationId", one)) for one in ids
    }
    assert run.state == "failed"
    states = mapped(run)
    names = {one.rendered_map_index for one in run.get_task_instances() if one.task_id == "sync"}
    firsts = [(batch["jobs"][0][0], len(batch["jobs"]) - 1) for batch in batches]
    assert names == {f"organization {one}" + (f" and {more} more" if more else "") for one, more in firsts}
    with_nobody = [place for place, one in enumerate(batches) if NOBODY in dict(one["jobs"])]
    assert {place for place, state in states.items() if state == "failed"} == set(with_nobody)
    summary = task_results(run, "summary")
    assert (summary["organizations"], summary["synced"], summary["failed"]) == (6, 5, 1)
    assert summary["throttled"] == 0
    assert str(NOBODY) in summary["failures"][0]
    row = fetch(
        warehouse_default,
        "SELECT status, organizations, synced, failed, throttled, worst_age_seconds FROM calcom_sync_fleet_runs",
    )
    assert row == [("failed", 6, 5, 1, 0, None)], "nothing had been read before, so nothing was old"

    again = run_dag("calcom_fleet", conf=conf | {"organizations": ids, "within": None})
    assert again.state == "success"
    plan, summary = task_results(again, "plan", key="plan"), task_results(again, "summary")
    assert plan["organizations"] == summary["synced"] == len(ids)
    assert 0 < summary["worst_age"]
    assert summary["planned_age"] == plan["worst_age"] > 0
    assert sum(one["never_read"] for one in plan["promises"]) == 0
    assert "5 of 5 organizations synced; worst age" in summary["line"]
    assert len(json.dumps(task_results(again, "plan"))) < 2000
    (shown,) = [one for one in collect(f"sqlite:///{warehouse_default}").panels if one.key == "fleet-runs"]
    assert shown.table is not None
    assert [row[2:5] for row in shown.table.rows] == [(5, 5, 0), (6, 5, 1)]


def test_a_retry_reads_only_what_is_missing(
    fleet: tuple[Sandbox, list[int]], connections: None, warehouse_default: Path, task_context: Any
) -> None:
    from calcom_provider.transfers.fleet_to_sql import BatchFailedError, CalComFleetToSqlOperator

    sandbox, ids = fleet
    batch = {"calcom_conn_id": "calcom_default", "jobs": [[ids[0], 0], [ids[1], 0], [ids[2], 0]]}

    def operator() -> CalComFleetToSqlOperator:
        return CalComFleetToSqlOperator(
            task_id="sync", batch=batch, resource_names="users", sql_conn_id="warehouse_default"
        )

    refused = [f"/organizations/{ids[1]}/users"]

    def refuse_once(request: Any, response: Response) -> Response | None:
        if not refused or refused[0] not in request.path:
            return None
        refused.clear()
        return Response(409, b'{"status": "error", "error": {"message": "no"}}', response.headers)

    sandbox.before_answer(refuse_once)
    with pytest.raises(BatchFailedError, match=f"1 of 3 organizations failed: {ids[1]}"):
        operator().execute(task_context)
    assert list(task_context["ti"].pushed["failures"]) == [str(ids[1])]
    assert set(read(warehouse_default)) == {ids[0], ids[2]}
    task_context["ti"].try_number = 2
    before = sandbox.stats()["operations"]["org_users.list"]
    result = operator().execute(task_context)
    assert sandbox.stats()["operations"]["org_users.list"] - before == 1
    assert (result["organizations"], result["synced"]) == (3, 3)
    assert set(read(warehouse_default)) == set(ids[:3])
    assert task_context["ti"].pushed["failures"] == {}


def test_an_account_that_manages_none_has_its_own(
    fleet: tuple[Sandbox, list[int]], connections: None, warehouse_default: Path, task_context: Any
) -> None:
    from calcom_provider.transfers.fleet import CalComFleetPlanOperator

    sandbox, _ = fleet
    plan = CalComFleetPlanOperator(task_id="plan", sql_conn_id="warehouse_default")
    assert plan.execute(task_context) == [
        {"calcom_conn_id": "calcom_default", "jobs": [[sandbox.organization_id, 0]]}
    ]


def test_organisations_come_from_a_platform_account_or_a_table(
    set_connection: Callable[..., str], warehouse_default: Path, task_context: Any
) -> None:
    from calcom_provider.api.errors import ConfigurationError
    from calcom_provider.transfers.fleet import CalComFleetPlanOperator

    with Sandbox(users=PEOPLE, limit=None, managed_organizations=30) as sandbox:
        set_connection(
            "calcom_platform",
            conn_type="calcom",
            host=sandbox.url,
            extra={
                "auth_mode": "platform",
                "client_id": sandbox.keys["client_id"],
                "client_secret": sandbox.keys["client_secret"],
            },
        )
        plan = CalComFleetPlanOperator(
            task_id="plan", calcom_conn_id="calcom_platform", sql_conn_id="warehouse_default"
        )
        batches = plan.execute(task_context)
    assert [len(batch["jobs"]) for batch in batches] == [15, 15]
    with closing(sqlite3.connect(warehouse_default)) as database:
        database.execute("CREATE TABLE tenants (organization_id INTEGER, calcom_conn_id TEXT, note TEXT)")
        database.executemany(
            "INSERT INTO tenants VALUES (?, ?, 'x')", [(3, "a"), (4, "b"), (5, "a"), (6, None)]
        )
        database.commit()
    for name in ("a", "b", "calcom_default"):
        set_connection(name, conn_type="calcom", host="http://127.0.0.1:9", password=f"cal_{name * 8}")
    plan = CalComFleetPlanOperator(
        task_id="plan", organizations_table="tenants", sql_conn_id="warehouse_default"
    )
    batches = plan.execute(task_context)
    dealt = {batch["calcom_conn_id"]: {number for number, _ in batch["jobs"]} for batch in batches}
    assert dealt == {"a": {3, 5}, "b": {4}, "calcom_default": {6}}
    assert task_context["ti"].pushed["plan"]["organizations"] == 4
    many = CalComFleetPlanOperator(
        task_id="plan", organizations=list(range(1, 3001)), batch_size=2, sql_conn_id="warehouse_default"
    )
    with pytest.raises(Exception, match="Raise batch_size, which is 2") as caught:
        many.execute(task_context)
    assert not isinstance(caught.value, ConfigurationError), "a retry cannot help"


def test_the_notifier_says_what_became_of_all_of_them(
    task_context: Any, caplog: pytest.LogCaptureFixture
) -> None:
    from calcom_provider.notifications.calcom import tell
    from calcom_provider.sync.fleet.results import FleetResult

    result = FleetResult(1000, 1000, {}, 9000, 0, 12.0, 3500.0, 3600.0)
    task_context["ti"].pushed["return_value"] = result.to_dict()
    assert tell(task_context) == (
        "1,000 of 1,000 organizations synced; worst age 58 min 20 s (planned 1 h); 9,000 requests, 0 answers 429"
    )

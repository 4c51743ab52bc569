"""The check operator refuses what it cannot read, and finds a ledger that is elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.operators.checks import CalComWarehouseCheckOperator
from calcom_provider.reporting.checks.results import SHOWN, CheckResult


@pytest.fixture(autouse=True)
def _empty_database(warehouse_default: Path) -> None:
    # A file that is not there is refused as a wrong path
    warehouse_default.touch()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"max_age_hours": "soon"}, "max_age_hours is a number, not 'soon'"),
        ({"min_match_rate": "most"}, "min_match_rate is a number, not 'most'"),
        ({"checks": "keys,colour"}, "There is no check 'colour'"),
    ],
)
def test_wrong_arguments_fail_at_once(
    arguments: dict[str, Any], said: str, warehouse_default: Path, task_context: dict[str, Any]
) -> None:
    operator = CalComWarehouseCheckOperator(task_id="check", sql_conn_id="warehouse_default", **arguments)
    with pytest.raises(AirflowFailException, match=said):
        operator.execute(task_context)


def test_an_empty_warehouse_fails_freshness_with_what_is_missing(
    warehouse_default: Path, task_context: dict[str, Any]
) -> None:
    operator = CalComWarehouseCheckOperator(
        task_id="check", sql_conn_id="warehouse_default", checks=["freshness"], resource_names="users"
    )
    with pytest.raises(AirflowFailException, match="resource=users read_at=None"):
        operator.execute(task_context)
    (told,) = task_context["ti"].pushed["failed_checks"]
    assert told["keys"] == [{"scope": "", "resource": "users", "read_at": None}]


def test_the_ledger_may_be_elsewhere(
    warehouse_default: Path,
    tmp_path: Path,
    set_connection: Callable[..., str],
    task_context: dict[str, Any],
) -> None:
    ledger = tmp_path / "ledger.db"
    Ledger(f"sqlite:///{ledger}").close()
    set_connection("ledger", conn_type="sqlite", host=str(ledger))
    both = {"sql_conn_id": "warehouse_default", "checks": "match_rate"}
    here = CalComWarehouseCheckOperator(task_id="here", **both).execute(task_context)
    there = CalComWarehouseCheckOperator(task_id="there", ledger_conn_id="ledger", **both)
    assert here == {"checked": 0, "not_checked": 1, "failed": 0}
    assert there.execute(task_context) == {"checked": 1, "not_checked": 0, "failed": 0}


def test_a_line_shows_some_keys_and_the_whole_count() -> None:
    keys = tuple({"organization_id": 1, "id": number} for number in range(SHOWN))
    line = CheckResult("keys", "users", 500, keys, "wrong").line()
    assert line.startswith("keys users: 500 failed, wrong: organization_id=1 id=0; ")
    assert line.endswith(f"and {500 - SHOWN} more")

"""The tables of a lakehouse are tended from Airflow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from calcom_provider.operators import CalComLakehouseMaintenanceOperator
from calcom_provider.warehouse import Warehouse
from tests.integration.warehouse.model import load_pages
from tests.plugins.lakehouses import query

pytestmark = pytest.mark.cloud


def task(**more: Any) -> CalComLakehouseMaintenanceOperator:
    return CalComLakehouseMaintenanceOperator(task_id="tend", sql_conn_id="lake", **more)


def test_the_task_tends_the_lakehouse_of_its_connection(
    lakehouse_url: str, tmp_path: Path, task_context: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """docs/lakehouse.rst: "does the same on a schedule"."""
    connection = {"conn_type": "generic", "extra": {"lakehouse": lakehouse_url}}
    monkeypatch.setenv("AIRFLOW_CONN_LAKE", json.dumps(connection))
    warehouse = Warehouse(lakehouse_url)
    for number in range(3):
        load_pages(warehouse, [tuple((key, "v") for key in range(number * 10 + 10))], deletes="ignore")
    warehouse.close()
    held = query(lakehouse_url, 'SELECT * FROM calcom_items ORDER BY "Order"')
    files = len(list((tmp_path / "lakehouse").rglob("*.parquet")))
    done = task(retention_hours="0").execute(task_context)
    assert done["calcom_items"].keys() == {"compacted", "expired", "removed"}
    assert sum(one["removed"] for one in done.values()) > 0
    assert len(list((tmp_path / "lakehouse").rglob("*.parquet"))) < files
    assert query(lakehouse_url, 'SELECT * FROM calcom_items ORDER BY "Order"') == held
    for wrong in ("-1", "soon", "inf"):
        with pytest.raises(AirflowFailException, match="number of hours"):
            task(retention_hours=wrong).execute(task_context)


def test_a_database_tends_itself(
    sqlite_url: str, task_context: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    load_pages(Warehouse(sqlite_url), [tuple((key, "v") for key in range(3))])
    path = sqlite_url.removeprefix("sqlite:///")
    monkeypatch.setenv("AIRFLOW_CONN_LAKE", json.dumps({"conn_type": "sqlite", "host": path}))
    with pytest.raises(AirflowFailException, match="tends its tables itself"):
        task().execute(task_context)

"""Erasure and retention as tasks: what they remove, what their receipts say, and what they never show."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk._shared.secrets_masker import redact

from calcom_provider.notifications.calcom import tell
from calcom_provider.operators.privacy import CalComErasePersonOperator, CalComRetentionOperator
from tests.integration.reporting import questions_world as world

RUN_RECORDS = ("calcom_sync_runs", "calcom_sync_run_resources")
MEMBER = 2
ADDRESS = "member2@lumen.example"


@pytest.fixture
def synced(warehouse_default: Path) -> Path:
    world.load(f"sqlite:///{warehouse_default}")
    with closing(sqlite3.connect(warehouse_default)) as database:
        database.execute("UPDATE calcom_memberships SET user_email = ? WHERE user_id = ?", (ADDRESS, MEMBER))
        database.commit()
    return warehouse_default


def eraser(**more: Any) -> CalComErasePersonOperator:
    return CalComErasePersonOperator(task_id="erase", sql_conn_id="warehouse_default", **more)


def count(path: Path, where: str) -> int:
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute(f"SELECT count(*) FROM {where}").fetchone()[0])


@pytest.mark.parametrize("user", [MEMBER, str(MEMBER), ADDRESS.upper()])
def test_a_person_is_erased_and_the_receipt_names_nobody(
    user: Any, synced: Path, task_context: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """The receipt holds tables, rows, what could not be reached and why, and nothing about the person."""
    assert count(synced, f"calcom_memberships WHERE user_id = {MEMBER}") == 1
    receipt = eraser(user=user).execute(task_context)
    assert receipt["tables"]["calcom_memberships"] == 1
    assert receipt["rows"] == sum(receipt["tables"].values())
    assert all(one["reason"] for one in receipt["unreached"])
    assert count(synced, f"calcom_memberships WHERE user_id = {MEMBER}") == 0
    assert "member2" not in (json.dumps(receipt) + caplog.text).lower()
    task_context["ti"].pushed["return_value"] = receipt
    assert f"rows {receipt['rows']}" in str(tell(task_context))  # type: ignore[arg-type]
    with pytest.raises(AirflowFailException, match="Nobody was found by") as failed:
        eraser(user=user).execute(task_context)
    assert "member2" not in str(failed.value).lower()


def test_an_address_is_masked_before_rendered_templates_are_stored(task_context: dict[str, Any]) -> None:
    task = eraser(user="{{ 'somebody' + '@lumen.example' }}")
    task.render_template_fields(task_context)
    assert task.user == "somebody@lumen.example"
    assert "somebody" not in str(redact(f"user {task.user}"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"user": "somebody"}, "user id or an e-mail address"),
        ({"user": 2, "force": "maybe"}, "force is true or false"),
        ({"user": 2, "columns": {"renamed": {}}}, "columns has no choice 'renamed'"),
    ],
)
def test_wrong_arguments_erase_nothing(
    given: dict[str, Any], said: str, synced: Path, task_context: dict[str, Any]
) -> None:
    with pytest.raises(AirflowFailException, match=said):
        eraser(**given).execute(task_context)
    assert count(synced, f"calcom_memberships WHERE user_id = {MEMBER}") == 1


def test_the_past_is_deleted_with_a_receipt(synced: Path, task_context: dict[str, Any]) -> None:
    with closing(sqlite3.connect(synced)) as database:
        for name in RUN_RECORDS:
            database.execute(f"UPDATE {name} SET started_at = '2020-01-01'")
        database.commit()
    records = {name: count(synced, name) for name in RUN_RECORDS}
    task = CalComRetentionOperator(
        task_id="forget", sql_conn_id="warehouse_default", tables={"sync_runs": "30"}
    )
    assert task.execute(task_context)["tables"] == records
    assert [count(synced, name) for name in RUN_RECORDS] == [0, 0]
    for wrong in ({}, {"days": "many"}, {"tables": {"nothing": 3}}):
        with pytest.raises(AirflowFailException):
            CalComRetentionOperator(task_id="forget", sql_conn_id="warehouse_default", **wrong).execute(
                task_context
            )

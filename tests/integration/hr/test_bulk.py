"""The bulk operators write rows once, however often they run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from calcom_provider.hr.target.gateway import Gateway, read_state
from calcom_provider.operators.hr_bulk import CalComAssignAttributesOperator, CalComCreateOutOfOfficeOperator
from calcom_provider.sandbox import Sandbox


@pytest.fixture
def users(
    sandbox: Sandbox,
    gateway: Gateway,
    set_connection: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> list[Any]:
    monkeypatch.setenv("CALCOM_STATE_DIR", str(tmp_path / "state"))
    set_connection("calcom_default", conn_type="calcom", host=sandbox.url, password=sandbox.keys["admin"])
    create = gateway.client.call
    create("org_attributes.create", name="HR centre", slug="hr-centre", type="TEXT", options=[])
    options = [{"value": "M", "slug": "m"}, {"value": "L", "slug": "l"}]
    create("org_attributes.create", name="HR size", slug="hr-size", type="MULTI_SELECT", options=options)
    found = [one for one in read_state(gateway).users.values() if one.accepted and one.has_profile]
    return sorted(found, key=lambda one: one.id)


def test_assignments(users: list[Any], gateway: Gateway, task_context: Any) -> None:
    rows = [
        {"user": users[0].id, "attribute": "hr-centre", "value": "C1"},
        {"user": users[1].email.upper(), "attribute": "HR centre", "value": "C1"},
        {"user": users[1].email, "attribute": "hr-size", "value": "m"},
        {"user": users[1].email, "attribute": "hr-size", "value": "L"},
    ]
    operator = CalComAssignAttributesOperator(task_id="assign", rows=rows)
    assert operator.execute(task_context)["statuses"] == {"done": 4}
    state = gateway.read_attributes(["hr-centre", "hr-size"])
    assert sorted(len(one.options) for one in state.values()) == [1, 2]
    assert operator.execute(task_context)["actions"] == {}


def test_assignments_without_an_option_fail_before_anything_is_written(
    users: list[Any], gateway: Gateway, task_context: Any
) -> None:
    rows = [
        {"user": one.id, "attribute": "hr-size", "value": value} for one, value in zip(users, ("M", "XS"))
    ]
    with pytest.raises(AirflowFailException, match="missing_options"):
        CalComAssignAttributesOperator(task_id="assign", rows=rows).execute(task_context)
    state = next(iter(gateway.read_attributes(["hr-size"]).values()))
    assert not any(state.holders.values())
    created = CalComAssignAttributesOperator(task_id="assign", rows=rows, missing_option="create").execute(
        task_context
    )
    assert created["actions"] == {"assign": 2, "option_create": 1}


def test_entries(users: list[Any], gateway: Gateway, task_context: Any) -> None:
    rows = [
        {"user": users[0].id, "start": "2027-05-03", "end": "2027-05-07", "to_user": users[2].email},
        {
            "user": users[1].email,
            "start": "2027-05-03",
            "end": "2027-05-03",
            "reason": "travel",
            "notes": "Fair",
        },
    ]
    operator = CalComCreateOutOfOfficeOperator(task_id="away", rows=rows)
    assert operator.execute(task_context)["statuses"] == {"done": 2}
    made = [one for one in gateway.read_entries().values() if one.start.isoformat() == "2027-05-03"]
    assert {(one.user_id, one.reason, one.to_user_id) for one in made} == {
        (users[0].id, "unspecified", users[2].id),
        (users[1].id, "travel", None),
    }
    assert operator.execute(task_context)["issues"] == {"info": {"exists": 2}}


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"user": "nobody@example.com"}, "unmatched"), ({"end": "2027-05-01"}, "end_before_start"),
        ({"start": "2027-02-30"}, "bad_date"), ({"reason": "boredom"}, "unknown_reason"), ({"why": 1}, "unknown_key"),
    ],
)  # fmt: skip
def test_wrong_entries_are_told_and_the_others_written(
    row: dict[str, Any], code: str, users: list[Any], gateway: Gateway, task_context: Any
) -> None:
    good = {"user": users[0].id, "start": "2027-06-01", "end": "2027-06-02"}
    rows = [{"user": users[1].id, "start": "2027-05-03", "end": "2027-05-07", **row}, good]
    with pytest.raises(AirflowFailException, match=f"row 1: {code}"):
        CalComCreateOutOfOfficeOperator(task_id="away", rows=rows).execute(task_context)
    assert any(one.start.isoformat() == "2027-06-01" for one in gateway.read_entries().values())

"""An accepted member without a profile, as the API makes one, and one who leaves during a run."""

from __future__ import annotations

from typing import Any

import pytest

from calcom_provider.api.errors import PermissionDeniedError
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.sources.rows import from_records
from calcom_provider.hr.target.gateway import Gateway
from tests.faults.hr.sandbox_scene import job_for
from tests.unit.hr.jobs import HASTE

AFTER = {"start": "2026-05-04", "end": "2026-05-05", "reason": "unspecified", "to_user_id": None}


def come_back_without_profile(gateway: Gateway, user_id: int) -> None:
    """Leave and be added again: the membership is accepted, the profile stays gone."""
    leave(gateway, user_id)
    gateway.client.call("org_memberships.create", userId=user_id, role="MEMBER", accepted=True)


def leave(gateway: Gateway, user_id: int) -> None:
    rows = gateway.client.rows("org_memberships.list")
    membership = next(row["id"] for row in rows if row["userId"] == user_id)
    gateway.client.call("org_memberships.delete", membershipId=membership, confirm=True)


@pytest.fixture
def people(gateway: Gateway) -> list[Any]:
    users = [one for one in gateway.read_users().values() if one.accepted and one.has_profile]
    return sorted(users, key=lambda one: one.id)[3:8]


@pytest.fixture
def rows(people: list[Any]) -> Any:
    return from_records(
        [
            {"key": f"R{n}", "email": one.email, "status": "approved", "start": "2026-05-04", "end": "2026-05-05"}
            for n, one in enumerate(people)
        ]
    )  # fmt: skip


def test_list_and_create_answer_as_calcom_does(gateway: Gateway, people: list[Any]) -> None:
    user_id = people[0].id
    come_back_without_profile(gateway, user_id)
    user = gateway.read_users()[user_id]
    assert (user.accepted, user.has_profile) == (True, False)
    told = (
        f"IsUserInOrg - user with id={user_id} is not part of the organization with "
        f"id={gateway.organization_id}."
    )
    for call in (lambda: gateway.entries_of_user(user_id), lambda: gateway.create_entry(user_id, AFTER)):
        with pytest.raises(PermissionDeniedError) as refused:
            call()
        assert refused.value.reason is not None
        assert told.rstrip(".") in refused.value.reason
    gateway.check_access()


def test_it_is_pending_and_blocks_nobody(gateway: Gateway, people: list[Any], rows: Any) -> None:
    come_back_without_profile(gateway, people[0].id)
    with Ledger("sqlite://") as ledger:
        job = job_for("out_of_office", gateway, ledger, HASTE)
        plan = job.plan(rows)
        assert "pending" in {one.code for one in plan.issues if one.key == "R0"}
        assert job.apply(plan, reread=True).statuses == {"done": 4}


def test_who_leaves_while_it_is_written_fails_alone(gateway: Gateway, people: list[Any], rows: Any) -> None:
    with Ledger("sqlite://") as ledger:
        job = job_for("out_of_office", gateway, ledger, HASTE)
        plan = job.plan(rows)
        leave(gateway, people[0].id)
        result = job.apply(plan, reread=False)
        assert (result.statuses, result.codes) == ({"done": 4, "failed": 1}, {"http_403": 1})
        assert job_for("out_of_office", gateway, ledger, HASTE).plan(rows).actions == ()

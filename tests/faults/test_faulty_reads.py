"""A fifth of all answers goes wrong in every way known: lists are read whole or said to be incomplete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from calcom_provider.api.errors import CalComError, IncompleteReadError
from calcom_provider.api.http.auth import ApiKey
from tests.plugins.api import QUICK, client_for

LISTS = {
    "org_users.list": "users",
    "org_memberships.list": "memberships",
    "org_attributes.list": "attributes",
}


@pytest.mark.parametrize("seed", range(6))
def test_lists_are_whole(make_sandbox: Callable[..., Any], seed: int) -> None:
    sandbox = make_sandbox(users=120, limit=None, faults={"rate": 0.2, "seed": seed, "timeout_seconds": 1.0})
    auth = ApiKey(sandbox.keys["admin"])
    settings = {
        "auth": auth,
        "timeout": (2.0, 0.4),
        "retries": QUICK,
        "organization_id": sandbox.organization_id,
    }
    counts = sandbox.rows()
    with client_for(sandbox.url, **settings) as client:
        for operation, table in LISTS.items():
            keys = [row["id"] for row in client.rows(operation, page_size=20)]
            assert len(keys) == len(set(keys)) == counts[table]
        assert client.stats.retries > 0


@pytest.mark.parametrize("seed", range(4))
def test_lists_that_change_while_they_fail_are_never_short(
    make_sandbox: Callable[..., Any], seed: int
) -> None:
    churn = {"insert": 0.3, "delete": 0.3, "move": 0.2}
    sandbox = make_sandbox(
        users=120, limit=None, faults={"rate": 0.1, "seed": seed, "timeout_seconds": 1.0, "churn": churn}
    )
    auth = ApiKey(sandbox.keys["admin"])
    settings = {
        "auth": auth,
        "timeout": (2.0, 0.4),
        "retries": QUICK,
        "organization_id": sandbox.organization_id,
    }
    with sandbox.paused() as world:
        before = {row["id"] for row in world.memberships.by("teamId", sandbox.organization_id)}
    with client_for(sandbox.url, **settings) as client:
        try:
            seen = {row["id"] for row in client.rows("org_memberships.list", page_size=20)}
        except IncompleteReadError:
            return
        except CalComError as error:
            pytest.fail(f"neither whole nor said to be incomplete: {error}")
    with sandbox.paused() as world:
        after = {row["id"] for row in world.memberships.by("teamId", sandbox.organization_id)}
    assert (before & after) - seen == set()

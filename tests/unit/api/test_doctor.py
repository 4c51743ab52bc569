"""A diagnosis finds what differs, costs few requests, and can be pasted in public."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from calcom_provider.api.auth import ApiKey
from calcom_provider.api.doctor import MOST, diagnose, render
from calcom_provider.resources.declared import declared_fields
from tests.plugins.api import client_for


def _look(sandbox: Any, key: str = "admin", **settings: Any) -> tuple[Any, str]:
    auth = ApiKey(sandbox.keys[key])
    with client_for(sandbox.url, auth=auth, **({"organization_id": None} | settings)) as client:
        diagnosis = diagnose(client, declared_fields())
    return diagnosis, render(diagnosis)


def _subjects(diagnosis: Any, level: str) -> set[str]:
    return {finding.subject for finding in diagnosis.findings if finding.level == level}


def test_a_healthy_organisation(sandbox: Any) -> None:
    diagnosis, text = _look(sandbox)
    assert diagnosis.healthy
    assert diagnosis.requests == sum(sandbox.stats()["operations"].values()) <= MOST
    assert not _subjects(diagnosis, "problem")
    assert "default 120" in text
    assert "60 rows, keys rise" in text


@pytest.mark.parametrize("key", ["admin", "member", "expired", "outsider", "loner"])
def test_nothing_about_people_and_no_secret(sandbox: Any, key: str) -> None:
    _, text = _look(sandbox, key, organization_id=sandbox.organization_id)
    with sandbox.paused() as world:
        people = [dict(row) for row in world.users]
    assert people
    for person in people:
        assert person["email"] not in text
        assert f" {person['id']}" not in text
    assert sandbox.keys[key] not in text
    assert "@" not in text
    assert all(line.count("\n") == 0 for line in text.splitlines())


@pytest.mark.parametrize(
    ("key", "subject", "advice"),
    [
        ("expired", "credential", "create a new one"),
        ("unknown", "credential", "does not know the key"),
        ("member", "role", "too low a role"),
        ("outsider", "role", "no member"),
    ],
)
def test_what_is_wrong_is_named_with_what_helps(sandbox: Any, key: str, subject: str, advice: str) -> None:
    diagnosis, text = _look(sandbox, key, organization_id=sandbox.organization_id)
    assert not diagnosis.healthy
    assert _subjects(diagnosis, "problem") == {subject}
    assert advice in text


def test_an_account_without_an_organisation_is_no_problem(sandbox: Any) -> None:
    diagnosis, text = _look(sandbox, "loner")
    assert diagnosis.healthy
    assert "group account" in text


def test_missing_routes_and_changed_fields_are_told(make_sandbox: Callable[..., Any]) -> None:
    sandbox = make_sandbox(absent=["org_roles.list"], broken=["org_team_event_types.list_all"])
    auth = ApiKey(sandbox.keys["admin"])
    declared = {"org_users.list": {"id", "email", "shoeSize"}}
    with client_for(sandbox.url, auth=auth, organization_id=None) as client:
        diagnosis = diagnose(client, declared)
    text = render(diagnosis)
    assert diagnosis.healthy
    assert {"route org_roles.list", "route org_team_event_types.list_all"} <= _subjects(diagnosis, "note")
    assert "in no row seen: shoeSize" in text
    assert "not stored: " in text
    assert "timeZone" in text


def test_an_unreachable_host_is_one_line() -> None:
    with client_for("http://127.0.0.1:9/v2") as client:
        diagnosis = diagnose(client)
    assert not diagnosis.healthy
    assert "127.0.0.1:9" in render(diagnosis)

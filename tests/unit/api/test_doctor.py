"""A diagnosis finds what differs, costs few requests, and can be pasted in public."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.api.catalogue.operations import catalogue
from calcom_provider.api.doctor import MOST, diagnose, render
from calcom_provider.api.errors import ConfigurationError, TransportError
from calcom_provider.api.http.auth import ApiKey
from calcom_provider.api.http.transport import Request, Response
from calcom_provider.api.rate_limit.governor import Governor
from calcom_provider.api.rate_limit.state import MemoryStateStore
from calcom_provider.api.rate_limit.state.file import FileStateStore
from calcom_provider.hooks.check import check
from calcom_provider.resources.declared import declared_fields
from calcom_provider.sandbox import Sandbox
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


class Unreachable:
    """Carry nothing anywhere."""

    def send(self, request: Request, timeout: tuple[float, float]) -> Response:
        raise TransportError("nobody there", kind="refused", sent=False)

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("url", "noted"),
    [
        ("http://cal.example.test/v2", True),
        ("http://10.0.0.7:5555/api/v2", True),
        ("https://cal.example.test/v2", False),
        ("http://localhost:3000/v2", False),
        ("http://[::1]:3000/v2", False),
        ("http://127.9.9.9/v2", False),
    ],
)
def test_a_key_that_others_can_read_is_noted(url: str, noted: bool, caplog: pytest.LogCaptureFixture) -> None:
    with client_for(url, transport=Unreachable()) as client:
        text = render(diagnose(client))
    assert ("encryption" in text) is noted
    assert ("use https://" in text) is noted
    # A sync, or anything else that opens a client, says it in its log.
    assert ("over http://" in caplog.text) is noted


def test_a_store_that_cannot_be_used_is_noted(sandbox: Any, tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    governor = Governor(FileStateStore(tmp_path / "a file" / "state"), start=None)
    diagnosis, text = _look(sandbox, governor=governor)
    assert "rate-limit state" in _subjects(diagnosis, "note")
    assert "files cannot be used; this process counts alone" in text
    assert str(tmp_path) not in text
    assert "rate-limit state" not in _look(sandbox)[1]


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
    text = render(diagnosis)
    assert "127.0.0.1:9" in text
    # Silence of a closed port says nothing about what a server states
    assert "states none" not in text
    assert "not known: nothing was answered" in text


def test_a_server_that_states_no_limit_is_named_as_one(make_sandbox: Callable[..., Any]) -> None:
    sandbox = make_sandbox(limit=None)
    text = _look(sandbox, governor=Governor(MemoryStateStore()))[1]
    assert "answers state none; 120 are assumed -> --assumed-limit" in text
    assert "answers state none; none is assumed" in _look(sandbox)[1]


def test_another_organisation_than_the_credentials_own_is_a_finding(make_sandbox: Callable[..., Any]) -> None:
    sandbox = make_sandbox()
    own, other = _organizations(sandbox)
    diagnosis, text = _look(sandbox, "owner", organization_id=other)
    assert "organisation" in _subjects(diagnosis, "note")
    assert f"{other}, while the credential's own is {own} -> " in text
    assert "organisation" in _subjects(_look(sandbox, "owner", organization_id=own)[0], "ok")


def _organizations(sandbox: Any) -> tuple[int, int]:
    with sandbox.paused() as world:
        others = (row["id"] for row in world.teams if row["isOrganization"])
        return sandbox.organization_id, next(one for one in others if one != sandbox.organization_id)


@pytest.fixture(scope="module")
def diy() -> Iterator[Sandbox]:
    """Serve a Cal.com whose routes of organisations are missing, as those of a Cal.diy are."""
    gone = [one.name for one in catalogue().values() if one.organization_scoped]
    assert gone
    with Sandbox(users=5, limit=None, absent=gone) as sandbox:
        yield sandbox


@pytest.mark.parametrize(("key", "level"), [("admin", "problem"), ("loner", "note")])
def test_a_cal_com_without_organisations_is_recognised(diy: Sandbox, key: str, level: str) -> None:
    """Quotes doctor.rst: «This Cal.com has no organisations.»"""
    diagnosis, text = _look(diy, key)
    assert _subjects(diagnosis, level) >= {"edition"}
    assert "a Cal.diy" in text
    assert diagnosis.healthy is (level == "note")


def test_an_account_without_organisation_is_not_taken_for_a_cal_diy(sandbox: Any) -> None:
    _, text = _look(sandbox, "loner")
    assert "the account belongs to none" in text
    assert "diy" not in text


def test_the_connection_test_says_it_too(diy: Sandbox) -> None:
    with client_for(diy.url, auth=ApiKey(diy.keys["loner"]), organization_id=None) as client:
        assert "this Cal.com has no routes of organisations" in check(client, None)
    with (
        client_for(diy.url, auth=ApiKey(diy.keys["admin"]), organization_id=None) as client,
        pytest.raises(ConfigurationError, match="this Cal.com has no routes of organisations"),
    ):
        check(client, None)

"""The named methods do what their names say, and refuse what the traps of the API would make of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from calcom_provider.api.errors import (
    ConfirmationRequiredError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
)
from calcom_provider.hooks.calcom import CalComHook


@pytest.fixture
def hook(sandbox: Any, calcom_default: str) -> Iterator[CalComHook]:
    made = CalComHook()
    yield made
    made.close()


def member(hook: CalComHook) -> dict[str, Any]:
    """Return the membership of a member that has a profile."""
    profiles = {row["id"] for row in hook.users()}
    rows = list(hook.memberships())
    return next(r for r in rows if r["role"] == "MEMBER" and r["accepted"] and r["userId"] in profiles)


def test_users_are_made_changed_and_deleted(hook: CalComHook) -> None:
    made = hook.create_user("New.Person@lumen.example", timeZone="Europe/Berlin")
    (found,) = hook.users(emails=["new.person@lumen.example"])
    assert found["id"] == made["id"]
    assert hook.update_user(made["id"], locale="de", timeZone="Europe/Rome")["timeZone"] == "Europe/Rome"
    with pytest.raises(ConflictError):
        hook.create_user("new.person@lumen.example")
    with pytest.raises(ConfirmationRequiredError, match=r"org_users\.delete"):
        hook.delete_user(made["id"])
    hook.delete_user(made["id"], confirm="org_users.delete")
    assert list(hook.users(emails=["new.person@lumen.example"])) == []


def test_a_language_is_asked_for_because_the_api_would_reset_it(hook: CalComHook) -> None:
    with pytest.raises(TypeError, match="locale"):
        hook.update_user(1, timeZone="Europe/Rome")  # type: ignore[call-arg]


def test_memberships_are_overwritten_only_in_full(hook: CalComHook, sandbox: Any) -> None:
    row = member(hook)
    with pytest.raises(TypeError):
        hook.add_membership(row["userId"], role="ADMIN")  # type: ignore[call-arg]
    hook.add_membership(row["userId"], role="ADMIN", accepted=True)
    assert sandbox.state.memberships.get(row["id"])["role"] == "ADMIN"
    hook.update_membership(row["id"], role="MEMBER")
    stored = sandbox.state.memberships.get(row["id"])
    assert (stored["role"], stored["accepted"]) == ("MEMBER", True)
    with pytest.raises(ConfirmationRequiredError):
        hook.remove_membership(row["id"])
    hook.remove_membership(row["id"], confirm=True)
    assert sandbox.state.memberships.get(row["id"]) is None


def test_attributes_and_options(hook: CalComHook) -> None:
    made = hook.create_attribute(
        "Shift", "shift", "SINGLE_SELECT", options=[{"value": "Early", "slug": "early"}]
    )
    assert [row["value"] for row in hook.options(made["id"])] == ["Early"]
    late = hook.create_option(made["id"], "Late", "late")
    hook.update_option(made["id"], late["id"], value="Very late", slug="very-late")
    assert {row["value"] for row in hook.options(made["id"])} == {"Early", "Very late"}
    hook.update_attribute(made["id"], name="Shifts")
    with pytest.raises(ConfirmationRequiredError, match="converted"):
        hook.update_attribute(made["id"], type="TEXT")
    with pytest.raises(ConfirmationRequiredError):
        hook.delete_option(made["id"], late["id"])
    hook.delete_option(made["id"], late["id"], confirm=True)
    with pytest.raises(ConfirmationRequiredError):
        hook.delete_attribute(made["id"])
    hook.delete_attribute(made["id"], confirm=True)
    assert made["id"] not in {row["id"] for row in hook.attributes()}


def test_assignments_are_added_and_taken_away(hook: CalComHook) -> None:
    user_id = member(hook)["userId"]
    made = hook.create_attribute(
        "Shift",
        "shift",
        "SINGLE_SELECT",
        options=[{"value": v, "slug": v.lower()} for v in ("Early", "Late")],
    )
    early, late = sorted(hook.options(made["id"]), key=lambda row: row["value"])
    hook.assign_option(user_id, made["id"], early["id"])
    with pytest.raises(ConflictError):
        hook.assign_option(user_id, made["id"], early["id"])
    hook.assign_option(user_id, made["id"], late["id"])
    held = {row["id"] for row in hook.user_options(user_id)}
    assert {early["id"], late["id"]} <= held, "a single select does not replace"
    (row,) = [row for row in hook.assignments(made["id"]) if row["id"] == early["id"]]
    assert user_id in row["assignedUserIds"]
    hook.unassign_option(user_id, early["id"])
    with pytest.raises(NotFoundError):
        hook.unassign_option(user_id, early["id"])


def test_absences(hook: CalComHook, sandbox: Any) -> None:
    busy = {row["userId"] for row in sandbox.state.ooo} | {row["toUserId"] for row in sandbox.state.ooo}
    user_id = next(row["id"] for row in hook.users() if row["id"] not in busy)
    made = hook.create_ooo(user_id, "2027-01-04T09:30:00Z", "2027-01-05T09:30:00Z", reason="vacation")
    assert (made["start"], made["end"]) == ("2027-01-04T00:00:00.000Z", "2027-01-05T23:59:59.999Z")
    with pytest.raises(ConflictError):
        hook.create_ooo(user_id, "2027-01-04T00:00:00Z", "2027-01-05T00:00:00Z")
    hook.update_ooo(user_id, made["id"], notes="back on Wednesday")
    assert [row["id"] for row in hook.ooo_entries(user_id)] == [made["id"]]
    assert made["id"] in {row["id"] for row in hook.ooo_entries()}
    hook.delete_ooo(user_id, made["id"])
    with pytest.raises(PermissionDeniedError):
        hook.delete_ooo(user_id, made["id"])


def test_delegation_credentials(hook: CalComHook) -> None:
    key = {"client_email": "a@b.example", "client_id": "1", "private_key": "k"}
    made = hook.create_delegation_credential("google", "acme.example", key)
    assert made["enabled"] is False
    with pytest.raises(ConfirmationRequiredError):
        hook.update_delegation_credential(made["id"], serviceAccountKey=key)
    hook.update_delegation_credential(made["id"], serviceAccountKey=key, confirm=True)
    assert hook.update_delegation_credential(made["id"], enabled=False)["id"] == made["id"]

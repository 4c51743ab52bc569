"""The named methods ask for what the API would get wrong, and a plain call does all the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from calcom_provider.api.errors import ConfirmationRequiredError, ConflictError, PermissionDeniedError
from calcom_provider.hooks.calcom import CalComHook
from calcom_provider.hooks.typed import TypedMethods


@pytest.fixture
def hook(sandbox: Any, calcom_default: str) -> Iterator[CalComHook]:
    made = CalComHook()
    yield made
    made.close()


def member(hook: CalComHook) -> dict[str, Any]:
    """Return the membership of a member that has a profile."""
    profiles = {row["id"] for row in hook.rows("org_users.list")}
    rows = list(hook.rows("org_memberships.list"))
    return next(r for r in rows if r["role"] == "MEMBER" and r["accepted"] and r["userId"] in profiles)


def test_a_language_is_asked_for_because_the_api_would_reset_it(hook: CalComHook) -> None:
    made = hook.call(
        "org_users.create", email="New.Person@lumen.example", timeZone="Europe/Berlin", locale="fr"
    )
    with pytest.raises(TypeError, match="locale"):
        hook.update_user(made["id"], timeZone="Europe/Rome")  # type: ignore[call-arg]
    changed = hook.update_user(made["id"], locale="fr", timeZone="Europe/Rome")
    assert (changed["locale"], changed["timeZone"]) == ("fr", "Europe/Rome")


def test_memberships_are_overwritten_only_in_full(hook: CalComHook, sandbox: Any) -> None:
    row = member(hook)
    with pytest.raises(TypeError):
        hook.add_membership(row["userId"], role="ADMIN")  # type: ignore[call-arg]
    hook.add_membership(row["userId"], role="ADMIN", accepted=True)
    stored = sandbox.state.memberships.get(row["id"])
    assert (stored["role"], stored["accepted"]) == ("ADMIN", True)


def test_an_attribute_needs_no_options(hook: CalComHook) -> None:
    shift = hook.create_attribute(
        "Shift", "shift", "SINGLE_SELECT", options=[{"value": "Early", "slug": "early"}]
    )
    note = hook.create_attribute("Note", "note", "TEXT")
    listed = {
        one["id"]: [row["value"] for row in hook.rows("org_attribute_options.list", attributeId=one["id"])]
        for one in (shift, note)
    }
    assert listed == {shift["id"]: ["Early"], note["id"]: []}
    with pytest.raises(ConflictError):
        hook.create_attribute("Shift", "shift", "TEXT")


def test_absences_of_one_person_and_of_everybody(hook: CalComHook, sandbox: Any) -> None:
    busy = {row["userId"] for row in sandbox.state.ooo} | {row["toUserId"] for row in sandbox.state.ooo}
    user_id = next(row["id"] for row in hook.rows("org_users.list") if row["id"] not in busy)
    days = {"start": "2027-01-04T09:30:00Z", "end": "2027-01-05T09:30:00Z"}
    made = hook.call("org_user_ooo.create", userId=user_id, **days, reason="vacation")
    assert (made["start"], made["end"]) == ("2027-01-04T00:00:00.000Z", "2027-01-05T23:59:59.999Z")
    assert [row["id"] for row in hook.ooo_entries(user_id)] == [made["id"]]
    assert made["id"] in {row["id"] for row in hook.ooo_entries()}
    hook.call("org_user_ooo.delete", userId=user_id, oooId=made["id"])
    with pytest.raises(PermissionDeniedError):
        hook.call("org_user_ooo.delete", userId=user_id, oooId=made["id"])


def test_a_plain_call_asks_for_the_same_confirmation_that_a_method_would(hook: CalComHook) -> None:
    row = member(hook)
    with pytest.raises(ConfirmationRequiredError, match=r"org_users\.delete"):
        hook.call("org_users.delete", userId=row["userId"])
    with pytest.raises(ConfirmationRequiredError):
        hook.call("org_memberships.delete", membershipId=row["id"])
    hook.call("org_memberships.delete", membershipId=row["id"], confirm=True)


def test_each_method_is_named_by_the_guide() -> None:
    """ "Four methods of the hook ask for what a plain call would get wrong" """
    from pathlib import Path

    page = (Path(__file__).resolve().parents[3] / "docs" / "operators.rst").read_text()
    named = {name for name in vars(TypedMethods) if not name.startswith("_")} - {"call", "rows"}
    assert len(named) == 4
    assert [name for name in sorted(named) if f"``{name}``" not in page] == []

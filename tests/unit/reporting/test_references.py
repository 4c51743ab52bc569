"""References are what the columns say, and no exception stands for a column that is gone."""

from __future__ import annotations

from pathlib import Path

from calcom_provider.reporting.references import DANGLING, references


def test_references_are_read_from_the_columns() -> None:
    named = {one.name: one for one in references()}
    held = named["attribute_assignments.user_id -> memberships.user_id"]
    assert held.shared == ("organization_id",)
    assert held.dangling == ""
    assert "role_permissions.permission -> resource.action" not in named


def test_a_pending_member_needs_no_user() -> None:
    named = {one.name: one for one in references()}
    assert "pending" in named["memberships.user_id -> users.id"].dangling


def test_what_one_account_sees_is_compared_with_its_own_tables_only() -> None:
    for one in references():
        assert ("account_id" in one.child.key) == ("account_id" in one.parent.key), one.name


def test_every_exception_is_a_reference() -> None:
    assert set(DANGLING) <= {(one.child.name, one.column) for one in references()}


def test_the_docs_list_every_exception() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "reporting.rst").read_text()
    assert [name for name in map(".".join, DANGLING) if f"``{name}``" not in page] == []

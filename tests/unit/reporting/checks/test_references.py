"""References are what the columns declare, and each leads to a column that there is."""

from __future__ import annotations

from calcom_provider.reporting.checks.references import references
from calcom_provider.resources.registry import tables


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


def test_every_reference_leads_to_a_column_that_is_declared() -> None:
    for table in tables().values():
        for column in table.columns:
            if column.refers:
                parent, _, target = column.refers.partition(".")
                assert target in tables()[parent].names, f"{table.name}.{column.name}"


def test_what_may_lead_nowhere_says_why_to_readers_of_the_table() -> None:
    dangling = [one for one in references() if one.dangling]
    assert dangling
    for one in dangling:
        assert f"may lead nowhere: {one.dangling}" in one.child.column(one.column).comment

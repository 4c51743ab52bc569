"""Name the references between the warehouse tables, and why some of them may lead nowhere.

A reference is declared where its column is: the comment of the column begins with ``table.column``. That is
what the table reference in the docs shows, and what the checks read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from calcom_provider.resources.registry import catalogue
from calcom_provider.warehouse.schema import Table

_NAMED = re.compile(r"(?P<table>\w+)\.(?P<column>\w+)\b")

NO_PROFILE = "a member without a profile, and a pending one, has no row in users"
DELETED = "the API keeps the id of what was deleted"
ELSEWHERE = "the list behind the parent table does not show all of them"

#: (table, column) -> why a value may have no parent row although nothing is wrong.
DANGLING: dict[tuple[str, str], str] = {
    ("users", "default_schedule_id"): DELETED,
    ("users", "invited_to"): "it may name the organisation itself, or a team that is gone",
    ("memberships", "user_id"): NO_PROFILE,
    ("memberships", "custom_role_id"): "the built-in roles, such as member_role, are not listed",
    ("ooo_entries", "to_user_id"): "a person who stood in may have left since",
    ("routing_forms", "user_id"): "an author may have left since",
    ("routing_forms", "updated_by_id"): "an author may have left since",
    ("routing_form_responses", "form_id"): "responses stay when their form is deleted",
    ("routing_form_responses", "routed_to_booking_uid"): "bookings may be read for a window of time only",
    ("team_event_types", "schedule_id"): DELETED,
    ("team_event_types", "owner_id"): NO_PROFILE,
    ("team_event_type_hosts", "user_id"): NO_PROFILE,
    ("bookings", "event_type_id"): ELSEWHERE,
    ("booking_hosts", "user_id"): "hosts of past bookings may have left since",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """Say that a column holds the value of another table's column.

    :param child: table that refers
    :param column: its column
    :param parent: table referred to
    :param target: column there
    :param shared: key columns that both tables share: the scope of the rows
    :param dangling: why a value may lead nowhere; empty when it must not
    """

    child: Table
    column: str
    parent: Table
    target: str
    shared: tuple[str, ...]
    dangling: str = ""

    @property
    def name(self) -> str:
        """Return ``table.column -> table.column``."""
        return f"{self.child.name}.{self.column} -> {self.parent.name}.{self.target}"


def references() -> tuple[Reference, ...]:
    """Return every reference that the resources declare.

    What one account sees is compared with tables of the same account only: its teams and their members may
    belong to no organisation, or to another one.
    """
    tables = {table.name: table for resource in catalogue().values() for table in resource.tables}
    return tuple(_declared(tables))


def _declared(tables: dict[str, Table]) -> Iterator[Reference]:
    for table in tables.values():
        for column in table.columns:
            named = _NAMED.match(column.comment)
            parent = tables.get(named["table"]) if named else None
            if named is None or parent is None or named["column"] not in parent.names:
                continue
            if _of_account(table) != _of_account(parent):
                continue
            why = DANGLING.get((table.name, column.name), "")
            yield Reference(table, column.name, parent, named["column"], _shared(table, parent), why)


def _of_account(table: Table) -> bool:
    return "account_id" in table.key


def _shared(child: Table, parent: Table) -> tuple[str, ...]:
    return tuple(
        name for name in ("organization_id", "account_id") if name in child.key and name in parent.key
    )

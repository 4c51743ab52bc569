"""What a changed choice of columns leaves behind: nothing, in any database, closed versions included."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from calcom_provider.api.http.auth import ApiKey
from calcom_provider.resources.policy import ColumnPolicy
from calcom_provider.sandbox import Sandbox
from calcom_provider.sync import SyncOptions, sync
from calcom_provider.warehouse import Warehouse
from tests.plugins.api import client_for

KEY = b"0123456789abcdef"


class Place:
    """A sandbox with absences that tell why, and an empty database."""

    def __init__(self, sandbox: Sandbox, url: str) -> None:
        self.sandbox = sandbox
        self.warehouse = Warehouse(url)
        self.client = client_for(sandbox.url, auth=ApiKey(sandbox.keys["admin"]), organization_id=None)

    def sync(self, resources: str = "users", *, dry_run: bool = False, **policy: Any) -> dict[str, Any]:
        options = SyncOptions(policy=ColumnPolicy(**policy))
        found = sync(self.client, self.warehouse, resources=resources, options=options, dry_run=dry_run)
        return {table.table: table for table in found.tables}

    def fetch(self, query: str) -> list[tuple[Any, ...]]:
        session = self.warehouse.backend.connect()
        try:
            return [tuple(row) for row in session.fetch(query)]
        finally:
            session.close()

    def run(self, statement: str) -> None:
        session = self.warehouse.backend.connect()
        session.begin()
        session.execute(statement)
        session.commit()
        session.close()

    def filled(self, table: str, column: str) -> int:
        return int(self.fetch(f"SELECT count({column}) FROM calcom_{table}")[0][0])

    def change_roles(self) -> None:
        """Give three members another role, so that their versions close."""
        with self.sandbox.paused() as world:
            for member in world.memberships.by("teamId", self.sandbox.organization_id)[4:7]:
                role = "MEMBER" if member["role"] == "ADMIN" else "ADMIN"
                world.memberships.update(member, role=role)


@pytest.fixture
def place(warehouse_url: str) -> Iterator[Place]:
    with Sandbox(users=30, limit=None, bookings=20) as sandbox:
        made = Place(sandbox, warehouse_url)
        yield made
        made.client.close()
        made.warehouse.close()


def test_a_column_dropped_later_is_emptied_in_the_same_run(place: Place) -> None:
    """Columns that a later policy leaves out are emptied in the same run, closed versions included."""
    place.sync("memberships")
    place.change_roles()
    place.sync("memberships")
    rows = place.filled("memberships", "user_email")
    assert rows == place.filled("memberships", "id") > 30

    looked = place.sync("memberships", dry_run=True, drop=frozenset({"user_email"}))["memberships"]
    assert looked.emptied == rows
    assert (
        "empty column calcom_memberships.user_email, which is not stored from now on" in looked.schema_changes
    )
    assert place.filled("memberships", "user_email") == rows

    done = place.sync("memberships", drop=frozenset({"user_email"}))["memberships"]
    assert done.emptied == rows
    assert place.filled("memberships", "user_email") == 0
    recorded = "SELECT max(rows_emptied) FROM calcom_sync_run_resources WHERE table_name = 'memberships'"
    assert place.fetch(recorded) == [(rows,)]
    recorded = place.fetch("SELECT max(run_id) FROM calcom_sync_columns")
    again = place.sync("memberships", drop=frozenset({"user_email"}))["memberships"]
    assert (again.status, again.emptied, again.schema_changes) == ("unchanged", 0, [])
    assert place.fetch("SELECT max(run_id) FROM calcom_sync_columns") == recorded, "nothing new is written"


def test_sensitive_columns_are_emptied_when_they_are_not_asked_for_any_more(place: Place) -> None:
    """Sensitive on, then off, empties the sensitive columns."""
    place.sync("ooo_entries", sensitive=True)
    rows = place.filled("ooo_entries", "notes")
    assert rows > 0
    done = place.sync("ooo_entries")["ooo_entries"]
    assert done.emptied >= rows
    assert place.filled("ooo_entries", "notes") == 0


def test_kept_columns_are_warned_of_in_each_run_and_emptied_once_they_are_not_kept(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """``keep_dropped`` keeps what they hold, with a warning in each run; unchanged pages hide nothing."""
    place.sync()
    rows = place.filled("users", "name")
    for _ in range(2):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            done = place.sync(drop=frozenset({"name"}), keep_dropped=True)["users"]
        assert "calcom_users: no longer stored, but kept with old values (keep_dropped): name" in caplog.text
        assert done.emptied == 0
        assert place.filled("users", "name") == rows
    assert done.status == "unchanged", "the third run has nothing but unchanged pages"
    done = place.sync(drop=frozenset({"name"}))["users"]
    assert (done.emptied, done.rows_read, done.updated) == (rows, 0, 0)
    assert place.filled("users", "name") == 0


def test_a_column_hashed_later_holds_no_readable_value_any_more(place: Place) -> None:
    """A column that is hashed from now on holds hashes only; closed versions lose its values."""
    place.sync("memberships")
    place.change_roles()
    place.sync("memberships")
    readable = "SELECT count(*) FROM calcom_memberships WHERE user_email LIKE '%@%'"
    assert place.fetch(readable)[0][0] > 30
    place.sync("memberships", hash=frozenset({"user_email"}), hash_key=KEY)
    assert place.fetch(readable) == [(0,)]
    assert place.fetch("SELECT count(*) FROM calcom_memberships WHERE is_current AND user_email IS NULL") == [
        (0,)
    ]


def test_values_of_a_renamed_column_go_along(place: Place) -> None:
    place.sync("memberships")
    place.change_roles()
    place.sync("memberships")
    rows = place.filled("memberships", "user_email")
    done = place.sync("memberships", rename={"user_email": "mail"})["memberships"]
    assert "move column calcom_memberships.user_email to mail" in done.schema_changes
    assert place.filled("memberships", "user_email") == 0
    assert place.filled("memberships", "mail") >= rows


def test_a_table_of_which_nothing_is_recorded_is_judged_by_the_declared_names(place: Place) -> None:
    place.sync(sensitive=True)
    rows = place.filled("users", "name")
    place.run("DELETE FROM calcom_sync_columns")
    done = place.sync(drop=frozenset({"name"}))["users"]
    assert done.emptied >= rows
    assert place.filled("users", "name") == 0


def test_rows_of_another_organisation_are_left_alone(place: Place) -> None:
    place.sync()
    quote = place.warehouse.backend.quote
    last = f"SELECT * FROM (SELECT max({quote('id')}) FROM calcom_users) x"
    place.run(f"UPDATE calcom_users SET organization_id = 77 WHERE id = ({last})")
    place.sync(drop=frozenset({"name"}))
    assert place.fetch("SELECT count(name) FROM calcom_users WHERE organization_id = 77") == [(1,)]
    assert place.filled("users", "name") == 1


def test_how_columns_are_stored_is_recorded(place: Place) -> None:
    place.sync(rename={"name": "full_name"}, drop=frozenset({"bio"}), hash=frozenset({"email"}), hash_key=KEY)
    rows = place.fetch(
        "SELECT column_name, stored_as, treatment FROM calcom_sync_columns WHERE table_name = 'users'"
    )
    assert {
        ("name", "full_name", "plain"),
        ("bio", "", "left_out"),
        ("email", "email", "hashed"),
        ("id", "id", "plain"),
    } <= set(rows)

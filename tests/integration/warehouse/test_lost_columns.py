"""A column that was dropped or renamed by hand comes back with its values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from calcom_provider.api.http.auth import ApiKey
from calcom_provider.resources.declarations.organization import USERS
from calcom_provider.resources.policy import ColumnPolicy
from calcom_provider.sandbox import Sandbox
from calcom_provider.sync import SyncOptions, sync
from calcom_provider.warehouse import DeleteGuard, RunInfo, SchemaConflictError, Warehouse
from calcom_provider.warehouse.loading.publish import Publication
from tests.plugins.api import client_for

TABLES = "users,memberships,team_event_types"


class Place:
    """A sandbox, and a database whose tables somebody changes by hand."""

    def __init__(self, sandbox: Sandbox, url: str) -> None:
        self.sandbox = sandbox
        self.warehouse = Warehouse(url)
        self.client = client_for(sandbox.url, auth=ApiKey(sandbox.keys["admin"]), organization_id=None)

    def sync(self, resources: str = TABLES, **options: Any) -> dict[str, Any]:
        found = sync(self.client, self.warehouse, resources=resources, options=SyncOptions(**options))
        return {table.table: table for table in found.tables}

    def run(self, statement: str) -> None:
        session = self.warehouse.backend.connect()
        session.begin()
        session.execute(statement)
        session.commit()
        session.close()

    def fetch(self, query: str) -> list[tuple[Any, ...]]:
        session = self.warehouse.backend.connect()
        try:
            return [tuple(row) for row in session.fetch(query)]
        finally:
            session.close()

    def drop(self, table: str, column: str) -> None:
        quote = self.warehouse.backend.quote
        self.run(f"ALTER TABLE {quote('calcom_' + table)} DROP COLUMN {quote(column)}")

    def rename(self, table: str, column: str, name: str) -> None:
        quote = self.warehouse.backend.quote
        self.run(f"ALTER TABLE {quote('calcom_' + table)} RENAME COLUMN {quote(column)} TO {quote(name)}")


@pytest.fixture
def make_place() -> Iterator[Callable[[str], Place]]:
    with ExitStack() as stack:

        def make(url: str) -> Place:
            made = Place(stack.enter_context(Sandbox(12, limit=None, teams=2, bookings=12)), url)
            stack.callback(made.warehouse.close)
            stack.callback(made.client.close)
            return made

        yield make


@pytest.fixture
def place(make_place: Callable[[str], Place], warehouse_url: str) -> Place:
    return make_place(warehouse_url)


@pytest.fixture
def file(make_place: Callable[[str], Place], sqlite_url: str) -> Place:
    return make_place(sqlite_url)


NAMES = "SELECT id, name, email FROM calcom_users ORDER BY id"
ROLES = "SELECT id, role, user_email FROM calcom_memberships WHERE is_current ORDER BY id"
HOSTS = "SELECT event_type_id, user_id, name FROM calcom_team_event_type_hosts ORDER BY 1, 2"


@pytest.mark.parametrize("full", [False, True])
def test_a_dropped_or_renamed_column_is_filled_again(place: Place, full: bool) -> None:
    """docs/warehouse.rst: "Whatever changes a table's columns makes its rows count as changed"."""
    place.sync()
    before = [place.fetch(query) for query in (NAMES, ROLES, HOSTS)]
    place.drop("users", "name")
    place.rename("memberships", "role", "role_by_hand")
    place.drop("team_event_type_hosts", "name")
    results = place.sync(full=full)
    assert [place.fetch(query) for query in (NAMES, ROLES, HOSTS)] == before
    assert results["users"].updated == len(before[0])
    assert results["memberships"].updated == len(before[1])
    again = place.sync(full=full)
    assert {name: result.changed for name, result in again.items()} == dict.fromkeys(again, 0)
    assert [place.fetch(query) for query in (NAMES, ROLES, HOSTS)] == before


def test_a_list_that_is_read_by_time_is_read_in_full_for_it(file: Place) -> None:
    query = "SELECT id, title FROM calcom_bookings ORDER BY id"
    file.sync("bookings")
    assert file.sync("bookings")["bookings"].partial
    before = file.fetch(query)
    file.drop("bookings", "title")
    assert not file.sync("bookings")["bookings"].partial
    assert file.fetch(query) == before
    assert file.sync("bookings")["bookings"].partial


def test_columns_of_the_engine_are_filled_again(file: Place) -> None:
    file.sync("users")
    for column in ("_calcom_run_id", "_calcom_row_hash"):
        file.drop("users", column)
        file.sync("users")
        assert file.fetch(f"SELECT count(*) FROM calcom_users WHERE {column} IS NULL") == [(0,)]


def test_a_run_that_breaks_off_after_the_change_leaves_no_nulls(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MySQL commits the change of a table before the rows are written."""
    place.sync("users")
    before = place.fetch(NAMES)
    place.drop("users", "name")

    def broken(*_: object) -> None:
        raise RuntimeError("the machine stopped")

    with monkeypatch.context() as patch:
        patch.setattr(Publication, "_write", broken)
        with pytest.raises(Exception, match="nothing was published"):
            place.sync("users")
    place.sync("users")
    assert place.fetch(NAMES) == before


def test_rows_of_other_organisations_are_filled_by_their_next_run(file: Place) -> None:
    file.sync("users")
    before = file.fetch(NAMES)
    file.drop("users", "name")
    assert USERS.table is not None
    table = ColumnPolicy().apply(USERS.table).table
    with file.warehouse.load(RunInfo(scope={"organization_id": 999_999})) as load:
        load.table(table, resource="users").finish(complete=True)
        load.publish()
    assert file.fetch("SELECT count(*) FROM calcom_users WHERE name IS NULL") == [(len(before),)]
    file.sync("users")
    assert file.fetch(NAMES) == before


@pytest.mark.parametrize("column", ["is_current", "valid_to"])
def test_what_tells_versions_apart_is_not_made_up(file: Place, column: str) -> None:
    file.sync("memberships")
    file.drop("memberships", column)
    with pytest.raises(SchemaConflictError, match="cannot be read again"):
        file.sync("memberships", delete_guard=DeleteGuard.off())


def test_a_preview_announces_the_rows(file: Place) -> None:
    file.sync("users")
    file.drop("users", "name")
    found = sync(file.client, file.warehouse, resources="users", dry_run=True)
    assert found.tables[0].updated == len(file.fetch("SELECT id FROM calcom_users"))

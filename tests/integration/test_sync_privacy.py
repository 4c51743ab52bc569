"""A person can be erased from every table, and the past forgotten after its time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from calcom_provider.api.auth import ApiKey
from calcom_provider.api.client import CalComClient
from calcom_provider.api.errors import ConfigurationError
from calcom_provider.cli.app import run
from calcom_provider.resources import catalogue
from calcom_provider.resources.policy import ColumnPolicy
from calcom_provider.resources.subjects import DIRECTORY, SUBJECTS
from calcom_provider.sandbox import Sandbox
from calcom_provider.sync import SyncOptions, sync
from calcom_provider.sync.privacy import erase, keep_for
from calcom_provider.warehouse import LoadInProgressError, RunInfo, Warehouse
from tests.plugins.api import client_for

EVERYTHING = ColumnPolicy(sensitive=True)


@dataclass
class Bench:
    sandbox: Sandbox
    client: CalComClient
    url: str
    warehouse: Warehouse
    engine: sa.Engine

    def sync(self, resources: str = "all", policy: ColumnPolicy = EVERYTHING) -> Any:
        return sync(self.client, self.warehouse, resources=resources, options=SyncOptions(policy=policy))

    def dump(self) -> str:
        """Return everything that the tables hold as text."""
        names = sa.inspect(self.engine).get_table_names()
        with self.engine.connect() as connection:
            quoted = self.engine.dialect.identifier_preparer.quote
            return "\n".join(
                repr(tuple(row))
                for name in names
                for row in connection.execute(sa.text(f"SELECT * FROM {quoted(name)}"))
            )

    def query(self, text: str) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(text))]


@pytest.fixture(params=["sqlite", "postgres"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    url = str(request.getfixturevalue(f"{request.param}_url"))
    with Sandbox(users=30, limit=None, bookings=90) as sandbox:
        client = client_for(sandbox.url, auth=ApiKey(sandbox.keys["admin"]), organization_id=None)
        made = Bench(sandbox, client, url, Warehouse(url), sa.create_engine(url))
        yield made
        made.client.close()
        made.warehouse.close()
        made.engine.dispose()


def somebody(bench: Bench) -> tuple[int, str]:
    """Return the id and address of a person with bookings."""
    rows = bench.query(
        "SELECT u.id, u.email FROM calcom_users u JOIN calcom_booking_hosts h ON h.user_id = u.id"
        " JOIN calcom_schedules s ON s.owner_id = u.id ORDER BY u.id"
    )
    return rows[0][0], rows[0][1]


@pytest.mark.parametrize("by", ["id", "email"])
def test_an_erased_person_is_in_no_table_any_more(bench: Bench, by: str) -> None:
    bench.sync()
    person, email = somebody(bench)
    name = bench.query(f"SELECT name FROM calcom_users WHERE id = {person}")[0][0]
    others = bench.query(f"SELECT count(*) FROM calcom_users WHERE id <> {person}")
    before = bench.dump()
    assert email in before
    done = erase(bench.warehouse, person if by == "id" else email)
    assert done["users"] == 1
    assert done["memberships"] == 1
    assert done["bookings"] >= 1
    after = bench.dump()
    assert email not in after
    assert name not in after
    for table in ("attribute_assignments", "ooo_entries", "team_memberships", "booking_hosts", "memberships"):
        assert bench.query(f"SELECT count(*) FROM calcom_{table} WHERE user_id = {person}") == [(0,)]
    assert bench.query(f"SELECT count(*) FROM calcom_schedules WHERE owner_id = {person}") == [(0,)]
    orphans = "SELECT count(*) FROM calcom_schedule_availability"
    orphans += " WHERE schedule_id NOT IN (SELECT id FROM calcom_schedules)"
    assert bench.query(orphans) == [(0,)]
    assert bench.query(f"SELECT count(*) FROM calcom_users WHERE id <> {person}") == others
    assert erase(bench.warehouse, person) == {}


def test_history_of_an_erased_person_goes_too(bench: Bench) -> None:
    bench.sync("memberships")
    with bench.sandbox.paused() as world:
        member = world.memberships.by("teamId", bench.sandbox.organization_id)[4]
        world.memberships.update(member, role="ADMIN")
    bench.sync("memberships")
    versions = f"SELECT count(*) FROM calcom_memberships WHERE user_id = {member['userId']}"
    assert bench.query(versions) == [(2,)]
    erase(bench.warehouse, member["userId"])
    assert bench.query(versions) == [(0,)]


def test_a_person_still_in_cal_com_comes_back_and_others_are_untouched(bench: Bench) -> None:
    bench.sync("users,memberships")
    person = bench.query("SELECT id FROM calcom_users ORDER BY id")[5][0]
    erase(bench.warehouse, person)
    again = bench.sync("users,memberships")
    assert {table.table: table.inserted for table in again.tables} == {"users": 1, "memberships": 1}
    assert again.rows_changed == 2


def test_hashed_and_renamed_columns_are_found(bench: Bench) -> None:
    policy = ColumnPolicy(
        hash=frozenset({"users.email", "memberships.user_email"}),
        hash_key=b"0123456789abcdef",
        rename={"users.id": "person_id"},
    )
    bench.sync("users,memberships", policy)
    with bench.sandbox.paused() as world:
        profile = world.profiles.by("organizationId", bench.sandbox.organization_id)[3]
        email = world.users.get(profile["userId"])["email"]
    assert erase(bench.warehouse, email, policy=policy) == {"users": 1, "memberships": 1}
    assert bench.query(f"SELECT count(*) FROM calcom_users WHERE person_id = {profile['userId']}") == [(0,)]


def test_nothing_is_erased_while_a_run_holds_the_tables(bench: Bench) -> None:
    bench.sync("users")
    other = Warehouse(bench.url)
    with other.load(RunInfo(scope={"organization_id": 1})), pytest.raises(LoadInProgressError):
        erase(bench.warehouse, 1)
    other.close()


def test_the_past_is_forgotten_and_the_present_kept(bench: Bench) -> None:
    bench.sync("memberships")
    with bench.sandbox.paused() as world:
        for member in world.memberships.by("teamId", bench.sandbox.organization_id)[4:7]:
            world.memberships.update(member, role="ADMIN")
    bench.sync("memberships")
    live = bench.query("SELECT count(*) FROM calcom_memberships WHERE is_current")
    assert keep_for(bench.warehouse, {"memberships": 1}) == {}
    assert keep_for(bench.warehouse, {"memberships": 0}) == {"memberships": 3}
    assert bench.query("SELECT count(*) FROM calcom_memberships WHERE is_current") == live
    assert keep_for(bench.warehouse, {}, default=0)["sync_runs"] >= 2
    assert bench.sync("memberships").rows_changed == 0
    with pytest.raises(ConfigurationError):
        keep_for(bench.warehouse, {"nothing": 3})


def test_the_commands_ask_and_say(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.sync("users,memberships")
    person = bench.query("SELECT id FROM calcom_users ORDER BY id")[5][0]
    assert run(["privacy", "erase", "--to", bench.url, "--user", str(person), "--yes"]) == 0
    assert "calcom_users: 1 rows" in capsys.readouterr().out
    assert run(["privacy", "retention", "--to", bench.url]) == 2
    assert run(["privacy", "retention", "--to", bench.url, "--table", "calcom_users=x"]) == 2
    assert run(["privacy", "retention", "--to", bench.url, "--days", "400", "--table", "users=1"]) == 0


def test_every_column_that_tells_of_a_person_is_known_to_the_eraser() -> None:
    tables = {table.name: table for resource in catalogue().values() for table in resource.tables}
    for name, table in tables.items():
        tells = [column.name for column in table.columns if column.data_class == "personal"]
        if tells and not name.endswith(("event_types", "calendars")):
            assert name in SUBJECTS, f"{name} holds {tells}"
    for name, subject in SUBJECTS.items():
        named = {*subject.user, *subject.email, *subject.clear_user, *subject.clear_email}
        assert named <= set(tables[name].names)
    assert set(DIRECTORY) <= set(SUBJECTS)

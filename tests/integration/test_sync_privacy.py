"""A person can be erased from every table, and the past forgotten after its time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from calcom_provider.api.client import CalComClient
from calcom_provider.api.errors import ConfigurationError
from calcom_provider.api.http.auth import ApiKey
from calcom_provider.cli.app import run
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.sources.rows import from_records
from calcom_provider.resources.policy import ColumnPolicy
from calcom_provider.sandbox import Sandbox
from calcom_provider.sync import SyncOptions, sync
from calcom_provider.sync.privacy import erase, keep_for
from calcom_provider.warehouse import LeaseLostError, RunInfo, Warehouse
from tests.plugins.api import client_for
from tests.unit.hr.fake_calcom import FakeCalcom
from tests.unit.hr.jobs import absence, ooo_job

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
    done = erase(bench.warehouse, person if by == "id" else email.upper()).tables
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
    assert erase(bench.warehouse, person).tables == {}


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
    receipt = erase(bench.warehouse, email, hash_key=policy.hash_key)
    assert (receipt.tables, receipt.unreached) == ({"users": 1, "memberships": 1}, [])
    assert bench.query(f"SELECT count(*) FROM calcom_users WHERE person_id = {profile['userId']}") == [(0,)]


def test_a_run_that_read_before_an_erasure_publishes_nothing(bench: Bench) -> None:
    """ "A run that was reading while somebody was erased publishes nothing and fails" """
    bench.sync("users")
    with bench.sandbox.paused() as world:
        user = world.profiles.by("organizationId", bench.sandbox.organization_id)[3]["userId"]
    other = Warehouse(bench.url)
    with other.load(RunInfo(scope={"organization_id": 1})) as load:
        assert erase(bench.warehouse, user).tables == {"users": 1}
        with pytest.raises(LeaseLostError, match="people were erased while it was reading. Run it again"):
            load.publish()
    other.close()
    # One that begins after it does.
    bench.sync("users")


RENAMED = ColumnPolicy(
    rename={"user_id": "person_id", "memberships.id": "number", "memberships.role": "rights"}
)


@pytest.mark.parametrize("policy", [EVERYTHING, RENAMED], ids=["as they are", "renamed"])
def test_the_past_is_forgotten_and_the_present_kept(bench: Bench, policy: ColumnPolicy) -> None:
    bench.sync("memberships", policy)
    with bench.sandbox.paused() as world:
        for member in world.memberships.by("teamId", bench.sandbox.organization_id)[4:7]:
            world.memberships.update(member, role="ADMIN")
    bench.sync("memberships", policy)
    live = bench.query("SELECT count(*) FROM calcom_memberships WHERE is_current")
    assert keep_for(bench.warehouse, {"memberships": 1}) == {}
    assert keep_for(bench.warehouse, {"memberships": 0}) == {"memberships": 3}
    assert bench.query("SELECT count(*) FROM calcom_memberships WHERE is_current") == live
    assert keep_for(bench.warehouse, {}, default=0)["sync_runs"] >= 2
    assert bench.sync("memberships", policy).rows_changed == 0
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


def test_the_calendars_of_an_erased_account_go(bench: Bench) -> None:
    feed = {"urls": ["https://calendar.example.com/one.ics"], "readOnly": True}
    bench.client.call("calendars.create_ics_feed", **feed)
    bench.sync("account_calendars,account_profile")
    person = bench.query("SELECT id FROM calcom_account_profile")[0][0]
    assert bench.query("SELECT count(*) FROM calcom_account_calendars")[0][0] > 0
    assert erase(bench.warehouse, person).tables["account_calendars"] > 0
    assert bench.query("SELECT count(*) FROM calcom_account_calendars") == [(0,)]


def test_the_calendar_that_an_event_type_of_an_erased_person_writes_to_is_forgotten(bench: Bench) -> None:
    bench.sync("users,team_event_types")
    person, other = (row[0] for row in bench.query("SELECT id FROM calcom_users ORDER BY id LIMIT 2"))
    first, second = (
        row[0] for row in bench.query("SELECT id FROM calcom_team_event_types ORDER BY id LIMIT 2")
    )
    with bench.engine.begin() as connection:
        for owner, event_type in ((person, first), (other, second)):
            connection.execute(
                sa.text(
                    "UPDATE calcom_team_event_types SET owner_id = :owner, destination_calendar = '[1]' WHERE id = :id"
                ),
                {"owner": owner, "id": event_type},
            )
    erase(bench.warehouse, person)
    held = "SELECT owner_id IS NULL, destination_calendar IS NULL FROM calcom_team_event_types WHERE id = "
    assert [tuple(map(bool, row)) for row in bench.query(f"{held}{first}")] == [(True, True)]
    assert [tuple(map(bool, row)) for row in bench.query(f"{held}{second}")] == [(False, False)]


def test_columns_are_found_under_the_names_that_the_policy_gave_them(bench: Bench) -> None:
    """Erase finds renamed columns by what the runs recorded."""
    bench.sync(policy=ColumnPolicy(sensitive=True, rename={"user_id": "person_id", "email": "mail"}))
    person, email = bench.query(
        "SELECT u.id, u.mail FROM calcom_users u JOIN calcom_booking_hosts h ON h.person_id = u.id ORDER BY u.id"
    )[0]
    assert run(["privacy", "erase", "--to", bench.url, "--user", email.upper(), "--yes"]) == 0
    assert email not in bench.dump()
    for table in ("attribute_assignments", "ooo_entries", "team_memberships", "booking_hosts", "memberships"):
        assert bench.query(f"SELECT count(*) FROM calcom_{table} WHERE person_id = {person}") == [(0,)], table


def test_nothing_is_erased_where_it_is_not_recorded_how_a_table_was_stored(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing is recorded and the column is missing, nothing is erased anywhere, and the table is named."""
    bench.sync("users,memberships", ColumnPolicy(rename={"memberships.user_id": "person_id"}))
    with bench.engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE calcom_sync_columns"))
        connection.execute(sa.text("DELETE FROM calcom_schema_version WHERE number > 1"))
    person = bench.query("SELECT id FROM calcom_users ORDER BY id")[5][0]
    rows = [f"SELECT * FROM calcom_{name} ORDER BY id" for name in ("users", "memberships")]
    before = [bench.query(one) for one in rows]
    erasing = ["privacy", "erase", "--to", bench.url, "--user", str(person), "--yes"]
    assert run(erasing) == 1
    assert "calcom_memberships (user_id)" in capsys.readouterr().err
    assert [bench.query(one) for one in rows] == before
    policy = tmp_path / "policy.yaml"
    policy.write_text("sensitive: true\nrename: [\n")
    assert run([*erasing, "--policy", str(policy)]) == 2
    assert "line 3, is no valid YAML" in capsys.readouterr().err
    policy.write_text("rename: {memberships.user_id: person_id}\n")
    assert run([*erasing, "--policy", str(policy)]) == 0
    assert bench.query(f"SELECT count(*) FROM calcom_memberships WHERE person_id = {person}") == [(0,)]


def test_finding_nobody_is_a_failure_that_says_what_was_looked_for(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """Finding nobody exits 1 and says what was looked for, without repeating an address."""
    bench.sync("users")
    assert run(["privacy", "erase", "--to", bench.url, "--user", "Nobody.Here@example.com", "--yes"]) == 1
    told = capsys.readouterr()
    assert "Nobody was found by an e-mail address of 23 characters in any case" in told.err
    assert "nobody.here" not in (told.out + told.err).lower()
    assert run(["privacy", "erase", "--to", bench.url, "--user", "987654", "--yes"]) == 1
    assert "Nobody was found by a user id" in capsys.readouterr().err
    assert run(["privacy", "erase", "--to", bench.url, "--user", "somebody", "--yes"]) == 2


def test_what_only_a_key_would_reach_is_named(bench: Bench) -> None:
    policy = ColumnPolicy(hash=frozenset({"booking_attendees.email"}), hash_key=b"0123456789abcdef")
    bench.sync("users,bookings", policy)
    person, email = bench.query("SELECT id, email FROM calcom_users ORDER BY id")[5]
    for key in (b"", b"another key of 16"):
        hidden = [one for one in erase(bench.warehouse, email, hash_key=key).unreached if one.mendable]
        assert [one.table for one in hidden] == ["calcom_booking_attendees"]
    assert run(["privacy", "erase", "--to", bench.url, "--user", str(person), "--yes"]) == 1
    reached = erase(bench.warehouse, email, hash_key=policy.hash_key)
    assert not [one for one in reached.unreached if one.mendable]


def write_back(url: str, person: int) -> None:
    """Leave an owned entry and an open plan of a person in a ledger."""
    with Ledger(url) as ledger:
        fake = FakeCalcom()
        fake.add_user(person)
        job = ooo_job(fake, ledger)
        job.apply(job.plan(from_records([absence("R1", person, "2026-05-04", "2099-05-08")])), reread=False)


@pytest.mark.parametrize("beside", [True, False])
def test_the_ledger_is_reached_once_nothing_is_open_there(
    bench: Bench, tmp_path: Path, beside: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """A person with open actions or owned future entries is refused with that reason unless forced."""
    bench.sync("users,memberships")
    person = bench.query("SELECT id FROM calcom_users ORDER BY id")[5][0]
    url = bench.url if beside else f"sqlite:///{tmp_path / 'ledger.db'}"
    write_back(url, person)
    erasing = ["privacy", "erase", "--to", bench.url, "--user", str(person), "--yes"]
    erasing += [] if beside else ["--ledger", url]
    assert run(erasing) == 1
    assert "0 open actions and 1 entries of this person that are not over" in capsys.readouterr().err
    assert bench.query(f"SELECT count(*) FROM calcom_users WHERE id = {person}") == [(1,)]
    assert run([*erasing, "--force"]) == 0
    assert "calcom_writeback_entries: 1 rows" in capsys.readouterr().out
    with Ledger(url) as ledger:
        assert ledger.owned(901, "hr", "out_of_office").entries == {}
    assert bench.query(f"SELECT count(*) FROM calcom_users WHERE id = {person}") == [(0,)]


def test_a_ledger_that_is_not_where_it_was_named_stops_everything(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.sync("users")
    person = bench.query("SELECT id FROM calcom_users ORDER BY id")[5][0]
    nowhere = f"sqlite:///{tmp_path / 'none.db'}"
    assert (
        run(["privacy", "erase", "--to", bench.url, "--user", str(person), "--yes", "--ledger", nowhere]) == 1
    )
    assert "there is no ledger in the database named as ledger 1" in capsys.readouterr().err
    assert bench.query(f"SELECT count(*) FROM calcom_users WHERE id = {person}") == [(1,)]


def test_a_ledger_beside_the_tables_is_reached_in_every_database(warehouse_url: str) -> None:
    """``erase`` reaches the ledger beside the tables by itself."""
    with (
        Sandbox(users=10, limit=None) as sandbox,
        client_for(sandbox.url, auth=ApiKey(sandbox.keys["admin"]), organization_id=None) as client,
    ):
        warehouse = Warehouse(warehouse_url)
        sync(client, warehouse, resources="users")
        session = warehouse.backend.connect()
        person = int(session.value("SELECT max(id) FROM calcom_users"))
        session.close()
        warehouse.close()
    write_back(warehouse_url, person)
    assert run(["privacy", "erase", "--to", warehouse_url, "--user", str(person), "--yes", "--force"]) == 0
    with Ledger(warehouse_url) as ledger:
        owned = ledger.owned(901, "hr", "out_of_office")
        assert (owned.entries, len(owned.erased.entries())) == ({}, 1)

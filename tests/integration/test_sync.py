"""A sandbox organisation in a database: everything there, once, and nothing written that did not change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from calcom_provider.api.errors import CalComError, IncompleteReadError, PermissionDeniedError, ServerError
from calcom_provider.api.rate_limit.governor import Governor
from calcom_provider.api.rate_limit.state import MemoryStateStore
from calcom_provider.resources.errors import SchemaChangedError
from calcom_provider.resources.policy import ColumnPolicy
from calcom_provider.sandbox.world import stores
from calcom_provider.sync import Backfill, Progress, TableOptions
from calcom_provider.warehouse import GuardExceededError
from tests.plugins.bench import Bench, open_client

MAIN = (
    "users",
    "memberships",
    "attributes",
    "attribute_options",
    "attribute_assignments",
    "ooo_entries",
    "teams",
    "team_memberships",
)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_url"))


def test_an_organisation_lands_completely_and_the_second_run_writes_nothing(
    make_bench: Callable[..., Bench], url: str
) -> None:
    bench = make_bench(url, users=300)
    first = bench.sync()
    bench.assert_equal(MAIN)
    assert {table.table for table in first.tables} == set(MAIN)
    assert all(table.complete for table in first.tables)
    assert first.rows_changed == sum(bench.count(table) for table in MAIN)
    assert first.requests == bench.sandbox.stats()["requests"]
    assert first.requests < 100
    second = bench.sync()
    assert second.rows_changed == 0
    assert {table.status for table in second.tables} == {"unchanged"}
    assert second.requests <= first.requests
    bench.assert_equal(MAIN)


def test_changes_and_only_changes_are_written(make_bench: Callable[..., Bench], url: str) -> None:
    bench = make_bench(url)
    bench.sync()
    with bench.sandbox.paused() as world:
        people = [row["userId"] for row in world.profiles.by("organizationId", bench.sandbox.organization_id)]
        world.users.update(world.users.get(people[5]), bio="changed")
        entry = world.ooo.by("userId", next(user for user in people if world.ooo.by("userId", user)))[0]
        world.ooo.delete(entry)
    second = bench.sync()
    changed = {table.table: (table.inserted, table.updated, table.deleted) for table in second.tables}
    assert changed["users"] == (0, 1, 0)
    assert changed["ooo_entries"] == (0, 0, 1)
    assert changed["teams"] == (0, 0, 0)
    bench.assert_equal(MAIN)
    assert bench.query(f"SELECT is_current FROM calcom_ooo_entries WHERE id = {entry['id']}") in (
        [(False,)],
        [(0,)],
    )


def test_everything_of_every_group_lands(make_bench: Callable[..., Bench], url: str) -> None:
    bench = make_bench(
        url,
        bookings=605,
        tied=True,
        routing_forms=8,
        schedules=302,
        event_types=9,
        managed_organizations=5,
        platform=True,
        form_responses=40,
    )
    first = bench.sync("all")
    tables = [table.table for table in first.tables]
    held = bench.sandbox.rows()
    missing = set(held) - set(tables) - {"team_event_type_private_links"}
    assert missing == set()
    bench.assert_equal(tables)
    assert bench.count("bookings") == 605
    assert bench.count("routing_forms") == 8
    assert bench.count("schedules") == 302
    assert bench.count("managed_organizations") == 5
    second = bench.sync("all")
    assert second.rows_changed == 0
    kept = {table.table: table.rows_kept for table in second.tables if table.status == "unchanged"}
    assert kept == {table: held[table] for table in kept}
    assert "role_permissions" in kept
    bench.assert_equal(tables)
    with bench.sandbox.paused() as world:
        bookings = stores.bookings(world)
        for row in list(bookings.ordered())[:3]:
            bookings.update(row, title="changed", updatedAt=world.now())
    third = bench.sync("all")
    assert {table.table: table.changed for table in third.tables if table.changed} == {"bookings": 3}


@pytest.mark.parametrize(
    ("tied", "settings"),
    [(True, {"users": 40}), ("all", {"users": 40}), ("all", {"users": 2, "event_types": 1})],
    ids=["one change time", "one start too", "nothing separates them"],
)
def test_ten_thousand_shuffled_ties_are_read_completely_or_refused(
    make_bench: Callable[..., Bench], sqlite_url: str, tied: Any, settings: dict[str, Any]
) -> None:
    bench = make_bench(sqlite_url, bookings=10_000, tied=tied, faults={"shuffle_ties": True}, **settings)
    refused = None
    try:
        bench.sync("bookings")
    except IncompleteReadError as error:
        refused = error
    if refused is not None:
        assert "nothing separates them" in str(refused)
        assert not sa.inspect(bench.engine).has_table("calcom_bookings")
        return
    bench.assert_equal(["bookings", "booking_attendees", "booking_hosts", "booking_guests"])
    assert bench.count("bookings") > 9_990  # a series and a seated booking need more event types


def test_bookings_with_one_start_and_one_change_time_are_read_completely(
    make_bench: Callable[..., Bench], sqlite_url: str
) -> None:
    bench = make_bench(sqlite_url, users=40, bookings=700, tied="all")
    bench.sync("bookings")
    bench.assert_equal(["bookings", "booking_attendees", "booking_hosts", "booking_guests"])


def test_bookings_are_incremental_and_see_attendee_changes(
    make_bench: Callable[..., Bench], url: str
) -> None:
    bench = make_bench(url, bookings=120)
    bench.sync("bookings")
    spent = bench.sandbox.stats()["requests"]
    second = bench.sync("bookings")
    assert all(table.partial for table in second.tables)
    assert second.rows_changed == 0
    assert bench.sandbox.stats()["requests"] - spent == second.requests <= 8
    watermark = bench.query("SELECT watermark FROM calcom_sync_state WHERE resource = 'bookings'")
    assert watermark[0][0].endswith("Z")


def test_a_backfill_reads_a_window_and_moves_no_watermark(
    make_bench: Callable[..., Bench], sqlite_url: str
) -> None:
    bench = make_bench(sqlite_url, bookings=120)
    bench.sync("bookings")
    before = bench.query("SELECT watermark FROM calcom_sync_state WHERE resource = 'bookings'")
    starts = [row[0] for row in bench.query("SELECT start_at FROM calcom_bookings ORDER BY start_at")]
    middle = datetime.fromisoformat(str(starts[60])).replace(tzinfo=UTC)
    bench.query("SELECT 1")
    window = Backfill(middle, middle + timedelta(days=400))
    result = bench.sync("bookings", backfill=window)
    assert result.rows_changed == 0
    read = {table.table: table.rows_read for table in result.tables}
    assert 0 < read["bookings"] <= 61
    assert bench.query("SELECT watermark FROM calcom_sync_state WHERE resource = 'bookings'") == before


def test_sensitive_values_stay_out_unless_asked_for(
    make_bench: Callable[..., Bench], sqlite_url: str
) -> None:
    bench = make_bench(sqlite_url)
    bench.sync("all")
    names = sa.inspect(bench.engine).get_columns("calcom_ooo_entries")
    assert {"reason", "notes"}.isdisjoint(column["name"] for column in names)
    secrets = [row["secret"] for row in _webhooks(bench) if row["secret"]]
    assert secrets
    dump = bench.query("SELECT group_concat(sql) FROM sqlite_master")[0][0]
    assert '"secret"' not in dump
    raw = b"".join(
        str(row).encode()
        for name in sa.inspect(bench.engine).get_table_names()
        for row in bench.query(f'SELECT * FROM "{name}"')
    )
    assert not any(secret.encode() in raw for secret in secrets)
    bench.sync("ooo_entries", policy=ColumnPolicy(sensitive=True))
    assert bench.query("SELECT count(*) FROM calcom_ooo_entries WHERE is_current AND reason IS NULL") == [
        (0,)
    ]


def _webhooks(bench: Bench) -> list[Any]:
    from calcom_provider.sandbox.world import stores

    with bench.sandbox.paused() as world:
        return list(stores.webhooks(world))


def test_another_policy_reads_unchanged_pages_again(
    make_bench: Callable[..., Bench], sqlite_url: str
) -> None:
    bench = make_bench(sqlite_url)
    bench.sync("users")
    policy = ColumnPolicy(hash=frozenset({"email"}), hash_key=b"0123456789abcdef")
    again = bench.sync("users", policy=policy)
    assert again.tables[0].updated == bench.count("users")
    hashes = {row[0] for row in bench.query("SELECT email FROM calcom_users")}
    assert all(len(value) == 64 for value in hashes)


def test_a_dry_run_publishes_nothing(make_bench: Callable[..., Bench], sqlite_url: str) -> None:
    bench = make_bench(sqlite_url)
    result = bench.sync(dry_run=True)
    assert result.dry_run
    assert result.rows_changed == sum(bench.sandbox.rows()[table] for table in MAIN)
    assert "calcom_users" not in sa.inspect(bench.engine).get_table_names()


def test_modes_and_deletes_can_differ_by_table(make_bench: Callable[..., Bench], sqlite_url: str) -> None:
    bench = make_bench(sqlite_url)
    chosen = {"users": TableOptions(mode="history"), "memberships": TableOptions(mode="merge")}
    result = bench.sync("users,memberships,teams", mode="replace", overrides=chosen)
    assert {table.table: table.mode for table in result.tables} == {
        "users": "history",
        "memberships": "merge",
        "teams": "replace",
    }


def test_a_guard_stops_a_run_that_would_delete_too_much(
    make_bench: Callable[..., Bench], sqlite_url: str
) -> None:
    bench = make_bench(sqlite_url, users=80)
    bench.sync("users")
    with bench.sandbox.paused() as world:
        for row in list(world.profiles.by("organizationId", bench.sandbox.organization_id))[10:60]:
            world.profiles.delete(row)
    held = bench.count("users")
    with pytest.raises(GuardExceededError, match="then confirm_deletes users=50 lets one run through"):
        bench.sync("users")
    with pytest.raises(GuardExceededError):
        bench.sync("users", confirm_deletes={"users": 49, "memberships": 500})
    assert bench.count("users") == held
    bench.sync("users", confirm_deletes={"users": 50})
    bench.assert_equal(["users"])


def test_a_failing_list_publishes_nothing_at_all(make_bench: Callable[..., Bench], url: str) -> None:
    bench = make_bench(url, broken=("org_ooo.list",))
    with pytest.raises(ServerError):
        bench.sync()
    names = set(sa.inspect(bench.engine).get_table_names())
    assert not names & {f"calcom_{table}" for table in MAIN}
    assert bench.query("SELECT count(*) FROM calcom_sync_runs WHERE status = 'failed'")[0][0] >= 1


def test_lists_that_are_not_offered_are_left_out_of_all_but_not_when_named(
    make_bench: Callable[..., Bench], sqlite_url: str
) -> None:
    bench = make_bench(sqlite_url, absent=("org_roles.list", "org_team_roles.list"))
    result = bench.sync("all")
    failed = {table.table: table.reason for table in result.tables if table.status == "failed"}
    assert set(failed) == {"roles", "role_permissions", "team_roles", "team_role_permissions"}
    assert "404" in failed["roles"]
    bench.assert_equal(MAIN)
    with pytest.raises(CalComError, match="org_roles"):
        bench.sync("roles")


def test_event_types_of_all_teams_fall_back_to_team_by_team(
    make_bench: Callable[..., Bench], sqlite_url: str
) -> None:
    for resources in ("team_event_types", "group:teams"):
        bench = make_bench(sqlite_url, broken=("org_team_event_types.list_all",))
        result = bench.sync(resources)
        bench.assert_equal(["team_event_types", "team_event_type_hosts"])
        assert all(table.complete for table in result.tables if table.status != "failed")


def test_managed_users_beyond_the_window_are_found_by_address(
    make_bench: Callable[..., Bench], sqlite_url: str
) -> None:
    bench = make_bench(sqlite_url, users=20, platform=True, managed_users=560)
    result = bench.sync("managed_users")
    (table,) = result.tables
    assert bench.count("managed_users") == bench.sandbox.rows()["managed_users"] == 560
    assert not table.complete
    assert "found by address" in table.reason


def test_an_account_without_organisation_reads_its_own_lists(
    make_bench: Callable[..., Bench], sqlite_url: str
) -> None:
    bench = make_bench(sqlite_url, key="loner")
    result = bench.sync("all")
    assert result.organization_id == 0
    assert bench.count("account_profile") == 1
    assert all(table.table.startswith("account_") for table in result.tables)
    assert bench.sync("all").rows_changed == 0
    with pytest.raises(CalComError, match="no organisation"):
        bench.sync("users")


def test_a_plain_member_gets_one_clear_error(make_bench: Callable[..., Bench], sqlite_url: str) -> None:
    bench = make_bench(sqlite_url, key="member")
    with pytest.raises(PermissionDeniedError) as caught:
        bench.sync()
    assert "role" in str(caught.value)
    assert bench.sandbox.keys["member"] not in str(caught.value)


def test_progress_tells_of_every_resource(make_bench: Callable[..., Bench], sqlite_url: str) -> None:
    bench = make_bench(sqlite_url)
    steps: list[Progress] = []
    bench.sync(progress=steps.append)
    assert {step.resource for step in steps if step.event == "finished"} == set(MAIN)
    assert steps[-1].event == "published"
    assert [step.requests for step in steps] == sorted(step.requests for step in steps)
    steps.clear()
    bench.sync(progress=steps.append)
    assert any(step.event == "unchanged" for step in steps)
    assert steps[-1].expected_requests


def test_an_unchanged_list_is_not_sent_again(make_bench: Callable[..., Bench], sqlite_url: str) -> None:
    bench = make_bench(sqlite_url, users=300)
    first = bench.sync()
    second = bench.sync()
    assert second.bytes < first.bytes / 3


def test_rows_that_come_and_go_while_reading_never_delete_or_lose_others(
    make_bench: Callable[..., Bench], sqlite_url: str
) -> None:
    bench = make_bench(sqlite_url, users=700)
    bench.sync("memberships")
    organization = bench.sandbox.organization_id
    steady = {row[0] for row in bench.query("SELECT id FROM calcom_memberships WHERE is_current")}
    victims: list[int] = sorted(steady)[20:60:8]

    def disturb(*_: Any) -> None:
        if victims:
            memberships = bench.sandbox.state.memberships
            memberships.delete(memberships.get(victims.pop()))

    doomed = set(victims)
    bench.sandbox.before_answer(disturb)
    try:
        bench.sync("memberships")
    except IncompleteReadError:
        pass
    kept = {row[0] for row in bench.query("SELECT id FROM calcom_memberships WHERE is_current")}
    assert steady - doomed <= kept
    assert organization


def test_a_changed_type_fails_before_anything_is_written(
    make_bench: Callable[..., Bench], sqlite_url: str
) -> None:
    bench = make_bench(sqlite_url)
    bench.sync("users,teams")
    with bench.sandbox.paused() as world:
        people = world.profiles.by("organizationId", bench.sandbox.organization_id)
        world.users.update(world.users.get(people[3]["userId"]), timeFormat="twelve", bio="new")
    before = bench.query("SELECT count(*) FROM calcom_users WHERE bio = 'new'")
    with pytest.raises(SchemaChangedError, match="timeFormat"):
        bench.sync("users,teams")
    assert bench.query("SELECT count(*) FROM calcom_users WHERE bio = 'new'") == before


def test_the_limit_is_never_overrun(make_bench: Callable[..., Bench], sqlite_url: str) -> None:
    bench = make_bench(sqlite_url, users=300, limit=(20, 2.0, 2.0))
    client = open_client(bench.sandbox, "admin", governor=Governor(MemoryStateStore()))
    bench.client.close()
    bench.client = client
    steps: list[Progress] = []
    result = bench.sync(progress=steps.append)
    assert any(step.event == "wait" for step in steps)
    assert result.waited_seconds > 0
    assert bench.query("SELECT max(waits) FROM calcom_sync_runs")[0][0] >= 1
    assert result.throttled == 0
    assert bench.sandbox.stats()["statuses"].get("429", 0) == 0
    bench.assert_equal(MAIN)


@pytest.mark.parametrize("members", [249, 250, 251, 499])
def test_a_list_that_fills_its_pages_exactly(
    make_bench: Callable[..., Bench], url: str, members: int
) -> None:
    bench = make_bench(url, users=10)
    own = bench.sandbox.organization_id
    with bench.sandbox.paused() as world:
        for number in range(members - len(world.memberships.by("teamId", own))):
            user = world.add_user(f"more.{number}@lumen.example", username=f"more.{number}")
            world.add_membership(user, own)
    assert bench.sandbox.rows()["memberships"] == members
    bench.sync("memberships")
    assert bench.count("memberships") == members

"""Lists that come otherwise than they should: no row is deleted, and none is missed, on their word alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from calcom_provider.api.bounds import Bounds
from calcom_provider.api.errors import CalComError, IncompleteReadError, ServerError, TransportError
from calcom_provider.sandbox.core.wire import Incoming, Response
from tests.plugins.bench import Bench, open_client

SUBJECTS = (
    "users",
    "memberships",
    "attributes",
    "attribute_options",
    "attribute_assignments",
    "ooo_entries",
    "teams",
    "team_memberships",
    "schedules",
    "team_event_types",
    "bookings",
)
OPERATIONS = {
    "users": "org_users.list",
    "memberships": "org_memberships.list",
    "attributes": "org_attributes.list",
    "attribute_options": "org_attribute_options.list",
    "attribute_assignments": "org_attribute_options.list_assigned",
    "ooo_entries": "org_ooo.list",
    "teams": "org_teams.list",
    "team_memberships": "org_team_memberships.list",
    "schedules": "org_schedules.list",
    "team_event_types": "org_team_event_types.list_all",
    "bookings": "org_bookings.list",
}


@pytest.fixture
def small(make_bench: Callable[..., Bench], url: str) -> Bench:
    return make_bench(url, users=30)


@pytest.mark.parametrize("kind", ["no_data", "null", "object"])
def test_a_success_without_a_list_deletes_nothing(small: Bench, kind: str) -> None:
    """docs/completeness.rst: "A success answer without a list is a failed answer"."""
    small.sync("memberships,ooo_entries")
    held = small.count("memberships")
    assert held >= 30
    small.sandbox.faults.set(hostile={"org_memberships.list": kind})
    with pytest.raises(TransportError, match="a success without a list"):
        small.sync("memberships,ooo_entries")
    assert small.count("memberships") == held
    small.sandbox.faults.clear()
    assert small.sync("memberships,ooo_entries").rows_changed == 0


def test_no_list_that_becomes_a_table_is_believed_without_a_list(
    make_bench: Callable[..., Bench], sqlite_url: str
) -> None:
    bench = make_bench(sqlite_url, users=20, bookings=20, schedules=20)
    bench.sync(",".join(SUBJECTS))
    held = {name: bench.count(name) for name in SUBJECTS}
    assert all(held.values())
    for name, operation in OPERATIONS.items():
        for kind in ("no_data", "null", "object"):
            bench.sandbox.faults.set(hostile={operation: kind})
            with pytest.raises(TransportError, match="without a list"):
                bench.sync(name, full=True)
    assert {name: bench.count(name) for name in SUBJECTS} == held


@pytest.mark.parametrize("name", ["users", "memberships", "ooo_entries", "teams", "bookings"])
def test_an_empty_list_is_asked_again_by_another_way(
    make_bench: Callable[..., Bench], sqlite_url: str, name: str
) -> None:
    """docs/completeness.rst: "An empty list whose table holds rows is asked again by other ways"."""
    bench = make_bench(sqlite_url, users=20, bookings=20)
    bench.sync(name)
    held = bench.count(name)
    operation, wrong = OPERATIONS[name], 0
    usual = {"users": "take=1000", "bookings": "sortStart=asc"}.get(name, "take=250")

    def empty(request: Incoming, answer: Response) -> Response | None:
        nonlocal wrong
        if bench.sandbox.app.operation_of(request) != operation or usual not in request.query:
            return None
        wrong += 1
        return Response(200, b'{"status":"success","data":[]}', {"Content-Type": "application/json"})

    bench.sandbox.before_answer(empty)
    if name == "bookings":
        # A read by time has no other page size to go on with.
        with pytest.raises(IncompleteReadError, match="came empty"):
            bench.sync(name, full=True)
    else:
        result = bench.sync(name, full=True)
        assert result.tables[0].complete
        assert result.rows_changed == 0
    assert wrong
    assert bench.count(name) == held


def test_a_row_of_the_last_run_is_asked_for_singly(make_bench: Callable[..., Bench], sqlite_url: str) -> None:
    bench = make_bench(sqlite_url, users=20)
    bench.sync("teams,memberships")
    held = bench.count("memberships")
    bench.sandbox.faults.set(hostile={"org_memberships.list": "empty"})
    with pytest.raises(IncompleteReadError, match="a row of the last read is still there"):
        bench.sync("memberships")
    assert bench.count("memberships") == held


def test_a_list_that_is_empty_by_every_way_is_believed(make_bench: Callable[..., Bench], url: str) -> None:
    bench = make_bench(url, users=20)
    bench.sync("ooo_entries,memberships")
    assert bench.count("ooo_entries")
    before = bench.sandbox.stats()["requests"]
    with bench.sandbox.paused() as world:
        for row in list(world.ooo.ordered()):
            world.ooo.delete(row)
    result = bench.sync("ooo_entries")
    assert bench.count("ooo_entries") == 0
    assert result.tables[0].complete
    assert bench.sandbox.stats()["requests"] - before == 2


@pytest.mark.parametrize("resource", ["users", "memberships", "webhooks", "roles"])
def test_full_pages_that_nothing_follows_prove_no_end(
    make_bench: Callable[..., Bench], sqlite_url: str, resource: str
) -> None:
    """docs/completeness.rst: "A full page that nothing follows proves no end", on an empty database as well."""
    bench = make_bench(sqlite_url, users=1100 if resource == "users" else 700)
    operations = {"webhooks": "org_webhooks.list", "roles": "org_roles.list"} | OPERATIONS
    _fill(bench, resource, 700)
    bench.sandbox.faults.set(hostile={operations[resource]: "hollow"})
    with pytest.raises(IncompleteReadError, match="followed by empty ones"):
        bench.sync(resource)
    assert not sa.inspect(bench.engine).has_table(f"calcom_{resource}")


def _fill(bench: Bench, resource: str, count: int) -> None:
    from calcom_provider.sandbox.world import stores

    if resource not in ("webhooks", "roles"):
        return
    with bench.sandbox.paused() as world:
        table = {"webhooks": stores.webhooks, "roles": stores.roles}[resource](world)
        index = "ownerId" if resource == "roles" else "teamId"
        model = next(iter(table.by(index, bench.sandbox.organization_id)))
        for number in range(count):
            row = {**model, "id": world.ids.uuid()}
            if "subscriberUrl" in row:
                row["subscriberUrl"] = f"https://hooks.lumen.example/{number}"
            table.insert(row)


def test_pages_that_come_empty_at_one_size_only_are_read_at_another(
    make_bench: Callable[..., Bench], url: str
) -> None:
    bench = make_bench(url, users=1300)

    def hollow(request: Incoming, answer: Response) -> Response | None:
        if "/users" in request.path and "skip=" in request.query and "take=1000" in request.query:
            return Response(200, b'{"status":"success","data":[]}', {"Content-Type": "application/json"})
        return None

    bench.sandbox.before_answer(hollow)
    result = bench.sync("users")
    assert result.tables[0].complete
    bench.assert_equal(["users"])


@pytest.mark.parametrize("resource", ["memberships", "users"])
def test_a_closing_probe_that_comes_empty_proves_nothing(
    make_bench: Callable[..., Bench], sqlite_url: str, resource: str
) -> None:
    bench = make_bench(sqlite_url, users=1100)

    def empty_probe(request: Incoming, answer: Response) -> Response | None:
        if "take=1&" in request.query + "&" and f"/{resource}" in request.path:
            return Response(200, b'{"status":"success","data":[]}', {"Content-Type": "application/json"})
        return None

    bench.sandbox.before_answer(empty_probe)
    bench.sync(resource)
    bench.assert_equal([resource])


# -- one error of one list -----------------------------------------------------------------------------------


def failing(bench: Bench, fails: Callable[[Incoming], int | None]) -> list[str]:
    """Let lists fail with the statuses that a function gives; returns what was asked of them."""
    asked: list[str] = []

    def answer(request: Incoming, given: Response) -> Response | None:
        status = fails(request)
        if status is None:
            return None
        asked.append(request.target)
        body = b'{"statusCode":500,"message":"Internal server error"}'
        if status != 500:
            body = b'{"status":"error","error":{"code":"X","message":"no"}}'
        return Response(status, body, {"Content-Type": "application/json"})

    bench.sandbox.before_answer(answer)
    return asked


def team_ids(bench: Bench) -> list[int]:
    with bench.sandbox.paused() as world:
        return [row["id"] for row in world.teams.ordered("parentId", bench.sandbox.organization_id)]


def of(result: Any, table: str) -> Any:
    return next(one for one in result.tables if one.table == table)


@pytest.mark.parametrize("status", [500, 403, 404])
@pytest.mark.parametrize("asked", ["all", "team_workflows"])
def test_one_error_of_one_list_does_not_hide_a_table(
    make_bench: Callable[..., Bench], url: str, status: int, asked: str
) -> None:
    """docs/completeness.rst: "the others are published, the table counts as incomplete, and the part is
    named"."""
    bench = make_bench(url, users=40, teams=5)
    team = team_ids(bench)[2]
    failing(bench, lambda request: status if f"/teams/{team}/workflows" in request.path else None)
    result = of(bench.sync(asked), "team_workflows")
    assert (result.status, result.complete) == ("published", False)
    assert result.reason == f"a part could not be read: teamId {team} (HTTP {status})"
    teams = {row[0] for row in bench.query("SELECT DISTINCT team_id FROM calcom_team_workflows")}
    assert teams
    assert team not in teams


def test_one_500_of_a_list_that_every_installation_has_leaves_the_others(
    make_bench: Callable[..., Bench], sqlite_url: str
) -> None:
    bench = make_bench(sqlite_url, users=40, teams=5)
    bench.sync("team_memberships")
    before = bench.count("team_memberships")
    team = team_ids(bench)[0]
    failing(bench, lambda request: 500 if f"/teams/{team}/memberships" in request.path else None)
    result = of(bench.sync("team_memberships"), "team_memberships")
    assert not result.complete
    assert f"teamId {team} (HTTP 500)" in result.reason
    assert bench.count("team_memberships") == before


def test_a_500_of_the_only_team_hides_nothing_until_it_comes_again(
    make_bench: Callable[..., Bench], sqlite_url: str
) -> None:
    bench = make_bench(sqlite_url, users=20, teams=4)
    _drop_teams(bench, but=1)
    failing(bench, lambda request: 500 if request.path.endswith("/workflows") else None)
    first = of(bench.sync("group:teams"), "team_workflows")
    assert (first.status, first.complete) == ("published", False)
    second = of(bench.sync("group:teams"), "team_workflows")
    assert (second.status, second.reason) == (
        "failed",
        "not offered by this installation, plan or role (500)",
    )


def test_a_list_that_answered_once_is_never_called_not_offered_for_500s(
    make_bench: Callable[..., Bench], sqlite_url: str
) -> None:
    bench = make_bench(sqlite_url, users=20, teams=4)
    bench.sync("group:teams")
    before = bench.count("team_workflows")
    failing(bench, lambda request: 500 if request.path.endswith("/workflows") else None)
    result = of(bench.sync("group:teams"), "team_workflows")
    assert (result.status, result.complete) == ("published", False)
    assert result.reason.endswith(" and 2 more")
    assert bench.count("team_workflows") == before > 0


def test_a_list_that_no_parent_answers_is_asked_of_three_parents_a_run(
    make_bench: Callable[..., Bench], url: str
) -> None:
    """docs/limits.rst: "A list that no team has ever answered is asked of three teams a run"."""
    bench = make_bench(url, users=40, teams=9)
    broken, teams = True, len(team_ids(bench))
    asked = failing(bench, lambda request: 404 if broken and _is_of_team(request, "roles") else None)
    counts, firsts = [], []
    for options in ({}, {}, {}, {"full": True}, {}):
        asked.clear()
        assert of(bench.sync("group:teams", **options), "team_roles").status == "failed"
        counts.append(len(asked))
        firsts.append(set(asked))
    assert counts == [teams, 3, 3, teams, 3]
    # Other teams each time, so that one which can answer is found.
    assert not firsts[1] & firsts[2]
    broken = False
    result = of(bench.sync("group:teams"), "team_roles")
    assert result.complete
    bench.assert_equal(["team_roles"])
    before = bench.sandbox.stats()["operations"]["org_team_roles.list"]
    bench.sync("group:teams")
    assert bench.sandbox.stats()["operations"]["org_team_roles.list"] - before == teams


# -- parents that go -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [0, 2])
def test_a_team_that_is_deleted_while_a_sync_runs_does_not_stop_it(
    make_bench: Callable[..., Bench], url: str, place: int
) -> None:
    """docs/completeness.rst: "A team, form or event type that is deleted while a sync runs"."""
    bench = make_bench(url, users=40, teams=5)
    doomed = team_ids(bench)[place : place + 2]
    left = list(doomed)

    def delete(request: Incoming, answer: Response) -> None:
        """Delete teams as soon as they have been listed."""
        if request.path.endswith("/teams") and left:
            _drop_teams(bench, left)
            left.clear()

    bench.sandbox.before_answer(delete)
    result = bench.sync("group:teams")
    assert not left
    assert all(table.complete for table in result.tables)
    rows = bench.query("SELECT DISTINCT team_id FROM calcom_team_memberships")
    assert not {row[0] for row in rows} & set(doomed)
    bench.sandbox.faults.clear()
    bench.sync("group:teams")
    bench.assert_equal(["teams", "team_memberships", "team_roles"])


def _drop_teams(bench: Bench, teams: list[int] | None = None, *, but: int = 0) -> None:
    world = bench.sandbox.state
    for team in team_ids(bench)[but:] if teams is None else teams:
        for membership in list(world.memberships.by("teamId", team)):
            world.memberships.delete(membership)
        world.teams.delete(world.teams.get(team))


def _is_of_team(request: Incoming, part: str) -> bool:
    return "/teams/" in request.path and request.path.endswith(f"/{part}")


def test_a_refusal_of_a_parent_that_is_still_there_stops_the_sync(
    make_bench: Callable[..., Bench], sqlite_url: str
) -> None:
    bench = make_bench(sqlite_url, users=40, teams=4)
    bench.sync("team_memberships")
    before = bench.count("team_memberships")
    failing(
        bench,
        lambda request: 404 if request.path.endswith("/memberships") and "/teams/" in request.path else None,
    )
    with pytest.raises(CalComError, match="404"):
        bench.sync("team_memberships")
    assert bench.count("team_memberships") == before


def test_lost_rights_are_not_taken_for_deleted_parents(
    make_bench: Callable[..., Bench], sqlite_url: str
) -> None:
    bench = make_bench(sqlite_url, users=40, teams=4)
    bench.sync("teams,team_memberships")
    before = bench.count("team_memberships")
    listed = 0

    def fails(request: Incoming) -> int | None:
        nonlocal listed
        if request.path.endswith("/teams"):
            listed += 1
            return 403 if listed > 1 else None
        return 403 if "/teams/" in request.path else None

    failing(bench, fails)
    with pytest.raises(CalComError, match="403"):
        bench.sync("team_memberships")
    assert bench.count("team_memberships") == before


def test_the_server_error_of_a_whole_list_still_publishes_nothing(
    make_bench: Callable[..., Bench], sqlite_url: str
) -> None:
    bench = make_bench(sqlite_url, users=20, broken=("org_team_memberships.list",))
    with pytest.raises(ServerError):
        bench.sync()
    assert not sa.inspect(bench.engine).has_table("calcom_users")


@pytest.mark.parametrize("resource", ["memberships", "bookings"])
def test_a_list_of_invented_ids_ends_and_publishes_nothing(
    make_bench: Callable[..., Bench], sqlite_url: str, resource: str
) -> None:
    """docs/limits.rst: "a list of invented ids fail with the reason, and nothing is published"."""
    bench = make_bench(sqlite_url, users=20, bookings=20)
    bench.client.close()
    bench.client = open_client(bench.sandbox, "admin", bounds=Bounds(row_margin=2000, first_rows=2000))
    for _ in range(2):
        bench.sandbox.faults.set(hostile={OPERATIONS[resource]: "endless"})
        with pytest.raises(IncompleteReadError):
            bench.sync(resource, full=True)
        bench.sandbox.faults.clear()
        bench.sync(resource, full=True)
    bench.assert_equal([resource])
    assert bench.sandbox.stats()["operations"][OPERATIONS[resource]] < 400

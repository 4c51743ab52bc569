"""A plan tells the truth: the requests that it names are those that the sandbox then counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from calcom_provider.resources import registry
from calcom_provider.resources.policy import ColumnPolicy
from calcom_provider.sandbox.core.wire import Response
from calcom_provider.sync import Plan, SyncOptions, SyncResult, plan, sync
from calcom_provider.sync.planning.plan import with_parents
from tests.plugins.bench import Bench, open_client

NAMED = ",".join(name for name, one in registry.catalogue().items() if one.named_only)
EVERYTHING = f"all,group:account,{NAMED}"


@dataclass
class Seen:
    """Hold a plan, and what the run after it needed by the sandbox's count."""

    plan: Plan
    result: SyncResult
    needed: Counter[str]

    def planned(self) -> tuple[Counter[str], set[str]]:
        """Return the planned requests of each operation, and the operations of which something is not known."""
        found, vague = Counter({"me.get": self.plan.account_requests}), set()
        for one in self.plan.resources:
            read = registry.get(one.resource).read
            # A read by time asks for the API's clock.
            clock = int(read.windows is not None and one.requests > 0)
            found += Counter({"me.get": clock, read.operation: one.requests - clock})
            if not one.certain:
                vague |= {read.operation} | ({"me.get"} if read.windows is not None and not clock else set())
            while not one.certain and read.over and (read.unavailable_on or read.refused_on):
                # After a refusal it is asked whether the parent is still there.
                read = registry.get(read.over).read
                vague.add(read.operation)
                if not read.over:
                    break
        return found, vague

    def check(self) -> None:
        planned, vague = self.planned()
        exact = (set(planned) | set(self.needed)) - vague
        assert {name: self.needed[name] for name in exact} == {name: planned[name] for name in exact}
        assert {name for name in vague if self.needed[name] < planned[name]} == set()
        assert self.plan.requests <= self.result.requests
        if self.plan.certain:
            assert self.plan.requests == self.result.requests


def run(bench: Bench, resources: str, **chosen: Any) -> Seen:
    """Plan and sync as the command line does it: each in a process, and so with a client, of its own."""
    options = SyncOptions(policy=ColumnPolicy(sensitive=True), **chosen)
    with open_client(bench.sandbox, "admin") as client:
        made = plan(client, bench.warehouse, resources=resources, options=options)
        assert client.stats.requests == made.asked + made.account_requests
    before = Counter(bench.sandbox.stats()["operations"])
    with open_client(bench.sandbox, "admin") as client:
        result = sync(client, bench.warehouse, resources=resources, options=options)
    needed = Counter(bench.sandbox.stats()["operations"])
    needed.subtract(before)
    return Seen(made, result, needed)


@pytest.mark.parametrize(
    ("sizes", "vague"),
    [
        ({"users": 60, "bookings": 150, "platform": True, "managed_users": 400, "oauth_clients": 2}, set()),
        ({"users": 1300, "ooo": 499, "teams": 6, "team_size": 260, "bookings": 700}, {"bookings"}),
        # Lists by random keys and without order, longer than a page.
        (
            {
                "users": 60,
                "webhooks": 260,
                "routing_forms": 260,
                "roles": 260,
                "event_types": 300,
                "managed_users": 510,
            },
            {"managed_users"},
        ),
    ],
    ids=["one page", "many pages", "two passes"],
)
def test_a_plan_names_the_requests_that_the_sync_sends(
    make_bench: Callable[..., Bench], sqlite_url: str, sizes: dict[str, Any], vague: set[str]
) -> None:
    """docs/limits.rst: «Where it does not say *at least*, the next sync sends exactly so many»."""
    bench = make_bench(sqlite_url, **sizes)
    chosen = {one.name for one in with_parents(registry.select(EVERYTHING, platform="platform" in sizes))}
    first = run(bench, EVERYTHING)
    assert {one.resource for one in first.plan.resources} == chosen
    first.check()
    again = run(bench, EVERYTHING)
    again.check()
    unknown = {one.resource for one in again.plan.resources if not one.certain}
    # To ask how many have changed of each form, or who may read which team, would be no cheaper than to read.
    assert unknown <= vague | {
        "routing_form_responses",
        "account_team_memberships",
        "account_team_event_type_webhooks",
        "user_event_types",
    }
    # What is read by time is read in full now, and lists are asked of all that they belong to.
    run(bench, EVERYTHING, full=True).check()


def test_a_small_organisation_is_planned_exactly_before_its_first_run(
    make_bench: Callable[..., Bench], sqlite_url: str
) -> None:
    seen = run(
        make_bench(sqlite_url, users=60, bookings=80, tied=0), "users,memberships,attribute_options,bookings"
    )
    seen.check()
    assert seen.plan.certain
    assert seen.plan.requests == seen.result.requests
    assert seen.plan.asked < seen.plan.requests


def test_nothing_is_asked_where_that_is_not_wanted(make_bench: Callable[..., Bench], sqlite_url: str) -> None:
    bench = make_bench(sqlite_url, users=60)
    made = plan(bench.client, bench.warehouse, ask=False)
    assert made.asked == 0
    assert bench.client.stats.requests == made.account_requests
    assert not made.certain
    assert all(one.unknown for one in made.resources if not one.certain)


@pytest.mark.parametrize("reason", ["", "Cannot GET /v2/x"], ids=["refused", "no route"])
def test_lists_that_nobody_ever_answered_are_planned_for_three_of_their_parents(
    make_bench: Callable[..., Bench], sqlite_url: str, reason: str
) -> None:
    bench = make_bench(sqlite_url, users=60, teams=8)
    status, text = (404, reason) if reason else (403, "no")

    def refuse(request: Any, response: Response) -> Response | None:
        if "/roles" not in request.path and "/workflows" not in request.path:
            return None
        body = b'{"status": "error", "error": {"message": "%s"}}' % text.encode()
        return Response(status, body, response.headers)

    bench.sandbox.before_answer(refuse)
    names = "group:teams"
    run(bench, names)
    for _ in range(2):
        seen = run(bench, names)
        planned, _ = seen.planned()
        for operation in ("org_team_roles.list", "org_team_workflows.list"):
            assert planned[operation] == seen.needed[operation] == 3
        assert seen.plan.parent_requests == (0 if reason else 1)
        assert seen.plan.certain
        assert seen.plan.requests == seen.result.requests
    seen = run(bench, names, full=True)
    assert seen.planned()[0]["org_team_roles.list"] == seen.needed["org_team_roles.list"] >= 8


def test_a_plan_is_not_certain_of_pages_that_a_change_tore(
    make_bench: Callable[..., Bench], sqlite_url: str
) -> None:
    bench = make_bench(sqlite_url, users=600)
    bench.sync("memberships")
    bench.execute("UPDATE calcom_sync_pages SET row_count = 3 WHERE page_key = '#0'")
    assert not plan(bench.client, bench.warehouse, resources="memberships").certain


def test_a_replaced_table_is_read_in_as_many_requests_as_planned(
    make_bench: Callable[..., Bench], sqlite_url: str
) -> None:
    bench = make_bench(sqlite_url, users=1300)
    bench.sync(mode="replace")
    made = plan(bench.client, bench.warehouse)
    assert made.certain
    assert bench.sync(mode="replace").requests == made.requests - made.account_requests

"""Rows that the API cannot write, and lists that do not heed what they are asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from calcom_provider.api.catalogue.operations import resolve
from calcom_provider.api.errors import IncompleteReadError, ServerError
from calcom_provider.resources.errors import SchemaChangedError
from calcom_provider.resources.registry import catalogue
from calcom_provider.sandbox.control.hostile import unconditional
from calcom_provider.sandbox.core.wire import Incoming, Response
from calcom_provider.sandbox.world import stores
from tests.chaos import wire
from tests.plugins.bench import Bench
from tests.plugins.filled import fill


def ids(bench: Bench, table: str) -> list[Any]:
    return [row[0] for row in bench.query(f"SELECT id FROM calcom_{table} ORDER BY id")]


def asked(bench: Bench, operation: str) -> int:
    return int(bench.sandbox.stats()["operations"].get(operation, 0))


@pytest.mark.parametrize("places", [[0], [124], [249], [250], [299], [17, 260], [498], [100, 101]])
def test_one_row_that_cannot_be_written_hides_no_others(
    make_bench: Callable[..., Bench], sqlite_url: str, places: list[int]
) -> None:
    """docs/completeness.rst: "A row that the API cannot write"."""
    bench = make_bench(sqlite_url, users=420)
    bench.sync("memberships")
    everybody = ids(bench, "memberships")
    places = [place % len(everybody) for place in places]
    bad = [everybody[place] for place in places]
    bench.sandbox.faults.set(bad_rows={"org_memberships.list": bad})
    before, usual = asked(bench, "org_memberships.list"), 2 + 1
    (result,) = bench.sync("memberships").tables
    assert (result.status, result.complete, result.deleted) == ("published", False, 0)
    for place in places:
        good = [key for key in everybody[:place] if key not in bad]
        after = "the row" if place - 1 not in places else "row 2"
        name = f"{after} after id {good[-1]}" if good else "row 1 of the list"
        # The page that begins with a row cannot name the one before it.
        assert name in result.reason or f"row {place + 1} of the list" in result.reason
    assert "the others were read" in result.reason
    assert result.rows_read + result.rows_kept >= len(everybody) - len(bad)
    assert ids(bench, "memberships") == everybody
    # Two repeats of each page that failed, and then none.
    assert asked(bench, "org_memberships.list") - before <= usual + 2 * len(places) + 2 + 40
    (reason,) = bench.query(
        "SELECT reason FROM calcom_sync_run_resources WHERE table_name = 'memberships' ORDER BY started_at DESC LIMIT 1"
    )[0]
    assert reason == result.reason
    bench.sandbox.faults.clear()
    (healed,) = bench.sync("memberships").tables
    assert healed.complete
    assert healed.changed == 0


@pytest.mark.parametrize("resource", ["users", "attributes", "webhooks", "ooo_entries"])
def test_other_orders_are_halved_as_well(make_bench: Callable[..., Bench], url: str, resource: str) -> None:
    bench = make_bench(url, users=40)
    operation = f"org_{resource.removesuffix('_entries')}.list"
    bench.sync(resource)
    everybody = ids(bench, resource)
    bench.sandbox.faults.set(bad_rows={operation: [everybody[len(everybody) // 2]]})
    (result, *_) = bench.sync(resource).tables
    assert not result.complete
    assert "the others were read" in result.reason
    assert ids(bench, resource) == everybody


PAGED = [
    resource
    for resource in catalogue().values()
    if (paging := resolve(resource.read.operation).paging) and paging.kind in ("take_skip", "limit_offset")
]


@pytest.mark.parametrize("key", ["admin", "operator"])
def test_the_first_read_of_any_paged_list_is_halved(
    make_bench: Callable[..., Bench], sqlite_url: str, key: str
) -> None:
    """docs/completeness.rst: "the first read of it included"."""
    bench = make_bench(sqlite_url, users=12, bookings=12, key=key)
    fill(bench.sandbox)
    lists = [one for one in PAGED if (one.group == "platform") == (key == "operator")]
    assert len(lists) > 2
    for resource in lists:
        rows = [row for row, _ in wire.rows_of(bench.sandbox, resource)]
        bad = rows[len(rows) // 2]["id"]
        bench.sandbox.faults.set(bad_rows={resource.read.operation: [bad]})
        for result in bench.sync(resource.name).tables:
            assert (result.status, result.complete) == ("published", False), resource.name
            assert result.reason.endswith(" cannot be read (HTTP 500); the others were read"), resource.name
        held = wire.expected(bench.sandbox, resource, without=[bad])
        assert keys(wire.stored(sqlite_url, resource)[0]) == keys(held)
        bench.sandbox.faults.clear()
        bench.sync(resource.name)
        assert keys(wire.stored(sqlite_url, resource)[0]) == keys(wire.expected(bench.sandbox, resource))


def keys(tables: wire.Tables) -> dict[str, set[Any]]:
    return {name: set(rows) for name, rows in tables.items()}


def test_a_bad_row_among_the_latest_hides_no_others(
    make_bench: Callable[..., Bench], sqlite_url: str
) -> None:
    bench = make_bench(sqlite_url, users=12, form_responses=12)
    bench.sync("routing_form_responses")
    everybody = ids(bench, "routing_form_responses")
    bench.sandbox.faults.set(bad_rows={"org_routing_form_responses.list": [everybody[5]]})
    (result,) = bench.sync("routing_form_responses", overlap=timedelta(days=1_000)).tables
    assert (result.status, result.complete, result.partial) == ("published", False, True)
    assert "the others were read" in result.reason
    bench.sandbox.faults.clear()
    assert bench.sync("routing_form_responses").tables[0].complete


def test_users_that_are_asked_for_by_address_are_read_around_a_bad_one(
    make_bench: Callable[..., Bench], sqlite_url: str
) -> None:
    bench = make_bench(sqlite_url, users=12, platform=True, managed_users=520)
    everybody = sorted(row["id"] for row in bench.sandbox.state.users if row.get("clientId"))[-520:]
    bench.sandbox.faults.set(bad_rows={"oauth_client_users.list": [everybody[-3]]})
    (result,) = bench.sync("managed_users").tables
    assert not result.complete
    assert result.reason.endswith(
        "19 more were found by address; there may be others, and 1 cannot be read (HTTP 500)"
    )
    assert set(ids(bench, "managed_users")) == set(everybody) - {everybody[-3]}


@pytest.mark.parametrize("place", [0, 130])
def test_a_bad_row_in_a_set_that_starts_together_hides_no_others(
    make_bench: Callable[..., Bench], sqlite_url: str, place: int
) -> None:
    bench = make_bench(sqlite_url, users=2, event_types=1, bookings=260, tied="all")
    everybody = sorted(row["id"] for row in stores.bookings(bench.sandbox.state))
    bench.sandbox.faults.set(bad_rows={"org_bookings.list": [everybody[place]]})
    result = bench.sync("bookings").tables[0]
    assert (result.status, result.complete) == ("published", False)
    assert "the others were read" in result.reason
    assert bench.count("bookings") == len(everybody) - 1


def test_more_than_five_bad_rows_fail_the_list(make_bench: Callable[..., Bench], sqlite_url: str) -> None:
    bench = make_bench(sqlite_url, users=60)
    bench.sync("memberships")
    everybody = ids(bench, "memberships")
    bench.sandbox.faults.set(bad_rows={"org_memberships.list": everybody[:6]})
    before = asked(bench, "org_memberships.list")
    with pytest.raises(ServerError):
        bench.sync("memberships")
    assert asked(bench, "org_memberships.list") - before <= 3 + 40
    assert ids(bench, "memberships") == everybody


def test_a_route_that_always_fails_is_not_halved(make_bench: Callable[..., Bench], sqlite_url: str) -> None:
    bench = make_bench(sqlite_url, users=20, broken=("org_memberships.list",))
    with pytest.raises(ServerError):
        bench.sync("memberships")
    assert asked(bench, "org_memberships.list") == 4


def test_one_malformed_booking_hides_no_others(make_bench: Callable[..., Bench], url: str) -> None:
    bench = make_bench(url, users=30, bookings=320)
    bench.sync("bookings")
    everybody = ids(bench, "bookings")
    bench.sandbox.faults.set(bad_rows={"org_bookings.list": [everybody[40]]})
    before = asked(bench, "org_bookings.list")
    result = bench.sync("bookings", full=True).tables[0]
    assert not result.complete
    assert result.reason.endswith("cannot be read (HTTP 500); the others were read")
    assert ids(bench, "bookings") == everybody
    assert result.rows_read >= len(everybody) - 1
    assert asked(bench, "org_bookings.list") - before <= 6 + 40
    bench.sandbox.faults.clear()
    assert bench.sync("bookings", full=True).tables[0].complete


@pytest.mark.parametrize("first", [True, False])
def test_a_server_that_ignores_time_filters_is_read_in_full(
    make_bench: Callable[..., Bench], url: str, first: bool
) -> None:
    """docs/warehouse.rst: "A row outside the window that was asked for proves"."""
    bench = make_bench(url, users=30, bookings=605)
    if not first:
        bench.sync("bookings")
    bench.sandbox.faults.set(without_times=["org_bookings.list"])
    before = asked(bench, "org_bookings.list")
    result = bench.sync("bookings").tables[0]
    assert (result.complete, result.partial) == (True, False)
    assert "read in full by plain pages" in result.reason
    bench.assert_equal(["bookings", "booking_attendees", "booking_hosts", "booking_guests"])
    assert asked(bench, "org_bookings.list") - before <= 12


def test_a_proxy_that_drops_the_query_never_makes_a_short_table_complete(
    make_bench: Callable[..., Bench], sqlite_url: str
) -> None:
    bench = make_bench(sqlite_url, users=30, bookings=605)
    whole: list[bytes] = []

    def without_query(request: Incoming, answer: Response) -> Response | None:
        if not request.path.endswith("/bookings") or not request.query:
            return None
        if not whole:
            plain = Incoming("GET", request.path, "", {**request.headers, "if-none-match": ""})
            whole.append(bench.sandbox.app.answer(plain).body)
        return Response(200, whole[0], answer.headers)

    bench.sandbox.before_answer(without_query)
    before = asked(bench, "org_bookings.list")
    with pytest.raises(IncompleteReadError, match="it has 605 rows by the API's own count, and 100"):
        bench.sync("bookings")
    assert asked(bench, "org_bookings.list") - before < 30


@pytest.mark.parametrize("operation", ["org_memberships.list", "org_webhooks.list", "org_roles.list"])
def test_a_list_that_gives_the_same_full_page_for_ever_ends(
    make_bench: Callable[..., Bench], sqlite_url: str, operation: str
) -> None:
    bench = make_bench(sqlite_url, users=300)
    resource = operation.removeprefix("org_").removesuffix(".list")

    def same(request: Incoming, answer: Response) -> Response | None:
        if bench.sandbox.app.operation_of(request) != operation:
            return None
        take = int(parse_qs(request.query)["take"][0])
        rows = ",".join(f'{{"id":"{place:04d}","teamId":1}}' for place in range(take))
        return Response(
            200, f'{{"status":"success","data":[{rows}]}}'.encode(), {"Content-Type": "application/json"}
        )

    bench.sandbox.before_answer(same)
    before = asked(bench, operation)
    with pytest.raises(Exception, match="."):
        bench.sync(resource)
    assert asked(bench, operation) - before < 40


@pytest.mark.parametrize(
    ("resource", "operation", "items", "value"),
    [
        ("schedules", "org_schedules.list", "overrides", [{"x": 1}] * 5_000),
        ("schedules", "org_schedules.list", "availability", [{}]),
        ("bookings", "org_bookings.list", "attendees", [{"x": 1}] * 5_000),
        ("bookings", "org_bookings.list", "hosts", [{"x": 1}]),
        ("bookings", "org_bookings.list", "guests", [None]),
        ("bookings", "org_bookings.list", "guests", "somebody@example.test"),
        ("roles", "org_roles.list", "permissions", "all"),
        ("attribute_assignments", "org_attribute_options.list_assigned", "assignedUserIds", [3.5]),
    ],
)
def test_items_of_other_fields_change_no_table(
    make_bench: Callable[..., Bench], url: str, resource: str, operation: str, items: str, value: Any
) -> None:
    """docs/warehouse.rst: "an item without one field that this release knows"."""
    bench = make_bench(url, users=12)
    first = bench.sync(resource).tables
    held = {one.table: bench.query(f"SELECT count(*) FROM calcom_{one.table}") for one in first}

    def spoil(request: Incoming, answer: Response) -> Response | None:
        if bench.sandbox.app.operation_of(request) != operation:
            return None
        body = json.loads(bench.sandbox.app.answer(unconditional(request)).body)
        for row in body["data"]:
            row[items] = value
        return Response(200, json.dumps(body).encode(), {})

    bench.sandbox.before_answer(spoil)
    with pytest.raises(SchemaChangedError, match=f"{resource}.{items}"):
        bench.sync(resource, full=True)
    assert {table: bench.query(f"SELECT count(*) FROM calcom_{table}") for table in held} == held
    ((status, error),) = bench.query(
        "SELECT status, error FROM calcom_sync_runs ORDER BY started_at DESC LIMIT 1"
    )
    assert status == "failed"
    assert f"{resource}.{items}" in error
    assert "example.test" not in error
    bench.sandbox.faults.clear()

    assert all(one.complete for one in bench.sync(resource).tables)

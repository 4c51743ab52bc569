"""Every operation of the catalogue is served, and every list holds what the sandbox counts."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
import requests

from calcom_provider.api.catalogue.operations import catalogue, resolve
from calcom_provider.sandbox.control.mutations import mutate
from calcom_provider.sandbox.core.routing import Route, routes
from calcom_provider.sandbox.world import stores
from tests.unit.sandbox.conftest import Caller


def served() -> dict[str, Route]:
    return {route.name: route for route in routes() if not route.old}


def test_every_operation_of_the_catalogue_has_a_route() -> None:
    assert set(catalogue().by_name) - set(served()) == set()


def test_no_route_lacks_a_guard_that_the_catalogue_speaks_of() -> None:
    for name, route in served().items():
        if name not in catalogue().by_name:
            continue
        operation = resolve(name)
        if operation.auth and "none" not in operation.auth and route.auth == "none":
            raise AssertionError(f"{name} is open, though the catalogue says {operation.auth}")


def count(calcom: Caller, path: str, size: int = 100, **options: Any) -> int:
    total = 0
    while True:
        rows = calcom.data("GET", f"{path}?take={size}&skip={total}", **options)
        total += len(rows)
        if len(rows) < size:
            return total


def test_lists_hold_what_is_counted() -> None:
    calcom = Caller(
        users=60, limit=None, bookings=605, tied=True, routing_forms=8, schedules=302, event_types=9,
        managed_organizations=5, webhooks=7, platform=True, managed_users=5,
    )  # fmt: skip
    expected = calcom.sandbox.rows()
    teams = [row["id"] for row in calcom.data("GET", "teams")]
    assert count(calcom, "bookings") == expected["bookings"] == 605
    assert count(calcom, "schedules") == expected["schedules"] == 302
    assert count(calcom, "routing-forms") == expected["routing_forms"] == 8
    assert count(calcom, "organizations") == expected["managed_organizations"] == 5
    assert count(calcom, "webhooks") == expected["webhooks"] == 7
    assert count(calcom, "teams/event-types") == expected["team_event_types"]
    flows = sum(count(calcom, f"teams/{team}/workflows") for team in teams)
    assert flows == expected["team_workflows"]
    assert len(calcom.world.event_types) == 9
    forms = [row["id"] for row in calcom.data("GET", "routing-forms")]
    answers = sum(count(calcom, f"routing-forms/{number}/responses") for number in forms)
    assert answers == expected["routing_form_responses"] == len(stores.form_responses(calcom.world))
    (client,) = calcom.data("GET", "/v2/oauth-clients")
    users = calcom.data("GET", f"/v2/oauth-clients/{client['id']}/users")
    assert len(users) == expected["managed_users"] == 5
    body = json.loads(calcom.send("GET", "bookings?take=250").body)
    assert len({row["updatedAt"] for row in body["data"]}) == 1


def test_the_same_seed_makes_the_same_world() -> None:
    def rows(seed: int) -> list[Any]:
        calcom = Caller(seed=seed, limit=None, bookings=50)
        return calcom.data("GET", "bookings?take=250"), calcom.data("GET", "routing-forms")

    assert rows(5) == rows(5)
    assert rows(5) != rows(6)


@pytest.mark.parametrize("resource", ["bookings", "schedules", "routing_forms", "webhooks"])
def test_rows_change_behind_a_readers_back(resource: str) -> None:
    calcom = Caller(limit=None)
    path = resource.replace("_", "-")
    before = {row["id"]: row for row in calcom.data("GET", f"{path}?take=250")}
    added = mutate(calcom.world, calcom.organization_id, resource, "insert")
    gone = mutate(calcom.world, calcom.organization_id, resource, "delete", 0)
    moved = mutate(calcom.world, calcom.organization_id, resource, "move", 0)
    after = {row["id"]: row for row in calcom.data("GET", f"{path}?take=250")}
    assert after.keys() - before.keys() == {added} - {gone}
    assert before.keys() - after.keys() == {gone} - {added}
    if resource in ("bookings", "routing_forms") and moved in before:
        assert after[moved]["updatedAt"] != before[moved]["updatedAt"]


def test_the_shell_takes_the_sizes() -> None:
    command = [
        sys.executable,
        "-m",
        "calcom_provider.sandbox",
        "--json",
        "--users",
        "5",
        "--bookings",
        "31",
        "--tied",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            known = json.loads(process.stdout.readline())
            url = f"{known['url']}/organizations/{known['organization_id']}/bookings?take=1"
            answer = requests.get(
                url, headers={"Authorization": f"Bearer {known['keys']['admin']}"}, timeout=60
            )
            assert answer.json()["pagination"]["totalItems"] == 31
        finally:
            process.terminate()


def test_an_older_build_can_be_imitated() -> None:
    calcom = Caller(limit=None, broken=("org_team_event_types.list_all",), absent=("org_roles.list",))
    assert calcom.error("GET", "teams/event-types")[0] == 500
    assert calcom.error("GET", "roles")[1].startswith("Cannot GET")
    calcom.sandbox.reset()
    assert calcom.error("GET", "roles")[0] == 404


def test_everything_can_be_tied_at_once() -> None:
    calcom = Caller(limit=None, bookings=80, tied="all", event_types=9)
    rows = [row for row in calcom.data("GET", "bookings?take=250") if not row.get("recurringBookingUid")]
    plain = [row for row in rows if "seatUid" not in row["attendees"][0]]
    for column in ("start", "createdAt", "updatedAt"):
        assert len({row[column] for row in plain}) == 1, column

"""No handler breaks on what it is sent: what is wrong is refused in words, not by an error of our own."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calcom_provider.api.catalogue.operations import Operation, catalogue
from calcom_provider.sandbox.world import stores
from tests.unit.sandbox.conftest import Caller

NAMES = sorted(catalogue().by_name)
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 2**33),
    st.sampled_from(["", "x", "2026-04-01", "2026-04-01T09:00:00Z", "asc", "MEMBER", "[", "a@b.example"]),
    st.lists(st.one_of(st.none(), st.integers(0, 9), st.just({}), st.just({"userId": 1})), max_size=2),
    st.fixed_dictionaries(
        {}, optional={"type": st.just("link"), "value": st.none(), "disabled": st.booleans()}
    ),
)


@pytest.fixture(scope="module")
def calcom() -> Caller:
    return Caller(limit=None, bookings=35, platform=True)


def path_values(calcom: Caller, operation: Operation) -> dict[str, Any]:
    """Give each part of a path a value that exists."""
    world = calcom.world
    of_team = "/teams/{teamId}" in operation.path
    types = [row for row in world.event_types if bool(row["teamId"]) is of_team]
    team = types[0]["teamId"] if of_team else None
    form = stores.routing_forms(world).ordered()[0]
    known = {
        "orgId": calcom.organization_id,
        "teamId": team or calcom.organization_id,
        "userId": calcom.members()[3],
        "eventTypeId": types[0]["id"],
        "bookingUid": stores.bookings(world).ordered()[-1]["uid"],
        "routingFormId": form["id"],
        "responseId": stores.form_responses(world).ordered()[0]["id"],
        "scheduleId": world.schedules.ordered()[0]["id"],
        "clientId": world.oauth_clients.ordered("organizationId", calcom.organization_id)[0]["id"],
        "workflowId": stores.workflows(world).ordered()[0]["id"],
        "managedOrganizationId": stores.managed_organizations(world).ordered()[0]["id"],
        "webhookId": stores.webhooks(world).ordered()[0]["id"],
        "app": "zoom",
        "calendar": "google",
    }
    return {parameter.name: known.get(parameter.name, 1) for parameter in operation.at("path")}


@pytest.mark.parametrize("name", [name for name in NAMES if not name.endswith((".delete", ".delete_all"))])
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_odd_values_are_answered(calcom: Caller, name: str, data: st.DataObject) -> None:
    operation = catalogue().by_name[name]
    path = operation.path
    for part, value in path_values(calcom, operation).items():
        path = path.replace(f"{{{part}}}", quote(str(value), safe=""))
    query = {p.name: data.draw(ODD) for p in operation.at("query") if data.draw(st.booleans())}
    body = {p.name: data.draw(ODD) for p in operation.at("body") if data.draw(st.booleans())}
    headers = {"cal_api_version": operation.version} if operation.version else {}
    asked = f"/v2{path}?{urlencode({key: value for key, value in query.items() if value is not None})}"
    sent = data.draw(st.sampled_from([body, None, []])) if operation.method != "GET" else None
    # A key of its own, as one operation here refreshes keys
    owner = calcom.world.users.get(calcom.members()[0])
    assert owner is not None
    key = calcom.world.add_api_key(owner, calcom.organization_id)
    # An exception of a handler would come through here
    answer = calcom.send(operation.method, asked, sent, key=key, **headers)
    assert 200 <= answer.status < 600


@pytest.mark.parametrize("steps", [[None], ["x"], "x", {"action": "x"}])
def test_steps_that_are_no_objects_are_refused(calcom: Caller, steps: object) -> None:
    team = next(row["id"] for row in calcom.world.teams if row.get("parentId") == calcom.organization_id)
    path, body = f"teams/{team}/workflows", {"name": "Remind", "steps": steps}
    before = calcom.data("GET", path)
    status, _ = calcom.error("POST", path, body)
    assert status == 400
    assert calcom.data("GET", path) == before

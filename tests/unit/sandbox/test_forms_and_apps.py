"""Routing forms, workflows, verified resources, conferencing, calendars, teams without organisation."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from calcom_provider.sandbox.groups.account.verified_resources import verification_code
from calcom_provider.sandbox.world.stores import credentials, form_responses, routing_forms
from tests.unit.sandbox.conftest import Caller


@pytest.fixture
def calcom() -> Caller:
    return Caller(routing_forms=8, form_responses=40, limit=None)


def form(calcom: Caller) -> dict[str, Any]:
    return next(
        row
        for row in routing_forms(calcom.world).ordered()
        if form_responses(calcom.world).by("formId", row["id"])
    )


def sales(calcom: Caller) -> int:
    """Return a team with an event type, of which owner and admin of the organisation are no members."""
    return next(int(row["teamId"]) for row in calcom.world.event_types if row["teamId"])


# -- routing forms ----------------


def test_of_two_bounds_only_the_later_counts(calcom: Caller) -> None:
    path = f"routing-forms/{form(calcom)['id']}/responses"
    rows = calcom.data("GET", f"{path}?sortCreatedAt=asc")
    first, last = rows[0]["createdAt"], rows[-1]["createdAt"]
    middle = rows[len(rows) // 2]["createdAt"]
    assert len(calcom.data("GET", f"{path}?afterCreatedAt={middle}")) == len(rows) - len(rows) // 2
    assert len(calcom.data("GET", f"{path}?afterCreatedAt={middle}&beforeCreatedAt={last}")) == len(rows)
    assert len(calcom.data("GET", f"{path}?beforeCreatedAt={first}")) == 1


def test_a_day_alone_is_an_internal_error(calcom: Caller) -> None:
    assert calcom.error("GET", "routing-forms?afterCreatedAt=2026-01-01")[0] == 500
    assert calcom.error("GET", "routing-forms?afterCreatedAt=x")[0] == 400
    assert calcom.error("GET", "routing-forms?take=abc")[0] == 500
    assert calcom.data("GET", "routing-forms?take=0") == []
    assert len(calcom.data("GET", "routing-forms?take=100000")) == 8


def test_a_team_list_ignores_changes(calcom: Caller) -> None:
    row = form(calcom)
    path = f"teams/{row['teamId']}/routing-forms/{row['id']}/responses"
    rows = calcom.data("GET", path)
    assert calcom.data("GET", f"{path}?afterUpdatedAt=2040-01-01T00:00:00.000Z") == rows
    assert (
        calcom.data("GET", f"routing-forms/{row['id']}/responses?afterUpdatedAt=2040-01-01T00:00:00.000Z")
        == []
    )


def test_answers_go_into_the_body_by_identifier(calcom: Caller) -> None:
    path = f"routing-forms/{form(calcom)['id']}/responses?start=2026-06-01&end=2026-06-03"
    assert calcom.error("POST", path, {}) == (400, "Missing required fields Region")
    before = len(form_responses(calcom.world))
    made = calcom.data("POST", path, {"region": "EMEA"}, status=201)
    assert made["routing"]["responseId"] in form_responses(calcom.world)
    assert made["slots"]
    queued = calcom.data("POST", f"{path}&queueResponse=true", {"region": "EMEA"}, status=201)
    assert "queuedResponseId" in queued["routing"]
    assert len(form_responses(calcom.world)) == before + 1


def test_any_response_is_taken(calcom: Caller) -> None:
    row = form(calcom)
    number = form_responses(calcom.world).ordered("formId", row["id"])[0]["id"]
    path = f"routing-forms/{row['id']}/responses/{number}"
    assert calcom.data("PATCH", path, {"response": "x"})["response"] == {"0": "x"}
    assert calcom.error("PATCH", path + "9999", {})[0] == 404
    assert calcom.error("GET", "routing-forms/nope/responses")[0] == 404
    assert calcom.error("GET", f"teams/{row['teamId']}/routing-forms/nope/responses")[0] == 403


# -- workflows ----------------

WORKFLOW = {
    "name": "Reminder",
    "activation": {"isActiveOnAllEventTypes": False, "activeOnEventTypeIds": [999999]},
    "trigger": {"type": "beforeEvent", "offset": {"value": 1, "unit": "hour"}},
    "steps": [{"stepNumber": 1, "action": "email_attendee", "recipient": "attendee", "template": "custom"}],
}


def test_a_workflow_needs_a_member_and_leaves_an_empty_one_behind(calcom: Caller) -> None:
    team = calcom.data("POST", "teams", {"name": "Own"}, status=201)["id"]
    path = f"teams/{team}/workflows"
    assert calcom.error("POST", path, WORKFLOW, key="owner")[0] == 401
    (empty,) = calcom.data("GET", path)
    assert (empty["name"], empty["steps"]) == ("", [])
    made = calcom.data("POST", path, WORKFLOW, status=201)
    assert made["activation"]["activeOnEventTypeIds"] == []
    assert made["steps"][0]["template"] == "reminder"
    one = f"{path}/{made['id']}"
    assert calcom.error("PATCH", one, {"name": "x"})[0] == 500
    assert calcom.data("PATCH", one, {"name": "x", "trigger": WORKFLOW["trigger"]})["name"] == "x"
    assert calcom.send("DELETE", one).body == b'{"status":"success"}'
    assert calcom.error("GET", one)[0] == 404
    body = {**WORKFLOW, "activation": {"isActiveOnAllRoutingForms": True}}
    by_form = calcom.data("POST", f"{path}/routing-form", body, status=201)
    assert calcom.data("GET", f"{path}/{by_form['id']}/routing-form") == by_form


# -- verified resources ----------------


def test_a_code_proves_an_address_again_and_again(calcom: Caller) -> None:
    path = "/v2/verified-resources/emails/verification-code/verify"
    body = {"email": "me@lumen.example", "code": verification_code("me@lumen.example")}
    made = calcom.data("POST", path, body)
    assert calcom.data("POST", path, body) == made
    assert calcom.error("POST", path, body | {"code": "x"})[0] == 400
    assert calcom.data("GET", f"/v2/verified-resources/emails/{made['id']}") == made
    assert calcom.data("GET", "/v2/verified-resources/emails/999999") is None
    assert calcom.error("GET", "/v2/verified-resources/emails", cal_api_version="2024-06-14")[0] == 404


def test_codes_have_a_throttle_of_their_own() -> None:
    calcom = Caller()
    path, body = (
        f"teams/{sales(calcom)}/verified-resources/emails/verification-code/request",
        {"email": "a@b.example"},
    )
    answers = [calcom.send("POST", path, body) for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["X-RateLimit-Limit-Org_teams_verified_resources_emails_requests"] == "3"


# -- apps ----------------


def test_the_address_of_a_consent_page_holds_the_key(calcom: Caller) -> None:
    url = calcom.data("GET", "/v2/conferencing/zoom/oauth/auth-url")["url"]
    state = json.loads(parse_qs(urlsplit(url).query)["state"][0])
    assert state["accessToken"] == calcom.sandbox.keys["admin"]
    back = calcom.send(
        "GET", f"/v2/conferencing/zoom/oauth/callback?code=x&state={json.dumps(state)}", key=None
    )
    assert back.status == 301
    (row,) = calcom.data("GET", "/v2/conferencing")
    assert row["appId"] == "zoom"
    assert "data" not in json.loads(calcom.send("GET", "/v2/conferencing/default").body)
    calcom.send("POST", "/v2/conferencing/zoom/default")
    assert calcom.data("GET", "/v2/conferencing/default") == {"appSlug": "zoom"}
    assert calcom.send("DELETE", "/v2/conferencing/zoom/disconnect").status == 200
    assert calcom.error("POST", "/v2/conferencing/zoom/default") == (400, "zoom not connected.")


def test_google_meet_needs_a_google_calendar(calcom: Caller) -> None:
    assert calcom.error("POST", "/v2/conferencing/google-meet/connect")[0] == 400
    assert calcom.data("POST", "/v2/conferencing/google-meet/connect", key="owner")["type"] == "google_video"
    assert calcom.error("POST", "/v2/conferencing/google-meet/connect", key="owner")[0] == 400


def test_reading_calendars_chooses_one_to_write_to(calcom: Caller) -> None:
    version = calcom.world.version
    found = calcom.data("GET", "/v2/calendars", key="owner")
    assert found["destinationCalendar"]["integration"] == "google_calendar"
    assert calcom.world.version > version
    row = credentials(calcom.world).get(found["connectedCalendars"][0]["credentialId"])
    assert row is not None
    row["reachable"] = False
    (broken,) = calcom.data("GET", "/v2/calendars", key="owner")["connectedCalendars"]
    assert broken["error"]["message"] == "Could not get connected calendars"
    assert calcom.error("GET", "/v2/calendars/google/check", key="owner")[0] == 401
    assert calcom.error("GET", "/v2/calendars/google/check")[0] == 400


def test_a_feed_is_connected_twice_and_a_calendar_is_selected_once(calcom: Caller) -> None:
    body = {"urls": ["https://x.example/a.ics"]}
    first, second = (calcom.data("POST", "/v2/calendars/ics-feed/save", body, status=201) for _ in range(2))
    assert first["id"] != second["id"]
    chosen = {"integration": "ics-feed_calendar", "externalId": body["urls"][0], "credentialId": first["id"]}
    assert calcom.data("POST", "/v2/selected-calendars", chosen, status=201)["credentialId"] == first["id"]
    again = calcom.send("POST", "/v2/selected-calendars", chosen)
    assert (again.status, again.body) == (201, b'{"status":"success"}')
    load = f"calendarsToLoad[0][credentialId]={first['id']}&calendarsToLoad[0][externalId]=x"
    path = (
        f"/v2/calendars/busy-times?loggedInUsersTz=Europe/Paris&dateFrom=2026-01-01&dateTo=2026-01-02&{load}"
    )
    assert calcom.data("GET", path) == []
    assert calcom.error("GET", path, key="owner")[0] == 401
    assert calcom.error("POST", "/v2/calendars/ics-feed/save", {"urls": ["abc"]})[0] == 400


def test_stripe_is_not_connected_at_first(calcom: Caller) -> None:
    assert calcom.error("GET", "/v2/stripe/check")[0] == 404
    url = calcom.data("GET", "/v2/stripe/connect?returnTo=https://x.example/ok")["authUrl"]
    state = parse_qs(urlsplit(url).query)["state"][0]
    back = calcom.send("GET", f"/v2/stripe/save?code=c&state={state}", key=None)
    assert (back.status, back.headers["Location"]) == (301, "https://x.example/ok")
    assert calcom.send("GET", "/v2/stripe/check").status == 200


# -- teams without organisation ----------------


def test_own_teams_include_the_organisation(calcom: Caller) -> None:
    rows = calcom.data("GET", "/v2/teams")
    assert calcom.organization_id in {row["id"] for row in rows}
    assert calcom.error("GET", "/v2/teams/999999")[0] == 403


def test_anybody_can_be_added_without_being_asked(calcom: Caller) -> None:
    team = calcom.data("POST", "/v2/teams", {"name": "Free"}, status=201, key="loner")
    path = f"/v2/teams/{team['id']}/memberships"
    stranger = calcom.members()[4]
    made = calcom.data("POST", path, {"userId": stranger}, status=201, key="loner")
    assert (made["role"], made["accepted"]) == ("MEMBER", False)
    assert calcom.error("POST", path, {"userId": stranger}, key="loner")[0] == 409
    assert calcom.error("POST", path, {"userId": 999999}, key="loner")[0] == 400
    assert len(calcom.data("GET", f"{path}?emails=nobody@x.example", key="loner")) == 2
    assert calcom.error("POST", "/v2/teams", {"name": "Free"}, key="loner")[0] == 400
    invite = calcom.data("POST", f"/v2/teams/{team['id']}/invite", key="loner")
    assert invite["token"] in invite["inviteLink"]
    assert calcom.data("DELETE", f"/v2/teams/{team['id']}", key="loner")["id"] == team["id"]


def test_time_zones_and_provider_are_open(calcom: Caller) -> None:
    rows = calcom.data("GET", "/v2/timezones", key=None)
    assert {"city": "Zurich", "timezone": "Europe/Zurich"}.items() <= next(
        row for row in rows if row["timezone"] == "Europe/Zurich"
    ).items()
    provider = calcom.data("GET", f"/v2/provider/{calcom.sandbox.keys['client_id']}", key=None)
    assert provider.keys() == {"clientId", "organizationId", "name"}

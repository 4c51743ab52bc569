"""Webhooks of all owners, OAuth clients, managed users and organisations, tokens."""

from __future__ import annotations

import json
from typing import Any

import pytest

from calcom_provider.sandbox import Sandbox
from tests.unit.sandbox.conftest import Caller

HOOK = {"subscriberUrl": "https://hooks.example/1", "triggers": ["BOOKING_CREATED"], "active": True}


@pytest.fixture
def calcom() -> Caller:
    return Caller(limit=None, managed_users=620, managed_organizations=5)


def client(calcom: Caller, path: str = "") -> str:
    return f"/v2/oauth-clients/{calcom.sandbox.keys['client_id']}{path}"


def secret(calcom: Caller) -> dict[str, Any]:
    return {"key": None, "x_cal_secret_key": calcom.sandbox.keys["client_secret"]}


def platform(calcom: Caller) -> str:
    return f"/v2/organizations/{calcom.sandbox.keys['platform_organization_id']}/organizations"


# -- webhooks ----------------


def test_an_unknown_webhook_is_not_found_or_forbidden_by_its_owner(calcom: Caller) -> None:
    assert calcom.error("GET", "/v2/webhooks/abc") == (404, "Webhook (abc) not found")
    assert calcom.error("GET", "webhooks/abc")[0] == 403
    assert calcom.error("GET", client(calcom, "/webhooks/abc"), key="operator")[0] == 404


def test_a_deleted_webhook_of_an_organisation_is_remembered_for_five_minutes(calcom: Caller) -> None:
    made = calcom.data("POST", "webhooks", HOOK, status=201)
    path = f"webhooks/{made['id']}"
    calcom.data("DELETE", path)
    # A read looks for the row, a write leaves that to the database
    assert calcom.error("GET", path) == (404, f"Webhook ({made['id']}) not found")
    for method, body in (("DELETE", None), ("PATCH", {"active": False})):
        error = json.loads(calcom.send(method, path, body).body)["error"]
        assert error == {
            "code": "NOT_FOUND", "message": "Invalid Query: The requested record was not found."
        }  # fmt: skip
    calcom.world.advance(301)
    assert calcom.error("DELETE", path)[0] == 403


@pytest.mark.parametrize(
    ("path", "owner", "key"),
    [("webhooks", "user", "admin"), ("/v2/webhooks", "user", "admin"), (None, "oAuth client", "operator")],
)
def test_an_address_that_is_taken_is_refused_with_the_word_of_its_owner(
    calcom: Caller, path: str | None, owner: str, key: str
) -> None:
    path = path or client(calcom, "/webhooks")
    calcom.data("POST", path, HOOK, status=201, key=key)
    text = f"Webhook with this subscriber url already exists for this {owner}"
    assert calcom.error("POST", path, HOOK, key=key) == (409, text)


def test_an_address_may_be_doubled_by_a_change_where_no_index_forbids_it(calcom: Caller) -> None:
    for path, status, key in (
        ("webhooks", 200, "admin"),
        ("/v2/webhooks", 409, "admin"),
        (client(calcom, "/webhooks"), 409, "operator"),
    ):
        calcom.data("POST", path, HOOK, status=201, key=key)
        assert calcom.error("POST", path, HOOK, key=key)[0] == 409
        other = calcom.data("POST", path, HOOK | {"subscriberUrl": "not-a-url"}, status=201, key=key)
        answer = calcom.send(
            "PATCH", f"{path}/{other['id']}", {"subscriberUrl": HOOK["subscriberUrl"]}, key=key
        )
        assert answer.status == status, path


def test_the_secret_is_shown_and_cleared_by_null(calcom: Caller) -> None:
    made = calcom.data("POST", "/v2/webhooks", HOOK | {"secret": "s", "payloadTemplate": "{}"}, status=201)
    assert made["secret"] == "s"
    shown = calcom.data("GET", f"/v2/webhooks/{made['id']}")
    assert {"createdAt", "platform"} <= shown.keys()
    cleared = calcom.data("PATCH", f"/v2/webhooks/{made['id']}", {"secret": None})
    assert (cleared["secret"], cleared["payloadTemplate"]) == (None, "{}")
    assert calcom.error("POST", "/v2/webhooks", HOOK | {"triggers": ["ROUTING_FORM_FALLBACK_HIT"]})[0] == 400


def test_event_type_webhooks_are_the_owners_and_go_all_at_once(calcom: Caller) -> None:
    owner = calcom.members()[0]
    number = [row["id"] for row in calcom.world.event_types if row["userId"] == owner][1]
    path = f"/v2/event-types/{number}/webhooks"
    calcom.data("POST", path, HOOK, status=201, key="owner")
    assert calcom.error("GET", path)[0] == 403
    assert calcom.error("GET", "/v2/event-types/999999/webhooks")[0] == 404
    assert calcom.data("DELETE", path, key="owner") == "1 webhooks deleted"
    assert calcom.data("DELETE", path, key="owner") == "0 webhooks deleted"


# -- clients ----------------


def test_clients_need_a_key_of_a_platform(calcom: Caller) -> None:
    assert calcom.error("GET", "/v2/oauth-clients")[1].endswith("not a platform (SHP).")
    assert calcom.error("GET", "/v2/oauth-clients", key="loner")[1].endswith("associated with the user.")
    (row,) = calcom.data("GET", "/v2/oauth-clients", key="operator")
    assert row["secret"] == calcom.sandbox.keys["client_secret"]
    assert "BOOKING_READ" in row["permissions"]
    body = {"name": "New", "redirectUris": ["abc"], "permissions": ["BOOKING_READ"]}
    made = calcom.data("POST", "/v2/oauth-clients", body, status=201, key="operator")
    path = f"/v2/oauth-clients/{made['clientId']}"
    assert calcom.data("PATCH", path, {"permissions": ["*"]}, key="operator")["permissions"] == [
        "BOOKING_READ"
    ]
    assert calcom.error("GET", path, key="outsider")[0] == 403
    assert calcom.data("DELETE", path, key="operator")["id"] == made["clientId"]


def test_the_users_of_a_deleted_client_stay(calcom: Caller) -> None:
    before = len(calcom.world.users)
    calcom.data("DELETE", client(calcom), key="operator")
    assert len(calcom.world.users) == before


# -- managed users ----------------


def test_pages_of_managed_users_end_at_five_hundred(calcom: Caller) -> None:
    found: set[int] = set()
    for offset in (0, 250):
        rows = calcom.data("GET", client(calcom, f"/users?limit=250&offset={offset}"), **secret(calcom))
        found |= {row["id"] for row in rows}
    assert len(found) == 500
    assert calcom.error("GET", client(calcom, "/users?limit=250&offset=251"), **secret(calcom))[0] == 400
    assert len(calcom.data("GET", client(calcom, "/users"), **secret(calcom))) == 50
    last = "staff619@clinics.example"
    (row,) = calcom.data("GET", client(calcom, f"/users?emails={last}"), **secret(calcom))
    assert row["id"] not in found


def test_a_filter_of_addresses_is_cut_by_the_page_size(calcom: Caller) -> None:
    emails = ",".join(f"staff{number}@clinics.example" for number in range(60))
    assert len(calcom.data("GET", client(calcom, f"/users?emails={emails}"), **secret(calcom))) == 50
    assert calcom.error("GET", client(calcom, "/users?emails="), **secret(calcom))[0] == 400
    assert calcom.data("GET", client(calcom, "/users?emails=Staff1@Clinics.example"), **secret(calcom)) == []


def test_a_managed_user_is_kept_under_a_long_address(calcom: Caller) -> None:
    body = {"email": "new+hr@clinics.example", "name": "New", "timeZone": "Europe/Rome"}
    made = calcom.data("POST", client(calcom, "/users"), body, status=201, **secret(calcom))
    number = made["user"]["id"]
    assert made["user"]["email"] == f"new+hr+{calcom.sandbox.keys['client_id']}@clinics.example"
    assert made["accessTokenExpiresAt"] % 60_000 == 0
    assert made["refreshTokenExpiresAt"] % 86_400_000 == 0
    status, text = calcom.error("POST", client(calcom, "/users"), body, **secret(calcom))
    assert (status, str(number) in text) == (409, True)
    assert calcom.data("GET", "/v2/me", key=made["accessToken"])["id"] == number
    path = client(calcom, f"/users/{number}")
    assert calcom.data("DELETE", path, **secret(calcom))["id"] == number
    assert calcom.error("GET", path, **secret(calcom))[0] == 404
    assert calcom.error("GET", client(calcom, "/users/1"), **secret(calcom))[0] == 404


def test_a_refresh_kills_the_refresh_token_and_a_forced_one_both(calcom: Caller) -> None:
    body = {"email": "t@clinics.example", "name": "T"}
    made = calcom.data("POST", client(calcom, "/users"), body, status=201, **secret(calcom))
    path = f"/v2/oauth/{calcom.sandbox.keys['client_id']}/refresh"
    new = calcom.data("POST", path, {"refreshToken": made["refreshToken"]}, **secret(calcom))
    assert calcom.error("POST", path, {"refreshToken": made["refreshToken"]}, **secret(calcom))[0] == 400
    assert calcom.send("GET", "/v2/me", key=made["accessToken"]).status == 200
    forced = client(calcom, f"/users/{made['user']['id']}/force-refresh")
    last = calcom.data("POST", forced, **secret(calcom))
    assert calcom.send("GET", "/v2/me", key=new["accessToken"]).status == 401
    assert calcom.send("GET", "/v2/me", key=last["accessToken"]).status == 200
    calcom.world.advance(3601)
    assert calcom.send("GET", "/v2/me", key=last["accessToken"]).status == 498


# -- managed organisations ----------------


def test_managed_organisations_are_counted_exactly(calcom: Caller) -> None:
    body = json.loads(calcom.send("GET", f"{platform(calcom)}?take=2&skip=4", key="operator").body)
    assert len(body["data"]) == 1
    assert (body["pagination"]["totalItems"], body["pagination"]["currentPage"]) == (5, 3)
    empty = json.loads(calcom.send("GET", "organizations").body)
    assert (empty["data"], empty["pagination"]["currentPage"]) == ([], 0)


def test_metadata_is_found_as_text_only(calcom: Caller) -> None:
    body = {"name": "Meta", "metadata": {"company": "C-9", "size": 12}}
    made = calcom.data("POST", platform(calcom), body, status=201, key="operator")
    assert made["apiKey"].startswith("cal_")

    def found(query: str) -> int:
        return len(calcom.data("GET", f"{platform(calcom)}?{query}", key="operator"))

    assert found("metadataKey=company&metadataValue=C-9") == 1
    assert found("metadataKey=size&metadataValue=12") == 0
    assert found("metadataKey=company") == 6


def test_a_key_dies_with_its_managed_organisation(calcom: Caller) -> None:
    made = calcom.data("POST", platform(calcom), {"name": "Short"}, status=201, key="operator")
    path = f"/v2/organizations/{made['id']}/organizations"
    assert calcom.send("GET", path, key=made["apiKey"]).status == 200
    one = f"{platform(calcom)}/{made['id']}"
    assert calcom.data("DELETE", one, key="operator")["id"] == made["id"]
    assert calcom.error("DELETE", one, key="operator")[0] == 403
    assert calcom.send("GET", path, key=made["apiKey"]).status == 401


def test_an_organisation_stays_without_a_key_when_both_key_options_are_sent(calcom: Caller) -> None:
    body = {"name": "West", "apiKeyNeverExpires": True, "apiKeyDaysValid": 5}
    assert calcom.error("POST", platform(calcom), body, key="operator")[0] == 400
    assert len(calcom.data("GET", f"{platform(calcom)}?slug=west", key="operator")) == 1
    assert calcom.error("POST", platform(calcom), {"name": "West"}, key="operator")[0] == 409
    assert calcom.error("POST", platform(calcom), {"name": "X", "slug": "lumen"}, key="operator")[0] == 409


def test_the_organisation_itself_can_be_a_platform() -> None:
    sandbox = Sandbox(20, limit=None, platform=True, managed_organizations=5, managed_users=3)
    counts = sandbox.rows()
    assert (counts["managed_organizations"], counts["oauth_clients"], counts["managed_users"]) == (5, 1, 3)


# -- permissions ----------------


def test_a_client_is_held_to_its_permissions_but_not_on_organisation_routes(calcom: Caller) -> None:
    body = {"name": "Reader", "redirectUris": [], "permissions": ["BOOKING_READ"]}
    made = calcom.data("POST", "/v2/oauth-clients", body, status=201, key="operator")
    headers = {"key": None, "x_cal_client_id": made["clientId"], "x_cal_secret_key": made["clientSecret"]}
    status, text = calcom.error("GET", "/v2/me", **headers)
    assert (status, text.endswith("does not have the required permissions=PROFILE_READ.")) == (403, True)
    assert calcom.send("GET", "/v2/bookings", cal_api_version="2024-08-13", **headers).status == 200
    number = calcom.sandbox.keys["platform_organization_id"]
    assert calcom.send("GET", f"/v2/organizations/{number}/users", **headers).status == 200


def test_the_refusal_of_a_token_holds_the_token(calcom: Caller) -> None:
    token = calcom.sandbox.keys["managed_token"]
    (row,) = calcom.world.oauth_clients
    row["permissions"] = ["BOOKING_READ"]
    assert token in calcom.error("GET", "/v2/me", key=token)[1]

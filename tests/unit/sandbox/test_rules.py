"""The sandbox answers as Cal.com was seen to: guards, errors, paging, throttle, headers."""

from __future__ import annotations

import json

import pytest

from calcom_provider.sandbox.core.validation import parse_int
from tests.unit.sandbox.conftest import Caller


def test_guards_refuse_in_their_order(calcom: Caller) -> None:
    org = calcom.organization_id
    assert calcom.error("GET", "/v2/nope", key="unknown")[0] == 404
    assert calcom.error("GET", "users", key="unknown") == (401, "CustomThrottlerGuard - Invalid API Key")
    assert calcom.error("GET", "users", key="expired") == (
        401,
        "ApiAuthStrategy - api key - Your api key is expired",
    )
    assert "No authentication method provided" in calcom.error("GET", "users", key=None)[1]
    assert calcom.error("GET", "/v2/organizations/999999/users")[0] == 403
    assert calcom.error("GET", "users", key="outsider") == (
        403,
        f"RolesGuard - User is not a member of the organization with id={org}.",
    )
    status, text = calcom.error("GET", "memberships?take=0", key="member")
    assert status == 403
    assert "minimum required role=ORG_ADMIN" in text
    assert calcom.error("GET", "/v2/organizations/abc/users")[0] == 500
    assert calcom.error("GET", "users?take=1001")[0] == 400
    closed = calcom.sandbox.keys["closed_organization_id"]
    assert "does not have Admin API access" in calcom.error("GET", f"/v2/organizations/{closed}/teams")[1]


def test_a_lost_role_works_for_five_minutes(calcom: Caller) -> None:
    assert calcom.send("GET", "teams").status == 200
    admin = calcom.world.membership(calcom.members()[1], calcom.organization_id)
    assert admin is not None
    calcom.world.memberships.update(admin, role="MEMBER")
    assert calcom.send("GET", "teams").status == 200
    calcom.time += 301
    assert calcom.send("GET", "teams").status == 403


def test_four_error_shapes(calcom: Caller) -> None:
    taken = json.loads(calcom.send("GET", "memberships/999999").body)
    assert set(taken["error"]) == {"code", "message", "details"}
    bare = json.loads(calcom.send("GET", "/v2/organizations/abc/users").body)
    assert set(bare["error"]) == {"code", "message"}
    user, region = calcom.members()[3], calcom.attribute("location")["id"]
    plain = calcom.send("POST", f"attributes/options/{user}", {"attributeId": region})
    assert json.loads(plain.body) == {"statusCode": 500, "message": "Internal server error"}
    none = calcom.send(
        "GET", "users?" + "&".join(f"emails=somebody.long{n}@lumen.example" for n in range(700))
    )
    assert (none.status, none.body) == (431, b"")
    large = calcom.send("POST", "teams", {"name": "x" * 200_000})
    assert (large.status, json.loads(large.body)["message"]) == (413, "request entity too large")


def test_validation_echoes_what_was_sent_and_unknown_fields_are_dropped(calcom: Caller) -> None:
    key = {"client_email": "a@b.test", "private_key": "SECRET", "client_id": "1"}
    body = {"enabled": "yes", "serviceAccountKey": key}
    answer = calcom.send("PATCH", "delegation-credentials/nope", body)
    error = json.loads(answer.body)["error"]["details"]["errors"][0]
    assert error["target"]["serviceAccountKey"]["private_key"] == "SECRET"
    assert calcom.data("GET", "users?foo=bar&take=1") == calcom.data("GET", "users?take=1")


def test_delegation_credentials_need_a_workspace_platform_that_is_set_up() -> None:
    key = {"client_email": "a@b.test", "private_key": "SECRET", "client_id": "1"}
    body = {"workspacePlatformSlug": "google", "domain": "b.test", "serviceAccountKey": key}
    assert Caller().data("POST", "delegation-credentials", body, status=201)["domain"] == "b.test"
    anew = Caller(workspace_platforms=())
    answer = anew.send("POST", "delegation-credentials", body)
    error = json.loads(answer.body)["error"]
    assert (answer.status, error) == (
        404, {"code": "TRPCError", "message": "The requested resource was not found"}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "rows"),
    [
        ("users", 30),
        ("users?take=7&skip=28", 2),
        ("users?skip=30", 0),
        ("memberships?take=", 31),
        ("ooo?take=3", 3),
        ("memberships?take=10abc", 10),
        ("memberships?take=1.9", 1),
        ("memberships?take[]=5", 5),
    ],
)
def test_pages(calcom: Caller, path: str, rows: int) -> None:
    assert len(calcom.data("GET", path)) == rows


@pytest.mark.parametrize(
    "path", ["users?take=", "memberships?take=251", "ooo?take=0", "teams?skip=-1", "attributes?take=a"]
)
def test_pages_out_of_bounds(calcom: Caller, path: str) -> None:
    assert calcom.error("GET", path) == (400, "Bad Request Exception")


def test_lists_come_in_key_order_and_all_rows_are_reached(calcom: Caller) -> None:
    walked = [
        row["id"] for skip in range(0, 40, 7) for row in calcom.data("GET", f"users?take=7&skip={skip}")
    ]
    assert walked == calcom.members()
    attributes = [row["id"] for row in calcom.data("GET", "attributes")]
    assert attributes == sorted(attributes)


def test_pending_members_are_in_memberships_only(calcom: Caller) -> None:
    listed = {row["userId"] for row in calcom.data("GET", "memberships")}
    assert listed > {row["id"] for row in calcom.data("GET", "users")}


def test_version_matrix(calcom: Caller) -> None:
    statuses = {
        (path, version): calcom.send("GET", path, cal_api_version=version).status
        for path in ("/v2/me", "/v2/schedules", "/v2/bookings")
        for version in ("2024-06-11", "2024-08-13", "2024-09-04", "2099-01-01")
    }
    assert {path for (path, _), status in statuses.items() if status == 404} == {
        "/v2/schedules",
        "/v2/bookings",
    }
    assert statuses["/v2/schedules", "2024-06-11"] == 200
    assert statuses["/v2/schedules", "2024-08-13"] == 404
    assert statuses["/v2/bookings", "2024-08-13"] == 200
    assert statuses["/v2/bookings", "2024-09-04"] == 404


def test_etag_request_id_and_prefix(calcom: Caller) -> None:
    first = calcom.send("GET", "teams", x_request_id="mine")
    assert first.headers["ETag"].startswith('W/"')
    assert first.headers["X-Request-Id"] != "mine"
    again = calcom.send("GET", "teams", if_none_match=first.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    calcom.data("POST", "teams", {"name": "One more"}, status=201)
    assert calcom.send("GET", "teams", if_none_match=first.headers["ETag"]).status == 200
    assert calcom.send("GET", "/api/v2/me").status == 200
    assert calcom.send("GET", "/health", key=None).body == b"OK"


def test_throttle_blocks_and_counts_what_comes_during_the_block() -> None:
    calcom = Caller(limit=(3, 60.0, 60.0))
    left = [calcom.send("GET", "/v2/me").headers["X-RateLimit-Remaining-Default"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    calcom.time += 50
    blocked = calcom.send("GET", "/v2/me")
    assert (blocked.status, blocked.headers["X-RateLimit-Reset-Default"]) == (429, "60")
    assert "Retry-After" not in blocked.headers
    assert isinstance(json.loads(blocked.body)["error"]["details"], str)
    calcom.time += 20
    assert [calcom.send("GET", "/v2/me").status for _ in range(4)] == [429] * 4
    calcom.time += 41
    # The four of the new window start the next block at once
    assert calcom.send("GET", "/v2/me").headers["X-RateLimit-Reset-Default"] == "60"
    calcom.time += 61
    assert calcom.send("GET", "/v2/me").status == 200


def test_two_limits_refuse_only_when_both_are_out() -> None:
    calcom = Caller()
    calcom.sandbox.set_limits("admin", [["short", 3, 3.0, 3.0], ["long", 5, 30.0, 10.0]])
    answers = [calcom.send("GET", "/v2/me") for _ in range(6)]
    assert [answer.status for answer in answers] == [200] * 5 + [429]
    assert answers[3].headers["X-RateLimit-Remaining-Short"] == "0"
    assert answers[3].headers["X-RateLimit-Remaining-Long"] == "1"


def test_buckets_differ_by_credential(calcom: Caller) -> None:
    keys = calcom.sandbox.keys
    token = calcom.send("GET", "/v2/me", key="managed_token")
    assert token.headers["X-RateLimit-Limit-Default"] == "500"
    headers = {"x_cal_client_id": keys["client_id"], "x_cal_secret_key": keys["client_secret"]}
    platform = calcom.send("GET", "/v2/me", key=None, **headers)
    assert (platform.status, platform.headers["X-RateLimit-Limit-Default"]) == (200, "500")
    assert not [name for name in calcom.send("GET", "/v2/me", key="unknown").headers if "RateLimit" in name]
    calcom.world.advance(3601)
    assert calcom.send("GET", "/v2/me", key="managed_token").status == 498


def test_refreshed_key_replaces_the_old_one(calcom: Caller) -> None:
    calcom.sandbox.set_limits("admin", [["default", 1000, 60.0, 60.0]])
    fresh = calcom.data("POST", "/v2/api-keys/refresh", {"apiKeyDaysValid": 5})["apiKey"]
    assert calcom.error("GET", "/v2/me") == (401, "ApiAuthStrategy - api key - Your api key is not valid")
    assert calcom.send("GET", "/v2/me", key=fresh).headers["X-RateLimit-Limit-Default"] == "120"


@pytest.mark.parametrize(
    ("text", "value"), [("10abc", 10), ("1.9", 1), ("abc", None), ("-3", -3), ("", None)]
)
def test_numbers_are_read_as_javascript_does(text: str, value: int | None) -> None:
    assert parse_int(text) == value

"""Event types of users and teams, their private links, and availability schedules."""

from __future__ import annotations

from typing import Any

import pytest

from calcom_provider.sandbox.world.tables import Row
from tests.unit.sandbox.conftest import Caller

V = {"cal_api_version": "2024-06-14"}
S = {"cal_api_version": "2024-06-11"}
MINIMAL = {"lengthInMinutes": 30, "title": "Minimal", "slug": "minimal"}


@pytest.fixture
def calcom() -> Caller:
    return Caller(limit=None)


def user(calcom: Caller, place: int) -> Row:
    row = calcom.world.users.get(calcom.members()[place])
    assert row is not None
    return row


def team(calcom: Caller) -> int:
    return next(int(row["teamId"]) for row in calcom.world.event_types if row["teamId"])


# -- users ----------------


def test_event_types_are_found_by_user_name_only(calcom: Caller) -> None:
    name = user(calcom, 0)["username"]
    rows = calcom.data("GET", f"/v2/event-types?username={name}", key=None, **V)
    assert {row["slug"] for row in rows} == {"intro-call", "needs-confirmation", "weekly", "workshop"}
    profile = calcom.world.profiles.first("userId", rows[0]["ownerId"])
    assert profile is not None
    short = calcom.data("GET", f"/v2/event-types?username={profile['username']}&orgSlug=lumen", key=None, **V)
    assert short == rows
    assert calcom.error("GET", "/v2/event-types", **V) == (404, "Event types not found")
    assert calcom.error("GET", "/v2/event-types?eventSlug=intro-call", **V)[0] == 404


def test_hidden_event_types_are_shown_to_their_owner_alone(calcom: Caller) -> None:
    name = user(calcom, 2)["username"]
    assert calcom.error("GET", f"/v2/event-types?username={name}", key=None, **V)[0] == 404
    calcom.sandbox.keys["third"] = calcom.world.add_api_key(user(calcom, 2))
    (row,) = calcom.data("GET", f"/v2/event-types?username={name}", key="third", **V)
    assert row["hidden"]


def test_two_user_names_make_a_meeting_that_does_not_exist(calcom: Caller) -> None:
    names = ",".join(user(calcom, place)["username"] for place in (0, 1))
    (row,) = calcom.data("GET", f"/v2/event-types?usernames={names}", key=None, **V)
    assert (row["id"], row["slug"], len(row["users"])) == (0, "dynamic", 2)


def test_the_version_decides_the_shape(calcom: Caller) -> None:
    assert "eventTypeGroups" in calcom.data("GET", "/v2/event-types")
    assert calcom.error("GET", "/v2/event-types?username=x", cal_api_version="2024-08-13")[0] == 404
    assert calcom.error("POST", "/v2/event-types", MINIMAL, key=None, **V)[0] == 403


def test_an_event_type_is_its_owners(calcom: Caller) -> None:
    made = calcom.data("POST", "/v2/event-types", MINIMAL, status=201, key="member", **V)
    path = f"/v2/event-types/{made['id']}"
    assert (made["seats"], made["bookingWindow"]) == ({"disabled": True}, {"disabled": True})
    assert calcom.data("PATCH", path, {"title": "Other"}, key="member", **V)["title"] == "Other"
    assert calcom.error("GET", path, key="owner", **V)[0] == 404
    assert calcom.error("PATCH", path, {}, key="owner", **V)[0] == 404
    assert calcom.error("DELETE", path, key="owner", **V)[0] == 403
    assert calcom.error("POST", "/v2/event-types", MINIMAL, key="member", **V)[0] == 400
    gone = calcom.data("DELETE", path, key="member", **V)
    assert gone.keys() == {"id", "lengthInMinutes", "slug", "title"}
    assert calcom.error("DELETE", path, key="member", **V)[0] == 404


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"locations": [{"type": "moon"}]}, 400),
        ({"locations": [{"type": "integration", "integration": "google-meet"}]}, 500),
        ({"scheduleId": 999999}, 404),
        (
            {
                "seats": {"seatsPerTimeSlot": 2},
                "recurrence": {"frequency": "weekly", "interval": 1, "occurrences": 2},
            },
            400,
        ),
        ({"lengthInMinutes": "30"}, 400),
    ],
)
def test_what_is_refused(calcom: Caller, more: dict[str, Any], status: int) -> None:
    assert calcom.error("POST", "/v2/event-types", MINIMAL | {"slug": "other"} | more, **V)[0] == status


# -- teams ----------------


def test_a_managed_event_type_answers_with_a_list(calcom: Caller) -> None:
    number = team(calcom)
    hosts = [row["userId"] for row in calcom.world.memberships.ordered("teamId", number)[:2]]
    body = MINIMAL | {"schedulingType": "managed", "hosts": [{"userId": host} for host in hosts]}
    parent, *children = calcom.data("POST", f"teams/{number}/event-types", body, status=201)
    assert (parent["teamId"], parent["parentEventTypeId"]) == (number, None)
    assert [child["ownerId"] for child in children] == hosts
    assert {child["parentEventTypeId"] for child in children} == {parent["id"]}
    calcom.data("DELETE", f"teams/{number}/event-types/{parent['id']}")
    assert all(child["id"] not in calcom.world.event_types for child in children)


def test_the_lowest_priority_is_forgotten(calcom: Caller) -> None:
    number = team(calcom)
    host = calcom.world.memberships.ordered("teamId", number)[0]["userId"]
    body = MINIMAL | {"schedulingType": "roundRobin", "hosts": [{"userId": host, "priority": "lowest"}]}
    made = calcom.data("POST", f"teams/{number}/event-types", body, status=201)
    assert made["hosts"][0]["priority"] == "medium"
    body = {"schedulingType": "collective"}
    shown = calcom.data("PATCH", f"teams/{number}/event-types/{made['id']}", body)
    assert "priority" not in shown["hosts"][0]


def test_hosts_have_to_be_members_of_the_team(calcom: Caller) -> None:
    number = team(calcom)
    body = MINIMAL | {"schedulingType": "collective", "hosts": [{"userId": 999999}]}
    assert calcom.error("POST", f"teams/{number}/event-types", body) == (
        404,
        f"Invalid hosts: 999999 are not members of team with id {number}.",
    )


def test_the_list_of_a_team_is_open_to_everybody(calcom: Caller) -> None:
    number = team(calcom)
    rows = calcom.data("GET", f"teams/{number}/event-types", key=None)
    assert rows[0]["team"].keys() > {"id", "name", "slug"}
    assert calcom.data("GET", "/v2/teams/999999/event-types", key=None) == []
    newest_first = calcom.data("GET", f"teams/{number}/event-types?sortCreatedAt=desc", key=None)
    assert newest_first == rows[::-1]


def test_all_team_event_types_by_contract_or_broken_as_observed(calcom: Caller) -> None:
    expected = sorted(row["id"] for row in calcom.world.event_types if row["teamId"])
    assert [row["id"] for row in calcom.data("GET", "teams/event-types")] == expected
    assert [row["id"] for row in calcom.data("GET", "teams/event-types?take=1&skip=1")] == expected[1:2]
    calcom.world.broken.add("org_team_event_types.list_all")
    assert calcom.error("GET", "teams/event-types")[0] == 500


def test_an_absent_route_is_unknown(calcom: Caller) -> None:
    calcom.world.absent.add("org_roles.list")
    assert calcom.error("GET", "roles")[1].startswith("Cannot GET /v2/organizations/")


# -- private links ----------------


def test_a_link_counts_its_uses_or_expires(calcom: Caller) -> None:
    made = calcom.data("POST", "/v2/event-types", MINIMAL, status=201, **V)
    path = f"/v2/event-types/{made['id']}/private-links"
    assert calcom.error("POST", path, {})[0] == 400
    assert calcom.error("POST", path, {"expiresAt": "2030-01-01T00:00:00Z", "maxUsageCount": 1})[0] == 400
    old = calcom.data("POST", path, {"expiresAt": "2020-01-01T00:00:00.000Z"}, status=201)
    assert old["isExpired"]
    link = calcom.data("POST", path, {"maxUsageCount": 3}, status=201)
    assert (link["maxUsageCount"], link["usageCount"]) == (3, 0)
    one = f"{path}/{link['linkId']}"
    assert "expiresAt" in calcom.data("PATCH", one, {"expiresAt": "2030-01-01T00:00:00Z", "maxUsageCount": 5})
    # An empty change puts it back to counting
    assert calcom.data("PATCH", one, {})["maxUsageCount"] == 5
    assert calcom.data("DELETE", one)["linkId"] == link["linkId"]
    assert calcom.error("DELETE", one) == (404, "Deleted link not found")
    assert calcom.error("GET", path, cal_api_version="2024-06-14")[0] == 404


# -- schedules ----------------


def test_schedules_have_no_uniqueness_and_a_default_that_moves(calcom: Caller) -> None:
    body = {"name": "Own", "timeZone": "Asia/Tokyo", "isDefault": False}
    first, second = (calcom.data("POST", "/v2/schedules", body, status=201, **S) for _ in range(2))
    assert first["id"] != second["id"]
    assert first["availability"][0]["days"][0] == "Monday"
    path = f"/v2/schedules/{second['id']}"
    assert calcom.data("PATCH", path, {"isDefault": True}, **S)["isDefault"]
    assert calcom.data("PATCH", path, {"isDefault": False}, **S)["isDefault"]
    assert calcom.data("GET", "/v2/schedules/default", **S)["id"] == second["id"]
    assert calcom.send("DELETE", path, **S).body == b'{"status":"success"}'
    assert calcom.error("DELETE", path, **S)[0] == 400
    assert calcom.data("GET", "/v2/schedules/default", **S) is None


def test_parts_of_a_schedule_are_replaced_as_a_whole(calcom: Caller) -> None:
    body = {"name": "Own", "timeZone": "Asia/Tokyo", "isDefault": False, "availability": []}
    made = calcom.data("POST", "/v2/schedules", body, status=201, **S)
    assert made["availability"] == []
    span = {"days": ["Friday"], "startTime": "17:00", "endTime": "09:00"}
    changed = calcom.data("PATCH", f"/v2/schedules/{made['id']}", {"availability": [span]}, **S)
    assert changed["availability"] == [span]
    wrong = span | {"startTime": "24:00", "days": ["friday"]}
    assert calcom.error("PATCH", f"/v2/schedules/{made['id']}", {"availability": [wrong]}, **S)[0] == 400


def test_schedules_of_others_are_forbidden(calcom: Caller) -> None:
    other = calcom.world.schedules.ordered()[3]
    assert calcom.error("GET", f"/v2/schedules/{other['id']}", **S)[0] == 403
    assert calcom.error("GET", "/v2/schedules/999999", **S)[0] == 404
    number = other["userId"]
    assert calcom.data("GET", f"users/{number}/schedules/{other['id']}")["ownerId"] == number
    assert calcom.error("DELETE", f"users/{number}/schedules/abc")[0] == 400
    assert calcom.error("GET", f"users/{number}/schedules/abc")[0] == 500


def test_schedules_of_a_team_are_those_of_all_its_members(calcom: Caller) -> None:
    number = team(calcom)
    members = {row["userId"] for row in calcom.world.memberships.by("teamId", number)}
    rows = calcom.data("GET", f"teams/{number}/schedules")
    assert {row["ownerId"] for row in rows} == {row["userId"] for row in calcom.world.schedules} & members
    outside = next(user_id for user_id in calcom.members() if user_id not in members)
    assert calcom.error("GET", f"teams/{number}/users/{outside}/schedules")[0] == 403


def test_without_the_version_schedules_have_minutes_and_seven_lists(calcom: Caller) -> None:
    old = calcom.data("GET", "/v2/schedules/default")
    assert len(old["availability"]) == 7
    assert isinstance(old["workingHours"][0]["startTime"], int)
    assert calcom.error("GET", "/v2/schedules", cal_api_version="2024-08-13")[0] == 404

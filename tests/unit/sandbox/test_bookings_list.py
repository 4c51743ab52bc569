"""The lists of bookings: what counts ignore, what filters mean, and who sees what."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcom_provider.sandbox.core.paging import block
from calcom_provider.sandbox.world.stores import bookings
from tests.unit.sandbox.conftest import Caller

OWN = {"cal_api_version": "2024-08-13"}


@pytest.fixture
def many() -> Caller:
    return Caller(users=40, bookings=160, limit=None)


def read(
    calcom: Caller, path: str = "bookings", **options: Any
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    answer = calcom.send("GET", path, **options)
    assert answer.status == 200, answer.body
    body = json.loads(answer.body)
    return body["data"], body["pagination"]


@given(st.integers(0, 900), st.integers(1, 250), st.integers(0, 1200))
def test_the_block_adds_up(total: int, size: int, skip: int) -> None:
    found = block(total, size, skip)
    assert found["returnedItems"] == len(range(total)[skip : skip + size])
    if skip <= total:
        assert found["returnedItems"] + found["remainingItems"] == total - skip
    assert found["hasNextPage"] is (skip + size < total)
    assert (found["currentPage"] == 0) is (total == 0)


def test_pages_without_ties_hold_every_booking_once(many: Caller) -> None:
    rows: list[dict[str, Any]] = []
    while True:
        page, counts = read(many, f"bookings?take=50&skip={len(rows)}&sortCreated=asc")
        rows += page
        if not counts["hasNextPage"]:
            break
    assert len({row["id"] for row in rows}) == len(rows) == counts["totalItems"] == 160


def test_counts_ignore_the_filters_by_change(many: Caller) -> None:
    page, counts = read(many, "bookings?afterUpdatedAt=2030-01-01T00:00:00.000Z")
    assert page == []
    assert (counts["totalItems"], counts["returnedItems"], counts["hasNextPage"]) == (160, 100, True)


def test_counts_know_the_other_filters(many: Caller) -> None:
    page, counts = read(many, "bookings?status=cancelled&take=250")
    assert len(page) == counts["totalItems"] < 160


def test_bounds_of_a_window_are_inclusive(many: Caller) -> None:
    row = next(row for row in bookings(many.world) if row["updatedAt"])
    moment = row["updatedAt"]
    page, _ = read(many, f"bookings?afterUpdatedAt={moment}&beforeUpdatedAt={moment}")
    assert row["id"] in {one["id"] for one in page}


def test_bookings_that_never_changed_come_last_and_match_no_window(many: Caller) -> None:
    rising, counts = read(many, "bookings?sortUpdatedAt=asc&take=250")
    falling, _ = read(many, "bookings?sortUpdatedAt=desc&take=250")
    empty = sum(row["updatedAt"] is None for row in rising)
    assert empty
    assert (
        {row["updatedAt"] for row in rising[-empty:]}
        == {None}
        == {row["updatedAt"] for row in falling[:empty]}
    )
    found, _ = read(many, "bookings?afterUpdatedAt=2000-01-01&take=250")
    assert len(found) == counts["totalItems"] - empty


def test_of_two_sorts_the_first_in_a_fixed_order_wins(many: Caller) -> None:
    both, _ = read(many, "bookings?sortUpdatedAt=asc&sortCreated=desc&take=5")
    created, _ = read(many, "bookings?sortCreated=desc&take=5")
    assert [row["id"] for row in both] == [row["id"] for row in created]


def test_a_status_names_a_class(many: Caller) -> None:
    cancelled, _ = read(many, "bookings?status=cancelled&take=250")
    assert {row["status"] for row in cancelled} == {"cancelled", "rejected"}
    upcoming, _ = read(many, "bookings?status=upcoming&take=250")
    assert {row["status"] for row in upcoming} == {"accepted", "pending"}
    starts = [row["start"] for row in cancelled]
    assert starts == sorted(starts, reverse=True)
    assert many.error("GET", "bookings?status=accepted")[0] == 400


def test_an_empty_or_unknown_team_finds_all(many: Caller) -> None:
    teams = {row["slug"]: row["id"] for row in many.world.teams.by("parentId", many.organization_id)}
    _, counts = read(many, f"teams/{teams['empty-team']}/bookings")
    assert counts["totalItems"] == 160
    _, counts = read(many, "bookings?teamId=999999")
    assert counts["totalItems"] == 160
    _, counts = read(many, "bookings?eventTypeId=999999")
    assert counts["totalItems"] == 0


def test_a_team_list_ignores_filters_by_change(many: Caller) -> None:
    team = next(row["teamId"] for row in many.world.event_types if row["teamId"])
    rows, counts = read(many, f"teams/{team}/bookings?afterUpdatedAt=2030-01-01T00:00:00.000Z")
    assert 0 < len(rows) <= counts["totalItems"] < 160
    types = {row["id"] for row in many.world.event_types.by("teamId", team)}
    assert {row["eventTypeId"] for row in rows} <= types


def test_the_list_of_a_user_is_what_the_user_may_see(many: Caller) -> None:
    owner = many.members()[0]
    _, counts = read(many, f"users/{owner}/bookings")
    assert counts["totalItems"] == 160
    exact, _ = read(many, f"bookings?userIds={owner}&take=250")
    user = many.world.users.get(owner)
    assert user is not None
    for row in exact:
        people = {one["email"] for one in row["attendees"]}
        assert owner in {host["id"] for host in row["hosts"]} or user["email"] in people
    assert len(exact) < 160


def test_users_that_are_not_members_are_refused(many: Caller) -> None:
    outsider = many.world.users.first("email", "outsider@globex.example")
    assert outsider is not None
    assert many.error("GET", f"bookings?userIds={outsider['id']}")[0] == 403
    assert many.error("GET", "bookings?userIds=999999")[0] == 400


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("eventTypeIds=1,x", {"eventTypeIds": [1, None]}),
        ("eventTypeIds=", {"eventTypeIds": [None]}),
        ("teamsIds=y&eventTypeIds=z", {"eventTypeIds": [None], "teamsIds": [None]}),
        ("userIds=3,y", {"userIds": [3, None]}),
        ("userIds=3&userIds=4x", {"userIds": [3, None]}),
    ],
)
def test_lists_of_ids_that_are_no_numbers_are_refused(
    many: Caller, query: str, values: dict[str, Any]
) -> None:
    answer = json.loads(many.send("GET", f"bookings?{query}").body)
    assert answer["error"]["message"] == "Bad Request Exception"
    text = "each value in {} must be a number conforming to the specified constraints"
    assert answer["error"]["details"]["errors"] == [
        {
            "target": values, "value": value, "property": name, "children": [],
            "constraints": {"isNumber": text.format(name)},
        }
        for name, value in values.items()
    ]  # fmt: skip


@pytest.mark.parametrize(
    "query", ["eventTypeId=x", "teamId=1.5", "teamId=1,2", "eventTypeId=1&eventTypeId=2"]
)
def test_an_id_that_is_no_integer_is_refused(many: Caller, query: str) -> None:
    answer = many.send("GET", f"bookings?{query}")
    name = query.partition("=")[0]
    (error,) = json.loads(answer.body)["error"]["details"]["errors"]
    assert (answer.status, error["property"]) == (400, name)
    assert error["constraints"] == {"isInt": f"{name} must be an integer number"}


def test_ids_are_read_as_far_as_they_are_numbers(many: Caller) -> None:
    wanted = next(row["id"] for row in many.world.event_types if row["teamId"])
    _, exact = read(many, f"bookings?eventTypeIds={wanted}")
    _, trailing = read(many, f"bookings?eventTypeIds={wanted}abc")
    _, padded = read(many, f"bookings?eventTypeId=%20{wanted}.0")
    assert 0 < exact["totalItems"] < 160
    assert trailing == padded == exact


def test_own_bookings_need_the_version_and_a_key(many: Caller) -> None:
    _, counts = read(many, "/v2/bookings", **OWN)
    assert counts["totalItems"] == 160
    old = many.data("GET", "/v2/bookings")
    assert {"bookings", "nextCursor"} <= old.keys()
    assert many.error("GET", "/v2/bookings", key=None, **OWN)[0] == 403
    assert many.error("GET", "/v2/bookings", cal_api_version="2024-09-04") == (404, "Cannot GET /v2/bookings")
    assert read(many, "/v2/bookings", key="loner", **OWN)[0] == []


@pytest.mark.parametrize("size", ["0", "251", "abc"])
def test_a_wrong_page_size_is_refused_and_only_what_was_sent_is_shown(many: Caller, size: str) -> None:
    answer = json.loads(many.send("GET", f"bookings?take={size}").body)
    (error,) = answer["error"]["details"]["errors"]
    assert error["property"] == "take"
    assert error["target"].keys() == {"take"}


# -- ties ----------------


@pytest.fixture(scope="module")
def tied() -> Caller:
    return Caller(users=20, bookings=10_000, tied=True, limit=None)


def pages(calcom: Caller, query: str) -> list[int]:
    found: list[int] = []
    number = 0
    while True:
        calcom.world.set_order(physical=False, shuffled=calcom.world.shuffled, seed=number)
        rows, _ = read(calcom, f"bookings?take=250&skip={250 * number}&{query}")
        found += [row["id"] for row in rows]
        number += 1
        if len(rows) < 250:
            return found


def test_ties_in_a_steady_order_are_read_completely(tied: Caller) -> None:
    tied.world.shuffled = False
    found = pages(tied, "sortUpdatedAt=asc")
    assert len(found) == len(set(found)) == 10_000


def test_shuffled_ties_are_lost_between_pages_but_not_in_narrow_windows(tied: Caller) -> None:
    tied.world.shuffled = True
    try:
        found = pages(tied, "sortUpdatedAt=asc")
        assert len(found) == 10_000
        assert len(set(found)) < 9_000
        starts = pages(tied, "sortStart=asc")
        assert len(set(starts)) == 10_000
    finally:
        tied.world.shuffled = False

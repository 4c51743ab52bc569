"""Writes to an organisation have the effects, and the traps, of the real API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox.conftest import Caller


def test_posting_a_membership_resets_what_is_left_out(calcom: Caller) -> None:
    user = calcom.members()[5]
    body = {"userId": user, "role": "ADMIN", "accepted": True}
    first = calcom.data("POST", "memberships", body, status=201)
    again = calcom.data("POST", "memberships", {"userId": user}, status=201)
    assert again["id"] == first["id"]
    assert (again["accepted"], again["role"]) == (False, "MEMBER")


def test_a_removed_member_comes_back_without_profile(calcom: Caller) -> None:
    user = calcom.members()[6]
    membership = calcom.world.membership(user, calcom.organization_id)
    assert membership is not None
    gone = calcom.data("DELETE", f"memberships/{membership['id']}")
    assert gone["attributes"]
    assert calcom.error("DELETE", f"memberships/{membership['id']}")[0] == 404
    back = calcom.data("POST", "memberships", {"userId": user, "accepted": True}, status=201)
    assert back["attributes"] == []
    assert back["user"]["username"].endswith(f"-{user}")
    assert user not in {row["id"] for row in calcom.data("GET", "users")}
    assert calcom.error("GET", f"users/{user}/ooo")[0] == 403


class Holder:
    """A member and what options he holds."""

    def __init__(self, calcom: Caller) -> None:
        self.calcom = calcom
        self.user = calcom.members()[7]
        self.path = f"attributes/options/{self.user}"

    def assign(self, slug: str, status: int = 201, **body: Any) -> Any:
        body = {"attributeId": self.calcom.attribute(slug)["id"], **body}
        return self.calcom.data("POST", self.path, body, status=status)

    def held(self, slug: str) -> list[str]:
        attribute = self.calcom.attribute(slug)["id"]
        rows = self.calcom.data("GET", self.path)
        return [row["value"] for row in rows if row["attributeId"] == attribute]


def test_assigning_never_replaces(calcom: Caller) -> None:
    holder = Holder(calcom)
    attribute = calcom.attribute("department")["id"]
    options = calcom.data("GET", f"attributes/{attribute}/options")
    before = holder.held("department")
    other = next(option for option in options if option["value"] not in before)
    assert holder.assign("department", attributeOptionId=other["id"])["weight"] is None
    assert sorted(holder.held("department")) == sorted([*before, other["value"]])
    body = {"attributeId": attribute, "attributeOptionId": other["id"]}
    assert calcom.error("POST", holder.path, body)[0] == 409
    shown = calcom.data("GET", "memberships")
    member = next(row for row in shown if row["userId"] == holder.user)
    # One value only is shown, whatever is assigned
    assert len([entry for entry in member["attributes"] if entry["id"] == attribute]) == 1


def test_a_value_is_always_a_new_option_which_stays(calcom: Caller) -> None:
    holder, attribute = Holder(calcom), calcom.attribute("cost-centre")["id"]
    before = len(calcom.data("GET", f"attributes/{attribute}/options"))
    first, second = (holder.assign("cost-centre", value="CC-0001") for _ in range(2))
    assert first["attributeOptionId"] != second["attributeOptionId"]
    calcom.data("DELETE", f"{holder.path}/{first['attributeOptionId']}")
    assert len(calcom.data("GET", f"attributes/{attribute}/options")) == before + 2
    again = calcom.error("DELETE", f"{holder.path}/{first['attributeOptionId']}")
    assert again == (404, "Attribute does not belong to this user")


def test_assignments_are_refused(calcom: Caller) -> None:
    holder, department = Holder(calcom), calcom.attribute("department")["id"]
    refused = {
        "no attribute": ({"attributeId": "nope", "value": "x"}, 404),
        "value on a select": ({"attributeId": department, "value": "x"}, 400),
        "unknown option": ({"attributeId": department, "attributeOptionId": "nope"}, 400),
        "neither": ({"attributeId": department}, 500),
        "nothing": ({}, 400),
    }
    got = {name: calcom.error("POST", holder.path, body)[0] for name, (body, _) in refused.items()}
    assert got == {name: status for name, (_, status) in refused.items()}
    pending = next(row for row in calcom.data("GET", "memberships") if not row["accepted"])
    body = {"attributeId": department, "attributeOptionId": "x"}
    assert calcom.error("POST", f"attributes/options/{pending['userId']}", body)[0] == 404


def test_weights_and_the_history_of_assignments(calcom: Caller) -> None:
    holder = Holder(calcom)
    row = holder.assign("cost-centre", value="CC-9", weight=30)
    option = row["attributeOptionId"]
    assert row["weight"] == 30
    assert calcom.data("PATCH", f"{holder.path}/{option}", {"weight": 70})["weight"] == 70
    assert calcom.error("PATCH", f"{holder.path}/{option}", {"weight": -1})[0] == 400
    calcom.data("DELETE", f"{holder.path}/{option}")
    path, logs, cursor = f"attributes/assignments/{holder.user}/history?limit=2", [], ""
    while cursor is not None:
        page = calcom.data("GET", path + (f"&cursor={cursor}" if cursor else ""))
        logs += page["auditLogs"]
        cursor = page["nextCursor"]
    changes = [entry["changes"][0] for entry in logs[:3]]
    weights = [[side and side["weight"] for side in (one["previous"], one["current"])] for one in changes]
    assert weights == [[70, None], [30, 70], [None, 30]]
    # The assignments of before the log are in it too
    assert len(logs) == 3 + len(calcom.data("GET", holder.path))
    assert len({entry["id"] for entry in logs}) == len(logs)


def test_a_changed_option_moves_to_the_end_of_the_unpaged_list(calcom: Caller) -> None:
    attribute = calcom.attribute("languages")["id"]
    first, *rest = calcom.data("GET", f"attributes/{attribute}/options?take=1")
    calcom.data("PATCH", f"attributes/{attribute}/options/{first['id']}", {"value": first["value"]})
    assert calcom.data("GET", f"attributes/{attribute}/options") == [*rest, first]


def test_options_are_not_unique_and_unknown_attributes_are_silent(calcom: Caller) -> None:
    attribute = calcom.attribute("shirt-size")["id"]
    calcom.data("POST", f"attributes/{attribute}/options", {"value": "M", "slug": "m"}, status=201)
    values = [row["value"] for row in calcom.data("GET", f"attributes/{attribute}/options")]
    assert values.count("M") == 3
    assert calcom.data("GET", "attributes/nope") is None
    assert calcom.data("GET", "attributes/nope/options/assigned") == []


def test_assigned_options_page_without_checks(calcom: Caller) -> None:
    path = f"attributes/{calcom.attribute('department')['id']}/options/assigned"
    rows = calcom.data("GET", f"{path}?take=100000")
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    assert sorted(user for row in rows for user in row["assignedUserIds"]) == calcom.members()
    assert calcom.data("GET", f"{path}?take=-1") == rows[-1:]
    assert calcom.data("GET", f"{path}?take=0") == []
    assert calcom.error("GET", f"{path}?take=abc")[0] == 500
    assert calcom.data("GET", f"{path}?take=2&skip=1") == rows[1:3]


class Away:
    """Out-of-office entries of two users without any."""

    def __init__(self, calcom: Caller) -> None:
        self.calcom = calcom
        busy = {row[name] for row in calcom.world.ooo for name in ("userId", "toUserId")}
        self.first, self.second = [user for user in calcom.members() if user not in busy][:2]

    def body(self, start: str, end: str, **fields: Any) -> dict[str, Any]:
        return {"start": f"{start}T00:00:00Z", "end": f"{end}T00:00:00Z", **fields}


def test_absences_snap_to_days(calcom: Caller) -> None:
    away = Away(calcom)
    path = f"users/{away.first}/ooo"
    made = calcom.data(
        "POST", path, {"start": "2027-03-01T15:30:00Z", "end": "2027-03-02T08:00:00.000Z"}, status=201
    )
    assert (made["start"], made["end"]) == ("2027-03-01T00:00:00.000Z", "2027-03-02T23:59:59.999Z")
    assert made["reason"] == "unspecified"
    assert calcom.error("POST", path, away.body("2027-03-01", "2027-03-02")) == (
        409,
        "Ooo entry already exists.",
    )
    calcom.data("POST", path, away.body("2027-03-01", "2027-03-03"), status=201)


@pytest.mark.parametrize(
    "moment",
    ["2027-03-01", "2027-03-01T00:00:00+00:00", "2027-03-01T00:00:00.000000Z", "2027-03-01t00:00:00z", 5, None,
     ["2027-03-01T00:00:00Z", "2027-03-02T00:00:00Z"], {"at": "2027-03-01T00:00:00Z"}],
)  # fmt: skip
def test_absences_take_one_date_format(calcom: Caller, moment: Any) -> None:
    away = Away(calcom)
    body = {"start": moment, "end": moment}
    assert calcom.error("POST", f"users/{away.first}/ooo", body) == (400, "Invalid Date.")


def test_a_list_of_one_moment_is_taken_for_that_moment(calcom: Caller) -> None:
    away = Away(calcom)
    body = {"start": ["2027-03-01T09:00:00Z"], "end": [["2027-03-02T00:00:00Z"]]}
    made = calcom.data("POST", f"users/{away.first}/ooo", body, status=201)
    assert (made["start"], made["end"]) == ("2027-03-01T00:00:00.000Z", "2027-03-02T23:59:59.999Z")


def test_covers_are_checked(calcom: Caller) -> None:
    away = Away(calcom)
    path, days = f"users/{away.first}/ooo", ("2028-01-01", "2028-01-09")
    outsider = calcom.world.users.first("email", "outsider@globex.example")
    assert outsider is not None
    for cover, text in (
        (away.first, "Cannot redirect to self."),
        (outsider["id"], "Cannot redirect to this user."),
        (0, "Invalid input: The referenced data does not exist."),
    ):
        assert calcom.error("POST", path, away.body(*days, toUserId=cover)) == (400, text)
    calcom.data("POST", path, away.body(*days, toUserId=away.second), status=201)
    # Whoever covers can not be away himself in that time, not even without a cover
    loop = calcom.error("POST", f"users/{away.second}/ooo", away.body("2028-01-05", "2028-01-20"))
    assert loop == (400, "Booking redirect infinite not allowed.")


def test_changing_an_absence(calcom: Caller) -> None:
    away = Away(calcom)
    made = calcom.data("POST", f"users/{away.first}/ooo", away.body("2027-05-01", "2027-05-02"), status=201)
    path = f"users/{away.first}/ooo/{made['id']}"
    assert calcom.error("PATCH", path, {"start": "2027-05-01T00:00:00Z"})[0] == 400
    assert calcom.error("PATCH", path, {"start": None, "end": None}) == (400, "Invalid Date.")
    # An update with its own dates finds itself
    assert calcom.error("PATCH", path, away.body("2027-05-01", "2027-05-02"))[0] == 409
    assert calcom.data("PATCH", path, {"reason": "sick", "notes": "n"})["reason"] == "sick"
    changed = calcom.data("PATCH", path, {"reason": None, "notes": None})
    assert (changed["reason"], changed["notes"]) == ("sick", None)
    foreign = f"users/{away.second}/ooo/{made['id']}"
    assert calcom.error("PATCH", foreign, {}) == (403, "This OOO entry does not belong to this user.")
    calcom.data("DELETE", path)
    assert calcom.error("DELETE", path)[0] == 403


def test_users(calcom: Caller) -> None:
    made = calcom.data("POST", "users", {"email": "New.One@lumen.example", "name": "dropped"}, status=201)
    assert (made["email"], made["name"]) == ("new.one@lumen.example", None)
    assert calcom.error("POST", "users", {"email": "new.one@lumen.example"})[0] == 409
    assert calcom.error("POST", "users", {"email": "a@b.test", "username": "a"})[0] == 400
    assert calcom.error("POST", "users", {"email": "w@lumen.example", "weekday": "Monday"})[0] == 500
    # The account is there although the answer was an error
    assert len(calcom.data("GET", "users?emails=w@lumen.example")) == 1
    assert calcom.data("PATCH", f"users/{made['id']}", {"metadata": {"hrId": "E-1"}})["metadata"] == {
        "hrId": "E-1"
    }
    calcom.data("DELETE", f"users/{made['id']}")
    assert calcom.error("DELETE", f"users/{made['id']}")[0] == 403
    assert not calcom.world.memberships.by("userId", made["id"])


def test_teams_and_their_members(calcom: Caller) -> None:
    team = calcom.data("POST", "teams", {"name": "Night Shift"}, status=201)
    assert team["slug"] == "night-shift"
    assert calcom.error("POST", "teams", {"name": "Night Shift"})[0] == 409
    assert calcom.error("PATCH", f"teams/{team['id']}", {"bio": "x"})[0] == 400
    path, user = f"teams/{team['id']}/memberships", calcom.members()[9]
    member = calcom.data("POST", path, {"userId": user}, status=201)
    assert calcom.error("POST", path, {"userId": user})[0] == 409
    assert calcom.error("POST", path, {"userId": 999_999})[0] == 422
    assert calcom.data("PATCH", f"{path}/{member['id']}", {"role": "ADMIN"})["role"] == "ADMIN"
    calcom.data("DELETE", f"{path}/{member['id']}")
    assert calcom.error("DELETE", f"{path}/{member['id']}")[0] == 404
    calcom.data("DELETE", f"teams/{team['id']}")
    assert calcom.error("GET", f"teams/{team['id']}")[0] == 404


def test_roles_follow_the_contract(calcom: Caller) -> None:
    made = calcom.data("POST", "roles", {"name": "Auditor", "permissions": ["booking.read"]}, status=201)
    path = f"roles/{made['id']}/permissions"
    assert calcom.data("POST", path, {"permissions": ["team.read", "booking.read"]}) == [
        "booking.read",
        "team.read",
    ]
    assert calcom.send("DELETE", f"{path}/booking.read").status == 204
    assert calcom.data("GET", path) == ["team.read"]
    assert calcom.data("GET", "roles")[0]["organizationId"] == calcom.organization_id
    calcom.data("DELETE", f"roles/{made['id']}")
    assert calcom.error("GET", f"roles/{made['id']}")[0] == 404


def test_the_same_seed_gives_the_same_organisation() -> None:
    one, two, other = Caller(), Caller(), Caller(seed=5)
    for path in ("users", "memberships", "attributes", "ooo", "teams"):
        assert one.send("GET", path).body == two.send("GET", path).body
    assert one.send("GET", "users").body != other.send("GET", "users").body

"""Rows of one resource become the lists of another."""

from __future__ import annotations

from calcom_provider.resources.model import Read
from calcom_provider.sync.reading.fan_out import FanOut, arguments_of, list_key, lists_of, needed_fields


def test_rows_that_neighbouring_pages_share_are_walked_once() -> None:
    fan_out = FanOut()
    fan_out.keep({"id"})
    fan_out.take([{"id": 1}, {"id": 2}], "", {}, restart=False)
    fan_out.take([{"id": 2}, {"id": 3}], "", {}, restart=False)
    read = Read("teams.get", over="teams", arguments={"teamId": "id"})
    assert [arguments_of(read, row) for row in lists_of(read, fan_out.rows())] == [
        {"teamId": 1},
        {"teamId": 2},
        {"teamId": 3},
    ]


def test_a_restarted_list_forgets_its_rows_and_no_others() -> None:
    fan_out = FanOut()
    fan_out.keep({"id"})
    fan_out.take([{"id": 1}], "a", {"clientId": "a"}, restart=False)
    fan_out.take([{"id": 2}], "b", {"clientId": "b"}, restart=False)
    fan_out.take([{"id": 3}], "a", {"clientId": "a"}, restart=True)
    read = Read("x", over="y", arguments={"clientId": "$clientId", "userId": "id"})
    assert [arguments_of(read, row) for row in lists_of(read, fan_out.rows())] == [
        {"clientId": "a", "userId": 3},
        {"clientId": "b", "userId": 2},
    ]


def test_only_rows_that_qualify_are_walked() -> None:
    read = Read("x", over="teams", arguments={"teamId": "id"}, where={"isOrganization": False})
    assert needed_fields(read) == {"id", "isOrganization"}
    fan_out = FanOut()
    fan_out.keep(needed_fields(read))
    fan_out.take(
        [{"id": 1, "isOrganization": True}, {"id": 2, "isOrganization": False}, {}], "", {}, restart=False
    )
    assert [arguments_of(read, row) for row in lists_of(read, fan_out.rows())] == [{"teamId": 2}]


def test_lists_are_named_by_their_arguments() -> None:
    assert list_key({}) == ""
    assert list_key({"teamId": 3, "eventTypeId": 9}) == "3,9"

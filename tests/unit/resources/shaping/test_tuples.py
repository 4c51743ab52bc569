"""Rows become tuples; what does not fit is refused before anything is written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.resources import get
from calcom_provider.resources.errors import SchemaChangedError
from calcom_provider.resources.policy import ColumnPolicy
from calcom_provider.resources.shaping.tuples import TableShaper, dumps

NOW = "2026-03-16T09:30:00.123Z"


def shaper(name: str, policy: ColumnPolicy | None = None, child: int | None = None) -> TableShaper:
    policy = policy or ColumnPolicy()
    resource = get(name)
    part = None if child is None else resource.children[child]
    table = resource.table if part is None else part.table
    assert table is not None
    return TableShaper(resource, part, policy.apply(table, main=part is None), policy)


def shaped(made: TableShaper, rows: list[dict[str, Any]], **arguments: Any) -> list[dict[str, Any]]:
    tuples = made.page(rows, 4242, arguments)
    names = made.table.names
    return [dict(zip(names, row, strict=False)) for row in tuples]


def user(**fields: Any) -> dict[str, Any]:
    return {
        "id": 7,
        "email": "a@example.test",
        "createdDate": NOW,
        "profile": {"id": 9, "username": "a"},
        **fields,
    }


def test_a_user_row_keeps_its_nested_profile_and_gets_the_organisation() -> None:
    (row,) = shaped(shaper("users"), [user(metadata={"b": 1, "a": [2]}, timeFormat=24)])
    assert row["organization_id"] == 4242
    assert (row["id"], row["profile_id"], row["profile_username"]) == (7, 9, "a")
    assert row["created_date"] == NOW
    assert row["metadata"] == '{"a":[2],"b":1}'
    assert row["time_format"] == 24
    assert row["name"] is None
    assert row["_extra"] is None


def test_a_pending_member_keeps_what_users_does_not_list() -> None:
    member = {
        "id": 1,
        "userId": 303,
        "accepted": False,
        "role": "MEMBER",
        "user": {"email": "p@example.test"},
    }
    (row,) = shaped(shaper("memberships"), [member | {"attributes": [{"id": "x", "option": "y"}]}])
    assert row["user_email"] == "p@example.test"
    assert row["accepted"] is False
    assert row["_extra"] is None


def test_assignments_are_one_row_for_each_option_and_person() -> None:
    rows = [
        {"id": "o1", "attributeId": "a1", "value": "x", "slug": "x", "assignedUserIds": [3, 1]},
        {"id": "o2", "attributeId": "a1", "value": "y", "slug": "y", "assignedUserIds": ["2"]},
        {"id": "o3", "attributeId": "a1", "value": "z", "slug": "z", "assignedUserIds": []},
    ]
    made = shaper("attribute_assignments", child=0)
    assert made.page(rows, 1, {"attributeId": "a1"}) == [
        (1, "a1", "o1", 3),
        (1, "a1", "o1", 1),
        (1, "a1", "o2", 2),
    ]


def test_children_know_their_parent_and_their_place() -> None:
    booking = {
        "id": 5,
        "attendees": [{"name": "A", "email": "a@example.test"}, {"name": "B", "email": "b@example.test"}],
        "hosts": [{"id": "unknown", "name": "unknown"}, {"id": 8}],
        "guests": ["g@example.test"],
    }
    attendees = shaped(shaper("bookings", child=0), [booking])
    assert [(row["booking_id"], row["position"], row["name"]) for row in attendees] == [
        (5, 0, "A"),
        (5, 1, "B"),
    ]
    hosts = shaped(shaper("bookings", child=1), [booking])
    assert [row["user_id"] for row in hosts] == [None, 8]
    guests = shaped(shaper("bookings", child=2), [booking])
    assert [(row["position"], row["email"]) for row in guests] == [(0, "g@example.test")]


def test_rows_without_items_have_no_children() -> None:
    assert shaper("bookings", child=0).page([{"id": 5}, {"id": 6, "attendees": None}], 1, {}) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "seven"),
        ("email", 5),
        ("hideBranding", "yes"),
        ("timeFormat", True),
        ("timeFormat", 1.5),
        ("timeFormat", 2**63),
        ("createdDate", "yesterday"),
        ("createdDate", 1700000000),
        ("profile", "x"),
    ],
)
def test_a_changed_type_is_refused(field: str, value: Any) -> None:
    with pytest.raises(SchemaChangedError) as caught:
        shaped(shaper("users"), [user(), user(id=8, **{field: value}) if field != "id" else user(id=value)])
    assert "users" in str(caught.value)
    if isinstance(value, str):
        assert value not in str(caught.value)


def test_a_null_key_is_refused_and_any_other_null_is_fine() -> None:
    with pytest.raises(SchemaChangedError, match="key"):
        shaped(shaper("users"), [user(id=None)])
    every = dict.fromkeys(
        ("email", "name", "createdDate", "hideBranding", "timeFormat", "metadata", "profile")
    )
    (row,) = shaped(shaper("users"), [user() | every])
    assert row["id"] == 7


@pytest.mark.parametrize(
    ("given_time", "kept"),
    [
        (NOW, NOW),
        ("2026-03-16T09:30:00Z", "2026-03-16T09:30:00.000Z"),
        ("2026-03-16T11:30:00.5+02:00", "2026-03-16T09:30:00.500Z"),
        ("", None),
    ],
)
def test_times_are_utc_with_milliseconds(given_time: str, kept: str | None) -> None:
    (row,) = shaped(shaper("users"), [user(createdDate=given_time)])
    assert row["created_date"] == kept


def test_a_whole_float_counts_as_a_number() -> None:
    (row,) = shaped(shaper("users"), [user(timeFormat=24.0)])
    assert row["time_format"] == 24
    assert isinstance(row["time_format"], int)


def test_unknown_fields_are_kept_without_what_looks_secret() -> None:
    row = user(
        jobTitle={"name": "x", "apiKey": "k1"},
        sessionToken="k2",
        profileUrl="k3",
        list=[{"password": "k4", "a": 1}],
    )
    row["profile"]["badge"] = "gold"
    (made,) = shaped(shaper("users"), [row])
    assert made["_extra"] == '{"jobTitle":{"name":"x"},"list":[{"a":1}],"profile.badge":"gold"}'


def test_only_rows_with_unknown_fields_get_extra() -> None:
    rows = shaped(shaper("users"), [user(), user(id=8, badge=1)])
    assert [row["_extra"] for row in rows] == [None, '{"badge":1}']


def test_a_frozen_schema_refuses_unknown_fields_and_has_no_extra() -> None:
    made = shaper("users", ColumnPolicy(schema_evolution="freeze"))
    assert "_extra" not in made.table.names
    shaped(made, [user(apiToken="dropped")])
    with pytest.raises(SchemaChangedError, match="badge"):
        shaped(made, [user(badge="gold")])


def test_an_evolving_schema_adds_columns_once_and_keeps_their_type() -> None:
    made = shaper("users", ColumnPolicy(schema_evolution="evolve"))
    width = len(made.table.names)
    rows = made.page([user(), user(id=8, jobTitle="x", level=3, tags=["a"])], 1, {})
    added = made.new_columns()
    assert [(column.name, column.type) for column in added] == [
        ("job_title", "text"),
        ("level", "integer"),
        ("tags", "json"),
    ]
    assert [row[width:] for row in rows] == [(None, None, None), ("x", 3, '["a"]')]
    assert made.page([user(id=9, level=4)], 1, {})[0][width:] == (None, 4, None)
    assert made.page([user(id=9)], 1, {})[0][width:] == (None, None, None)
    assert made.new_columns() == []
    with pytest.raises(SchemaChangedError, match="level"):
        made.page([user(id=10, level="high")], 1, {})


def test_sensitive_columns_need_to_be_asked_for_and_secrets_to_be_named() -> None:
    assert {"reason", "notes"}.isdisjoint(shaper("ooo_entries").table.names)
    assert {"reason", "notes"} <= set(shaper("ooo_entries", ColumnPolicy(sensitive=True)).table.names)
    assert "reason" in shaper("ooo_entries", ColumnPolicy(include=frozenset({"reason"}))).table.names
    assert "secret" not in shaper("webhooks", ColumnPolicy(sensitive=True)).table.names
    assert "secret" not in shaper("webhooks", ColumnPolicy(include=frozenset({"secret"}))).table.names
    assert "secret" in shaper("webhooks", ColumnPolicy(include=frozenset({"webhooks.secret"}))).table.names


def test_what_a_policy_leaves_out_does_not_come_back_as_extra() -> None:
    entry = {"id": 1, "userId": 2, "reason": "sick", "notes": "private", "start": NOW, "end": NOW}
    (row,) = shaped(shaper("ooo_entries"), [entry])
    assert row["_extra"] is None
    assert "sick" not in map(str, row.values())


def test_columns_can_be_selected_renamed_hashed_and_dropped() -> None:
    policy = ColumnPolicy(
        select={"users": frozenset({"email", "name", "bio"})},
        drop=frozenset({"users.bio"}),
        rename={"users.email": "mail", "id": "user_key"},
        hash=frozenset({"email"}),
        hash_key=b"0123456789abcdef",
    )
    made = shaper("users", policy)
    assert made.table.names == ("organization_id", "user_key", "name", "mail", "_extra")
    assert made.table.key == ("organization_id", "user_key")
    first, second, third = shaped(made, [user(), user(id=8), user(id=9, email=None)])
    assert first["mail"] == second["mail"]
    assert len(first["mail"]) == 64
    assert third["mail"] is None
    other = shaper("users", ColumnPolicy(hash=frozenset({"email"}), hash_key=b"fedcba9876543210"))
    assert shaped(other, [user()])[0]["email"] != first["mail"]


def test_policies_that_cannot_work_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="16 bytes"):
        ColumnPolicy(hash=frozenset({"email"}), hash_key=b"short")
    with pytest.raises(ConfigurationError, match="[Kk]ey"):
        shaper("users", ColumnPolicy(drop=frozenset({"id"})))
    with pytest.raises(ConfigurationError, match="same name"):
        shaper("users", ColumnPolicy(rename={"email": "name"}))


def test_a_fingerprint_tells_policies_apart() -> None:
    table = get("users").table
    assert table is not None
    policies = [
        ColumnPolicy(),
        ColumnPolicy(drop=frozenset({"bio"})),
        ColumnPolicy(rename={"bio": "about"}),
        ColumnPolicy(schema_evolution="freeze"),
        ColumnPolicy(hash=frozenset({"email"}), hash_key=b"0123456789abcdef"),
        ColumnPolicy(hash=frozenset({"email"}), hash_key=b"0123456789abcdeg"),
    ]
    assert len({policy.fingerprint(table) for policy in policies}) == len(policies)
    assert ColumnPolicy().fingerprint(table) == ColumnPolicy().fingerprint(table)


def test_a_policy_shows_no_key() -> None:
    assert "0123456789" not in repr(ColumnPolicy(hash=frozenset({"email"}), hash_key=b"0123456789abcdef"))


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.lists(st.integers()),
)


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["name", "bio", "timeFormat", "createdDate"]), values), max_size=4
    )
)
def test_pages_either_fit_their_declared_types_or_are_refused(changes: list[dict[str, Any]]) -> None:
    made = shaper("users")
    rows = [user(id=number, **change) for number, change in enumerate(changes)]
    try:
        tuples = made.page(rows, 1, {})
    except SchemaChangedError:
        return
    allowed = {"integer": int, "text": str, "boolean": bool, "timestamp": str, "json": str}
    assert [row[1] for row in tuples] == list(range(len(rows)))
    for row in tuples:
        for column, value in zip(made.table.columns, row, strict=True):
            assert value is None or type(value) is allowed[column.type]


def nested(levels: int) -> Any:
    value: Any = "end"
    for _ in range(levels):
        value = [value]
    return value


def test_a_value_that_is_nested_too_deeply_is_refused_in_words_of_ours() -> None:
    assert dumps(nested(300)).count("[") == 300
    with pytest.raises(SchemaChangedError, match="nested too deeply to be stored"):
        dumps(nested(5_000))

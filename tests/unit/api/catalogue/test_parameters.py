"""Parameters are checked before a request is sent, and laid out as the API really takes them."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcom_provider.api.catalogue.operations import catalogue, resolve
from calcom_provider.api.catalogue.parameters import bind
from calcom_provider.api.errors import ParameterError


def laid_out(name: str, **given: Any) -> tuple[str, list[tuple[str, str]], Any]:
    bound = bind(resolve(name), {"orgId": 1} | given)
    return bound.path, parse_qsl(bound.query), orjson.loads(bound.body) if bound.body else None


def refused(name: str, **given: Any) -> ParameterError:
    with pytest.raises(ParameterError) as caught:
        bind(resolve(name), {"orgId": 1} | given)
    assert caught.value.operation == name
    return caught.value


def test_styles_of_lists() -> None:
    assert laid_out("org_users.list", teamIds=[1, 2])[1] == [("teamIds", "1,2")]
    assert laid_out("org_users.list", emails=["a", "b"])[1] == [("emails", "a"), ("emails", "b")]
    assert laid_out("org_users.list", emails="a")[1] == [("emails", "a")]
    assert laid_out("org_users.list", teamIds=[])[1] == []
    query = bind(
        resolve("calendars.list_busy_times"),
        {
            "loggedInUsersTz": "Europe/Rome",
            "dateFrom": "2026-01-01",
            "dateTo": "2026-01-02",
            "calendarsToLoad": [{"credentialId": 3, "externalId": "x@y.example"}],
        },
    ).query
    assert ("calendarsToLoad[0][credentialId]", "3") in parse_qsl(query)
    assert ("calendarsToLoad[0][externalId]", "x@y.example") in parse_qsl(query)


def test_times_are_utc_with_milliseconds() -> None:
    rome = timezone(timedelta(hours=2))
    body = laid_out(
        "org_user_ooo.create",
        userId=7,
        start=datetime(2026, 6, 1, 1, 30, 0, 123456, tzinfo=rome),
        end=date(2026, 6, 2),
    )[2]
    assert body == {"start": "2026-05-31T23:30:00.123Z", "end": "2026-06-02T00:00:00.000Z"}
    assert "time zone" in str(refused("org_user_ooo.create", userId=7, start=datetime(2026, 6, 1), end="x"))


def test_path_segments_are_quoted_and_cannot_climb() -> None:
    path = laid_out("org_attribute_options.list_assigned_by_slug", attributeSlug="a/b ?c")[0]
    assert path == "/organizations/1/attributes/slugs/a%2Fb%20%3Fc/options/assigned"
    for value in ("", " ", ".", ".."):
        refused("org_attribute_options.list_assigned_by_slug", attributeSlug=value)


def test_text_from_templates_becomes_what_the_api_takes() -> None:
    path, _, body = laid_out("org_memberships.create", userId="7", role="MEMBER", accepted="true")
    assert body == {"userId": 7, "role": "MEMBER", "accepted": True}
    assert path == "/organizations/1/memberships"
    assert laid_out("org_teams.get", teamId=UUID(int=3).int)[0] == "/organizations/1/teams/3"


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("org_users.list", {"emial": "x"}, "did you mean emails?"),
        ("org_users.list", {"zzz": "x"}, "Known are:"),
        ("org_teams.get", {}, "teamId is missing"),
        ("org_teams.get", {"teamId": "x"}, "whole number"),
        ("org_teams.get", {"teamId": True}, "whole number"),
        ("org_teams.get", {"teamId": 1.5}, "whole number"),
        ("org_teams.get", {"teamId": None}, "cannot be null"),
        ("org_memberships.list", {"take": 0}, "from 1 to 250"),
        ("org_memberships.list", {"take": 251}, "from 1 to 250"),
        ("org_memberships.create", {"userId": 1, "role": "BOSS", "accepted": True}, "one of: MEMBER"),
        ("org_memberships.create", {"userId": 1, "role": "MEMBER", "accepted": 1}, "true or false"),
        ("org_memberships.create", {"userId": 1, "accepted": True}, "role"),
        ("org_memberships.create", {"userId": 1, "role": "MEMBER"}, "accepted"),
        ("org_memberships.create", {"role": "MEMBER", "accepted": True}, "exactly one of userId, email"),
        ("org_user_ooo.update", {"userId": 1, "oooId": 2, "start": "x"}, "only together"),
        ("org_users.create", {"email": "a@b.example", "weekday": "Monday"}, "half-made user"),
        ("org_attribute_options.create", {"attributeId": "a", "value": 5, "slug": "x"}, "must be text"),
        ("org_attribute_options.create", {"attributeId": "a", "value": object(), "slug": "x"}, "JSON"),
    ],
)
def test_refused(name: str, given: dict[str, Any], words: str) -> None:
    error = refused(name, **given)
    assert words.lower() in str(error).lower()
    assert "a@b.example" not in str(error)
    assert "\n" not in str(error)


def test_none_leaves_a_filter_out_and_is_null_in_a_body() -> None:
    assert laid_out("org_users.list", emails=None, take=5)[1] == [("take", "5")]
    assert laid_out("org_user_ooo.update", userId=1, oooId=2, toUserId=None)[2] == {"toUserId": None}


def test_answers_of_a_form_go_into_the_body_under_any_name() -> None:
    _, query, body = laid_out(
        "org_routing_form_responses.create",
        routingFormId="f",
        start="2026-01-01",
        end="2026-01-02",
        **{"what is it?": ["a"]},
    )
    assert body == {"what is it?": ["a"]}
    assert dict(query)["start"] == "2026-01-01"


@given(st.sampled_from(sorted(catalogue().by_name)), st.text(min_size=1, max_size=12))
def test_an_unknown_name_never_reaches_the_api(name: str, parameter: str) -> None:
    operation = resolve(name)
    if operation.free_body or any(one.name == parameter for one in operation.parameters):
        return
    with pytest.raises(ParameterError):
        bind(operation, {parameter: "x"})


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_survives_the_query(first: str, second: str) -> None:
    query = bind(resolve("org_users.list"), {"orgId": 1, "emails": [first, second]}).query
    assert parse_qsl(query, keep_blank_values=True) == [("emails", first), ("emails", second)]

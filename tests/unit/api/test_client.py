"""What goes onto the wire, and what comes back from it."""

from __future__ import annotations

import gzip
import json
import threading
from typing import Any

import pytest

from calcom_provider import __version__
from calcom_provider.api.errors import (
    AuthenticationError,
    ConfigurationError,
    ConfirmationRequiredError,
    IncompleteReadError,
    NotCalComError,
    ParameterError,
    UnknownOperationError,
)
from calcom_provider.api.http.auth import ApiKey
from calcom_provider.api.http.transport import RequestsTransport
from tests.plugins.api import KEY, Reply, Seen, client_for, success


def test_headers_of_every_request(http_server: Any, make_client: Any) -> None:
    http_server.replies = [success({"id": 1})]
    make_client(user_agent_suffix="tests").call("me.get")
    headers = http_server.seen[0].headers
    assert headers["user-agent"] == f"airflow-provider-calcom/{__version__} tests"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["accept-encoding"] == "gzip"
    assert "origin" not in headers
    assert "cookie" not in headers
    assert "cal-api-version" not in headers
    assert "content-type" not in headers


def test_the_version_header_is_sent_only_where_the_operation_has_one(
    http_server: Any, make_client: Any
) -> None:
    http_server.answer = lambda seen: success([])
    client = make_client()
    client.call("bookings.list", take=1)
    client.call("org_memberships.list", take=1)
    assert [seen.headers.get("cal-api-version") for seen in http_server.seen] == ["2024-08-13", None]


def test_path_query_and_body(http_server: Any, make_client: Any) -> None:
    http_server.answer = lambda seen: success({} if seen.method == "POST" else [])
    client = make_client()
    client.call("org_memberships.create", userId=7, role="MEMBER", accepted=True)
    client.call("org_users.list", emails=["a+b@x.example", "c@x.example"], teamIds=[1, 2], take=3)
    post, get = http_server.seen
    assert (post.method, post.path) == ("POST", "/v2/organizations/4242/memberships")
    assert post.json == {"userId": 7, "role": "MEMBER", "accepted": True}
    assert post.headers["content-type"] == "application/json"
    assert ("teamIds", "1,2") in get.query
    assert [value for name, value in get.query if name == "emails"] == ["a+b@x.example", "c@x.example"]


def test_organization_is_asked_once_when_not_given(http_server: Any, make_client: Any) -> None:
    http_server.answer = lambda seen: (
        success({"id": 1, "organizationId": 99}) if seen.path == "/v2/me" else success([])
    )
    client = make_client(organization_id=None)
    client.call("org_teams.list")
    client.call("org_teams.list")
    client.call("org_teams.list", orgId=5)
    assert [seen.path for seen in http_server.seen] == [
        "/v2/me",
        "/v2/organizations/99/teams",
        "/v2/organizations/99/teams",
        "/v2/organizations/5/teams",
    ]
    assert client.organization_id == 99


def test_who_the_credential_is_can_be_asked_ahead(http_server: Any, make_client: Any) -> None:
    answered = threading.Event()

    def late(seen: Seen) -> Reply:
        assert answered.wait(30)
        return success({"id": 1, "organizationId": 99})

    http_server.answer = late
    client = make_client(organization_id=None)
    client.ask_ahead()
    client.ask_ahead()
    answered.set()
    assert (client.organization_id, client.me()["id"]) == (99, 1)
    client.ask_ahead()
    assert [seen.path for seen in http_server.seen] == ["/v2/me"]


def test_what_goes_wrong_ahead_is_raised_where_the_answer_is_needed(
    http_server: Any, make_client: Any
) -> None:
    http_server.answer = lambda seen: Reply(401, {"status": "error"})
    client = make_client(organization_id=None)
    client.ask_ahead()
    for _ in range(2):
        with pytest.raises(AuthenticationError):
            client.me()


def test_nothing_is_asked_ahead_where_the_organization_is_given(http_server: Any, make_client: Any) -> None:
    client = make_client(organization_id=7)
    client.ask_ahead()
    client.close()
    assert http_server.seen == []


def test_an_account_without_an_organization_is_told_so(http_server: Any, make_client: Any) -> None:
    http_server.answer = lambda seen: success({"id": 1, "organizationId": None})
    client = make_client(organization_id=None)
    assert client.organization_id is None
    with pytest.raises(ConfigurationError, match="belongs to no organisation"):
        client.call("org_teams.list")


def test_nothing_is_sent_for_a_call_that_cannot_be_right(http_server: Any, make_client: Any) -> None:
    client = make_client()
    with pytest.raises(UnknownOperationError, match="org_memberships.list"):
        client.call("org_membership.list")
    with pytest.raises(ParameterError, match="emails"):
        client.call("org_users.list", emial="x@x.example")
    with pytest.raises(ConfirmationRequiredError, match=r"confirm='org_users.delete'"):
        client.call("org_users.delete", userId=3)
    with pytest.raises(ParameterError, match="page_size"):
        client.pages("org_memberships.list", page_size=1000)
    with pytest.raises(ParameterError, match="skip"):
        client.pages("org_memberships.list", skip=3)
    assert http_server.seen == []


@pytest.mark.parametrize("confirm", [True, "org_users.delete"])
def test_a_confirmed_call_is_sent(http_server: Any, make_client: Any, confirm: object) -> None:
    http_server.replies = [success({"id": 3})]
    assert make_client().call("org_users.delete", userId=3, confirm=confirm) == {"id": 3}


def test_a_packed_answer_is_unpacked(http_server: Any, make_client: Any) -> None:
    body = gzip.compress(json.dumps({"status": "success", "data": [{"id": 1}]}).encode())
    http_server.replies = [Reply(200, body, {"Content-Encoding": "gzip"})]
    assert make_client().call("org_teams.list") == [{"id": 1}]


def test_answer_without_a_body(http_server: Any, make_client: Any) -> None:
    http_server.replies = [Reply(204)]
    answer = make_client().send("org_role_permissions.remove", roleId="r", permission="team.read")
    assert answer.status == 204
    assert answer.data is None


def test_the_answer_shows_no_content_in_its_text(http_server: Any, make_client: Any) -> None:
    http_server.replies = [success({"apiKey": "hush"}, pagination={"totalItems": 1})]
    answer = make_client().send("me.get")
    assert "hush" not in repr(answer)
    assert answer.pagination == {"totalItems": 1}


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"<html>Welcome</html>", {"Content-Type": "text/html"}),
        Reply(200, {"hello": "world"}),
        Reply(200, [1, 2]),
        Reply(302, b"", {"Location": "https://elsewhere.example/login?token=hush"}),
        Reply(404, b"<html>Not found</html>", {"Content-Type": "text/html"}),
        Reply(403, b"Forbidden by proxy", {"Content-Type": "text/plain"}),
    ],
)
def test_a_site_that_is_no_calcom_is_told_from_one(http_server: Any, make_client: Any, reply: Reply) -> None:
    http_server.replies = [reply]
    with pytest.raises(NotCalComError) as caught:
        make_client().call("me.get")
    assert "base URL" in str(caught.value)
    assert "hush" not in str(caught.value)
    assert len(http_server.seen) == 1


def test_rows_come_once_and_an_unproven_read_says_so(http_server: Any, make_client: Any) -> None:
    http_server.answer = lambda seen: success([{"id": 1}, {"id": 2}, {"id": 2}])
    assert list(make_client().rows("org_teams.list")) == [{"id": 1}, {"id": 2}]
    turn = iter(range(100_000))
    # Other rows at each request: no two passes agree.
    http_server.answer = lambda seen: success(
        [{"id": f"{next(turn)}"} for _ in range(250 if "skip" not in dict(seen.query) else 9)]
    )
    with pytest.raises(IncompleteReadError, match="org_webhooks.list"):
        list(make_client().rows("org_webhooks.list"))


def test_an_unchanged_page_is_neither_parsed_nor_sent_again(http_server: Any, make_client: Any) -> None:
    rows = [{"id": 1}, {"id": 2}]

    def answer(seen: Seen) -> Reply:
        if seen.headers.get("if-none-match") == 'W/"x"':
            return Reply(304, None, {"ETag": 'W/"x"'})
        return Reply(200, {"status": "success", "data": rows}, {"ETag": 'W/"x"'})

    from calcom_provider.api.paging.reader import KnownPage

    http_server.answer = answer
    client = make_client()
    (first,) = client.pages("org_teams.list")
    assert (first.count, first.first_key, first.last_key, first.unchanged) == (2, 1, 2, False)
    marks = KnownPage(first.digest, first.etag, first.count, first.first_key, first.last_key)
    reader = client.pages("org_teams.list", known={0: marks})
    (second,) = reader
    assert (second.rows, second.unchanged, second.digest, second.count) == (None, True, first.digest, 2)
    assert reader.complete
    assert client.stats.unchanged == 1
    # Without an ETag the body comes again, and its digest tells.
    marks = KnownPage(first.digest, None, first.count, first.first_key, first.last_key)
    (third,) = client.pages("org_teams.list", known={0: marks})
    assert (third.rows, third.unchanged) == (None, True)
    rows.append({"id": 3})
    (fourth,) = client.pages("org_teams.list", known={0: marks})
    assert (fourth.unchanged, fourth.count) == (False, 3)


def test_a_smaller_page_size_is_used_where_the_usual_one_is_refused(
    http_server: Any, make_client: Any
) -> None:
    from tests.plugins.api import error

    def answer(seen: Seen) -> Reply:
        query = dict(seen.query)
        take, skip = int(query["take"]), int(query.get("skip", 0))
        if take > 250:
            return error(400, "BadRequestException", "Bad Request Exception")
        return success([{"id": number} for number in range(600)][skip : skip + take])

    http_server.answer = answer
    client = make_client()
    reader = client.pages("org_users.list")
    assert {row["id"] for page in reader for row in page.rows} == set(range(600))
    assert reader.complete
    assert client.pages("org_users.list").page_size == 1000
    list(client.pages("org_users.list"))
    assert [dict(seen.query)["take"] for seen in http_server.seen].count("1000") == 1


def test_the_window_of_managed_users_ends_where_the_api_ends_it(http_server: Any, make_client: Any) -> None:
    size = 560

    def answer(seen: Seen) -> Reply:
        query = dict(seen.query)
        limit, offset = int(query["limit"]), int(query.get("offset", 0))
        assert offset <= 250
        return success([{"id": number} for number in range(size)][offset : offset + limit])

    http_server.answer = answer
    reader = make_client().pages("oauth_client_users.list", clientId="c")
    seen = {row["id"] for page in reader for row in page.rows}
    assert seen == set(range(500))
    assert not reader.complete
    assert "first 500 rows" in reader.reason
    size = 480
    reader = make_client().pages("oauth_client_users.list", clientId="c")
    assert {row["id"] for page in reader for row in page.rows} == set(range(480))
    assert reader.complete, reader.reason


def test_a_list_with_a_cursor(http_server: Any, make_client: Any) -> None:
    pages = {None: (["a", "b"], "2"), "2": (["c"], None)}

    def answer(seen: Seen) -> Reply:
        rows, following = pages[dict(seen.query).get("cursor")]
        return success(
            {
                "userId": 7,
                "auditLogs": [{"id": one} for one in rows],
                "hasMore": bool(following),
                "nextCursor": following,
            }
        )

    http_server.answer = answer
    reader = make_client().pages("org_attribute_assignments.list_history", userId=7)
    assert [row["id"] for page in reader for row in page.rows] == ["a", "b", "c"]
    assert reader.complete


def test_bookings_end_at_a_short_page_and_are_counted(http_server: Any, make_client: Any) -> None:
    rows = [{"id": number} for number in range(605)]

    def answer(seen: Seen) -> Reply:
        query = dict(seen.query)
        take, skip = int(query["take"]), int(query.get("skip", 0))
        # The API says hasNextPage also where nothing follows.
        return success(rows[skip : skip + take], pagination={"totalItems": 605, "hasNextPage": True})

    http_server.answer = answer
    reader = make_client().pages("org_bookings.list")
    pages = list(reader)
    assert [page.count for page in pages] == [250, 250, 105]
    assert pages[0].pagination == {"totalItems": 605, "hasNextPage": True}
    assert reader.complete
    assert reader.requests == 3
    rows[300] = rows[10]
    reader = make_client().pages("org_bookings.list")
    assert [page.restart for page in reader].count(True) == 2
    assert not reader.complete


def test_many_threads_share_a_client(http_server: Any, make_client: Any) -> None:
    http_server.answer = lambda seen: success({"id": 1})
    client = make_client()
    threads = [threading.Thread(target=lambda: [client.call("me.get") for _ in range(10)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.stats.requests == len(http_server.seen) == 80
    assert client.stats.bytes > 80


def test_text_form_and_closing(http_server: Any) -> None:
    client = client_for(http_server.url, auth=ApiKey(KEY))
    assert KEY not in repr(client)
    transport = RequestsTransport()
    with client_for(http_server.url, transport=transport):
        pass
    http_server.replies = [success({"id": 1})]
    # A transport that was handed in stays open.
    with client_for(http_server.url, transport=transport) as again:
        assert again.me() == {"id": 1}
    transport.close()

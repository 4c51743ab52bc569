"""What fails is repeated as its retry class allows, over a real connection, and never blindly."""

from __future__ import annotations

from typing import Any

import pytest

from calcom_provider.api.errors import (
    ConflictError,
    InvalidRequestError,
    RateLimitError,
    ServerError,
    TransportError,
    UnclearOutcomeError,
)
from calcom_provider.api.http.retries import RetryPolicy
from calcom_provider.api.rate_limit.governor import Governor
from tests.plugins.api import QUICK, Reply, client_for, error, success

READ = ("org_teams.list", {})
REPEATABLE = ("org_memberships.create", {"userId": 7, "role": "MEMBER", "accepted": True})
LOOK_FIRST = (
    "org_user_ooo.create",
    {"userId": 7, "start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"},
)
NEVER = ("org_attribute_options.create", {"attributeId": "a", "value": "x", "slug": "x"})
HTML = Reply(502, b"<html>Bad gateway</html>", {"Content-Type": "text/html"})
FAULTS = {
    "502 html": HTML,
    "503": error(503, "X", "down"),
    "504": Reply(504),
    "524": Reply(524, b"proxy"),
    "drop": Reply(drop=True),
    "reset": Reply(reset=True),
    "cut": Reply(200, {"status": "success", "data": [1, 2, 3]}, cut=20),
    "half json": Reply(200, b'{"status":"success","data":[1,'),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", [READ, REPEATABLE])
def test_what_may_be_repeated_is(http_server: Any, make_client: Any, fault: str, call: Any) -> None:
    http_server.replies = [FAULTS[fault]] * 7 + [success([{"id": "done"}])]
    client = make_client()
    assert client.call(call[0], **call[1]) == [{"id": "done"}]
    assert len(http_server.seen) == 8
    assert client.stats.retries == 7


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", [LOOK_FIRST, NEVER])
def test_what_must_not_be_repeated_is_unclear(
    http_server: Any, make_client: Any, fault: str, call: Any
) -> None:
    http_server.replies = [FAULTS[fault]] * 8
    with pytest.raises(UnclearOutcomeError) as caught:
        make_client().call(call[0], **call[1])
    assert len(http_server.seen) == 1
    assert "may have taken effect" in str(caught.value)
    assert "before writing again" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_attempts_are_a_setting_and_end(http_server: Any, make_client: Any) -> None:
    http_server.replies = [HTML] * 9
    with pytest.raises(ServerError, match="HTTP 502"):
        make_client(retries=RetryPolicy(attempts=3, first_wait=0.001)).call("me.get")
    assert len(http_server.seen) == 3


def test_the_deadline_is_a_setting(http_server: Any, make_client: Any) -> None:
    http_server.replies = [HTML] * 9
    with pytest.raises(ServerError):
        make_client(retries=RetryPolicy(deadline=0.0, first_wait=0.001)).call("me.get")
    assert len(http_server.seen) == 1


PLAIN_500 = Reply(500, {"statusCode": 500, "message": "Internal server error"})


def test_500_is_tried_three_times(http_server: Any, make_client: Any) -> None:
    http_server.replies = [PLAIN_500] * 9
    with pytest.raises(ServerError) as caught:
        make_client().call("org_teams.list")
    assert len(http_server.seen) == 3
    assert "no reason given" in str(caught.value)


def test_500_that_input_causes_is_not_repeated(http_server: Any, make_client: Any) -> None:
    http_server.replies = [PLAIN_500] * 9
    with pytest.raises(ServerError):
        make_client().call("org_attribute_options.list_assigned", attributeId="a")
    assert len(http_server.seen) == 1


def test_a_mixture_counts_each_failure(http_server: Any, make_client: Any) -> None:
    http_server.replies = [PLAIN_500, HTML, Reply(drop=True), success([])]
    assert make_client().call("org_teams.list") == []


@pytest.mark.parametrize("call", [READ, REPEATABLE, LOOK_FIRST, NEVER])
def test_a_refused_connection_never_arrived_so_anything_is_repeated(call: Any) -> None:
    with client_for("http://127.0.0.1:9/v2") as client:
        with pytest.raises(TransportError) as caught:
            client.call(call[0], **call[1])
        assert not isinstance(caught.value, UnclearOutcomeError)
        assert (caught.value.kind, caught.value.sent) == ("refused", False)
        assert client.stats.requests == 8
    assert "127.0.0.1:9" in str(caught.value)
    assert "/v2" not in str(caught.value)


@pytest.mark.parametrize("call", [READ, LOOK_FIRST, NEVER])
def test_a_429_never_arrived_so_anything_is_repeated(http_server: Any, call: Any) -> None:
    stated = {
        "X-RateLimit-Limit-Default": "120",
        "X-RateLimit-Remaining-Default": "0",
        "X-RateLimit-Reset-Default": "60",
    }
    slept: list[float] = []
    now = [1000.0]

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    from calcom_provider.api.rate_limit.state import MemoryStateStore

    governor = Governor(MemoryStateStore(lambda: now[0]), clock=lambda: now[0], sleep=sleep)
    text = "CustomThrottlerGuard - Too many requests. Please try again later."
    refusal = error(429, "ThrottlerException", text, text)
    refusal.headers = stated
    http_server.replies = [refusal, success([])]
    with client_for(http_server.url, governor=governor) as client:
        assert client.call(call[0], **call[1]) == []
        assert client.stats.throttled == 1
    assert 60 <= sum(slept) <= 61.5
    assert client.stats.waited_seconds == pytest.approx(sum(slept))


def test_a_429_that_stays_is_raised_with_its_wait(http_server: Any, make_client: Any) -> None:
    refusal = error(429, "ThrottlerException", "Too many requests")
    refusal.headers = {"Retry-After": "30"}
    http_server.replies = [refusal] * 9
    with pytest.raises(RateLimitError) as caught:
        make_client(retries=RetryPolicy(attempts=1)).call("me.get")
    assert caught.value.retry_after == 30
    assert len(http_server.seen) == 1


@pytest.mark.parametrize("status", [400, 404, 409, 413, 422])
def test_a_refusal_is_final(http_server: Any, make_client: Any, status: int) -> None:
    http_server.replies = [error(status, "X", "no")] * 2
    with pytest.raises((InvalidRequestError, ConflictError, Exception)) as caught:
        make_client().call("org_teams.list")
    assert caught.value.status == status
    assert caught.value.repeated is False
    assert len(http_server.seen) == 1


def test_a_refusal_after_an_unclear_attempt_says_so(http_server: Any, make_client: Any) -> None:
    # The first may have landed, so the conflict may be its own doing; the caller has to look.
    http_server.replies = [Reply(drop=True), error(409, "CONFLICT", "exists")]
    with pytest.raises(ConflictError) as caught:
        make_client().call("org_team_memberships.create", teamId=3, userId=7, role="MEMBER")
    assert caught.value.repeated is True


def test_a_silent_server_is_given_up(http_server: Any) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v2"
        policy = RetryPolicy(attempts=2, first_wait=QUICK.first_wait)
        with client_for(url, timeout=(0.5, 0.2), retries=policy) as client:
            with pytest.raises(TransportError) as caught:
                client.call("me.get")
            assert caught.value.kind == "read_timeout"
            assert client.stats.requests == 2

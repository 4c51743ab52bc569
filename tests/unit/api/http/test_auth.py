"""Credentials go onto requests as the API takes them and nowhere else."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from calcom_provider.api.errors import AuthenticationError, ConfigurationError
from calcom_provider.api.http.auth import AccessToken, ApiKey, Auth, ManagedUser, PlatformClient
from tests.plugins.api import Reply, Seen, error, success


def test_headers() -> None:
    assert ApiKey(" cal_x1 \n").headers() == {"Authorization": "Bearer cal_x1"}
    assert AccessToken("Bearer jwt").headers() == {"Authorization": "Bearer jwt"}
    assert PlatformClient("id", "s3").headers() == {"x-cal-client-id": "id", "x-cal-secret-key": "s3"}
    assert ManagedUser("id", "s3", 7, "tok").headers() == {"Authorization": "Bearer tok"}


@pytest.mark.parametrize(
    "auth",
    [
        ApiKey("cal_hush"),
        AccessToken("hush"),
        PlatformClient("id", "hush"),
        ManagedUser("id", "hush", 7, "hush2"),
    ],
)
def test_nothing_secret_in_text_or_fingerprint(auth: Auth) -> None:
    assert "hush" not in repr(auth)
    assert "hush" not in str(auth)
    assert len(auth.fingerprint) == 64
    assert any("hush" in secret for secret in auth.secrets)


def test_fingerprints_tell_credentials_apart() -> None:
    prints = {ApiKey("a").fingerprint, ApiKey("b").fingerprint, PlatformClient("a", "b").fingerprint}
    assert len(prints) == 3
    assert PlatformClient("a", "b").fingerprint == PlatformClient("a", "c").fingerprint


@pytest.mark.parametrize("key", ["", "  ", "cal_a b", "cal_ä", "cal_a\x00"])
def test_what_cannot_be_a_key_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ApiKey(key)
    assert "cal_" not in str(caught.value)


@pytest.mark.parametrize("user", [0, -1, None])
def test_a_managed_user_needs_an_id(user: Any) -> None:
    with pytest.raises(ConfigurationError):
        ManagedUser("id", "secret", user)


class Platform:
    """Give out tokens as the API does: a forced renewal ends the one before."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.valid = "none"
        self.renewals = 0

    def __call__(self, seen: Seen) -> Reply:
        if seen.path.endswith("/force-refresh"):
            assert seen.headers["x-cal-secret-key"] == "s3"
            assert seen.headers["x-cal-client-id"] == "client"
            assert "authorization" not in seen.headers
            self.renewals += 1
            self.valid = f"token{self.renewals}"
            return success({"accessToken": self.valid, "refreshToken": "r", "accessTokenExpiresAt": 1})
        if seen.headers.get("authorization") == f"Bearer {self.valid}":
            return success({"id": 7, "organizationId": None})
        if self.status == 498:
            return error(498, "TokenExpiredException", "ACCESS_TOKEN_IS_EXPIRED", "ACCESS_TOKEN_IS_EXPIRED")
        return error(401, "UnauthorizedException", "Invalid Access Token.")


@pytest.mark.parametrize("status", [401, 498])
@pytest.mark.parametrize("token", [None, "old"])
def test_a_managed_users_token_is_renewed_once(
    http_server: Any, make_client: Any, caplog: pytest.LogCaptureFixture, status: int, token: str | None
) -> None:
    http_server.answer = platform = Platform(status)
    client = make_client(auth=ManagedUser("client", "s3", 7, token))
    with caplog.at_level(logging.WARNING):
        assert client.call("me.get")["id"] == 7
        assert client.call("me.get")["id"] == 7
    assert platform.renewals == 1
    assert "ends the other tokens" in caplog.text
    assert "token1" not in caplog.text
    platform.valid = "elsewhere"
    assert client.call("me.get")["id"] == 7
    assert platform.renewals == 2


def test_a_renewed_token_that_is_refused_ends_it(http_server: Any, make_client: Any) -> None:
    def answer(seen: Seen) -> Reply:
        if seen.path.endswith("/force-refresh"):
            return success({"accessToken": "useless"})
        return error(401, "UnauthorizedException", "Invalid Access Token.")

    http_server.answer = answer
    with pytest.raises(AuthenticationError):
        make_client(auth=ManagedUser("client", "s3", 7, "old")).call("me.get")
    assert len(http_server.seen) == 3


def test_a_refusal_by_a_business_rule_renews_nothing(http_server: Any, make_client: Any) -> None:
    http_server.answer = lambda seen: error(401, "TRPCError", "Unauthorized")
    with pytest.raises(AuthenticationError) as caught:
        make_client(auth=ManagedUser("client", "s3", 7, "good")).call("me.get")
    assert len(http_server.seen) == 1
    assert "credential itself is accepted" in str(caught.value)

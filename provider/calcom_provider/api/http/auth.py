"""Hold a credential and put it on requests.

Four ways to authenticate, each with its own request budget: an API key (120 requests per 60 s unless raised),
a platform client's id and secret, the access token of a managed user, and a plain access token (500 each).
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from calcom_provider.api.errors import ConfigurationError


@runtime_checkable
class Auth(Protocol):
    """Describe what a client needs of a credential."""

    mode: str

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 (hex) that the request budget of the credential is kept under."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the values that must never be shown."""

    def headers(self) -> Mapping[str, str]:
        """Return the request headers that carry the credential."""


def _fingerprint(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _clean(value: str, what: str) -> str:
    """Return a credential without surrounding blanks, refuse what cannot be a header value."""
    value = (value or "").strip()
    if not value:
        raise ConfigurationError(f"The {what} is empty.", advice="Fill it in, or choose another auth mode.")
    if not value.isascii() or any(c.isspace() or not c.isprintable() for c in value):
        raise ConfigurationError(
            f"The {what} contains a blank, a line break or a character that no {what} has.",
            advice="Copy it again, without what surrounds it.",
        )
    return value


class _Bearer:
    mode = "access_token"
    _what = "access token"

    def __init__(self, token: str) -> None:
        token = _clean(token.strip().removeprefix("Bearer ") if token else "", self._what)
        self._token = token

    @property
    def fingerprint(self) -> str:
        return _fingerprint("bearer", self._token)

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self._token,)

    def headers(self) -> Mapping[str, str]:
        # The scheme must be spelled exactly so; the API refuses "bearer".
        return {"Authorization": f"Bearer {self._token}"}

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class ApiKey(_Bearer):
    """Act as the owner of an API key.

    :param key: the key, ``cal_…``; a self-hosted Cal.com may use another prefix.
    :raises ConfigurationError: if it is empty or cannot be a key.
    """

    mode = "api_key"
    _what = "API key"

    def __init__(self, key: str) -> None:
        super().__init__(key)


class AccessToken(_Bearer):
    """Act with an access token that something else renews.

    :param token: the token, without ``Bearer``.
    :raises ConfigurationError: if it is empty or cannot be a token.
    """


class PlatformClient:
    """Act as an owner of a platform organisation, by OAuth client id and secret.

    Both headers are always sent: the secret alone falls into the budget of the caller's address (120 per
    60 s) instead of the client's own (500).

    :param client_id: id of the OAuth client.
    :param secret: its secret.
    :raises ConfigurationError: if either is empty.
    """

    mode = "platform"

    def __init__(self, client_id: str, secret: str) -> None:
        self.client_id = _clean(client_id, "client id")
        self._secret = _clean(secret, "client secret")

    @property
    def fingerprint(self) -> str:
        """Return the hash of the client's id."""
        return _fingerprint("client", self.client_id)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the client's secret."""
        return (self._secret,)

    def headers(self) -> Mapping[str, str]:
        """Return both headers of the client."""
        return {"x-cal-client-id": self.client_id, "x-cal-secret-key": self._secret}

    def __repr__(self) -> str:
        return f"PlatformClient({self.client_id!r}, ***)"


class ManagedUser:
    """Act as a managed user of a platform, with an access token that is renewed by the client's secret.

    Renewal is a force-refresh (``oauth_client_users.force_refresh``): it ends all other tokens of that user
    and client, so nothing else should hold tokens of a user that is used here.

    :param client_id: id of the OAuth client that made the user.
    :param secret: the client's secret.
    :param user_id: id of the managed user.
    :param access_token: a token in hand, used until the API calls it expired; default none.
    :raises ConfigurationError: if one of the first three is empty.
    """

    mode = "managed_user"

    def __init__(self, client_id: str, secret: str, user_id: int, access_token: str | None = None) -> None:
        self.platform = PlatformClient(client_id, secret)
        if not user_id or int(user_id) < 1:
            raise ConfigurationError("The managed user's id is no number above 0.", advice="Fill it in.")
        self.user_id = int(user_id)
        self._token = _clean(access_token, "access token") if access_token else None
        self.lock = threading.Lock()

    @property
    def client_id(self) -> str:
        """Return the id of the OAuth client."""
        return self.platform.client_id

    @property
    def token(self) -> str | None:
        """Return the access token in use, None before the first."""
        return self._token

    def renew(self, token: str) -> None:
        """Take a new access token into use.

        :param token: the token that a force-refresh returned.
        """
        self._token = _clean(token, "access token")

    @property
    def fingerprint(self) -> str:
        """Return the hash of the client's and the user's id."""
        # By user and not by token, so that a renewal does not forget what was spent.
        return _fingerprint("managed", self.client_id, str(self.user_id))

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the client's secret and, once there is one, the token."""
        return (*self.platform.secrets, *((self._token,) if self._token else ()))

    def headers(self) -> Mapping[str, str]:
        """Return the bearer header.

        :raises ConfigurationError: before the first renewal, when no token was given.
        """
        if self._token is None:
            raise ConfigurationError("The managed user has no access token yet.")
        return {"Authorization": f"Bearer {self._token}"}

    def __repr__(self) -> str:
        return f"ManagedUser({self.client_id!r}, ***, {self.user_id})"

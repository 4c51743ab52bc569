"""Say what went wrong with a request, which operation it was, and what the user can do about it.

Classes follow the HTTP status, never the ``error.code`` of the answer: the API words one meaning in several
ways. Every message is one line and has been scrubbed of keys, tokens, addresses of people and query strings.

.. code-block:: text

    CalComError
    ├── ConfigurationError           wrong settings; nothing was sent, or the other side is no Cal.com
    │   ├── ParameterError           a parameter is unknown, missing, of the wrong type or out of range
    │   ├── UnknownOperationError
    │   ├── NotCalComError
    │   └── ConfirmationRequiredError
    ├── AuthenticationError          401, 498
    ├── PermissionDeniedError        403
    ├── NotFoundError                404
    ├── ConflictError                409
    ├── InvalidRequestError          other 4xx
    ├── RateLimitError               429
    ├── ServerError                  5xx
    ├── TransportError               no usable answer
    │   └── UnclearOutcomeError      a write that may have landed
    └── IncompleteReadError          a list that changed too fast to be read for certain
"""

from __future__ import annotations

from calcom_provider.errors import CalComError

__all__ = [
    "AuthenticationError",
    "CalComError",
    "ConfigurationError",
    "ConfirmationRequiredError",
    "ConflictError",
    "IncompleteReadError",
    "InvalidRequestError",
    "NotCalComError",
    "NotFoundError",
    "ParameterError",
    "PermissionDeniedError",
    "RateLimitError",
    "ServerError",
    "TransportError",
    "UnclearOutcomeError",
    "UnknownOperationError",
]


class ConfigurationError(CalComError):
    """Say that settings or parameters are wrong; trying again can't help."""


class ParameterError(ConfigurationError):
    """Say that a call's parameters are wrong; nothing was sent.

    :param parameter: name of the parameter.
    """

    def __init__(self, message: str = "", *, parameter: str | None = None, **known: object) -> None:
        super().__init__(message, **known)  # type: ignore[arg-type]
        self.parameter = parameter


class UnknownOperationError(ConfigurationError):
    """Say that no operation has this name, and name the nearest."""


class NotCalComError(ConfigurationError):
    """Say that whatever answers at the base URL is no Cal.com API v2."""


class ConfirmationRequiredError(ConfigurationError):
    """Say that the operation destroys something and has to be confirmed."""


class AuthenticationError(CalComError):
    """Say that the credential was not accepted (401, 498)."""


class PermissionDeniedError(CalComError):
    """Say that the credential may not do this (403); an unknown organisation answers the same."""


class NotFoundError(CalComError):
    """Say that the object or the route does not exist (404)."""


class ConflictError(CalComError):
    """Say that the object exists already (409)."""


class InvalidRequestError(CalComError):
    """Say that the API did not accept the request as it was (400, 413, 422, 431 and other 4xx)."""


class RateLimitError(CalComError):
    """Say that the request limit was hit more often than the retry policy allows (429).

    :param retry_after: seconds until the API accepts requests again, None when it did not say.
    """

    def __init__(self, message: str = "", *, retry_after: float | None = None, **known: object) -> None:
        super().__init__(message, **known)  # type: ignore[arg-type]
        self.retry_after = retry_after


class ServerError(CalComError):
    """Say that the API failed (5xx)."""


class TransportError(CalComError):
    """Say that no usable answer came.

    :param kind: ``dns``, ``refused``, ``tls``, ``connect_timeout``, ``proxy``, ``read_timeout``, ``reset``,
        ``truncated``, ``malformed`` (a success that cannot be one), ``too_large``, ``too_slow`` or
        ``cancelled``.
    :param sent: whether the request may have reached the API.
    """

    def __init__(self, message: str = "", *, kind: str = "reset", sent: bool = True, **known: object) -> None:
        super().__init__(message, **known)  # type: ignore[arg-type]
        self.kind = kind
        self.sent = sent


class UnclearOutcomeError(TransportError):
    """Say that a write ended without an answer and may have taken effect; look before writing again."""


class IncompleteReadError(CalComError):
    """Say that a list could not be shown to have been read completely."""

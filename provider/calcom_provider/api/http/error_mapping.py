"""Turn a failing answer into the error to raise: the right class, what the API said, and what helps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from calcom_provider.api.catalogue.operations import Operation
from calcom_provider.api.errors import (
    AuthenticationError,
    CalComError,
    ConflictError,
    InvalidRequestError,
    NotCalComError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)
from calcom_provider.api.http.reason_words import without_names
from calcom_provider.api.scrub import scrub

CHECK_BASE_URL = (
    "Check the base URL: https://api.cal.com/v2, or the address of your own Cal.com "
    "with /v2 or /api/v2 at its end."
)
USELESS = {"", "Bad Request Exception", "Internal server error"}

# What each guard of the API says, and what that means for the person who set up the connection.
ADVICE: tuple[tuple[int, str, str], ...] = (
    (
        401,
        r"Invalid API Key",
        "This Cal.com does not know the key: check it for typing errors, that it was not "
        "deleted, and that it belongs to the Cal.com at this base URL.",
    ),
    (
        401,
        r"is expired",
        "The API key has expired: create a new one in Cal.com (Settings, Security, API keys).",
    ),
    (401, r"api key is not valid|No user tied", "The API key was replaced or deleted: use the current one."),
    (
        401,
        r"CALCOM_LICENSE_KEY|licen[cs]e",
        "This self-hosted Cal.com has no valid licence key, without which it "
        "accepts no API keys: set CALCOM_LICENSE_KEY there.",
    ),
    (
        401,
        r"Invalid client secret|Client with ID|No owner ID",
        "Check the client id and the secret of the "
        "platform's OAuth client, and that its organisation has an owner.",
    ),
    (
        401,
        r"Invalid Access Token",
        "The credential was taken for an access token and is not valid: renew the "
        "token; an API key has to begin with the prefix of this Cal.com, normally cal_.",
    ),
    (
        401,
        r"request origin",
        "A token was sent with an Origin header that does not fit: remove it from the proxy on the way.",
    ),
    (
        401,
        r"No authentication method",
        "No credential reached the API: look for a proxy that removes headers.",
    ),
    (
        403,
        r"does not represent any existing organization",
        "There is no organisation with this id: check the "
        "organisation id, or leave it empty to take the key's own.",
    ),
    (
        403,
        r"not a member of the organization|not part of the organization.*admin",
        "The key's owner is no member "
        "of this organisation: check the organisation id, or use the key of a member.",
    ),
    (
        403,
        r"minimum required role",
        "The key's owner has too low a role: use the key of an admin or owner of the organisation.",
    ),
    (403, r"Admin API access", "The organisation has no admin API access: an admin has to switch it on."),
    (
        403,
        r"platform subscription|Minimum plan|minimum plan",
        "The platform organisation's plan does not include this operation: it needs a higher plan.",
    ),
    (
        403,
        r"is not part of the organization",
        "The user has no profile in this organisation: a pending member or "
        "one added by membership alone has none until they are invited.",
    ),
    (
        403,
        r"required permissions",
        "The platform's OAuth client lacks a permission that this operation needs.",
    ),
    (
        403,
        r"not a platform|must be a platform organization",
        "This operation is for platform organisations only.",
    ),
    (
        403,
        r"OAuthClientGuard",
        "The OAuth client belongs to another organisation: use its own id and secret, or the key of an admin of "
        "that organisation.",
    ),
    (
        401,
        r"Organization ID not found",
        "The key belongs to a person, not to an organisation: use a key of the platform's organisation.",
    ),
    (
        401,
        r"only be accessed using an API key",
        "This operation takes an API key and no other credential.",
    ),
    (
        403,
        r"insufficient_scope",
        "The token lacks a scope for this operation, or none gives access to it: consent "
        "again with more scopes, or use an API key.",
    ),
    (403, r"no authentication provided", "This operation needs a credential, and none reached the API."),
    (403, r"OOO entry does not belong", "The entry does not exist any more or belongs to somebody else."),
    (
        404,
        r"^Cannot [A-Z]+ ",
        "This Cal.com does not have the route: it is older or newer than the operation, or "
        "the base URL is wrong.",
    ),
)
GENERAL: Mapping[int, str] = {
    401: "Check the credential and the base URL.",
    403: "Check the organisation id and the rights of the key's owner.",
    413: "The request is larger than the API takes (about 100 KB): send less at once.",
    431: "The request's address is longer than the API takes (about 16 KB): use fewer filter values at once.",
    429: "The budget is shared by everything that uses this credential: run less at the same time, or ask "
    "Cal.com to raise the limit.",
    498: "The access token has expired: renew it.",
    500: "If it stays, report it to Cal.com with the request id.",
}
# What a status means, in words that need no knowledge of Cal.com's code; what it says itself stands behind.
MEANING: Mapping[int, str] = {
    401: "the credential is not accepted",
    403: "the credential may not do this",
    404: "there is no such object or route",
    409: "it conflicts with what is there",
    413: "the request is too large",
    429: "too many requests",
    431: "the request's address is too long",
    498: "the access token is not valid any more",
}
# What answers say too little about, by operation, status and code.
OF_OPERATION: Mapping[tuple[str, int, str], str] = {
    ("org_delegation_credentials.create", 404, "TRPCError"): (
        "This Cal.com has no workspace platform of that name: whoever runs it has to add google or office365 in its "
        "admin settings first."
    ),
}
PLATFORM_ONLY = (
    "This operation takes the id and secret of a platform's OAuth client: check them; an API key or a token is "
    "not enough."
)
TRPC_ADVICE = "The credential itself is accepted; its owner may not do this to this object."


def failure(
    operation: Operation,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    secrets: Iterable[str] = (),
) -> CalComError:
    """Return the error for an answer that is no success.

    :param operation: what was called.
    :param status: HTTP status.
    :param headers: the answer's headers under lower-case names.
    :param body: the answer's body; only its reason is used, since it may echo what was sent.
    :param secrets: credential values to take out of texts.
    """
    secrets = tuple(secrets)
    answer = decoded(body)
    code, said = _code_and_reason(answer)
    whole = scrub(said, secrets) if said not in USELESS else ""
    reason = without_names(whole)
    known: dict[str, Any] = {
        "operation": operation.name,
        "status": status,
        "reason": reason or None,
        "request_id": scrub(headers["x-request-id"]) if headers.get("x-request-id") else None,
        "advice": advice(status, code, whole, operation),
    }
    message = f"HTTP {status}: {_meaning(status, code)} {_said(reason, answer)}."
    if 300 <= status < 400:
        return NotCalComError(
            f"HTTP {status}: the server redirects instead of answering.", **known | {"advice": CHECK_BASE_URL}
        )
    if answer is None and status in (401, 403, 404, 405):
        # A Cal.com says no in JSON; a web site or a proxy says it in HTML.
        return NotCalComError(
            f"HTTP {status}: the answer is not one of a Cal.com API v2.", **known | {"advice": CHECK_BASE_URL}
        )
    if status == 429:
        return RateLimitError(message, retry_after=None, **known)
    return _class_for(status)(message, **known)


def not_calcom(operation: Operation, status: int, headers: Mapping[str, str], what: str) -> NotCalComError:
    """Return the error for a success that no Cal.com API would give.

    :param operation: what was called.
    :param status: HTTP status.
    :param headers: the answer's headers under lower-case names.
    :param what: what is odd about the answer.
    """
    return NotCalComError(
        f"HTTP {status}, but {what}: this is no Cal.com API v2.",
        operation=operation.name,
        status=status,
        request_id=headers.get("x-request-id"),
        advice=CHECK_BASE_URL,
    )


def decoded(body: bytes) -> Any:
    """Return a JSON body's value, None for an empty body or one that is no JSON.

    :param body: the answer's body.
    """
    try:
        return orjson.loads(body) if body else None
    except orjson.JSONDecodeError:
        return None


def advice(status: int, code: str, reason: str, operation: Operation) -> str | None:
    """Return what a user can do about a refusal.

    :param status: HTTP status.
    :param code: the answer's ``error.code``, empty when it has none.
    :param reason: what the API said.
    :param operation: what was called.
    """
    if known := OF_OPERATION.get((operation.name, status, code)):
        return known
    if status == 401 and code == "TRPCError":
        # Raised by business rules: the credential is fine (api-keys, workflows, bookings).
        return TRPC_ADVICE
    for when, pattern, text in ADVICE:
        if when == status and re.search(pattern, reason):
            return text
    if status in (401, 403) and operation.auth and set(operation.auth) <= {"platform", "secret"}:
        return PLATFORM_ONLY
    return GENERAL.get(status)


def bad_token(error: CalComError) -> bool:
    """Tell whether a managed user's token has ended, so that a renewal helps.

    :param error: what a call ended with.
    """
    return error.status == 498 or (error.status == 401 and error.advice != TRPC_ADVICE)


def _meaning(status: int, code: str) -> str:
    if status == 401 and code == "TRPCError":
        return MEANING[403]
    return MEANING.get(status) or ("the API failed" if status >= 500 else "the request is not accepted")


def _said(reason: str, answer: Any) -> str:
    """Quote the API; its texts begin with the name of one of its classes as often as not."""
    if reason:
        return f"(Cal.com: {reason.rstrip('.')})"
    return "(no reason given)" if answer is not None else "(an answer without a reason, not in JSON)"


def _class_for(status: int) -> type[CalComError]:
    if status in (401, 498):
        return AuthenticationError
    by_status = {403: PermissionDeniedError, 404: NotFoundError, 409: ConflictError}
    return by_status.get(status) or (ServerError if status >= 500 else InvalidRequestError)


def _code_and_reason(answer: Any) -> tuple[str, str]:
    """Find code and reason in any of the API's four shapes of failure."""
    if not isinstance(answer, Mapping):
        return "", ""
    error = answer.get("error")
    if not isinstance(error, Mapping):
        # What bypasses the API's filters: {"statusCode", "message"}; OAuth: {"error", "error_description"}.
        return "", _text(answer.get("message") or answer.get("error_description") or error)
    details = error.get("details")
    constraints = sorted(set(_constraints(details))) if isinstance(details, Mapping) else []
    if constraints:
        return str(error.get("code") or ""), "; ".join(constraints)
    return str(error.get("code") or ""), _text(error.get("message"))


def _constraints(node: Any) -> Iterable[str]:
    """Collect the texts of failed validations, without ``target`` and ``value``, which echo the request."""
    for one in node.get("errors") or node.get("children") or ():
        if isinstance(one, Mapping):
            constraints = one.get("constraints")
            if isinstance(constraints, Mapping):
                yield from (str(text) for text in constraints.values())
            yield from _constraints({"children": one.get("children")})


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(str(one) for one in value)
    return value if isinstance(value, str) else ""

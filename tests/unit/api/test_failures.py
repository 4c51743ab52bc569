"""Each shape of failure becomes the right class with the right advice, and nothing secret in it."""

from __future__ import annotations

import pickle
from typing import Any

import orjson
import pytest

from calcom_provider.api import errors
from calcom_provider.api.failures import failure
from calcom_provider.api.operations import resolve

OPERATION = resolve("org_memberships.list")
HEADERS = {"x-request-id": "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"}


def fail(status: int, message: str = "", code: str = "X", details: Any = None, body: Any = None) -> Any:
    envelope = {
        "status": "error",
        "path": "/v2/x?emails=a@b.example",
        "error": {"code": code, "message": message, "details": details},
    }
    raw = body if isinstance(body, bytes) else orjson.dumps(body if body is not None else envelope)
    return failure(OPERATION, status, HEADERS, raw, secrets=["hush"])


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, errors.InvalidRequestError),
        (401, errors.AuthenticationError),
        (403, errors.PermissionDeniedError),
        (404, errors.NotFoundError),
        (409, errors.ConflictError),
        (413, errors.InvalidRequestError),
        (422, errors.InvalidRequestError),
        (431, errors.InvalidRequestError),
        (429, errors.RateLimitError),
        (498, errors.AuthenticationError),
        (500, errors.ServerError),
        (502, errors.ServerError),
    ],
)
def test_the_status_decides(status: int, expected: type) -> None:
    # Whatever error.code says: the API words one meaning in several ways.
    for code in ("ConflictException", "CONFLICT", "BAD_REQUEST", "Whatever"):
        found = fail(status, "said", code)
        assert type(found) is expected
        assert found.status == status
        assert str(found).startswith(f"org_memberships.list: HTTP {status}: said.")
        assert "9b1deb4d" in str(found)


@pytest.mark.parametrize(
    ("status", "text", "advice"),
    [
        (401, "CustomThrottlerGuard - Invalid API Key", "does not know the key"),
        (401, "ApiAuthStrategy - api key - Your api key is expired", "expired: create a new one"),
        (401, "ApiAuthStrategy - api key - Your api key is not valid", "replaced or deleted"),
        (401, "Your api key - CALCOM_LICENSE_KEY is not set", "licence"),
        (401, "ApiAuthStrategy - oAuth client - Invalid client secret", "client id and the secret"),
        (401, "Invalid Access Token.", "renew the token"),
        (401, "No authentication method provided", "removes headers"),
        (401, "Invalid request origin", "Origin"),
        (
            403,
            "IsOrgGuard - provided organization id=9 does not represent any existing organization.",
            "no organisation with this id",
        ),
        (403, "RolesGuard - User is not a member of the organization with id=1.", "no member"),
        (
            403,
            "RolesGuard - user with id=3 does not have the minimum required role=ORG_ADMIN within",
            "too low a role",
        ),
        (403, "IsAdminAPIEnabledGuard - Organization with id=3 does not have Admin API access", "admin API"),
        (403, "PlatformPlanGuard - No platform subscription found for organization", "plan"),
        (403, "PlatformPlanGuard - Minimum plan is ESSENTIALS", "plan"),
        (403, "IsUserInOrgGuard - User with id=3 is not part of the organization with id=1.", "no profile"),
        (403, "insufficient_scope: this endpoint is not available", "consent"),
        (403, "OrganizationRolesGuard - Organization is not a platform (SHP)", "platform organisations only"),
        (404, "Cannot GET /v2/organizations/1/roles", "older or newer"),
        (429, "Too many requests", "budget is shared"),
        (431, "", "fewer filter values"),
    ],
)
def test_each_guard_is_explained(status: int, text: str, advice: str) -> None:
    assert advice in str(fail(status, text))


def test_a_business_rule_is_no_bad_credential() -> None:
    assert "credential itself is accepted" in str(fail(401, "Unauthorized", "TRPCError"))


def test_validation_names_the_rules_and_not_the_values() -> None:
    details = {
        "errors": [
            {
                "target": {"email": "anna@corp.example", "serviceAccountKey": {"private_key": "-----BEGIN"}},
                "value": "anna@corp.example",
                "property": "email",
                "children": [
                    {
                        "property": "x",
                        "target": {"y": "zebra"},
                        "constraints": {"isInt": "x must be an integer"},
                    }
                ],
                "constraints": {"isEmail": "email must be an email"},
            }
        ]
    }
    text = str(fail(400, "Bad Request Exception", "BadRequestException", details))
    assert "email must be an email; x must be an integer" in text
    for secret in ("anna", "BEGIN", "zebra", "Bad Request Exception"):
        assert secret not in text


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (500, {"statusCode": 500, "message": "Internal server error"}, "HTTP 500: no reason given."),
        (
            413,
            {"statusCode": 413, "message": "request entity too large"},
            "HTTP 413: request entity too large.",
        ),
        (409, {"statusCode": 409, "message": "already_signed_up"}, "HTTP 409: already_signed_up."),
        (431, b"", "HTTP 431: an answer without a reason, not in JSON."),
        (400, {"error": "invalid_grant", "error_description": "Code expired"}, "HTTP 400: Code expired."),
        (400, {"error": "invalid_grant"}, "HTTP 400: invalid_grant."),
        (
            503,
            b"<html><body>Service Unavailable</body></html>",
            "HTTP 503: an answer without a reason, not in JSON.",
        ),
        (400, {"message": ["a must be set", "b must be set"]}, "HTTP 400: a must be set; b must be set."),
        (400, [1, 2], "HTTP 400: no reason given."),
        (400, {"error": {"code": 5, "message": {"odd": 1}}}, "HTTP 400: no reason given."),
    ],
)
def test_other_shapes(status: int, body: Any, expected: str) -> None:
    assert expected in str(fail(status, body=body))


def test_secrets_are_taken_out_and_the_text_is_one_line() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
    message = (
        f"PermissionsGuard - user with token={token}\ndoes not have the required permissions=BOOKING_READ"
    )
    message += " hush cal_abc a@b.example"
    found = fail(403, message)
    text = f"{found} {found.reason} {found.args}"
    for secret in (token, "hush", "cal_abc", "a@b.example"):
        assert secret not in text
    assert "\n" not in str(found)
    assert "lacks a permission" in str(found)


def test_errors_survive_pickling() -> None:
    # Airflow hands them from process to process.
    for found in (
        fail(429),
        fail(403, "x"),
        errors.TransportError("x", kind="dns", sent=False),
        errors.ParameterError("x", parameter="y"),
    ):
        again = pickle.loads(pickle.dumps(found))
        assert type(again) is type(found)
        assert str(again) == str(found)
        assert vars(again) == vars(found)

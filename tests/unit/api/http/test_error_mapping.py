"""Each shape of failure becomes the right class with the right advice, and nothing secret in it."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import orjson
import pytest

from calcom_provider.api import errors
from calcom_provider.api.catalogue.operations import resolve
from calcom_provider.api.http.error_mapping import failure
from calcom_provider.api.http.reason_words import without_names
from calcom_provider.api.scrub import scrub

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
    ("status", "expected", "meaning"),
    [
        (400, errors.InvalidRequestError, "the request is not accepted"),
        (401, errors.AuthenticationError, "the credential is not accepted"),
        (403, errors.PermissionDeniedError, "the credential may not do this"),
        (404, errors.NotFoundError, "there is no such object or route"),
        (409, errors.ConflictError, "it conflicts with what is there"),
        (413, errors.InvalidRequestError, "the request is too large"),
        (422, errors.InvalidRequestError, "the request is not accepted"),
        (431, errors.InvalidRequestError, "the request's address is too long"),
        (429, errors.RateLimitError, "too many requests"),
        (498, errors.AuthenticationError, "the access token is not valid any more"),
        (500, errors.ServerError, "the API failed"),
        (502, errors.ServerError, "the API failed"),
    ],
)
def test_the_status_decides(status: int, expected: type, meaning: str) -> None:
    # Whatever error.code says: the API words one meaning in several ways.
    for code in ("ConflictException", "CONFLICT", "BAD_REQUEST", "Whatever"):
        found = fail(status, "not found", code)
        assert type(found) is expected
        assert found.status == status
        assert str(found).startswith(f"org_memberships.list: HTTP {status}: {meaning} (Cal.com: not found).")
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
def test_each_guard_is_explained_in_words_of_ours_first(status: int, text: str, advice: str) -> None:
    line = str(fail(status, text))
    assert advice in line
    meaning = line.removeprefix(f"org_memberships.list: HTTP {status}: ").partition(" (")[0]
    # A name of a class of Cal.com's, CustomThrottlerGuard, means nothing to who reads the line.
    assert meaning == meaning.lower()


@pytest.mark.parametrize("status", [401, 403])
def test_a_route_that_wants_a_platform_client_says_so(status: int) -> None:
    for name in ("oauth_client_users.list", "oauth_client_users.create"):
        error = failure(
            resolve(name), status, HEADERS, b'{"error": {"message": "Invalid authentication method."}}'
        )
        assert "takes the id and secret of a platform's OAuth client" in str(error)
        assert "Check the credential" not in str(error)
    # What the API names itself is said as it is
    body = b'{"error": {"message": "ApiAuthStrategy - oAuth client - Invalid client secret"}}'
    assert "check the client id and the secret" in str(failure(resolve(name), 401, HEADERS, body)).lower()
    assert "OAuth client" not in str(fail(status, "no"))


@pytest.mark.parametrize(
    ("status", "text", "advice"),
    [
        (
            403,
            "OAuthClientGuard - forbidden. oAuth client with id=x does not belong to",
            "another organisation",
        ),
        (403, "Manager organization must be a platform organization.", "platform organisations only"),
        (401, "GetOrgId decorator: Organization ID not found", "a key of the platform's organisation"),
        (401, "ApiKeysService - This endpoint can only be accessed using an API key", "takes an API key"),
    ],
)
def test_what_platforms_ask_for_is_explained(status: int, text: str, advice: str) -> None:
    assert advice in str(fail(status, text))


def test_a_missing_workspace_platform_is_named() -> None:
    body = orjson.dumps({"error": {"code": "TRPCError", "message": "The requested resource was not found"}})
    operation = resolve("org_delegation_credentials.create")
    text = str(failure(operation, 404, HEADERS, body))
    assert "no workspace platform of that name" in text
    assert "google or office365" in text
    assert "workspace" not in str(failure(OPERATION, 404, HEADERS, body))


def test_a_business_rule_is_no_bad_credential() -> None:
    line = str(fail(401, "Unauthorized", "TRPCError"))
    assert "the credential may not do this" in line
    assert "credential itself is accepted" in line


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
        (
            500,
            {"statusCode": 500, "message": "Internal server error"},
            "HTTP 500: the API failed (no reason given).",
        ),
        (
            413,
            {"statusCode": 413, "message": "request entity too large"},
            "HTTP 413: the request is too large (Cal.com: request entity too large).",
        ),
        (
            409,
            {"statusCode": 409, "message": "already_signed_up"},
            "HTTP 409: it conflicts with what is there (Cal.com: already_signed_up).",
        ),
        (431, b"", "too long (an answer without a reason, not in JSON)."),
        (
            400,
            {"error": "invalid_grant", "error_description": "Code expired"},
            "HTTP 400: the request is not accepted (Cal.com: Code expired).",
        ),
        (400, {"error": "invalid_grant"}, "HTTP 400: the request is not accepted (Cal.com: invalid_grant)."),
        (
            503,
            b"<html><body>Service Unavailable</body></html>",
            "HTTP 503: the API failed (an answer without a reason, not in JSON).",
        ),
        (400, {"message": ["a must be set", "b must be set"]}, "(Cal.com: a must be set; b must be set)."),
        (400, [1, 2], "HTTP 400: the request is not accepted (no reason given)."),
        (
            400,
            {"error": {"code": 5, "message": {"odd": 1}}},
            "HTTP 400: the request is not accepted (no reason given).",
        ),
    ],
)
def test_other_shapes(status: int, body: Any, expected: str) -> None:
    assert expected in str(fail(status, body=body))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("User Grace Hopper not found", "User … not found"),
        (
            "Attribute option with value 'Łódź' already exists",
            "Attribute option with value '…' already exists",
        ),
        ("王芳 is not part of the organization with id=1.", "… is not part of the organization with id=1."),
        ("Robin O'Brien-Smith has no Round Robin host", "… O'… has no Round Robin host"),
        ("Cannot GET /v2/organizations/1/users/jane", "Cannot GET /v2/organizations/1/users/…"),
        ("startTime: must be a valid time format HH:MM", "startTime: must be a valid time format HH:MM"),
        (
            "locale must be one of the following values: ar, ca; no Jane",
            "locale must be one of the following values: ar, ca; no …",
        ),
        (
            "RolesGuard - user with id=3 does not have the minimum required role=ORG_ADMIN within organization",
            "RolesGuard - user with id=3 does not have the minimum required role=ORG_ADMIN within organization",
        ),
        (
            "IsUserWebhookGuard - user with id=(4) is not the owner of webhook with "
            "id=(3168f6ae-1f00-45f5-abcd-fadebadecafe)",
            "IsUserWebhookGuard - user with id=(4) is not the owner of webhook with "
            "id=(3168f6ae-1f00-45f5-abcd-fadebadecafe)",
        ),
    ],
)
def test_only_the_words_of_the_contract_are_repeated(said: str, shown: str) -> None:
    found = fail(400, said)
    assert found.reason == shown
    assert f"HTTP 400: the request is not accepted (Cal.com: {shown.rstrip('.')})." in str(found)


def test_advice_follows_from_the_whole_text() -> None:
    assert "minimum required role" not in str(fail(403, "Grace"))
    assert "has too low a role" in str(fail(403, "Grace does not have the minimum required role=Zuse"))


@pytest.mark.shared
def test_what_the_real_api_said_stays_readable(shared_dir: Path) -> None:
    hidden = {}
    for path in sorted((shared_dir / "calcom" / "recordings").glob("*.jsonl")):
        for line in path.read_text().splitlines():
            answer = json.loads(line)["response"]
            if answer["status"] >= 400 and isinstance(answer.get("body"), dict):
                error = answer["body"].get("error")
                text = scrub(
                    error.get("message") if isinstance(error, dict) else answer["body"].get("message")
                )
                if without_names(text) != text:
                    hidden[text] = without_names(text)
    # A slug, a made-up id, a file, a host: what somebody typed, and nothing of the API's.
    assert len(hidden) <= 8, hidden
    assert all(shown.count("…") == 1 for shown in hidden.values()), hidden


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

"""Every recorded call of the real API, made by the client: same request on the wire, answer understood.

Counted is every recording whose request can be said as a call of the catalogue. What cannot (a wrong route, a
name that the API drops, another version header) is listed with its reason, and never more of it than today.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from calcom_provider.api.catalogue.operations import Operation
from calcom_provider.api.catalogue.parameters import Bound
from calcom_provider.api.client import CalComClient, RetryPolicy
from calcom_provider.api.errors import (
    AuthenticationError,
    CalComError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    ParameterError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)
from calcom_provider.api.http.auth import ApiKey
from calcom_provider.api.http.responses import ApiResponse, read_response
from calcom_provider.api.http.transport import Request, Response
from calcom_provider.api.rate_limit.governor import Governor
from tests.contract.conftest import PROPERTY
from tests.contract.recordings import Call, Recording, Unsaid, as_call, load, normal_query

pytestmark = pytest.mark.shared

KEY = "cal_0123456789abcdef0123456789abcdef"
CLASSES = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    429: RateLimitError,
    498: AuthenticationError,
}
# Recorded successes that are no call of the catalogue, by reason; more of one means that something broke.
KNOWN_UNSAID = {
    "another version header than the operation's": 9,
    "the request has a name that the operation does not know": 17,
    "no such route in the catalogue": 3,
    "a name of the query is sent twice": 2,
    "our own check refuses it before the request": 11,
    "its answer was too large to keep": 1,
}


@dataclass
class Wire:
    """Stand in for the network: note each request, answer as recorded."""

    recording: Recording
    requests: list[Request] = field(default_factory=list)

    def send(self, request: Request, timeout: tuple[float, float]) -> Response:
        self.requests.append(request)
        headers = {name.lower(): value for name, value in self.recording.answer_headers.items()}
        return Response(self.recording.status, headers, self.recording.answer_bytes)

    def close(self) -> None:
        pass


def client_for(wire: Wire) -> CalComClient:
    # A governor of its own for each call: recorded answers of different keys state different limits.
    return CalComClient(
        auth=ApiKey(KEY),
        base_url="http://127.0.0.1:9/v2",
        organization_id=1,
        transport=wire,
        governor=Governor.unlimited(),
        retries=RetryPolicy(attempts=1),
    )


@pytest.fixture(scope="module")
def recordings(shared_dir: Path) -> list[Recording]:
    found = load(shared_dir)
    assert len(found) > 1200
    return found


def on_the_wire(operation: Operation, recording: Recording, request: Request) -> list[str]:
    """Compare a request with the recorded one and name what differs."""
    url = urlsplit(request.url)
    sent = {
        "method": request.method,
        "path": url.path,
        "query": normal_query(operation, parse_qsl(url.query, keep_blank_values=True)),
        "version": {name.lower(): value for name, value in request.headers.items()}.get("cal-api-version"),
        "body": json.loads(request.body) if request.body else None,
    }
    wanted = {
        "method": recording.method,
        "path": recording.path,
        "query": normal_query(operation, recording.query),
        "version": recording.version,
        "body": recording.body,
    }
    # No body and an empty object are the same to the API.
    sent["body"], wanted["body"] = sent["body"] or None, wanted["body"] or None
    return [what for what in wanted if sent[what] != wanted[what]]


def understood(operation: Operation, recording: Recording, answer: ApiResponse) -> bool:
    """Tell whether the answer was read for what it holds."""
    body = recording.answer
    if not isinstance(body, Mapping):
        return answer.data is None
    if not operation.envelope:
        return answer.data == body
    return answer.data == body.get("data") and answer.pagination == body.get("pagination")


def test_successes(recordings: list[Recording], record_property: Callable[[str, object], None]) -> None:
    wrong, unsaid, right = [], Counter[str](), 0
    successes = [recording for recording in recordings if 200 <= recording.status < 300]
    for recording in successes:
        call = as_call(recording)
        if isinstance(call, Unsaid) or recording.answer_left_out:
            unsaid[call.reason if isinstance(call, Unsaid) else "its answer was too large to keep"] += 1
            continue
        wire = Wire(recording)
        try:
            answer = client_for(wire).send(call.operation, confirm=True, **call.parameters)
        except ParameterError:
            assert wire.requests == []
            unsaid["our own check refuses it before the request"] += 1
            continue
        differences = on_the_wire(call.operation, recording, wire.requests[0])
        if len(wire.requests) != 1:
            differences.append("number of requests")
        if not understood(call.operation, recording, answer):
            differences.append("answer")
        right += not differences
        wrong += [f"{recording}: {', '.join(differences)}"] if differences else []
    counted = len(successes) - unsaid.total()
    record_property(PROPERTY, f"client, successes: {right} of {counted} the same on the wire and understood")
    for reason, count in unsaid.most_common():
        record_property(PROPERTY, f"client, successes not counted: {count} ({reason})")
    assert wrong == []
    assert right == counted
    assert counted >= 600
    assert {reason: count for reason, count in unsaid.items() if count > KNOWN_UNSAID.get(reason, 0)} == {}


def test_call_returns_the_data(recordings: list[Recording]) -> None:
    checked = 0
    for recording in recordings:
        call = as_call(recording)
        if isinstance(call, Call) and recording.status == 200 and recording.method == "GET":
            try:
                data = client_for(Wire(recording)).call(call.operation.name, **call.parameters)
            except ParameterError:
                continue
            assert data == recording.answer.get("data"), str(recording)
            checked += 1
    assert checked > 350


def test_redirects_of_callbacks_and_unchanged_answers(recordings: list[Recording]) -> None:
    checked = Counter[int]()
    for recording in recordings:
        call = as_call(recording)
        if not 300 <= recording.status < 400 or isinstance(call, Unsaid):
            continue
        wire = Wire(recording)
        answer = client_for(wire).send(call.operation, **call.parameters)
        assert (answer.status, answer.data) == (recording.status, None), str(recording)
        assert on_the_wire(call.operation, recording, wire.requests[0]) == [], str(recording)
        checked[recording.status] += 1
    assert checked == {301: 6, 304: 1}


def failed(recording: Recording) -> tuple[Operation, CalComError] | None:
    """Send a failing recording's request as it was, past the checks, and return the error that comes."""
    call = as_call(recording)
    if call.operation is None:
        return None
    path = quote(recording.path.removeprefix("/v2"), safe="/%")
    query = "&".join(f"{quote(name, safe='[]')}={quote(value, safe='')}" for name, value in recording.query)
    body = json.dumps(recording.body).encode() if recording.body is not None else None
    client = client_for(Wire(recording))
    with pytest.raises(CalComError) as caught:
        client.exchange(call.operation, Bound(path, query, body), lambda r: read_response(call.operation, r))
    return call.operation, caught.value


@pytest.fixture(scope="module")
def failures(recordings: list[Recording]) -> list[tuple[Recording, Operation, CalComError]]:
    return [
        (recording, *found)
        for recording in recordings
        if recording.status >= 400 and (found := failed(recording)) is not None
    ]


def test_failures_become_the_right_class(
    recordings: list[Recording],
    failures: list[tuple[Recording, Operation, CalComError]],
    record_property: Callable[[str, object], None],
) -> None:
    wrong = []
    for recording, operation, error in failures:
        other = ServerError if recording.status >= 500 else InvalidRequestError
        wanted = CLASSES.get(recording.status, other)
        if type(error) is not wanted or error.status != recording.status or error.operation != operation.name:
            wrong.append(f"{recording}: {type(error).__name__} for {recording.status}")
    total = sum(recording.status >= 400 for recording in recordings)
    record_property(
        PROPERTY, f"client, failures: {len(failures) - len(wrong)} of {len(failures)} the right error"
    )
    record_property(PROPERTY, f"client, failures not counted: {total - len(failures)} (no such route)")
    assert wrong == []
    assert len(failures) >= 575
    assert total - len(failures) <= 10


def test_requests_that_cannot_succeed_are_refused_or_sent_as_recorded(recordings: list[Recording]) -> None:
    """A failing request is stopped by our own check or goes out unchanged, but for numbers in quotes."""
    refused, sent, changed = 0, 0, []
    for recording in recordings:
        call = as_call(recording)
        if recording.status < 400 or isinstance(call, Unsaid):
            continue
        wire = Wire(recording)
        try:
            client_for(wire).send(call.operation, confirm=True, **call.parameters)
        except ParameterError:
            refused += 1
            assert wire.requests == []
            continue
        except CalComError:
            sent += 1
        differences = on_the_wire(call.operation, recording, wire.requests[0])
        if differences:
            changed.append((recording.number, *differences))
    assert refused > 100
    assert sent > 300
    # The API refused a number or truth value in quotes, or a text for a list: the client sends it right.
    assert changed == [("1-087", "body"), ("1-305", "body"), ("2-0038", "body"), ("2-1309", "body")]


EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def texts(node: Any) -> Iterator[str]:
    """List every text in a JSON value."""
    if isinstance(node, Mapping):
        for value in node.values():
            yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)
    elif isinstance(node, str):
        yield node


def confidential(recording: Recording, operation: Operation) -> set[str]:
    """Collect what must not be seen: addresses, keys, tokens, phone numbers, values of secret parameters."""
    secret = {parameter.name for parameter in operation.parameters if parameter.secret}
    body = recording.body if isinstance(recording.body, Mapping) else {}
    found = {text for name, value in body.items() if name in secret for text in texts(value)}
    found |= {value for name, value in recording.query if name in secret}
    everything = [*texts(body), *(value for _, value in recording.query), *texts(recording.answer)]
    for text in everything:
        found |= set(EMAIL.findall(text))
        found |= set(re.findall(r"\+\d{8,}", text))
        found |= set(re.findall(r"cal_\w{8,}|eyJ[\w.-]{10,}|<redacted[^>]*>|-----BEGIN[^-]*-----", text))
    found |= {str(body[name]) for name in ("name", "bio", "notes", "phone", "username") if body.get(name)}
    return {text for text in found if len(text) > 3} | {KEY}


def test_nothing_confidential_is_in_an_error(
    failures: list[tuple[Recording, Operation, CalComError]], record_property: Callable[[str, object], None]
) -> None:
    leaks, searched = [], 0
    for recording, operation, error in failures:
        shown = " ".join([str(error), repr(error), error.reason or "", error.advice or "", repr(error.args)])
        for text in confidential(recording, operation):
            searched += text != KEY
            if text in shown:
                leaks.append(f"{recording}: {len(text)} characters")
        if "?" in shown and re.search(r"\?\w+=", shown):
            leaks.append(f"{recording}: a query string")
        assert "\n" not in str(error)
    record_property(
        PROPERTY, f"client, failures: {searched} confidential texts looked for, {len(leaks)} found"
    )
    assert leaks == []
    assert searched > 50


def said(recording: Recording) -> str:
    return json.dumps(recording.answer, ensure_ascii=False)


@pytest.mark.parametrize(
    ("status", "fragment", "advice"),
    [
        (401, "CustomThrottlerGuard - Invalid API Key", r"does not know the key"),
        (401, "is expired", r"expired.*new one"),
        (401, "Invalid Access Token", r"prefix"),
        (401, "No authentication method provided", r"proxy that removes headers"),
        (401, "TRPCError", r"credential itself is accepted"),
        (401, "Your api key is not valid", r"replaced or deleted"),
        (401, "Invalid client secret", r"client id and the secret"),
        (403, "does not represent any existing organization", r"organisation id"),
        (403, "minimum required role", r"role"),
        (403, "is not part of the organization", r"profile"),
        (403, "This OOO entry does not belong", r"does not exist any more|somebody else"),
        (403, "not a platform", r"platform organisations only"),
        (403, "no authentication provided", r"credential"),
        (404, "Cannot GET /v2", r"does not have the route"),
        (429, "Too many requests", r"budget is shared"),
    ],
)
def test_advice_fits_what_the_api_said(
    failures: list[tuple[Recording, Operation, CalComError]], status: int, fragment: str, advice: str
) -> None:
    fitting = [e for r, _, e in failures if r.status == status and fragment in said(r)]
    assert fitting != []
    assert [str(error) for error in fitting if not re.search(advice, error.advice or "")] == []


def test_refusals_of_the_credential_always_come_with_advice(
    failures: list[tuple[Recording, Operation, CalComError]],
) -> None:
    silent = [str(r) for r, _, error in failures if r.status in (401, 403, 429, 498) and not error.advice]
    assert silent == []

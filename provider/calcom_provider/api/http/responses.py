"""Read a successful answer: its JSON, its envelope, its paging block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from calcom_provider.api.catalogue.operations import Operation
from calcom_provider.api.errors import TransportError
from calcom_provider.api.http.error_mapping import not_calcom
from calcom_provider.api.http.json_body import UnreadableBodyError, loads
from calcom_provider.api.http.transport import Response


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """Hold an answer: ``data`` of the envelope, and what stands around it. Its text form shows no content."""

    status: int
    data: Any = field(repr=False)
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    request_id: str | None = None
    pagination: Mapping[str, Any] | None = None
    etag: str | None = None


def read_response(operation: Operation, response: Response) -> ApiResponse:
    """Read an answer with a status of success.

    :param operation: what was called.
    :param response: what came.
    :raises NotCalComError: if no Cal.com API would answer so.
    :raises TransportError: of kind ``truncated`` when a body is cut short, ``malformed`` when it can be no
        answer to this operation.
    """
    data, pagination = None, None
    if response.status < 300 and (response.body or operation.paging is not None):
        decoded = decode(operation, response)
        data, pagination = unwrap(operation, response, decoded)
        if operation.paging is not None:
            rows_of(operation, response, data)
    return ApiResponse(
        response.status,
        data,
        response.body,
        response.headers,
        request_id=response.headers.get("x-request-id"),
        pagination=pagination,
        etag=response.headers.get("etag"),
    )


def decode(operation: Operation, response: Response) -> Any:
    """Return the value of a JSON body.

    :param operation: what was called.
    :param response: what came.
    :raises NotCalComError: if the body says that it is something else.
    :raises TransportError: of kind ``truncated`` if it says JSON and its end is missing, ``malformed`` if it
        is none for another reason.
    """
    try:
        return loads(response.body)
    except UnreadableBodyError as error:
        if response.body and "json" not in response.headers.get("content-type", "json"):
            raise not_calcom(operation, response.status, response.headers, "the answer is not JSON") from None
        kind = "truncated" if error.cut else "malformed"
        raise unusable(operation, response, error.words, kind=kind) from None


def rows_of(operation: Operation, response: Response, data: Any) -> list[Any]:
    """Return the rows of a list operation's answer.

    What is no list says nothing about the rows there are: taken for an empty one, it would delete them all.

    :param operation: a list operation.
    :param response: what came.
    :param data: ``data`` of its envelope.
    :raises TransportError: of kind ``malformed`` if there is no list, or rows in it are no objects.
    """
    rows = data
    if operation.paging is not None and operation.paging.kind == "cursor" and isinstance(data, Mapping):
        # The assignment history keeps its rows in a list among other fields.
        rows = next((value for value in data.values() if isinstance(value, list)), None)
    if not isinstance(rows, list):
        raise unusable(operation, response, "is a success without a list")
    if operation.paging is not None and operation.paging.key and not all(type(row) is dict for row in rows):
        raise unusable(operation, response, "is a list with something in it that is no object")
    return rows


def unusable(
    operation: Operation, response: Response, words: str, *, kind: str = "malformed"
) -> TransportError:
    """Return the error for a success that cannot be used.

    :param operation: what was called.
    :param response: what came.
    :param words: what is wrong, to follow "the answer".
    :param kind: ``malformed`` or ``truncated``.
    """
    return TransportError(
        f"HTTP {response.status}, but the answer {words}.",
        kind=kind,
        operation=operation.name,
        status=response.status,
        request_id=response.headers.get("x-request-id"),
        advice="Look for a proxy on the way that changes answers; if there is none, report it to Cal.com.",
    )


def unwrap(operation: Operation, response: Response, decoded: Any) -> tuple[Any, Mapping[str, Any] | None]:
    """Return ``data`` and ``pagination`` of the envelope.

    :param operation: what was called; a few answer without an envelope.
    :param response: what came.
    :param decoded: the body's value.
    :raises NotCalComError: if the envelope is missing.
    """
    if not operation.envelope:
        return decoded, None
    if not isinstance(decoded, Mapping) or decoded.get("status") != "success":
        raise not_calcom(operation, response.status, response.headers, "the answer has another form")
    pagination = decoded.get("pagination")
    return decoded.get("data"), pagination if isinstance(pagination, Mapping) else None

"""Read a successful answer: its JSON, its envelope, its paging block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from calcom_provider.api.errors import TransportError
from calcom_provider.api.failures import not_calcom
from calcom_provider.api.operations import Operation
from calcom_provider.api.transport import Response


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold an answer: ``data`` of the envelope, and what stands around it. Its text form shows no content."""

    status: int
    data: Any = field(repr=False)
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    request_id: str | None = None
    pagination: Mapping[str, Any] | None = None
    etag: str | None = None


def read_answer(operation: Operation, response: Response) -> Answer:
    """Read an answer with a status of success.

    :param operation: what was called.
    :param response: what came.
    :raises NotCalComError: if no Cal.com API would answer so.
    :raises TransportError: of kind ``truncated`` when a JSON body is cut short.
    """
    data, pagination = None, None
    if response.body and response.status < 300:
        decoded = decode(operation, response)
        data, pagination = unwrap(operation, response, decoded)
    return Answer(
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
    :raises TransportError: of kind ``truncated`` if it says JSON and is none.
    """
    try:
        return orjson.loads(response.body)
    except orjson.JSONDecodeError:
        if "json" in response.headers.get("content-type", "json"):
            raise TransportError(
                "The answer was cut short: its JSON is not complete.",
                kind="truncated",
                operation=operation.name,
                status=response.status,
                request_id=response.headers.get("x-request-id"),
            ) from None
        raise not_calcom(operation, response.status, response.headers, "the answer is not JSON") from None


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

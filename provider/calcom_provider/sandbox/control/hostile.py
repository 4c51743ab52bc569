"""Answer lists as no Cal.com should: successes without a list, pages that end too soon, rows that cannot be
read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode

import orjson

from calcom_provider.sandbox.core.wire import Incoming, Response

LISTS = ("no_data", "null", "object", "empty", "hollow", "endless")
"""What can become of a list: no ``data``, null or an object in its place, no rows at all, no rows after the
first page, rows with new ids without end."""

TIMES = ("after", "before")


def reshape(kind: str, request: Incoming, answer: Response) -> Response:
    """Return the answer of a list with its rows replaced.

    :param kind: one of :data:`LISTS`.
    """
    if answer.status != 200:
        return answer
    body = orjson.loads(answer.body)
    if kind == "no_data":
        del body["data"]
    elif kind == "hollow":
        body["data"] = [] if _number(request, "skip", "offset") else body["data"]
    elif kind == "endless":
        body["data"] = _invented(request, body["data"])
    else:
        body["data"] = {"null": None, "object": {"id": 1}, "empty": []}[kind]
    return _with(answer, body)


def fail_on(rows: Collection[Any], answer: Response) -> Response:
    """Return a 500 in place of a page that holds one of some rows, as of a row that the API cannot write.

    :param rows: ids of the rows.
    """
    if answer.status != 200:
        return answer
    data = orjson.loads(answer.body).get("data")
    if not isinstance(data, list) or not any(row.get("id") in rows for row in data):
        return answer
    return Response(500, b'{"statusCode":500,"message":"Internal server error"}', _typed(answer))


def without_times(request: Incoming) -> Incoming:
    """Return the request as a proxy or a server sees it that drops the filters on times."""
    kept = [
        (name, value)
        for name, value in parse_qsl(request.query, keep_blank_values=True)
        if not name.startswith(TIMES)
    ]
    return replace(request, query=urlencode(kept))


def unconditional(request: Incoming) -> Incoming:
    """Return the request without what would let it be answered by "unchanged"."""
    headers = {name: value for name, value in request.headers.items() if name != "if-none-match"}
    return replace(request, headers=headers)


def _invented(request: Incoming, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    skip, take = _number(request, "skip", "offset"), _number(request, "take", "limit") or 250
    model = rows[0] if rows else {"id": 0}
    return [{**model, "id": 1_000_000_000 + skip + place} for place in range(take)]


def _number(request: Incoming, *names: str) -> int:
    query = parse_qs(request.query)
    return next((int(query[name][0]) for name in names if name in query), 0)


def _with(answer: Response, body: Mapping[str, Any]) -> Response:
    return Response(answer.status, orjson.dumps(body), _typed(answer))


def _typed(answer: Response) -> dict[str, str]:
    """Return the headers without the ETag, which was that of the rows."""
    return {name: value for name, value in answer.headers.items() if name != "ETag"}

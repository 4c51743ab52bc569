"""Read the recorded calls of the real API, and turn a recorded request into a call of the catalogue.

A recording is one line of ``calcom/recordings/*.jsonl`` in the reference material. :func:`load` reads them in
the order in which they were made; :func:`as_call` says which operation a request is, with which parameters,
or why it cannot be said (a wrong route, an unknown field, another version header).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from calcom_provider.api.catalogue.operations import Operation, Parameter, catalogue

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Recording:
    """Hold one recorded call; ``rows_total`` tells how long a cut list was."""

    number: str
    label: str
    operation_id: str | None
    key: str | None
    method: str
    path: str
    query: Pairs
    body: Any
    headers: dict[str, str]
    status: int
    answer_headers: dict[str, str]
    answer: Any
    rows_total: int | None
    rows_kept: int | None

    @property
    def version(self) -> str | None:
        """The ``cal-api-version`` that was sent."""
        return next((v for k, v in self.headers.items() if k.lower() == "cal-api-version"), None)

    @property
    def answer_bytes(self) -> bytes:
        """The answer's body as bytes; an empty body is empty, not ``null``."""
        if self.answer is None or self.answer == "":
            return b""
        if isinstance(self.answer, str):
            return self.answer.encode()
        return json.dumps(self.answer, ensure_ascii=False).encode()

    @property
    def answer_left_out(self) -> bool:
        """Whether the recording has no answer, because it was too large to keep."""
        return self.answer == "(large body left out)"

    def __str__(self) -> str:
        return f"{self.number} {self.method} {self.path}"


def load(shared_dir: Path) -> list[Recording]:
    """Read all recordings, ordered by run and place."""
    found = [
        _recording(json.loads(line))
        for file in sorted((shared_dir / "calcom" / "recordings").glob("*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    return sorted(found, key=lambda one: [int(part) for part in re.findall(r"\d+", one.number)])


def _recording(raw: dict[str, Any]) -> Recording:
    request, response = raw["request"], raw["response"]
    return Recording(
        number=raw["n"],
        label=raw["label"],
        operation_id=raw["operation"],
        key=raw["key"],
        method=request["method"],
        path=request["path"],
        query=pairs(request["query"]),
        body=request["body"],
        headers=request["headers"],
        status=response["status"],
        answer_headers=response["headers"],
        answer=response.get("body"),
        rows_total=response.get("rows_total"),
        rows_kept=response.get("rows_kept"),
    )


def pairs(query: Any) -> Pairs:
    """List the query as it was on the wire: a list as a repeated name."""
    if query is None:
        return []
    if isinstance(query, str):
        return parse_qsl(query, keep_blank_values=True)
    return [
        (name, str(one))
        for name, value in query.items()
        for one in (value if isinstance(value, list) else [value])
    ]


@dataclass(frozen=True)
class Call:
    """Hold what a recorded request is in terms of the catalogue."""

    operation: Operation
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Unsaid:
    """Say why a recorded request is no call of the catalogue; ``operation`` where at least that is known."""

    reason: str
    operation: Operation | None = None


def as_call(recording: Recording) -> Call | Unsaid:
    """Turn a recorded request into an operation and its parameters, or say why that cannot be."""
    route = find_route(recording.method, recording.path)
    if route is None:
        return Unsaid("no such route in the catalogue")
    operation, from_path = route
    if recording.version != operation.version and not _version_is_ignored(operation, recording.version):
        return Unsaid("another version header than the operation's", operation)
    if isinstance(recording.body, dict) and "__raw__" in recording.body:
        return Unsaid("the body is no JSON", operation)
    body = recording.body or {}
    if not isinstance(body, dict):
        return Unsaid("the body is no object", operation)
    parameters: dict[str, Any] = {
        name: read_text(operation.parameter(name), value) for name, value in from_path.items()
    }
    query = read_query(operation, recording.query)
    if isinstance(query, Unsaid):
        return query
    for name in body:
        known = operation.parameter(name)
        if known and known.location != "body":
            return Unsaid("a field of the body has the name of a path or query parameter", operation)
        if known is None and not operation.free_body:
            return Unsaid("the request has a name that the operation does not know", operation)
    return Call(operation, parameters | query | body)


def _version_is_ignored(operation: Operation, version: str | None) -> bool:
    return operation.version is None and version is None


def read_query(operation: Operation, sent: Pairs) -> dict[str, Any] | Unsaid:
    """Read the query by the types and list styles of the catalogue."""
    found: dict[str, Any] = {}
    for name, text in sent:
        if indexed := re.fullmatch(r"(\w+)\[(\d+)\]\[(\w+)\]", name):
            outer, place, inner = indexed[1], int(indexed[2]), indexed[3]
            if operation.parameter(outer) is None:
                return Unsaid("the request has a name that the operation does not know", operation)
            items = found.setdefault(outer, [])
            while len(items) <= place:
                items.append({})
            items[place][inner] = int(text) if text.isdigit() else text
            continue
        parameter = operation.parameter(name)
        if parameter is None or parameter.location != "query":
            return Unsaid("the request has a name that the operation does not know", operation)
        if parameter.type == "array":
            parts = text.split(",") if parameter.array_style == "comma" else [text]
            values = [read_text(parameter, part.strip(), parameter.items) for part in parts]
            found[name] = [*found.get(name, []), *values]
        elif name in found:
            return Unsaid("a name of the query is sent twice", operation)
        else:
            found[name] = read_text(parameter, text)
    return found


def read_text(parameter: Parameter | None, text: str, type_: str | None = None) -> Any:
    """Read a text of path or query by the parameter's type; what does not fit stays text."""
    wanted = type_ or (parameter.type if parameter else "string")
    if wanted == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    if wanted == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


def find_route(method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
    """Find the operation of a method and path, fixed segments before variable ones, as a router does."""
    if not path.startswith("/v2/"):
        return None
    segments = path.removeprefix("/v2").split("/")
    best: tuple[list[bool], Operation, dict[str, str]] | None = None
    for operation, template in _routes(method, len(segments)):
        values = {}
        for want, have in zip(template, segments, strict=True):
            if want.startswith("{"):
                values[want[1:-1]] = unquote(have)
            elif want != have:
                break
        else:
            if "" not in values.values():
                rank = [segment.startswith("{") for segment in template]
                if best is None or rank < best[0]:
                    best = (rank, operation, values)
    return (best[1], best[2]) if best else None


@cache
def _routes(method: str, length: int) -> tuple[tuple[Operation, list[str]], ...]:
    return tuple(
        (operation, operation.path.split("/"))
        for operation in catalogue().values()
        if operation.method == method and len(operation.path.split("/")) == length
    )


def normal_query(operation: Operation, sent: Pairs) -> Pairs:
    """Order a query and write its lists one way, since the API takes several spellings of a list."""
    return sorted(_spelt_out(operation, sent))


def _spelt_out(operation: Operation, sent: Pairs) -> Iterator[tuple[str, str]]:
    for name, text in sent:
        parameter = operation.parameter(name)
        if parameter and parameter.type == "array" and parameter.array_style == "comma":
            yield from ((name, part.strip()) for part in text.split(","))
        else:
            yield name, text

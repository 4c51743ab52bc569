"""Spoil an answer of a list in one place, by the schema: the wrong type, nothing, too much, too deep, twice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from calcom_provider.resources.model import Child, Resource
from calcom_provider.sandbox.core.wire import Incoming, Response

WAYS = ("wrong type", "missing", "null", "huge", "deep", "doubled", "row", "envelope")
_DEEP = "@deep@"
_WRONG: dict[str, tuple[Any, ...]] = {
    "integer": ("twelve", [1], {"id": 1}, 1.5, True, "", -(2**70)),
    "float": ("much", [1.0], {}, True),
    "text": (12, ["a"], {"a": 1}, True, 0.5),
    "boolean": ("yes", 7, [], {}),
    "timestamp": ("yesterday", 12, [], {}, "2026-13-45T99:00:00.000Z", ""),
    "date": ("soon", 12, [], {}, "2026-02-31"),
    "json": ("text", 12, True, [], {}),
    "object": ("text", "", 12, 0, [], [[1]], {"x": 1}, {}),
    "objects": ("text", "", 12, {"a": 1}, {}, [None], ["x"], [[1]], [12], True, False, [{}], [{"x": 1}]),
    "texts": ("text", "", 12, {"a": 1}, {}, [None], [[1]], [12], True, False, [{"x": 1}]),
    "numbers": ("text", "", 12, {"a": 1}, {}, [None], ["x"], [[1]], [1.5], [True], True, False),
}
_HUGE: dict[str, tuple[Any, ...]] = {
    "integer": (10**30, -(10**30), 2**63),
    "float": (10**400,),
    "text": ("x" * 2_000_000, "\ud800 alone", "nul \x00 inside", "😀" * 100_000),
    "boolean": (10**30,),
    "timestamp": ("9" * 10_000, "99999-01-01T00:00:00.000Z"),
    "date": ("9" * 1_000,),
    "json": (["x" * 1000] * 2000, {str(number): number for number in range(20_000)}),
    "object": ({str(number): number for number in range(20_000)},),
    "objects": ([{"x": 1}] * 5_000,),
    "texts": ([{"x": 1}] * 5_000,),
    "numbers": (["9" * 30] * 2, [2**63]),
}
_ROWS: tuple[Any, ...] = (None, [], "row", 12, {}, [[]], True)
_ENVELOPES: tuple[Any, ...] = (
    {"data": None}, {"data": "rows"}, {"data": 12}, {"data": {}}, {"data": {"id": 1}}, {"data": [[]]},
    {"status": "error"}, {"data": True}, {"status": "error", "error": {"code": 1}},
)  # fmt: skip


@dataclass
class Hostility:
    """Hold what is done to the answers of one list.

    :param way: one of :data:`WAYS`.
    :param name: field that is spoilt; empty for whole rows and envelopes.
    :param value: what stands in its place.
    :param once: only the first answer is spoilt.
    """

    resource: Resource
    way: str
    random: Random
    name: str = ""
    kind: str = ""
    value: Any = None
    once: bool = False
    row: dict[str, Any] | None = None
    spoilt: int = 0
    _known: str = field(default="", repr=False)

    @classmethod
    def drawn(cls, random: Random, resource: Resource, row: Mapping[str, Any]) -> Hostility:
        """Draw what to do by the fields of a row."""
        way = random.choice(WAYS)
        made = cls(resource, way, random, once=random.random() < 0.25)
        if way == "row":
            made.value = random.choice(_ROWS)
        elif way == "envelope":
            made.value = random.choice(_ENVELOPES)
        else:
            made.name, made.kind = random.choice(_fields(resource, row))
            if way == "huge" and made.name in _key_fields(resource):
                # A text of any length may be the id of a row: that it is another's, nobody can see.
                made.way = way = "null"
            if way == "wrong type":
                made.value = random.choice(_WRONG[made.kind])
            elif way == "huge":
                made.value = random.choice(_HUGE[made.kind])
            elif way == "deep":
                made.value = f"{_DEEP}{random.choice((100, 1_000, 2_000, 50_000))}"
        return made

    def __str__(self) -> str:
        shown = repr(self.value)
        return f"{self.way} {self.name or 'all'} ({shown[:60]}){' once' if self.once else ''}"

    def answer(self, request: Incoming, answer: Response) -> Response | None:
        """Return the answer in its spoilt form, None to leave it."""
        if answer.status != 200 or (self.once and self.spoilt):
            return None
        body = json.loads(answer.body)
        bare = not (isinstance(body, dict) and "data" in body)
        data = body if bare else body["data"]
        rows = [data] if self.resource.read.single else data
        if not rows:
            return None
        if self.way == "envelope":
            if bare:
                return None
            body |= self.value
            self.row = {}
        else:
            place = self._place(rows)
            if place is None:
                return None
            self._spoil(rows, place)
            data = rows[0] if self.resource.read.single else rows
            body = data if bare else {**body, "data": data}
        self.spoilt += 1
        headers = {name: value for name, value in answer.headers.items() if name != "ETag"}
        return Response(200, self._written(body), headers)

    def _place(self, rows: list[Any]) -> int | None:
        """Find the row that is spoilt: the same in each answer that shows it."""
        if self.row is None:
            place = self.random.randrange(len(rows))
            self.row = rows[place]
            self._known = json.dumps(rows[place], sort_keys=True)
            return place
        spelled = (json.dumps(row, sort_keys=True) for row in rows)
        return next((place for place, text in enumerate(spelled) if text == self._known), None)

    def _spoil(self, rows: list[Any], place: int) -> None:
        row = rows[place]
        if self.way == "row":
            rows[place] = self.value
        elif self.way == "doubled":
            rows.insert(self.random.randrange(len(rows) + 1), json.loads(self._known))
        elif self.way == "missing":
            rows[place] = {name: value for name, value in row.items() if name != self.name}
        else:
            rows[place] = {**row, self.name: self.value}

    def _written(self, body: Any) -> bytes:
        text = json.dumps(body)
        if isinstance(self.value, str) and self.value.startswith(_DEEP):
            depth = int(self.value.removeprefix(_DEEP))
            text = text.replace(json.dumps(self.value), "[" * depth + "]" * depth)
        return text.encode()


def _fields(resource: Resource, row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the fields of a row that tables take something from, with the kind of what is taken."""
    found = {}
    if resource.table is not None:
        for column in resource.table.columns:
            source = column.source or column.name
            if source[0] != "$":
                found[source.partition(".")[0]] = "object" if "." in source else column.type
    for child in resource.children:
        found[child.items.partition(".")[0]] = _kind_of_list(child)
        for column in child.table.columns:
            if column.source.startswith("^"):
                found.setdefault(column.source[1:].partition(".")[0], column.type)
    return sorted((name, kind) for name, kind in found.items() if name in row) or [("", "text")]


def _kind_of_list(child: Child) -> str:
    if child.numbers:
        return "numbers"
    return "texts" if any(column.source == "." for column in child.table.columns) else "objects"


def _key_fields(resource: Resource) -> set[str]:
    """Return the fields of a row that keys of tables are taken from."""
    found = set()
    for table in resource.tables:
        for column in table.columns:
            if column.name in table.key:
                found.add((column.source or column.name).lstrip("^").partition(".")[0])
    return found


def unconditional(request: Incoming) -> Incoming:
    """Return the request without what lets it be answered by "unchanged"."""
    headers = {name: value for name, value in request.headers.items() if name != "if-none-match"}
    return replace(request, headers=headers)

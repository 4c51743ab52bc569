"""Rows that stay in a list are never missed by a read that calls itself complete, whatever happens."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calcom_provider.api.client import CalComClient
from calcom_provider.api.http.transport import Request, Response
from tests.plugins.api import FakeTransport, client_for, json_response

OPERATIONS = {"number": "org_memberships.list", "uuid": "org_webhooks.list"}
SPACE = 10_000


def uuid_of(number: int) -> str:
    return str(uuid.UUID(int=number * 0x9E3779B97F4A7C15F39CC060 + number))


@dataclass
class Model:
    """A list in memory that changes before chosen requests; rows are ordered by key."""

    keys: list[Any]
    changes: dict[int, list[tuple[str, int]]] = field(default_factory=dict)
    order: str = "number"
    asked: int = 0
    gone: set[Any] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.start = set(self.keys)

    @property
    def stayed(self) -> set[Any]:
        return self.start - self.gone

    def key(self, number: int) -> Any:
        return number if self.order == "number" else uuid_of(number)

    def change(self, what: str, where: int) -> None:
        if what in ("delete", "move") and self.keys:
            key = self.keys.pop(where % len(self.keys))
            self.gone.add(key)
        if what in ("insert", "move"):
            key = self.key(where)
            if key not in self.keys:
                self.keys.append(key)
                self.keys.sort()

    def __call__(self, request: Request) -> Response:
        query = parse_qs(urlsplit(request.url).query)
        take, skip = int(query["take"][0]), int(query.get("skip", ["0"])[0])
        with self.lock:
            for what, where in self.changes.get(self.asked, ()):
                self.change(what, where)
            self.asked += 1
            rows = [{"id": key} for key in self.keys[skip : skip + take]]
        return json_response(200, {"status": "success", "data": rows})


def read(model: Model, take: int, expected: int | None, concurrency: int) -> tuple[set[Any], Any]:
    client: CalComClient = client_for(transport=FakeTransport(model), concurrency=concurrency)
    with client:
        reader = client.pages(OPERATIONS[model.order], page_size=take, expected=expected)
        seen: set[Any] = set()
        for page in reader:
            if page.restart:
                seen.clear()
            seen.update(row["id"] for row in page.rows or ())
    return seen, reader


CHANGES = st.dictionaries(
    st.integers(0, 14),
    st.lists(st.tuples(st.sampled_from(["delete", "insert", "move"]), st.integers(0, SPACE)), max_size=6),
    max_size=8,
)


@pytest.mark.parametrize("order", ["number", "uuid"])
@settings(max_examples=250, deadline=None)
@given(
    size=st.integers(0, 40),
    take=st.integers(2, 12),
    changes=CHANGES,
    expected=st.none() | st.integers(0, 50),
    concurrency=st.sampled_from([1, 4]),
)
def test_rows_that_stay_are_seen(
    order: str,
    size: int,
    take: int,
    changes: dict[int, list[tuple[str, int]]],
    expected: int | None,
    concurrency: int,
) -> None:
    model = Model([], changes, order)
    model.keys = sorted(model.key(number * (SPACE // 41)) for number in range(size))
    model.__post_init__()
    seen, reader = read(model, take, expected, concurrency)
    if reader.complete:
        assert model.stayed - seen == set()
    else:
        assert reader.reason


@pytest.mark.parametrize("size", [0, 1, 4, 5, 9, 16])
@pytest.mark.parametrize("take", [2, 5, 8])
def test_one_deletion_or_insertion_at_every_position(size: int, take: int) -> None:
    for request in range(size // (take - 1) + 2):
        for where in range(size):
            for what in ("delete", "insert", "move"):
                model = Model([number * 10 for number in range(size)], {request: [(what, where)]})
                seen, reader = read(model, take, None, 1)
                assert reader.complete, reader.reason
                assert model.stayed - seen == set()


@pytest.mark.parametrize("expected", [None, 1000, 980, 1060])
@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 199, 200, 1000])
def test_a_list_at_rest_costs_at_most_two_requests_more_than_it_must(size: int, expected: int | None) -> None:
    model = Model([number * 10 for number in range(size)])
    seen, reader = read(model, 100, expected if size == 1000 else None, 1)
    assert reader.complete
    assert seen == set(model.keys)
    assert reader.requests == model.asked
    assert model.asked <= size // 100 + 1 + 2


def test_a_random_order_is_read_until_two_passes_agree() -> None:
    model = Model(sorted(uuid_of(number) for number in range(30)), {5: [("insert", 77)]}, "uuid")
    seen, reader = read(model, 10, None, 1)
    assert reader.complete
    assert seen == set(model.keys)
    # Four pages and a probe each: the second pass has the new row, the third agrees with it.
    assert model.asked == 15


def test_a_list_that_never_rests_is_not_called_complete() -> None:
    changes = {request: [("insert", request * 97 + 1)] for request in range(40)}
    model = Model(sorted(uuid_of(number) for number in range(30)), changes, "uuid")
    _, reader = read(model, 10, None, 1)
    assert not reader.complete
    assert "three passes" in reader.reason


def test_keys_out_of_order_are_noticed() -> None:
    model = Model([50, 10, 40, 20, 30, 60, 5])
    seen, reader = read(model, 3, None, 1)
    assert reader.complete
    assert seen == set(model.keys)

"""What is reckoned of pages is what a reader of a list that stands still does."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calcom_provider.api.catalogue.operations import resolve
from calcom_provider.api.http.transport import Request, Response
from calcom_provider.api.paging.layout import layout_of
from tests.plugins.api import FakeTransport, client_for, json_response
from tests.unit.api.paging.test_paging_property import uuid_of

LISTS = {
    "rising numbers": "org_memberships.list",
    "random keys": "org_webhooks.list",
    "no order": "org_roles.list",
    "no order, counted": "org_bookings.list",
    "small offsets": "oauth_client_users.list",
    "all at once": "org_attribute_options.list",
}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "small offsets": {"clientId": "c"},
    "all at once": {"attributeId": "a"},
}


class Steady:
    """Answer pages of a list that stands still."""

    def __init__(self, name: str, rows: int) -> None:
        self.counted = resolve(LISTS[name]).paging.pagination_block  # type: ignore[union-attr]
        keys = [uuid_of(number) if name == "random keys" else number for number in range(1, rows + 1)]
        self.keys = sorted(keys)

    def __call__(self, request: Request) -> Response:
        query = parse_qs(urlsplit(request.url).query)
        take = int((query.get("take") or query.get("limit") or [str(len(self.keys))])[0])
        skip = int((query.get("skip") or query.get("offset") or ["0"])[0])
        body: dict[str, Any] = {
            "status": "success",
            "data": [{"id": key} for key in self.keys[skip : skip + take]],
        }
        if self.counted:
            body["pagination"] = {"totalItems": len(self.keys)}
        return json_response(200, body)


@pytest.mark.parametrize("name", list(LISTS))
@settings(max_examples=50, deadline=None)
@given(rows=st.integers(0, 60), take=st.integers(2, 12), concurrency=st.sampled_from([1, 4]))
def test_requests_and_rows_are_those_of_a_reader(name: str, rows: int, take: int, concurrency: int) -> None:
    operation = resolve(LISTS[name])
    size = None if name == "all at once" else take
    layout = layout_of(operation, {}, size)
    with client_for(transport=FakeTransport(Steady(name, rows)), concurrency=concurrency) as client:
        reader = client.pages(
            operation, page_size=size, expected=rows, concurrency=concurrency, **ARGUMENTS.get(name, {})
        )
        pages: dict[int, int] = {}
        for page in reader:
            if page.restart:
                pages.clear()
            if page.number >= 0:
                pages[page.number] = page.count
    assert reader.complete, reader.reason
    assert reader.requests == layout.requests(rows)
    assert len(pages) == layout.pages(rows)
    assert layout.rows(list(pages.values())) == rows


def test_filters_and_sorting_replace_the_lists_own_order_and_count() -> None:
    assert layout_of(resolve("org_memberships.list")).keyed
    assert not layout_of(resolve("org_ooo.list"), {"sortStart": "asc"}).keyed
    assert layout_of(resolve("org_bookings.list")).counted
    assert not layout_of(resolve("org_bookings.list"), {"afterUpdatedAt": "2026-01-01T00:00:00Z"}).counted


def test_known_pages_of_a_list_without_order_cost_no_third_pass() -> None:
    """Passes are compared by their keys, and an unchanged page brings none: the list was read three times."""
    transport = FakeTransport(Steady("no order", 20))
    with client_for(transport=transport) as client:
        first = client.pages("org_roles.list", page_size=8, expected=20)
        known = {page.number: page for page in first if page.digest is not None}
        again = client.pages("org_roles.list", page_size=8, expected=20, known=known)  # type: ignore[arg-type]
        assert sum(page.count for page in again if not page.restart) >= 20
    assert again.complete
    assert again.requests == first.requests == layout_of(resolve("org_roles.list"), {}, 8).requests(20)

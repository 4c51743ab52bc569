"""The keys of a page come back as they were packed, or the rows of an unchanged page would seem to be gone."""

from __future__ import annotations

from typing import Any

import pytest

from calcom_provider.warehouse.bookkeeping.page_marks import PageMark, pack_keys, unpack_keys

HUGE = 2**63


@pytest.mark.parametrize(
    "columns",
    [
        [[1]],
        [[-(2**63), 0, 2**63 - 1]],
        [[HUGE, 1]],
        [["a", "b", "a"]],
        [["", "ä" * 300, None, "q"]],
        [[1, 2, 3], ["x", "y", "x"], [7, None, "7"]],
        [["x", "y"], [1, 2], ["q", "d"]],
        [list(range(1000)), [f"option-{number % 7}" for number in range(1000)]],
    ],
)
def test_keys_come_back_as_they_were(columns: list[list[Any]]) -> None:
    assert unpack_keys(pack_keys(columns)) == list(zip(*columns, strict=True))


def test_a_page_without_rows_has_no_keys() -> None:
    assert unpack_keys(pack_keys([])) == []
    assert unpack_keys(pack_keys([[], []])) == []


def test_repeated_texts_cost_little() -> None:
    many = pack_keys([[f"a-rather-long-option-{number % 3}" for number in range(10_000)]])
    assert len(many) < 2_000


def test_a_mark_claims_nothing_that_it_was_not_told() -> None:
    """Readers of their own may name a page and its digest alone."""
    mark = PageMark("3", 5)
    assert (mark.count, mark.etag, mark.first_key, mark.last_key, mark.list_key) == (0, None, None, None, "")

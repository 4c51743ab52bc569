"""Reckon with pages: how a list is cut, what reading it whole takes, and how many rows its pages held.

Readers, page marks and plans all reckon here, so that what is planned is what is read.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from calcom_provider.api.catalogue.operations import Operation, Paging

ALL = Paging("none")
COMMON_SIZE = 250
UNFILTERED_TAKE = 100_000
INEXACT_COUNT = ("afterUpdatedAt", "beforeUpdatedAt", "afterCreatedAt", "beforeCreatedAt")


@dataclass(frozen=True, slots=True)
class Layout:
    """Say how a list is cut into pages and how it is shown that all of it was read.

    :param take: rows a page is asked for, 0 where all rows come at once.
    :param order: order of the rows as asked for: ``number``, ``uuid``, ``cuid``, ``time`` or ``none``.
    :param keyed: pages are joined by a rising key, so that neighbouring ones share a row.
    :param counted: the API says how many rows there are, so that one pass without a key can be whole.
    :param reach: largest position that the API takes, None for any.
    """

    take: int
    order: str
    keyed: bool
    counted: bool
    reach: int | None = None

    @property
    def overlap(self) -> int:
        """Return how many rows neighbouring pages share."""
        return 1 if self.keyed else 0

    def with_take(self, take: int) -> Layout:
        """Return the same list in pages of another size.

        :param take: rows of a page.
        """
        return replace(self, take=take)

    def unkeyed(self) -> Layout:
        """Return the same list for keys that turned out not to rise."""
        return replace(self, keyed=False)

    def pages(self, rows: int | None) -> int:
        """Return how many pages a list of so many rows has; the last one is short.

        :param rows: rows, None if unknown: then the one page that is certain.
        """
        if rows is None or rows < self.take or not self.take:
            return 1
        return 1 + math.ceil((rows - self.take + 1) / (self.take - self.overlap))

    def requests(self, rows: int) -> int:
        """Return the requests of a read of a list that stands still and is as long as was expected.

        :param rows: rows of the list.
        """
        pages = self.pages(rows)
        if pages == 1:
            return 1
        if self.keyed:
            # The last row is asked for alone, where the API takes its position.
            probe = 1 if self.reach is None or rows - 1 <= self.reach else 0
            # Keys that say nothing of time are read until two passes agree.
            return (pages + probe) * (1 if self.order == "number" else 2)
        # Where the last page came empty, the row before it is asked for again.
        whole = pages + (1 if rows % self.take == 0 and self.take > 1 else 0)
        return whole if self.counted else 2 * whole

    def rows(self, counts: Collection[int]) -> int:
        """Return how many rows a list has whose pages held so many.

        :param counts: rows of each page.
        """
        return sum(counts) - self.overlap * max(0, len(counts) - 1)


def layout_of(
    operation: Operation, parameters: Mapping[str, Any] = {}, page_size: int | None = None
) -> Layout:
    """Return how a list is cut.

    :param operation: a list operation.
    :param parameters: filters and sorting; some replace the list's own order or make its count inexact.
    :param page_size: rows of a page, None for the operation's own size.
    """
    paging = operation.paging or ALL
    filtered = parameters.get("assignedOptionIds") is not None
    is_sorted = any(name.startswith("sort") and value is not None for name, value in parameters.items())
    order = "none" if is_sorted or filtered else paging.order
    if paging.kind == "none":
        take = 0
    elif page_size is None and paging.maximum is None and "assignedOptionIds" in parameters:
        # The assigned options are cut into pages before this filter, so short pages would mean nothing.
        take = UNFILTERED_TAKE
    else:
        take = page_size or paging.size
    return Layout(
        take=take,
        order=order,
        keyed=order in ("number", "uuid", "cuid") and bool(paging.key) and take > 1,
        # With these filters the API counts the rows without them.
        counted=bool(paging.pagination_block)
        and not any(parameters.get(name) is not None for name in INEXACT_COUNT),
        reach=paging.offset_maximum,
    )

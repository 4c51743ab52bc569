"""Write the pagination block that bookings and managed organisations carry."""

from __future__ import annotations

from typing import Any


def block(total: int, size: int, skip: int) -> dict[str, Any]:
    """Compute the block from a count; nothing of it is counted on the page itself.

    :param total: how many rows the count found, which need not be the rows that are listed.
    :param size: page size that was asked for.
    :param skip: offset that was asked for.
    """
    returned = max(0, min(size, total - skip))
    pages = -(-total // size)
    return {
        "returnedItems": returned,
        "totalItems": total,
        "itemsPerPage": size,
        "remainingItems": max(0, total - skip - returned),
        "currentPage": skip // size + 1 if total else 0,
        "totalPages": pages,
        "hasNextPage": skip + size < total,
        "hasPreviousPage": skip > 0,
    }

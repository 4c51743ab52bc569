"""Read pages of the lists that refuse in another way than most, and write the pagination block."""

from __future__ import annotations

from typing import Any

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.context import Context

MAXIMUM = 250


def window(
    context: Context, default: int, names: tuple[str, str] = ("take", "skip"), skip_maximum: int | None = None
) -> tuple[int, int]:
    """Read page size and offset of bookings and managed users; a refusal shows only what was sent.

    :param default: page size when none is asked for.
    :param names: the two query parameters.
    :param skip_maximum: largest offset, None without one.
    """
    asked = {name: v.parse_int(context.text(name)) for name in names if name in context.query}
    for name, value in asked.items():
        # What is no number is shown as null and refused all the same
        asked[name] = value if value is not None else float("nan")  # type: ignore[assignment]
    size = v.every(v.at_most(MAXIMUM), v.at_least(1), v.number)
    bounds = () if skip_maximum is None else (v.at_most(skip_maximum),)
    skip = v.every(*bounds, v.at_least(0), v.number)
    v.validate((v.Field(names[0], size), v.Field(names[1], skip)), asked)
    return int(asked.get(names[0]) or default), int(asked.get(names[1]) or 0)


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

"""A booking list with the API's own traps, for tests of reads by time."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from calcom_provider.sync.reading.keyset import Fetched, iso

EPOCH = datetime(2026, 3, 16, tzinfo=UTC)


def at(minutes: float) -> str:
    """Write a moment so many minutes after the tests' epoch as the API does."""
    return iso(EPOCH + timedelta(minutes=minutes))


def booking(
    number: int, *, start: float = 0, created: float = 0, updated: float | None = None
) -> dict[str, Any]:
    """Make a booking of half an hour."""
    return {
        "id": number,
        "start": at(start),
        "end": at(start + 30),
        "createdAt": at(created),
        "updatedAt": None if updated is None else at(updated),
        "eventTypeId": number % 3,
    }


class BookingList:
    """Answer as the API does: bounds included, one sort, ties in any order, counts that miss filters."""

    def __init__(self, rows: list[dict[str, Any]], *, seed: int = 0, counts: bool = True) -> None:
        self.rows = rows
        self.random = random.Random(seed)
        self.counts = counts
        self.requests = 0
        self.before_each: Callable[[BookingList], None] = lambda _: None

    def __call__(self, parameters: Mapping[str, Any]) -> Fetched:
        self.requests += 1
        self.before_each(self)
        plain = [row for row in self.rows if self._plainly(row, parameters)]
        found = [row for row in plain if self._by_time(row, parameters)]
        self.random.shuffle(found)
        field = next(
            (
                name
                for sort, name in (
                    ("sortStart", "start"),
                    ("sortEnd", "end"),
                    ("sortCreated", "createdAt"),
                    ("sortUpdatedAt", "updatedAt"),
                )
                if sort in parameters
            ),
            "start",
        )
        found.sort(key=lambda row: row[field] or "9")
        skip, take = parameters.get("skip", 0), parameters.get("take", 100)
        assert 1 <= take <= 250
        page = [dict(row) for row in found[skip : skip + take]]
        return Fetched(page, len(plain) if self.counts else None)

    @staticmethod
    def _plainly(row: Mapping[str, Any], parameters: Mapping[str, Any]) -> bool:
        return (
            row["start"] >= parameters.get("afterStart", "")
            and row["end"] <= parameters.get("beforeEnd", "9")
            and parameters.get("eventTypeId", row["eventTypeId"]) == row["eventTypeId"]
        )

    @staticmethod
    def _by_time(row: Mapping[str, Any], parameters: Mapping[str, Any]) -> bool:
        for field, after, before in (
            ("createdAt", "afterCreatedAt", "beforeCreatedAt"),
            ("updatedAt", "afterUpdatedAt", "beforeUpdatedAt"),
        ):
            if after in parameters and not (row[field] and row[field] >= parameters[after]):
                return False
            if before in parameters and not (row[field] and row[field] <= parameters[before]):
                return False
        return True

"""Reads by time see every row, whatever ties there are, or refuse."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calcom_provider.api.errors import IncompleteReadError
from calcom_provider.resources import get
from calcom_provider.sync.options import Backfill
from calcom_provider.sync.reading.incremental import Span, TimedSource, begin
from calcom_provider.sync.reading.keyset import Keyset, instant
from tests.unit.sync.reading.booking_list import EPOCH, BookingList, at, booking

WINDOWS = get("bookings").read.windows
assert WINDOWS is not None
NOW = EPOCH + timedelta(days=30)


def read(source: TimedSource) -> dict[int, dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {}
    for part in source:
        if part.restart:
            rows.clear()
        rows.update({row["id"]: row for row in part.rows})
    assert source.complete, source.reason
    return rows


def full(listing: BookingList) -> dict[int, dict[str, Any]]:
    return read(TimedSource(listing, WINDOWS, Span(NOW), {}))


minutes = st.integers(0, 6)
bookings = st.lists(st.tuples(minutes, minutes, st.one_of(st.none(), minutes)), max_size=60).map(
    lambda drawn: [
        booking(number, start=start, created=created, updated=updated)
        for number, (start, created, updated) in enumerate(drawn)
    ]
)


@settings(max_examples=60, deadline=None)
@given(
    bookings,
    st.sampled_from([2, 3, 7, 50]),
    st.sampled_from(["start", "created", "updated"]),
    st.integers(0, 9),
)
def test_a_walk_sees_every_row_whatever_ties_there_are(
    rows: list[dict[str, Any]], take: int, by: str, seed: int
) -> None:
    listing = BookingList(rows, seed=seed)
    keyset = Keyset(listing, WINDOWS, {}, take=take)
    order = getattr(keyset, by)
    low = at(2)
    try:
        seen = {row["id"] for page in keyset.read(order, low) for row in page}
    except IncompleteReadError:
        # Only a tied set that nothing separates, larger than a page, may be refused.
        groups = [row["start"] for row in rows]
        assert max(map(groups.count, groups)) > take
        return
    wanted = {row["id"] for row in rows if row[order.field] is not None and row[order.field] >= low}
    assert wanted <= seen


@settings(max_examples=30, deadline=None)
@given(bookings, st.integers(0, 9))
def test_a_full_read_is_exact(rows: list[dict[str, Any]], seed: int) -> None:
    assert full(BookingList(rows, seed=seed)).keys() == {row["id"] for row in rows}


def test_ten_thousand_rows_with_one_change_time_are_read_completely() -> None:
    rows = [booking(number, start=number, created=1, updated=5) for number in range(10_000)]
    listing = BookingList(rows)
    assert len(full(listing)) == 10_000
    since = read(TimedSource(listing, WINDOWS, Span(NOW, since=EPOCH), {}))
    assert len(since) == 10_000


def test_six_hundred_rows_that_start_together_are_counted_until_complete() -> None:
    rows = [booking(number, start=7, created=1, updated=5) for number in range(600)]
    rows += [booking(1000 + number, start=8 + number) for number in range(300)]
    assert len(full(BookingList(rows))) == 900


def test_tied_rows_that_cannot_be_told_apart_are_refused_never_short() -> None:
    class Stubborn(BookingList):
        """Always show the same rows of a tied set first."""

        def __call__(self, parameters: Any) -> Any:
            answer = super().__call__(parameters)
            first = sorted(answer.rows, key=lambda row: row["id"])[:1]
            return type(answer)([first[0]] * len(answer.rows) if first else [], answer.total)

    rows = [booking(number, start=7) for number in range(600)]
    with pytest.raises(IncompleteReadError):
        full(Stubborn(rows))


def test_a_list_without_counts_refuses_tied_rows_it_cannot_count() -> None:
    rows = [booking(number, start=7) for number in range(600)]
    with pytest.raises(IncompleteReadError):
        full(BookingList(rows, counts=False))


def test_rows_that_come_while_reading_do_not_upset_a_full_read() -> None:
    listing = BookingList([booking(number, start=number) for number in range(700)])

    def arrive(found: BookingList) -> None:
        late = 60 * 24 * 30 + found.requests
        found.rows.append(booking(10_000 + found.requests, start=-found.requests, created=late))

    listing.before_each = arrive
    seen = full(listing)
    assert {number for number in seen if number < 10_000} == set(range(700))


def test_rows_that_appear_with_an_old_time_make_the_read_repeat_and_then_refuse() -> None:
    listing = BookingList([booking(number, start=number) for number in range(700)])
    listing.before_each = lambda found: found.rows.append(
        booking(10_000 + found.requests, start=-found.requests)
    )
    with pytest.raises(IncompleteReadError):
        full(listing)


def test_an_incremental_read_takes_changes_new_rows_and_what_ended_lately() -> None:
    day = 60 * 24
    rows = [
        booking(1, start=0, created=0, updated=10 * day),  # changed before the watermark
        booking(2, start=0, created=0, updated=20 * day),  # changed on the watermark
        booking(3, start=0, created=25 * day),  # new, never changed
        booking(4, start=29 * day, created=0, updated=1),  # ended lately: attendees may have changed
        booking(5, start=40 * day, created=0, updated=1),  # lies ahead, not changed
        booking(6, start=0, created=0, updated=28 * day),
    ]
    source = TimedSource(
        BookingList(rows), WINDOWS, Span(NOW, since=EPOCH + timedelta(days=20), reread_days=14), {}
    )
    assert read(source).keys() == {2, 3, 4, 6}


def test_an_incremental_read_costs_a_handful_of_requests() -> None:
    listing = BookingList([booking(number, start=number, updated=1) for number in range(5000)])
    source = TimedSource(listing, WINDOWS, Span(NOW, since=EPOCH + timedelta(days=20), reread_days=14), {})
    assert read(source) == {}
    assert source.requests == listing.requests <= 6


def test_a_backfill_reads_its_window_alone() -> None:
    rows = [booking(number, start=number * 60) for number in range(100)]
    window = Backfill(EPOCH + timedelta(hours=10), EPOCH + timedelta(hours=20))
    source = TimedSource(BookingList(rows), WINDOWS, Span(NOW, backfill=window), {})
    assert read(source).keys() == set(range(10, 20))


@pytest.mark.parametrize(
    ("watermark", "full_read_days", "asked", "since"),
    [
        (None, 1, False, None),
        (at(0), None, False, None),
        (at(0), 1, True, None),
        (at(0), 8, False, None),
        (at(0), -8, False, None),
        (at(60), 1, False, EPOCH + timedelta(minutes=50)),
    ],
)
def test_where_an_incremental_read_begins(
    watermark: str | None, full_read_days: int | None, asked: bool, since: Any
) -> None:
    last = None if full_read_days is None else NOW - timedelta(days=full_read_days)
    began = begin(
        watermark,
        last,
        now=NOW,
        ours=NOW,
        overlap=timedelta(minutes=10),
        full_every=timedelta(days=7),
        full=asked,
    )
    assert began == since


def test_an_api_whose_clock_is_months_behind_is_read_incrementally_all_the_same() -> None:
    """The time of a full read is by this machine's clock, and so is whether it lies in the future."""
    years = timedelta(days=400)
    rhythm: Any = {"overlap": timedelta(0), "full_every": timedelta(days=7), "full": False}
    assert begin(at(0), NOW + years, now=NOW, ours=NOW + years, **rhythm) == EPOCH
    assert begin(at(0), NOW + years, now=NOW, ours=NOW, **rhythm) is None


def test_instants_are_read_in_utc() -> None:
    assert instant("2026-03-16T02:00:00.000+02:00") == EPOCH

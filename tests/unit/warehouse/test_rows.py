"""Row hashes are fixed, and replacing characters touches nothing else."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcom_provider.warehouse.rows import clean_row, date_text, hash_rows, json_cleaner, utc_text

VALUES = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text() | st.floats(allow_nan=False)


def test_hashes_stay_what_they_were() -> None:
    # Another hash would rewrite every row of every warehouse once.
    rows = [(1, "ä😀", None, True, 2**40, 0.5), (4242, 7, "x", "2026-03-16T08:00:00.000Z", '{"a":1}')]
    assert hash_rows(rows) == GOLDEN


GOLDEN = [748199673994386213, 6936842408442825301]


@given(st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=2, max_size=20))
def test_equal_rows_have_equal_hashes_and_others_do_not(rows: list[tuple[object, ...]]) -> None:
    # Rebuilt from text, so that no object is shared and nothing but the values can count.
    again = [tuple(json.loads(json.dumps(value)) for value in row) for row in rows]
    hashes = hash_rows(rows)
    assert hash_rows(again) == hashes
    assert all(-(2**63) <= number < 2**63 for number in hashes)
    by_hash: dict[int, str] = {}
    for row, number in zip(rows, hashes, strict=True):
        assert by_hash.setdefault(number, repr(row)) == repr(row)


def test_a_time_hashes_like_its_text() -> None:
    moment = datetime(2026, 3, 16, 9, 0, 0, 123_000, tzinfo=timezone(timedelta(hours=1)))
    assert hash_rows([(1, moment)]) == hash_rows([(1, "2026-03-16 08:00:00.123")])
    assert hash_rows([(1, date(2026, 3, 16))]) == hash_rows([(1, "2026-03-16")])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2026-03-16T08:00:00.123Z", "2026-03-16 08:00:00.123"),
        ("2026-03-16T08:00:00Z", "2026-03-16 08:00:00.000"),
        ("2026-03-16T08:00:00.1239+02:00", "2026-03-16 06:00:00.123"),
        ("2026-03-16", "2026-03-16 00:00:00.000"),
        (datetime(2026, 3, 16, tzinfo=UTC), "2026-03-16 00:00:00.000"),
        ("0999-12-31T23:59:59.999Z", "0999-12-31 23:59:59.999"),
    ],
)
def test_times_are_spelled_one_way(value: str | datetime, text: str) -> None:
    assert utc_text(value) == text


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError):
        utc_text("soon")
    assert date_text("2026-03-16T08:00:00Z") == "2026-03-16"


@given(st.tuples(st.text(st.characters(), max_size=20), st.integers(), st.none()))
def test_cleaning_leaves_what_every_database_takes(row: tuple[object, ...]) -> None:
    clean, replaced = clean_row(row, nul=True)
    text = str(clean[0])
    text.encode()
    assert "\0" not in text
    assert len(text) == len(str(row[0]))
    assert replaced == (clean != row)


@given(st.recursive(st.text(max_size=8) | st.integers(), lambda x: st.lists(x, max_size=3), max_leaves=6))
def test_json_is_cleaned_where_it_must_be_and_nowhere_else(value: object) -> None:
    clean = json_cleaner(frozenset({"nul", "surrogate"}))
    text = json.dumps(value)
    if "\\u0000" not in text:
        assert clean(text) == text
    assert "\0" not in str(json.loads(clean(text))).replace("\\x00", "\0")


def test_json_escapes() -> None:
    clean = json_cleaner(frozenset({"nul", "surrogate"}))
    assert clean(r'"\ud83d\ude00 \\u0000 \u00e9"') == r'"\ud83d\ude00 \\u0000 \u00e9"'
    assert clean(r'"\u0000\\\u0000"') == '"\ufffd\\\\\ufffd"'
    assert clean(r'"\ud83d \ude00\ud83d\ud83d\ude00"') == '"\ufffd \ufffd\ufffd\\ud83d\\ude00"'
    assert json_cleaner(frozenset())(r'"\u0000\ud83d"') == r'"\u0000\ud83d"'

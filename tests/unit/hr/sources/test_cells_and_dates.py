"""Cells are read by rule: text stays text, floats are no ids, days are civil days."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcom_provider.hr.errors import CellError, SourceError
from calcom_provider.hr.sources.cells import as_decimal, as_id, as_text, plain_number, split_values
from calcom_provider.hr.sources.dates import parse_moment
from calcom_provider.hr.sources.rows import from_frame, read_csv, read_json
from calcom_provider.hr.sources.text import fold, fold_email, slugify, without_accents

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize("word", ["NA", "None", "null", "nan", "N/A", "NaN", "0042"])
def test_words_are_not_missing(word: str) -> None:
    rows = read_csv(f"id,region\n1,{word}\n")
    assert as_text(rows.records[0]["region"]) == word


def test_byte_order_marks_separators_and_encodings() -> None:
    text = "Abwesenheits-ID;Größe\n1;Ä\n"
    for data in (text.encode("utf-8-sig"), text.encode("utf-16"), text.encode()):
        assert read_csv(data).records == ({"Abwesenheits-ID": "1", "Größe": "Ä"},)
    assert read_csv(text.encode("cp1252"), encoding="cp1252").records[0]["Größe"] == "Ä"
    with pytest.raises(SourceError):
        read_csv(text.encode("cp1252"))
    for sign in ",;\t|":
        assert read_csv(f"a{sign}b\n1{sign}2\n").records == ({"a": "1", "b": "2"},)


def test_ragged_rows_and_twice_named_columns() -> None:
    rows = read_csv("a,b\n1,2\n3\n4,5,6\n7,8\n")
    assert [one["a"] for one in rows.records] == ["1", "7"]
    assert [(one.code, one.row) for one in rows.issues] == [("ragged_row", 2), ("ragged_row", 3)]
    assert [number for number, _ in rows.numbered()] == [1, 4]
    with pytest.raises(SourceError, match="twice"):
        read_csv("a,a\n1,2\n")


def test_json_keeps_exact_numbers_and_lines() -> None:
    assert read_json('[{"a": 1.10}]').records[0]["a"] == Decimal("1.10")
    assert len(read_json('{"a": 1}\n{"a": 2}\n')) == 2
    with pytest.raises(SourceError):
        read_json("no json")


def test_ids_from_frames() -> None:
    frame = pd.DataFrame({"id": [1, 2], "code": ["NA", None], "damaged": [1.0, 2.0]})
    rows = from_frame(frame)
    assert [as_id(one["id"]) for one in rows.records] == ["1", "2"]
    assert [as_text(one["code"]) for one in rows.records] == ["NA", None]
    with pytest.raises(CellError, match="float_id"):
        as_id(rows.records[0]["damaged"])


@pytest.mark.parametrize("value", [1.0, 3.332883884017714e18, Decimal("1.5")])
def test_a_float_is_no_id(value: object) -> None:
    with pytest.raises(CellError, match="float_id"):
        as_id(value)


@pytest.mark.parametrize(
    ("text", "options", "number"),
    [
        ("5.0", {}, "5"), ("5", {}, "5"), ("-0.50", {}, "-0.5"), ("1,200", {"grouping": ","}, "1200"),
        ("1.200,5", {"grouping": ".", "decimal": ","}, "1200.5"), ("007", {}, "7"), ("-0", {}, "0"),
    ],
)  # fmt: skip
def test_numbers(text: str, options: dict[str, str], number: str) -> None:
    value = as_decimal(text, **options)
    assert value is not None
    assert plain_number(value) == number


@pytest.mark.parametrize("text", ["1,200", "1e3", "NaN", "Infinity", "5 000", "٣", "0x10", "--1"])
def test_other_texts_are_no_numbers(text: str) -> None:
    with pytest.raises(CellError, match="bad_number"):
        as_decimal(text)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12))
def test_plain_numbers_mean_the_same_and_are_one_spelling(value: Decimal) -> None:
    text = plain_number(value)
    assert Decimal(text) == value
    assert plain_number(Decimal(text)) == text
    assert "E" not in text.upper()


@pytest.mark.parametrize(
    ("cell", "separators", "values"),
    [
        ("a; b;;A", [";"], ["a", "b"]), ('["x", "y"]', [";"], ["x", "y"]), ("a,b", [";"], ["a,b"]),
        ("a|b\nc", ["|", "\n"], ["a", "b", "c"]), (["p", "P"], [";"], ["p"]), ("[not json", [";"], ["[not json"]),
        ("", [";"], []), ("[]", [";"], ["[]"]),
    ],
)  # fmt: skip
def test_split(cell: object, separators: list[str], values: list[str]) -> None:
    assert split_values(cell, separators) == values


@given(st.text())
def test_folding_is_stable_and_blind_to_form(text: str) -> None:
    once = fold(text)
    assert fold(once) == once
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))


def test_folding_by_example() -> None:
    assert fold(" Customer\u00a0 Success ") == "customer success"
    assert fold("O’Connor") == fold("o'connor")
    assert fold("Francais") != fold("Français")
    assert without_accents("Français") == without_accents("francais")
    assert fold_email(" Zoe@Example.com\u00a0") == "zoe@example.com"
    assert fold_email("a+b@x.com") != fold_email("a@x.com")


@pytest.mark.parametrize(
    ("value", "slug"),
    [
        ("People & Culture", "people-culture"),
        ("São Paulo", "sao-paulo"),
        (" 4.2 ", "4.2"),
        ("a_b#c", "a-b-c"),
    ],
)
def test_slugs(value: str, slug: str) -> None:
    assert slugify(value) == slug


@pytest.mark.parametrize(
    ("value", "formats", "day"),
    [
        ("2026-05-04", ["iso"], date(2026, 5, 4)), ("2026-05-04-07:00", ["iso"], date(2026, 5, 4)),
        ("04.05.2026", ["%d.%m.%Y"], date(2026, 5, 4)), ("44927", ["iso", "excel"], date(2023, 1, 1)),
        ("/Date(1777852800000)/", ["epoch_ms"], date(2026, 5, 4)), (date(2026, 5, 4), ["iso"], date(2026, 5, 4)),
        (pd.Timestamp("2026-05-04"), ["iso"], date(2026, 5, 4)), ("2026-05-04 00:00:00", ["iso"], date(2026, 5, 4)),
    ],
)  # fmt: skip
def test_days(value: object, formats: list[str], day: date) -> None:
    moment = parse_moment(value, formats)
    assert moment is not None
    assert moment.start_day(NEW_YORK) == moment.end_day(BERLIN) == day


@pytest.mark.parametrize("text", ["2026-02-30", "31.06.2026", "44927", "soon", "2026-5-4", "04/05/2026"])
def test_other_texts_are_no_days(text: str) -> None:
    with pytest.raises(CellError, match="bad_date"):
        parse_moment(text, ["iso", "%d.%m.%Y"])


@given(
    st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(-12, 14), st.sampled_from([BERLIN, NEW_YORK])
)
def test_the_edges_of_a_day_never_move(day: date, hours: int, zone: ZoneInfo) -> None:
    offset = timezone(timedelta(hours=hours))
    first = datetime(day.year, day.month, day.day, tzinfo=offset)
    last = first + timedelta(hours=23, minutes=59, seconds=59)
    start, end = parse_moment(first.isoformat()), parse_moment(last.isoformat())
    assert start is not None
    assert end is not None
    assert start.start_day(zone) == end.end_day(zone) == end.end_day(zone, "exclusive") == day
    assert start.end_day(zone, "exclusive") == day - timedelta(days=1)


def test_an_instant_inside_a_day_is_carried_into_the_zone() -> None:
    moment = parse_moment(datetime(2026, 5, 3, 22, 30, tzinfo=UTC))
    assert moment is not None
    assert (moment.start_day(BERLIN), moment.start_day(NEW_YORK)) == (date(2026, 5, 4), date(2026, 5, 3))

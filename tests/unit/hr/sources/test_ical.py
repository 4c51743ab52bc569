"""Calendar feeds: whole days, zones, series, persons, and feeds that are none."""

from __future__ import annotations

from datetime import date

import pytest

from calcom_provider.hr.errors import HrSettingsError, SourceError
from calcom_provider.hr.sources.ical import FeedSettings, Names, read_ical
from calcom_provider.hr.sources.rows import Rows, from_records

TODAY = date(2026, 5, 1)
BERLIN = """BEGIN:VTIMEZONE
TZID:Office
BEGIN:STANDARD
DTSTART:19701025T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
END:VTIMEZONE
"""
ADA = "ATTENDEE;CN=Ada:mailto:ada@example.com"


def event(*lines: str, uid: str = "u1", person: str = ADA) -> str:
    body = "\n".join(line for line in (f"UID:{uid}" if uid else "", person, *lines) if line)
    return f"BEGIN:VEVENT\nDTSTAMP:20260401T000000Z\n{body}\nEND:VEVENT\n"


def days(first: str, after: str) -> tuple[str, str]:
    return f"DTSTART;VALUE=DATE:{first}", f"DTEND;VALUE=DATE:{after}"


def feed(*parts: str, head: str = "") -> bytes:
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//HR//EN\n{head}{''.join(parts)}END:VCALENDAR\n"
    return text.replace("\n", "\r\n").encode()


def read(*parts: str, head: str = "", staff: Names | None = None, **settings: object) -> Rows:
    return read_ical(feed(*parts, head=head), FeedSettings(**settings), TODAY, staff)  # type: ignore[arg-type]


def spans(rows: Rows) -> list[tuple[str, str]]:
    return [(one["start"], one["end"]) for one in rows.records]


def codes(rows: Rows) -> list[tuple[str, str | None]]:
    return [(one.code, one.key) for one in rows.issues]


# -- days and times ----------------


def test_the_end_of_an_all_day_event_is_the_first_day_after_it() -> None:
    rows = read(event(*days("20260504", "20260509")))
    assert spans(rows) == [("2026-05-04", "2026-05-08")]
    assert rows.records[0] == {
        "key": "u1", "employee_id": None, "email": "ada@example.com", "status": "approved", "type": None,
        "start": "2026-05-04", "end": "2026-05-08", "kind": "whole", "hours": None, "unit": None,
    }  # fmt: skip


def test_an_all_day_event_without_an_end_is_one_day() -> None:
    assert spans(read(event("DTSTART;VALUE=DATE:20260504"))) == [("2026-05-04", "2026-05-04")]


def test_an_all_day_event_may_have_a_duration() -> None:
    rows = read(event("DTSTART;VALUE=DATE:20260504", "DURATION:P3D"))
    assert spans(rows) == [("2026-05-04", "2026-05-06")]


def test_midnight_to_midnight_is_a_whole_day_in_the_zone_it_is_told_in() -> None:
    rows = read(
        event("DTSTART;TZID=Office:20260504T000000", "DTEND;TZID=Office:20260506T000000"), head=BERLIN
    )
    assert spans(rows) == [("2026-05-04", "2026-05-05")]
    assert rows.records[0]["kind"] == "whole"


def test_a_zone_of_the_feed_itself_gives_the_offset() -> None:
    rows = read(
        event("DTSTART;TZID=Office:20260504T090000", "DTEND;TZID=Office:20260504T130000"), head=BERLIN
    )
    assert spans(rows) == [("2026-05-04T09:00:00+02:00", "2026-05-04T13:00:00+02:00")]
    assert (rows.records[0]["kind"], rows.records[0]["hours"], rows.records[0]["unit"]) == (
        "partial", "4.00", "hours",
    )  # fmt: skip


def test_a_floating_time_stays_as_it_is_written() -> None:
    rows = read(event("DTSTART:20260504T090000", "DTEND:20260504T103000"))
    assert spans(rows) == [("2026-05-04T09:00:00", "2026-05-04T10:30:00")]
    assert rows.records[0]["hours"] == "1.50"


def test_a_time_over_the_change_of_the_clock_is_as_long_as_it_was() -> None:
    rows = read(
        event("DTSTART;TZID=Office:20260329T010000", "DTEND;TZID=Office:20260329T040000"), head=BERLIN
    )
    assert rows.records[0]["hours"] == "2.00"


# -- series ----------------


def test_a_series_without_end_is_read_up_to_the_horizon() -> None:
    rows = read(event(*days("20260504", "20260505"), "RRULE:FREQ=WEEKLY"), future_days=30)
    assert [one["start"] for one in rows.records] == ["2026-05-04", "2026-05-11", "2026-05-18", "2026-05-25"]
    assert rows.window == (date(2026, 5, 4), date(2026, 5, 26))


def test_an_excluded_day_is_left_out() -> None:
    rows = read(
        event(*days("20260504", "20260505"), "RRULE:FREQ=DAILY;COUNT=3", "EXDATE;VALUE=DATE:20260505")
    )
    assert [one["start"] for one in rows.records] == ["2026-05-04", "2026-05-06"]


def test_a_moved_occurrence_keeps_its_key() -> None:
    series = event(*days("20260504", "20260505"), "RRULE:FREQ=WEEKLY;COUNT=2")
    moved = event(*days("20260513", "20260514"), "RECURRENCE-ID;VALUE=DATE:20260511")
    before, after = read(series), read(series, moved)
    assert [one["key"] for one in before.records] == ["u1/20260504", "u1/20260511"]
    assert {one["key"]: one["start"] for one in after.records} == {
        "u1/20260504": "2026-05-04",
        "u1/20260511": "2026-05-13",
    }


def test_a_cancelled_occurrence_is_a_readable_removal() -> None:
    series = event(*days("20260504", "20260505"), "RRULE:FREQ=WEEKLY;COUNT=2")
    gone = event(*days("20260511", "20260512"), "RECURRENCE-ID;VALUE=DATE:20260511", "STATUS:CANCELLED")
    assert {one["key"]: one["status"] for one in read(series, gone).records} == {
        "u1/20260504": "approved",
        "u1/20260511": "cancelled",
    }


def test_the_newest_version_of_an_event_counts() -> None:
    old = event(*days("20260504", "20260505"), "SEQUENCE:1")
    new = event(*days("20260601", "20260602"), "SEQUENCE:2")
    assert spans(read(new, old)) == [("2026-06-01", "2026-06-01")]


@pytest.mark.parametrize(
    "rule",
    ["FREQ=SECONDLY", "FREQ=MINUTELY", "FREQ=HOURLY", "FREQ=DAILY;BYHOUR=1,2,3", "FREQ=DAILY;BYMINUTE=1,2"],
)
def test_a_series_that_recurs_within_a_day_is_an_issue(rule: str) -> None:
    rows = read(
        event("DTSTART:20260504T090000", "DTEND:20260504T090100", f"RRULE:{rule}"),
        event(*days("20260504", "20260505"), uid="u2"),
    )
    # Not even the keys of its occurrences are known.
    assert codes(rows) == [("too_many_occurrences", None)]
    assert [one["key"] for one in rows.records] == ["u2"]


# -- status and transparency ----------------


@pytest.mark.parametrize(
    ("status", "word"), [("CONFIRMED", "approved"), ("TENTATIVE", "requested"), ("CANCELLED", "cancelled")]
)
def test_the_status_of_an_event_is_that_of_the_request(status: str, word: str) -> None:
    assert read(event(*days("20260504", "20260505"), f"STATUS:{status}")).records[0]["status"] == word


def test_an_unknown_status_is_an_issue_never_an_approval() -> None:
    rows = read(event(*days("20260504", "20260505"), "STATUS:PERHAPS"))
    assert (len(rows), codes(rows)) == (0, [("unknown_status", "u1")])


@pytest.mark.parametrize(("how", "rows"), [("count", 2), ("skip", 1)])
def test_events_that_block_no_time_count_unless_told_otherwise(how: str, rows: int) -> None:
    free = event(*days("20260504", "20260505"), "TRANSP:TRANSPARENT", uid="free")
    busy = event(*days("20260504", "20260505"), "TRANSP:OPAQUE", uid="busy")
    assert len(read(free, busy, transparent=how)) == rows


# -- persons ----------------


@pytest.mark.parametrize(
    ("person", "code"),
    [("", "unknown_person"), (f"{ADA}\nATTENDEE:mailto:bo@example.com", "ambiguous_person")],
    ids=["nobody", "two"],
)
def test_an_event_without_one_person_is_an_issue(person: str, code: str) -> None:
    rows = read(event(*days("20260504", "20260505"), person=person))
    assert (len(rows), codes(rows)) == (0, [(code, "u1")])


def test_one_person_named_twice_is_one_person() -> None:
    twice = f"{ADA}\nATTENDEE:MAILTO:Ada@Example.com"
    assert read(event(*days("20260504", "20260505"), person=twice)).records[0]["email"] == "ada@example.com"


def test_the_organizer_may_be_the_person() -> None:
    rows = read(
        event(*days("20260504", "20260505"), person="ORGANIZER:mailto:bo@example.com"), person="organizer"
    )
    assert rows.records[0]["email"] == "bo@example.com"


def test_a_feed_may_be_that_of_one_person() -> None:
    rows = read(event(*days("20260504", "20260505"), person=""), person="fixed", email="bo@example.com")
    assert rows.records[0]["email"] == "bo@example.com"


STAFF = from_records(
    [
        {"id": "0007", "first": "Ada", "last": "Löwe", "known_as": None},
        {"id": "0008", "first": "Bo", "last": "Ek", "known_as": "Bosse Ek"},
        {"id": "0009", "first": "Kim", "last": "Lee", "known_as": None},
        {"id": "0010", "first": "Kim", "last": "Lee", "known_as": "Kimmy Lee"},
    ]
)
NAMES = Names.of(STAFF, lambda row: row["id"], [["first", "last"], ["known_as"]])
TITLED = {
    "person": "summary",
    "names": (("first", "last"),),
    "pattern": r"(?P<name>.+?)(?: \((?P<type>.+)\))?",
}


@pytest.mark.parametrize(
    ("title", "found"),
    [("ADA  LÖWE (Vacation)", "0007"), ("Bosse Ek", "0008"), ("Kimmy Lee (Trip)", "0010")],
)
def test_a_title_names_the_person(title: str, found: str) -> None:
    rows = read(event(*days("20260504", "20260505"), f"SUMMARY:{title}", person=""), staff=NAMES, **TITLED)
    assert [one["employee_id"] for one in rows.records] == [found]


def test_the_type_comes_from_the_title_or_the_categories() -> None:
    by_title = event(*days("20260504", "20260505"), "SUMMARY:Bo Ek (Parental leave)", person="")
    by_category = event(
        *days("20260504", "20260505"), "SUMMARY:Bo Ek", "CATEGORIES:Trip", uid="u2", person=""
    )
    rows = read(by_title, by_category, staff=NAMES, **TITLED)
    assert [one["type"] for one in rows.records] == ["Parental leave", "Trip"]


@pytest.mark.parametrize(
    ("title", "code"),
    [("Kim Lee", "ambiguous_person"), ("Somebody Else", "unknown_person"), ("", "unknown_person")],
)
def test_an_ambiguous_name_is_an_issue_never_a_guess(title: str, code: str) -> None:
    rows = read(
        event(*days("20260504", "20260505"), f"SUMMARY:{title}", person=""),
        event(*days("20260504", "20260505"), "SUMMARY:Bo Ek", uid="u2", person=""),
        staff=NAMES,
        **TITLED,
    )
    assert codes(rows) == [(code, "u1")]
    assert [one["key"] for one in rows.records] == ["u2"]


def test_no_title_or_description_goes_further() -> None:
    rows = read(
        event(*days("20260504", "20260505"), "SUMMARY:Bo Ek (Trip)", "DESCRIPTION:secret words", person=""),
        staff=NAMES,
        **TITLED,
    )
    assert "secret words" not in str(rows)
    assert "Bo Ek" not in str(rows)


# -- feeds that are none ----------------


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page instead of a calendar"),
        (b"", "no calendar"),
        (b"Uid,Start\n1,2\n", "no calendar"),
        (feed(event(*days("20260504", "20260505")))[:-20], "cut off"),
        (feed(), "holds no events"),
        (feed(BERLIN), "holds no events"),
        (b"\xff\xfe\x00\xd8BEGIN", "text"),
    ],
    ids=["login page", "nothing", "csv", "cut", "empty", "only zones", "bytes"],
)
def test_what_is_no_feed_is_a_source_error(body: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read_ical(body, FeedSettings(), TODAY)


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        (("DTSTART:2026050X",), "u1"),
        (("SUMMARY:no start",), "u1"),
        ((*days("20260504", "20260505"), "RRULE:FREQ=SOMETIMES"), None),
    ],
)
def test_an_event_that_cannot_be_read_is_an_issue_and_the_others_are_read(
    lines: tuple[str, ...], key: str | None
) -> None:
    rows = read(event(*lines), event(*days("20260504", "20260505"), uid="u2"))
    assert codes(rows) == [("bad_date", key)]
    assert [one["key"] for one in rows.records] == ["u2"]


def test_an_event_without_uid_is_an_issue() -> None:
    rows = read(event(*days("20260504", "20260505"), uid=""), event(*days("20260504", "20260505"), uid="u2"))
    assert codes(rows) == [("missing_key", None)]


# -- the window ----------------


def test_the_window_is_what_the_events_span() -> None:
    rows = read(
        event(*days("20260504", "20260505")), event(*days("20260610", "20260612"), uid="u2"), past_days=10
    )
    assert rows.window == (date(2026, 5, 4), date(2026, 6, 12))


def test_a_stated_window_is_believed_up_to_the_horizon() -> None:
    rows = read(event(*days("20260504", "20260505")), window=(-30, 700), past_days=10, future_days=100)
    assert rows.window == (date(2026, 4, 21), date(2026, 8, 9))


def test_events_outside_of_the_horizon_say_nothing() -> None:
    rows = read(event(*days("20200504", "20200505")))
    first, last = rows.window
    assert len(rows) == 0
    assert first is not None
    assert last is not None
    assert first > last


# -- settings ----------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pattern": "("}, "no regular expression"),
        ({"pattern": ".+"}, "needs a group"),
        ({"person": "summary"}, "needs names"),
        ({"person": "fixed"}, "whose feed"),
        ({"window": (5, 1)}, "its first day lies after"),
        ({"past_days": -1}, "whole number of days from 0"),
        ({"persn": "fixed"}, "did you mean person"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(HrSettingsError, match=message):
        FeedSettings(**settings)  # type: ignore[arg-type]

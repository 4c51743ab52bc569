"""Each shipped mapping reads awkward rows of its system as it should."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from calcom_provider.hr.errors import HrSettingsError
from calcom_provider.hr.sources.employees import read_employees
from calcom_provider.hr.sources.mapping import SHIPPED, load_mapping
from calcom_provider.hr.sources.rows import from_records
from calcom_provider.hr.sources.text import fold
from tests.unit.hr.fake_calcom import FakeCalcom
from tests.unit.hr.jobs import MAPPING, TODAY, ooo_job

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "hr"
STAFF = (("7", "ada@example.com", "active"), ("3332883884017713700", "ada@example.com", "terminated"))
STAFF += (("8", "bob@example.com", "active"),)

# What becomes of each row: days written (user 1 is Ada, 2 is Bob) by request, and codes of the others by request.
WRITTEN: dict[str, dict[str, tuple[int, str, str]]] = {
    "bamboohr": {
        "100": (1, "2026-04-03", "2026-04-07"),
        "101 102": (1, "2026-04-20", "2026-04-20"),
        "110": (1, "2026-07-02", "2026-07-02"),
        "104": (2, "2026-05-05", "2026-05-05"),
    },
    "personio": {
        "1": (1, "2026-04-06", "2026-04-10"),
        "2": (1, "2026-04-21", "2026-04-21"),
        "8": (2, "2026-05-12", "2026-05-13"),
    },
    "personio_export": {"1": (1, "2026-04-06", "2026-04-10"), "3": (2, "2026-05-04", "2026-05-05")},
    "hibob": {
        "3001": (1, "2026-04-06", "2026-04-10"),
        "3002": (1, "2026-04-14", "2026-04-14"),
        "3011": (2, "2026-06-22", "2026-06-23"),
    },
    "ical": {
        "f1": (1, "2026-04-06", "2026-04-10"),
        "f2": (2, "2026-05-05", "2026-05-05"),
        "f3/20260608": (2, "2026-06-08", "2026-06-08"),
        "f3/20260615": (2, "2026-06-16", "2026-06-16"),
    },
    "merge": {"m1": (1, "2026-04-06", "2026-04-10"), "m3": (1, "2026-04-14", "2026-04-14")},
    "workday_raas": {
        "W1": (1, "2026-04-10", "2026-04-13"),
        "W4 W5": (2, "2026-05-04", "2026-05-04"),
        "W9": (2, "2026-06-01", "2026-06-01"),
    },
}
TOLD: dict[str, dict[str | None, str]] = {
    "bamboohr": {
        "101": "partial_day",
        "102": "partial_day",
        "103": "status:superceded",
        "105": "unknown_status",
        "106": "unknown_unit",
        "107": "missing_days",
        "108": "bad_date",
        "109": "float_id",
        "110": "older_version",
        "111": "status:denied",
    },
    "personio": {
        "2": "partial_day",
        "3": "partial_day",
        "4": "status:pending",
        "5": "status:rejected",
        "6": "end_before_start",
        "7": "missing_end",
        None: "missing_key",
        "10": "bad_flag",
        "11": "unmatched",
    },
    "personio_export": {
        "2": "partial_day",
        "4": "bad_date",
        "5": "missing_end",
        "6": "end_before_start",
        "7": "status:storniert",
        "8": "status:beantragt",
        "9": "unknown_status",
        "10": "unmatched",
        None: "ragged_row",
    },
    "hibob": {
        "3002": "partial_day",
        "3003": "partial_day",
        "3004": "partial_day",
        "3005": "missing_end",
        "3006": "partial_day",
        "3007": "unknown_kind",
        "3008": "float_id",
        "3009": "status:canceled",
        "3010": "status:declined",
    },
    "ical": {
        "f3/20260622": "status:cancelled",
        "f4": "status:requested",
        "f5": "partial_day",
        "f6": "unknown_person",
        "f7": "ambiguous_person",
        "f8": "bad_date",
        "f9": "unmatched",
        None: "too_many_occurrences",
    },
    "merge": {
        "m2": "partial_day",
        "m4": "status:remote_was_deleted",
        "m5": "status:deleted",
        "m6": "partial_day",
        "m7": "missing_end",
        "m8": "unknown_unit",
        "m9": "missing_status",
        "m10": "partial_day",
        "m11": "unmatched",
    },
    "workday_raas": {
        "W1": "duplicate_row",
        "W4": "partial_day",
        "W5": "partial_day",
        "W6": "status:sent back",
        "W7": "missing_day",
        "W8": "bad_number",
        "W10": "status:canceled",
    },
}


def plan_of(name: str) -> Any:
    fake = FakeCalcom()
    fake.add_user(1, "ada@example.com")
    fake.add_user(2, "bob@example.com")
    mapping = load_mapping(name, employees={**_no_half(name), **MAPPING["employees"]})
    path = next(FIXTURES.glob(f"{name}_absences.*"))
    staff = from_records([{"id": one, "email": email, "status": status} for one, email, status in STAFF])
    return ooo_job(fake, None, mapping=mapping).plan(
        mapping.read_absences(path.read_bytes(), staff, TODAY), staff
    )


def _no_half(name: str) -> dict[str, Any]:
    """Take the shipped names of fields out, so that the staff of this test is read by its own."""
    known = load_mapping(name).employees
    assert known is not None
    return {"format": "json", "records": None, "fields": dict.fromkeys(known.fields)}


@pytest.mark.parametrize(
    ("name", "keys"), [(name, keys) for name, found in WRITTEN.items() for keys in found]
)
def test_row_is_written(name: str, keys: str) -> None:
    found = {" ".join(one.keys): one for one in plan_of(name).actions}
    action = found[keys]
    assert (action.user_id, action.after["start"], action.after["end"]) == WRITTEN[name][keys]


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_nothing_else_is_written(name: str) -> None:
    assert {" ".join(one.keys) for one in plan_of(name).actions} == set(WRITTEN[name])


@pytest.mark.parametrize(("name", "key"), [(name, key) for name, found in TOLD.items() for key in found])
def test_row_is_told(name: str, key: str | None) -> None:
    codes = {one.code for one in plan_of(name).issues if one.key == key and (key or one.row)}
    assert TOLD[name][key] in codes


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_mapping_is_whole(name: str) -> None:
    mapping = load_mapping(name)
    assert mapping.name == name
    assert mapping.employees
    assert mapping.absences
    rows = plan_of(name).facts.source_rows
    assert rows >= 10


@pytest.mark.parametrize("name", SHIPPED)
def test_reports_never_repeat_types_or_comments(name: str) -> None:
    text = repr([one.as_dict() for one in plan_of(name).issues]) + repr(plan_of(name).summary())
    for word in (
        "Holiday",
        "Vacation",
        "Urlaub",
        "Leuchtturm",
        "lighthouse",
        "Doctor",
        "Parental",
        "@example.com",
    ):
        assert word not in text


BROKEN = [
    ({}, "employees, absences"),
    ({"employees": {"fields": {"id": "a"}}}, "employees.fields"),
    ({"employees": {"fields": {"id": "a", "email": "b", "shoe": "c"}}}, "shoe"),
    ({"employees": {"fields": {"id": {"colum": "a"}, "email": "b"}}}, "employees.fields.id"),
    ({"absences": {"fields": {"key": "a", "status": "b", "email": "c"}}}, "shape range needs"),
    ({"absences": {"fields": {"key": "a", "status": "b", "start": "c", "end": "d"}}}, "employee_id or email"),
    ({"absences": {"shape": "weeks", "fields": {"key": "a", "status": "b", "email": "c"}}}, "absences.shape"),
    ({"employees": {"date_formats": ["dmy"], "fields": {"id": "a", "email": "b"}}}, "date_formats"),
    ({"employees": {"statuses": {"fired": ["x"]}, "fields": {"id": "a", "email": "b"}}}, "fired"),
    ({"name": "x", "people": {}}, "people"),
    ("no-such-mapping", "neither a file"),
]


@pytest.mark.parametrize(("raw", "where"), BROKEN)
def test_a_wrong_mapping_says_where(raw: Any, where: str) -> None:
    with pytest.raises(HrSettingsError, match=where):
        load_mapping(raw)


def test_sick_needs_leave() -> None:
    fake = FakeCalcom()
    fake.add_user(1, "ada@example.com")
    mapping = load_mapping("merge", absences={"reasons": {"SICK": "sick"}})
    job = ooo_job(fake, None, mapping=mapping)
    with pytest.raises(HrSettingsError, match="allow_sensitive_reason"):
        job.plan(from_records([{"id": "1"}]))


# What each employee row says: id, folded address, state, first day, or the code of what is wrong with it.
STAFFED: dict[str, list[tuple[Any, ...] | str]] = {
    "bamboohr": [
        ("7", "ada@example.com", "active", "2020-01-06"),
        ("0042", "bob@example.com", "active", None),
        ("9", None, "active", None),
        ("10", "dee@example.com", "terminated", None),
        ("11", "eve@example.com", "leave", None),
        "float_id",
        "unknown_status",
        "bad_date",
        (None, "ida@example.com", "active", None),
        ("16", "na", "active", None),
        "missing_status",
    ],
    "personio": [
        ("7", "ada@example.com", "active", "2020-01-06"),
        ("8", "bob@example.com", "terminated", None),
        ("9", "cy@example.com", "prehire", "2026-06-01"),
        ("10", "dee@example.com", "leave", None),
        ("11", None, "active", None),
        ("0012", "fay@example.com", "active", None),
        "float_id",
        "unknown_status",
        (None, "ida@example.com", "active", None),
        ("16", "null", "active", None),
        "missing_status",
    ],
    "personio_export": [
        ("0007", "ada@example.com", "active", "2020-01-06"),
        ("8", "bob@example.com", "terminated", "2019-02-01"),
        ("9", "cy@example.com", "leave", None),
        ("10", None, "active", None),
        ("11", "na", "active", None),
        (None, "eve@example.com", "active", None),
        "unknown_status",
        "bad_date",
        ("15", "hal@example.com", "terminated", None),
        "missing_status",
        "ragged_row",
    ],
    "hibob": [
        ("3332883884017713700", "ada@example.com", "active", "2020-01-06"),
        ("3332883884017713701", "bob@example.com", "active", "2021-02-01"),
        ("3332883884017713702", "cy@example.com", "active", None),
        "float_id",
        ("3332883884017713704", "eve@example.com", "terminated", None),
        ("3332883884017713705", None, "active", None),
        ("3332883884017713706", "gus@example.com", "prehire", "2027-06-01"),
        "unknown_status",
        (None, "ida@example.com", "active", None),
        ("3332883884017713709", "joe@example.com", "active", None),
        "bad_date",
    ],
    "ical": [
        ("0007", "ada@example.com", "active", None),
        ("8", "bob@example.com", "active", None),
        ("9", None, "active", None),
        (None, "dee@example.com", "active", None),
        ("10", "na", "active", None),
        "unknown_status",
        "ragged_row",
        ("14", "hal@example.com", "terminated", None),
        ("15", "ida@example.com", "leave", None),
        "missing_status",
    ],
    "merge": [
        ("e1", "ada@example.com", "active", "2020-01-06"),
        ("e2", "bob@example.com", "active", None),
        ("e3", None, "active", None),
        ("e4", "dee@example.com", "terminated", None),
        ("e5", "eve@example.com", "prehire", "2027-01-01"),
        "missing_status",
        "unknown_status",
        (None, "hal@example.com", "active", None),
        "bad_date",
        ("e10", "joe@example.com", "active", None),
        ("e11", "none", "active", None),
    ],
    "workday_raas": [
        ("E-0007", "ada@example.com", "active", "2020-01-06"),
        ("E-0007", "ada@example.com", "active", "2020-01-06"),
        ("E-8", "bob@example.com", "active", None),
        ("E-9", "cy@example.com", "leave", None),
        ("E-10", "dee@example.com", "terminated", None),
        ("E-11", None, "active", None),
        "unknown_status",
        (None, "gus@example.com", "active", None),
        "bad_date",
        "float_id",
        ("E-16", "joe@example.com", "prehire", "2027-01-04"),
    ],
}


def test_every_shipped_mapping_has_rows_of_both_kinds() -> None:
    assert set(STAFFED) == set(WRITTEN) == set(SHIPPED)


@pytest.mark.parametrize(
    ("name", "number"), [(name, number) for name, rows in STAFFED.items() for number in range(len(rows))]
)
def test_employee_row_is_read_or_told(name: str, number: int) -> None:
    half = load_mapping(name).employees
    assert half is not None
    path = next(FIXTURES.glob(f"{name}_employees.*"))
    found = read_employees(half.source.read(path.read_bytes()), half)
    expected = STAFFED[name][number]
    people = [one for one in found.people if one.row == number + 1]
    codes = [one.code for one in found.issues if one.row == number + 1]
    if isinstance(expected, str):
        assert (people, codes) == ([], [expected])
        return
    (person,) = people
    day = person.start.isoformat() if person.start else None
    assert (person.id, fold(person.email) if person.email else None, person.status, day) == expected
    assert codes == []


def test_second_addresses_are_split() -> None:
    half = load_mapping("workday_raas").employees
    assert half is not None
    rows = half.source.read((FIXTURES / "workday_raas_employees.json").read_bytes())
    assert read_employees(rows, half).people[2].other_emails == ("b@example.net", "bob@old.example")

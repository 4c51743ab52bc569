"""The reference samples come out as their own documentation says, one test a row."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.hr.attributes.columns import load_columns
from calcom_provider.hr.attributes.job import AttributeJob, AttributeSettings
from calcom_provider.hr.out_of_office.days import DayPolicy
from calcom_provider.hr.out_of_office.job import OutOfOfficeJob, OutOfOfficeSettings
from calcom_provider.hr.plan.guards import GuardLimits
from calcom_provider.hr.plan.settings import Common
from calcom_provider.hr.sources.mapping import load_mapping
from calcom_provider.hr.target.matching import CalUser
from calcom_provider.hr.target.state import Attribute, AttributeState, OooEntry, Option
from tests.plugins.shared import SHARED
from tests.unit.hr.fake_calcom import FakeCalcom

pytestmark = pytest.mark.shared
SAMPLES = SHARED / "hris" / "samples"
EMPLOYEES = {
    "format": "csv",
    "date_formats": ["iso", "%d.%m.%Y", "%d/%m/%Y", "excel"],
    "fields": {
        "id": {"column": "employee_id", "strip_prefix": "E-"},
        "email": "work_email",
        "other_emails": "other_emails",
        "status": "status",
        "modified": "last_modified",
        "start": "start_date",
        "terminated_on": "termination_date",
    },
}
MAPPINGS = {"bamboohr_time_off_requests.json": "bamboohr", "personio_absences.csv": "personio_export"}


def load(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text("utf-8"))


def expected() -> dict[str, Any]:
    return load("expected_ooo.json") if SAMPLES.is_dir() else {}


def calcom() -> FakeCalcom:
    raw = load("calcom_org_fixture.json")
    fake = FakeCalcom(raw["org_id"])
    for one in raw["users"]:
        fake.users[one["id"]] = CalUser(one["id"], one["email"], one["timeZone"], one["accepted"])
    for one in raw["attributes"]:
        attribute = Attribute(
            one["id"],
            one["name"],
            one["slug"],
            one["type"],
            one["enabled"],
            one["isLocked"],
            one["isWeightsEnabled"],
        )
        state = fake.attributes[attribute.id] = AttributeState(attribute)
        for option in one["options"]:
            state.options[option["id"]] = Option(
                option["id"], option["value"], option.get("isGroup", False), tuple(option.get("contains", ()))
            )
    for one in raw["assignments"]:
        fake.hold(one["userId"], one["optionId"])
    for one in raw["ooo"]:
        fake.entries[one["id"]] = OooEntry.from_row(one)
    return fake


def common(mapping: Any) -> Common:
    # Five of thirteen people have no user by design: that is what the samples are about.
    return Common(
        "Europe/Berlin", mapping, "demo", as_of=date(2026, 3, 16), limits=GuardLimits(match_rate=0.5)
    )


def plan_absences(name: str) -> tuple[Any, FakeCalcom]:
    fake = calcom()
    excluded = expected()["policy"]["excluded_types"]
    mapping = load_mapping(MAPPINGS[name], absences={"excluded_types": excluded}, employees=EMPLOYEES)
    settings = OutOfOfficeSettings(
        common(mapping), DayPolicy(horizon_days=expected()["policy"]["horizon_days"])
    )
    job = OutOfOfficeJob(fake, settings)
    plan = job.plan(
        mapping.absences.source.read((SAMPLES / name).read_bytes()),
        mapping.employees.source.read((SAMPLES / "employees.csv").read_bytes()),
    )
    return plan, fake


def segments(plan: Any, fake: FakeCalcom) -> dict[str, list[tuple[str, str]]]:
    """What is there or covered once the plan is applied: ours, and the hand-made entry of user 101."""
    found: dict[str, list[tuple[str, str]]] = {}
    for action in plan.actions:
        if action.kind in {"ooo_create", "ooo_update"}:
            found.setdefault(str(action.user_id), []).append((action.after["start"], action.after["end"]))
    covered = [one for one in plan.issues if one.code == "covered"]
    for issue in covered:
        entry = next(one for one in fake.entries.values() if one.user_id == issue.user_id and one.id == 7001)
        found.setdefault(str(issue.user_id), []).append((entry.start.isoformat(), entry.end.isoformat()))
    return {user: sorted(days) for user, days in found.items()}


@pytest.mark.parametrize("name", sorted(MAPPINGS))
def test_segments(name: str) -> None:
    plan, fake = plan_absences(name)
    wanted = {
        user: sorted((one["start"], one["end"]) for one in runs)
        for user, runs in expected()[name]["segments"].items()
    }
    assert segments(plan, fake) == wanted


@pytest.mark.parametrize(
    ("name", "user", "run"),
    [
        (name, user, run)
        for name in MAPPINGS
        for user, runs in expected().get(name, {}).get("segments", {}).items()
        for run in runs
    ],
    ids=lambda value: value if isinstance(value, str) else value.get("start"),
)
def test_segment_has_its_requests(name: str, user: str, run: dict[str, Any]) -> None:
    plan, _ = plan_absences(name)
    keys = [
        one.keys
        for one in plan.actions
        if str(one.user_id) == user and one.after.get("start") == run["start"]
    ] + [
        tuple((one.key or "").split())
        for one in plan.issues
        if one.code == "covered" and str(one.user_id) == user
    ]
    assert tuple(run["request_ids"]) in keys


@pytest.mark.parametrize(
    ("name", "row"),
    [(name, row) for name in MAPPINGS for row in expected().get(name, {}).get("not_written", ())],
    ids=lambda value: value if isinstance(value, str) else f"{value['ids'][0]}-{value['code']}",
)
def test_not_written(name: str, row: dict[str, Any]) -> None:
    plan, _ = plan_absences(name)
    told = {(one.key, one.code, one.days) for one in plan.issues}
    assert (row["ids"][0], row["code"], tuple(row.get("days", ()))) in told


@pytest.mark.parametrize("name", sorted(MAPPINGS))
def test_nothing_else_is_reported_about_requests(name: str) -> None:
    plan, _ = plan_absences(name)
    wanted = {(row["ids"][0], row["code"]) for row in expected()[name]["not_written"]} | {
        ("48211", "covered")
    }
    wanted |= {("7001", "covered")}
    requests = {key for key, _ in wanted}
    told = {(one.key, one.code) for one in plan.issues if one.key in requests}
    assert told - wanted == set()


def actions(plan: Any, **like: Any) -> list[Any]:
    return [one for one in plan.actions if all(getattr(one, name) == value for name, value in like.items())]


@pytest.mark.parametrize(
    ("ooo_id", "kind", "why"),
    [(7002, "ooo_delete", "cancelled"), (7003, "ooo_update", None), (7006, "ooo_delete", "vanished")],
)
def test_owned_entry(ooo_id: int, kind: str, why: str | None) -> None:
    plan, _ = plan_absences("bamboohr_time_off_requests.json")
    touching = [one for one in plan.actions if one.ooo_id == ooo_id]
    if ooo_id == 7003 and touching[0].kind == "ooo_delete":
        # Without a ledger nothing ties the edited request to the entry: delete and create is the other way.
        assert actions(plan, kind="ooo_create", user_id=103)
        return
    assert [(one.kind, why or one.why) for one in touching] == [(kind, why or touching[0].why)]


@pytest.mark.parametrize("ooo_id", [7001, 7004, 7005])
def test_entry_is_left_alone(ooo_id: int) -> None:
    for name in MAPPINGS:
        plan, _ = plan_absences(name)
        assert actions(plan, ooo_id=ooo_id) == []


def test_only_the_vanished_request_counts_for_the_guard() -> None:
    plan, _ = plan_absences("bamboohr_time_off_requests.json")
    assert [one.observed for one in plan.verdicts if one.guard == "vanished"] == [1]


COLUMNS = {
    "department": {"attribute": "Department", "value_map": {"People and Culture": "People & Culture"}},
    "languages": {"attribute": "Languages"},
    "regions": {"attribute": "Region"},
    "location": {"attribute": "Location", "value_map": {"Bangalore": "Bengaluru", "Tokyo": "東京"}},
    "seniority": {"attribute": "Seniority"},
    "cost_centre": {"attribute": "cost-centre"},
    "territory": {"attribute": "Territory"},
}


def plan_attributes(**changes: Any) -> Any:
    columns = {
        name: {**spec, "mode": "additive", "missing_option": "skip", **changes.get(name, {})}
        for name, spec in COLUMNS.items()
    }
    mapping = load_mapping({"employees": EMPLOYEES})
    settings = AttributeSettings(common(mapping), load_columns(columns), directory_sync=False)
    job = AttributeJob(calcom(), settings)
    return job.plan(mapping.employees.source.read((SAMPLES / "employees.csv").read_bytes()))


def told(plan: Any, key: str | None, column: str | None = None) -> set[str]:
    return {one.code for one in plan.issues if one.key == key and (column is None or one.column == column)}


def given(plan: Any, user_id: int, attribute: str) -> list[str]:
    """Values that the plan gives a person."""
    return [
        one.after["value"]
        for one in plan.actions
        if one.user_id == user_id and one.attribute_id == attribute and one.kind in {"assign", "assign_value"}
    ]


def test_e1001_newest_row_counts_and_nothing_is_written_twice() -> None:
    plan = plan_attributes()
    assert "older_version" in told(plan, "1001")
    assert given(plan, 101, "attr-dept") == []
    assert given(plan, 101, "attr-cc") == []
    assert given(plan, 101, "attr-lang") == ["Deutsch", "English"]


def test_territory_is_locked_for_everybody() -> None:
    plan = plan_attributes()
    assert actions(plan, attribute_id="attr-ter") == []
    assert "locked_attribute" in told(plan, None, "territory")


def test_e1002_cells_are_trimmed_and_other_separators_are_one_value() -> None:
    plan = plan_attributes()
    assert given(plan, 102, "attr-dept") == ["Engineering"]
    assert told(plan, "1002", "languages") == {"missing_option"}
    assert told(plan, "1002", "regions") == {"missing_option"}
    assert given(plan, 102, "attr-sen") == ["5"]


def test_e1002_separators_are_settings() -> None:
    plan = plan_attributes(languages={"separators": [","]}, regions={"separators": ["|"]})
    assert given(plan, 102, "attr-lang") == ["Polski", "English"]
    assert given(plan, 102, "attr-reg") == ["DACH", "Nordics"]


def test_e1003_case_folds_accents_do_not_grouping_is_refused_and_na_is_a_region() -> None:
    plan = plan_attributes()
    assert given(plan, 103, "attr-dept") == ["Customer success"]
    assert given(plan, 103, "attr-lang") == ["English"]
    assert "missing_option" in told(plan, "1003", "languages")
    assert "bad_number" in told(plan, "1003", "seniority")
    assert actions(plan, user_id=103, attribute_id="attr-reg") == []
    assert actions(plan, user_id=103, attribute_id="attr-cc") == []


def test_e1003_accents_fold_when_asked() -> None:
    plan = plan_attributes(languages={"fold_accents": True})
    assert [
        one.option_id for one in plan.actions if one.user_id == 103 and one.attribute_id == "attr-lang"
    ] == [
        "o-en",
        "o-fr",
    ]


def test_e1104_alias_value_map_and_json_list() -> None:
    plan = plan_attributes()
    assert "missing_option" in told(plan, "1104", "department")
    assert given(plan, 104, "attr-loc") == ["Bengaluru"]
    assert given(plan, 104, "attr-lang") == ["English"]
    assert "missing_option" in told(plan, "1104", "languages")


def test_e1104_unmapped_place_has_no_option() -> None:
    plan = plan_attributes(location={"value_map": {}})
    assert "missing_option" in told(plan, "1104", "location")
    assert "missing_option" in told(plan, "1005", "location")


def test_e1005_on_leave_is_employed_and_a_blank_leaves() -> None:
    plan = plan_attributes()
    assert given(plan, 105, "attr-loc") == ["東京"]
    assert given(plan, 105, "attr-lang") == ["日本語", "English"]
    assert actions(plan, user_id=105, attribute_id="attr-sen") == []


def test_e1006_two_options_on_a_single_select() -> None:
    plan = plan_attributes()
    assert given(plan, 106, "attr-dept") == []
    assert "foreign_value" in told(plan, "1006", "department")
    assert [one.option_id for one in actions(plan, user_id=106, attribute_id="attr-reg")] == ["o-emea"]
    plan = plan_attributes(department={"mode": "authoritative"})
    assert [one.option_id for one in actions(plan, user_id=106, kind="unassign")] == ["o-cs"]
    assert "foreign_unassigns" in plan.refusals


def test_e1006_needs_its_map() -> None:
    assert "missing_option" in told(plan_attributes(department={"value_map": {}}), "1006", "department")


def test_e1007_terminated() -> None:
    plan = plan_attributes()
    assert "terminated" in told(plan, "1007")
    assert actions(plan, user_id=107) == []


def test_e1108_the_rehired_record_wins() -> None:
    plan = plan_attributes()
    assert "terminated" in told(plan, "1008")
    assert given(plan, 108, "attr-dept") == ["Customer Success"]
    assert given(plan, 108, "attr-sen") == ["6"]


def test_e1009_two_values_accent_and_float_damage() -> None:
    plan = plan_attributes()
    assert told(plan, "1009", "department") == {"several_values"}
    assert "missing_option" in told(plan, "1009", "languages")
    assert told(plan, "1009", "cost_centre") == {"float_damage"}
    assert given(plan, 109, "attr-cc") == []


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("1012", "unmatched"),
        ("1013", "ambiguous"),
        ("1014", "ambiguous"),
        ("1015", "pending"),
        (None, "unmatched"),
    ],
)
def test_bucket(key: str | None, code: str) -> None:
    plan = plan_attributes()
    assert code in told(plan, key)
    assert actions(plan, user_id=111) == []


def test_a_missing_option_names_the_nearest() -> None:
    plan = plan_attributes()
    assert ("1009", "o-es") in {(one.key, one.hint) for one in plan.issues if one.column == "languages"}


def test_missing_options_refuse_the_whole_plan_by_default() -> None:
    plan = plan_attributes(department={"missing_option": "fail"})
    assert plan.refusals == ("missing_options",)


def test_samples_exist() -> None:
    assert (Path(SAMPLES) / "README.md").is_file()


SENSITIVE = (
    "Skiing", "MRI", "clinic", "moved by a week", "withdrawn by employee", "Vacation", "Sick", "Parental",
    "Kinderkrank",
    "Urlaub", "Krankheit", "Sonderurlaub", "Grippe", "Resturlaub", "zu viele", "Elternzeit", "Weiterbildung", "Müller",
    "Zoë", "Łukasz", "Renée", "Dupont", "Okafor", "Núñez", "Priya", "Becker", "Vogel", "@example.com", "example.com",
)  # fmt: skip


@pytest.mark.parametrize("name", sorted(MAPPINGS))
def test_nothing_of_the_samples_is_told(
    name: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    from dataclasses import replace

    from rich.console import Console

    from calcom_provider.hr.apply.job import check_rows
    from calcom_provider.hr.errors import HrError
    from calcom_provider.hr.plan.guards import Confirmation
    from calcom_provider.hr.plan.rendering import table
    from calcom_provider.hr.review.approval import markdown

    caplog.set_level("DEBUG")
    fake = calcom()
    mapping = load_mapping(MAPPINGS[name], employees=EMPLOYEES)
    job = OutOfOfficeJob(fake, OutOfOfficeSettings(common(mapping)))
    sources = [
        mapping.absences.source.read((SAMPLES / name).read_bytes()),
        mapping.employees.source.read((SAMPLES / "employees.csv").read_bytes()),
    ]
    plan = job.plan(*sources)
    agreed = replace(job.settings.common, confirm=Confirmation(plan_hash=plan.hash))
    job.settings = replace(job.settings, common=agreed)
    plan = job.plan(*sources)
    result = job.apply(plan, reread=True)
    Console().print(table(plan))
    print(
        plan.summary(), result.summary(), markdown(plan), [one.as_dict() for one in plan.issues], repr(plan)
    )
    if plan.errors():
        with pytest.raises(HrError) as told:
            check_rows(plan, result, 0)
        print(told.value)
    told_everywhere = capsys.readouterr().out + caplog.text + "".join(str(one.notes) for one in ours(fake))
    for word in SENSITIVE:
        assert word not in told_everywhere


def ours(fake: FakeCalcom) -> list[Any]:
    before = {one["id"] for one in load("calcom_org_fixture.json")["ooo"]}
    return [one for one in fake.entries.values() if one.id not in before]

"""Settings are checked whole: all mistakes at once, with their places, and the schema says the same."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from calcom_provider.hr.attributes.columns import AttributeColumn
from calcom_provider.hr.config import attribute_settings, load_settings, out_of_office_settings
from calcom_provider.hr.errors import HrSettingsError
from calcom_provider.hr.out_of_office.days import DayPolicy
from calcom_provider.hr.plan.guards import GuardLimits
from calcom_provider.hr.settings import settings_schema
from calcom_provider.hr.sources.mapping import SHIPPED, load_mapping, shipped_mapping
from calcom_provider.hr.validation import schema_of
from tests.unit.hr.promises import promised

BASE = {"timezone": "Europe/Berlin", "mapping": "bamboohr"}
DOCS = Path(__file__).parents[3] / "docs"


def problems(**more: Any) -> set[str]:
    with pytest.raises(HrSettingsError) as wrong:
        out_of_office_settings({**BASE, **more})
    assert str(wrong.value) == "; ".join(wrong.value.problems)
    return set(wrong.value.problems)


def test_the_two_mistakes_that_passed_are_refused_clearly() -> None:
    promised("A number is a number and never text, a share is a part of 1")
    assert problems(limits={"vanished": 20}) == {
        "limits.vanished: expected a share from 0 to 1, where 0.2 means 20 %, not 20"
    }
    assert problems(limits={"vanished": "0.2"}) == {
        "limits.vanished: expected a share from 0 to 1, where 0.2 means 20 %, not text"
    }


def test_everything_wrong_is_told_at_once_with_its_place() -> None:
    promised("types, ranges and units, all mistakes at once, each with its place")
    found = problems(
        timezone="Mars/Base",
        limits={"match_rat": 0.5, "vanished_floor": -1, "segment_days": 0},
        mapping_changes={"absences": {"shap": "range", "full_day_hours": 0}},
        on_drift="kep",
        horizon_days=5000,
        threshold=1.5,
        roll_weeks=True,
        as_of="tomorrow",
        retention_days=0,
        confirm={"vanished_hard": 5},
        aliases={"1104": ["x"]},
        allow_sensitive_reason="no",
        colour="red",
    )
    places = {one.split(": ")[0] for one in found}
    assert places == {
        "timezone", "limits.match_rat", "limits.vanished_floor", "limits.segment_days",
        "mapping_changes.absences.shap", "mapping_changes.absences.full_day_hours", "on_drift", "horizon_days",
        "threshold", "roll_weeks", "as_of", "retention_days", "confirm", "aliases.1104",
        "allow_sensitive_reason", "colour",
    }  # fmt: skip
    assert "horizon_days: expected a whole number of days from 1 to 3660, not 5000" in found
    assert "threshold: expected a share above 0 to 1, where 0.2 means 20 %, not 1.5" in found
    assert (
        "mapping_changes.absences.full_day_hours: expected a number of hours above 0, at most 24, not 0"
        in found
    )


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"limits": {"match_rat": 0.5}}, "limits.match_rat: unknown key; did you mean match_rate?"),
        ({"horizon_day": 5}, "horizon_day: unknown key; did you mean horizon_days?"),
        ({"on_drift": "kep"}, "on_drift: none of keep, overwrite; did you mean keep?"),
        (
            {"mapping_changes": {"absences": {"fields": {"strat": "x"}}}},
            "mapping_changes.absences.fields.strat: unknown key; did you mean start?",
        ),
        ({"limits": 5}, "limits: expected an object"),
        (
            {"mapping_changes": {"absence": {}}},
            "mapping_changes.absence: unknown key; did you mean absences?",
        ),
    ],
)
def test_an_unknown_word_is_refused_with_the_nearest(more: dict[str, Any], said: str) -> None:
    promised("an unknown key is refused with the nearest that exists")
    assert said in problems(**more)


def test_a_mapping_that_does_not_exist_names_the_nearest() -> None:
    [told] = problems(mapping="bambohr")
    assert told.startswith("mapping: 'bambohr' is neither")
    assert told.endswith("did you mean bamboohr?")


def test_columns_and_what_has_no_default() -> None:
    columns = {
        "team": {"attribut": "T", "mode": "owne"},
        "b": 5,
        "c": {"attribute": "C", "decimal": ",", "grouping": ","},
    }
    with pytest.raises(HrSettingsError) as wrong:
        attribute_settings({**BASE, "columns": columns})
    assert {one.split(": ")[0] for one in wrong.value.problems} == {
        "columns.team.attribut", "columns.team.attribute", "columns.team.mode", "columns.b", "columns.c",
        "directory_sync",
    }  # fmt: skip
    assert "did you mean attribute?" in str(wrong.value)


def test_what_people_wrote_is_not_repeated() -> None:
    secret = "ada@example.com"
    told = " ".join(
        problems(limits={"vanished": secret}, aliases={"7": [secret]}, note=[secret], as_of=secret)
    )
    assert secret not in told


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (GuardLimits, {"vanished": 20}),
        (DayPolicy, {"partial_days": "some"}),
        (AttributeColumn, {"column": "a", "attribute": "b", "mode": "all"}),
    ],
)
def test_settings_made_in_python_are_checked_too(kind: Any, values: dict[str, Any]) -> None:
    with pytest.raises(HrSettingsError, match=next(name for name in reversed(values))):
        kind(**values)


def test_every_limit_has_a_range() -> None:
    """A limit without one would take 20 for 2,000 %."""
    for name, node in schema_of(GuardLimits)["properties"].items():
        assert "minimum" in node, name
        assert (node["type"] == "number") == (node.get("unit") == "share"), name
        assert node["description"], name


def test_a_settings_file_names_the_half(tmp_path: Path) -> None:
    path = tmp_path / "hr.yaml"
    path.write_text(
        yaml.safe_dump({**BASE, "out_of_office": {"horizon_days": 0}, "attributes": {"columns": {"a": {}}}})
    )
    with pytest.raises(HrSettingsError) as wrong:
        load_settings(path)
    assert {one.split(": ")[0] for one in wrong.value.problems} == {
        "out_of_office.horizon_days", "attributes.columns.a.attribute", "attributes.directory_sync"
    }  # fmt: skip


def example() -> dict[str, Any]:
    page = (DOCS / "write-back.rst").read_text("utf-8")
    block = page.split("The settings file:\n\n.. code-block:: yaml\n")[1].split("\n\nAll settings")[0]
    return dict(yaml.safe_load(block))


def test_the_shipped_schema_is_up_to_date() -> None:
    shipped = resources.files("calcom_provider.hr").joinpath("settings.schema.json").read_text("utf-8")
    assert json.loads(shipped) == settings_schema(), "run make schema"


def test_the_schema_says_what_the_code_says(tmp_path: Path) -> None:
    schema = settings_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    path = tmp_path / "hr.yaml"
    path.write_text(yaml.safe_dump(example()))
    assert load_settings(path)["timezone"] == "Europe/Berlin"
    validator.validate(example())
    for wrong in (
        {"limits": {"vanished": 20}},
        {"limits": {"vanished": "0.2"}},
        {"limits": {"match_rat": 0.2}},
        {"out_of_office": {"on_drift": "kep"}},
        {"mapping_changes": {"absences": {"shap": "range"}}},
        {"colour": "red"},
    ):
        assert not validator.is_valid({**example(), **wrong}), wrong


@pytest.mark.parametrize("name", SHIPPED)
def test_the_schema_takes_every_shipped_mapping(name: str) -> None:
    mapping = yaml.safe_load(shipped_mapping(name))
    jsonschema.Draft202012Validator(settings_schema()).validate({"timezone": "UTC", "mapping": mapping})
    assert load_mapping(mapping) == load_mapping(name)


def test_every_day_rule_can_be_set() -> None:
    known = settings_schema()["$defs"]["OutOfOfficeValues"]["properties"]
    assert {one.name for one in fields(DayPolicy)} - set(known) == {"end_is"}


def test_the_sync_never_pays_for_the_settings_models() -> None:
    code = (
        "import sys, calcom_provider.cli.app, calcom_provider.cli.reading, calcom_provider.sync.run;"
        "import calcom_provider.warehouse.engine, calcom_provider.resources.registry;"
        "sys.exit('pydantic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

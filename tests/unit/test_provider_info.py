"""Provider info: a mistake in it stops every Airflow command."""

from __future__ import annotations

import importlib
import json
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from calcom_provider.get_provider_info import get_provider_info

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "provider" / "calcom_provider"
INFO = get_provider_info()
FORM = INFO["connection-types"][0]


def schema(name: str) -> dict[str, Any]:
    return json.loads(files("airflow").joinpath(name).read_text())


def dotted_paths() -> list[str]:
    paths = [FORM["hook-class-name"]]
    for kind in ("hooks", "operators", "sensors", "triggers"):
        paths += [module for entry in INFO.get(kind, []) for module in entry["python-modules"]]
    paths += [entry["python-module"] for entry in INFO.get("transfers", [])]
    paths += INFO.get("extra-links", [])
    paths += INFO.get("notifications", [])
    paths += [plugin["plugin-class"] for plugin in INFO.get("plugins", [])]
    for entry in INFO.get("asset-uris", []):
        paths += [entry[key] for key in ("handler", "factory", "to_openlineage_converter") if entry.get(key)]
    return paths


def load(path: str) -> Any:
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError:
        module, _, name = path.rpartition(".")
        return getattr(importlib.import_module(module), name)


def test_info_fits_the_schema_that_airflow_checks_at_every_start() -> None:
    jsonschema.validate(INFO, schema("provider_info.schema.json"))


def test_form_fits_the_strict_schema_which_alone_finds_misspelt_keys() -> None:
    strict = schema("provider.yaml.schema.json")["properties"]["connection-types"]
    jsonschema.validate(INFO["connection-types"], strict)
    misspelt = [FORM | {"ui-field-behaviour": {"relabelling": {}}}]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(misspelt, strict)


def test_package_name_is_the_distribution_name() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert INFO["package-name"] == project["name"]


@pytest.mark.parametrize("path", dotted_paths())
def test_everything_named_can_be_imported(path: str) -> None:
    assert load(path) is not None


def test_every_module_of_the_airflow_face_is_named() -> None:
    named = set(dotted_paths())
    for kind in ("operators", "sensors", "triggers", "transfers", "notifications"):
        for path in (PACKAGE / kind).glob("*.py"):
            text = path.read_text()
            module = f"calcom_provider.{kind}.{path.stem}"
            bases = ("BaseOperator)", "BaseSensorOperator)", "BaseTrigger)", "BaseNotifier)")
            if any(base in text for base in bases):
                assert any(name == module or name.startswith(f"{module}.") for name in named), module


def test_hook_agrees_with_the_form() -> None:
    hook = load(FORM["hook-class-name"])
    assert (hook.conn_type, hook.hook_name) == (FORM["connection-type"], FORM["hook-name"])
    assert hook.conn_name_attr == "calcom_conn_id"
    assert hook.default_conn_name == "calcom_default"
    assert "__" not in FORM["connection-type"], "the UI splits field names there"


def test_form_shows_what_the_hook_reads() -> None:
    source = (PACKAGE / "hooks" / "settings.py").read_text()
    unread = [name for name in FORM["conn-fields"] if f'"{name}"' not in source]
    assert unread == []


def test_no_field_is_required_and_secrets_are_masked() -> None:
    for name, field in FORM["conn-fields"].items():
        assert "null" in field["schema"]["type"], f"{name} would have to be filled in"
        if any(word in name for word in ("secret", "token", "proxy", "state_store")):
            assert field["schema"]["format"] == "password", name


def test_airflow_builds_the_form_from_it() -> None:
    from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService

    shown = {meta.connection_type: meta for meta in HookMetaService.hook_meta_data()}["calcom"]
    assert shown.hook_name == "Cal.com"
    assert shown.standard_fields.host.title == "Base URL"
    assert shown.standard_fields.password.title == "API key or access token"
    assert shown.standard_fields.host.placeholder == "https://api.cal.com/v2"
    assert shown.standard_fields.login.hidden
    assert set(shown.extra_fields) == set(FORM["conn-fields"])
    mode = shown.extra_fields["auth_mode"]
    assert mode["schema"]["enum"] == ["api_key", "platform", "managed_user", "access_token", None]
    assert mode["value"] == "api_key"


def test_info_costs_nothing_to_read() -> None:
    text = (PACKAGE / "get_provider_info.py").read_text()
    imports = [line for line in text.splitlines() if line.startswith(("import", "from"))]
    assert imports == ["from __future__ import annotations", "from typing import Any"]


def test_settings_are_those_that_pages_and_receiver_read() -> None:
    from calcom_provider.hooks import events
    from calcom_provider.plugins import plan, report

    text = "".join(Path(str(module.__file__)).read_text() for module in (report, plan, events))
    options = INFO["config"][report.SECTION]["options"]
    assert options.keys() == {name for name in options if f'"{name}"' in text}
    reported = {f"report_{field}" for field in ("conn_id", "schema", "prefix", "show_people")}
    received = {"events_conn_id", "webhook_conn_ids", "webhook_tolerance", "webhook_rate"}
    assert options.keys() == reported | received | {"plan_department"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(INFO | {"config": {"calcom": {}}}, schema("provider_info.schema.json"))

"""Catalogue and contract agree: every operation, path, parameter, but for the listed corrections."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from calcom_provider.api.catalogue.operations import DATA, Operation, catalogue

pytestmark = pytest.mark.shared

ROOT = Path(__file__).resolve().parents[2]
CORRECTED = yaml.safe_load((ROOT / "tools" / "corrections.yaml").read_text(encoding="utf-8"))
METHODS = {"get", "post", "put", "patch", "delete"}

Json = dict[str, Any]


@pytest.fixture(scope="module")
def document(shared_dir: Path) -> Json:
    return json.loads((shared_dir / "calcom" / "openapi.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def contract(document: Json) -> dict[str, tuple[str, str, Json]]:
    return {
        raw["operationId"]: (method.upper(), path.removeprefix("/v2"), raw)
        for path, methods in document["paths"].items()
        for method, raw in methods.items()
        if method in METHODS
    }


def test_272_of_272(contract: dict[str, tuple[str, str, Json]]) -> None:
    held = {o.id: (o.method, o.path) for o in catalogue().values() if o.origin == "contract"}
    assert len(contract) == 272
    assert held == {id_: (method, path) for id_, (method, path, _) in contract.items()}


def test_nothing_added_is_in_the_contract(contract: dict[str, tuple[str, str, Json]]) -> None:
    routes = {(method, path) for method, path, _ in contract.values()}
    added = [o for o in catalogue().values() if o.origin != "contract"]
    assert [o.name for o in added if (o.method, o.path) in routes] == []


def test_success_status(contract: dict[str, tuple[str, str, Json]]) -> None:
    different = {
        catalogue()[id_].name: catalogue()[id_].success
        for id_, (_, _, raw) in contract.items()
        if str(catalogue()[id_].success) not in raw["responses"]
    }
    assert different == CORRECTED["success"]


def test_version_header(contract: dict[str, tuple[str, str, Json]]) -> None:
    for id_, (_, _, raw) in contract.items():
        header = next((p for p in raw.get("parameters", ()) if p["name"] == "cal-api-version"), None)
        version = catalogue()[id_].version
        assert (version is not None) == (header is not None), id_
        if header and version:
            assert version in header["description"], id_


def documented(raw: Json, schemas: Json) -> dict[str, Json]:
    """List what the contract says of each parameter: place, type, whether required, enum, bounds."""
    found: dict[str, Json] = {}
    for parameter in raw.get("parameters", ()):
        if parameter["in"] != "header":
            found[parameter["name"]] = facts(parameter["schema"], schemas) | {
                "location": parameter["in"],
                "required": bool(parameter.get("required")),
            }
    body = raw.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body:
        shapes = [resolved(one, schemas) for one in body.get("oneOf", [body])]
        for shape in shapes:
            for name, schema in shape.get("properties", {}).items():
                required = all(name in other.get("required", ()) for other in shapes)
                entry = facts(schema, schemas) | {"location": "body", "required": required}
                if name in found and found[name]["enum"] is not None:
                    entry["enum"] = found[name]["enum"] | (entry["enum"] or set())
                found[name] = entry
    return found


def resolved(schema: Json, schemas: Json) -> Json:
    while "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    return schema


def facts(schema: Json, schemas: Json) -> Json:
    schema = resolved(schema, schemas)
    if len(schema.get("allOf", ())) == 1:
        schema = resolved(schema["allOf"][0], schemas)
    items = resolved(schema.get("items", {}), schemas)
    enum = items.get("enum", schema.get("enum"))
    bounds = (schema.get("minimum"), schema.get("maximum"))
    kind = schema.get("type", "object" if "oneOf" in schema else "any")
    return {"type": kind, "enum": set(enum) if enum else None, "bounds": bounds}


def held(operation: Operation) -> dict[str, Json]:
    return {
        p.name: {
            "type": p.type,
            "enum": set(p.enum) or None,
            "bounds": (p.minimum, p.maximum),
            "location": p.location,
            "required": p.required,
        }
        for p in operation.parameters
    }


def explained(operation: Operation, name: str, location: str) -> bool:
    """Tell whether the corrections file names this parameter of this operation."""
    general = CORRECTED["parameters"]["*"]
    own = {
        parameter
        for pattern, changes in CORRECTED["parameters"].items()
        if pattern == operation.name
        for parameter in changes
    }
    return name in own or name in general or f"{name}@{location}" in general


def same(contract_says: Json, catalogue_says: Json) -> bool:
    # The document calls every whole number a number.
    kind = "integer" if contract_says["type"] == "number" else contract_says["type"]
    return catalogue_says == contract_says | {"type": kind}


def test_parameters_agree_but_for_the_corrections(
    document: Json, contract: dict[str, tuple[str, str, Json]]
) -> None:
    schemas = document["components"]["schemas"]
    different, checked = [], 0
    for id_, (_, _, raw) in contract.items():
        operation = catalogue()[id_]
        says, has = documented(raw, schemas), held(operation)
        for name in says.keys() | has.keys():
            checked += 1
            agree = name in says and name in has and same(says[name], has[name])
            location = (has.get(name) or says[name])["location"]
            if not agree and not explained(operation, name, location):
                different.append(f"{operation.name}: {name}: {says.get(name)} / {has.get(name)}")
    assert different == []
    assert checked > 1200


def test_every_parameter_correction_changes_something(
    document: Json, contract: dict[str, tuple[str, str, Json]]
) -> None:
    """A correction that the contract has caught up with should go."""
    schemas = document["components"]["schemas"]
    idle = []
    for name, changes in CORRECTED["parameters"].items():
        if name == "*":
            continue
        operation = catalogue().by_name[name]
        says = documented(contract[operation.id][2], schemas)
        for parameter, change in changes.items():
            wider = {"array_style", "items", "nullable", "default"} & set(change or {})
            has = held(operation).get(parameter)
            if not wider and has and parameter in says and same(says[parameter], has):
                idle.append(f"{name}: {parameter}")
    assert idle == []


def test_the_committed_catalogue_is_what_the_generator_writes(shared_dir: Path, tmp_path: Path) -> None:
    written = tmp_path / "operations.json"
    document = shared_dir / "calcom" / "openapi.json"
    command = [sys.executable, str(ROOT / "tools" / "make_catalogue.py"), str(document), str(written)]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    assert written.read_text() == DATA.read_text()


def test_no_sentence_of_the_contract_is_in_the_catalogue(document: Json) -> None:
    text = DATA.read_text()

    def sentences(node: Any) -> set[str]:
        if isinstance(node, dict):
            own = {node[key] for key in ("description", "summary") if isinstance(node.get(key), str)}
            return own.union(*(sentences(value) for value in node.values()))
        if isinstance(node, list):
            return set().union(*(sentences(value) for value in node))
        return set()

    taken = [s for s in sentences(document) if len(re.findall(r"\w+", s)) > 3 and s in text]
    assert taken == []

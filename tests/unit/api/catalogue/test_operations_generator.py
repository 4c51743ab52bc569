"""The generator: what it takes from a document, and what it refuses."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from calcom_provider.api.catalogue.operations import Catalogue

TOOLS = Path(__file__).resolve().parents[4] / "tools"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    sys.path.insert(0, str(TOOLS))
    try:
        spec = importlib.util.spec_from_file_location("make_catalogue", TOOLS / "make_catalogue.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(TOOLS))


BODY = {
    "oneOf": [
        {"$ref": "#/components/schemas/Single"},
        {"allOf": [{"$ref": "#/components/schemas/Single"}, {"$ref": "#/components/schemas/Repeated"}]},
    ]
}
DOCUMENT: dict[str, Any] = {
    "paths": {
        "/v2/things": {
            "get": {
                "operationId": "ThingsController_getThings",
                "summary": "A sentence that must not be taken over",
                "parameters": [
                    {"name": "take", "in": "query", "schema": {"type": "number", "maximum": 250}},
                    {"name": "tags", "in": "query", "schema": {"type": "array", "items": {"type": "number"}}},
                    {
                        "name": "Authorization",
                        "in": "header",
                        "description": "an api key or managed user access token",
                        "schema": {"type": "string"},
                    },
                ],
                "responses": {"200": {}},
            },
            "post": {
                "operationId": "ThingsController_2024_08_13_createThing",
                "parameters": [],
                "requestBody": {"content": {"application/json": {"schema": BODY}}},
                "responses": {"201": {}},
            },
        },
        "/v2/things/{thingId}/parts/{partId}": {
            "delete": {
                "operationId": "NewController_deletePart",
                "parameters": [
                    {"name": "partId", "in": "path", "required": True, "schema": {"type": "string"}},
                    {"name": "thingId", "in": "path", "required": True, "schema": {"type": "number"}},
                ],
                "responses": {"204": {}},
            }
        },
    },
    "components": {
        "schemas": {
            "Single": {
                "type": "object",
                "properties": {
                    "kind": {"type": "string", "enum": ["one"], "description": "never taken over"},
                    "size": {"type": "number", "minimum": 1},
                },
                "required": ["kind", "size"],
            },
            "Repeated": {
                "type": "object",
                "properties": {
                    "kind": {"type": "string", "enum": ["many"]},
                    "place": {"oneOf": [{"$ref": "#/components/schemas/Single"}, {"type": "object"}]},
                    "days": {
                        "type": "array",
                        "items": {"type": "string", "enum": ["Monday"]},
                        "nullable": True,
                    },
                },
                "required": ["place"],
            },
        }
    },
}


def corrections(generator: ModuleType, **topics: Any) -> Any:
    empty: dict[str, Any] = {topic: {} for topic in generator.PATTERNED}
    empty |= {topic: [] for topic in ("deterministic_500", "free_body", "no_envelope", "secret_parameters")}
    empty |= {"groups": {"ThingsController": "things"}, "retry": {}, "added": {}}
    empty["parameters"] = {"*": {"tags": {"array_style": "comma"}}}
    return generator.Corrections(empty | topics)


def made(generator: ModuleType, **topics: Any) -> Catalogue:
    found = generator.make(DOCUMENT, corrections(generator, **topics))
    return Catalogue(json.loads(generator.render(found, DOCUMENT))["operations"])


def test_facts_are_taken(generator: ModuleType) -> None:
    operation = made(generator).by_name["things.list"]
    assert (operation.method, operation.path, operation.success) == ("GET", "/things", 200)
    assert operation.auth == ("api_key", "managed_user")
    take, tags = operation.parameter("take"), operation.parameter("tags")
    assert take is not None
    assert tags is not None
    assert (take.type, take.maximum, take.required) == ("integer", 250, False)
    assert (tags.type, tags.items, tags.array_style) == ("array", "integer", "comma")


def test_a_body_of_several_shapes_is_joined(generator: ModuleType) -> None:
    operation = made(generator).by_name["things.create"]
    body = {p.name: p for p in operation.at("body")}
    assert operation.version == "2024-08-13"
    assert {name for name, p in body.items() if p.required} == {"kind", "size"}
    assert body["kind"].enum == ("one", "many")
    assert (body["place"].type, body["days"].items, body["days"].enum) == ("object", "string", ("Monday",))
    assert body["days"].nullable


def test_path_parameters_stand_in_the_order_of_the_path(
    generator: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    operation = made(generator).by_name["new.delete"]
    assert [p.name for p in operation.at("path")] == ["thingId", "partId"]
    assert operation.retry == "repeatable"
    assert "no group for NewController" in capsys.readouterr().err


def test_sentences_stay_out(generator: ModuleType) -> None:
    text = generator.render(generator.make(DOCUMENT, corrections(generator)), DOCUMENT)
    assert "taken over" not in text


def test_the_order_of_the_document_does_not_matter(generator: ModuleType) -> None:
    turned = DOCUMENT | {"paths": dict(reversed(DOCUMENT["paths"].items()))}
    one, other = (
        generator.render(generator.make(d, corrections(generator)), DOCUMENT) for d in (DOCUMENT, turned)
    )
    assert one == other


@pytest.mark.parametrize(
    "topics",
    [
        {"paging": {"things.lst": {"kind": "none"}}},
        {"deterministic_500": ["things.lst"]},
        {"retry": {"never": ["things.lst"]}},
        {"parameters": {"*": {"tags": {"array_style": "comma"}}, "things.list": {"gone": None}}},
        {"parameters": {"*": {"tags": {"array_style": "comma"}}, "things.list": {"gone": {"minimum": 1}}}},
        {"parameters": {"*": {}}},
        {"names": {"ThingsController_getThings": "things.create"}},
    ],
    ids=["stale paging", "stale mark", "stale retry", "gone", "unknown", "list style unknown", "name twice"],
)
def test_corrections_that_do_not_fit_are_refused(generator: ModuleType, topics: dict[str, Any]) -> None:
    with pytest.raises(SystemExit):
        made(generator, **topics)


def test_the_committed_catalogue_is_in_the_form_that_the_generator_writes() -> None:
    text = (
        TOOLS.parent / "provider" / "calcom_provider" / "api" / "catalogue" / "operations.json"
    ).read_text()
    data = json.loads(text)
    names = [entry["name"] for entry in data["operations"].values()]
    assert names == sorted(names)
    assert data["contract"] == {"operations": 272, "paths": 175}
    assert not {"summary", "description", "example"} & {
        key for entry in data["operations"].values() for p in entry["parameters"] for key in p
    }

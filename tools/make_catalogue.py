"""Write the operation catalogue from an OpenAPI document and the hand-kept corrections.

Usage: ``python tools/make_catalogue.py OPENAPI.json [OUTPUT.json]``. Only facts are taken over: names,
paths, types, bounds. The output is sorted and has one parameter a line, so that the diff of a new document
can be reviewed.
"""

from __future__ import annotations

import json
import re
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from openapi_facts import auth_modes, request_parameters

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "provider" / "calcom_provider" / "api" / "catalogue" / "operations.json"
CORRECTIONS = Path(__file__).with_name("corrections.yaml")
DATED = re.compile(r"_(\d{4})_(\d\d)_(\d\d)_")
VERBS = {"POST": "create", "PATCH": "update", "PUT": "update", "DELETE": "delete"}
METHODS = ("get", "post", "put", "patch", "delete")

Json = dict[str, Any]


class Corrections:
    """Hold the hand-kept facts and remember which of them were used, so that a stale one is noticed."""

    def __init__(self, data: Json) -> None:
        self.data = data
        self.unused = {
            (topic, key) for topic in PATTERNED for key in data.get(topic) or {} if not _is_any(topic, key)
        }

    def of(self, topic: str, name: str) -> Any:
        """Find the fact of one topic for an operation; a key may be a pattern such as ``org_webhooks.*``."""
        found = None
        for key, value in (self.data.get(topic) or {}).items():
            if key == name or ("*" in key and key != "*" and fnmatchcase(name, key)):
                self.unused.discard((topic, key))
                found = value
        return found

    def listed(self, topic: str, name: str) -> bool:
        """Tell whether a plain list of the corrections names the operation."""
        return name in self.data[topic]


# The topics whose keys are short names or patterns of them.
PATTERNED = (
    "names",
    "auth",
    "success",
    "side_effects",
    "secrets",
    "throttles",
    "paging",
    "resets",
    "rules",
    "confirm",
    "refused",
    "parameters",
)


def _is_any(topic: str, key: str) -> bool:
    return topic == "parameters" and key == "*"


def make(document: Json, corrections: Corrections) -> Json:
    """Build the catalogue, by operationId."""
    found: dict[str, Json] = {}
    schemas = document.get("components", {}).get("schemas", {})
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                raw = methods[method]
                found[raw["operationId"]] = contract_operation(
                    path, method.upper(), raw, schemas, corrections
                )
    for name, extra in corrections.data["added"].items():
        usual = {"name": name, "success": 201 if extra["method"] == "POST" else 200}
        entry: Json = usual | extra
        entry["parameters"] = [dict(parameter) for parameter in extra["parameters"]]
        found[f"{extra['origin']}:{name}"] = lay_over(entry, corrections)
    check(found, corrections)
    return dict(sorted(found.items(), key=lambda item: item[1]["name"]))


def contract_operation(path: str, method: str, raw: Json, schemas: Json, corrections: Corrections) -> Json:
    """Take the facts of one operation from the document and lay the corrections over them."""
    id_ = raw["operationId"]
    headers = {p["name"].lower(): p for p in raw.get("parameters", ()) if p["in"] == "header"}
    below = path.removeprefix("/v2")
    entry: Json = {
        "name": short_name(id_, method, below, corrections),
        "method": method,
        "path": below,
        "success": next(int(status) for status in sorted(raw["responses"]) if status.startswith("2")),
        "auth": auth_modes(headers),
        "parameters": request_parameters(path, raw, schemas),
    }
    if dated := DATED.search(id_):
        entry["version"] = "-".join(dated.groups())
    documented = headers.get("cal-api-version", {}).get("schema", {}).get("default")
    if documented and documented != entry.get("version"):
        raise SystemExit(f"{id_}: version header {documented} and operationId disagree")
    return lay_over(entry, corrections)


def short_name(id_: str, method: str, path: str, corrections: Corrections) -> str:
    """Name an operation ``<group>.<verb>``: the group by its controller, the verb by method and path."""
    if fixed := corrections.of("names", id_):
        return str(fixed)
    controller = DATED.sub("_", id_).split("_")[0]
    group = corrections.data["groups"].get(controller)
    if group is None:
        group = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", controller.removesuffix("Controller")).lower()
        print(f"note: no group for {controller}, took {group}", file=sys.stderr)
    if "/verified-resources/" in path:
        group = f"{group}_{path.rpartition('/verified-resources/')[2].partition('/')[0]}"
        if path.endswith("/request"):
            return f"{group}.request_code"
        if path.endswith("/verify"):
            return f"{group}.verify"
    verb = VERBS.get(method) or ("get" if path.endswith("}") else "list")
    return f"{group}.{verb}"


def lay_over(entry: Json, corrections: Corrections) -> Json:
    """Lay every correction over the facts of one operation."""
    name = entry["name"]
    entry["parameters"] = corrected_parameters(entry, corrections)
    entry["retry"] = retry_class(entry, corrections)
    for topic in ("auth", "success", "secrets", "resets", "rules", "refused", "side_effects"):
        if (value := corrections.of(topic, name)) is not None:
            entry[topic.replace("side_effects", "side_effect")] = value
    if paging := corrections.of("paging", name):
        sizes = {} if paging["kind"] == "none" else {"size": 250, "maximum": 250}
        entry["paging"] = {key: value for key, value in (sizes | paging).items() if value is not None}
    if confirm := corrections.of("confirm", name):
        entry["confirm"] = confirm["why"]
        if "when" in confirm:
            entry["confirm_when"] = confirm["when"]
    if limit := corrections.of("throttles", name):
        entry |= {"throttle": name, "throttle_limit": limit}
    entry |= {topic: True for topic in ("deterministic_500", "free_body") if corrections.listed(topic, name)}
    if corrections.listed("no_envelope", name):
        entry["envelope"] = False
    return entry


def corrected_parameters(entry: Json, corrections: Corrections) -> list[Json]:
    """Lay parameter corrections over: for all operations first, then for this one; null takes one out."""
    own = corrections.of("parameters", entry["name"]) or {}
    general = corrections.data["parameters"]["*"]
    secret = set(corrections.data["secret_parameters"])
    found: dict[str, Json] = {p["name"]: dict(p) for p in entry["parameters"]}
    if len(found) != len(entry["parameters"]):
        raise SystemExit(f"{entry['name']}: a parameter name occurs in two places")
    for name, parameter in found.items():
        for key in (name, f"{name}@{parameter['location']}"):
            parameter.update(general.get(key, {}))
    for name, change in own.items():
        if change is None:
            if found.pop(name, None) is None:
                raise SystemExit(f"{entry['name']}: no parameter {name} to take out")
            continue
        if name not in found and "location" not in change:
            raise SystemExit(f"{entry['name']}: no parameter {name} to correct")
        found[name] = {"name": name} | found.get(name, {}) | change
    for parameter in found.values():
        if parameter["name"] in secret:
            parameter["secret"] = True
        for key in [
            key for key, value in parameter.items() if value is None or (key == "required" and not value)
        ]:
            del parameter[key]
        if (
            parameter["location"] == "query"
            and parameter["type"] == "array"
            and "array_style" not in parameter
        ):
            raise SystemExit(f"{entry['name']}: how does the API take the list {parameter['name']}?")
    order = {"path": 0, "query": 1, "body": 2}
    return sorted(found.values(), key=lambda p: order[p["location"]])


def retry_class(entry: Json, corrections: Corrections) -> str:
    """Say what may be sent again after an unclear end."""
    for kind, names in corrections.data["retry"].items():
        if entry["name"] in names:
            return str(kind)
    return {"GET": "read", "POST": "look_first"}.get(entry["method"], "repeatable")


def check(found: dict[str, Json], corrections: Corrections) -> None:
    """Refuse names that are not unique and corrections that fit nothing."""
    names = [entry["name"] for entry in found.values()]
    twice = sorted({name for name in names if names.count(name) > 1})
    stale = sorted(f"{topic}: {key}" for topic, key in corrections.unused)
    for topic in ("deterministic_500", "free_body", "no_envelope"):
        stale += [f"{topic}: {name}" for name in corrections.data[topic] if name not in names]
    stale += [f"retry: {n}" for group in corrections.data["retry"].values() for n in group if n not in names]
    if twice or stale:
        raise SystemExit(f"names that are not unique: {twice}; corrections that fit nothing: {stale}")


ORDER = (
    "name",
    "method",
    "path",
    "version",
    "success",
    "envelope",
    "auth",
    "retry",
    "deterministic_500",
    "paging",
    "secrets",
    "resets",
    "rules",
    "confirm",
    "confirm_when",
    "refused",
    "free_body",
    "throttle",
    "throttle_limit",
    "side_effect",
    "origin",
    "parameters",
)
PARAMETER_ORDER = (
    "name",
    "location",
    "type",
    "items",
    "array_style",
    "required",
    "nullable",
    "secret",
    "format",
    "minimum",
    "maximum",
    "default",
    "enum",
)


def render(found: dict[str, Json], document: Json) -> str:
    """Write the catalogue as JSON text with one parameter a line."""

    def compact(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))

    lines = []
    for id_, entry in found.items():
        unknown = set(entry) - set(ORDER)
        if unknown:
            raise SystemExit(f"{id_}: unknown facts {sorted(unknown)}")
        facts = [f"{compact(key)}: {compact(entry[key])}" for key in ORDER[:-1] if key in entry]
        parameters = [
            compact({key: parameter[key] for key in PARAMETER_ORDER if key in parameter})
            for parameter in entry["parameters"]
        ]
        tail = ",\n  ".join(parameters)
        body = f"[\n  {tail}]" if parameters else "[]"
        lines.append(f'{compact(id_)}: {{{", ".join(facts)},\n "parameters": {body}}}')
    head = {
        "operations": sum(len(set(METHODS) & set(m)) for m in document["paths"].values()),
        "paths": len(document["paths"]),
    }
    return f'{{"contract": {compact(head)},\n"operations": {{\n' + ",\n".join(lines) + "\n}}\n"


def main(arguments: list[str]) -> None:
    """Read the document, write the catalogue and say what it holds."""
    if not arguments or not Path(arguments[0]).is_file():
        raise SystemExit("usage: python tools/make_catalogue.py OPENAPI.json [OUTPUT.json]")
    document = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    found = make(document, Corrections(yaml.safe_load(CORRECTIONS.read_text(encoding="utf-8"))))
    output = Path(arguments[1]) if len(arguments) > 1 else OUTPUT
    output.write_text(render(found, document), encoding="utf-8")
    print(f"{output.name}: {len(found)} operations")


if __name__ == "__main__":
    main(sys.argv[1:])

"""Read the facts of one operation from an OpenAPI document: credentials, parameters, types, bounds."""

from __future__ import annotations

from typing import Any

FACETS = ("enum", "minimum", "maximum", "default", "format")

Json = dict[str, Any]


def auth_modes(headers: dict[str, Json]) -> list[str]:
    """Read from the documented headers which credentials an operation takes."""
    modes = []
    if "authorization" in headers:
        modes.append("api_key")
        if "managed user" in headers["authorization"].get("description", ""):
            modes.append("managed_user")
    if "x-cal-client-id" in headers:
        modes.append("platform")
    elif "x-cal-secret-key" in headers:
        modes.append("secret")
    return modes or ["none"]


def request_parameters(path: str, raw: Json, schemas: Json) -> list[Json]:
    """List path, query and body parameters; a body of several shapes gives the union of their fields."""
    found = []
    for parameter in raw.get("parameters", ()):
        if parameter["in"] in ("path", "query"):
            entry: Json = {"name": parameter["name"], "location": parameter["in"]}
            entry |= type_facts(parameter["schema"], schemas)
            if parameter.get("required"):
                entry["required"] = True
            found.append(entry)
    found.sort(key=lambda entry: (entry["location"], place(path, entry["name"]), entry["name"]))
    content = raw.get("requestBody", {}).get("content", {})
    if content:
        shapes = body_shapes(content["application/json"]["schema"], schemas)
        for name in dict.fromkeys(name for shape in shapes for name in shape.get("properties", {})):
            found.append(body_parameter(name, shapes, schemas))
    return found


def place(path: str, name: str) -> int:
    """Order path parameters as the path does, others by name."""
    return path.find(f"{{{name}}}")


def body_shapes(schema: Json, schemas: Json) -> list[Json]:
    """Resolve a body schema into the object shapes that it allows."""
    if "$ref" in schema:
        return body_shapes(schemas[schema["$ref"].split("/")[-1]], schemas)
    for kind in ("oneOf", "anyOf"):
        if kind in schema:
            return [shape for part in schema[kind] for shape in body_shapes(part, schemas)]
    if "allOf" in schema:
        merged: Json = {"properties": {}, "required": []}
        for part in schema["allOf"]:
            for shape in body_shapes(part, schemas):
                merged["properties"] |= shape.get("properties", {})
                merged["required"] += shape.get("required", [])
        return [merged]
    return [schema]


def body_parameter(name: str, shapes: list[Json], schemas: Json) -> Json:
    """Join one field over all body shapes: required only where every shape requires it, all enum values."""
    having = [shape for shape in shapes if name in shape.get("properties", {})]
    facts = [type_facts(shape["properties"][name], schemas) for shape in having]
    entry: Json = {"name": name, "location": "body"} | facts[0]
    enums = [fact.get("enum") for fact in facts]
    if all(enums) and len(enums) > 1:
        entry["enum"] = list(dict.fromkeys(value for enum in enums for value in enum or ()))
    if len(having) == len(shapes) and all(name in shape.get("required", ()) for shape in shapes):
        entry["required"] = True
    return entry


def type_facts(schema: Json, schemas: Json) -> Json:
    """Take type, items, bounds, enum, format and nullable of one schema."""
    nullable = schema.get("nullable", False)
    schema = flat(schema, schemas)
    kind = {"number": "integer", None: "any"}.get(schema.get("type"), schema.get("type"))
    facts: Json = {"type": kind}
    if kind == "array":
        items = flat(schema.get("items", {}), schemas)
        facts["items"] = {"number": "integer", None: "any"}.get(items.get("type"), items.get("type"))
        if "enum" in items:
            facts["enum"] = items["enum"]
    facts |= {facet: schema[facet] for facet in FACETS if facet in schema and facet not in facts}
    if nullable or schema.get("nullable"):
        facts["nullable"] = True
    return facts


def flat(schema: Json, schemas: Json) -> Json:
    """Resolve references; alternatives that are all objects count as an object, others as anything."""
    if "$ref" in schema:
        return flat(schemas[schema["$ref"].split("/")[-1]], schemas)
    for kind in ("allOf", "oneOf", "anyOf"):
        if kind in schema:
            types = {flat(part, schemas).get("type") for part in schema[kind]}
            if len(schema[kind]) == 1:
                return flat(schema[kind][0], schemas)
            return {"type": types.pop()} if len(types) == 1 else {}
    return schema

"""Check settings as typed models: all errors at once, each with its place and with what was meant."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from decimal import Decimal
from functools import cache, wraps
from typing import Annotated, Any, TypeVar, cast, dataclass_transform

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic import Field as Limits
from pydantic.dataclasses import dataclass as pydantic_dataclass
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticCustomError

from calcom_provider.hr.errors import HrSettingsError

S = TypeVar("S")
Build = Callable[[type[S]], type[S]]

Share = Annotated[float, Limits(strict=True, ge=0, le=1, json_schema_extra={"unit": "share"})]
"""A part of 1; 0.2 is 20 %."""
Count = Annotated[int, Limits(strict=True, ge=0)]
Days = Annotated[int, Limits(strict=True, ge=1, json_schema_extra={"unit": "days"})]
Flag = Annotated[bool, Limits(strict=True)]
Character = Annotated[str, Limits(min_length=1, max_length=1)]

_PARAMETER = re.compile(r":param (\w+): (.*?)(?=\n\s*:|\n\s*\n|\Z)", re.DOTALL)
_UNKNOWN = {"unexpected_keyword_argument", "extra_forbidden"}
_NO_OBJECT = {"dataclass_type", "dict_type", "mapping_type", "model_type"}
_MISSING = {"missing", "missing_argument", "missing_keyword_only_argument"}


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def checked(cls: type[S]) -> type[S]:
    """Make a class of settings: a frozen dataclass whose values are checked whenever one is made.

    Numbers and truth values are taken as such only, never from text; unknown names are refused. The
    ``:param`` lines of the class describe its values in the schema.

    :param cls: a class with annotated fields.
    :raises HrSettingsError: when one is made with values that do not fit.
    """
    made = pydantic_dataclass(cls, frozen=True, config=_CONFIG)
    build = made.__init__

    @wraps(build)
    def initialize(self: Any, *values: Any, **named: Any) -> None:
        try:
            build(self, *values, **named)
        except ValidationError as wrong:
            raise _refusal(wrong, made, cls.__name__) from None

    made.__init__ = initialize  # type: ignore[method-assign]
    return cast(type[S], made)


def check(kind: type[S], raw: object, where: str = "") -> S:
    """Build settings from plain values.

    :param kind: a class made by :func:`checked`, or any type pydantic knows.
    :param raw: the values.
    :param where: path of the values, put before every place.
    :raises HrSettingsError: naming everything that is wrong.
    """
    try:
        return cast(S, _adapter(cast(Any, kind)).validate_python(raw))
    except ValidationError as wrong:
        raise _refusal(wrong, kind, where) from None


def schema_of(kind: Any) -> dict[str, Any]:
    """Return the JSON schema of settings as they are written.

    :param kind: a class made by :func:`checked`, or any type pydantic knows.
    """
    return _adapter(kind).json_schema(mode="validation", schema_generator=_Schema)


def exact(value: Any) -> Any:
    """Take a number by the digits it is written with; text is none.

    :param value: what the settings hold.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise PydanticCustomError("decimal_type", "expected a number")
    return Decimal(str(value))


class _Schema(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:
        # A title made from the name says nothing that the name does not.
        return False

    def encode_default(self, dft: Any) -> Any:
        return float(dft) if isinstance(dft, Decimal) else super().encode_default(dft)


def _describe(schema: dict[str, Any], cls: type) -> None:
    schema.pop("title", None)
    first = (inspect.getdoc(cls) or "").split("\n\n")[0]
    schema["description"] = _flat(first)
    for base in reversed(cls.__mro__):
        for name, text in _PARAMETER.findall(base.__doc__ or ""):
            if name in schema.get("properties", {}):
                schema["properties"][name]["description"] = _flat(text).rstrip(".")


_CONFIG = ConfigDict(extra="forbid", arbitrary_types_allowed=True, json_schema_extra=_describe)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _refusal(wrong: ValidationError, kind: Any, where: str) -> HrSettingsError:
    schema = schema_of(kind)
    found: dict[str, str] = {}
    for error in wrong.errors(include_url=False, include_context=True):
        loc = _place(error["loc"], schema, error["type"] in _UNKNOWN)
        place = ".".join(map(str, (*([where] if where else []), *loc))) or "settings"
        # Of a value that may be several things, the first that it is not says enough.
        found.setdefault(place, f"{place}: {_said(error, schema, loc)}")
    problems = tuple(found.values())
    return HrSettingsError("; ".join(problems), problems=problems)


def _place(loc: Sequence[Any], schema: dict[str, Any], unknown: bool) -> tuple[Any, ...]:
    """Return the path of a value as the user wrote it, without the branches that were tried on it."""
    place: tuple[Any, ...] = ()
    for part in loc:
        if part == "[key]":
            continue
        if isinstance(part, int) or _nodes(schema, (*place, part)) or (unknown and part == loc[-1]):
            place = (*place, part)
    return place


def _said(error: Mapping[str, Any], schema: dict[str, Any], place: tuple[Any, ...]) -> str:
    kind, nodes = error["type"], _nodes(schema, place)
    if kind in _UNKNOWN:
        known = sorted({name for node in _nodes(schema, place[:-1]) for name in node.get("properties", {})})
        close = difflib.get_close_matches(str(place[-1]), known, n=1, cutoff=0.5)
        return (
            f"unknown key; did you mean {close[0]}?" if close else f"unknown key; known: {', '.join(known)}"
        )
    if kind in _MISSING:
        told = next((node["description"] for node in nodes if "description" in node), "")
        return f"required: {told}" if told else "required"
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind == "literal_error":
        words = [str(word) for node in nodes for word in node.get("enum", [node.get("const", "")])]
        if not any(words):
            return f"none of {error['ctx']['expected']}"
        close = difflib.get_close_matches(str(error.get("input")), words, n=1, cutoff=0.6)
        return f"none of {', '.join(words)}" + (f"; did you mean {close[0]}?" if close else "")
    number = next((node for node in nodes if node.get("type") in {"number", "integer"}), None)
    if number is not None:
        return f"expected {_number(number)}, not {_given(error.get('input'))}"
    if kind in _NO_OBJECT:
        return "expected an object"
    if kind == "bool_type":
        return "expected true or false"
    text: str = error["msg"]
    return text.replace("Input should be", "expected")


def _number(node: Mapping[str, Any]) -> str:
    low, high, unit = node.get("minimum"), node.get("maximum"), node.get("unit", "")
    if unit == "share":
        above = "above 0" if "exclusiveMinimum" in node else f"from {low:g}"
        return f"a share {above} to {high:g}, where 0.2 means 20 %"
    name = "a whole number" if node["type"] == "integer" else "a number"
    name += f" of {unit}" if unit else ""
    if low is not None and high is not None:
        return f"{name} from {low:g} to {high:g}"
    if "exclusiveMinimum" in node:
        return f"{name} above {node['exclusiveMinimum']:g}" + (
            f", at most {high:g}" if high is not None else ""
        )
    return f"{name} of at least {low:g}" if low is not None else name


def _given(value: object) -> str:
    # Only numbers are repeated: anything else could be somebody's data.
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:g}"
    return "text" if isinstance(value, str) else "this"


def _nodes(schema: dict[str, Any], place: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the parts of a schema that speak about a place."""
    nodes = list(_branches(schema, schema))
    for part in place:
        nodes = [end for node in nodes for child in _children(node, part) for end in _branches(child, schema)]
    return nodes


def _children(node: dict[str, Any], part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, int):
        found = node.get("items")
    else:
        found = node.get("properties", {}).get(part, node.get("additionalProperties"))
    if isinstance(found, dict):
        yield found


def _branches(node: dict[str, Any], schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in node:
        yield from _branches(schema["$defs"][node["$ref"].rpartition("/")[2]], schema)
    for name in ("anyOf", "oneOf", "allOf"):
        for one in node.get(name, ()):
            yield from _branches(one, schema)
    yield node


def _flat(text: str) -> str:
    return " ".join(text.split())

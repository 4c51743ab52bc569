"""Check bodies and queries as Cal.com does: unknown names dropped, refusals that echo what was sent.

A check takes the name of a field and its value and returns the broken constraints by rule name; ``MISSING``
stands for a value that was not sent. The texts are those of the validation library that Cal.com uses.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

from calcom_provider.sandbox.core.errors import invalid

MISSING: Any = type("Missing", (), {"__repr__": lambda self: "MISSING", "__bool__": lambda self: False})()

Broken = dict[str, str]
Check = Callable[[str, Any], Broken]

_EMAIL = re.compile(r"[^@\s,]+@[^@\s,.]+(\.[^@\s,.]+)+")
_URL = re.compile(r"(https?://)?([\w-]+\.)+[a-z]{2,}(:\d+)?(/\S*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Field:
    """Describe one field of a body or query.

    ``default`` is filled in when the field is absent, also into the echo. Without ``required`` an absent or
    null value is not checked.
    """

    name: str
    check: Check
    required: bool = False
    default: Any = MISSING


def validate(fields: Sequence[Field], sent: Any) -> dict[str, Any]:
    """Return the known fields that were sent, with defaults; refuse if any breaks its check.

    :param fields: what is known.
    :param sent: the decoded body; anything but an object counts as one without fields and without defaults.
    :raises ApiError: 400 with ``details.errors``.
    """
    given = sent if isinstance(sent, dict) else {}
    clean: dict[str, Any] = {}
    for field in fields:
        if field.name in given:
            clean[field.name] = given[field.name]
        elif field.default is not MISSING and not isinstance(sent, list):
            clean[field.name] = field.default
    errors = []
    for field in fields:
        value = clean.get(field.name, MISSING)
        if (value is MISSING or value is None) and not field.required:
            continue
        broken = field.check(field.name, value)
        if broken:
            errors.append(complaint(sent if isinstance(sent, list) else clean, field.name, value, broken))
    if errors:
        raise invalid(errors)
    return clean


def complaint(target: Any, name: str, value: Any, broken: Broken) -> dict[str, Any]:
    """Write one entry of ``details.errors``; it echoes the whole object, secrets included."""
    echo = {} if value is MISSING else {"value": value}
    return {"target": target, **echo, "property": name, "children": [], "constraints": broken}


def every(*checks: Check) -> Check:
    """Join checks; all of them report."""
    return lambda name, value: {rule: text for check in checks for rule, text in check(name, value).items()}


def rule(rule_name: str, text: str, accepts: Callable[[Any], bool]) -> Check:
    """Make a check from a predicate; ``{}`` in the text is the field's name."""
    return lambda name, value: {} if accepts(value) else {rule_name: text.format(name)}


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


integer = rule("isInt", "{} must be an integer number", _is_integer)
number = rule("isNumber", "{} must be a number conforming to the specified constraints", _is_number)
string = rule("isString", "{} must be a string", lambda value: isinstance(value, str))
boolean = rule("isBoolean", "{} must be a boolean value", lambda value: isinstance(value, bool))
array = rule("isArray", "{} must be an array", lambda value: isinstance(value, list))
obj = rule("isObject", "{} must be an object", lambda value: isinstance(value, dict))
not_empty = rule(
    "isNotEmpty", "{} should not be empty", lambda value: value is not MISSING and value not in (None, "")
)
email = rule(
    "isEmail", "{} must be an email", lambda value: isinstance(value, str) and bool(_EMAIL.fullmatch(value))
)
url = rule(
    "isUrl", "{} must be a URL address", lambda value: isinstance(value, str) and bool(_URL.fullmatch(value))
)
anything: Check = lambda name, value: {}  # noqa: E731
_ZONES = available_timezones()
time_zone = rule(
    "timezoneValidator",
    "Please include a valid time zone",
    lambda value: isinstance(value, str) and value in _ZONES,
)


def _in(value: Any, values: Sequence[Any]) -> bool:
    return any(type(value) is type(item) and value == item for item in values)


def one_of(*values: Any, rule_name: str = "isEnum") -> Check:
    """Return a check that a value is one of these."""
    listed = ", ".join(map(str, values))
    return rule(
        rule_name, "{} must be one of the following values: " + listed, lambda value: _in(value, values)
    )


def at_least(bound: float) -> Check:
    """Return a check that a number is not less than a bound."""
    return rule("min", "{} must not be less than " + f"{bound:g}", lambda v: _is_number(v) and v >= bound)


def at_most(bound: float) -> Check:
    """Return a check that a number is not greater than a bound."""
    return rule("max", "{} must not be greater than " + f"{bound:g}", lambda v: _is_number(v) and v <= bound)


def length(least: int, most: int | None = None) -> Check:
    """Return a check of a text's length."""
    return rule(
        "isLength",
        "{} must be longer than or equal to " + f"{least} characters",
        lambda value: isinstance(value, str) and len(value) >= least and (most is None or len(value) <= most),
    )


def is_email(value: Any) -> bool:
    """Tell whether a value looks like an e-mail address."""
    return isinstance(value, str) and bool(_EMAIL.fullmatch(value))


metadata = rule(
    "ValidateMetadata",
    "Metadata must have at most 50 keys, each key up to 40 characters, and values up to 500 characters.",
    lambda value: (
        isinstance(value, dict)
        and len(value) <= 50
        and all(
            len(key) <= 40 and isinstance(item, str | int | float | bool) and len(str(item)) <= 500
            for key, item in value.items()
        )
    ),
)

_LEADING_INT = re.compile(r"\s*([+-]?\d+)")


def parse_int(text: Any) -> int | None:
    """Read a number as JavaScript's ``parseInt`` does: ``10abc`` is 10, ``abc`` is not a number (None)."""
    if isinstance(text, list):
        text = ",".join(map(str, text))
    found = _LEADING_INT.match(str(text))
    return int(found[1]) if found else None


def strict_number(text: str) -> float | None:
    """Read a number as JavaScript's ``Number`` does, except that an empty text is not one."""
    try:
        return float(text)
    except ValueError:
        return None

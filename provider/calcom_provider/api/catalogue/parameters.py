"""Check the parameters of a call against the catalogue and lay them out for the wire.

Everything is checked before a request is sent, because the API drops what it does not know: a misspelled
filter would return every row, a misspelled field would change nothing, both with status 200.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import Any
from urllib.parse import quote
from uuid import UUID

import orjson

from calcom_provider.api.catalogue.operations import Operation, Parameter
from calcom_provider.api.errors import ConfirmationRequiredError, ParameterError

WITH_BODY = {"POST", "PATCH", "PUT"}
RULES = {
    "exactly_one": "takes exactly one of {names}",
    "at_least_one": "needs at least one of {names}",
    "at_most_one": "takes at most one of {names}",
    "together": "takes {names} only together",
}


@dataclass(frozen=True, slots=True)
class Bound:
    """Hold a call laid out for the wire: path below ``/v2``, query string without ``?``, JSON body."""

    path: str
    query: str
    body: bytes | None


def bind(operation: Operation, given: Mapping[str, Any]) -> Bound:
    """Check and lay out a call.

    :param operation: what to call.
    :param given: parameters under the names of the API; None leaves a query parameter out, is null in a body.
    :raises ParameterError: naming the parameter that is unknown, missing, of the wrong type or out of range.
    """
    given = _without_absent_query(operation, given)
    _check_names(operation, given)
    _check_upsert(operation, given)
    path, query, body = operation.path, [], {}
    for parameter in operation.parameters:
        if parameter.name not in given:
            continue
        value = _checked(operation, parameter, given[parameter.name])
        if parameter.location == "path":
            path = path.replace(f"{{{parameter.name}}}", _segment(operation, parameter, value))
        elif parameter.location == "query":
            query += list(_query(parameter, value))
        else:
            body[parameter.name] = value
    if operation.free_body:
        known = {parameter.name for parameter in operation.parameters}
        body |= {name: _plain(operation, name, value) for name, value in given.items() if name not in known}
    text = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query)
    has_body = operation.method in WITH_BODY and (operation.free_body or operation.at("body"))
    return Bound(path, text, orjson.dumps(body) if has_body or body else None)


def check_confirmed(operation: Operation, given: Mapping[str, Any], confirm: object) -> None:
    """Refuse a destructive call that nobody confirmed.

    :param operation: what is called.
    :param given: its parameters.
    :param confirm: True, or the operation's short name.
    :raises ConfirmationRequiredError: saying what would be lost and how to confirm.
    """
    if operation.asks_confirmation(given) and confirm is not True and confirm != operation.name:
        raise ConfirmationRequiredError(
            f"has to be confirmed: {operation.confirm}.",
            operation=operation.name,
            advice=f"If that is meant, pass confirm={operation.name!r}.",
        )


def _without_absent_query(operation: Operation, given: Mapping[str, Any]) -> dict[str, Any]:
    query = {parameter.name for parameter in operation.at("query")}
    return {name: value for name, value in given.items() if not (value is None and name in query)}


def _check_names(operation: Operation, given: Mapping[str, Any]) -> None:
    known = [parameter.name for parameter in operation.parameters]
    for name in given:
        if name in operation.refused:
            raise _wrong(operation, name, f"cannot be used: {operation.refused[name]}")
        if name not in known and not operation.free_body:
            near = get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"known are: {', '.join(known) or 'none'}."
            raise _wrong(operation, name, "is unknown, and the API would silently ignore it", hint)
    for parameter in operation.parameters:
        if parameter.required and parameter.name not in given and parameter.name not in operation.refused:
            raise _wrong(operation, parameter.name, "is missing")
    for rule in operation.rules:
        if rule.broken_by(given):
            text = RULES[rule.kind].format(names=", ".join(rule.names))
            raise ParameterError(f"{text}.", operation=operation.name, parameter=rule.names[0])


def _check_upsert(operation: Operation, given: Mapping[str, Any]) -> None:
    """Ask for every field that the API would reset when it is left out."""
    if not operation.resets or given.get("email") is not None:
        # By e-mail address the call is an invitation, which overwrites nothing (org_memberships.create).
        return
    alternatives = {name for rule in operation.rules if rule.kind == "exactly_one" for name in rule.names}
    missing = [name for name in operation.resets if name not in given and name not in alternatives]
    if missing:
        raise _wrong(
            operation,
            missing[0],
            "must be given, because this call overwrites what exists and resets what is left out",
            f"also fill in: {', '.join(missing[1:])}." if missing[1:] else "",
        )


def _checked(operation: Operation, parameter: Parameter, value: Any) -> Any:
    if value is None:
        if parameter.nullable and parameter.location == "body":
            return None
        raise _wrong(operation, parameter.name, "cannot be null")
    if parameter.type == "array":
        values = list(value) if isinstance(value, list | tuple | set | frozenset) else [value]
        return [_scalar(operation, parameter, parameter.items or "any", one) for one in values]
    return _scalar(operation, parameter, parameter.type, value)


def _scalar(operation: Operation, parameter: Parameter, kind: str, value: Any) -> Any:
    value = _converted(operation, parameter, kind, value)
    if parameter.enum and value not in parameter.enum:
        allowed = ", ".join(str(one) for one in parameter.enum)
        raise _wrong(operation, parameter.name, f"must be one of: {allowed}")
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = parameter.minimum, parameter.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            raise _wrong(operation, parameter.name, f"must be {_range(low, high)}")
    return value


def _converted(operation: Operation, parameter: Parameter, kind: str, value: Any) -> Any:
    if kind in ("integer", "number"):
        number = _number(value, whole=kind == "integer")
        if number is None:
            raise _wrong(
                operation, parameter.name, f"must be a {'whole number' if kind == 'integer' else 'number'}"
            )
        return number
    if kind == "boolean":
        found = {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else value
        if not isinstance(found, bool):
            raise _wrong(operation, parameter.name, "must be true or false")
        return found
    if kind == "string":
        plain = _plain(operation, parameter.name, value)
        if isinstance(plain, int | float) and not isinstance(plain, bool) and parameter.location != "body":
            plain = str(plain)
        if not isinstance(plain, str):
            raise _wrong(operation, parameter.name, "must be text")
        return plain
    if kind == "object" and not isinstance(value, Mapping):
        raise _wrong(operation, parameter.name, "must be an object (a dict)")
    return _plain(operation, parameter.name, value)


def _number(value: Any, *, whole: bool) -> int | float | None:
    """Read a number, also from text as templates produce it; None if it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = int(value) if whole else float(value)
        except ValueError:
            return None
    if whole and isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) or (isinstance(value, float) and not whole and math.isfinite(value)):
        return value
    return None


def _plain(operation: Operation, name: str, value: Any) -> Any:
    """Turn dates and nested values into what JSON has."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, datetime):
        return _moment(operation, name, value)
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00.000Z"
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(operation, name, one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(operation, name, one) for one in value]
    raise _wrong(operation, name, f"is of a type that JSON does not have ({type(value).__name__})")


def _moment(operation: Operation, name: str, value: datetime) -> str:
    # The API takes ISO 8601 in UTC with at most milliseconds and a Z; an offset is refused in places.
    if value.tzinfo is None:
        raise _wrong(operation, name, "is a time without a time zone", "make it aware, for example with UTC.")
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _segment(operation: Operation, parameter: Parameter, value: Any) -> str:
    text = str(value)
    if text.strip() in ("", ".", ".."):
        raise _wrong(operation, parameter.name, "is empty or no path segment")
    return quote(text, safe="")


def _query(parameter: Parameter, value: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(value, list):
        yield parameter.name, _text(value)
    elif parameter.array_style == "indexed":
        for index, one in enumerate(value):
            for key, inner in one.items():
                yield f"{parameter.name}[{index}][{key}]", _text(inner)
    elif parameter.array_style in ("repeat", "brackets"):
        name = parameter.name + ("[]" if parameter.array_style == "brackets" else "")
        yield from ((name, _text(one)) for one in value)
    elif value:
        yield parameter.name, ",".join(_text(one) for one in value)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _range(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"from {low:g} to {high:g}"
    return f"at least {low:g}" if low is not None else f"at most {high:g}"


def _wrong(operation: Operation, name: str, what: str, hint: str = "") -> ParameterError:
    # Values stay out of the message: they may be secrets or people's data.
    return ParameterError(
        f"the parameter {name} {what}.",
        operation=operation.name,
        parameter=name,
        advice=hint[:1].upper() + hint[1:] or None,
    )

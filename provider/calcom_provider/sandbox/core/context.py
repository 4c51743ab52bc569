"""Give a handler what it needs of one request."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from calcom_provider.sandbox.core import validation as v
from calcom_provider.sandbox.core.auth import Caller
from calcom_provider.sandbox.core.errors import bad_request, database_error, invalid
from calcom_provider.sandbox.core.route import Route, version_of
from calcom_provider.sandbox.core.wire import Incoming
from calcom_provider.sandbox.world.tables import Row
from calcom_provider.sandbox.world.world import World

INT4 = 2**31 - 1
Query = dict[str, str | list[str]]


def parse_query(text: str) -> Query:
    """Read a query as Express does: a repeated name is a list, ``name[]`` too."""
    found: Query = {}
    for raw_name, value in parse_qsl(text, keep_blank_values=True):
        name = raw_name.removesuffix("[]")
        held = found.get(name)
        if isinstance(held, list):
            held.append(value)
        elif held is not None:
            found[name] = [held, value]
        else:
            found[name] = [value] if raw_name != name else value
    return found


class Context:
    """Hold one request: its route, caller, path values, query and body.

    A handler returns the ``data`` of the answer, or a :class:`Reply` where the answer has another form.
    """

    def __init__(
        self,
        world: World,
        *,
        request: Incoming,
        route: Route,
        values: Mapping[str, str],
        target: str,
        body: Any,
    ) -> None:
        self.world = world
        self.route = route
        self.values = values
        self.target = target
        self.query = parse_query(request.query) if request.query else {}
        self.raw_body = body
        self.method = request.method
        self.headers = request.headers
        self.version = version_of(request.headers)
        self._caller: Caller | None = None
        self.organization: Row = {}
        self.team: Row = {}

    @property
    def caller(self) -> Caller:
        """Return who calls."""
        assert self._caller is not None, f"{self.route.name} is open to callers without credentials"
        return self._caller

    @caller.setter
    def caller(self, caller: Caller | None) -> None:
        """Return who calls."""
        self._caller = caller

    @property
    def anonymous(self) -> bool:
        """Tell whether nobody is known to call."""
        return self._caller is None

    @property
    def org_id(self) -> int:
        """Return the id of the organisation in the path."""
        return int(self.organization["id"])

    # -- path ----------------

    def number(self, name: str) -> int:
        """Read a path value where a guard meets it first: what is no small integer is an internal error."""
        value = v.strict_number(self.values[name])
        if value is None or value != int(value) or abs(value) > INT4:
            raise database_error()
        return int(value)

    def parsed_number(self, name: str) -> int:
        """Read a path value where a pipe parses it first: text is a 400, a large number an internal error."""
        if not re.fullmatch(r"-?\d+", self.values[name]):
            raise bad_request("Validation failed (numeric string is expected)")
        return self.number(name)

    # -- body ----------------

    def body(self, *fields: v.Field) -> dict[str, Any]:
        """Return the known fields of the body; unknown ones are dropped without a word."""
        return v.validate(fields, self.raw_body)

    # -- query ----------------

    def text(self, name: str) -> str | None:
        """Return a query parameter, its last value if it came several times."""
        value = self.query.get(name)
        return value[-1] if isinstance(value, list) else value

    def many(self, name: str) -> list[str]:
        """Read a list whose values are repeated."""
        value = self.query.get(name)
        return value if isinstance(value, list) else [] if value is None else [value]

    def commas(self, name: str) -> list[str] | None:
        """Read a list whose values are joined by commas; a repeated name is one value each."""
        value = self.query.get(name)
        if value is None or isinstance(value, list):
            return value
        return value.split(",")

    def numbers(self, name: str, **echoed: Any) -> list[int] | None:
        """Read a list of numbers joined by commas; a repeated name is refused, as its values stay texts.

        :param echoed: what else a refusal echoes.
        """
        value = self.query.get(name)
        if value is None:
            return None
        read: list[Any] = (
            value if isinstance(value, list) else [v.parse_int(part) for part in value.split(",")]
        )
        if isinstance(value, str) and None not in read:
            return read
        text = f"each value in {name} must be a number conforming to the specified constraints"
        raise invalid([v.complaint({**echoed, name: read}, name, read, {"isNumber": text})])

    def window(
        self, *, maximum: int | None = 250, default: int = 250, names: tuple[str, str] = ("take", "skip"),
        empty_is_default: bool = True, skip_maximum: int | None = None, least: int = 1,
        echoed: dict[str, Any] | None = None,
    ) -> tuple[int, int]:  # fmt: skip
        """Read page size and offset.

        :param maximum: largest page size, None without one.
        :param default: page size when none is asked for.
        :param names: the two query parameters.
        :param empty_is_default: whether an empty text counts as absent; on ``/users`` it does not.
        :param echoed: what a refusal echoes instead of page size and offset with their defaults.
        :param skip_maximum: largest offset, None without one.
        :raises ApiError: 400 with the broken bounds.
        """
        size_name, skip_name = names
        size = self._parsed(size_name, default, empty_is_default)
        skip = self._parsed(skip_name, 0, empty_is_default)
        target: dict[str, Any] = {size_name: size, skip_name: skip}
        if echoed is not None:
            sent = {name: value for name, value in target.items() if name in self.query}
            target = {**echoed, **sent}
        errors = []
        for name, value, low, high in ((size_name, size, least, maximum), (skip_name, skip, 0, skip_maximum)):
            upper = [] if high is None else [v.at_most(high)]
            broken = v.every(*upper, v.at_least(low), v.number)(name, value)
            if broken:
                # An empty text stays one in the echo
                shown = "" if self.query.get(name) == "" else value
                errors.append(v.complaint({**target, name: shown}, name, shown, broken))
        if errors:
            raise invalid(errors)
        assert size is not None
        assert skip is not None
        return size, skip

    def _parsed(self, name: str, default: int, empty_is_default: bool) -> int | None:
        value = self.query.get(name)
        if value is None or (value == "" and empty_is_default):
            return default
        return v.parse_int(value)

    def page(self, rows: Sequence[Row], **bounds: Any) -> Sequence[Row]:
        """Cut the page that was asked for out of the rows; bounds as in :meth:`window`."""
        size, skip = self.window(**bounds)
        return rows[skip : skip + size]

    def choice(
        self, name: str, values: tuple[str, ...], text: str, rule: str = "isEnum", **echoed: Any
    ) -> str | None:
        """Read a query parameter that has to be one of some words.

        :param rule: name of the broken constraint.
        :param echoed: what else a refusal echoes.
        """
        value = self.query.get(name)
        if value is None or value in values:
            return value  # type: ignore[return-value]
        raise invalid([v.complaint({**echoed, name: value}, name, value, {rule: text})])


class Reply:
    """Answer in another form than a status and ``data``.

    :param body: the whole body; None for an empty one.
    :param status: HTTP status, None for the operation's own.
    :param headers: further headers, such as ``Location``.
    """

    def __init__(
        self, body: Any = None, status: int | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        self.body = body
        self.status = status
        self.headers = dict(headers or {})

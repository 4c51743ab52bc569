"""Find the handler of a request: the table of routes comes from the operation catalogue.

A module of an operation group declares its handlers with :func:`handles`, keyed by the operation's short
name; method, path and success status are the catalogue's. Which ``cal-api-version`` a path answers to is
written here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from calcom_provider.api.catalogue.operations import resolve
from calcom_provider.sandbox.core.context import Context
from calcom_provider.sandbox.core.route import VERSIONS, Route

Function = Callable[[Context], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Served(Route):
    """Add to a route what answers its requests."""

    function: Function


_declared: list[tuple[str, Function, dict[str, Any]]] = []
_extra: list[Served] = []


def handles(name: str, **options: Any) -> Callable[[Function], Function]:
    """Declare the handler of an operation.

    :param name: short name in the catalogue, for example ``org_memberships.list``.
    :param options: fields of :class:`Route`: ``role``, ``plan``, ``auth``, ``user_in_org``, ``throttle`` as
        ``(name, requests per minute)``, ``status`` where it differs from the catalogue, ``old`` for the
        shape that is answered when the version header is absent, ``cached=False`` for a read that changes
        something.
    """

    def declare(function: Function) -> Function:
        _declared.append((name, function, options))
        return function

    return declare


def serves(
    method: str, path: str, name: str, status: int = 200, **options: Any
) -> Callable[[Function], Function]:
    """Declare the handler of a route that the catalogue does not hold; options as for :func:`handles`.

    :param path: below ``/v2``, with ``{names}``.
    """

    def declare(function: Function) -> Function:
        _extra.append(Served(name, method, path, status, function=function, **options))
        return function

    return declare


def routes() -> list[Served]:
    """List every declared route."""
    return [_route(name, function, dict(options)) for name, function, options in _declared] + _extra


def _route(name: str, function: Function, options: dict[str, Any]) -> Served:
    operation = resolve(name)
    if operation.throttle and operation.throttle_limit:
        options.setdefault("throttle", (operation.throttle, operation.throttle_limit))
    status = options.pop("status", operation.success)
    return Served(name, operation.method, operation.path, status, function=function, **options)


@dataclass(slots=True)
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    names: tuple[str, ...] = ()
    routes: dict[tuple[str, bool], tuple[Served, tuple[str, ...]]] = field(default_factory=dict)


class Router:
    """Match method, path and version to a route; a fixed path part goes before a parameter."""

    def __init__(self, table: list[Served]) -> None:
        self._root = _Node()
        for route in table:
            node, names = self._root, []
            for part in route.path.strip("/").split("/"):
                if part.startswith("{"):
                    names.append(part[1:-1])
                    node.parameter = node.parameter or _Node()
                    node = node.parameter
                else:
                    node = node.children.setdefault(part, _Node())
            node.routes[route.method, route.old] = (route, tuple(names))

    def find(self, method: str, path: str, version: str) -> tuple[Served, dict[str, str]] | None:
        """Find the route, or None where Cal.com answers 404.

        :param path: below ``/v2``.
        :param version: a known version, the oldest when none or an unknown one was sent.
        """
        shape = shape_of(path, version)
        if shape is None:
            return None
        method = "GET" if method == "HEAD" else method
        parts = [part for part in path.split("/") if part]
        found = self._walk(self._root, parts, (), (method, shape == "old"))
        if found is None and shape == "any":
            found = self._walk(self._root, parts, (), (method, True))
        return found

    def _walk(
        self, node: _Node, parts: list[str], values: tuple[str, ...], wanted: tuple[str, bool]
    ) -> tuple[Served, dict[str, str]] | None:
        if not parts:
            held = node.routes.get(wanted)
            return (held[0], dict(zip(held[1], values, strict=True))) if held else None
        child = node.children.get(parts[0])
        if child:
            found = self._walk(child, parts[1:], values, wanted)
            if found:
                return found
        if node.parameter:
            return self._walk(node.parameter, parts[1:], (*values, parts[0]), wanted)
        return None


_OLDEST_ONLY = re.compile(r"/event-types/[^/]+/private-links|/verified-resources/")
_BY_PATH = (
    # first version that answers in the current shape, last one that does
    (re.compile(r"/bookings(/|$)"), "2024-08-13", "2024-08-13"),
    (re.compile(r"/event-types(/[^/]+)?$"), "2024-06-14", "2024-06-14"),
    (re.compile(r"/schedules(/|$)"), "2024-06-11", "2024-06-14"),
    (re.compile(r"/slots(/|$)"), "2024-09-04", "2024-09-04"),
)


def shape_of(path: str, version: str) -> str | None:
    """Say which shape a path answers in: ``current``, ``old``, ``any`` (not versioned) or None (404).

    :param path: below ``/v2``.
    :param version: one of :data:`VERSIONS`.
    """
    if _OLDEST_ONLY.search(path):
        return "any" if version == VERSIONS[0] else None
    for pattern, first, last in _BY_PATH:
        if pattern.match(path):
            return "old" if version < first else "current" if version <= last else None
    return "any"

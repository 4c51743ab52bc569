"""Answer requests: the ASGI application of the sandbox, one step after the other as Cal.com takes them."""

from __future__ import annotations

import base64
import hashlib
import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from calcom_provider.sandbox import groups as _groups  # noqa: F401  (declares the handlers)
from calcom_provider.sandbox.core.auth import Bucket, authenticate, bucket, refused
from calcom_provider.sandbox.core.context import Context, Reply
from calcom_provider.sandbox.core.errors import (
    ApiError,
    bad_request,
    database_error,
    not_found,
    plain,
    too_many_requests,
)
from calcom_provider.sandbox.core.guards import Guards
from calcom_provider.sandbox.core.route import Route, version_of
from calcom_provider.sandbox.core.routing import Router, Served, routes
from calcom_provider.sandbox.core.throttle import Limit, Throttle
from calcom_provider.sandbox.core.wire import Incoming, Response
from calcom_provider.sandbox.world.world import World, iso

BODY_MAXIMUM = 100 * 1024
HEAD_MAXIMUM = 16 * 1024
DEFAULT_LIMIT: Limit = ("default", 120, 60.0, 60.0)
CLIENT_REQUESTS = 500
_KEPT_ANSWERS = 4096

_HELMET = {
    "Access-Control-Allow-Origin": "*",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
}
JSON_TYPE = "application/json; charset=utf-8"


class Application:
    """Turn requests into answers on a world.

    :param world: the state.
    :param limit: the default limit of API keys as ``(requests, window s, block s)`` or ``(name, ...)``;
        None for no throttling and no rate limit headers.
    :param clock: seconds, rising; of the throttle and of what guards remember.
    """

    def __init__(
        self, world: World, limit: tuple[Any, ...] | None = (120, 60.0, 60.0),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.world = world
        self.clock = clock
        self.limit: Limit | None = (
            None if limit is None else limit if len(limit) == 4 else ("default", *limit)
        )  # type: ignore[assignment]
        self.throttle = Throttle(clock)
        self.guards = Guards()
        self.router = Router(routes())
        self.requests: dict[str, int] = {}
        self.statuses: dict[int, int] = {}
        self.log: deque[tuple[str, str, int]] = deque(maxlen=100_000)
        self._known_keys: set[str] = set()
        self._request_ids = random.Random(world.seed)
        self._kept: dict[tuple[Any, ...], tuple[bytes, str]] = {}
        self._kept_version = -1

    # -- the steps ----------------

    def operation_of(self, request: Incoming) -> str:
        """Name the operation of a request, empty for what has no route."""
        try:
            path = _rewrite(request.path)
            return self._route(request.method, path, path, request.headers)[0].name
        except ApiError:
            return ""

    def answer(self, request: Incoming, reading: World | None = None) -> Response:
        """Answer one request.

        :param reading: another state to read from, for reads that lag; None for the present one.
        """
        with self.world.lock:
            answer = self._answer(request, reading)
        answer.headers = {**_HELMET, "X-Request-Id": self._request_id(), **answer.headers}
        self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
        self.log.append((request.method, request.target, answer.status))
        return answer

    def _answer(self, request: Incoming, reading: World | None) -> Response:
        if request.head_size > HEAD_MAXIMUM:
            return Response(431, b"", {"Connection": "close"})
        path = _rewrite(request.path)
        target = path + (f"?{request.query}" if request.query else "")
        headers: dict[str, str] = {}
        try:
            if path == "/health":
                return Response(200, b"OK", {"Content-Type": "text/html; charset=utf-8"})
            body = _read_body(request)
            route, values = self._route(request.method, path, target, request.headers)
            self.requests[route.name] = self.requests.get(route.name, 0) + 1
            headers = self._count(request, route)
            world = reading or self.world
            context = Context(world, request=request, route=route, values=values, target=target, body=body)
            return self._handle(request, route, context, headers)
        except ApiError as error:
            return self._refusal(error, target, headers)
        except Exception:
            # What is not foreseen ends as Cal.com's own slips do: a bare 500
            self.log.append((request.method, target, -500))
            if request.debug:
                raise
            return self._refusal(plain(), target, headers)

    def _route(
        self, method: str, path: str, target: str, headers: Mapping[str, str]
    ) -> tuple[Served, dict[str, str]]:
        below = path.removeprefix("/v2") if path.startswith("/v2/") else None
        found = self.router.find(method, below, version_of(headers)) if below else None
        if found is None or found[0].name in self.world.absent:
            # Routing goes before authentication, and what has no route is not counted
            raise not_found(f"Cannot {method} {target}")
        return found

    def _count(self, request: Incoming, route: Route) -> dict[str, str]:
        if self.limit is None:
            return {}
        held = bucket(self.world, request.headers, request.address, self._known_keys)
        limits = self.limits_of(held)
        tracker = held.tracker
        if route.throttle:
            # A route's own limit takes the place of the default one
            limits = [(route.throttle[0], route.throttle[1], 60.0, 60.0)]
            tracker = f"{tracker}:{route.throttle[0]}"
        blocked, headers = self.throttle.hit(tracker, limits)
        if blocked:
            error = too_many_requests()
            raise _BlockedError(error, headers)
        return headers

    def limits_of(self, held: Bucket) -> list[Limit]:
        """List the limits of a budget."""
        assert self.limit is not None
        if held.key and held.key["limits"]:
            return list(held.key["limits"])
        if held.kind in ("client", "access_token"):
            return [(self.limit[0], max(CLIENT_REQUESTS, self.limit[1]), self.limit[2], self.limit[3])]
        return [self.limit]

    def _handle(
        self, request: Incoming, route: Served, context: Context, headers: dict[str, str]
    ) -> Response:
        present = context.world is self.world
        context.caller = self._authenticate(context)  # type: ignore[assignment]
        if route.name in self.world.broken:
            raise database_error()
        self.guards.check(context, self.clock())
        caller = None if context.anonymous else context.caller.user["id"]
        key = (route.name, route.old, caller, context.target)
        keep = request.method == "GET" and route.cached and present and not self.world.shuffled
        if keep and (kept := self._kept_answer(key)):
            return self._conditional(request, kept[0], kept[1], headers)
        result = route.function(context)
        if isinstance(result, Reply):
            return self._special(request, route, result, headers)
        payload = orjson.dumps({"status": "success", "data": result})
        if request.method in ("GET", "HEAD"):
            tag = etag(payload)
            if keep:
                self._keep(key, payload, tag)
            return self._conditional(request, payload, tag, headers)
        return Response(route.status, payload, {**headers, "Content-Type": JSON_TYPE, "ETag": etag(payload)})

    def _authenticate(self, context: Context) -> Any:
        route = context.route
        if route.auth == "none":
            return None
        try:
            return authenticate(self.world, context.headers, context.values.get("clientId"))
        except ApiError as error:
            if route.auth == "optional" and refused(error) and not context.headers.get("authorization"):
                return None
            raise

    def _special(self, request: Incoming, route: Route, reply: Reply, headers: dict[str, str]) -> Response:
        status = reply.status or route.status
        if reply.body is None:
            return Response(status, b"", {**headers, **reply.headers})
        payload = orjson.dumps(reply.body)
        answer = {**headers, "Content-Type": JSON_TYPE, **reply.headers}
        if request.method == "GET" and status == 200:
            return self._conditional(request, payload, etag(payload), headers)
        return Response(status, payload, answer)

    # -- answers ----------------

    def _conditional(self, request: Incoming, payload: bytes, tag: str, headers: dict[str, str]) -> Response:
        if request.headers.get("if-none-match") == tag:
            return Response(304, b"", {**headers, "ETag": tag})
        return Response(200, payload, {**headers, "Content-Type": JSON_TYPE, "ETag": tag})

    def _refusal(self, error: ApiError, target: str, headers: dict[str, str]) -> Response:
        if isinstance(error, _BlockedError):
            headers = error.headers
        payload = orjson.dumps(error.body(target, iso(self.world.today)), default=str)
        return Response(error.status, payload, {**headers, "Content-Type": JSON_TYPE})

    def _kept_answer(self, key: tuple[Any, ...]) -> tuple[bytes, str] | None:
        if self._kept_version != self.world.version:
            self._kept.clear()
            self._kept_version = self.world.version
        return self._kept.get(key)

    def _keep(self, key: tuple[Any, ...], payload: bytes, tag: str) -> None:
        if self._kept_version == self.world.version and len(self._kept) < _KEPT_ANSWERS:
            self._kept[key] = (payload, tag)

    def forget(self) -> None:
        """Drop kept answers, budgets, what guards remember and the counts."""
        self._kept.clear()
        self.throttle.clear()
        self.guards.clear()
        self._known_keys.clear()
        self.requests.clear()
        self.statuses.clear()
        self.log.clear()

    def _request_id(self) -> str:
        digits = f"{self._request_ids.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-b{digits[17:20]}-{digits[20:]}"


class _BlockedError(ApiError):
    """Carry the rate limit headers of a refusal."""

    def __init__(self, error: ApiError, headers: dict[str, str]) -> None:
        super().__init__(error.status, error.message, error.code, error.details)
        self.headers = headers


def etag(payload: bytes) -> str:
    """Make the weak tag that Express makes: length and a digest."""
    digest = base64.b64encode(hashlib.sha1(payload).digest()).decode()[:27]  # noqa: S324
    return f'W/"{len(payload):x}-{digest}"'


def _rewrite(path: str) -> str:
    path = path.removeprefix("/api") if path.startswith("/api/v2") else path
    return path.replace("/v2/ee/", "/v2/", 1) if path.startswith("/v2/ee/") else path


def _read_body(request: Incoming) -> Any:
    if len(request.body) > BODY_MAXIMUM:
        raise plain(413, "request entity too large")
    if not request.headers.get("content-type", "").startswith("application/json") or not request.body:
        # Any other content type counts as no body at all
        return {}
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise bad_request("Unexpected end of JSON input") from error
    if not isinstance(body, dict | list):
        raise bad_request("Unexpected token in JSON at position 0")
    return body

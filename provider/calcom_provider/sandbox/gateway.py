"""Stand between the server and the application: read requests, let faults happen, write answers.

This is the only place that knows ASGI. Requests below ``/__sandbox/`` steer the sandbox itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, timedelta
from email.utils import format_datetime
from random import Random
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from calcom_provider.sandbox.control import endpoints
from calcom_provider.sandbox.control.faults import AFTER_EFFECT, Fault, Faults, error_answer
from calcom_provider.sandbox.control.lag import Lagging
from calcom_provider.sandbox.control.mutations import churn
from calcom_provider.sandbox.core.auth import bucket
from calcom_provider.sandbox.core.errors import ApiError
from calcom_provider.sandbox.core.wire import Incoming, Response

if TYPE_CHECKING:
    from calcom_provider.sandbox.app import Application

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Gateway:
    """Serve an application over ASGI, with faults."""

    def __init__(self, app: Application, sandbox: endpoints.Steered) -> None:
        self.app = app
        self.sandbox = sandbox
        self.faults = Faults()
        self.lagging = Lagging()
        self._transports: dict[tuple[str, int], asyncio.Transport] = {}
        self._later: set[asyncio.Task[None]] = set()
        self._served = 0
        self._after: list[Callable[[], None]] = []
        self.protocol = self._make_protocol()

    def _make_protocol(self) -> type:
        transports = self._transports

        class Protocol(AutoHTTPProtocol):  # type: ignore[valid-type, misc]
            """Remember the connection of each client, so that it can be cut."""

            def connection_made(self, transport: asyncio.Transport) -> None:
                super().connection_made(transport)
                transports[transport.get_extra_info("peername")] = transport

            def connection_lost(self, error: Exception | None) -> None:
                transports.pop(self.transport.get_extra_info("peername"), None)
                super().connection_lost(error)

        return Protocol

    def after_each(self, callback: Callable[[], None]) -> None:
        """Call back after the effect of each request.

        :param callback: runs on the server's thread and should be quick.
        """
        self._after.append(callback)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] != "http":
            return
        try:
            await self._serve(scope, receive, send)
        finally:
            for callback in self._after:
                callback()

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        request = await _read(scope, receive)
        if request.path.startswith("/__sandbox/"):
            await _write(send, endpoints.answer(self.sandbox, request), request)
            return
        operation = self.app.operation_of(request)
        fault = self.faults.decide(operation, request)
        delay = self.faults.latency(request) + (fault.seconds if fault and fault.kind == "delay" else 0.0)
        if delay:
            await asyncio.sleep(delay)
        if fault and fault.kind != "delay" and fault.kind not in AFTER_EFFECT:
            await self._instead(fault, request, scope, send)
            return
        answer = self._answer(request, operation)
        said = self.faults.after_answer(request, answer)
        if isinstance(said, Response):
            answer = said
        elif isinstance(said, str):
            fault = Fault(said)
        if fault and fault.kind in ("lost", "reset"):
            await self._cut(scope)
        elif fault and fault.kind == "truncated":
            await self._truncate(send, answer, request, scope)
        else:
            await _write(send, answer, request)

    # -- effects ----------------

    def _answer(self, request: Incoming, operation: str) -> Response:
        settings = self.faults.settings
        world = self.app.world
        with world.lock:
            world.set_order(
                physical=settings.physical_order, shuffled=settings.shuffle_ties, seed=self._served
            )
            self._served += 1
            if settings.churn and _further_page(request):
                random = Random(f"{settings.seed} churn {request.target} {self._served}")
                churn(world, self.sandbox.organization_id, operation, settings.churn, random)
            if settings.stranger and self._served % settings.stranger["every"] == 0:
                self._spend(request, settings.stranger["requests"])
            reading = self.lagging.world_for(request, world, settings.lag)
            answer = self.app.answer(self.faults.asked(operation, request), reading)
            answer = self.faults.answered(operation, request, answer)
            # The second after the world's present moment: what was written before an answer is not later than it.
            said = world.today.astimezone(UTC) + timedelta(seconds=1)
            answer.headers = {**answer.headers, "Date": format_datetime(said, usegmt=True)}
        if not settings.rate_headers:
            answer.headers = {
                name: value for name, value in answer.headers.items() if not name.startswith("X-RateLimit")
            }
        return answer

    def _spend(self, request: Incoming, count: int) -> None:
        if self.app.limit is None:
            return
        with contextlib.suppress(ApiError):
            held = bucket(self.app.world, request.headers, request.address, set())
            self.app.throttle.hit(held.tracker, self.app.limits_of(held), count)

    async def _instead(self, fault: Fault, request: Incoming, scope: Message, send: Send) -> None:
        """Let a fault take the place of the effect, or put the effect off."""
        if fault.kind == "reset":
            await self._cut(scope)
        elif fault.kind == "timeout":
            await asyncio.sleep(fault.seconds)
            await self._cut(scope)
        elif fault.kind == "late":
            task = asyncio.get_running_loop().create_task(self._land(fault.seconds, request))
            self._later.add(task)
            task.add_done_callback(self._later.discard)
            await self._cut(scope)
        else:
            await _write(send, error_answer(fault.kind), request)

    async def _land(self, seconds: float, request: Incoming) -> None:
        await asyncio.sleep(seconds)
        self.app.answer(request)

    # -- connections ----------------

    async def _cut(self, scope: Message) -> None:
        """Reset the connection without an answer."""
        transport = self._transports.get(tuple(scope["client"]))
        if transport is not None:
            held = transport.get_extra_info("socket")
            with contextlib.suppress(OSError):
                held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        await asyncio.sleep(0.01)

    async def _truncate(self, send: Send, answer: Response, request: Incoming, scope: Message) -> None:
        """Announce the whole body, send half of it, close."""
        await send({"type": "http.response.start", "status": answer.status, "headers": _headers(answer)})
        half = answer.body[: len(answer.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        transport = self._transports.get(tuple(scope["client"]))
        if transport is not None:
            transport.close()
        await asyncio.sleep(0.01)


async def _read(scope: Message, receive: Receive) -> Incoming:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            break
    raw = scope["headers"]
    query = scope["query_string"].decode("latin-1")
    size = (
        len(scope.get("raw_path", b"")) + len(query) + sum(len(name) + len(value) + 4 for name, value in raw)
    )
    client = scope.get("client") or ("127.0.0.1", 0)
    return Incoming(
        scope["method"],
        scope["path"],
        query,
        {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw},
        body,
        client[0],
        size,
    )


async def _write(send: Send, answer: Response, request: Incoming) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": _headers(answer)})
    body = b"" if request.method == "HEAD" else answer.body
    await send({"type": "http.response.body", "body": body})


def _headers(answer: Response) -> list[tuple[bytes, bytes]]:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
    if answer.status not in (204, 304):
        headers.append((b"Content-Length", str(len(answer.body)).encode()))
    return headers


def _further_page(request: Incoming) -> bool:
    return any(
        part.split("=")[0] in ("skip", "offset") and part.split("=")[-1] not in ("", "0")
        for part in request.query.split("&")
    )

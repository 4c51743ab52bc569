"""Speak HTTP for the receiver: bounded in size, time and number, under any ASGI server.

The same application answers in Airflow's API server and under ``calcom webhooks serve``.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from calcom_provider.events.receiver import SIGNATURE_HEADER, Answer, Receiver

log = logging.getLogger(__name__)

T = TypeVar("T")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

#: Deliveries that are read or stored at the same time; each holds a body at most.
AT_ONCE = 64
THREADS = 8
#: Seconds that a sender may take for its body.
PATIENCE = 10.0
#: Seconds between two writings of the counts.
COUNTED_EVERY = 1.0
#: Answers to deliveries whose body was not read to its end.
UNREAD = frozenset({"barred", "foreign", "unsigned", "slow", "oversized"})


class ReceiverApp:
    """Answer ``POST .../{organization}``, and ``GET`` with the name of what stands here.

    :param make: makes the receiver, at the first request; it is closed when the server ends, and made anew by the next.
    :param patience: seconds that a sender may take for its body.
    """

    def __init__(self, make: Callable[[], Receiver], patience: float = PATIENCE) -> None:
        self._make = make
        self._patience = patience
        self._receiver: Receiver | None = None
        self._making = asyncio.Lock()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="calcom-events")
        self._at_once = 0
        self._counting: asyncio.Task[None] | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request (ASGI)."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            answer = await self._answer(scope, receive)
            with suppress(OSError):
                await _write(send, answer)

    async def _answer(self, scope: Message, receive: Receive) -> Answer:
        if scope["method"] != "POST":
            return (
                Answer(200, "calcom-events") if scope["method"] in ("GET", "HEAD") else Answer(405, "method")
            )
        try:
            receiver = await self._opened()
        except Exception as error:
            # What a driver says may hold a password.
            log.error("No delivery can be taken (%s); look at the settings.", type(error).__name__)
            return Answer(503, "unavailable")
        organization, address = _organization(scope["path"]), (scope.get("client") or ("",))[0]
        if not receiver.senders.admits(address):
            # Whose address it was is not looked up for what nobody has read.
            self._count_soon(receiver)
            return receiver.noted(0, Answer(429, "barred"), address)
        # Senders that have shown no secret leave half of the room to those that have.
        is_stranger = receiver.senders.knows_any and not receiver.senders.is_known(address)
        if self._at_once >= (AT_ONCE // 2 if is_stranger else AT_ONCE):
            self._count_soon(receiver)
            return receiver.noted(0, Answer(429, "busy"), address)
        self._at_once += 1
        try:
            return await self._taken(receiver, organization, address, scope, receive)
        finally:
            self._at_once -= 1
            self._count_soon(receiver)

    async def _taken(
        self, receiver: Receiver, organization: int, address: str, scope: Message, receive: Receive
    ) -> Answer:
        headers = {name.lower(): value for name, value in scope["headers"]}
        signature = headers.get(SIGNATURE_HEADER.encode(), b"").decode("latin-1") or None
        refused = await self._in_thread(receiver.refusal, organization, signature, address)
        if refused is not None:
            return refused
        try:
            async with asyncio.timeout(self._patience):
                body = await _read(headers, receive, receiver.limits.body_bytes)
        except TimeoutError:
            return receiver.noted(organization, Answer(408, "slow"), address)
        if body is None:
            return receiver.noted(organization, Answer(413, "oversized"), address)
        return await self._in_thread(receiver.receive, organization, signature, body, address)

    async def _in_thread(self, work: Callable[..., T], *given: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)

    async def _opened(self) -> Receiver:
        if self._receiver is None:
            async with self._making:
                if self._receiver is None:
                    self._receiver = await self._in_thread(self._make)
        return self._receiver

    def _count_soon(self, receiver: Receiver) -> None:
        if self._counting is None or self._counting.done():
            self._counting = asyncio.get_running_loop().create_task(self._count(receiver))

    async def _count(self, receiver: Receiver) -> None:
        await asyncio.sleep(COUNTED_EVERY)
        self._counting = None
        await self._in_thread(receiver.flush)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                receiver, self._receiver = self._receiver, None
                if receiver is not None:
                    receiver.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _organization(path: str) -> int:
    word = path.rstrip("/").rpartition("/")[2]
    return int(word) if word.isascii() and word.isdigit() and len(word) < 19 else 0


async def _read(headers: dict[bytes, bytes], receive: Receive, most: int) -> bytes | None:
    """Return the body, None for one that is too large: of that no more than the bound is ever held."""
    announced = headers.get(b"content-length", b"")
    if announced.isdigit() and int(announced[:19]) > most:
        return None
    parts, size = [], 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > most:
            return None
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return b"".join(parts)


async def _write(send: Send, answer: Answer) -> None:
    body = json.dumps({"outcome": answer.outcome}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if answer.outcome in UNREAD:
        # The rest of the body is not waited for.
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

"""Fixtures for the API client: a scripted HTTP server, an imitated Cal.com, transports without a network."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from calcom_provider.api.client import CalComClient
from calcom_provider.api.http.auth import ApiKey
from calcom_provider.api.http.retries import RetryPolicy
from calcom_provider.api.http.transport import Request, Response
from calcom_provider.api.rate_limit.governor import Governor

KEY = "cal_0123456789abcdef0123456789abcdef"
QUICK = RetryPolicy(first_wait=0.001, longest_wait=0.002)


@dataclass
class Seen:
    """Hold a request as the server got it."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes
    peer: tuple[str, int] = ("", 0)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    """Hold what the server sends; ``cut`` sends only so many bytes of the body, ``drop`` closes at once."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    drop: bool = False
    reset: bool = False

    @property
    def raw(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()


def success(data: Any, **more: Any) -> Reply:
    """Return a success in the API's envelope."""
    return Reply(200, {"status": "success", "data": data, **more})


def error(status: int, code: str, message: str, details: Any = None) -> Reply:
    """Return a failure in the API's envelope."""
    return Reply(
        status,
        {
            "status": "error",
            "timestamp": "2026-03-16T00:00:00.000Z",
            "path": "/v2/somewhere?emails=someone@example.com",
            "error": {"code": code, "message": message, "details": details},
        },
    )


class ScriptedServer:
    """Answer each request by a function or from a list of replies, on a free loopback port."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.replies: list[Reply] = []
        self.answer: Callable[[Seen], Reply] = self._next
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                parts = urlsplit(self.path)
                seen = Seen(
                    self.command,
                    parts.path,
                    parse_qsl(parts.query, keep_blank_values=True),
                    {name.lower(): value for name, value in self.headers.items()},
                    self.rfile.read(length),
                    self.client_address,
                )
                with outer._lock:
                    outer.seen.append(seen)
                    reply = outer.answer(seen)
                self.send(reply)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_any

            def send(self, reply: Reply) -> None:
                if reply.reset:
                    # Lingering for no time makes the kernel send a reset instead of a close.
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                if reply.drop or reply.reset:
                    self.close_connection = True
                    return
                raw = reply.raw
                self.send_response(reply.status)
                for name, value in ({"Content-Type": "application/json"} | reply.headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw if reply.cut is None else raw[: reply.cut])
                if reply.cut is not None:
                    self.close_connection = True

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v2"

    def _next(self, seen: Seen) -> Reply:
        return self.replies.pop(0) if self.replies else error(404, "NotFoundException", "Cannot GET /v2/x")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class FakeTransport:
    """Answer requests in memory."""

    def __init__(self, answer: Callable[[Request], Response]) -> None:
        self.answer = answer
        self.requests: list[Request] = []

    def send(self, request: Request, timeout: tuple[float, float]) -> Response:
        self.requests.append(request)
        return self.answer(request)

    def close(self) -> None:
        pass


def json_response(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON answer for a :class:`FakeTransport`."""
    found = {"content-type": "application/json; charset=utf-8"} | dict(headers or {})
    return Response(status, found, json.dumps(body).encode())


def client_for(url: str = "http://127.0.0.1:9/v2", **settings: Any) -> CalComClient:
    """Return a client that neither shares a budget nor waits long between attempts."""
    defaults: dict[str, Any] = {
        "auth": ApiKey(KEY),
        "base_url": url,
        "organization_id": 4242,
        "governor": Governor.unlimited(),
        "retries": QUICK,
        "timeout": (2.0, 2.0),
    }
    return CalComClient(**(defaults | settings))


@pytest.fixture
def http_server() -> Iterator[ScriptedServer]:
    """Run a scripted server."""
    server = ScriptedServer()
    yield server
    server.close()


@pytest.fixture
def make_client(http_server: ScriptedServer) -> Iterator[Callable[..., CalComClient]]:
    """Return a function that makes clients of the scripted server."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(client_for(**({"url": http_server.url} | settings)))


@pytest.fixture
def make_sandbox() -> Iterator[Callable[..., Any]]:
    """Return a function that starts imitated Cal.coms, for tests that need options."""
    from calcom_provider.sandbox import Sandbox

    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(Sandbox(**({"users": 60} | options)))


@pytest.fixture
def sandbox(make_sandbox: Callable[..., Any]) -> Any:
    """Run an imitated Cal.com with 60 people."""
    return make_sandbox()

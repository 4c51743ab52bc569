"""A sandbox that is called in this process, and one on a port."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from calcom_provider.sandbox import Sandbox
from calcom_provider.sandbox.core.wire import Incoming, Response


class Caller:
    """Call the application of a sandbox without a server; time stands still unless it is moved."""

    def __init__(self, **options: Any) -> None:
        self.time = 1000.0
        self.sandbox = Sandbox(clock=lambda: self.time, **({"users": 30} | options))
        self.world = self.sandbox.state
        self.organization_id = self.sandbox.organization_id

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = "admin",
        raw: bytes | None = None,
        **headers: str,
    ) -> Response:
        """Send a request; a path without ``/v2`` lies below the organisation."""
        url = urlsplit(path if path.startswith("/") else f"/v2/organizations/{self.organization_id}/{path}")
        sent = {name.lower().replace("_", "-"): value for name, value in headers.items()}
        if key:
            sent["authorization"] = f"Bearer {self.sandbox.keys.get(key, key)}"
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        if data:
            sent.setdefault("content-type", "application/json")
        size = len(path) + sum(len(name) + len(value) + 4 for name, value in sent.items())
        request = Incoming(method, url.path, url.query, sent, data, head_size=size, debug=True)
        return self.sandbox.app.answer(request)

    def data(self, method: str, path: str, body: Any = None, *, status: int = 200, **options: Any) -> Any:
        answer = self.send(method, path, body, **options)
        assert answer.status == status, answer.body
        return json.loads(answer.body)["data"]

    def error(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, str]:
        """Send what is refused; return status and text."""
        answer = self.send(method, path, body, **options)
        found = json.loads(answer.body)
        return answer.status, found["error"]["message"] if "error" in found else found["message"]

    def attribute(self, slug: str) -> dict[str, Any]:
        rows = self.world.attributes.by("teamId", self.organization_id)
        return next(row for row in rows if row["slug"] == slug)

    def members(self) -> list[int]:
        return sorted(row["userId"] for row in self.world.profiles.by("organizationId", self.organization_id))


@pytest.fixture
def calcom() -> Caller:
    return Caller()


@pytest.fixture
def served() -> Iterator[Sandbox]:
    with Sandbox(40, limit=None) as sandbox:
        yield sandbox


class Http:
    """Call a served sandbox over HTTP with a connection kept alive."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {sandbox.keys['admin']}"
        self.base = f"{sandbox.url}/organizations/{sandbox.organization_id}"

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.session.get(f"{self.base}/{path}", timeout=60, **options)

    def post(self, path: str, body: Any) -> requests.Response:
        return self.session.post(f"{self.base}/{path}", json=body, timeout=60)

    def control(self, method: str, word: str, body: Any = None) -> Any:
        url = f"{self.sandbox.url.removesuffix('/v2')}/__sandbox/{word}"
        answer = requests.request(method, url, json=body, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def http(served: Sandbox) -> Http:
    return Http(served)

"""A sandbox with a limit nobody meets, and jobs on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from calcom_provider.api.client import CalComClient
from calcom_provider.api.http.auth import ApiKey
from calcom_provider.api.rate_limit.governor import Governor, MemoryStateStore
from calcom_provider.hr.target.gateway import Gateway
from calcom_provider.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(users=30, limit=(1_000_000, 60.0, 60.0)) as running:
        yield running


def connect(sandbox: Sandbox, **more: object) -> CalComClient:
    auth = ApiKey(sandbox.keys["admin"])
    return CalComClient(auth=auth, base_url=sandbox.url, governor=Governor(MemoryStateStore(), ""), **more)  # type: ignore[arg-type]


@pytest.fixture
def gateway(sandbox: Sandbox) -> Iterator[Gateway]:
    with connect(sandbox) as client:
        yield Gateway(client)

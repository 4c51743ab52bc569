"""The write-back reads by a client that it was lent, and leaves it as it was."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from calcom_provider.api.http.auth import ApiKey
from calcom_provider.api.http.transport import Request, RequestsTransport, Response
from calcom_provider.hr.target.gateway import Gateway
from tests.plugins.api import client_for


class CountingTransport(RequestsTransport):
    """Count how many requests are on their way at once."""

    def __init__(self) -> None:
        super().__init__(pool_size=8)
        self._lock = threading.Lock()
        self._under_way = 0
        self.most = 0
        self.two_at_once = threading.Event()
        self.patience = self.next_patience = 0.0

    def send(self, request: Request, timeout: tuple[float, float]) -> Response:
        with self._lock:
            self._under_way += 1
            self.most = max(self.most, self._under_way)
            if self.most > 1:
                self.two_at_once.set()
            patience, self.patience = self.patience, self.next_patience
        try:
            self.two_at_once.wait(patience)
            return super().send(request, timeout)
        finally:
            with self._lock:
                self._under_way -= 1


def test_pages_are_read_in_turn_and_the_clients_own_concurrency_stays(
    make_sandbox: Callable[..., Any],
) -> None:
    sandbox = make_sandbox(users=2300, limit=None)
    transport = CountingTransport()
    with client_for(
        sandbox.url, auth=ApiKey(sandbox.keys["admin"]), organization_id=None, transport=transport
    ) as client:
        before, members = client.concurrency, sandbox.rows()["memberships"]
        assert len(Gateway(client).read_users()) == members
        assert (client.concurrency, transport.most) == (before, 1)
        # Others who use the client read ahead as before: from the second on a request waits for another beside it.
        transport.next_patience = 60.0
        assert sum(1 for _ in client.rows("org_memberships.list")) == members
        assert transport.most > 1
    transport.close()

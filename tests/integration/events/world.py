"""A sandbox that sends webhooks, a receiver that takes them, a store and a warehouse, all on this machine."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from calcom_provider.api.client import CalComClient
from calcom_provider.api.errors import InvalidRequestError
from calcom_provider.api.http.auth import ApiKey
from calcom_provider.events.asgi import ReceiverApp
from calcom_provider.events.receiver import Limits, Receiver
from calcom_provider.events.store.database import Database
from calcom_provider.events.store.store import EventStore
from calcom_provider.events.subscriptions import Subscriptions
from calcom_provider.sandbox import Sandbox
from calcom_provider.sync import EventSyncResult, SyncOptions, sync, sync_events
from calcom_provider.warehouse import Warehouse
from tests.plugins.api import client_for

SECRET = "a-secret-for-tests-0123456789abcdef"
VERSION = {"cal-api-version": "2024-08-13"}


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve an ASGI application on a free loopback port; give its address."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, lifespan="on", ws="none", server_header=False)
    )
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    until = time.monotonic() + 60
    while not server.started and time.monotonic() < until:
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()


class World:
    """Hold the parts, and do with them what a user does."""

    def __init__(
        self, sandbox: Sandbox, store: EventStore, warehouse: Warehouse, url: str, client: CalComClient
    ):
        self.sandbox = sandbox
        self.store = store
        self.warehouse = warehouse
        self.url = url
        self.client = client
        self.organization_id = sandbox.organization_id
        self.scope = {"organization_id": self.organization_id}
        self.subscriptions = Subscriptions(client, store, SECRET)

    def sync(self, resources: str = "bookings", **options: Any) -> Any:
        return sync(self.client, self.warehouse, resources=resources, options=SyncOptions(**options))

    def sync_events(self, owner: str = "test", **options: Any) -> EventSyncResult:
        return sync_events(
            self.client, self.warehouse, self.store, owner=owner, options=SyncOptions(**options)
        )

    def call(self, operation: str, **parameters: Any) -> Any:
        return self.client.call(operation, confirm=True, **parameters)

    def bookings(self, status: str = "accepted") -> list[dict[str, Any]]:
        return [row for row in self.client.rows("org_bookings.list") if row["status"] == status]

    def cancel(self, uid: str) -> None:
        self.call("bookings.cancel", bookingUid=uid, cancellationReason="none")

    def move(self, bookings: list[dict[str, Any]]) -> tuple[str, str]:
        """Move the first of some bookings whose host has time; return its uid and the new one's."""
        for booking in bookings:
            asked = {"eventTypeId": booking["eventTypeId"], "start": "2027-06-07", "end": "2027-06-11"}
            for free in self.call("slots.list", **asked).values():
                try:
                    start = free[-1]["start"]
                    return booking["uid"], self.call(
                        "bookings.reschedule", bookingUid=booking["uid"], start=start
                    )["uid"]
                except InvalidRequestError:
                    continue
        raise AssertionError("no host ever has time")

    def drain(self) -> None:
        assert self.sandbox.deliveries.drain(60)

    def rows(self, table: str, columns: str = "*", where: str = "1 = 1") -> list[tuple[Any, ...]]:
        session = self.warehouse.backend.connect()
        try:
            return session.fetch(
                f"SELECT {columns} FROM {self.warehouse.backend.qualify(f'calcom_{table}')} WHERE {where}"
            )
        finally:
            session.close()


@contextmanager
def world(folder: Path, target: Any = None, *, limits: Limits = Limits(), **sizes: Any) -> Iterator[World]:
    """Open everything; the tables are empty and nobody has subscribed."""
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(**({"users": 20, "bookings": 30, "live": True} | sizes)))
        database = Database(f"sqlite:///{folder}/events.db")
        stack.callback(database.close)
        store = EventStore(database, time.time)
        secrets = {sandbox.organization_id: SECRET}
        url = stack.enter_context(served(ReceiverApp(lambda: Receiver(store, secrets.get, limits))))
        warehouse = Warehouse(target or f"sqlite:///{folder}/warehouse.db")
        stack.callback(warehouse.close)
        client = stack.enter_context(
            client_for(
                sandbox.url, auth=ApiKey(sandbox.keys["admin"]), organization_id=sandbox.organization_id
            )
        )
        yield World(sandbox, store, warehouse, url, client)

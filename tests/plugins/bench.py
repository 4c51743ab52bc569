"""A sandbox, a client of it and a warehouse, for tests of whole syncs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from calcom_provider.api.client import CalComClient
from calcom_provider.api.http.auth import ApiKey
from calcom_provider.sandbox import Sandbox
from calcom_provider.sync import SyncOptions, SyncResult, sync
from calcom_provider.warehouse import Warehouse
from tests.plugins.api import client_for


def open_client(sandbox: Sandbox, key: str, **settings: Any) -> CalComClient:
    return client_for(sandbox.url, auth=ApiKey(sandbox.keys[key]), organization_id=None, **settings)


class Bench:
    """A sandbox, a client of it and a warehouse."""

    def __init__(self, sandbox: Sandbox, client: CalComClient, url: str) -> None:
        self.sandbox = sandbox
        self.client = client
        self.warehouse = Warehouse(url)
        self.engine = sa.create_engine(url)

    def sync(self, resources: str | None = None, **options: Any) -> SyncResult:
        progress = options.pop("progress", None)
        dry_run = options.pop("dry_run", False)
        return sync(
            self.client,
            self.warehouse,
            resources=resources,
            options=SyncOptions(**options),
            progress=progress,
            dry_run=dry_run,
        )

    def query(self, text: str) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(text))]

    def execute(self, text: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.text(text))

    def count(self, table: str) -> int:
        columns = {column["name"] for column in sa.inspect(self.engine).get_columns(f"calcom_{table}")}
        where = " WHERE is_current" if "is_current" in columns else ""
        return int(self.query(f"SELECT count(*) FROM calcom_{table}{where}")[0][0])

    def assert_equal(self, tables: tuple[str, ...] | list[str]) -> None:
        held = self.sandbox.rows()
        assert {table: self.count(table) for table in tables} == {table: held[table] for table in tables}

    def close(self) -> None:
        self.client.close()
        self.warehouse.close()
        self.engine.dispose()


@pytest.fixture
def make_bench() -> Iterator[Callable[..., Bench]]:
    made: list[Any] = []

    def make(url: str, *, key: str = "admin", limit: Any = None, **settings: Any) -> Bench:
        sandbox = Sandbox(limit=limit, **({"users": 60} | settings)).start()
        made.append(sandbox.stop)
        bench = Bench(sandbox, open_client(sandbox, key), url)
        made.append(bench.close)
        return bench

    yield make
    for close in reversed(made):
        close()


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """Give the URL of an empty database, of the smallest and of the most used kind."""
    return str(request.getfixturevalue(f"{request.param}_url"))

"""A fifth of all answers goes wrong: a sync publishes the right rows or, saying so, nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from calcom_provider.api.errors import CalComError
from calcom_provider.api.http.auth import ApiKey
from calcom_provider.sandbox import Sandbox
from calcom_provider.sync import sync
from calcom_provider.warehouse import Warehouse
from tests.plugins.api import QUICK, client_for

KEYS = {
    "users": ("id",),
    "memberships": ("id",),
    "attributes": ("id",),
    "attribute_options": ("id",),
    "attribute_assignments": ("option_id", "user_id"),
    "ooo_entries": ("id",),
    "teams": ("id",),
    "team_memberships": ("id",),
}
CHURN = {"insert": 0.3, "delete": 0.3, "move": 0.2}


@contextmanager
def opened(url: str) -> Iterator[tuple[Warehouse, sa.Engine]]:
    engine = sa.create_engine(url)
    warehouse = Warehouse(url)
    yield warehouse, engine
    warehouse.close()
    engine.dispose()


def attempt(sandbox: Sandbox, warehouse: Warehouse) -> CalComError | None:
    with client_for(
        sandbox.url,
        auth=ApiKey(sandbox.keys["admin"]),
        organization_id=sandbox.organization_id,
        retries=QUICK,
        timeout=(2.0, 0.4),
    ) as client:
        try:
            sync(client, warehouse, resources=list(KEYS))
        except CalComError as error:
            return error
        assert client.stats.requests > 0
    return None


def held(engine: sa.Engine, table: str) -> set[tuple[Any, ...]]:
    with engine.connect() as connection:
        if f"calcom_{table}" not in sa.inspect(connection).get_table_names():
            return set()
        columns = {column["name"] for column in sa.inspect(connection).get_columns(f"calcom_{table}")}
        where = " WHERE is_current" if "is_current" in columns else ""
        rows = connection.execute(sa.text(f"SELECT {', '.join(KEYS[table])} FROM calcom_{table}{where}"))
        return {tuple(row) for row in rows}


def check(sandbox: Sandbox, url: str) -> None:
    with opened(url) as (warehouse, engine):
        error = attempt(sandbox, warehouse)
        counts = {table: len(held(engine, table)) for table in KEYS}
        if error is not None:
            assert set(counts.values()) == {0}
            sandbox.faults.set(rate=0.0)
            assert attempt(sandbox, warehouse) is None
            counts = {table: len(held(engine, table)) for table in KEYS}
        rows = sandbox.rows()
        assert counts == {table: rows[table] for table in KEYS}


@pytest.mark.parametrize("seed", range(20))
def test_right_rows_or_none(sqlite_url: str, seed: int) -> None:
    faults = {"rate": 0.2, "seed": seed, "timeout_seconds": 0.8}
    with Sandbox(users=280, limit=None, faults=faults) as sandbox:
        check(sandbox, sqlite_url)


@pytest.mark.parametrize("seed", range(100, 103))
def test_right_rows_or_none_on_postgresql(postgres_url: str, seed: int) -> None:
    faults = {"rate": 0.2, "seed": seed, "timeout_seconds": 0.8}
    with Sandbox(users=280, limit=None, faults=faults) as sandbox:
        check(sandbox, postgres_url)


@pytest.mark.parametrize("seed", range(200, 203))
def test_right_rows_or_none_on_mysql(mysql_url: str, seed: int) -> None:
    faults = {"rate": 0.2, "seed": seed, "timeout_seconds": 0.8}
    with Sandbox(users=280, limit=None, faults=faults) as sandbox:
        check(sandbox, mysql_url)


def people(sandbox: Sandbox) -> dict[str, set[int]]:
    with sandbox.paused() as world:
        own = sandbox.organization_id
        return {
            "users": {row["userId"] for row in world.profiles.by("organizationId", own)},
            "memberships": {row["id"] for row in world.memberships.by("teamId", own)},
        }


@pytest.mark.parametrize("seed", range(8))
def test_rows_that_stay_are_there_although_others_come_and_go(sqlite_url: str, seed: int) -> None:
    with (
        Sandbox(users=2200, limit=None, faults={"seed": seed, "churn": CHURN}) as sandbox,
        opened(sqlite_url) as (warehouse, engine),
    ):
        before = people(sandbox)
        error = attempt(sandbox, warehouse)
        after = people(sandbox)
        assert before != after
        for table, ids in before.items():
            found = {key for (key,) in held(engine, table)}
            if error is None:
                assert (ids & after[table]) - found == set()
            else:
                assert found == set()

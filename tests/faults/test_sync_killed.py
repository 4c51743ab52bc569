"""A sync that is killed leaves what was there; the next one ends where an undisturbed one would."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from calcom_provider.sandbox import Sandbox

TABLES = {
    "calcom_users": "id",
    "calcom_memberships": "id",
    "calcom_attributes": "id",
    "calcom_attribute_options": "id",
    "calcom_attribute_assignments": "option_id, user_id",
    "calcom_ooo_entries": "id",
    "calcom_teams": "id",
    "calcom_team_memberships": "id",
}
REQUESTS = [1, 9, 20]
STATEMENTS = [1, 7, 25]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(users=120, limit=None) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def target(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_url"))


def start(sandbox: Sandbox, target: str, dies_after: int | None = None) -> subprocess.Popen[str]:
    arguments = [sandbox.url, sandbox.keys["admin"], target, "" if dies_after is None else str(dies_after)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.sync_child", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(child: subprocess.Popen[str]) -> int:
    out, err = child.communicate(timeout=120)
    assert child.returncode == 0, err
    return int(out)


def contents(target: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return what every table holds, without the columns that differ from run to run."""
    engine = sa.create_engine(target)
    held = {}
    with engine.connect() as connection:
        for table, key in TABLES.items():
            columns = [
                f'"{column["name"]}"'
                for column in sa.inspect(connection).get_columns(table)
                if column["name"] not in {"_calcom_run_id", "_calcom_synced_at", "valid_from", "valid_to"}
            ]
            rows = connection.execute(sa.text(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {key}"))
            held[table] = [tuple(map(str, row)) for row in rows]
    engine.dispose()
    return held


def published(target: str) -> set[str]:
    engine = sa.create_engine(target)
    found = set(sa.inspect(engine).get_table_names()) & set(TABLES)
    engine.dispose()
    return found


def undisturbed(sandbox: Sandbox, folder: Any) -> dict[str, list[tuple[Any, ...]]]:
    url = f"sqlite:///{folder}/undisturbed.db"
    finish(start(sandbox, url))
    return contents(url)


def keys_of(held: dict[str, list[tuple[Any, ...]]]) -> dict[str, int]:
    return {table: len(rows) for table, rows in held.items()}


@pytest.mark.parametrize("request_number", REQUESTS)
def test_killed_while_reading(sandbox: Sandbox, target: str, request_number: int, tmp_path: Any) -> None:
    wanted = undisturbed(sandbox, tmp_path)
    children: list[subprocess.Popen[str]] = []
    begun = sandbox.stats()["requests"]

    def kill(*_: Any) -> None:
        if sandbox.stats()["requests"] - begun >= request_number and children[0].poll() is None:
            children[0].send_signal(signal.SIGKILL)

    armed = threading.Event()
    sandbox.before_answer(lambda *seen: kill(*seen) if armed.wait(60) else None)
    children.append(start(sandbox, target))
    armed.set()
    children[0].communicate(timeout=120)
    assert children[0].returncode == -signal.SIGKILL
    assert published(target) == set()
    finish(start(sandbox, target))
    again = contents(target)
    assert keys_of(again) == keys_of(wanted)


@pytest.mark.parametrize("statements", STATEMENTS)
def test_killed_while_publishing(sandbox: Sandbox, target: str, statements: int, tmp_path: Any) -> None:
    wanted = undisturbed(sandbox, tmp_path)
    child = start(sandbox, target, dies_after=statements)
    child.communicate(timeout=120)
    assert child.returncode == -signal.SIGKILL
    assert published(target) == set()
    finish(start(sandbox, target))
    assert keys_of(contents(target)) == keys_of(wanted)
    assert finish(start(sandbox, target)) == 0


def test_killed_while_publishing_changes_keeps_the_rows_before(sandbox: Sandbox, target: str) -> None:
    finish(start(sandbox, target))
    before = contents(target)
    with sandbox.paused() as world:
        people = world.profiles.by("organizationId", sandbox.organization_id)
        for row in people[::2]:
            world.users.update(world.users.get(row["userId"]), timeZone="Pacific/Auckland")
    child = start(sandbox, target, dies_after=5)
    child.communicate(timeout=120)
    assert child.returncode == -signal.SIGKILL
    assert contents(target) == before
    assert finish(start(sandbox, target)) == len(people[::2])
    assert contents(target) != before


def test_a_reader_sees_all_tables_or_none(sandbox: Sandbox, target: str) -> None:
    sandbox.faults.set(latency=0.02)
    child = start(sandbox, target)
    seen: set[tuple[int, ...]] = set()
    engine = sa.create_engine(target)
    while child.poll() is None:
        seen.add(look(engine))
    finish(child)
    full = look(engine)
    engine.dispose()
    assert all(full)
    assert seen <= {(0,) * len(TABLES), full}


def look(engine: sa.Engine) -> tuple[int, ...]:
    """Count every table within one snapshot; a table that is not there counts as empty."""
    with engine.connect().execution_options(isolation_level=snapshot(engine)) as connection:
        here = set(sa.inspect(connection).get_table_names()) & set(TABLES)
        return tuple(
            int(connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one())
            if table in here
            else 0
            for table in TABLES
        )


def snapshot(engine: sa.Engine) -> str:
    return "REPEATABLE READ" if engine.dialect.name == "postgresql" else "SERIALIZABLE"

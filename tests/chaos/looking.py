"""Read a warehouse as somebody beside the run does: the databases' own drivers, one snapshot, nothing of ours."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.chaos.truth import KEYS, Truth, plain

Fetch = Callable[[str], list[tuple[Any, ...]]]
PREFIX = "calcom_"


#: What MySQL tells a snapshot of a table that was altered after it began.
DEFINITION_CHANGED = 1412


class LockedOutError(Exception):
    """Say that the database lets no reader in while it is written, as DuckDB does."""


@contextlib.contextmanager
def snapshot(url: str) -> Iterator[Fetch]:
    """Open one transaction that sees one state of the database, and give a function that asks it.

    :raises LockedOutError: when another process has the file to itself.
    """
    kind = url.partition(":")[0].partition("+")[0]
    with {"sqlite": _sqlite, "duckdb": _duckdb, "postgresql": _postgresql, "mysql": _mysql}[kind](
        url
    ) as fetch:
        yield fetch


@contextlib.contextmanager
def _sqlite(url: str) -> Iterator[Fetch]:
    path = url.removeprefix("sqlite:///")
    if not Path(path).exists():
        yield lambda _: []
        return
    with contextlib.closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as opened:
        opened.execute("BEGIN")
        yield lambda sql: opened.execute(sql).fetchall()


@contextlib.contextmanager
def _duckdb(url: str) -> Iterator[Fetch]:
    import duckdb

    path = url.removeprefix("duckdb:///")
    if not Path(path).exists():
        yield lambda _: []
        return
    try:
        opened = duckdb.connect(path, read_only=not Path(path + ".wal").exists())
    except duckdb.IOException as error:
        raise LockedOutError(str(error)) from None
    with contextlib.closing(opened):
        opened.execute("BEGIN")
        yield lambda sql: opened.execute(sql).fetchall()


@contextlib.contextmanager
def _postgresql(url: str) -> Iterator[Fetch]:
    import psycopg

    plain_url = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain_url, autocommit=True, connect_timeout=10) as opened:
        opened.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield lambda sql: opened.execute(sql).fetchall()  # type: ignore[arg-type]


@contextlib.contextmanager
def _mysql(url: str) -> Iterator[Fetch]:
    import pymysql

    parts = sa.make_url(url)
    opened = pymysql.connect(
        host=parts.host,
        port=parts.port or 3306,
        user=parts.username,
        password=parts.password or "",
        database=parts.database,
        autocommit=True,
        connect_timeout=10,
        sql_mode="ANSI_QUOTES",
    )
    try:
        with opened.cursor() as cursor:

            def fetch(sql: str) -> list[tuple[Any, ...]]:
                try:
                    cursor.execute(sql)
                except pymysql.err.OperationalError as error:
                    if error.args[0] != DEFINITION_CHANGED:
                        raise
                    # A snapshot sees no table that was altered since; readers are asked to begin anew.
                    raise LockedOutError(str(error)) from None
                return list(cursor.fetchall())

            fetch("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            fetch("START TRANSACTION WITH CONSISTENT SNAPSHOT")
            yield fetch
    finally:
        opened.close()


def columns_of(url: str, fetch: Fetch) -> dict[str, set[str]]:
    """Return the columns of each of our tables."""
    if url.startswith("sqlite"):
        asked = (
            "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c"
            f" WHERE m.type = 'table' AND m.name LIKE '{PREFIX}%'"
        )
    else:
        here = {"mysql": "DATABASE()", "duckd": "'main'"}.get(url[:5], "current_schema()")
        asked = (
            "SELECT c.table_name, c.column_name FROM information_schema.columns c JOIN information_schema.tables t"
            " ON t.table_schema = c.table_schema AND t.table_name = c.table_name"
            f" WHERE t.table_type = 'BASE TABLE' AND c.table_schema = {here} AND c.table_name LIKE '{PREFIX}%'"
        )
    found: dict[str, set[str]] = {}
    for table, column in fetch(asked):
        found.setdefault(table.removeprefix(PREFIX), set()).add(column)
    return found


def _select(fetch: Fetch, table: str, names: list[str], more: str = "") -> list[dict[str, Any]]:
    quoted = ", ".join(f'"{name}"' for name in names)
    rows = fetch(f'SELECT {quoted} FROM "{PREFIX}{table}"{more}')
    return [dict(zip(names, map(plain, row), strict=True)) for row in rows]


def held(url: str, old: Truth, new: Truth, fetch: Fetch) -> tuple[Truth, list[str]]:
    """Return what the tables hold of the columns that two states know, and what is wrong with their form.

    A table that is not there counts as empty. Of history tables the current versions count.
    """
    there = columns_of(url, fetch)
    found: Truth = {}
    wrong = []
    for table in new:
        found[table] = {}
        if table not in there:
            continue
        rows = [*old.get(table, {}).values(), *new[table].values()]
        names = sorted({name for row in rows for name in row} or set(KEYS[table]))
        missing = set(names) - there[table]
        if missing:
            wrong.append(f"{table} has no column {', '.join(sorted(missing))}")
            continue
        current = " WHERE is_current" if "is_current" in there[table] else ""
        for row in _select(fetch, table, names, current):
            key = tuple(row[name] for name in KEYS[table])
            if key in found[table]:
                wrong.append(f"{table} holds the row {key} twice")
            found[table][key] = row
    return found, wrong


def versions(url: str, wanted: dict[str, list[str]]) -> dict[str, dict[Any, list[tuple[Any, Any, Any, Any]]]]:
    """Return all versions of each row of history tables as (from, to, current, content), oldest first.

    :param wanted: the columns of each table that make the content.
    """
    told: dict[str, dict[Any, list[tuple[Any, Any, Any, Any]]]] = {}
    with snapshot(url) as fetch:
        there = columns_of(url, fetch)
        for table, names in wanted.items():
            found = told.setdefault(table, {})
            rows = (
                _select(fetch, table, [*names, "valid_from", "valid_to", "is_current"])
                if table in there
                else []
            )
            for row in sorted(rows, key=lambda one: one["valid_from"]):
                content = {name: row[name] for name in names}
                version = (row["valid_from"], row["valid_to"], row["is_current"], content)
                found.setdefault(tuple(row[name] for name in KEYS[table]), []).append(version)
    return told


def leftovers(url: str) -> list[str]:
    """Name what a run should have taken away: staging tables, leases, side files."""
    found = []
    with snapshot(url) as fetch:
        for table in columns_of(url, fetch):
            if table.startswith("stage_") or table.endswith(("__stage", "__keys")):
                found.append(f"table {table}")
            if table.endswith("lease"):
                # A row without an owner is none: MySQL locks it while a run publishes.
                rows = fetch(f"""SELECT * FROM "{PREFIX}{table}" WHERE owner <> ''""")
                found += [f"lease {row}" for row in rows]
    if url.startswith(("sqlite", "duckdb")):
        path = Path(url.partition(":///")[2])
        # SQLite keeps its log beside the file until the last reader has gone.
        found += [
            one.name for one in path.parent.iterdir() if one.suffix == ".wal" or one.name.endswith(".tmp")
        ]
    return found


def recorded(url: str) -> list[tuple[Any, ...]]:
    """Return the status of every run, oldest first."""
    with snapshot(url) as fetch:
        there = columns_of(url, fetch)
        if "sync_runs" not in there:
            return []
        whole = " WHERE resource = '*'" if "resource" in there["sync_runs"] else ""
        return fetch(f"SELECT run_id, status FROM {PREFIX}sync_runs{whole} ORDER BY started_at")

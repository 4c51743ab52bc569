"""Which tables belong together: docs/warehouse.rst, "Prefixes and schemas"."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from calcom_provider.warehouse import (
    LoadInProgressError,
    RunInfo,
    SchemaConflictError,
    Table,
    UnsupportedTargetError,
    Warehouse,
)
from calcom_provider.warehouse.bookkeeping.table_owners import OWNERS
from tests.integration.released import restore
from tests.integration.warehouse.model import ITEMS, SCOPE, as_tuple, mark

MEMBERSHIPS, TEAM_MEMBERSHIPS = replace(ITEMS, name="memberships"), replace(ITEMS, name="team_memberships")


def load(warehouse: Warehouse, table: Table = ITEMS, rows: int = 3) -> int:
    """Load rows of a table, named beforehand as a sync does it."""
    with warehouse.load(RunInfo(scope=SCOPE), tables=[table.name]) as load:
        taken = load.table(table, resource=table.name)
        taken.write([as_tuple((key, "v")) for key in range(rows)], mark(0, ((0, "v"),)))
        taken.finish(complete=True)
        return load.publish()[0].rows_after


def tables(warehouse: Warehouse, prefix: str = "") -> set[str]:
    session = warehouse.backend.connect()
    try:
        return set(warehouse.backend.reflect(session, prefix))
    finally:
        session.close()


def test_neighbouring_prefixes_run_side_by_side(warehouse_url: str) -> None:
    _side_by_side(warehouse_url)


def test_neighbouring_prefixes_run_side_by_side_on_other_databases(sqlite_url: str) -> None:
    _side_by_side(sqlite_url, generic=True)


def _side_by_side(warehouse_url: str, *, generic: bool = False) -> None:
    """ "nobody drops what is not theirs": ``calcom_`` begins every name of ``calcom_eu_`` as well."""
    near, far = (
        Warehouse(warehouse_url, prefix=prefix, generic=generic) for prefix in ("calcom_", "calcom_eu_")
    )
    with far.load(RunInfo(scope=SCOPE)) as running:
        table = running.table(ITEMS, resource="items")
        table.write([as_tuple((key, "far")) for key in range(500)])
        assert load(near) == load(near) == 3
        table.write([as_tuple((key, "far")) for key in range(500, 900)])
        table.finish(complete=True)
        assert running.publish()[0].rows_after == 900
    assert not [name for name in tables(near) if "stage_" in name]
    for warehouse in (near, far):
        warehouse.close()


def test_names_that_meet_are_refused_and_nothing_is_written(warehouse_url: str) -> None:
    first, second = Warehouse(warehouse_url), Warehouse(warehouse_url, prefix="calcom_team_")
    assert load(first, TEAM_MEMBERSHIPS) == 3
    before = tables(first)
    with pytest.raises(
        SchemaConflictError, match="belong to the prefix 'calcom_': calcom_team_memberships. Nothing"
    ):
        load(second, MEMBERSHIPS)
    assert tables(first) == before
    # What does not meet runs beside it.
    assert load(second, ITEMS) == load(first, ITEMS) == 3
    # A caller who does not name the tables beforehand is refused when it comes to them.
    with (
        pytest.raises(SchemaConflictError, match="calcom_team_memberships"),
        second.load(RunInfo(scope=SCOPE)) as run,
    ):
        run.table(MEMBERSHIPS, resource="memberships")
    # A warehouse that somebody dropped holds nothing back.
    session = first.backend.connect()
    for name in ("calcom_schema_version", "calcom_team_memberships"):
        session.execute(f"DROP TABLE {first.backend.qualify(name)}")
    session.close()
    assert load(second, MEMBERSHIPS) == 3
    for warehouse in (first, second):
        warehouse.close()


def test_of_two_that_come_at_once_one_gets_the_table(warehouse_url: str) -> None:
    told: list[Any] = []
    start = threading.Barrier(2)

    def run(prefix: str, table: Table) -> None:
        warehouse = Warehouse(warehouse_url, prefix=prefix)
        start.wait()
        try:
            told.append(load(warehouse, table))
        except (SchemaConflictError, LoadInProgressError) as error:
            told.append(error)
        warehouse.close()

    threads = [
        threading.Thread(target=run, args=("calcom_team_", MEMBERSHIPS)),
        threading.Thread(target=run, args=("calcom_", TEAM_MEMBERSHIPS)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one == 3 for one in told) == 1, told
    assert sum(isinstance(one, SchemaConflictError) for one in told) == 1, told


def test_tables_of_an_earlier_release_keep_their_owner(warehouse_url: str) -> None:
    restore("0.1.0", warehouse_url)
    first, second = Warehouse(warehouse_url), Warehouse(warehouse_url, prefix="calcom_it")
    if first.backend.stages_stay:
        session = first.backend.connect()
        # What a killed run of that release left behind
        session.execute(f"CREATE TABLE {first.backend.qualify('calcom_items__stage')} (a INTEGER)")
        session.close()
    assert load(second, replace(ITEMS, name="others")) == 3
    with pytest.raises(SchemaConflictError, match="belong to the prefix 'calcom_': calcom_items"):
        load(second, replace(ITEMS, name="ems"))
    assert "calcom_items__stage" not in tables(first)
    for warehouse in (first, second):
        warehouse.close()


@pytest.mark.parametrize(
    ("target", "prefix", "told"),
    [
        ("postgres_url", "p" * 43, "64 bytes, and PostgreSQL takes 63"),
        ("postgres_url", "ü" * 22, "65 bytes, and PostgreSQL takes 63"),
        ("sqlite_url", "SQLite_cal_", "SQLite keeps such names for itself"),
        ("duckdb_url", "cal\0", "names hold no NUL"),
    ],
    ids=["long", "long in bytes", "reserved", "no name"],
)
def test_a_prefix_that_cannot_work_is_refused_before_anything_is_written(
    target: str, prefix: str, told: str, request: pytest.FixtureRequest
) -> None:
    _refused(request.getfixturevalue(target), prefix, told)


def test_a_prefix_that_cannot_work_on_mysql(mysql_url: str) -> None:
    _refused(mysql_url, "p" * 43, "64 bytes, and MySQL or MariaDB takes 63")
    _refused(mysql_url, "calcom_\U0001f600_", "no characters beyond")


def _refused(url: str, prefix: str, told: str) -> None:
    with pytest.raises(UnsupportedTargetError, match=told):
        Warehouse(url, prefix=prefix).load(RunInfo(scope=SCOPE), tables=["out_of_office_entries"])
    assert tables(Warehouse(url)) == set()


def test_case_alone_makes_no_other_tables_where_it_is_folded(sqlite_url: str, duckdb_url: str) -> None:
    for url in (sqlite_url, duckdb_url):
        assert load(Warehouse(url)) == 3
        with pytest.raises(SchemaConflictError, match="belong to the prefix 'calcom_'"):
            load(Warehouse(url, prefix="Calcom_"))


def test_no_schema_and_the_default_schema_are_one(request: pytest.FixtureRequest) -> None:
    _one_schema(request.getfixturevalue("postgres_url"), "public")


def test_no_schema_and_the_connections_database_are_one(mysql_url: str) -> None:
    _one_schema(mysql_url, str(sa.make_url(mysql_url).database))


def _one_schema(url: str, schema: str) -> None:
    unnamed, named = Warehouse(url), Warehouse(url, schema=schema)
    with unnamed.load(RunInfo(scope=SCOPE)), pytest.raises(LoadInProgressError):
        named.load(RunInfo(scope=SCOPE))
    assert load(named) == 3
    assert OWNERS in tables(unnamed)
    other = Warehouse(url, schema=f"{schema[:40]}_other")
    try:
        # Another schema is another place: the same names there belong to nobody yet.
        with unnamed.load(RunInfo(scope=SCOPE)):
            assert load(other) == 3
    finally:
        session = unnamed.backend.connect()
        word, more = ("DATABASE", "") if url.startswith("mysql") else ("SCHEMA", " CASCADE")
        session.execute(f"DROP {word} {unnamed.backend.quote(other.schema or '')}{more}")
        session.close()

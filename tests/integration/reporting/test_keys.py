"""Every table has its primary key in the database, and references stand in a table that loads do not mind."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting.building import build
from calcom_provider.reporting.building.build import OWN, Reports
from calcom_provider.reporting.checks.references import references
from calcom_provider.resources.registry import tables
from calcom_provider.warehouse import Warehouse
from tests.integration.reporting.loading import load
from tests.integration.reporting.world import TODAY, make_world

SYNCED = ("bookings", "booking_hosts", "memberships", "attribute_assignments", "attributes", "users")


def fetch(url: str, query: str) -> list[tuple[Any, ...]]:
    warehouse = Warehouse(url)
    session = warehouse.backend.connect()
    try:
        return session.fetch(query)
    finally:
        session.close()
        warehouse.close()


def keys(url: str) -> dict[str, tuple[set[str], int]]:
    """Read the primary key of each table, and how many foreign keys it has."""
    if url.startswith("duckdb"):
        query = "SELECT table_name, constraint_type, constraint_column_names FROM duckdb_constraints()"
        found: dict[str, tuple[set[str], int]] = {}
        for table, kind, columns in fetch(url, query):
            key, foreign = found.get(table, (set(), 0))
            found[table] = (
                key | set(columns) if kind == "PRIMARY KEY" else key,
                foreign + (kind == "FOREIGN KEY"),
            )
        return found
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        look = sa.inspect(connection)
        return {
            name: (
                set(look.get_pk_constraint(name)["constrained_columns"]),
                len(look.get_foreign_keys(name)),
            )
            for name in look.get_table_names()
        }


def create(url: str) -> None:
    with Reports(url) as reports:
        reports.create(today=TODAY, days_back=2, days_ahead=2)


def test_every_table_has_a_primary_key_and_no_foreign_one(warehouse_url: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(build, "VIEWS", ())
    load(warehouse_url, make_world(), only=SYNCED, ledger=False)
    create(warehouse_url)
    found = keys(warehouse_url)
    declared = {f"calcom_{name}": set(tables()[name].key) for name in SYNCED}
    for name in ("memberships", "attribute_assignments"):
        declared[f"calcom_{name}"].add("valid_from")
    declared |= {f"calcom_{table.name}": set(table.key) for table in OWN}
    assert {name: found[name][0] for name in declared} == declared
    own = {name: one for name, one in found.items() if name.startswith("calcom_")}
    assert {name for name, (key, _) in own.items() if not key} == set()
    assert {name for name, (_, foreign) in own.items() if foreign} == set()


def test_references_are_those_between_tables_that_are_there(warehouse_url: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(build, "VIEWS", ())
    load(warehouse_url, make_world(), only=SYNCED, ledger=False)
    create(warehouse_url)
    rows = fetch(
        warehouse_url,
        "SELECT table_name, column_name, referenced_table, referenced_column, also_equal, may_dangle, reason"
        " FROM calcom_table_references ORDER BY table_name, column_name",
    )
    expected = {
        f"calcom_{one.child.name}.{one.column} calcom_{one.parent.name}.{one.target}": one.dangling
        for one in references()
        if one.child.name in SYNCED and one.parent.name in SYNCED
    }
    assert {f"{row[0]}.{row[1]} {row[2]}.{row[3]}": row[6] or "" for row in rows} == expected
    assert "calcom_booking_hosts.booking_id calcom_bookings.id" in expected
    assert {row[4] for row in rows} == {"organization_id"}
    assert [bool(row[5]) for row in rows] == [row[6] is not None for row in rows]
    # Every one is a join that a database can make.
    for child, column, parent, target, shared, *_ in rows:
        fetch(
            warehouse_url,
            f"SELECT count(*) FROM {child} c JOIN {parent} p"
            f" ON p.{shared} = c.{shared} AND p.{target} = c.{column}",
        )


def test_references_follow_what_is_synced(sqlite_url: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(build, "VIEWS", ())
    query = "SELECT count(*) FROM calcom_table_references"
    load(sqlite_url, make_world(), only=("bookings",), ledger=False)
    create(sqlite_url)
    assert fetch(sqlite_url, query) == [(0,)]
    load(sqlite_url, make_world(), only=("bookings", "booking_hosts"), ledger=False)
    create(sqlite_url)
    assert fetch(sqlite_url, query) == [(1,)]

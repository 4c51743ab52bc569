"""Write generated organisations into a warehouse as syncs would, and the ledger as the write-back would."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from calcom_provider.hr.ledger.database import Database
from calcom_provider.hr.ledger.tables import ACTIONS, ASSIGNMENTS, ENTRIES, METADATA, PLANS
from calcom_provider.resources.registry import catalogue
from calcom_provider.resources.shaping.tuples import dumps
from calcom_provider.warehouse import DeleteGuard, RunInfo, Table, Warehouse
from calcom_provider.warehouse.bookkeeping.migrations import RUN_RESOURCES, RUNS
from calcom_provider.warehouse.run import Deletes, Mode
from tests.integration.reporting.world import World
from tests.plugins import templates

Row = Mapping[str, Any]
LEDGER = {"plans": PLANS, "actions": ACTIONS, "entries": ENTRIES, "assignments": ASSIGNMENTS}


def make_file(url: str) -> None:
    """Make the file of an empty database, without which nothing is opened; a server has none.

    :param url: the database.
    """
    kind, _, place = url.partition(":///")
    if kind == "duckdb":
        import duckdb

        duckdb.connect(place).close()
    elif kind == "sqlite":
        Path(place).touch()


def load(
    url: str,
    world: World,
    history: bool = True,
    only: Collection[str] | None = None,
    ledger: bool = True,
    marks: bool = False,
) -> World:
    """Load an organisation as it was at each of its syncs, and its ledger.

    :param url: an empty database
    :param world: the organisation
    :param history: whether versions are kept; without, every table is merged
    :param only: tables to load, all by default
    :param ledger: whether to write the ledger
    :param marks: whether to mark rows that are gone, in place of removing them
    :returns: the organisation as it was loaded, to work out what is expected
    """
    loaded = world.kept(history=history, only=only, ledger=ledger, marks=marks)
    templates.fill(url, [loaded], _write)
    return loaded


def load_together(url: str, worlds: Sequence[World], only: Collection[str] | None = None) -> list[World]:
    """Load organisations into one database, each sync a second after that of the organisation before it.

    :param url: an empty database
    :param worlds: the organisations, with different ids
    :param only: tables to load, all by default
    :returns: the organisations as they were loaded
    """
    late = [
        dataclasses.replace(
            world.kept(only=only),
            syncs=tuple(began + timedelta(seconds=place) for began in world.syncs),
        )
        for place, world in enumerate(worlds)
    ]
    templates.fill(url, late, _write)
    return late


def _write(url: str, worlds: Sequence[World]) -> None:
    syncs = [(world, began, place) for world in worlds for place, began in enumerate(world.syncs)]
    write_syncs(url, sorted(syncs, key=lambda sync: sync[1]))
    write_ledger(url, worlds)


def write_syncs(url: str, syncs: Iterable[tuple[World, datetime, int]]) -> None:
    """Run syncs one after the other: an organisation, the time, and which of its contents were listed."""
    warehouse = Warehouse(url)
    for world, began, place in syncs:
        scope = {"organization_id": world.organization_id}
        deletes: Deletes = "mark" if world.marks else "remove"
        write_sync(warehouse, scope, began, world.contents[place], history=world.history, deletes=deletes)
    warehouse.close()


def write_sync(
    warehouse: Warehouse,
    scope: Mapping[str, int],
    began: datetime,
    contents: Mapping[str, Iterable[Row]],
    history: bool = True,
    deletes: Deletes = "remove",
) -> None:
    """Publish what the API listed as one complete run.

    :param warehouse: where to
    :param scope: the organisation
    :param began: begin of the run, later than that of all before it
    :param contents: table -> rows by declared columns
    :param history: whether versions are kept
    :param deletes: what becomes of rows that are gone
    """
    declared = {table.name: (one.name, table) for one in catalogue().values() for table in one.tables}
    with warehouse.load(RunInfo(scope=scope, started_at=began), tables=list(contents)) as run:
        opens = {}
        with run.keep_open():
            for name in contents:
                resource, table = declared[name]
                mode: Mode = "history" if history and table.history else "merge"
                opens[name] = run.table(
                    table, resource=resource, mode=mode, deletes=deletes, guard=DeleteGuard.off()
                )
        for name, opened in opens.items():
            table, rows = declared[name][1], contents[name]
            opened.write([as_tuple(table, {**scope, **row}) for row in rows])
            opened.finish(complete=True)
        run.publish()
    end_run(warehouse, run.run.run_id, began)


def end_run(warehouse: Warehouse, run_id: str, began: datetime) -> None:
    """Let a run end after its begin, which lies ahead of this machine's clock: it would count as begun by its end."""
    session = warehouse.backend.connect()
    try:
        session.begin()
        for records in (RUNS, RUN_RESOURCES):
            name = warehouse.backend.qualify(warehouse.prefix + records)
            session.execute(
                f"UPDATE {name} SET finished_at = :ended WHERE run_id = :run_id",
                {"ended": warehouse.backend.time(began + timedelta(seconds=1)), "run_id": run_id},
            )
        session.commit()
    finally:
        session.close()


def as_tuple(table: Table, row: Row) -> tuple[Any, ...]:
    """Give the values of a row in the order of the table's columns, JSON as text."""
    unknown = set(row) - set(table.names)
    assert not unknown, f"{table.name} has no column {unknown}"
    values = ((column, row.get(column.name)) for column in table.columns)
    return tuple(dumps(v) if column.type == "json" and v is not None else v for column, v in values)


def write_ledger(url: str, worlds: Iterable[World]) -> None:
    """Write the ledgers of organisations; none where no organisation has one."""
    held = [world.ledger for world in worlds if world.ledger]
    if not held:
        return
    database = Database(url)
    database.create(METADATA)
    with database.transaction() as run:
        for ledger in held:
            for name, rows in ledger.items():
                run(sa.insert(LEDGER[name]), rows)
    database.close()

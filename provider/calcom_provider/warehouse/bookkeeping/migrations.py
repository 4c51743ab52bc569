"""The tables of the engine itself, as numbered migrations.

A release that changes them appends a migration; what was released is never edited. A database made by an
older release is brought forward by the next load, before it does anything else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from calcom_provider.warehouse.backends.base import Session
from calcom_provider.warehouse.bookkeeping.affected_views import report_views, views_using
from calcom_provider.warehouse.bookkeeping.renamed_columns import RENAMED, rename_columns
from calcom_provider.warehouse.errors import SchemaVersionError
from calcom_provider.warehouse.schema import Column, ColumnType

logger = logging.getLogger(__name__)

RUNS, RUN_RESOURCES = "sync_runs", "sync_run_resources"
STATE, PAGES, COLUMNS, FACTS = "sync_state", "sync_pages", "sync_columns", "sync_facts"
RUNNING, FLEET_RUNS = "sync_running", "sync_fleet_runs"
VERSION = "schema_version"


def _columns(spec: str) -> tuple[Column, ...]:
    """Read ``name type`` pairs; a type with ``!`` is never NULL."""
    made = []
    for line in filter(str.strip, spec.split("\n")):
        name, kind = line.split()
        made.append(Column(name, cast(ColumnType, kind.rstrip("!")), nullable=not kind.endswith("!")))
    return tuple(made)


RUNS_V1 = _columns("""
    run_id text!
    resource text!
    table_name text!
    scope text!
    dag_run_id text
    version text
    mode text
    deletes text
    started_at timestamp!
    finished_at timestamp
    status text!
    complete boolean
    partial boolean
    reason text
    error text
    rows_read integer
    rows_kept integer
    rows_inserted integer
    rows_updated integer
    rows_unchanged integer
    rows_deleted integer
    rows_after integer
    duplicates integer
    pages integer
    pages_kept integer
    requests integer
    retries integer
    waits integer
    waited_seconds float
    throttled integer
    bytes integer
    watermark_before text
    watermark_after text
    replaced_characters integer
    schema_changes json
""")

RUNS_ADDED_V2 = _columns("""
    rows_emptied integer
""")

RUN_RESOURCES_V4 = RUNS_V1 + RUNS_ADDED_V2

RUN_RESOURCES_ADDED_V6 = _columns("""
    events_missed integer
    events_late_seconds float
""")

RUNS_ADDED_V7 = _columns("""
    lock_seconds float
    publish_retries integer
    billed_bytes integer
""")

#: What is true of a resource's table, and of no run as a whole.
_OF_A_TABLE = {
    "resource",
    "table_name",
    "mode",
    "deletes",
    "partial",
    "reason",
    "watermark_before",
    "watermark_after",
    "schema_changes",
}
RUNS_V4 = tuple(column for column in RUN_RESOURCES_V4 if column.name not in _OF_A_TABLE)
RUNS_V7 = RUNS_V4 + RUNS_ADDED_V7

STATE_V1 = _columns("""
    scope text!
    resource text!
    watermark text
    row_count integer!
    full_read_at timestamp
    published_at timestamp!
    run_id text!
    shapes json
""")

PAGES_V1 = _columns("""
    scope text!
    resource text!
    table_name text!
    page_key text!
    list_key text!
    digest integer!
    etag text
    row_count integer!
    marks json
    packed_keys blob
    run_id text!
""")


FLEET_RUN_COLUMNS = _columns("""
    dag_id text!
    dag_run_id text!
    started_at timestamp!
    finished_at timestamp!
    status text!
    organizations integer!
    synced integer!
    failed integer!
    requests integer!
    throttled integer!
    waited_seconds float!
    worst_age_seconds float
    planned_age_seconds float
""")


COLUMNS_V2 = _columns("""
    scope text!
    table_name text!
    column_name text!
    stored_as text!
    treatment text!
    key_check text
    run_id text!
""")

FACTS_V4 = _columns("""
    scope text!
    facts json
    run_id text!
""")


RUNNING_V3 = _columns("""
    stem text!
    run_id text!
    scope text!
    revoked text
""")


@dataclass(frozen=True)
class Migration:
    """Bring the engine's tables one version forward.

    MySQL commits DDL as it goes: there a migration that broke off runs again from its beginning, so it must look
    before it changes anything. All run again where somebody dropped a table of the engine.

    :param number: the version that it brings them to.
    :param summary: what it does, in words.
    :param apply: does it.
    :param tables: names of the tables that it makes, without prefix; default none.
    :param moved: table of an earlier migration -> table that its rows stand in once this one has begun.
    :param changed: tables that views of the database's owner may name, and which change.
    """

    number: int
    summary: str
    apply: Callable[[Session, str], None]
    tables: tuple[str, ...] = ()
    moved: Mapping[str, str] = field(default_factory=dict)
    changed: tuple[str, ...] = ()


def _first(session: Session, prefix: str) -> None:
    make = session.backend.create_table
    make(session, prefix + RUNS, RUNS_V1, ("run_id", "resource", "table_name"))
    make(session, prefix + STATE, STATE_V1, ("scope", "resource"))
    make(session, prefix + PAGES, PAGES_V1, ("scope", "resource", "table_name", "page_key"))


def _second(session: Session, prefix: str) -> None:
    backend = session.backend
    key = ("scope", "table_name", "column_name", "stored_as")
    backend.create_table(session, prefix + COLUMNS, COLUMNS_V2, key)
    _add_columns(session, prefix, RUNS, RUNS_ADDED_V2)


def _third(session: Session, prefix: str) -> None:
    session.backend.create_table(session, prefix + RUNNING, RUNNING_V3, ("stem",))
    # Runs of earlier releases that ended without a word: they are registered nowhere.
    session.execute(
        f"UPDATE {session.backend.qualify(prefix + RUNS)} SET status = 'lost', error = 'the run ended without a word'"
        " WHERE status = 'running'"
    )


def _fourth(session: Session, prefix: str) -> None:
    _split_runs(session, prefix)
    session.backend.create_table(session, prefix + FACTS, FACTS_V4, ("scope",))
    rename_columns(session, prefix, COLUMNS)


def _split_runs(session: Session, prefix: str) -> None:
    """Give runs a table of their own, beside the one of what they did to each resource's tables.

    Until now a row whose resource was ``*`` stood for a run, among those of its resources.
    """
    backend = session.backend
    held = backend.reflect(session, prefix)
    runs, resources = backend.qualify(prefix + RUNS), backend.qualify(prefix + RUN_RESOURCES)
    if "resource" in held.get(prefix + RUNS, {}):
        if prefix + RUN_RESOURCES not in held:
            backend.rename_table(session, prefix + RUNS, prefix + RUN_RESOURCES)
        else:
            # Somebody dropped the table of runs, and the first migration has just made an empty one.
            session.execute(f"DROP TABLE {runs}")
    key = ("run_id", "resource", "table_name")
    backend.create_table(session, prefix + RUN_RESOURCES, RUN_RESOURCES_V4, key)
    backend.create_table(session, prefix + RUNS, RUNS_V4, ("run_id",))
    names = ", ".join(backend.quote(column.name) for column in RUNS_V4)
    session.execute(
        f"INSERT INTO {runs} ({names}) SELECT {names} FROM {resources} p WHERE p.resource = '*'"
        f" AND NOT EXISTS (SELECT 1 FROM {runs} r WHERE r.run_id = p.run_id)"
    )
    session.execute(f"DELETE FROM {resources} WHERE resource = '*'")


def _fleet_runs(session: Session, prefix: str) -> None:
    session.backend.create_table(session, prefix + FLEET_RUNS, FLEET_RUN_COLUMNS, ("dag_id", "dag_run_id"))


def _events_missed(session: Session, prefix: str) -> None:
    _add_columns(session, prefix, RUN_RESOURCES, RUN_RESOURCES_ADDED_V6)


def _waits_and_bills(session: Session, prefix: str) -> None:
    _add_columns(session, prefix, RUNS, RUNS_ADDED_V7)


def _add_columns(session: Session, prefix: str, table: str, columns: Sequence[Column]) -> None:
    """Add those columns that a table lacks."""
    backend = session.backend
    held = backend.reflect(session, prefix).get(prefix + table, {})
    for column in columns:
        if column.name not in held:
            session.execute(
                f"ALTER TABLE {backend.qualify(prefix + table)}"
                f" ADD COLUMN {backend.quote(column.name)} {backend.type_of(column)}"
            )


MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, "run records, states and page marks", _first, (RUNS, STATE, PAGES)),
    Migration(2, "how columns are stored, and rows that were emptied", _second, (COLUMNS,)),
    Migration(3, "runs under way and their staging tables", _third, (RUNNING,)),
    Migration(
        4,
        "runs apart from their resources, and no column with a reserved word as its name",
        _fourth,
        (RUN_RESOURCES, FACTS),
        {RUNS: RUN_RESOURCES},
        (RUNS, *RENAMED),
    ),
    Migration(5, "runs over many organisations", _fleet_runs, (FLEET_RUNS,)),
    Migration(6, "what events had missed", _events_missed),
    Migration(
        7,
        "how long runs waited for tables, publications that were repeated, and bytes billed",
        _waits_and_bills,
    ),
)
CURRENT = MIGRATIONS[-1].number

RECORDS = tuple(name for migration in MIGRATIONS for name in migration.tables if name != FLEET_RUNS)
"""Tables of the engine, without prefix, whose rows belong to one scope each."""


def migrate(session: Session, prefix: str, existing: Mapping[str, object], package_version: str) -> list[str]:
    """Bring the engine's tables to the version of this release; make those anew that somebody dropped.

    What the dropped ones told of earlier reads is lost, and what the others tell may not fit: the next read is a
    full one.

    :param existing: tables that exist now, by their full names.
    :param package_version: version of the program, kept with each migration.
    :returns: what was done, in words.
    :raises SchemaVersionError: when a newer release made them.
    """
    backend = session.backend
    name = prefix + VERSION
    table = backend.qualify(name)
    version = stored_version(session, prefix) if name in existing else 0
    pending = [migration for migration in MIGRATIONS if migration.number > version]
    dropped = _dropped(prefix, existing, version)
    if not pending and not dropped:
        return []
    changed = {prefix + one for migration in pending for one in migration.changed}
    views = views_using(session, changed & existing.keys())
    session.begin()
    try:
        if name not in existing:
            columns = _columns("number integer!\n summary text!\n applied_at timestamp!\n version text")
            backend.create_table(session, name, columns, ("number",))
        for migration in MIGRATIONS if dropped else pending:
            migration.apply(session, prefix)
            if migration not in pending:
                continue
            session.execute(
                f"INSERT INTO {table} (number, summary, applied_at, version)"
                " VALUES (:number, :summary, :at, :version)",
                {
                    "number": migration.number,
                    "summary": migration.summary,
                    "at": backend.time(datetime.now(UTC)),
                    "version": package_version,
                },
            )
        if dropped:
            _forget_reads(session, prefix)
        session.commit()
    except BaseException:
        session.rollback()
        raise
    if dropped:
        logger.warning(
            "The tables %s were gone and are made anew; what they told of earlier runs is lost, and everything "
            "is read in full once.",
            ", ".join(dropped),
        )
    report_views(session, views)
    return [f"{name}: version {m.number}, {m.summary}" for m in pending]


def is_current(session: Session, prefix: str, existing: Mapping[str, object]) -> bool:
    """Tell whether the engine's tables need nothing from :func:`migrate`.

    :param existing: tables that exist now, by their full names.
    :raises SchemaVersionError: when a newer release made them.
    """
    if prefix + VERSION not in existing:
        return False
    version = stored_version(session, prefix)
    return version == CURRENT and not _dropped(prefix, existing, version)


def require_current(session: Session, prefix: str, existing: Mapping[str, object]) -> None:
    """Refuse tables that are not those of this release, without changing anything; no tables are as good as these.

    :param existing: tables that exist now, by their full names.
    :raises SchemaVersionError: when another release made them.
    """
    if prefix + VERSION not in existing:
        return
    version = stored_version(session, prefix)
    if version < CURRENT:
        raise SchemaVersionError(
            f"The tables {prefix}* are of version {version}, those of this release are of version {CURRENT}: the"
            " next sync brings them forward, and so does `calcom reports create`"
        )


def stored_version(session: Session, prefix: str) -> int:
    """Give the version of the engine's tables.

    :raises SchemaVersionError: when a newer release made them.
    """
    table = session.backend.qualify(prefix + VERSION)
    version = int(session.value(f"SELECT coalesce(max(number), 0) FROM {table}") or 0)
    if version > CURRENT:
        raise SchemaVersionError(
            f"The tables {prefix}* are of version {version}, this release knows {CURRENT}: update the package"
        )
    return version


def _dropped(prefix: str, existing: Mapping[str, object], version: int) -> list[str]:
    """Name the tables of the engine that somebody dropped; none where there never were any."""
    made = {name: one.number for one in MIGRATIONS for name in one.tables}
    if not version:
        # Without the record of versions, any other table tells that there was one
        here = [number for name, number in made.items() if prefix + name in existing]
        version = max(here, default=0)
        made[VERSION] = 1
    expected = [name for name, number in made.items() if number <= version]
    # A migration that broke off where DDL is committed as it goes has dropped nothing.
    half = {
        old
        for one in MIGRATIONS
        if one.number > version
        for old, new in one.moved.items()
        if prefix + new in existing
    }
    expected = [name for name in expected if name not in half]
    return [prefix + name for name in expected if prefix + name not in existing]


def _forget_reads(session: Session, prefix: str) -> None:
    """Forget how far and when everything was read, so that nothing is taken for known."""
    qualify = session.backend.qualify
    session.execute(f"DELETE FROM {qualify(prefix + PAGES)}")
    session.execute(f"UPDATE {qualify(prefix + STATE)} SET watermark = NULL, full_read_at = NULL")

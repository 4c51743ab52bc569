"""The tables of the engine itself, as numbered migrations.

A release that changes them appends a migration; what was released is never edited. A database made by an
older release is brought forward by the next load, before it does anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from calcom_provider.warehouse.backend import Session
from calcom_provider.warehouse.errors import SchemaVersionError
from calcom_provider.warehouse.schema import Column, ColumnType

RUNS, STATE, PAGES, VERSION, LEASE = "sync_runs", "sync_state", "sync_pages", "schema_version", "sync_lease"


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

LEASE_V1 = _columns("""
    name text!
    owner text!
    expires_at float!
""")


@dataclass(frozen=True)
class Migration:
    """Bring the engine's tables one version forward.

    MySQL commits DDL as it goes: there a migration that broke off runs again from its beginning, so it must look
    before it changes anything.
    """

    number: int
    summary: str
    apply: Callable[[Session, str], None]


def _first(session: Session, prefix: str) -> None:
    make = session.backend.create_table
    make(session, prefix + RUNS, RUNS_V1, ("run_id", "resource", "table_name"))
    make(session, prefix + STATE, STATE_V1, ("scope", "resource"))
    make(session, prefix + PAGES, PAGES_V1, ("scope", "resource", "table_name", "page_key"))


MIGRATIONS: tuple[Migration, ...] = (Migration(1, "run records, states and page marks", _first),)
CURRENT = MIGRATIONS[-1].number


def migrate(session: Session, prefix: str, existing: Mapping[str, object], package_version: str) -> list[str]:
    """Bring the engine's tables to the version of this release.

    :param existing: Tables that exist now, by their full names.
    :param package_version: Version of the program, kept with each migration.
    :returns: What was done, in words.
    :raises SchemaVersionError: when a newer release made them.
    """
    backend = session.backend
    name = prefix + VERSION
    table = backend.qualify(name)
    version = 0
    if name in existing:
        version = int(session.value(f"SELECT coalesce(max(number), 0) FROM {table}") or 0)
    if version > CURRENT:
        raise SchemaVersionError(
            f"The tables {prefix}* are of version {version}, this release knows {CURRENT}: update the package"
        )
    pending = [migration for migration in MIGRATIONS if migration.number > version]
    if not pending:
        return []
    session.begin()
    try:
        if name not in existing:
            columns = _columns("number integer!\n summary text!\n applied_at timestamp!\n version text")
            backend.create_table(session, name, columns, ("number",))
        for migration in pending:
            migration.apply(session, prefix)
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
        session.commit()
    except BaseException:
        session.rollback()
        raise
    return [f"{name}: version {m.number}, {m.summary}" for m in pending]

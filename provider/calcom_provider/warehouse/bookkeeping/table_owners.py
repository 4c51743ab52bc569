"""Write down which prefix each table belongs to: two prefixes whose names meet would write into one another's.

``calcom_team_`` with a table ``memberships`` and ``calcom_`` with a table ``team_memberships`` name one table. The
records stand in one table a schema, whatever the prefixes; its primary key decides between two that come at once.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import orjson

from calcom_provider.warehouse.backends.base import Backend, Session
from calcom_provider.warehouse.backends.lease import LEASE
from calcom_provider.warehouse.bookkeeping.event_records import EVENT_SYNCS
from calcom_provider.warehouse.bookkeeping.migrations import COLUMNS, MIGRATIONS, STATE, VERSION
from calcom_provider.warehouse.errors import SchemaConflictError, UnsupportedTargetError, WarehouseError
from calcom_provider.warehouse.schema import Column

OWNERS = "calcom_table_owners"
OWNERS_COLUMNS = (
    Column(
        "table_name", "text", nullable=False, comment="Name of the table, folded where the database folds it"
    ),
    Column("prefix", "text", nullable=False, comment="Prefix of the warehouse that it belongs to"),
)

#: Endings of the staging tables of release 0.1.0, which were registered nowhere.
_OLD_STAGES = ("__stage", "__keys")

#: How often a race with another run for a record is tried again.
_TRIES = 5

Catalog = Mapping[str, Any]


def own_names() -> tuple[str, ...]:
    """Return the names of the engine's own tables, without prefix."""
    return (VERSION, LEASE, EVENT_SYNCS, *(name for migration in MIGRATIONS for name in migration.tables))


def check_names(backend: Backend, prefix: str, tables: Collection[str]) -> None:
    """Refuse a prefix with which a table's name would be longer than the database takes, or is none for it.

    :param backend: the database; it is not asked.
    :param prefix: prefix of the warehouse.
    :param tables: names of tables without it, besides those of the engine.
    :raises UnsupportedTargetError: naming the first of them.
    """
    limit = backend.capabilities.longest_name
    for name in sorted((prefix + table for table in {*own_names(), *tables}), key=len, reverse=True):
        if len(name.encode()) > limit:
            raise UnsupportedTargetError(
                f"With the prefix {prefix!r} there would be a table {name!r}: {len(name.encode())} bytes, and"
                f" {backend.title} takes {limit} at the most. Name a shorter prefix"
            )
        if problem := backend.refuses_name(name):
            raise UnsupportedTargetError(
                f"With the prefix {prefix!r} there would be a table {name!r}, but {problem}. Name another prefix"
            )


def check_owners(session: Session, prefix: str, tables: Collection[str]) -> set[str]:
    """Refuse tables that belong to another prefix; nothing is written.

    :param session: open session.
    :param prefix: prefix of the warehouse.
    :param tables: names of tables without it, besides those of the engine.
    :returns: full names of those that no prefix has yet.
    :raises SchemaConflictError: naming the tables and the other prefix.
    """
    wanted = {prefix + table for table in {*own_names(), *tables}}
    if not _is_ready(session):
        return wanted
    backend = session.backend
    own = {
        name
        for (name,) in session.fetch(
            f"SELECT table_name FROM {backend.qualify(OWNERS)} WHERE prefix = :prefix", {"prefix": prefix}
        )
    }
    free = {name for name in wanted if backend.folded(session, name) not in own}
    taken = [
        (name, owner)
        for name, owner in _owners(session, free)
        if owner != prefix and not _is_gone(session, owner)
    ]
    if taken:
        owners = ", ".join(sorted({repr(owner) for _, owner in taken}))
        raise SchemaConflictError(
            f"With the prefix {prefix!r} these tables would be written that belong to the prefix {owners}:"
            f" {', '.join(sorted(name for name, _ in taken))}. Nothing was written: name another prefix or schema"
        )
    return free


def claim(session: Session, prefix: str, tables: Collection[str]) -> None:
    """Write down that tables belong to a prefix.

    :param session: open session, outside of a transaction.
    :param prefix: prefix of the warehouse.
    :param tables: names of tables without it, besides those of the engine.
    :raises SchemaConflictError: when one of them belongs to another.
    """
    with session.keep_open():
        _retried(session, _make_ready)
        _retried(session, lambda session: _claim(session, prefix, tables))


def _claim(session: Session, prefix: str, tables: Collection[str]) -> None:
    free = check_owners(session, prefix, tables)
    if not free:
        return
    backend = session.backend
    session.begin()
    try:
        if not backend.capabilities.enforces_keys:
            # No key decides between two that come at once; the one whose UPDATE waited finds what the other wrote. An
            # UPDATE that changes nothing may be passed over.
            session.execute(
                f"UPDATE {backend.qualify(OWNERS)} SET prefix = :claim WHERE table_name = :name",
                {"claim": f"last claimed by {uuid.uuid4().hex}", "name": OWNERS},
            )
            free = check_owners(session, prefix, tables)
        stale = {name for name, _ in _owners(session, free)}
        for name in sorted(stale):
            session.execute(
                f"DELETE FROM {backend.qualify(OWNERS)} WHERE table_name = :name",
                {"name": backend.folded(session, name)},
            )
        _insert(session, {backend.folded(session, name): prefix for name in free})
        session.commit()
    except BaseException:
        session.rollback()
        raise


def _owners(session: Session, names: Collection[str]) -> Iterator[tuple[str, str]]:
    """Give the tables of a set that have a record, each with its prefix."""
    if names:
        backend = session.backend
        held = dict(session.fetch(f"SELECT table_name, prefix FROM {backend.qualify(OWNERS)}"))
        for name in names:
            owner = held.get(backend.folded(session, name))
            if owner is not None:
                yield name, owner


def _is_gone(session: Session, prefix: str) -> bool:
    """Tell whether a warehouse was dropped: the records of its tables stay."""
    return prefix + VERSION not in session.backend.reflect(session, prefix + VERSION)


def _is_ready(session: Session) -> bool:
    """Tell whether there are records, and those of tables that were there before them."""
    backend = session.backend
    if OWNERS not in backend.reflect(session, OWNERS):
        return False
    # The table's record of itself is written last.
    query = f"SELECT 1 FROM {backend.qualify(OWNERS)} WHERE table_name = :name"
    return bool(session.fetch(query, {"name": OWNERS}))


def _make_ready(session: Session) -> None:
    """Make the table, with records of the tables that earlier releases made."""
    if _is_ready(session):
        return
    backend = session.backend
    backend.create_table(session, OWNERS, OWNERS_COLUMNS, ("table_name",))
    catalog = backend.reflect(session, "")
    known: dict[str, str] = {}
    for prefix in sorted(name.removesuffix(VERSION) for name in catalog if name.endswith(VERSION)):
        if prefix + STATE in catalog:
            for table in _tables_of(session, prefix, catalog):
                if prefix + table in catalog:
                    known.setdefault(backend.folded(session, prefix + table), prefix)
                for ending in _OLD_STAGES:
                    if backend.stages_stay and prefix + table + ending in catalog:
                        backend.drop_stage(session, prefix + table + ending)
    session.begin()
    try:
        _insert(session, {**known, OWNERS: ""})
        session.commit()
    except BaseException:
        session.rollback()
        raise


def _tables_of(session: Session, prefix: str, catalog: Catalog) -> set[str]:
    """Name the tables that runs with a prefix wrote, as they recorded it."""
    qualify = session.backend.qualify
    found = set(own_names())
    for (shapes,) in session.fetch(f"SELECT shapes FROM {qualify(prefix + STATE)}"):
        shape = orjson.loads(shapes) if isinstance(shapes, str) else shapes or {}
        found |= {name for name, held in shape.items() if isinstance(held, dict) and "shape" in held}
    if prefix + COLUMNS in catalog:
        rows = session.fetch(f"SELECT DISTINCT table_name FROM {qualify(prefix + COLUMNS)}")
        found |= {name for (name,) in rows}
    return found


def _insert(session: Session, records: Mapping[str, str]) -> None:
    session.insert(
        f"INSERT INTO {session.backend.qualify(OWNERS)} (table_name, prefix) VALUES (:name, :prefix)",
        [{"name": name, "prefix": prefix} for name, prefix in sorted(records.items())],
    )


def _retried(session: Session, work: Any) -> None:
    """Do work that another run may do at this moment; the database lets one of the two through."""
    for attempt in range(_TRIES):
        try:
            work(session)
            return
        except WarehouseError:
            raise
        except Exception as error:
            # A connection that is gone took the run's lock with it: nothing is to be tried on another.
            if attempt == _TRIES - 1 or getattr(error, "connection_invalidated", False):
                raise
            time.sleep(0.1 * (attempt + 1))

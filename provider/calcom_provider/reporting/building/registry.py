"""Remember which views, snapshot tables and settings this package made, and from which definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from calcom_provider.reporting.fixed_tables.writing import create as create_table
from calcom_provider.warehouse.backends.base import Session
from calcom_provider.warehouse.schema import Column, Table

REPORTS = Table(
    "report_views",
    (
        Column("name", "text", nullable=False, comment="full name of the view or table"),
        Column("kind", "text", nullable=False, comment="view, table or settings"),
        Column("definition", "text", nullable=False, comment="SHA-256 of what it was made from"),
        Column("row_count", "integer", comment="rows that the newest refresh of a snapshot table wrote"),
        Column("made_at", "timestamp", nullable=False),
    ),
    key=("name",),
    comment="Reporting views that were made here.",
)


@dataclass(frozen=True)
class Entry:
    """Remember one view, snapshot table or settings table.

    :param name: full name.
    :param kind: what it is.
    :param definition: SHA-256 of what it was made from.
    :param rows: rows that the newest refresh of a snapshot table wrote.
    """

    name: str
    kind: Literal["view", "table", "settings"]
    definition: str
    rows: int | None = None


Known = Mapping[str, Entry]


def create(session: Session, prefix: str) -> None:
    """Create the registry unless it is there, outside of a transaction."""
    create_table(session, prefix, REPORTS)


def read(session: Session, prefix: str) -> dict[str, Entry]:
    """Give what was made, by full name; nothing before the first time.

    :param prefix: what the names of the warehouse's tables begin with.
    """
    if prefix + REPORTS.name not in session.backend.reflect(session, prefix + REPORTS.name):
        return {}
    target = session.backend.qualify(prefix + REPORTS.name)
    rows = session.fetch(f"SELECT name, kind, definition, row_count FROM {target} ORDER BY name")
    return {row[0]: Entry(*row) for row in rows}


def announce(session: Session, prefix: str, name: str, kind: Literal["view", "table"]) -> None:
    """Remember that a name is ours before anything is made under it, outside of a transaction.

    MySQL ends a transaction at each CREATE: a run that is killed after it must find its work again.
    """
    session.begin()
    note(session, prefix, Entry(name, kind, ""))
    session.commit()


def note(session: Session, prefix: str, entry: Entry) -> None:
    """Remember an entry in place of the one of the same name; the caller holds the transaction."""
    forget(session, prefix, entry.name)
    target = session.backend.qualify(prefix + REPORTS.name)
    session.execute(
        f"INSERT INTO {target} (name, kind, definition, row_count, made_at)"
        " VALUES (:name, :kind, :definition, :rows, :at)",
        {
            "name": entry.name,
            "kind": entry.kind,
            "definition": entry.definition,
            "rows": entry.rows,
            "at": session.backend.time(datetime.now(UTC)),
        },
    )


def forget(session: Session, prefix: str, name: str) -> None:
    """Remove the entry of a name; the caller holds the transaction."""
    target = session.backend.qualify(prefix + REPORTS.name)
    session.execute(f"DELETE FROM {target} WHERE name = :name", {"name": name})

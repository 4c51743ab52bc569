"""The table of references between the synced tables, for tools and readers that draw or check joins.

Foreign keys would refuse rows that Cal.com really has, and many orders of loading. One that is declared and not
enforced must still point to a unique key, which a table with versions does not have; and SQLite enforces it for every
client that asks.
"""

from __future__ import annotations

from collections.abc import Collection

from calcom_provider.reporting.checks.references import references
from calcom_provider.reporting.fixed_tables.writing import Row, create
from calcom_provider.warehouse.backends.base import Session
from calcom_provider.warehouse.schema import Column, Table

TABLE_REFERENCES = Table(
    "table_references",
    (
        Column("table_name", "text", nullable=False, comment="full name of the table that refers"),
        Column("column_name", "text", nullable=False, comment="its column"),
        Column("referenced_table", "text", nullable=False, comment="full name of the table referred to"),
        Column("referenced_column", "text", nullable=False, comment="column there"),
        Column("also_equal", "text", comment="columns that both tables share and a join needs too"),
        Column("may_dangle", "boolean", nullable=False, comment="whether a value may lead nowhere"),
        Column("reason", "text", comment="why it may; null where it must not"),
    ),
    key=("table_name", "column_name", "referenced_table"),
    comment="References between the synced tables, which the database does not enforce.",
)


def create_references(session: Session, prefix: str) -> None:
    """Create the table of references unless it is there.

    :param session: session of the warehouse, outside of a transaction.
    :param prefix: what the names of the warehouse's tables begin with.
    """
    create(session, prefix, TABLE_REFERENCES)


def reference_rows(prefix: str, held: Collection[str]) -> tuple[Row, ...]:
    """Give the rows of the table, sorted.

    :param prefix: what the names of the warehouse's tables begin with.
    :param held: full names of the tables that are there; a reference needs both of its tables.
    """
    found = []
    for one in references():
        child, parent = prefix + one.child.name, prefix + one.parent.name
        if child in held and parent in held:
            shared, reason = ", ".join(one.shared) or None, one.dangling or None
            found.append((child, one.column, parent, one.target, shared, bool(reason), reason))
    return tuple(sorted(found, key=lambda row: row[:3]))

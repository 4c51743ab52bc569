"""Join names and departments from the synced tables when a plan is looked at; where they lack, ids have to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from calcom_provider.hr.ledger.database import Database
from calcom_provider.hr.target.state import Attribute

SELECTS = {"SINGLE_SELECT", "MULTI_SELECT"}
DEPARTMENT = "department"


@dataclass(frozen=True, slots=True)
class Tables:
    """Say where the synced tables are.

    :param target: SQLAlchemy engine or URL; ``duckdb:///path`` for a DuckDB file.
    :param schema: schema of the tables, the connection's own by default.
    :param prefix: what table names begin with, default ``calcom_``.
    :param department: slug or name of the attribute by which people are grouped, default ``department``.
    """

    target: Any
    schema: str | None = None
    prefix: str = "calcom_"
    department: str = DEPARTMENT


@dataclass(frozen=True, slots=True)
class Names:
    """Hold what ids are called.

    :param people: name by user id.
    :param departments: department by user id.
    :param attributes: name by attribute id.
    :param types: type by attribute id.
    :param options: text by option id.
    """

    people: Mapping[int, str] = field(default_factory=dict)
    departments: Mapping[int, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)

    def attribute(self, attribute_id: str | None) -> str:
        """Return an attribute's name, else its id.

        :param attribute_id: the attribute.
        """
        return self.attributes.get(str(attribute_id)) or str(attribute_id or "")

    def is_select(self, attribute_id: str | None) -> bool:
        """Say whether an attribute is known to be a select, whose options are nobody's data.

        :param attribute_id: the attribute.
        """
        return self.types.get(str(attribute_id)) in SELECTS


def names_of(attributes: Mapping[str, Attribute]) -> Names:
    """Return what attributes are called that a plan has just read.

    :param attributes: the attributes by id.
    """
    return Names(
        attributes={name: one.name for name, one in attributes.items()},
        types={name: str(one.type) for name, one in attributes.items()},
    )


def read_names(tables: Tables, organization_id: int) -> Names:
    """Read the names of an organisation as far as the synced tables have them.

    :param tables: where they are.
    :param organization_id: the organisation.
    """
    database = Database(tables.target, tables.schema, must_exist=True)
    try:
        reader = _Reader(database, tables, organization_id)
        attributes = reader.rows("attributes", ("id", "name", "slug", "type"))
        options = reader.rows("attribute_options", ("id", "value"))
        texts = {str(row["id"]): str(row["value"] or "") for row in options}
        wanted = tables.department.casefold()
        grouping = {
            str(row["id"])
            for row in attributes
            if wanted in {str(row["slug"]).casefold(), str(row["name"]).casefold()}
        }
        held = (
            reader.rows("attribute_assignments", ("user_id", "option_id", "attribute_id")) if grouping else []
        )
        departments: dict[int, str] = {}
        for row in sorted(held, key=lambda row: str(row["option_id"])):
            if str(row["attribute_id"]) in grouping and str(row["option_id"]) in texts:
                departments.setdefault(int(row["user_id"]), texts[str(row["option_id"])])
        people = {
            int(row["id"]): str(name)
            for row in reader.rows("users", ("id", "name", "username", "email"))
            if (name := row["name"] or row["username"] or row["email"])
        }
        return Names(
            people,
            departments,
            {str(row["id"]): str(row["name"] or "") for row in attributes},
            {str(row["id"]): str(row["type"] or "") for row in attributes},
            texts,
        )
    finally:
        database.close()


class _Reader:
    def __init__(self, database: Database, tables: Tables, organization_id: int) -> None:
        self.database = database
        self.tables = tables
        self.organization_id = organization_id

    def rows(self, name: str, columns: tuple[str, ...]) -> list[dict[str, Any]]:
        """Return the current rows of a table; columns that a sync left out are None."""
        full = self.tables.prefix + name
        held = self.database.columns(full)
        if not {columns[0], "organization_id"} <= held:
            return []
        table = sa.table(full, *(sa.column(one) for one in held), schema=self.tables.schema)
        there = [one for one in columns if one in held]
        query = sa.select(*(table.c[one] for one in there)).where(
            table.c.organization_id == self.organization_id
        )
        if "_calcom_deleted_at" in held:
            query = query.where(table.c["_calcom_deleted_at"].is_(None))
        if "is_current" in held:
            query = query.where(table.c["is_current"].is_not(sa.false()))
        with self.database.transaction() as run:
            found = run(query)
        return [dict.fromkeys(columns) | row for row in found]

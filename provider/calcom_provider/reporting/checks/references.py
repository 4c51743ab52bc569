"""Name the references between the warehouse tables, as their columns declare them.

A column says with ``refers`` whose column its values are from, and with ``dangling`` why one may lead
nowhere. The table reference in the docs shows both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from calcom_provider.resources.registry import tables
from calcom_provider.warehouse.schema import Table


@dataclass(frozen=True, slots=True)
class Reference:
    """Say that a column holds the value of another table's column.

    :param child: table that refers.
    :param column: its column.
    :param parent: table referred to.
    :param target: column there.
    :param shared: key columns that both tables share: the scope of the rows.
    :param dangling: why a value may lead nowhere; empty when it must not.
    """

    child: Table
    column: str
    parent: Table
    target: str
    shared: tuple[str, ...]
    dangling: str = ""

    @property
    def name(self) -> str:
        """Return ``table.column -> table.column``."""
        return f"{self.child.name}.{self.column} -> {self.parent.name}.{self.target}"


def references() -> tuple[Reference, ...]:
    """Return every reference that the resources declare.

    What one account sees is compared with tables of the same account only: its teams and their members may
    belong to no organisation, or to another one.
    """
    return tuple(_declared(tables()))


def _declared(tables: Mapping[str, Table]) -> Iterator[Reference]:
    for table in tables.values():
        for column in table.columns:
            if not column.refers:
                continue
            name, _, target = column.refers.partition(".")
            parent = tables[name]
            if _of_account(table) == _of_account(parent):
                yield Reference(table, column.name, parent, target, _shared(table, parent), column.dangling)


def _of_account(table: Table) -> bool:
    return "account_id" in table.key


def _shared(child: Table, parent: Table) -> tuple[str, ...]:
    return tuple(
        name for name in ("organization_id", "account_id") if name in child.key and name in parent.key
    )

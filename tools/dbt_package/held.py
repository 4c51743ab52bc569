"""What the staging models give: their tables and columns, by the declarations."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from calcom_provider import __version__
from calcom_provider.hr.ledger.tables import ACTIONS, ASSIGNMENTS, ENTRIES, PLANS
from calcom_provider.reporting.fixed_tables.calendar import CALENDAR
from calcom_provider.reporting.fixed_tables.minimums import TEAM_MINIMUMS
from calcom_provider.reporting.fixed_tables.time_zones import TZ_OFFSETS
from calcom_provider.resources.registry import DEFAULT, catalogue
from calcom_provider.warehouse import Warehouse
from calcom_provider.warehouse.bookkeeping.migrations import migrate
from calcom_provider.warehouse.loading.layout import (
    DELETED_AT,
    IS_CURRENT,
    RUN_ID,
    SYNCED_AT,
    VALID_FROM,
    VALID_TO,
)
from calcom_provider.warehouse.schema import Column, Table

#: Tables in which runs are recorded -> key and what a row is. The migrations say which columns they have by now.
RUN_TABLES = {
    "sync_runs": (("run_id",), "A run: how it ended, rows, requests."),
    "sync_run_resources": (
        ("run_id", "resource", "table_name"),
        "What a run did to a table: rows, requests, whether the read was shown to be complete.",
    ),
}
#: Tables that the package makes itself, under the names of its models.
OWN = {
    CALENDAR.name: (CALENDAR, "int_calcom__calendar"),
    TEAM_MINIMUMS.name: (TEAM_MINIMUMS, "int_calcom__team_minimums"),
    TZ_OFFSETS.name: (TZ_OFFSETS, "calcom__tz_offsets"),
}
LEDGER = "writeback_"
VERSIONS = (VALID_FROM, VALID_TO, IS_CURRENT)
HISTORY = "var('calcom__history')"
#: Classes of columns that a sync stores unless it is told otherwise.
STORED = ("public", "personal")


@dataclass(frozen=True)
class Staged:
    """Describe a staging model.

    :param table: declaration, named without the prefix.
    :param uses: variable that says whether the table is synced; empty for tables that are always there.
    :param columns: what the model gives, without those of versions.
    :param ledger: whether the table is one of the write-back's ledger.
    """

    table: Table
    uses: str
    columns: tuple[Column, ...]
    ledger: bool = False

    @property
    def model(self) -> str:
        """Return the name of the model."""
        return f"stg_calcom__{self.table.name}"

    @property
    def source(self) -> str:
        """Return the name of the source."""
        return "calcom_write_back" if self.ledger else "calcom"

    @property
    def synced(self) -> bool:
        """Tell whether syncs fill it with rows of Cal.com."""
        return bool(self.uses) and not self.ledger


def using(resource: str) -> str:
    """Return the name of the variable that says whether a resource is synced."""
    return f"calcom__using_{resource}"


def defaults() -> dict[str, bool]:
    """Return the variables that say which resources are synced, as they are without a word."""
    found = {using(name): name in DEFAULT for name, one in catalogue().items() if one.tables}
    return {**found, using("write_back"): False}


@functools.cache
def staged() -> dict[str, Staged]:
    """Return the staging models by the name of the table, without prefix."""
    found = {}
    for resource in catalogue().values():
        for table in resource.tables:
            kept = tuple(column for column in table.columns if column.data_class in STORED)
            columns = (*kept, RUN_ID, SYNCED_AT, DELETED_AT)
            found[table.name] = Staged(table, using(resource.name), columns)
    for table in _run_tables():
        found[table.name] = Staged(table, "", table.columns)
    for ledger in (PLANS, ACTIONS, ENTRIES, ASSIGNMENTS):
        table = _declared(ledger)
        found[table.name] = Staged(table, using("write_back"), table.columns, ledger=True)
    return found


def _run_tables() -> Iterator[Table]:
    with TemporaryDirectory() as folder:
        warehouse = Warehouse(f"sqlite:///{folder}/empty.db")
        session = warehouse.backend.connect()
        try:
            migrate(session, "", {}, __version__)
            held = warehouse.backend.reflect(session, "sync_run")
        finally:
            session.close()
            warehouse.close()
    for name, (key, comment) in RUN_TABLES.items():
        columns = (Column(one, kind) for one, kind in held[name].items())  # type: ignore[arg-type]
        yield Table(name, tuple(columns), key=key, comment=comment)


_KINDS = {"BIGINT": "integer", "INTEGER": "integer", "DOUBLE": "float", "BOOLEAN": "boolean"}
#: What a write was to write: values of attributes and the like, which no view shows.
_CONTENT = "content"


def _declared(ledger: sa.Table) -> Table:
    columns = tuple(
        Column(str(one.name), _KINDS.get(str(one.type), "text"), nullable=bool(one.nullable))  # type: ignore[arg-type]
        for one in ledger.columns
        if one.name != _CONTENT
    )
    name = ledger.name.removeprefix("calcom_")
    key = tuple(str(one.name) for one in ledger.primary_key)
    return Table(name, columns, key=key, comment=f"The write-back's ledger: {name.removeprefix(LEDGER)}.")


def columns_of(one: Staged, history: bool) -> Mapping[str, str]:
    """Return the columns that a staging model gives, with their types.

    :param history: whether versions are kept where they are by default.
    """
    versions = VERSIONS if history and one.table.history else ()
    return {column.name: column.type for column in (*one.columns, *versions)}


_LIST = re.compile(r"((?:[\w-]+, )*[\w-]+ or [\w-]+)(?:; .*)?")


def values_in(said: str) -> list[str]:
    """Return the values that a column's comment lists, such as ``SYSTEM or CUSTOM``; none where it lists none."""
    found = _LIST.fullmatch(said)
    return re.split(", | or ", found[1]) if found else []

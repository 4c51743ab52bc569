"""Bring what a session did to its tables into the lakehouse, one commit a table."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from calcom_provider.warehouse.backends.driver_errors import describe
from calcom_provider.warehouse.backends.lakehouse.columns import arrow_schema
from calcom_provider.warehouse.backends.lakehouse.formats import ConflictError, LakeFormat, LakeTable, Values
from calcom_provider.warehouse.backends.lakehouse.working_copy import WorkingTable
from calcom_provider.warehouse.errors import LeaseLostError, WarehouseError
from calcom_provider.warehouse.schema import Column

if TYPE_CHECKING:
    import pyarrow as pa

logger = logging.getLogger(__name__)

ATTEMPTS = 60
"""How often a commit is tried that loses against those of other writers."""

LONGEST_WAIT = 2.0
"""Seconds between two attempts, at most."""


class Publisher:
    """Write tables in the order that is asked for.

    :param tables: the lakehouse.
    """

    def __init__(self, tables: LakeFormat) -> None:
        self._format = tables
        #: Tables that were written since the session last took note.
        self.written: list[WorkingTable] = []

    def publish(self, tables: Sequence[WorkingTable]) -> None:
        """Write tables; the first that fails ends it.

        :raises LeaseLostError: when another run wrote rows of the same organisation meanwhile.
        :raises ConflictError: the same, where only one table was to be written.
        """
        for table in tables:
            try:
                self._write(table)
            except ConflictError as error:
                if len(tables) == 1:
                    raise
                raise LeaseLostError(
                    f"Table {table.name}: {error}.{self._told(tables)} The next run starts from there"
                ) from None
            except WarehouseError:
                raise
            except Exception as error:
                if not self.written:
                    raise
                raise WarehouseError(
                    f"Table {table.name} could not be written: {describe(error)}{self._told(tables)}"
                    " Run it again: what is written already is found unchanged"
                ) from None
            self.written.append(table)

    def _told(self, tables: Sequence[WorkingTable]) -> str:
        done = [table.name for table in tables if table in self.written]
        return (
            f" Published were {', '.join(done)}, and no record of the run."
            if done
            else " Nothing was published."
        )

    def _write(self, working: WorkingTable) -> None:
        import pyarrow as pa

        changes = working.changes()
        rows, values = changes if changes else (working.added_rows(), None)
        columns = [Column(name, kind) for name, kind in working.state.columns.items()]  # type: ignore[arg-type]
        schema = arrow_schema(columns, working.key)
        rows = rows.cast(pa.schema([schema.field(name) for name in rows.schema.names]))
        known = working.table
        target = self._made(working, rows) if known is None else known
        replaces = changes is not None and known is not None
        for attempt in range(ATTEMPTS):
            if target.partition is None and not replaces:
                _refuse_known(rows, target)
            try:
                self._once(working, target, rows, values, replaces=replaces)
                return
            except ConflictError:
                if attempt == ATTEMPTS - 1:
                    raise
                # Not by the same steps as the others, who lost as well.
                time.sleep(random.uniform(0, min(LONGEST_WAIT, 0.02 * 2**attempt)))
                target = self._format.open(working.name)
                self._check(working, target, rows, values)

    def _made(self, working: WorkingTable, rows: pa.Table) -> LakeTable:
        assert working.layout is not None
        made = self._format.create(working.name, working.layout)
        self._check(working, made, rows, None)
        return made

    def _check(self, working: WorkingTable, fresh: LakeTable, rows: pa.Table, values: Values | None) -> None:
        """Refuse to write over rows that are not those that the session saw."""
        if fresh.partition is None and not working.state.copied:
            return
        wanted = working.values if values is None else values
        if fresh.partition is None:
            wanted = None
        elif wanted is None and (working.table is None or not working.state.copied):
            # Rows that are only added are in nobody's way but in their own partitions.
            wanted = rows.column(fresh.partition).unique().to_pylist()
            if not wanted:
                return
        if working.table is None:
            unseen = bool(fresh.files(wanted)) and fresh.partition is not None
        else:
            unseen = not working.is_as_stored(fresh, wanted)
        if unseen:
            raise ConflictError("another writer changed its rows meanwhile")

    def _once(
        self,
        working: WorkingTable,
        target: LakeTable,
        rows: pa.Table,
        values: Values | None,
        *,
        replaces: bool,
    ) -> None:
        held = set(target.schema().names)
        new = [column for column in working.state.new_columns if column.name not in held]
        if working.state.reshaped:
            target.reshape(rows)
            return
        if new and working.table is not None:
            target.add_columns(new)
        if replaces:
            if values is None or values:
                target.replace(rows, values)
            return
        if rows.num_rows:
            target.append(rows)


def _refuse_known(rows: pa.Table, target: LakeTable) -> None:
    """Refuse rows that another writer added, as a unique key would: partitions say nothing of them."""
    if target.key:
        held = {tuple(row.values()) for row in target.read(target.key).select(target.key).to_pylist()}
        if any(tuple(row.values()) in held for row in rows.select(target.key).to_pylist()):
            raise ConflictError("another writer added the same rows")

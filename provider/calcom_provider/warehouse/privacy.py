"""Forget what should not be kept: rows that are too old, and what the tables hold about one person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from calcom_provider.warehouse.backend import Session
from calcom_provider.warehouse.engine import Warehouse
from calcom_provider.warehouse.errors import LoadInProgressError, WarehouseUsageError
from calcom_provider.warehouse.layout import DELETED_AT, VALID_TO
from calcom_provider.warehouse.migrations import PAGES, RUNS
from calcom_provider.warehouse.run import new_run_id

ERASED = "[erased]"


@dataclass(frozen=True, slots=True)
class Retention:
    """Say how long the rows of a table are kept.

    :param days: Days after which a row goes.
    :param column: Time column that its age counts from; without one, only rows go that stand for the past:
        closed versions and rows marked as deleted.
    """

    days: int
    column: str | None = None


def apply_retention(
    warehouse: Warehouse, tables: Mapping[str, int | Retention], *, now: datetime | None = None
) -> dict[str, int]:
    """Delete rows that are older than they may be.

    :param tables: Table without prefix -> days, or :class:`Retention`; ``sync_runs`` are the run records.
    :param now: Aware time that ages count from; the present by default.
    :returns: Table -> rows deleted; tables that do not exist are left out.
    :raises WarehouseUsageError: when a table has nothing that its age could be told by.
    :raises LoadInProgressError: when a run holds the tables.
    """
    now = now or datetime.now(UTC)
    with _Locked(warehouse) as locked:
        deleted = {}
        for table, given in tables.items():
            columns = locked.catalog.get(warehouse.prefix + table)
            if columns is None:
                continue
            rule = given if isinstance(given, Retention) else Retention(given)
            cutoff = warehouse.backend.time(now - timedelta(days=rule.days))
            aged = _age_columns(table, rule, columns)
            where = " OR ".join(f"{warehouse.backend.quote(name)} < :cutoff" for name in aged)
            deleted[table] = locked.delete(table, where, {"cutoff": cutoff})
        return deleted


def erase(
    warehouse: Warehouse, targets: Mapping[str, Mapping[str, Any]], *, texts: Sequence[str] = ()
) -> dict[str, int]:
    """Delete every row about a person: live ones, closed versions, and what run records quote.

    What the source still lists comes back with the next run; erase it there first.

    :param targets: Table without prefix -> column -> value; a row goes when all of its columns hold the
        values.
    :param texts: Names or addresses that are blotted out of reasons and errors of run records.
    :returns: Table -> rows deleted, and ``sync_runs`` -> records changed; tables that do not exist are left
        out.
    :raises WarehouseUsageError: when a table has no such column, or no column is named.
    :raises LoadInProgressError: when a run holds the tables.
    """
    with _Locked(warehouse) as locked:
        deleted = {}
        for table, values in targets.items():
            columns = locked.catalog.get(warehouse.prefix + table)
            if columns is None:
                continue
            strange = [name for name in values if name not in columns]
            if strange or not values:
                raise WarehouseUsageError(
                    f"Table {table} cannot be erased by {', '.join(strange) or 'nothing'}"
                )
            where = " AND ".join(
                f"{warehouse.backend.quote(name)} = :value_{place}" for place, name in enumerate(values)
            )
            params = {f"value_{place}": value for place, value in enumerate(values.values())}
            deleted[table] = locked.delete(table, where, params)
        if texts and warehouse.prefix + RUNS in locked.catalog:
            deleted[RUNS] = locked.blot(texts)
        return deleted


def _age_columns(table: str, rule: Retention, columns: Mapping[str, str]) -> list[str]:
    if rule.column is not None:
        wanted = [rule.column]
    elif table == RUNS:
        wanted = ["started_at"]
    else:
        wanted = [name for name in (VALID_TO.name, DELETED_AT.name) if name in columns]
    missing = [name for name in wanted if name not in columns]
    if missing or not wanted:
        raise WarehouseUsageError(
            f"Table {table} has no {', '.join(missing) or 'closed or marked rows'}: name the time column that"
            " the age of its rows counts from"
        )
    return wanted


class _Locked:
    """Hold the tables against runs, and one transaction on them."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._owner = f"privacy-{new_run_id()}"
        self.session: Session
        self.catalog: dict[str, dict[str, str]] = {}

    def __enter__(self) -> _Locked:
        backend = self._warehouse.backend
        self.session = backend.connect()
        try:
            backend.prepare(self.session)
            holder = backend.lock(self.session, self._warehouse.prefix, self._owner)
            if holder:
                raise LoadInProgressError(
                    f"The tables {self._warehouse.prefix}* are being loaded by {holder}; try again"
                    " when it ended"
                )
            self.catalog = backend.reflect(self.session, self._warehouse.prefix)
            self.session.begin()
        except BaseException:
            self.session.close()
            raise
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is None:
                self.session.commit()
            else:
                self.session.rollback()
            self._warehouse.backend.unlock(self.session, self._warehouse.prefix, self._owner)
        finally:
            self.session.close()

    def delete(self, table: str, where: str, params: Mapping[str, Any]) -> int:
        """Delete rows; pages that held them are forgotten, as their keys tell of the rows."""
        backend = self._warehouse.backend
        name = backend.qualify(self._warehouse.prefix + table)
        count = int(self.session.value(f"SELECT count(*) FROM {name} WHERE {where}", params))
        if count:
            self.session.execute(f"DELETE FROM {name} WHERE {where}", params)
            if self._warehouse.prefix + PAGES in self.catalog:
                pages = backend.qualify(self._warehouse.prefix + PAGES)
                self.session.execute(f"DELETE FROM {pages} WHERE table_name = :name", {"name": table})
        return count

    def blot(self, texts: Sequence[str]) -> int:
        """Replace texts in the run records."""
        quote = self._warehouse.backend.quote
        runs = self._warehouse.backend.qualify(self._warehouse.prefix + RUNS)
        changed = 0
        for column in ("reason", "error"):
            name = quote(column)
            found = self.session.fetch(
                f"SELECT run_id, resource, table_name, {name} FROM {runs} WHERE {name} IS NOT NULL"
            )
            for run_id, resource, table, text in found:
                clean = text
                for piece in filter(None, texts):
                    clean = clean.replace(piece, ERASED)
                if clean != text:
                    self.session.execute(
                        f"UPDATE {runs} SET {name} = :clean"
                        " WHERE run_id = :run_id AND resource = :resource AND table_name = :name",
                        {"clean": clean, "run_id": run_id, "resource": resource, "name": table},
                    )
                    changed += 1
        return changed

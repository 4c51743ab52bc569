"""Compare a declaration with the table in the database, and say what has to change for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from calcom_provider.warehouse.backend import Session
from calcom_provider.warehouse.errors import SchemaConflictError
from calcom_provider.warehouse.layout import DELETED_AT, VALID_FROM, Layout
from calcom_provider.warehouse.schema import Column


@dataclass(frozen=True)
class SchemaChange:
    """One change of a table.

    :param summary: What changes, for the run record.
    :param apply: Makes the change.
    :param after: What is left to do when the rows are in, None for nothing.
    """

    summary: str
    apply: Callable[[Session], object]
    after: Callable[[Session], object] | None = None


def plan_changes(layout: Layout, existing: Mapping[str, str] | None) -> list[SchemaChange]:
    """List what must change so that the table takes the rows of its declaration.

    Columns that nobody declares stay as they are; new rows hold NULL in them.

    :param existing: Columns of the table and their types; None when there is no table.
    :raises SchemaConflictError: when a column's type changed and cannot be widened, or versions are kept in
        one and not in the other; nothing was written.
    """
    if existing is None:
        return [_creation(layout)]
    if layout.history != (VALID_FROM.name in existing):
        raise SchemaConflictError(
            f"Table {layout.name} {'holds no versions' if layout.history else 'holds versions'},"
            f" but mode {layout.mode} was asked for: name another prefix, or drop the table first"
        )
    if DELETED_AT.name in existing:
        layout.marks = True
    return plan_columns(layout, existing, layout.columns)


def plan_columns(
    layout: Layout, existing: Mapping[str, str] | None, columns: Sequence[Column]
) -> list[SchemaChange]:
    """List what must change so that the table holds some columns; see :func:`plan_changes`."""
    changes: list[SchemaChange] = []
    if existing is None:
        return changes
    for column in columns:
        held = existing.get(column.name)
        if held is None:
            if column.name in layout.key:
                raise SchemaConflictError(f"Table {layout.name} lacks the key column {column.name}")
            changes.append(SchemaChange(f"add column {layout.name}.{column.name}", _adding(layout, column)))
        elif held != column.type and not _same(layout, held, column.type):
            changes.append(_widening(layout, column, held))
    return changes


def _same(layout: Layout, held: str, wanted: str) -> bool:
    """Tell whether a database spells both types alike."""
    return (held, wanted) in layout.backend.capabilities.alike


def _creation(layout: Layout) -> SchemaChange:
    backend, summary = layout.backend, f"create table {layout.name}"
    if not backend.capabilities.key_last:
        return SchemaChange(summary, lambda session: _create(session, layout))
    keys = f"ALTER TABLE {layout.target} ADD PRIMARY KEY ({layout.quoted(layout.key)})"
    return SchemaChange(
        summary,
        lambda session: _create(session, layout, key_last=True),
        lambda session: session.execute(keys),
    )


def _create(session: Session, layout: Layout, *, key_last: bool = False) -> None:
    layout.backend.create_table(session, layout.name, layout.columns, layout.key, key_last=key_last)
    layout.backend.comment(session, layout.name, layout.table.comment, layout.columns)


def _adding(layout: Layout, column: Column) -> Callable[[Session], object]:
    kind = layout.backend.type_of(column)
    name = layout.backend.quote(column.name)
    return lambda session: session.execute(f"ALTER TABLE {layout.target} ADD COLUMN {name} {kind}")


def _widening(layout: Layout, column: Column, held: str) -> SchemaChange:
    backend = layout.backend
    if (held, column.type) not in backend.capabilities.widenings or column.name in layout.key:
        raise SchemaConflictError(
            f"Column {layout.name}.{column.name} is {held} in the database and {column.type} by its"
            f" declaration; {backend.capabilities.name} cannot change that without losing values"
        )
    return SchemaChange(
        f"widen column {layout.name}.{column.name} from {held} to {column.type}",
        lambda session: _widen(session, layout, column),
    )


def _widen(session: Session, layout: Layout, column: Column) -> None:
    try:
        session.execute(layout.backend.widen(layout.target, column))
    except Exception as error:
        # PostgreSQL changes no column that a view uses; its code is that of a feature that it does not have.
        if getattr(getattr(error, "orig", None), "sqlstate", None) != "0A000":
            raise
        raise SchemaConflictError(
            f"Column {layout.name}.{column.name} becomes {column.type} with this release, but a view uses it: run"
            " `calcom reports drop` (and drop views of your own that use it), sync, make the views again"
        ) from error

"""Compare a declaration with the table in the database, and say what has to change for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from calcom_provider.warehouse.backends.base import Session
from calcom_provider.warehouse.errors import SchemaConflictError
from calcom_provider.warehouse.loading.layout import DELETED_AT, IS_CURRENT, VALID_FROM, VALID_TO, Layout
from calcom_provider.warehouse.schema import Column


@dataclass(frozen=True)
class SchemaChange:
    """One change of a table.

    :param summary: what changes, for the run record.
    :param apply: makes the change.
    :param after: what is left to do when the rows are in, None for nothing.
    :param rewrites: whether rows that are equal by their hash have to be written all the same, because the
        table no longer holds what was hashed.
    """

    summary: str
    apply: Callable[[Session], object]
    after: Callable[[Session], object] | None = None
    rewrites: bool = False


def plan_changes(layout: Layout, existing: Mapping[str, str] | None) -> list[SchemaChange]:
    """List what must change so that the table takes the rows of its declaration.

    Columns that nobody declares stay as they are; new rows hold NULL in them.

    :param existing: columns of the table and their types; None when there is no table.
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
    lost = [one.name for one in (VALID_TO, IS_CURRENT) if layout.history and one.name not in existing]
    if lost:
        raise SchemaConflictError(
            f"Table {layout.name} lacks the column {lost[0]}, which tells versions apart and cannot be read again:"
            " restore it, name another prefix, or drop the table"
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
            summary = f"add column {layout.name}.{column.name}"
            # Rows that are not marked as deleted hold NULL in that column; in any other one NULL would be a loss.
            rewrites = column.name != DELETED_AT.name
            changes.append(SchemaChange(summary, _adding(layout, column), rewrites=rewrites))
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
    backend = layout.backend
    # The rows that are there hold NULL in it, whatever is declared.
    added = backend.define(replace(column, nullable=True))

    def add(session: Session) -> None:
        session.execute(f"ALTER TABLE {layout.target} ADD COLUMN {added}")
        backend.comment(session, layout.name, "", [column])

    return add


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
        rewrites=True,
    )


def _widen(session: Session, layout: Layout, column: Column) -> None:
    try:
        # The view of the current versions is made anew when the run is published.
        if layout.history and layout.backend.view_columns(session, layout.current_name) is not None:
            session.execute(f"DROP VIEW {layout.backend.qualify(layout.current_name)}")
        session.execute(layout.backend.widen(layout.target, column))
    except Exception as error:
        if not layout.backend.is_used_by_view(error):
            raise
        raise SchemaConflictError(
            f"Column {layout.name}.{column.name} becomes {column.type} with this release, but a view uses it: run"
            " `calcom reports drop` (and drop views of your own that use it), sync, make the views again"
        ) from error

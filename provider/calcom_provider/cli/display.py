"""What the commands print: results of a sync, estimates, resources."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from calcom_provider.sync import Plan, SyncResult

#: Columns of a table that nothing bounds.
WIDE = 10_000


def print_result(result: SyncResult, *, as_json: bool) -> None:
    """Print what a sync did.

    :param result: the result.
    :param as_json: as JSON.
    """
    if as_json:
        _print_json(result.to_dict())
        return
    rows: list[tuple[str, ...]] = [("table", "read", "kept", "inserted", "updated", "deleted", "")]
    for table in result.tables:
        note = table.reason or ("part" if table.partial else table.status)
        counts = (table.rows_read, table.rows_kept, table.inserted, table.updated, table.deleted)
        rows.append((table.table, *(f"{count:,}" for count in counts), note))
    _print_grid(rows)
    for table in result.tables:
        if table.emptied:
            changes = "; ".join(one for one in table.schema_changes if one.startswith(("empty ", "move ")))
            _print(
                f"{table.emptied:,} rows {'would be' if result.dry_run else 'were'} emptied in part: {changes}"
            )
    verb = "would change" if result.dry_run else "changed"
    _print(
        f"{result.rows_changed:,} rows {verb}; {result.requests} requests, {result.seconds:.1f} s"
        + (
            f", {result.waited_seconds:.0f} s of it waiting for the limit"
            if result.waited_seconds >= 1
            else ""
        )
        + (f", {result.lock_seconds:.0f} s for other runs" if result.lock_seconds >= 1 else "")
    )
    if result.events_missed is not None:
        _print(f"events had missed {result.events_missed:,} rows")


def print_plan(plan: Plan, *, as_json: bool) -> None:
    """Print an estimate.

    :param plan: the estimate.
    :param as_json: as JSON.
    """
    if as_json:
        _print_json(plan.to_dict())
        return
    grid: list[tuple[str, ...]] = [("resource", "rows", "requests", "")]
    for one in plan.resources:
        rows = "?" if one.rows is None else f"{one.rows:,}"
        requests = f"{one.requests}" if one.certain else f"at least {one.requests}"
        grid.append((one.resource, rows, requests, one.unknown and f"not known: {one.unknown}"))
    if plan.account_requests:
        grid.append(("(whose data it is)", "", f"{plan.account_requests}", ""))
    if plan.parent_requests:
        grid.append(("(what refused lists belong to)", "", f"{plan.parent_requests}", ""))
    _print_grid(grid)
    least = "" if plan.certain else "at least "
    waiting = plan.seconds_waiting
    told = f"{waiting / 60:.0f} minutes" if waiting >= 90 else f"{waiting:.0f} seconds"
    held = f"holds them up for {least}{told}" if waiting else "does not hold them up"
    _print(
        f"{least}{plan.requests} requests; with {plan.limit} in {plan.window_seconds:.0f} s the limit {held}"
    )
    if plan.asked:
        _print(f"{plan.asked} requests were sent to learn this")


def print_resources(*, as_json: bool) -> None:
    """Print what can be read.

    :param as_json: as JSON.
    """
    from calcom_provider.resources import catalogue

    if as_json:
        _print_json(
            [
                {
                    "name": resource.name,
                    "group": resource.group,
                    "operation": resource.read.operation,
                    "tables": [table.name for table in resource.tables],
                    "named_only": resource.named_only,
                }
                for resource in catalogue().values()
            ]
        )
        return
    width = max(map(len, catalogue()))
    for resource in catalogue().values():
        tables = ", ".join(table.name for table in resource.tables)
        note = f"  (only when named: {resource.named_only})" if resource.named_only else ""
        _print(f"{resource.name:{width}}  {resource.group:12}  {tables}{note}")


def print_rows(rows: Sequence[Mapping[str, object]]) -> None:
    """Print records as a table, a column a field; where the terminal is too narrow for it, one below the other.

    :param rows: records with the same fields, at least one.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # What reads lines from a pipe gets one for each record.
    narrow = sys.stdout.isatty() or "COLUMNS" in os.environ
    console = Console(width=None if narrow else WIDE)
    table = Table(box=None, pad_edge=False)
    for name in rows[0]:
        table.add_column(name, no_wrap=True)
    shown = [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows]
    for one in shown:
        table.add_row(*map(Text, one.values()))
    if console.measure(table, options=console.options.update(max_width=WIDE)).maximum <= console.width:
        console.print(table)
        return
    width = max(map(len, rows[0]))
    blocks = ("\n".join(f"{name:{width}}  {text}" for name, text in one.items() if text) for one in shown)
    _print("\n\n".join(blocks))


def _print_grid(rows: list[tuple[str, ...]]) -> None:
    """Print aligned columns: to the left the first one and one without a title, to the right the others."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.ljust(width) if place == 0 or not rows[0][place] else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        _print("  ".join(cells).rstrip())


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _print_json(value: object) -> None:
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NAIVE_UTC).decode() + "\n")

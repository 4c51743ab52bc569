"""What the commands show: progress while a sync runs, and tables of results."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

import orjson
from rich.console import Console
from rich.live import Live
from rich.table import Table as Grid

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient
    from calcom_provider.sync import Plan, Progress, SyncResult

_EVERY = 0.2
_WORDS = {"finished": "read", "page": "reading"}


class ProgressDisplay:
    """Show rows, requests, budget and remaining time while a sync runs, on standard error.

    :param client: client whose request budget is shown
    :param enabled: show anything at all; a terminal gets a live table, a file one line a resource
    """

    def __init__(self, client: CalComClient, *, enabled: bool = True) -> None:
        self._client = client
        self._enabled = enabled
        self._console = Console(stderr=True)
        self._live: Live | None = None
        self._rows: dict[str, int] = {}
        self._state: dict[str, str] = {}
        self._last: Progress | None = None
        self._shown = 0.0

    def __enter__(self) -> ProgressDisplay:
        if self._enabled and self._console.is_terminal:
            self._live = Live(self, console=self._console, refresh_per_second=4, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def take(self, step: Progress) -> None:
        """Take one event of the sync.

        :param step: the event
        """
        self._last = step
        if step.resource:
            self._rows[step.resource] = step.rows
            self._state[step.resource] = step.event
        if self._live is None and self._enabled and step.event in ("finished", "unavailable"):
            self._console.print(
                f"{step.resource}: {step.rows} rows, {step.requests} requests so far, {step.event}"
            )

    def __rich__(self) -> Grid:
        grid = Grid(box=None, pad_edge=False)
        for name in ("resource", "rows", ""):
            grid.add_column(name, justify="right" if name == "rows" else "left")
        for resource, rows in self._rows.items():
            state = self._state[resource]
            grid.add_row(resource, f"{rows:,}", _WORDS.get(state, state))
        grid.caption = self._caption()
        return grid

    def _caption(self) -> str:
        step = self._last
        if step is None:
            return "connecting"
        parts = [f"{step.requests} requests"]
        if step.expected_requests:
            parts[0] += f" of about {step.expected_requests}"
        if time.monotonic() - self._shown > _EVERY:
            self._shown = time.monotonic()
            self._budget = self._client.governor.snapshot()
        if self._budget.remaining is not None:
            parts.append(f"{self._budget.remaining} of {self._budget.limit} left in this minute")
        if step.eta_seconds is not None:
            parts.append(f"about {step.eta_seconds:.0f} s to go")
        if step.waited_seconds >= 1:
            parts.append(f"{step.waited_seconds:.0f} s waited for the limit")
        return ", ".join(parts)


def print_result(result: SyncResult, *, as_json: bool) -> None:
    """Print what a sync did.

    :param result: the result
    :param as_json: as JSON
    """
    if as_json:
        _print_json(result.to_dict())
        return
    console = Console()
    grid = Grid(box=None, pad_edge=False)
    for name in ("table", "read", "kept", "inserted", "updated", "deleted", ""):
        grid.add_column(name, justify="right" if name not in ("table", "") else "left")
    for table in result.tables:
        note = table.reason or ("part" if table.partial else table.status)
        counts = (table.rows_read, table.rows_kept, table.inserted, table.updated, table.deleted)
        grid.add_row(table.table, *(f"{count:,}" for count in counts), note)
    console.print(grid)
    verb = "would change" if result.dry_run else "changed"
    console.print(
        f"{result.rows_changed:,} rows {verb}; {result.requests} requests, {result.seconds:.1f} s"
        + (
            f", {result.waited_seconds:.0f} s of it waiting for the limit"
            if result.waited_seconds >= 1
            else ""
        )
    )


def print_plan(plan: Plan, *, as_json: bool) -> None:
    """Print an estimate.

    :param plan: the estimate
    :param as_json: as JSON
    """
    if as_json:
        _print_json(plan.to_dict())
        return
    console = Console()
    grid = Grid(box=None, pad_edge=False)
    for name in ("resource", "rows", "requests"):
        grid.add_column(name, justify="left" if name == "resource" else "right")
    for one in plan.resources:
        rows = "?" if one.rows is None else f"{one.rows:,}"
        grid.add_row(one.resource, rows, f"{one.requests}" if one.certain else f"at least {one.requests}")
    console.print(grid)
    least = "" if plan.certain else "at least "
    console.print(
        f"{least}{plan.requests} requests; with {plan.limit} in {plan.window_seconds:.0f} s the limit"
        f" holds them up for {least}{plan.seconds_waiting / 60:.0f} minutes"
    )


def print_resources(*, as_json: bool) -> None:
    """Print what can be read.

    :param as_json: as JSON
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
        sys.stdout.write(f"{resource.name:{width}}  {resource.group:12}  {tables}{note}\n")


def _print_json(value: object) -> None:
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NAIVE_UTC).decode() + "\n")

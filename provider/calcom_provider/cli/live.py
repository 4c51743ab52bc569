"""The live display of a sync: rows, requests, budget and remaining time."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table as Grid

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient
    from calcom_provider.sync import Progress

_EVERY = 0.2
_WORDS = {"finished": "read", "page": "reading"}


class ProgressDisplay:
    """Show rows, requests, budget and remaining time while a sync runs, on standard error.

    A terminal gets a live table, anything else one line a resource. The remaining time goes by the requests of the last
    run on these tables; the first one cannot tell it.

    :param client: client whose request budget is shown.
    """

    def __init__(self, client: CalComClient) -> None:
        self._client = client
        self._console = Console(stderr=True)
        self._live: Live | None = None
        self._rows: dict[str, int] = {}
        self._state: dict[str, str] = {}
        self._last: Progress | None = None
        self._shown = 0.0
        self._budget = client.governor.snapshot()

    def __enter__(self) -> ProgressDisplay:
        if self._console.is_terminal:
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

        :param step: the event.
        """
        self._last = step
        if step.resource:
            self._rows[step.resource] = step.rows
            self._state[step.resource] = step.event
        if self._live is None and step.event in ("finished", "unavailable"):
            line = f"{step.resource}: {step.rows:,} rows, {step.event}; {self._caption()}"
            # A log has no width, and what reads it goes by lines.
            self._console.print(line, soft_wrap=True)

    def __rich__(self) -> Group:
        grid = Grid(box=None, pad_edge=False)
        for name in ("resource", "rows", ""):
            grid.add_column(name, justify="right" if name == "rows" else "left")
        for resource, rows in self._rows.items():
            state = self._state[resource]
            grid.add_row(resource, f"{rows:,}", _WORDS.get(state, state))
        # As a caption it would be broken into lines as narrow as the grid.
        return Group(grid, self._caption())

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

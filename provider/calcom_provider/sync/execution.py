"""Carry out one run: choose, read, stage, publish."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calcom_provider import __version__
from calcom_provider.sync.account import Account, split
from calcom_provider.sync.graph import Graph
from calcom_provider.sync.memory import quiet_collector
from calcom_provider.sync.options import SyncOptions
from calcom_provider.sync.progress import Reporter
from calcom_provider.sync.result import Progress, SyncResult
from calcom_provider.warehouse import RunInfo

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient, ClientStats
    from calcom_provider.warehouse import Load, Warehouse


class Execution:
    """Hold one run; the parameters are those of :func:`~calcom_provider.sync.run.sync`."""

    def __init__(
        self,
        client: CalComClient,
        warehouse: Warehouse,
        options: SyncOptions,
        progress: Callable[[Progress], None] | None,
        dry_run: bool,
    ) -> None:
        self._client = client
        self._warehouse = warehouse
        self._options = options
        self._dry_run = dry_run
        self._reporter = Reporter(client, progress)

    def run(self, names: Iterable[str] | str | None) -> SyncResult:
        """Read, stage and publish.

        :param names: resources asked for
        """
        began = time.monotonic()
        before = Counted.of(self._client.stats)
        asked = split(names)
        account = Account.of(self._client, asked)
        chosen = account.select(asked)
        info = RunInfo(
            scope={"organization_id": account.organization_id},
            dag_run_id=self._options.context.get("dag_run_id", ""),
            version=__version__,
        )
        with (
            quiet_collector(),
            self._reporter.watching(),
            self._warehouse.load(info, wait=self._options.wait) as load,
        ):
            graph = Graph(
                self._client,
                load,
                options=self._options,
                account=account,
                chosen=chosen,
                asked=asked,
                reporter=self._reporter,
                started=info.started_at,
            )
            graph.read_all()
            spent = Counted.of(self._client.stats) - before
            self._account_for(load, graph, spent)
            tables = load.preview() if self._dry_run else load.publish()
        self._reporter.send("", "published")
        return SyncResult(
            run_id=info.run_id,
            organization_id=account.organization_id,
            tables=tables,
            requests=spent.requests,
            throttled=spent.throttled,
            retries=spent.retries,
            waited_seconds=round(spent.waited_seconds, 3),
            bytes=spent.bytes,
            seconds=round(time.monotonic() - began, 3),
            dry_run=self._dry_run,
        )

    def _account_for(self, load: Load, graph: Graph, spent: Counted) -> None:
        """Set the counters of the run records; what belongs to no one resource stands with the first."""
        for place, resource in enumerate(graph.loaded):
            rest = {}
            if not place:
                rest = {
                    "retries": spent.retries,
                    "waits": self._reporter.waits,
                    "throttled": spent.throttled,
                    "waited_seconds": spent.waited_seconds,
                    "bytes": spent.bytes,
                }
            load.account(resource, requests=graph.requests[resource], **rest)


@dataclass(frozen=True, slots=True)
class Counted:
    """Hold counters of a client at one moment, or between two."""

    requests: int
    retries: int
    throttled: int
    bytes: int
    waited_seconds: float

    @classmethod
    def of(cls, stats: ClientStats) -> Counted:
        """Copy the counters.

        :param stats: live counters of a client
        """
        return cls(stats.requests, stats.retries, stats.throttled, stats.bytes, stats.waited_seconds)

    def __sub__(self, before: Counted) -> Counted:
        return Counted(
            self.requests - before.requests,
            self.retries - before.retries,
            self.throttled - before.throttled,
            self.bytes - before.bytes,
            self.waited_seconds - before.waited_seconds,
        )

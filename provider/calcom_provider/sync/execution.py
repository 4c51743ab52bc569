"""Carry out one run: choose, read, stage, publish."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calcom_provider import __version__
from calcom_provider.api.errors import CalComError
from calcom_provider.sync.collector_settings import quiet_collector
from calcom_provider.sync.events.missed import Accounting, Missed
from calcom_provider.sync.options import SyncOptions
from calcom_provider.sync.progress import Reporter
from calcom_provider.sync.reading.account import Account, split
from calcom_provider.sync.reading.graph import Graph
from calcom_provider.sync.result import Progress, SyncResult
from calcom_provider.warehouse import RunInfo

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient, ClientStats
    from calcom_provider.warehouse import Load, Warehouse

log = logging.getLogger(__name__)


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

        :param names: resources asked for.
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
            self._warehouse.load(
                info,
                wait=self._options.wait,
                tables=[table.name for resource in chosen for table in resource.tables],
            ) as load,
        ):
            with load.keep_open():
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
            try:
                graph.read_all()
            finally:
                spent = Counted.of(self._client.stats) - before
                self._count_requests(load, graph, spent)
            accounting = (
                self._accounting(load, graph, info) if self._options.events and not self._dry_run else None
            )
            note = None if accounting is None else accounting.note
            tables = load.preview() if self._dry_run else load.publish(compared=note)
            missed = self._count_missed(load, accounting)
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
            lock_seconds=round(load.waits.lock_seconds, 3),
            publish_retries=load.waits.publish_retries,
            billed_bytes=load.billed,
            seconds=round(time.monotonic() - began, 3),
            dry_run=self._dry_run,
            events_missed=sum(one.rows for one in missed) if missed is not None else None,
            events_late_seconds=max((one.late_seconds for one in missed), default=0.0)
            if missed is not None
            else None,
        )

    def _accounting(self, load: Load, graph: Graph, info: RunInfo) -> Accounting:
        assert self._options.events is not None
        organization = int(info.scope["organization_id"])
        return Accounting(self._options.events, organization, graph.table_sinks, load.facts, info.started_at)

    @staticmethod
    def _count_missed(load: Load, accounting: Accounting | None) -> list[Missed] | None:
        """Count what events had missed; the tables are published, so nothing that goes wrong here takes them back."""
        if accounting is None:
            return None
        try:
            counted = accounting.count()
            load.count_events({name: (missed.rows, missed.late_seconds) for name, missed in counted.items()})
        except CalComError as error:
            log.warning("What events had missed could not be counted: %s", error)
            return None
        return list(counted.values()) if counted else None

    def _count_requests(self, load: Load, graph: Graph, spent: Counted) -> None:
        """Set the counters of the run records; what belongs to no one resource stands with the first."""
        tables = {table.resource for table in load.tables}
        recorded = [resource for resource in graph.loaded if resource in tables]
        # Lists that were read for their keys alone, or refused altogether, have no table and so no record.
        others = sum(count for resource, count in graph.requests.items() if resource not in tables)
        for place, resource in enumerate(recorded):
            rest: dict[str, int | float] = {}
            requests = graph.requests[resource]
            if not place:
                requests += others
                rest = {
                    "retries": spent.retries,
                    "waits": self._reporter.waits,
                    "throttled": spent.throttled,
                    "waited_seconds": spent.waited_seconds,
                    "bytes": spent.bytes,
                }
            load.count(resource, requests=requests, **rest)


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

        :param stats: live counters of a client.
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

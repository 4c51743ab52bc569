"""What is read after what: lists first, then the lists that are walked over their rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from calcom_provider.api.errors import CalComError, IncompleteReadError
from calcom_provider.resources import registry
from calcom_provider.resources.model import Read, Resource
from calcom_provider.sync.account import Account
from calcom_provider.sync.options import SyncOptions
from calcom_provider.sync.progress import Reporter
from calcom_provider.sync.reading import ListRead, Readers
from calcom_provider.sync.sources import SourceMaker
from calcom_provider.sync.staging import ResourceSink, open_sinks
from calcom_provider.sync.walking import Walk, arguments_of, list_key, needed_fields

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient
    from calcom_provider.warehouse import Load


class Graph:
    """Read the chosen resources of one run and stage their rows.

    :param client: open client
    :param load: open load of the warehouse
    :param options: options of the run
    :param account: whose data is read
    :param chosen: resources to load
    :param asked: names as they were asked for; a resource named itself must be readable
    :param reporter: takes progress
    :param started: time of the run
    """

    def __init__(
        self,
        client: CalComClient,
        load: Load,
        *,
        options: SyncOptions,
        account: Account,
        chosen: Sequence[Resource],
        asked: Sequence[str],
        reporter: Reporter,
        started: datetime,
    ) -> None:
        self._load = load
        self._account = account
        self._asked = frozenset(asked)
        self._reporter = reporter
        self._readers = Readers()
        self._resources: dict[str, Resource] = {resource.name: resource for resource in chosen}
        self._sinks = {resource.name: self._sink(resource, options) for resource in chosen}
        self._sources = SourceMaker(client, load, options, started)
        self._reads: dict[str, Read] = {}
        self._walks: dict[str, Walk] = {}
        self._open: Counter[str] = Counter()
        self._ended: set[str] = set()
        self._failed: set[str] = set()
        self._gaps: dict[str, str] = {}
        self.requests: Counter[str] = Counter()
        self.loaded = [resource.name for resource in chosen]
        for resource in chosen:
            self._plan(resource)
        for read in [plan.fallback for plan in self._reads.values() if plan.fallback is not None]:
            if read.over in self._resources:
                self._walk_over(read)

    def read_all(self) -> None:
        """Read and stage everything that was chosen.

        :raises IncompleteReadError: when a list could not be proven complete
        """
        try:
            self._begin()
            for read, page in self._readers:
                if page is None:
                    self._end_of_list(read)
                else:
                    self._take(read, page)
        finally:
            self._readers.close()

    def _sink(self, resource: Resource, options: SyncOptions) -> ResourceSink:
        sinks = open_sinks(
            self._load, resource, options.policy, options.publication(resource), self._account.scope
        )
        known = self._load.known_pages(resource.name) if options.expected_pages and sinks else {}
        return ResourceSink(resource, sinks, self._account.organization_id, known)

    def _plan(self, resource: Resource) -> None:
        """Add a resource, and those it walks over for their keys alone where they were not chosen."""
        self._reads[resource.name] = resource.read
        self._walk_over(resource.read)

    def _walk_over(self, read: Read) -> None:
        if not read.over:
            return
        if read.over not in self._resources:
            parent = registry.get(read.over)
            self._resources[parent.name] = parent
            self._sinks[parent.name] = ResourceSink(parent, [], self._account.organization_id, {})
            self._plan(parent)
        self._walks.setdefault(read.over, Walk()).keep(needed_fields(read))

    def _begin(self) -> None:
        """Queue every list that needs no other, first those that others wait for."""
        self._reporter.expected_requests = (
            sum(self._sinks[name].expected_requests() or 0 for name in self._resources) or None
        )
        roots = [name for name, read in self._reads.items() if not read.over]
        for name in sorted(roots, key=lambda name: name not in self._walks):
            self._queue(name, self._reads[name], {})

    def _queue(self, name: str, read: Read, arguments: Mapping[str, Any], *, first: bool = False) -> None:
        key = list_key(arguments)
        sink = self._sinks[name]
        source = self._sources.opener(
            self._resources[name], read, arguments, key, sink, walked=name in self._walks
        )
        self._open[name] += 1
        context = {**arguments, "account": self._account.account_id}
        self._readers.add(
            ListRead(name, key, context, source.open, partial=source.partial, heavy=read.heavy), first=first
        )

    def _take(self, read: ListRead, page: Any) -> None:
        sink = self._sinks[read.resource]
        walk = self._walks.get(read.resource)
        if walk is not None:
            walk.take(page.rows, read.key, read.arguments, page.restart)
        sink.take(page, read.key, read.arguments)
        self._reporter.page(read.resource, page.count, "unchanged" if page.rows is None else "page")

    def _end_of_list(self, read: ListRead) -> None:
        name = read.resource
        self.requests[name] += read.requests
        self._open[name] -= 1
        if read.error is not None:
            self._after_error(read, read.error)
        elif read.tolerated:
            self._gaps[name] = read.reason
        elif not read.complete:
            raise IncompleteReadError(
                f"{name} could not be read completely: {read.reason}.",
                operation=self._reads[name].operation,
                advice="Nothing was published; run again when fewer changes are under way.",
            )
        waits = self._reads[name].over and self._reads[name].over not in self._ended
        if not self._open[name] and name not in self._ended and not waits:
            self._end_of_resource(name, read.partial)

    def _after_error(self, read: ListRead, error: BaseException) -> None:
        name, plan = read.resource, self._reads[read.resource]
        status = error.status if isinstance(error, CalComError) else None
        if status is None:
            raise error
        if status == 500 and plan.fallback is not None and not read.key:
            self._fall_back(name, plan.fallback)
        elif status in plan.empty_on:
            pass
        elif status in plan.refused_on:
            self._gaps[name] = f"a part of the lists is refused ({status})"
        elif status in plan.unavailable_on and name not in self._asked:
            self._failed.add(name)
            self._gaps[name] = f"not offered by this installation, plan or role ({status})"
        else:
            raise error

    def _fall_back(self, name: str, read: Read) -> None:
        self._reads[name] = read
        known = set(self._reads)
        self._walk_over(read)
        for parent in set(self._reads) - known:
            if not self._reads[parent].over:
                self._queue(parent, self._reads[parent], {}, first=True)
        if read.over in self._ended:
            self._fan_out(name)

    def _end_of_resource(self, name: str, partial: bool) -> None:
        self._ended.add(name)
        sink, gap = self._sinks[name], self._gaps.get(name, "")
        if name in self._failed:
            sink.fail(gap)
            self._reporter.send(name, "unavailable")
        else:
            sink.finish(not gap, gap, partial)
            self._sources.remember(self._resources[name])
            self._reporter.send(name, "finished")
        for child, read in list(self._reads.items()):
            if read.over == name:
                self._fan_out(child)

    def _fan_out(self, name: str) -> None:
        read = self._reads[name]
        if read.over in self._failed:
            self._failed.add(name)
            self._gaps[name] = f"{read.over} could not be read"
        else:
            if read.over in self._gaps:
                self._gaps[name] = f"{read.over} was read in part only"
            for arguments in arguments_of(read, self._walks[read.over].rows()):
                self._queue(name, read, arguments, first=True)
        if not self._open[name]:
            self._end_of_resource(name, partial=False)

"""What is read after what: lists first, then the lists that are read for each of their rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from calcom_provider.api.errors import CalComError, IncompleteReadError
from calcom_provider.resources import registry
from calcom_provider.resources.model import Lookup, Read, Resource
from calcom_provider.sync.options import SyncOptions
from calcom_provider.sync.progress import Reporter
from calcom_provider.sync.reading.account import Account, page_counts
from calcom_provider.sync.reading.concurrent import ListRead, PageSource, Readers
from calcom_provider.sync.reading.fan_out import FanOut, arguments_of, list_key, lists_of, needed_fields
from calcom_provider.sync.reading.lookups import People, ids_held
from calcom_provider.sync.reading.offers import Offers
from calcom_provider.sync.reading.page_sources import SourceMaker
from calcom_provider.sync.reading.parents import ChildList, Parents, asks_parent
from calcom_provider.sync.reading.staging import ResourceSink, TableSink, open_sinks

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient
    from calcom_provider.warehouse import Load


class Graph:
    """Read the chosen resources of one run and stage their rows.

    :param client: open client.
    :param load: open load of the warehouse.
    :param options: options of the run.
    :param account: whose data is read.
    :param chosen: resources to load.
    :param asked: names as they were asked for; a resource named itself must be readable.
    :param reporter: takes progress.
    :param started: time of the run.
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
        self._counts = page_counts(load, account) if options.expected_pages else {}
        self._resources: dict[str, Resource] = {resource.name: resource for resource in chosen}
        self._sinks = {resource.name: self._sink(resource, options) for resource in chosen}
        self._sources = SourceMaker(client, load, options, started)
        self._reads: dict[str, Read] = {}
        self._parents = Parents(client, self._reads)
        self._offers = Offers(load.facts, started=started, full=options.full, full_every=options.full_every)
        self._fan_outs: dict[str, FanOut] = {}
        self._people: dict[str, People] = {}
        self._open: Counter[str] = Counter()
        self._ended: set[str] = set()
        self._failed: set[str] = set()
        self._gaps: dict[str, str] = {}
        self._notes: dict[str, str] = {}
        self.requests: Counter[str] = Counter()
        self.loaded = [resource.name for resource in chosen]
        for resource in chosen:
            self._plan(resource)
            if resource.read.lookup is not None:
                self._people[resource.name] = self._people_of(
                    resource, resource.read.lookup, started, options
                )
        for read in [plan.fallback for plan in self._reads.values() if plan.fallback is not None]:
            if read.over in self._resources:
                self._fan_out_over(read)

    @property
    def table_sinks(self) -> dict[str, list[TableSink]]:
        """Return what stages the tables of each resource that is loaded."""
        return {name: self._sinks[name].sinks for name in self.loaded}

    def read_all(self) -> None:
        """Read and stage everything that was chosen.

        :raises IncompleteReadError: when a list could not be proven complete.
        """
        try:
            self._begin()
            for read, page in self._readers:
                if page is None:
                    self._end_of_list(read)
                else:
                    self._take(read, page)
            self._load.facts.update(self._offers.learnt())
        finally:
            self._readers.close()

    def _sink(self, resource: Resource, options: SyncOptions) -> ResourceSink:
        sinks = open_sinks(
            self._load, resource, options.policy, options.publication(resource), self._account.scope
        )
        known = self._load.known_pages(resource.name) if options.expected_pages and sinks else {}
        return ResourceSink(
            resource, sinks, self._account.organization_id, known, self._counts.get(resource.name, {})
        )

    def _people_of(
        self, resource: Resource, lookup: Lookup, started: datetime, options: SyncOptions
    ) -> People:
        anew, missed = self._offers.look_up(resource.name)
        known: set[Any] = set()
        for name in lookup.tables:
            if name != resource.name or not (anew or self._sinks[name].wants_all):
                known |= ids_held(self._sinks[name])
        return People(lookup, known, missed, now=started, again=options.full_every)

    def _plan(self, resource: Resource) -> None:
        """Add a resource, and those it walks over for their keys alone where they were not chosen."""
        self._reads[resource.name] = resource.read
        self._fan_out_over(resource.read)

    def _fan_out_over(self, read: Read) -> None:
        if not read.over or read.lookup is not None:
            return
        if read.over not in self._resources:
            parent = registry.get(read.over)
            self._resources[parent.name] = parent
            self._sinks[parent.name] = ResourceSink(
                parent, [], self._account.organization_id, {}, self._counts.get(parent.name, {})
            )
            self._plan(parent)
        self._fan_outs.setdefault(read.over, FanOut()).keep(needed_fields(read))

    def _begin(self) -> None:
        """Queue every list that needs no other, first those that others wait for."""
        self._reporter.expected_requests = (
            sum(self._sinks[name].expected_requests() or 0 for name in self._resources) or None
        )
        roots = [name for name, read in self._reads.items() if not read.over]
        for name in sorted(roots, key=lambda name: name not in self._fan_outs):
            self._queue(name, self._reads[name])

    def _queue(
        self, name: str, read: Read, row: Mapping[str, Any] | None = None, *, first: bool = False
    ) -> None:
        """Queue one list: the only one of a resource, or the one over a row of another."""
        arguments = {} if row is None else arguments_of(read, row)
        key = self._key_of(read, row, arguments)
        source = self._sources.opener(
            self._resources[name], read, arguments, key, self._sinks[name], is_parent=name in self._fan_outs
        )
        alone = row is None or read.lookup is not None
        open_list = source.open if alone else self._child_of(read, row or {}, source.open)
        self._open[name] += 1
        context = {**arguments, "account": self._account.account_id}
        self._readers.add(
            ListRead(name, key, context, open_list, partial=source.partial, heavy=read.heavy), first=first
        )

    def _key_of(self, read: Read, row: Mapping[str, Any] | None, arguments: Mapping[str, Any]) -> str:
        """Return the name of a list, which is stored; a person's name is none, and the only list needs none."""
        if row is None or self._reads[read.over].single:
            return ""
        return list_key({"id": row["id"]} if read.lookup is not None else arguments)

    def _child_of(
        self, read: Read, row: Mapping[str, Any], open_list: Callable[[], PageSource]
    ) -> Callable[[], PageSource]:
        def still_there(error: CalComError, since: float) -> bool:
            if not asks_parent(error):
                return True
            declared = error.status in (*read.unavailable_on, *read.refused_on, *read.empty_on)
            # A refusal that has a meaning of its own is not worth reading the parents anew each time.
            return self._parents.has(read, row, 0.0 if declared else since)

        return lambda: ChildList(open_list, still_there)

    def _take(self, read: ListRead, page: Any) -> None:
        sink = self._sinks[read.resource]
        fan_out = self._fan_outs.get(read.resource)
        if fan_out is not None:
            fan_out.take(page.rows, read.key, read.arguments, page.restart)
        for name, people in self._people.items():
            plan = self._reads[name]
            if read.resource == plan.over:
                people.take(page.rows or ())
            if plan.lookup is not None and read.resource in plan.lookup.tables:
                people.learn(page.rows or ())
        sink.take(page, read.key, read.arguments)
        self._reporter.page(read.resource, read.key, page)

    def _end_of_list(self, read: ListRead) -> None:
        name = read.resource
        self.requests[name] += read.requests
        self._open[name] -= 1
        if read.error is None:
            self._offers.answered(name)
        if read.note:
            self._notes[name] = read.note
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
            for row in self._offers.rest(name):
                self._queue(name, self._reads[name], row, first=True)
            if not self._open[name]:
                self._end_of_resource(name, read.partial)

    def _after_error(self, read: ListRead, error: BaseException) -> None:
        name, plan = read.resource, self._reads[read.resource]
        status = error.status if isinstance(error, CalComError) else None
        if not isinstance(error, CalComError) or status is None:
            raise error
        if status == 500 and plan.fallback is not None and not read.key:
            self._fall_back(name, plan.fallback)
        elif status in plan.empty_on:
            self._offers.answered(name)
        elif status in plan.refused_on:
            self._gaps[name] = f"a part of the lists is refused ({status})"
        elif plan.over and status in (500, *plan.unavailable_on):
            part = ", ".join(f"{argument} {read.arguments[argument]}" for argument in plan.arguments)
            part = f"user {read.key}" if plan.lookup is not None else part
            self._offers.refused(name, part, error)
        elif status in plan.unavailable_on and name not in self._asked:
            self._fail(name, error)
        else:
            raise error

    def _fail(self, name: str, error: CalComError) -> None:
        self._failed.add(name)
        self._gaps[name] = f"not offered by this installation, plan or role ({error.status})"

    def _judge(self, name: str) -> None:
        """Say what the refusals of single parents mean, when all of them have been heard."""
        read = self._reads[name]
        refusal = self._offers.missing(name, read)
        if refusal is None:
            gap = self._offers.gap(name)
            if gap:
                self._gaps[name] = gap
        elif name in self._asked or refusal.error.status not in read.unavailable_on:
            raise refusal.error
        else:
            self._fail(name, refusal.error)

    def _fall_back(self, name: str, read: Read) -> None:
        self._reads[name] = read
        known = set(self._reads)
        self._fan_out_over(read)
        for parent in set(self._reads) - known:
            if not self._reads[parent].over:
                self._queue(parent, self._reads[parent], first=True)
        if read.over in self._ended:
            self._fan_out(name)

    def _end_of_resource(self, name: str, partial: bool) -> None:
        self._judge(name)
        self._ended.add(name)
        sink, gap = self._sinks[name], self._gaps.get(name, "")
        if name in self._failed:
            sink.fail(gap)
            self._reporter.send(name, "unavailable")
        else:
            sink.finish(not gap, gap or self._notes.get(name, ""), partial)
            if not gap:
                # What was left out may be readable again, and has not changed by then.
                self._sources.remember(self._resources[name])
            self._reporter.send(name, "finished")
        if name in self._people:
            self._offers.looked_up(name, self._people[name].missed())
        for child, read in list(self._reads.items()):
            if read.lookup is not None:
                waits = {read.over, *read.lookup.tables} - {child}
                if name in waits and waits <= self._ended:
                    self._fan_out(child)
            elif read.over == name:
                self._fan_out(child)

    def _fan_out(self, name: str) -> None:
        read = self._reads[name]
        if read.over in self._failed:
            self._failed.add(name)
            self._gaps[name] = f"{read.over} could not be read"
        else:
            if read.over in self._gaps:
                self._gaps[name] = f"{read.over} was read in part only"
            people = self._people.get(name)
            rows = lists_of(read, people.asked() if people else self._fan_outs[read.over].rows())
            for row in self._offers.first(name, read, rows):
                self._queue(name, read, row, first=True)
        if not self._open[name]:
            self._end_of_resource(name, partial=name in self._people)

"""Where the pages of a list come from: the client's reader, one object, or a read by time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from calcom_provider.resources.model import Read, Resource
from calcom_provider.sync.beyond import BeyondWindow
from calcom_provider.sync.incremental import Part, Span, TimedSource, begin
from calcom_provider.sync.keyset import Fetched, iso
from calcom_provider.sync.options import SyncOptions
from calcom_provider.sync.reading import PageSource
from calcom_provider.sync.responses import RecentRows

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient
    from calcom_provider.sync.staging import ResourceSink
    from calcom_provider.warehouse import Load


@dataclass(frozen=True, slots=True)
class Opener:
    """Hold how a list is opened, and whether that reads only a part of the resource."""

    open: Callable[[], PageSource]
    partial: bool = False


class SourceMaker:
    """Decide how each list is read.

    :param client: open client
    :param load: open load, for the states of earlier runs
    :param options: options of the run
    :param started: time of the run by this machine's clock
    """

    def __init__(self, client: CalComClient, load: Load, options: SyncOptions, started: datetime) -> None:
        self._client = client
        self._load = load
        self._options = options
        self._started = started
        self._spans: dict[str, Span] = {}

    def opener(
        self,
        resource: Resource,
        read: Read,
        arguments: Mapping[str, Any],
        key: str,
        sink: ResourceSink,
        *,
        walked: bool,
    ) -> Opener:
        """Return how one list is opened.

        :param resource: resource of the list
        :param read: its read, or the fallback of it
        :param arguments: parameters of this list
        :param key: name of the list
        :param sink: takes the pages; knows those of the last run
        :param walked: other lists are read over its rows, so rows are needed even where nothing changed
        """
        parameters = {**read.parameters, **arguments}
        if read.single:
            return Opener(lambda: SingleObject(self._client, read.operation, parameters))
        if read.windows is not None:
            span = self._span(resource, sink)
            if read.windows.updated:
                windows = read.windows
                return Opener(
                    lambda: TimedSource(self._fetcher(read.operation), windows, span, parameters),
                    span.partial,
                )
            if span.partial:
                return Opener(lambda: RecentRows(self._client, read, parameters, span), True)
        if read.beyond:
            return Opener(lambda: BeyondWindow(self._client, read, parameters))
        return Opener(
            lambda: self._client.pages(
                read.operation,
                known=None if walked else sink.known_pages(key),
                expected=sink.expected_rows(key),
                page_size=read.page_size,
                **parameters,
            )
        )

    def remember(self, resource: Resource) -> None:
        """Set the watermark of a resource that was read by time.

        :param resource: resource whose lists have all been read
        """
        span = self._spans.get(resource.name)
        if span is not None and span.backfill is None:
            self._load.set_watermark(resource.name, iso(span.now))

    def _span(self, resource: Resource, sink: ResourceSink) -> Span:
        if resource.name not in self._spans:
            assert resource.read.windows is not None
            now = self._api_time()
            state = self._load.state(resource.name)
            since = begin(
                state.watermark,
                state.full_read_at,
                now=now,
                overlap=self._options.overlap,
                full_every=self._options.full_every,
                full=self._options.full or sink.replaces,
            )
            days = self._options.reread_days
            self._spans[resource.name] = Span(
                now=now,
                since=since,
                reread_days=resource.read.windows.reread_days if days is None else days,
                backfill=self._options.backfill,
            )
        return self._spans[resource.name]

    def _api_time(self) -> datetime:
        """Return the API's own time: bounds are compared with its clock, not with ours."""
        answer = self._client.send("me.get")
        sent = answer.headers.get("date")
        try:
            return parsedate_to_datetime(sent).astimezone(UTC) if sent else self._started
        except ValueError:
            return self._started

    def _fetcher(self, operation: str) -> Callable[[Mapping[str, Any]], Fetched]:
        def fetch(parameters: Mapping[str, Any]) -> Fetched:
            answer = self._client.send(operation, **parameters)
            total = (answer.pagination or {}).get("totalItems")
            return Fetched(answer.data or [], total if isinstance(total, int) else None)

        return fetch


class SingleObject:
    """Read an operation that answers one object as a list of one row.

    :param client: open client
    :param operation: short name
    :param parameters: parameters of the call
    """

    def __init__(self, client: CalComClient, operation: str, parameters: Mapping[str, Any]) -> None:
        self._client = client
        self._operation = operation
        self._parameters = parameters
        self.complete = False
        self.reason = "not read"
        self.requests = 0

    def __iter__(self) -> Iterator[Part]:
        row = self._client.call(self._operation, **self._parameters)
        self.requests = 1
        yield Part([row] if row else [])
        self.complete, self.reason = True, ""

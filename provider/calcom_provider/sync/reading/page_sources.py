"""Where the pages of a list come from: the client's reader, one object, or a read by time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from calcom_provider.api.catalogue.operations import resolve
from calcom_provider.api.errors import TransportError
from calcom_provider.api.paging.layout import layout_of
from calcom_provider.resources.model import Read, Resource, Windows
from calcom_provider.sync.options import SyncOptions
from calcom_provider.sync.reading.concurrent import PageSource
from calcom_provider.sync.reading.created_or_changed import RecentRows
from calcom_provider.sync.reading.incremental import Part, Span, TimedSource, begin
from calcom_provider.sync.reading.keyset import iso
from calcom_provider.sync.reading.list_fetch import ListFetch
from calcom_provider.sync.reading.lookups import PersonList
from calcom_provider.sync.reading.managed_users_by_email import ManagedUsersByEmail

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient
    from calcom_provider.api.paging.emptiness import EarlierRows
    from calcom_provider.api.paging.reader import PageReader
    from calcom_provider.sync.reading.staging import ResourceSink
    from calcom_provider.warehouse import Load


@dataclass(frozen=True, slots=True)
class Opener:
    """Hold how a list is opened, and whether that reads only a part of the resource."""

    open: Callable[[], PageSource]
    partial: bool = False


class SourceMaker:
    """Decide how each list is read.

    :param client: open client.
    :param load: open load, for the states of earlier runs.
    :param options: options of the run.
    :param started: time of the run by this machine's clock.
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
        is_parent: bool,
    ) -> Opener:
        """Return how one list is opened.

        :param resource: resource of the list.
        :param read: its read, or the fallback of it.
        :param arguments: parameters of this list.
        :param key: name of the list.
        :param sink: takes the pages; knows those of the last run.
        :param is_parent: other lists are read over its rows, so rows are needed even where nothing changed.
        """
        parameters = {**read.parameters, **arguments}
        # Looked up here, on the thread that the database belongs to.
        earlier = sink.held(arguments)
        if read.single:
            return Opener(lambda: SingleObject(self._client, read.operation, parameters))
        if read.lookup is not None:
            return Opener(lambda: PersonList(self._client, read.operation, parameters), partial=True)
        if read.windows is not None:
            span = self._span(resource, sink)
            if read.windows.updated:
                return self._timed(read, read.windows, span, parameters, earlier)
            if span.partial:
                return Opener(lambda: RecentRows(self._client, read, parameters, span), True)
        counts = sink.page_counts(key)
        layout = layout_of(resolve(read.operation), parameters, read.page_size)
        expected = layout.rows(counts) if counts else None
        if read.by_email:
            return Opener(lambda: ManagedUsersByEmail(self._client, read, parameters, expected, earlier))
        return Opener(
            lambda: self._client.pages(
                read.operation,
                known=None if is_parent else sink.known_pages(key),
                expected=expected,
                earlier=earlier,
                page_size=read.page_size,
                **parameters,
            )
        )

    def _timed(
        self,
        read: Read,
        windows: Windows,
        span: Span,
        parameters: Mapping[str, Any],
        earlier: EarlierRows | None,
    ) -> Opener:
        def plain() -> PageReader:
            # By creation, where ties are rarest.
            return self._client.pages(read.operation, earlier=earlier, **parameters, sortCreated="asc")

        def source() -> TimedSource:
            fetch = ListFetch(self._client, read.operation)
            most = self._client.bounds.rows(earlier.count if earlier is not None else 0)
            return TimedSource(fetch, windows, span, parameters, earlier, plain, fetch.bad_rows, most)

        return Opener(source, span.partial)

    def remember(self, resource: Resource) -> None:
        """Set the watermark of a resource that was read by time.

        :param resource: resource whose lists have all been read.
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
                ours=datetime.now(UTC),
                overlap=self._options.overlap,
                full_every=self._options.full_every,
                full=self._options.full or sink.wants_all,
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


class SingleObject:
    """Read an operation that answers one object as a list of one row.

    :param client: open client.
    :param operation: short name.
    :param parameters: parameters of the call.
    """

    def __init__(self, client: CalComClient, operation: str, parameters: Mapping[str, Any]) -> None:
        self._client = client
        self._operation = operation
        self._parameters = parameters
        self.complete = False
        self.reason = "not read"
        self.requests = 0

    def __iter__(self) -> Iterator[Part]:
        self.requests = 1
        row = self._client.call(self._operation, **self._parameters)
        if not isinstance(row, Mapping) or not row:
            raise TransportError(
                "The answer is a success without the object that was asked for.",
                kind="malformed",
                operation=self._operation,
            )
        yield Part([dict(row)])
        self.complete, self.reason = True, ""

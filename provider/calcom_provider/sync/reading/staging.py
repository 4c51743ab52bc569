"""Where the pages of one resource go: shaped, staged table by table, marked for the next run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from calcom_provider.api.paging.emptiness import EarlierRows
from calcom_provider.resources.model import Resource
from calcom_provider.resources.policy import ColumnPolicy
from calcom_provider.resources.shaping.tuples import TableShaper
from calcom_provider.warehouse import PageMark

if TYPE_CHECKING:
    from calcom_provider.api.paging.reader import KnownPage, Page
    from calcom_provider.warehouse import Load, TableLoad
    from calcom_provider.warehouse.loading.patch import Patch


#: Rows that wait for their table's turn. Pages of several lists come mixed, and a database that takes one
#: stream of rows at a time, as PostgreSQL's COPY does, would else begin anew with nearly every page.
_BATCH = 2_500


class TableSink:
    """Shape and stage the rows of one table.

    :param shaper: turns rows into tuples.
    :param target: takes the tuples.
    :param mode: how the table is published.
    """

    def __init__(self, shaper: TableShaper, target: TableLoad, mode: str) -> None:
        self.shaper = shaper
        self.target = target
        self.mode = mode
        self._waiting: list[tuple[list[tuple[Any, ...]], PageMark | None]] = []
        self._rows = 0
        # Columns that repeat what the list was asked for tell the rows of one list from those of the others.
        self._shared = {
            stored.name: declared.source[1:]
            for declared, stored in zip(shaper.stored.declared.columns, shaper.table.columns, strict=False)
            if declared.source.startswith("$") and declared.source not in ("$organization", "$account")
        }

    @property
    def shows_keys(self) -> bool:
        """Tell whether the keys of the rows may stand elsewhere as they came: neither hashed nor more than public."""
        stored = self.shaper.stored
        hidden = {stored.declared.columns[place].name for place in stored.hashed}
        hidden |= {column.name for column in stored.declared.columns if column.data_class != "public"}
        return not hidden & set(stored.declared.key)

    @cached_property
    def _held(self) -> dict[tuple[Any, ...], tuple[int, Any]]:
        return self.target.held(list(self._shared))

    def held(self, arguments: Mapping[str, Any]) -> EarlierRows | None:
        """Return what the table holds of a list; None where its rows cannot be told from those of others.

        :param arguments: what the list is asked for, empty for the only list.
        """
        if arguments and not self._shared:
            return None
        hashed, hasher = self.shaper.stored.hashed, self.shaper.stored.hasher
        values: list[Any] = [arguments[argument] for argument in self._shared.values()]
        if hasher is not None:
            hidden = {self.shaper.table.names[place] for place in hashed}
            values = [
                hasher(value) if name in hidden else value
                for name, value in zip(self._shared, values, strict=True)
            ]
        count, key = self._held.get(tuple(values), (0, None))
        last = self.shaper.table.index(self.shaper.table.key[-1])
        own = self.shaper.is_main and last not in hashed
        return EarlierRows(count, key if own else None)

    def write(self, rows: list[tuple[Any, ...]], mark: PageMark | None) -> None:
        """Stage the rows of a page, together with those of other pages.

        :param rows: tuples in the order of the columns.
        :param mark: the page, None for one that the next run shall not know.
        """
        self._waiting.append((rows, mark))
        self._rows += len(rows)
        if self._rows >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Stage what waits."""
        for rows, mark in self._waiting:
            self.target.write(rows, mark)
        self._waiting.clear()
        self._rows = 0

    def restart(self, list_key: str, arguments: Mapping[str, Any]) -> None:
        """Drop what was staged of a list that is read anew.

        :param list_key: the list.
        :param arguments: what it was asked for.
        """
        self.flush()
        shared = {name: arguments[argument] for name, argument in self._shared.items()}
        if list_key and not shared:
            # Rows of the lists cannot be told apart; staging keeps the last row of a key, so nothing doubles.
            return
        self.target.restart(list_key, shared or None)


class ResourceSink:
    """Take the pages of one resource and stage them in all of its tables.

    :param resource: the resource.
    :param sinks: one for every table; empty when only its keys are needed by other lists.
    :param known: page marks of the last published run.
    :param counts: rows of the pages that each list then held.
    """

    def __init__(
        self,
        resource: Resource,
        sinks: list[TableSink],
        organization: int,
        known: Mapping[str, PageMark],
        counts: Mapping[str, tuple[int, ...]],
    ) -> None:
        self.resource = resource
        self.sinks = sinks
        self._organization = organization
        self._known = known
        self._counts = counts
        self._shows_keys = all(sink.shows_keys for sink in sinks)
        self._lists: dict[str, dict[int, PageMark]] = {}
        for mark in known.values():
            self._lists.setdefault(mark.list_key, {})[int(mark.key.rpartition("#")[2])] = mark

    def known_pages(self, list_key: str) -> dict[int, KnownPage]:
        """Return the pages of a list that the last run published, by number.

        :param list_key: the list.
        """
        from calcom_provider.api.paging.reader import KnownPage

        return {
            number: KnownPage(mark.digest, mark.etag, mark.count, mark.first_key, mark.last_key)
            for number, mark in self._lists.get(list_key, {}).items()
        }

    def page_counts(self, list_key: str) -> tuple[int, ...]:
        """Return how many rows each page of the list held in the last run; empty when that is not known.

        :param list_key: the list.
        """
        return self._counts.get(list_key, ())

    def held(self, arguments: Mapping[str, Any]) -> EarlierRows | None:
        """Return what the first table holds of a list; None when that is not known.

        :param arguments: what the list is asked for.
        """
        return self.sinks[0].held(arguments) if self.sinks else None

    @property
    def wants_all(self) -> bool:
        """Tell whether a table is rewritten, so that a part of the rows would not do."""
        return any(sink.mode == "replace" or sink.target.rewritten for sink in self.sinks)

    def expected_requests(self) -> int | None:
        """Return how many pages the resource had in the last run; None when that is not known."""
        return sum(map(len, self._counts.values())) or None

    def take(self, page: Page, list_key: str, arguments: Mapping[str, Any]) -> None:
        """Stage one page.

        :param page: the page as it was read.
        :param list_key: the list that it belongs to.
        :param arguments: what the list was asked for.
        """
        if page.restart:
            for sink in self.sinks:
                sink.restart(list_key, arguments)
        mark = self._mark(page, list_key)
        if page.rows is None or (mark is not None and self._same(mark)):
            assert mark is not None
            for sink in self.sinks:
                sink.target.keep(mark)
            return
        for sink in self.sinks:
            shaped = sink.shaper.page(page.rows, self._organization, arguments)
            added = sink.shaper.new_columns()
            if added:
                sink.flush()
                sink.target.add_columns(added)
            sink.write(shaped, mark)

    def finish(self, complete: bool, reason: str, partial: bool) -> None:
        """End the reading of every table.

        :param complete: the read is proven to have seen every row.
        :param reason: why it is not.
        :param partial: only a part was asked for.
        """
        for sink in self.sinks:
            sink.flush()
            sink.target.finish(complete, reason, partial)

    def fail(self, reason: str) -> None:
        """Leave the tables as they are.

        :param reason: why they could not be read.
        """
        for sink in self.sinks:
            sink.target.fail(reason)

    def _mark(self, page: Page, list_key: str) -> PageMark | None:
        if page.digest is None:
            return None
        return PageMark(
            key=f"{list_key}#{page.number}",
            digest=page.digest,
            count=page.count,
            etag=page.etag,
            first_key=page.first_key if self._shows_keys else None,
            last_key=page.last_key if self._shows_keys else None,
            list_key=list_key,
        )

    def _same(self, mark: PageMark) -> bool:
        known = self._known.get(mark.key)
        return known is not None and known.digest == mark.digest and known.count == mark.count


def open_sinks(
    load: Load | Patch, resource: Resource, policy: ColumnPolicy, choose: Any, scope: Mapping[str, int]
) -> list[TableSink]:
    """Declare the tables of a resource to a load.

    :param load: the load.
    :param resource: the resource.
    :param policy: which columns are stored.
    :param choose: function that returns the ``table()`` options for a declared table.
    :param scope: values of the scope columns.
    """
    pairs = [(None, resource.table)] if resource.table is not None else []
    pairs += [(child, child.table) for child in resource.children]  # type: ignore[misc]
    sinks = []
    for child, table in pairs:
        stored = policy.apply(table, main=child is None)
        shaper = TableShaper(resource, child, stored, policy)
        chosen = choose(table)
        names = dict(zip((c.name for c in stored.declared.columns), stored.table.names, strict=False))
        target = load.table(
            stored.table,
            resource=resource.name,
            scope={names[name]: scope[name] for name in resource.scope},
            variant=policy.fingerprint(table),
            columns=policy.records(table, main=child is None),
            keep_dropped=policy.keep_dropped,
            evolves=policy.schema_evolution == "evolve",
            **chosen,
        )
        sinks.append(TableSink(shaper, target, chosen["mode"]))
    return sinks

"""Lists that are read only for the people in whose rows something is named that no table holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from calcom_provider.resources.model import Lookup
from calcom_provider.sync.reading.created_or_changed import unmarked

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient
    from calcom_provider.api.paging.reader import Page
    from calcom_provider.sync.reading.staging import ResourceSink


class People:
    """Gather whom to ask about the ids that rows name and no table holds.

    :param lookup: what is looked up.
    :param known: ids that tables hold.
    :param missed: ids that their people's lists did not have -> when these were asked, ISO 8601.
    :param now: time of the run.
    :param again: an id that was missed is looked up again after this time.
    """

    def __init__(
        self,
        lookup: Lookup,
        known: Iterable[Any],
        missed: Mapping[str, str],
        *,
        now: datetime,
        again: timedelta,
    ) -> None:
        self._lookup = lookup
        self._known = set(known)
        self._missed = {one: at for one, at in missed.items() if now - datetime.fromisoformat(at) <= again}
        self._now = now
        self._named: dict[Any, dict[int, Mapping[str, Any]]] = {}

    def take(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Note what rows name. The first of a row's people is asked: the list is that of its organiser.

        :param rows: rows of the parent list; those of a page that is read anew may come twice.
        """
        for row in rows:
            named = row.get(self._lookup.reference)
            if named is None or named in self._known or str(named) in self._missed:
                continue
            first: Mapping[str, Any] = next(iter(row.get(self._lookup.people) or ()), {})
            # Somebody who is gone has texts in place of all fields.
            if isinstance(first.get("id"), int):
                self._named.setdefault(named, {})[first["id"]] = first

    def learn(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Note ids that a list has.

        :param rows: rows of a list that ends in one of the tables.
        """
        self._known.update(row.get("id") for row in rows)

    def asked(self) -> list[Mapping[str, Any]]:
        """Return the people to ask, each once, by id."""
        found: dict[int, Mapping[str, Any]] = {}
        for named, people in self._named.items():
            if named not in self._known:
                found |= people
        return [found[number] for number in sorted(found)]

    def missed(self) -> dict[str, str]:
        """Return the ids that were not found, also in earlier runs, with the time of the asking."""
        missed = {one: at for one, at in self._missed.items() if int(one) not in self._known}
        return missed | {str(one): self._now.isoformat() for one in self._named if one not in self._known}


class PersonList:
    """Read the list of one person; the next run knows none of its pages, since it may ask others.

    :param client: open client.
    :param operation: short name of the list.
    :param parameters: parameters of the call.
    """

    def __init__(self, client: CalComClient, operation: str, parameters: Mapping[str, Any]) -> None:
        self._client = client
        self._operation = operation
        self._parameters = parameters
        self.complete = False
        self.reason = "not read to its end"
        self.requests = 0
        self.tolerated = False

    def __iter__(self) -> Iterator[Page]:
        reader = self._client.pages(self._operation, **self._parameters)
        try:
            yield from map(unmarked, reader)
        finally:
            self.requests = reader.requests
        self.complete, self.reason, self.tolerated = reader.complete, reader.reason, reader.tolerated


def ids_held(sink: ResourceSink) -> set[Any]:
    """Return the ids of the rows that the main table of a resource holds.

    :param sink: takes the rows of the resource.
    """
    if not sink.sinks:
        return set()
    first = sink.sinks[0]
    return {values[0] for values in first.target.held([first.shaper.table.key[-1]])}

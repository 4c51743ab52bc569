"""Lists over the rows of another one, which may be deleted while the run is under way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from calcom_provider.api.errors import CalComError, IncompleteReadError
from calcom_provider.api.paging.emptiness import EarlierRows
from calcom_provider.resources.model import Read
from calcom_provider.sync.reading.incremental import Part

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient
    from calcom_provider.sync.reading.concurrent import PageSource

#: What a list answers whose parent is gone: each route in its own way.
GONE = (403, 404)


def asks_parent(error: CalComError) -> bool:
    """Tell whether a refusal may mean that the parent is gone, so that it is looked for.

    :param error: what a list over a parent's row answered.
    """
    # A route that is missing is so whatever the parent.
    return error.status in GONE and not (error.reason or "").startswith("Cannot ")


@dataclass(slots=True)
class Reread:
    """Hold the rows that a parent's list held when it was read again."""

    began: float
    rows: list[Mapping[str, Any]] = field(repr=False)


class Parents:
    """Tell whether rows that lists are read over are still there; usable from several threads.

    :param client: open client.
    :param reads: how each resource is read, by name.
    """

    def __init__(self, client: CalComClient, reads: Mapping[str, Read]) -> None:
        self._client = client
        self._reads = reads
        self._seen: dict[tuple[str, str], Reread] = {}
        self._lock = threading.RLock()
        self.requests = 0

    def has(self, child: Read, row: Mapping[str, Any], since: float) -> bool:
        """Tell whether a row is still in its list, which is read again for that.

        :param child: read of the lists over these rows.
        :param row: the row as the fan-out keeps it, with the arguments of its own list under ``$`` names.
        :param since: a reading that began earlier (monotonic seconds) tells nothing.
        """
        read = self._reads[child.over]
        if read.single:
            return True
        wanted = {source: row[source] for source in child.arguments.values() if not source.startswith("$")}
        with self._lock:
            try:
                rows = self._rows(child.over, read, row, wanted, since)
            except IncompleteReadError:
                return True
            except CalComError as error:
                if error.status not in GONE or not read.over:
                    raise
                return self.has(read, self._above(read, row), since)
        return any(all(one.get(name) == value for name, value in wanted.items()) for one in rows)

    def _rows(
        self, name: str, read: Read, row: Mapping[str, Any], wanted: Mapping[str, Any], since: float
    ) -> list[Mapping[str, Any]]:
        arguments = {argument: row[f"${argument}"] for argument in read.arguments}
        place = (name, str(arguments))
        held = self._seen.get(place)
        if held is None or held.began < since:
            began = time.monotonic()
            reader = self._client.pages(
                read.operation,
                # It held a row, so an empty answer is not believed at once.
                earlier=EarlierRows(1, wanted.get("id")),
                **read.parameters,
                **arguments,
            )
            rows: list[Mapping[str, Any]] = [
                {field: one.get(field) for field in wanted} for one in reader.distinct_rows()
            ]
            self.requests += reader.requests
            held = self._seen[place] = Reread(began, rows)
        return held.rows

    @staticmethod
    def _above(read: Read, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the row above, as far as the arguments of the list tell."""
        above = dict(row)
        above.update({source: row[f"${argument}"] for argument, source in read.arguments.items()})
        return above


class ChildList:
    """Read one list of a fan-out; iterate once. A list whose parent was deleted meanwhile has no rows.

    :param open_list: opens the list.
    :param still_there: tells whether its parent is, given the failure and when it was met.
    """

    def __init__(
        self, open_list: Callable[[], PageSource], still_there: Callable[[CalComError, float], bool]
    ) -> None:
        self._open = open_list
        self._still_there = still_there
        self.complete = False
        self.reason = "not read to its end"
        self.requests = 0
        self.tolerated = False
        self.gone = False

    def __iter__(self) -> Iterator[Any]:
        source = self._open()
        try:
            yield from source
        except CalComError as error:
            if error.status not in GONE or self._still_there(error, time.monotonic()):
                raise
            self.complete = self.gone = True
            self.reason = ""
            # What came of it before belongs to no row any more.
            yield Part([], restart=True)
            return
        finally:
            self.requests = source.requests
        self.complete, self.reason = source.complete, source.reason
        self.tolerated = getattr(source, "tolerated", False)

"""Ask the API how long lists are, with few requests that carry few rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calcom_provider.api.catalogue.operations import resolve
from calcom_provider.api.errors import CalComError
from calcom_provider.api.paging.layout import Layout, layout_of
from calcom_provider.resources import registry
from calcom_provider.resources.model import Read
from calcom_provider.sync.reading.fan_out import arguments_of, lists_of

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient

#: Lists of one resource that are asked; a request for each team would be no saving.
_FEW = 3
#: A list of more pages than this is taken to go on.
_MOST_PAGES = 1 << 20


@dataclass(frozen=True, slots=True)
class Length:
    """Hold how long a list is.

    :param rows: rows, exactly or (where `exact` is false) at the least; None if nothing is known.
    :param exact: the API counted the rows, or all of them came.
    :param pages_known: `rows` make as many pages as the list has, whether or not they are all rows.
    :param status: status of the refusal, 0 for an answer.
    :param objects: the rows themselves, where all of them came.
    """

    rows: int | None = None
    exact: bool = False
    pages_known: bool = False
    status: int = 0
    objects: list[Mapping[str, Any]] | None = None


class Counts:
    """Ask about the lists of one plan; each once.

    :param client: open client, None to ask nothing.
    """

    def __init__(self, client: CalComClient | None) -> None:
        self._client = client
        self._lengths: dict[str, Length] = {}
        self._objects: dict[str, list[Mapping[str, Any]] | None] = {}
        self.requests = 0

    def length(self, name: str, *, with_rows: bool = False) -> Length:
        """Return how long the only list of a resource is.

        :param name: resource that is read over no other.
        :param with_rows: the rows are wanted as well, for the lists that are read over them.
        """
        if self._client is None:
            return Length()
        if name not in self._lengths:
            self._lengths[name] = self._ask(registry.get(name).read, {}, with_rows=with_rows)
        return self._lengths[name]

    def parents(self, read: Read) -> list[Mapping[str, Any]] | None:
        """Return the rows that a fan-out is read over, None if that would take many requests.

        :param read: the fan-out.
        """
        objects = self._rows(read.over)
        return None if objects is None else list(lists_of(read, objects))

    def has_row(self, read: Read, parameters: Mapping[str, Any], place: int) -> bool | None:
        """Tell whether a list goes on to a place; None if it is not asked, or refused.

        :param read: how the list is read.
        :param parameters: its filters.
        :param place: place of the row, from 0.
        """
        paging = resolve(read.operation).paging
        assert paging is not None
        answer = self._send(read.operation, {**parameters, paging.size_name: 1, paging.offset_name: place})
        return None if answer is None or isinstance(answer, CalComError) else bool(answer.data)

    def total(self, operation: str, parameters: Mapping[str, Any]) -> int | None:
        """Return how many rows match, as the API counts them; None if it does not say.

        :param operation: short name of a list that tells its length.
        :param parameters: its filters.
        """
        answer = self._send(operation, {**parameters, "take": 1})
        if answer is None or isinstance(answer, CalComError):
            return None
        total = (answer.pagination or {}).get("totalItems")
        return total if isinstance(total, int) else None

    def _rows(self, name: str) -> list[Mapping[str, Any]] | None:
        """Return all rows of a resource, with the arguments of their list under ``$`` names."""
        if self._client is None:
            return None
        if name not in self._objects:
            self._objects[name] = self._read_rows(name)
        return self._objects[name]

    def _read_rows(self, name: str) -> list[Mapping[str, Any]] | None:
        read = registry.get(name).read
        if not read.over:
            return self.length(name, with_rows=True).objects
        parents = self.parents(read)
        if parents is None or len(parents) > _FEW:
            return None
        found: list[Mapping[str, Any]] = []
        for row in parents:
            arguments = arguments_of(read, row)
            length = self._ask(read, arguments, with_rows=True)
            if length.objects is None:
                return None
            found += [
                {**one, **{f"${key}": value for key, value in arguments.items()}} for one in length.objects
            ]
        return found

    def _ask(self, read: Read, arguments: Mapping[str, Any], *, with_rows: bool) -> Length:
        parameters = {**read.parameters, **arguments}
        operation = resolve(read.operation)
        kind = operation.paging.kind if operation.paging is not None else "none"
        layout = layout_of(operation, parameters, read.page_size)
        if read.single or kind == "none":
            if not with_rows and read.fallback is None:
                return Length(pages_known=True)
            return self._whole(read, parameters)
        if kind == "cursor" or operation.paging is None:
            return Length()
        size, offset = operation.paging.size_name, operation.paging.offset_name
        if layout.counted and not with_rows:
            answer = self._send(read.operation, {**parameters, size: 1})
            total = (getattr(answer, "pagination", None) or {}).get("totalItems")
            if isinstance(total, int):
                return Length(total, exact=True, pages_known=True)
        else:
            first = {size: layout.take} if with_rows else {size: 1, offset: layout.take - 1}
            answer = self._send(read.operation, {**parameters, **first})
        if answer is None or isinstance(answer, CalComError):
            return Length(status=getattr(answer, "status", 0) or 0)
        count = len(answer.data)
        if with_rows and count < layout.take:
            return Length(count, exact=True, pages_known=True, objects=list(answer.data))
        if not count:
            return Length(pages_known=True)
        return self._further(read, parameters, layout)

    def _whole(self, read: Read, parameters: Mapping[str, Any]) -> Length:
        assert self._client is not None
        if read.operation == "me.get":
            # Asked for the account already.
            return Length(1, exact=True, pages_known=True, objects=[self._client.me()])
        answer = self._send(read.operation, parameters)
        if answer is None or isinstance(answer, CalComError):
            status = getattr(answer, "status", 0) or 0
            if status in read.empty_on:
                return Length(0, exact=True, pages_known=True, objects=[])
            return Length(status=status)
        objects = [answer.data] if read.single else list(answer.data)
        return Length(len(objects), exact=True, pages_known=True, objects=objects)

    def _further(self, read: Read, parameters: Mapping[str, Any], layout: Layout) -> Length:
        """Find the number of pages of a list that is longer than one, doubling and then halving."""
        step = layout.take - layout.overlap

        def place(page: int) -> int:
            return layout.take - 1 + (page - 1) * step

        low, high = 1, 2
        while high < _MOST_PAGES and (layout.reach is None or place(high) <= layout.reach):
            found = self.has_row(read, parameters, place(high))
            if found is None:
                return Length(place(low) + 1)
            if not found:
                break
            low, high = high, high * 2
        else:
            return Length(place(low) + 1)
        while high - low > 1:
            middle = (low + high) // 2
            if self.has_row(read, parameters, place(middle)):
                low = middle
            else:
                high = middle
        return Length(place(low) + 1, pages_known=True)

    def _send(self, operation: str, parameters: Mapping[str, Any]) -> Any:
        """Return the answer, or the refusal; None where nothing is asked."""
        if self._client is None:
            return None
        self.requests += 1
        try:
            return self._client.send(operation, **parameters)
        except CalComError as error:
            if getattr(error, "status", None) is None:
                raise
            return error

"""Ask by other ways whether a list is empty that held rows at the last read.

An answer that is wrongly empty would delete every row. A cache, a proxy or a fault that gives it rarely gives
it to another question as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from calcom_provider.api.catalogue.operations import Operation, catalogue
from calcom_provider.api.catalogue.parameters import bind
from calcom_provider.api.errors import InvalidRequestError, NotFoundError, PermissionDeniedError
from calcom_provider.api.http.responses import read_response
from calcom_provider.api.paging.fetcher import Fetcher, Key
from calcom_provider.api.paging.sender import Sender


@dataclass(frozen=True, slots=True)
class EarlierRows:
    """Hold what is stored of a list.

    :param count: rows.
    :param key: key of one of them, None where it is not known as the API spells it.
    """

    count: int
    key: Key = None


class EmptyCheck:
    """Ask again about one list.

    :param sender: sends the requests.
    :param fetcher: fetches pages of the list.
    :param operation: the list.
    :param parameters: its filters.
    :param take: rows of a page that came empty.
    """

    def __init__(
        self,
        sender: Sender,
        fetcher: Fetcher,
        operation: Operation,
        parameters: Mapping[str, Any],
        take: int,
    ) -> None:
        self._sender = sender
        self._fetcher = fetcher
        self._operation = operation
        self._parameters = parameters
        self.take = max(2, take * 2 // 5) if take else 0

    def shows_rows(self) -> bool:
        """Tell whether rows come at another page size and, where the list can be sorted, in another order."""
        place: dict[str, Any] = {}
        if self.take and self._operation.paging is not None:
            place = {self._operation.paging.size_name: self.take}
        order = next((one for one in self._operation.parameters if one.name.startswith("sort")), None)
        if order is not None and order.name not in self._parameters and "desc" in order.enum:
            place[order.name] = "desc"
        return self._fetcher.fetch(place, 0, self.take).count > 0

    def still_has(self, earlier: EarlierRows) -> bool:
        """Tell whether a row of the last read is there when it is asked for singly.

        :param earlier: what is stored of the list.
        """
        found = self._single()
        if found is None or earlier.key is None:
            return False
        operation, name = found
        given = {
            one.name: self._parameters[one.name]
            for one in operation.parameters
            if one.name in self._parameters
        }
        self._fetcher.requests += 1
        try:
            answer = self._sender.exchange(
                operation,
                bind(operation, given | {name: earlier.key}),
                lambda response: read_response(operation, response),
            )
        except (NotFoundError, PermissionDeniedError, InvalidRequestError):
            # What is gone answers 404, 403 or 400, each route in its own way.
            return False
        return bool(answer.data)

    def _single(self) -> tuple[Operation, str] | None:
        """Find the operation that reads one row of the list, and the parameter that names the row."""
        group = self._operation.name.rpartition(".")[0]
        operation = catalogue().by_name.get(f"{group}.get")
        if operation is None:
            return None
        open_ones = [
            one.name for one in operation.parameters if one.required and one.name not in self._parameters
        ]
        return (operation, open_ones[0]) if len(open_ones) == 1 else None

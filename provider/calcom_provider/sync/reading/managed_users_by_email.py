"""Managed users that the pages of their list do not reach, found by the addresses of the organisation's users."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from calcom_provider.api.catalogue.parameters import bind
from calcom_provider.api.errors import ServerError
from calcom_provider.api.http.responses import read_response
from calcom_provider.api.paging.halving import EXTRA_REQUESTS, ROWS
from calcom_provider.resources.model import Read
from calcom_provider.sync.reading.incremental import Part

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient
    from calcom_provider.api.paging.emptiness import EarlierRows

#: Addresses of one request; the list shows at most 250 rows and an address line has its bounds.
_ADDRESSES = 100


class ManagedUsersByEmail:
    """Read the users of one OAuth client; iterate once.

    The list accepts an offset of at most 250, so 500 rows can be paged. The stored address of a managed user
    holds the client's id (``name+client@domain``), and all of them are users of the organisation, so the
    rest is asked for by address. A managed user who changed the address no longer matches the filter; that
    is why such a read never counts as complete.

    :param client: open client.
    :param read: read of the resource.
    :param parameters: parameters of the list, the client's id among them.
    :param expected: rows of the list at the last read, None if unknown.
    :param earlier: what is stored of the list.
    """

    def __init__(
        self,
        client: CalComClient,
        read: Read,
        parameters: Mapping[str, Any],
        expected: int | None = None,
        earlier: EarlierRows | None = None,
    ) -> None:
        self._earlier = earlier
        self._client = client
        self._read = read
        self._parameters = dict(parameters)
        self._expected = expected
        self._extra = 0
        self._unreadable = 0
        self.complete = False
        self.reason = "not read to its end"
        self.tolerated = False
        self.requests = 0

    def __iter__(self) -> Iterator[Any]:
        reader = self._client.pages(
            self._read.operation, expected=self._expected, earlier=self._earlier, **self._parameters
        )
        seen: set[Any] = set()
        try:
            for page in reader:
                seen.update(row["id"] for row in page.rows or ())
                yield page
        finally:
            self.requests = reader.requests
        self.complete, self.reason = reader.complete, reader.reason
        self.tolerated = reader.tolerated
        if reader.complete or reader.tolerated:
            return
        found = 0
        for rows in self._by_address(seen):
            found += len(rows)
            yield Part(rows)
        self.tolerated = True
        self.reason = (
            f"{len(seen)} rows can be paged, {found} more were found by address; there may be others"
        )
        if self._unreadable:
            self.reason += f", and {self._unreadable} cannot be read (HTTP 500)"

    def _by_address(self, seen: set[Any]) -> Iterator[list[dict[str, Any]]]:
        mark = f"+{self._parameters['clientId']}@"
        users = self._client.pages("org_users.list")
        addresses = [
            row["email"]
            for page in users
            for row in page.rows or ()
            if mark in row.get("email", "") and row["id"] not in seen
        ]
        self.requests += users.requests
        for place in range(0, len(addresses), _ADDRESSES):
            asked = addresses[place : place + _ADDRESSES]
            try:
                yield self._ask(asked, again_on_500=True)
            except ServerError as error:
                if error.status != 500:
                    raise
                yield self._in_halves(asked, error)

    def _in_halves(self, addresses: list[str], error: ServerError) -> list[dict[str, Any]]:
        """Ask for a group that ends in HTTP 500 by halves, until the users that the API cannot write stand alone."""
        if len(addresses) == 1:
            self._unreadable += 1
            if self._unreadable > ROWS:
                raise error
            return []
        rows: list[dict[str, Any]] = []
        middle = len(addresses) // 2
        for half in (addresses[:middle], addresses[middle:]):
            self._extra += 1
            if self._extra > EXTRA_REQUESTS:
                raise error
            try:
                rows += self._ask(half, again_on_500=False)
            except ServerError as failure:
                if failure.status != 500:
                    raise
                rows += self._in_halves(half, error)
        return rows

    def _ask(self, addresses: list[str], *, again_on_500: bool) -> list[dict[str, Any]]:
        operation = self._client.resolve(self._read.operation)
        given = {**self._parameters, "emails": addresses, "limit": len(addresses)}
        self.requests += 1
        answer = self._client.exchange(
            operation,
            bind(operation, self._client.with_organization(operation, given)),
            lambda response: read_response(operation, response),
            again_on_500=again_on_500,
        )
        rows: list[dict[str, Any]] = answer.data
        return rows

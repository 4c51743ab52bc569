"""Managed users beyond the window of their list, found by the addresses of the organisation's users."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from calcom_provider.resources.model import Read
from calcom_provider.sync.incremental import Part

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient

#: Addresses of one request; the list shows at most 250 rows and an address line has its bounds.
_ADDRESSES = 100


class BeyondWindow:
    """Read the users of one OAuth client; iterate once.

    The list accepts an offset of at most 250, so 500 rows can be paged. The stored address of a managed user
    holds the client's id (``name+client@domain``), and all of them are users of the organisation, so the
    rest is asked for by address. A managed user who changed the address no longer matches the filter; that
    is why such a read never counts as complete.

    :param client: open client
    :param read: read of the resource
    :param parameters: parameters of the list, the client's id among them
    """

    def __init__(self, client: CalComClient, read: Read, parameters: Mapping[str, Any]) -> None:
        self._client = client
        self._read = read
        self._parameters = dict(parameters)
        self.complete = False
        self.reason = "not read to its end"
        self.tolerated = False
        self.requests = 0

    def __iter__(self) -> Iterator[Any]:
        reader = self._client.pages(self._read.operation, **self._parameters)
        seen: set[Any] = set()
        for page in reader:
            seen.update(row["id"] for row in page.rows or ())
            yield page
        self.requests = reader.requests
        self.complete, self.reason = reader.complete, reader.reason
        if reader.complete:
            return
        found = 0
        for rows in self._by_address(seen):
            found += len(rows)
            yield Part(rows)
        self.tolerated = True
        self.reason = (
            f"{len(seen)} rows can be paged, {found} more were found by address; there may be others"
        )

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
            rows = self._client.call(self._read.operation, **self._parameters, emails=asked, limit=len(asked))
            self.requests += 1
            yield rows or []

"""Ask a list with time filters, one request after the other, around rows that the API cannot write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calcom_provider.api.catalogue.parameters import bind
from calcom_provider.api.errors import ServerError
from calcom_provider.api.http.responses import read_response
from calcom_provider.api.paging.halving import BadRows, Halving
from calcom_provider.sync.reading.keyset import TAKE, Fetched

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient


@dataclass(frozen=True, slots=True)
class _Piece:
    rows: list[dict[str, Any]]
    total: int | None


class ListFetch:
    """Ask one list with parameters; the result is what :class:`~.keyset.Keyset` reads from.

    :param client: open client.
    :param operation: short name of the list.
    """

    def __init__(self, client: CalComClient, operation: str) -> None:
        self._client = client
        self._operation = client.resolve(operation)
        self.bad_rows = BadRows()

    def __call__(self, parameters: Mapping[str, Any]) -> Fetched:
        """Return the rows of one request; a page that ends in HTTP 500 is read around the row to blame."""
        try:
            piece = self._ask(parameters, again_on_500=True)
        except ServerError as error:
            if error.status != 500:
                raise
            skip, take = parameters.get("skip", 0), parameters.get("take", TAKE)
            totals: list[int | None] = []

            def ask(start: int, count: int) -> _Piece:
                piece = self._ask({**parameters, "skip": start, "take": count}, again_on_500=False)
                totals.append(piece.total)
                return piece

            # The bounds move from request to request, so a position says nothing in the next one.
            halving = Halving(ask, lambda row: row["id"], self.bad_rows, steady=False)
            halved = halving.read(skip, take, error)
            rows = [row for part in halved.pieces for row in part.rows]
            # Each answer counts the whole list: that behind the page as well, if the page has no other row.
            return Fetched(rows, next(iter(totals), None), len(halved.bad))
        return Fetched(piece.rows, piece.total)

    def _ask(self, parameters: Mapping[str, Any], *, again_on_500: bool) -> _Piece:
        given = self._client.with_organization(self._operation, parameters)
        answer = self._client.exchange(
            self._operation,
            bind(self._operation, given),
            lambda response: read_response(self._operation, response),
            again_on_500=again_on_500,
        )
        total = (answer.pagination or {}).get("totalItems")
        return _Piece(answer.data, total if isinstance(total, int) else None)

"""Say what a reader of lists needs of the client that sends its requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from calcom_provider.api.catalogue.operations import Operation
from calcom_provider.api.catalogue.parameters import Bound
from calcom_provider.api.http.transport import Response
from calcom_provider.api.rate_limit.governor import Cancel, Governor
from calcom_provider.api.stats import ClientStats

T = TypeVar("T")


class Sender(Protocol):
    """Send laid-out calls, and lend threads and the view of the request budget.

    The client is one; a reader knows no more of it than this, so that the client can make readers.
    """

    concurrency: int
    """Requests at the same time."""

    governor: Governor
    """What holds requests back, asked for its headroom before pages are read ahead."""

    page_sizes: dict[str, int]
    """By operationId: the page size that this API turned out to take, where it is less than usual."""

    @property
    def pool(self) -> ThreadPoolExecutor:
        """Return the threads that read pages ahead."""

    @property
    def stats(self) -> ClientStats:
        """Return what was sent so far."""

    def exchange(
        self,
        operation: Operation,
        bound: Bound,
        read: Callable[[Response], T],
        *,
        headers: Mapping[str, str] | None = None,
        cancel: Cancel | None = None,
        again_on_500: bool = True,
    ) -> T:
        """Send a laid-out call, repeating it as its retry class allows, and read the answer.

        :param operation: what is called.
        :param bound: the call laid out for the wire.
        :param read: reads a successful answer.
        :param headers: further headers; default none.
        :param cancel: ends waiting when it is set; default the sender's own.
        :param again_on_500: whether HTTP 500 may be asked about again; default True.
        """

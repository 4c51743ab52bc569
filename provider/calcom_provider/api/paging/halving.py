"""Find the rows that make a page end in HTTP 500, and read the others.

One row that the API cannot write hides all rows of its page. The page is cut in halves until the row stands
alone, without repeating what fails.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from calcom_provider.api.errors import CalComError, InvalidRequestError, ServerError

EXTRA_REQUESTS = 40
ROWS = 5


class Piece(Protocol):
    """Hold a part of a page."""

    @property
    def rows(self) -> list[Any] | None:
        """Return its rows, None where it is unchanged."""


P = TypeVar("P", bound=Piece)


@dataclass(slots=True)
class BadRows:
    """Hold what was found in one list: requests spent, and rows that cannot be read, by what names them."""

    requests: int = 0
    found: dict[Any, str] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def __bool__(self) -> bool:
        return bool(self.found)

    @property
    def reason(self) -> str:
        """Name the rows, for the run record."""
        return f"{', '.join(self.found.values())} cannot be read (HTTP 500); the others were read"


@dataclass(frozen=True, slots=True)
class Halved(Generic[P]):
    """Hold the parts of a page that could be read, in their order, and the positions of the other rows."""

    pieces: list[P]
    bad: frozenset[int]


class Halving(Generic[P]):
    """Halve the pages of one list.

    :param ask: asks once for so many rows from a position: ``ask(skip, take)``.
    :param key: gives the key of a row, to name the next one by.
    :param bad: what is known of the list.
    :param steady: whether a position means the same row in each request.
    """

    def __init__(
        self,
        ask: Callable[[int, int], P],
        key: Callable[[Any], Any],
        bad: BadRows,
        *,
        steady: bool,
    ) -> None:
        self._ask = ask
        self._key = key
        self._bad = bad
        self._steady = steady
        self._pieces: list[P] = []
        self._places: set[int] = set()

    def read(self, skip: int, take: int, error: CalComError | None) -> Halved[P]:
        """Read what can be read of a page.

        :param skip: rows before it.
        :param take: rows asked for.
        :param error: what the whole page ended with; None if it was not asked for, because it holds a known
            bad row.
        :raises CalComError: the page's own error, when there are too many bad rows, or it is the list that
            fails and no row of it.
        """
        with self._bad.lock:
            if error is not None:
                try:
                    # Behind the page nothing stands in the way: if that fails too, no row is to blame.
                    self._one(skip + take, 1, error)
                except InvalidRequestError:
                    pass
                except ServerError:
                    raise error from None
                self._split(skip, skip + take, error)
            else:
                self._around(skip, take)
            return Halved(self._pieces, frozenset(self._places))

    def _around(self, skip: int, take: int) -> None:
        """Read a page around the bad rows that are known by their positions."""
        place = skip
        for known in sorted(one for one in self._bad.found if skip <= one < skip + take):
            self._stretch(place, known, None)
            self._places.add(known)
            place = known + 1
        self._stretch(place, skip + take, None)

    def _stretch(self, start: int, end: int, cause: CalComError | None) -> None:
        """Read rows from one position to before another, which may hold bad ones."""
        if start >= end:
            return
        error = self._take(start, end, cause)
        if error is not None:
            self._split(start, end, cause or error)

    def _split(self, start: int, end: int, error: CalComError) -> None:
        """Read a stretch that failed: halve what is left until the first bad row stands alone, then go on."""
        good, failing, alone = start, end, end - start == 1
        while failing - good > 1:
            middle = (good + failing) // 2
            if self._take(good, middle, error) is None:
                if len(self._pieces[-1].rows or ()) < middle - good:
                    # The list ends here.
                    return
                good, alone = middle, False
            else:
                failing, alone = middle, middle - good == 1
        if alone or self._take(good, failing, error) is not None:
            self._note(good, error)
        self._stretch(failing, end, error)

    def _take(self, start: int, end: int, error: CalComError | None) -> CalComError | None:
        """Read a stretch in one request; return the failure if it ends in HTTP 500."""
        try:
            self._pieces.append(self._one(start, end - start, error))
        except ServerError as failure:
            if failure.status != 500 or failure is error:
                raise
            return failure
        return None

    def _one(self, skip: int, take: int, error: CalComError | None) -> P:
        if error is not None:
            self._bad.requests += 1
            if self._bad.requests > EXTRA_REQUESTS:
                raise error
        return self._ask(skip, take)

    def _note(self, place: int, error: CalComError) -> None:
        rows = next((piece.rows for piece in reversed(self._pieces) if piece.rows), None)
        last = self._key(rows[-1]) if rows else None
        after = 1
        while place - after in self._places:
            after += 1
        self._places.add(place)
        name = f"the row after id {last}" if after == 1 else f"row {after} after id {last}"
        self._bad.found[place if self._steady else (last, after)] = (
            name if last is not None else f"row {place + 1} of the list"
        )
        if len(self._bad.found) > ROWS:
            raise error

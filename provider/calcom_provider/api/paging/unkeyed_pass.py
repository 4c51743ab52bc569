"""Add up one pass over a list that has no usable order."""

from __future__ import annotations

from contextlib import suppress

from calcom_provider.api.paging.fetcher import Fetched, Key


class PassCount:
    """Add up one pass over a list without a usable order.

    ``hollow`` says that the pass ended with nothing after a full page, not even the last row of that page;
    ``stalled`` counts the last pages that held no new row.
    """

    def __init__(self) -> None:
        self.keys: set[Key] = set()
        self.rows = 0
        self.pages = 0
        self.full = False
        self.hollow = False
        self.stalled = 0
        self.total: int | None = None
        self._keyed = True
        self._steady = True

    def take(self, fetched: Fetched) -> None:
        """Add a page."""
        self.pages += 1
        self.rows += fetched.count
        self.full = fetched.full
        if fetched.keys is None and fetched.count:
            self._keyed = False
        before = len(self.keys)
        with suppress(TypeError):
            self.keys.update(fetched.keys or ())
        self.stalled = self.stalled + 1 if fetched.keys and len(self.keys) == before else 0
        total = (fetched.pagination or {}).get("totalItems")
        self._steady = self._steady and (self.pages == 1 or total == self.total)
        self.total = total

    @property
    def clean(self) -> bool:
        """Tell whether no row came twice: where one does, another has usually been missed."""
        return self._keyed and self._steady and len(self.keys) == self.rows

    @property
    def counted(self) -> bool:
        """Tell whether the rows are as many as the API says there are."""
        return self.clean and self.total == len(self.keys)

    @property
    def single(self) -> bool:
        """Tell whether all rows came on one page, so that they were there at one moment."""
        return self.pages == 1 and not self.full

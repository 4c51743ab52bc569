"""Add up one pass over a list that has no usable order."""

from __future__ import annotations

from contextlib import suppress

from calcom_provider.api.page_fetch import Fetched, Key


class Tally:
    """Add up one pass over a list without a usable order."""

    def __init__(self) -> None:
        self.keys: set[Key] = set()
        self.rows = 0
        self.pages = 0
        self.full = False
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
        with suppress(TypeError):
            self.keys.update(fetched.keys or ())
        total = (fetched.pagination or {}).get("totalItems")
        self._steady = self._steady and (self.pages == 1 or total == self.total)
        self.total = total

    @property
    def clean(self) -> bool:
        """Tell whether no row came twice: where one does, another has usually been missed."""
        return self._keyed and self._steady and len(self.keys) == self.rows

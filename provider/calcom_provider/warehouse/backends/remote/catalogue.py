"""What a session knows of the tables that there are, so that it does not ask for each of them again."""

from __future__ import annotations

import time
from collections.abc import Sequence

#: Seconds after which it asks again, whatever happened.
LASTS = 10.0

Columns = Sequence[tuple[str, str, str]]
"""Table, column and type of ours, of every column."""


class Catalogue:
    """Keep the columns of tables by what their names begin with.

    It is forgotten when the session changes a table, and when it is about to decide something by what it finds: when it
    has taken a lease, and when it begins to write.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Columns]] = {}

    def find(self, prefix: str) -> Columns | None:
        """Give the columns of the tables whose names begin so; None where they must be asked for.

        :param prefix: what the names begin with.
        """
        for known, (until, columns) in self._known.items():
            if prefix.startswith(known) and time.monotonic() < until:
                return [one for one in columns if one[0].startswith(prefix)]
        return None

    def keep(self, prefix: str, columns: Columns) -> None:
        """Take note of the columns of the tables whose names begin so.

        :param prefix: what the names begin with.
        :param columns: their columns.
        """
        self._known[prefix] = (time.monotonic() + LASTS, columns)

    def forget(self) -> None:
        """Know nothing more."""
        self._known.clear()

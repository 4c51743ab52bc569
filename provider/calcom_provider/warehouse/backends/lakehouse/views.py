"""Views of a lakehouse: a table keeps what they are made from, and each session sees them through its working copy."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, Protocol, cast

from calcom_provider.warehouse.backends.duckdb import DuckViews
from calcom_provider.warehouse.backends.lakehouse.columns import WORKING
from calcom_provider.warehouse.backends.lakehouse.consistency import Looking, await_consistency
from calcom_provider.warehouse.backends.lakehouse.working_copy import quote
from calcom_provider.warehouse.backends.protocols import SessionLike
from calcom_provider.warehouse.schema import Column

STORED = "calcom_views"
"""Table that keeps the views of the folder or namespace, whatever prefix their tables have."""

COLUMNS = (
    Column("name", "text", nullable=False, comment="Name of the view"),
    Column("definition", "text", nullable=False, comment="What it is made from, in DuckDB's SQL"),
)

_NAMES = re.compile(r'"((?:[^"]|"")*)"|(\w+)')


class Viewing(Protocol):
    """Describe what of a session views need."""

    @property
    def looks(self) -> int:
        """Count how often the session looked at what others wrote."""

    @property
    def views(self) -> StoredViews:
        """Give the views that it sees."""

    def knows(self, name: str) -> bool:
        """Tell whether there is a table of a name."""

    def all_names(self) -> Sequence[str]:
        """Name all tables."""

    def reflect(self, prefix: str) -> dict[str, dict[str, str]]:
        """Give the columns of the tables whose names begin with a prefix."""

    def create(self, name: str, columns: Sequence[Column], key: Sequence[str]) -> None:
        """Make a table unless it is there."""

    def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> int:
        """Run a statement."""

    def fetch(self, sql: str, params: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Run a query."""


class StoredViews:
    """Read and write the views that a lakehouse keeps.

    :param session: session that sees them.
    """

    def __init__(self, session: Viewing) -> None:
        self._session = session
        self._texts: dict[str, str] = {}
        #: The look of the session at which the texts were read.
        self._read = -1

    def texts(self) -> Mapping[str, str]:
        """Give what each view is made from, by name."""
        if self._read != self._session.looks:
            self._read = self._session.looks
            self._texts = {}
            if self._session.knows(STORED):
                found = self._session.fetch(f"SELECT name, definition FROM {quote(STORED)} ORDER BY name")
                self._texts = {str(name): str(text) for name, text in found}
        return self._texts

    def put(self, name: str, text: str) -> None:
        """Write a view in place of one of the same name, unless it is there as it is."""
        if self.texts().get(name) == text:
            return
        self._session.create(STORED, COLUMNS, ("name",))
        self.drop(name)
        self._session.execute(
            f"INSERT INTO {quote(STORED)} (name, definition) VALUES (:name, :text)",
            {"name": name, "text": text},
        )
        self._read = -1

    def drop(self, name: str) -> None:
        """Remove a view if it is there."""
        if name in self.texts():
            self._session.execute(f"DELETE FROM {quote(STORED)} WHERE name = :name", {"name": name})
            self._read = -1

    def behind(self, names: set[str]) -> dict[str, str]:
        """Give the views among some names, and those that they are made from, each after those that it needs.

        :param names: names that stand in a statement and are none of tables.
        """
        found: dict[str, str] = {}
        texts = self.texts() if names else {}
        for name in sorted(names & texts.keys()):
            others = names_in(texts[name]) & texts.keys() - {name}
            found |= self.behind(others) | {name: texts[name]}
        return found


def names_in(text: str) -> set[str]:
    """Give every word of a statement that may name something."""
    return {quoted.replace('""', '"') or plain for quoted, plain in _NAMES.findall(text)}


class LakeViews(DuckViews):
    """Spell views as DuckDB does; look them up, and keep them, in the lakehouse."""

    # The formats keep no comments of views.
    comments_query = ""

    def has_schema(self, session: SessionLike) -> bool:
        return not session.backend.schema or bool(_own(session).all_names())

    def relation(self, session: SessionLike, name: str) -> Literal["view", "table"] | None:
        own = _own(session)
        if own.knows(name):
            return "table"
        return "view" if name in own.views.texts() else None

    def await_consistency(
        self, session: SessionLike, prefix: str, wait: float
    ) -> Mapping[str, Collection[str]]:
        return await_consistency(cast(Looking, session), prefix, wait)

    def typed_columns(self, session: SessionLike, name: str) -> dict[str, str]:
        own = _own(session)
        if own.knows(name):
            kinds = own.reflect(name)[name]
            return {column: WORKING.get(kind, kind) for column, kind in kinds.items()}
        if name not in own.views.texts():
            return {}
        return {row[0]: row[1] for row in own.fetch(f"DESCRIBE SELECT * FROM {quote(name)}")}

    def put(self, session: SessionLike, name: str, text: str) -> bool:
        own = _own(session)
        # What cannot be read is not kept.
        own.fetch(f"DESCRIBE {text}")
        own.views.put(name, text)
        return False


def _own(session: SessionLike) -> Viewing:
    return cast(Viewing, session)

"""What backends share that ask a database rarely what there is, and convert the values of statements by its types."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from calcom_provider.warehouse.backends.base import Backend, Session, tabulate
from calcom_provider.warehouse.backends.remote.catalogue import Columns
from calcom_provider.warehouse.backends.remote.grammar import Grammar
from calcom_provider.warehouse.backends.remote.session import RemoteSession
from calcom_provider.warehouse.schema import Column


class RemoteBackend(Backend):
    """Remember the tables that there are, and the types of their columns.

    :cvar grammar: reads statements, and names as they stand there.
    :cvar clustered: what clusters a table by the column ``{}``.
    :cvar tenants: tables are clustered by the first of these columns that they have: each statement of a run is about
        one of its values.
    :param schema: schema of the tables; None for that of the connection.
    """

    grammar: ClassVar[Grammar]
    clustered: ClassVar[str]
    tenants: ClassVar[Sequence[str]]

    def __init__(self, schema: str | None) -> None:
        self.schema = schema
        #: Type of each column of tables that statements wrote to, by quoted table and stored name.
        self._types: dict[str, dict[str, str]] = {}

    @abstractmethod
    def columns_beginning(self, session: Session, prefix: str) -> Columns:
        """Ask for the columns of the tables whose names begin with a prefix."""

    @abstractmethod
    def columns_of(self, session: Session, stored: str) -> Columns:
        """Ask for the columns of a table.

        :param stored: its name as the database stores it.
        """

    def reflect(self, session: Session, prefix: str) -> dict[str, dict[str, str]]:
        own = _own(session)
        found = own.catalogue.find(prefix)
        if found is None:
            found = self.columns_beginning(session, prefix)
            own.catalogue.keep(prefix, found)
            for table, held in tabulate(found).items():
                self._types[self.qualify(table)] = self._spelled(held)
        return tabulate(found)

    def column_types(self, session: Session, table: str, columns: Sequence[str]) -> Mapping[str, str]:
        """Give the types of columns that a statement writes, by the names under which they are stored.

        :param session: session.
        :param table: quoted name of the table, with its schema or without.
        :param columns: quoted names.
        """
        known = self._types.get(table, {})
        if not set(map(self.grammar.unquoted, columns)) <= known.keys():
            mark = self.capabilities.quote
            rows = self.columns_of(session, table.rpartition(f"{mark}.{mark}")[2].strip(mark))
            known = self._types[table] = self._spelled({column: kind for _, column, kind in rows})
        return known

    def _spelled(self, columns: Mapping[str, str]) -> dict[str, str]:
        """Give the type of each column as the database names it, by the name as it is stored."""
        types = self.capabilities.types
        return {
            self.grammar.unquoted(self.quote(column)): types.get(kind, kind)
            for column, kind in columns.items()
        }

    def _take(self, session: Session, prefix: str, owner: str, scope: str | None) -> str | None:
        holder = super()._take(session, prefix, owner, scope)
        _own(session).catalogue.forget()
        return holder

    def create_table(
        self,
        session: Session,
        name: str,
        columns: Sequence[Column],
        key: Sequence[str],
        *,
        key_last: bool = False,
    ) -> None:
        own = _own(session)
        if name in own.made:
            return
        # No key is enforced; one that is only declared would promise what nobody holds.
        parts = ", ".join(self.define(column, key=column.name in key) for column in columns)
        tenant = next((one for one in self.tenants if one in {column.name for column in columns}), None)
        clustered = self.clustered.format(self.quote(tenant)) if tenant else ""
        session.execute(f"CREATE TABLE IF NOT EXISTS {self.qualify(name)} ({parts}){clustered}")
        own.made.add(name)
        if self.qualify(name) not in self._types:
            self._types[self.qualify(name)] = self._spelled({one.name: one.type for one in columns})


def _own(session: Session) -> RemoteSession[Any]:
    assert isinstance(session, RemoteSession)
    return session

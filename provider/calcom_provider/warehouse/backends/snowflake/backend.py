"""Snowflake as the engine sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from calcom_provider.warehouse.backends.base import Backend, Capabilities, Session, tabulate
from calcom_provider.warehouse.backends.registry import register
from calcom_provider.warehouse.backends.remote.stage import MARKS, SEQ
from calcom_provider.warehouse.backends.snowflake.connecting import SnowflakeTarget, opened, target_of
from calcom_provider.warehouse.backends.snowflake.naming import literal, quote, stored
from calcom_provider.warehouse.backends.snowflake.session import SnowflakeSession
from calcom_provider.warehouse.backends.snowflake.stage import SnowflakeStage
from calcom_provider.warehouse.backends.snowflake.statements import unquoted
from calcom_provider.warehouse.backends.snowflake.views import SnowflakeViews
from calcom_provider.warehouse.backends.sql_session import asset_base
from calcom_provider.warehouse.errors import UnsupportedTargetError
from calcom_provider.warehouse.rows import utc_text
from calcom_provider.warehouse.schema import Column

if TYPE_CHECKING:
    import sqlalchemy as sa

TYPES = {
    "integer": "NUMBER(38,0)",
    "float": "FLOAT",
    "text": "VARCHAR",
    "key": "VARCHAR",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP_NTZ(3)",
    "date": "DATE",
    "json": "VARIANT",
    "blob": "BINARY",
}
KNOWN = {
    "FLOAT": "float",
    "TEXT": "text",
    "BOOLEAN": "boolean",
    "TIMESTAMP_NTZ": "timestamp",
    "DATE": "date",
    "VARIANT": "json",
    "BINARY": "blob",
}
CAPABILITIES = Capabilities(
    name="snowflake",
    types=TYPES,
    order=quote(SEQ),
    transactional_ddl=False,
    stage_index=False,
    json_refuses=frozenset({"nul", "surrogate"}),
    longest_name=255,
    # Somebody who leaves out the quotes means one of them.
    folds_names=True,
    enforces_keys=False,
    prunes=True,
)

#: Tables are clustered by this column: each statement of a run is about one of its values.
TENANT = "organization_id"


@register("snowflake")
class SnowflakeBackend(Backend):
    """Use a schema of Snowflake.

    :param target: the account.
    :param schema: schema of the tables; None for that of the connection.
    """

    title = "Snowflake"
    capabilities = CAPABILITIES
    #: How it is asked for views, and how those of present versions are made. Reporting views are dbt's here.
    catalogue = SnowflakeViews()
    # They are temporary tables.
    stages_stay = False

    @classmethod
    def open(cls, target: sa.Engine | sa.URL | str | SnowflakeTarget, schema: str | None) -> SnowflakeBackend:
        if isinstance(target, SnowflakeTarget):
            return cls(target, schema)
        if hasattr(target, "dialect"):
            raise UnsupportedTargetError(
                "Snowflake is named by a URL or an Airflow connection, not by an engine"
            )
        return cls(target_of(target), schema)

    def __init__(self, target: SnowflakeTarget, schema: str | None) -> None:
        self.schema = schema
        self._target = target
        #: Type of each column of tables that statements wrote to, by quoted table and stored name.
        self._types: dict[str, dict[str, str]] = {}

    def connect(self) -> SnowflakeSession:
        return self._session(lasting=False)

    def connect_to_load(self) -> SnowflakeSession:
        return self._session(lasting=True)

    def _session(self, *, lasting: bool) -> SnowflakeSession:
        session = SnowflakeSession(self, opened(self._target, lasting=lasting), self.column_types)
        if self.schema and self._has_schema(session):
            # Temporary tables and stages are made where the session is.
            session.run(f"USE SCHEMA {quote(self.schema)}")
        return session

    def _has_schema(self, session: Session) -> bool:
        return self.catalogue.has_schema(session)

    def prepare(self, session: Session) -> None:
        if self.schema and not self._has_schema(session):
            session.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(self.schema)}")
            session.execute(f"USE SCHEMA {quote(self.schema)}")

    def quote(self, name: str) -> str:
        return quote(name)

    def resolved_schema(self, session: Session) -> str:
        return self.schema or stored(str(session.value("SELECT CURRENT_SCHEMA()")))

    def reflect(self, session: Session, prefix: str) -> dict[str, dict[str, str]]:
        assert isinstance(session, SnowflakeSession)
        found = session.catalogue.find(prefix)
        if found is None:
            rows = self._columns(session, "STARTSWITH(UPPER(c.table_name), UPPER(:name))", prefix)
            found = [row for row in rows if row[0].startswith(prefix)]
            session.catalogue.keep(prefix, found)
            for table, held in tabulate((row[0], *row[1:]) for row in found).items():
                self._types[self.qualify(table)] = _spelled(held)
        return tabulate(found)

    def _columns(self, session: Session, which: str, name: str) -> list[tuple[str, str, str]]:
        rows = session.fetch(
            "SELECT c.table_name, c.column_name, c.data_type, c.numeric_scale FROM information_schema.columns c"
            " JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name"
            f" WHERE c.table_schema = {':schema' if self.schema else 'CURRENT_SCHEMA()'} AND {which}"
            " AND t.table_type <> 'VIEW' ORDER BY c.table_name, c.ordinal_position",
            {"name": name, **({"schema": stored(self.schema)} if self.schema else {})},
        )
        return [
            (stored(str(table)), stored(str(column)), _ours(str(kind), scale))
            for table, column, kind, scale in rows
        ]

    def column_types(self, session: Session, table: str, columns: Sequence[str]) -> Mapping[str, str]:
        """Give the types of columns that a statement writes, by the names under which they are stored.

        :param session: session.
        :param table: quoted name of the table, with its schema or without.
        :param columns: quoted names.
        """
        known = self._types.get(table, {})
        if not {unquoted(name) for name in columns} <= known.keys():
            name = table.rpartition('"."')[2].strip('"')
            rows = self._columns(session, "c.table_name = :name", name)
            known = self._types[table] = _spelled({column: kind for _, column, kind in rows})
        return known

    def _take(self, session: Session, prefix: str, owner: str, scope: str | None) -> str | None:
        assert isinstance(session, SnowflakeSession)
        holder = super()._take(session, prefix, owner, scope)
        session.catalogue.forget()
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
        assert isinstance(session, SnowflakeSession)
        if name in session.made:
            return
        # Snowflake enforces no key; one that is only declared would promise what nobody holds.
        parts = ", ".join(self.define(column, key=column.name in key) for column in columns)
        clustered = f" CLUSTER BY ({quote(TENANT)})" if TENANT in {one.name for one in columns} else ""
        session.execute(f"CREATE TABLE IF NOT EXISTS {self.qualify(name)} ({parts}){clustered}")
        session.made.add(name)
        if self.qualify(name) not in self._types:
            self._types[self.qualify(name)] = _spelled({one.name: one.type for one in columns})

    def define(self, column: Column, *, key: bool = False) -> str:
        told = f" COMMENT {literal(column.comment)}" if column.comment else ""
        return super().define(column, key=key) + told

    def comment(self, session: Session, table: str, text: str, columns: Sequence[Column]) -> None:
        # Those of columns are part of their definitions.
        if text:
            session.execute(f"COMMENT ON TABLE {self.qualify(table)} IS {literal(text)}")

    def stage(
        self, session: Session, name: str, columns: Sequence[Column], key: Sequence[str]
    ) -> SnowflakeStage:
        assert isinstance(session, SnowflakeSession)
        parts = ", ".join(f"{quote(one.name)} {self.type_of(one)}" for one in [*columns, *MARKS])
        session.execute(f"CREATE OR REPLACE TEMPORARY TABLE {quote(name)} ({parts})")
        return SnowflakeStage(session, quote(name), columns, self.type_of, self.capabilities.json_refuses)

    def drop_stage(self, session: Session, name: str) -> None:
        session.execute(f"DROP TABLE IF EXISTS {quote(name)}")

    def rename_table(self, session: Session, name: str, to: str) -> None:
        session.execute(f"ALTER TABLE {self.qualify(name)} RENAME TO {self.qualify(to)}")

    def dialect(self) -> sa.Dialect:
        return self.catalogue.dialect()

    def view_columns(self, session: Session, name: str) -> list[str] | None:
        if self.catalogue.relation(session, name) != "view":
            return None
        return list(self.catalogue.typed_columns(session, name))

    def put_view(self, session: Session, name: str, text: str) -> None:
        self.catalogue.put(session, name, text)

    def view_texts(self, session: Session) -> dict[str, str]:
        rows = self.catalogue.fetch(
            session,
            "SELECT table_name, view_definition FROM information_schema.views"
            " WHERE table_schema = {schema} ORDER BY table_name",
        )
        return {stored(str(name)): str(text) for name, text in rows if text}

    def asset_base(self, session: Session) -> str | None:
        import sqlalchemy as sa

        names = [self._target.database, self.schema or self._target.schema]
        return asset_base("snowflake", sa.make_url(f"snowflake://{self._target.account}"), None, names)

    def time(self, moment: datetime) -> datetime:
        return datetime.fromisoformat(utc_text(moment))


def _spelled(columns: Mapping[str, str]) -> dict[str, str]:
    """Return the type of each column as a conversion names it, by the name as it is stored."""
    return {stored(column): TYPES.get(kind, kind) for column, kind in columns.items()}


def _ours(kind: str, scale: Any) -> str:
    if kind == "NUMBER" and scale == 0:
        return "integer"
    return KNOWN.get(kind, kind)

"""Snowflake as the engine sees it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from calcom_provider.warehouse.backends.base import Capabilities, Session
from calcom_provider.warehouse.backends.registry import register
from calcom_provider.warehouse.backends.remote.backend import RemoteBackend
from calcom_provider.warehouse.backends.remote.catalogue import Columns
from calcom_provider.warehouse.backends.remote.stage import MARKS, SEQ
from calcom_provider.warehouse.backends.snowflake.connecting import SnowflakeTarget, opened, target_of
from calcom_provider.warehouse.backends.snowflake.naming import literal, quote, stored
from calcom_provider.warehouse.backends.snowflake.session import SnowflakeSession
from calcom_provider.warehouse.backends.snowflake.stage import SnowflakeStage
from calcom_provider.warehouse.backends.snowflake.statements import GRAMMAR
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


@register("snowflake")
class SnowflakeBackend(RemoteBackend):
    """Use a schema of Snowflake.

    :param target: the account.
    :param schema: schema of the tables; None for that of the connection.
    """

    title = "Snowflake"
    capabilities = CAPABILITIES
    # Reporting views are dbt's here.
    view_catalogue = SnowflakeViews()
    grammar = GRAMMAR
    clustered = " CLUSTER BY ({})"
    tenants = ("organization_id",)
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
        super().__init__(schema)
        self._target = target

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
        return self.view_catalogue.has_schema(session)

    def prepare(self, session: Session) -> None:
        if self.schema and not self._has_schema(session):
            session.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(self.schema)}")
            session.execute(f"USE SCHEMA {quote(self.schema)}")

    def quote(self, name: str) -> str:
        return quote(name)

    def resolved_schema(self, session: Session) -> str:
        return self.schema or stored(str(session.value("SELECT CURRENT_SCHEMA()")))

    def columns_beginning(self, session: Session, prefix: str) -> Columns:
        rows = self._columns(session, "STARTSWITH(UPPER(c.table_name), UPPER(:name))", prefix)
        return [row for row in rows if row[0].startswith(prefix)]

    def columns_of(self, session: Session, stored: str) -> Columns:
        return self._columns(session, "c.table_name = :name", stored)

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

    def view_texts(self, session: Session) -> dict[str, str]:
        rows = self.view_catalogue.fetch(
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


def _ours(kind: str, scale: Any) -> str:
    if kind == "NUMBER" and scale == 0:
        return "integer"
    return KNOWN.get(kind, kind)

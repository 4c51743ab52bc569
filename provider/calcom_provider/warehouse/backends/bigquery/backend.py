"""BigQuery as the engine sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from calcom_provider.warehouse.backends import lease
from calcom_provider.warehouse.backends.base import Capabilities, Session, Stage
from calcom_provider.warehouse.backends.bigquery.client import target_of
from calcom_provider.warehouse.backends.bigquery.connecting import BigQueryTarget
from calcom_provider.warehouse.backends.bigquery.script import LOST
from calcom_provider.warehouse.backends.bigquery.session import BigQuerySession
from calcom_provider.warehouse.backends.bigquery.stage import BigQueryStage
from calcom_provider.warehouse.backends.bigquery.statements import GRAMMAR, literal, parsed, quote, unquoted
from calcom_provider.warehouse.backends.bigquery.views import BigQueryViewCatalogue
from calcom_provider.warehouse.backends.registry import register
from calcom_provider.warehouse.backends.remote.backend import RemoteBackend
from calcom_provider.warehouse.backends.remote.catalogue import Columns
from calcom_provider.warehouse.backends.remote.stage import MARKS, SEQ
from calcom_provider.warehouse.backends.sql_session import asset_base
from calcom_provider.warehouse.errors import UnsupportedTargetError
from calcom_provider.warehouse.rows import utc_text
from calcom_provider.warehouse.schema import Column

if TYPE_CHECKING:
    import sqlalchemy as sa

TYPES = {
    "integer": "INT64",
    "float": "FLOAT64",
    "text": "STRING",
    "key": "STRING",
    "boolean": "BOOL",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
    "json": "JSON",
    "blob": "BYTES",
}
KNOWN = {name: kind for kind, name in TYPES.items() if kind != "key"}
#: Parquet has no JSON: it is staged as text, and read when it is published.
STAGED = {**TYPES, "json": "STRING"}
CAPABILITIES = Capabilities(
    name="bigquery",
    types=TYPES,
    quote="`",
    order=quote(SEQ),
    transactional_ddl=False,
    stage_index=False,
    json_refuses=frozenset({"nul", "surrogate"}),
    longest_name=1024,
    enforces_keys=False,
    prunes=True,
    locks_rows=False,
)

_NAME = re.compile(r"[\w -]+")


@register("bigquery")
class BigQueryBackend(RemoteBackend):
    """Use a dataset of BigQuery.

    :param target: the project.
    :param schema: dataset of the tables.
    """

    title = "BigQuery"
    capabilities = CAPABILITIES
    # Reporting views are not made here.
    view_catalogue = BigQueryViewCatalogue()
    grammar = GRAMMAR
    clustered = " CLUSTER BY {}"
    tenants = ("organization_id", "scope")
    # Each would take seconds.
    keeps_ledgers = False

    @classmethod
    def open(cls, target: sa.Engine | sa.URL | str | BigQueryTarget, schema: str | None) -> BigQueryBackend:
        if isinstance(target, BigQueryTarget):
            return cls(target, schema)
        if hasattr(target, "dialect"):
            raise UnsupportedTargetError(
                "BigQuery is named by a URL or an Airflow connection, not by an engine"
            )
        return cls(target_of(target), schema)

    def __init__(self, target: BigQueryTarget, schema: str | None) -> None:
        super().__init__(schema or target.dataset)
        if not re.fullmatch(r"\w{1,1024}", self.schema or "", re.ASCII):
            raise UnsupportedTargetError(
                f"A dataset of BigQuery has a name of letters, digits and underscores, not {self.schema!r}"
            )
        self._target = target
        #: Whether the dataset was there.
        self._found = False

    def connect(self) -> BigQuerySession:
        return BigQuerySession(self, self._target.connect(self.schema or ""), self.column_types)

    def prepare(self, session: Session) -> None:
        assert isinstance(session, BigQuerySession)
        if not self._has_dataset(session):
            session.connection.make_dataset()

    def _has_dataset(self, session: BigQuerySession) -> bool:
        self._found = self._found or session.connection.has_dataset()
        return self._found

    def refuses_name(self, name: str) -> str:
        return "" if _NAME.fullmatch(name) else "names hold letters, digits, spaces, - and _"

    def quote(self, name: str) -> str:
        return quote(name)

    def reflect(self, session: Session, prefix: str) -> dict[str, dict[str, str]]:
        assert isinstance(session, BigQuerySession)
        return super().reflect(session, prefix) if self._has_dataset(session) else {}

    def columns_beginning(self, session: Session, prefix: str) -> Columns:
        return self._columns(session, "STARTS_WITH(table_name, :name)", prefix)

    def columns_of(self, session: Session, stored: str) -> Columns:
        return self._columns(session, "table_name = :name", stored)

    def _columns(self, session: Session, which: str, name: str) -> list[tuple[str, str, str]]:
        views = f"{quote(self.schema or '')}.INFORMATION_SCHEMA"
        rows = session.fetch(
            f"SELECT table_name, column_name, data_type FROM {views}.COLUMNS WHERE {which} AND table_name IN"
            f" (SELECT table_name FROM {views}.TABLES WHERE table_type = 'BASE TABLE')"
            " ORDER BY table_name, ordinal_position",
            {"name": name},
        )
        return [(str(table), str(column), KNOWN.get(str(kind), str(kind))) for table, column, kind in rows]

    # -- leases
    # ----------------------------------------------------------------------------------------------------

    def still_locked(self, session: Session, prefix: str, owner: str, scope: str | None = None) -> bool:
        assert isinstance(session, BigQuerySession)
        # It may be lost before the transaction is sent.
        session.require(*lease.on_tables(prefix, owner, scope).held_query(session), LOST)
        return super().still_locked(session, prefix, owner, scope)

    @contextmanager
    def publishing(
        self, session: Session, prefix: str, owner: str, *, changes_schema: bool
    ) -> Iterator[None]:
        assert isinstance(session, BigQuerySession)
        with super().publishing(session, prefix, owner, changes_schema=changes_schema):
            session.require(*lease.on_tables(prefix, owner).held_query(session), LOST)
            yield

    # -- tables
    # ----------------------------------------------------------------------------------------------------

    def define(self, column: Column, *, key: bool = False) -> str:
        told = f" OPTIONS(description={literal(column.comment)})" if column.comment else ""
        return super().define(column, key=key) + told

    def comment(self, session: Session, table: str, text: str, columns: Sequence[Column]) -> None:
        # Those of columns are part of their definitions.
        if text:
            session.execute(f"ALTER TABLE {self.qualify(table)} SET OPTIONS (description={literal(text)})")

    def stage(
        self, session: Session, name: str, columns: Sequence[Column], key: Sequence[str]
    ) -> BigQueryStage:
        assert isinstance(session, BigQuerySession)
        session.connection.make_stage(name, {one.name: STAGED[one.type] for one in [*columns, *MARKS]})
        session.stages.add(quote(name))
        return BigQueryStage(session, quote(name), columns, self.capabilities.json_refuses)

    def extend_stage(
        self, session: Session, stage: Stage, columns: Sequence[Column], new: Sequence[Column]
    ) -> None:
        added = ", ".join(f"ADD COLUMN {quote(column.name)} {STAGED[column.type]}" for column in new)
        session.execute(f"ALTER TABLE {stage.name} {added}")
        stage.shape(columns)

    def staged(self, column: Column, spelling: str) -> str:
        return parsed(spelling) if column.type == "json" else spelling

    def drop_stage(self, session: Session, name: str) -> None:
        assert isinstance(session, BigQuerySession)
        session.connection.drop(name)
        session.stages.discard(quote(name))

    def drop_stages(self, session: Session, stem: str) -> None:
        assert isinstance(session, BigQuerySession)
        own = [unquoted(name) for name in session.stages]
        names = [name for name in own if name.startswith(f"{stem}_")]
        for name in names or session.connection.names(f"{stem}_"):
            self.drop_stage(session, name)

    def view_texts(self, session: Session) -> dict[str, str]:
        rows = self.view_catalogue.fetch(
            session,
            "SELECT table_name, view_definition FROM {schema}.INFORMATION_SCHEMA.VIEWS ORDER BY table_name",
        )
        return {str(name): str(text) for name, text in rows if text}

    def asset_base(self, session: Session) -> str | None:
        import sqlalchemy as sa

        return asset_base("bigquery", sa.make_url(f"bigquery://{self._target.project}"), None, [self.schema])

    def time(self, moment: datetime) -> datetime:
        return datetime.fromisoformat(utc_text(moment)).replace(tzinfo=UTC)

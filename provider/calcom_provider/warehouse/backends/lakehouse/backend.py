"""A lakehouse as the engine sees it: a database whose statements run in a working copy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from calcom_provider.warehouse.backends.base import Backend, Capabilities, Session
from calcom_provider.warehouse.backends.duckdb import DuckStage
from calcom_provider.warehouse.backends.lakehouse.columns import WORKING
from calcom_provider.warehouse.backends.lakehouse.formats import ConflictError, LakeFormat, LakeTarget
from calcom_provider.warehouse.backends.lakehouse.places import open_format
from calcom_provider.warehouse.backends.lakehouse.session import LakeSession
from calcom_provider.warehouse.backends.lakehouse.views import LakeViews
from calcom_provider.warehouse.backends.lakehouse.working_copy import quote
from calcom_provider.warehouse.backends.registry import register
from calcom_provider.warehouse.errors import UnsupportedTargetError
from calcom_provider.warehouse.rows import utc_text
from calcom_provider.warehouse.schema import Column

if TYPE_CHECKING:
    import sqlalchemy as sa

CAPABILITIES = Capabilities(
    name="the lakehouse",
    types=WORKING,
    order="rowid",
    stage_index=False,
    alike=frozenset({("text", "json")}),
    json_refuses=frozenset({"surrogate"}),
    longest_name=200,
    # The working copy does.
    folds_names=True,
    spans_tables=False,
)

#: How often a lease is given back when others write theirs at this moment.
TRIES = 10


@register("delta", "iceberg")
class LakeBackend(Backend):
    """Use tables in an open format.

    :param target: such as ``delta+file:///folder``, with options beside it where they are secret.
    :param schema: folder under that of the lakehouse, or namespace of the catalog.
    """

    title = "Lakehouse"
    capabilities = CAPABILITIES
    stages_stay = False
    # Each commit is a file of its own: one for every booking would be thousands a day.
    patchable = False
    views = LakeViews()
    names_schema = False

    @classmethod
    def open(cls, target: sa.Engine | sa.URL | LakeTarget | str, schema: str | None) -> LakeBackend:
        if isinstance(target, str):
            return cls(LakeTarget(target), schema)
        if isinstance(target, LakeTarget):
            return cls(target, schema)
        raise UnsupportedTargetError("A lakehouse is named by a URL, such as delta+file:///folder")

    def __init__(self, target: LakeTarget, schema: str | None) -> None:
        self.schema = schema
        self.format: LakeFormat = open_format(target, schema)

    def connect(self) -> LakeSession:
        return LakeSession(self, self.format)

    def close(self) -> None:
        self.format.close()

    def quote(self, name: str) -> str:
        return quote(name)

    def qualify(self, name: str) -> str:
        return quote(name)

    def refuses_name(self, name: str) -> str:
        if "/" in name or name.startswith("."):
            return "names of folders hold no slash, and begin with no dot"
        return super().refuses_name(name)

    def reflect(self, session: Session, prefix: str) -> dict[str, dict[str, str]]:
        return _own(session).reflect(prefix)

    def create_table(
        self,
        session: Session,
        name: str,
        columns: Sequence[Column],
        key: Sequence[str],
        *,
        key_last: bool = False,
    ) -> None:
        _own(session).create(name, columns, key)

    def view_texts(self, session: Session) -> dict[str, str]:
        return dict(_own(session).views.texts())

    def comment(self, session: Session, table: str, text: str, columns: Sequence[Column]) -> None:
        _own(session).describe(table, text, columns)

    def stage(self, session: Session, name: str, columns: Sequence[Column], key: Sequence[str]) -> DuckStage:
        self.drop_stage(session, name)
        parts = ", ".join(f"{quote(column.name)} {WORKING[column.type]}" for column in columns)
        session.execute(f'CREATE TEMP TABLE {quote(name)} ({parts}, "_calcom_row_hash" BIGINT)')
        return DuckStage(cast(Any, session), f"temp.main.{quote(name)}", columns)

    def drop_stage(self, session: Session, name: str) -> None:
        session.execute(f"DROP TABLE IF EXISTS temp.main.{quote(name)}")

    def _take(self, session: Session, prefix: str, owner: str, scope: str | None) -> str | None:
        try:
            return super()._take(session, prefix, owner, scope)
        except ConflictError:
            return "another run that took them at this moment"

    def unlock(self, session: Session, prefix: str, owner: str, scope: str | None = None) -> None:
        # Another run takes a lease whose holder has ended; it is looked for again, and is ours no more.
        for _ in range(TRIES):
            try:
                super().unlock(session, prefix, owner, scope)
                return
            except ConflictError:
                continue

    def time(self, moment: datetime) -> datetime:
        return datetime.fromisoformat(utc_text(moment))


def _own(session: Session) -> LakeSession:
    assert isinstance(session, LakeSession)
    return session

"""How views of present versions are made and looked up in BigQuery; reporting views are not made there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from calcom_provider.warehouse.backends.protocols import SessionLike
from calcom_provider.warehouse.backends.views import Views

if TYPE_CHECKING:
    import sqlalchemy as sa


class BigQueryViews(Views):
    """Make and look up views; times are ``TIMESTAMP``."""

    functions: ClassVar[Mapping[str, str]] = {}
    relation_query = (
        "SELECT LOWER(table_type) FROM {schema}.INFORMATION_SCHEMA.TABLES WHERE table_name = :name"
    )
    columns_query = (
        "SELECT column_name, data_type FROM {schema}.INFORMATION_SCHEMA.COLUMNS"
        " WHERE table_name = :name ORDER BY ordinal_position"
    )

    def dialect(self) -> sa.Dialect:
        raise NotImplementedError("reporting views are not made in BigQuery")

    def fetch(self, session: SessionLike, query: str, **params: str) -> list[tuple[Any, ...]]:
        # The dataset is part of what is asked there, and no value.
        return session.fetch(query.format(schema=session.backend.quote(session.backend.schema or "")), params)

    def json_text(self, document: str, keys: Sequence[str]) -> str:
        raise NotImplementedError("reporting views are not made in BigQuery")

    def json_listed(self, document: str, key: str, field: str, flag: str) -> str:
        raise NotImplementedError("reporting views are not made in BigQuery")

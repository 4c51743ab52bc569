"""How views of present versions are made and looked up in BigQuery; reporting views are not made there."""

from __future__ import annotations

from typing import Any

from calcom_provider.warehouse.backends.protocols import SessionLike
from calcom_provider.warehouse.backends.views import ViewCatalogue


class BigQueryViewCatalogue(ViewCatalogue):
    """Make and look up views; times are ``TIMESTAMP``."""

    relation_query = (
        "SELECT LOWER(table_type) FROM {schema}.INFORMATION_SCHEMA.TABLES WHERE table_name = :name"
    )
    columns_query = (
        "SELECT column_name, data_type FROM {schema}.INFORMATION_SCHEMA.COLUMNS"
        " WHERE table_name = :name ORDER BY ordinal_position"
    )

    def fetch(self, session: SessionLike, query: str, **params: str) -> list[tuple[Any, ...]]:
        # The dataset is part of what is asked there, and no value.
        return session.fetch(query.format(schema=session.backend.quote(session.backend.schema or "")), params)

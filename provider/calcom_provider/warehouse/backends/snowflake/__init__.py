"""Snowflake as a warehouse: Parquet into a stage of the session, COPY, statements on sets of rows."""

from __future__ import annotations

# Imported so that it registers itself for its dialect.
from calcom_provider.warehouse.backends.snowflake import backend as backend

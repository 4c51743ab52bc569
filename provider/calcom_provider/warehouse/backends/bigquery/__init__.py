"""BigQuery as a warehouse: Parquet by load jobs into staging tables, one script that publishes all tables."""

from __future__ import annotations

# Imported so that it registers itself for its dialect.
from calcom_provider.warehouse.backends.bigquery import backend as backend

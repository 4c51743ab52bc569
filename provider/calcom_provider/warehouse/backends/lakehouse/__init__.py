"""Tables in open formats as a warehouse: Delta Lake and Apache Iceberg."""

from __future__ import annotations

# Imported so that it registers itself for its dialects.
from calcom_provider.warehouse.backends.lakehouse import backend as backend

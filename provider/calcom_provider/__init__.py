"""Apache Airflow provider that keeps a Cal.com organisation and a warehouse in step, both ways."""

from __future__ import annotations

__version__ = "0.1.0"

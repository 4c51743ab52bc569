"""Carry Cal.com into a warehouse as a task of Airflow."""

from __future__ import annotations

from calcom_provider.lazy import reexport

__getattr__, __dir__, __all__ = reexport(
    __name__,
    {
        "transfers.calcom_to_sql": ("CalComToSqlOperator",),
        "transfers.events_to_sql": ("CalComEventSyncOperator",),
        "transfers.fleet": ("CalComFleetPlanOperator", "CalComFleetSummaryOperator"),
        "transfers.fleet_to_sql": ("CalComFleetToSqlOperator",),
    },
)

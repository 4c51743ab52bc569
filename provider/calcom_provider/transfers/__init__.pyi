from calcom_provider.transfers.calcom_to_sql import CalComToSqlOperator
from calcom_provider.transfers.events_to_sql import CalComEventSyncOperator
from calcom_provider.transfers.fleet import CalComFleetPlanOperator, CalComFleetSummaryOperator
from calcom_provider.transfers.fleet_to_sql import CalComFleetToSqlOperator

__all__ = [
    "CalComEventSyncOperator",
    "CalComFleetPlanOperator",
    "CalComFleetSummaryOperator",
    "CalComFleetToSqlOperator",
    "CalComToSqlOperator",
]

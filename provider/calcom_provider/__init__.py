"""Apache Airflow provider that keeps a Cal.com organisation and a warehouse in step, both ways.

What most users import stands here, whatever room it lives in; nothing is imported before it is asked for.
"""

from __future__ import annotations

from calcom_provider.lazy import reexport

__version__ = "0.2.0"

__getattr__, __dir__, __all__ = reexport(
    __name__,
    {
        "api.client": ("CalComClient",),
        "api.http.auth": ("AccessToken", "ApiKey", "ManagedUser", "PlatformClient"),
        "errors": ("CalComError",),
        "hooks.calcom": ("CalComHook",),
        "notifications.calcom": ("CalComNotifier",),
        "operators.calcom": ("CalComManagedOrganizationsOperator", "CalComOperator"),
        "operators.checks": ("CalComWarehouseCheckOperator",),
        "operators.delegation": ("CalComDelegationCredentialOperator",),
        "operators.events": ("CalComWebhooksOperator",),
        "operators.hr_apply": ("CalComApplyWriteBackOperator", "CalComUndoWriteBackOperator"),
        "operators.hr_attributes": ("CalComAttributeSyncOperator",),
        "operators.hr_bulk": ("CalComAssignAttributesOperator", "CalComCreateOutOfOfficeOperator"),
        "operators.hr_out_of_office": ("CalComOutOfOfficeSyncOperator",),
        "operators.privacy": ("CalComErasePersonOperator", "CalComRetentionOperator"),
        "operators.reporting": ("CalComReportingOperator",),
        "sandbox.server": ("Sandbox",),
        "sensors.calcom": ("CalComBookingSensor", "CalComOutOfOfficeSensor"),
        "sync.options": ("SyncOptions",),
        "transfers.calcom_to_sql": ("CalComToSqlOperator",),
        "transfers.events_to_sql": ("CalComEventSyncOperator",),
        "transfers.fleet": ("CalComFleetPlanOperator", "CalComFleetSummaryOperator"),
        "transfers.fleet_to_sql": ("CalComFleetToSqlOperator",),
        "warehouse.engine": ("Warehouse",),
    },
)

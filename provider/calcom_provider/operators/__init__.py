"""Run calls, checks, views and write-backs as tasks of Airflow."""

from __future__ import annotations

from calcom_provider.lazy import reexport

__getattr__, __dir__, __all__ = reexport(
    __name__,
    {
        "operators.calcom": ("CalComManagedOrganizationsOperator", "CalComOperator", "ResponseCheckError"),
        "operators.checks": ("CalComWarehouseCheckOperator",),
        "operators.delegation": ("CalComDelegationCredentialOperator",),
        "operators.events": ("CalComWebhooksOperator",),
        "operators.hr_apply": ("CalComApplyWriteBackOperator", "CalComUndoWriteBackOperator"),
        "operators.hr_attributes": ("CalComAttributeSyncOperator",),
        "operators.hr_bulk": ("CalComAssignAttributesOperator", "CalComCreateOutOfOfficeOperator"),
        "operators.hr_out_of_office": ("CalComOutOfOfficeSyncOperator",),
        "operators.privacy": (
            "CalComErasePersonOperator",
            "CalComLakehouseMaintenanceOperator",
            "CalComRetentionOperator",
        ),
        "operators.reporting": ("CalComReportingOperator",),
        "operators.retry": ("CalComRetryPolicy",),
    },
)

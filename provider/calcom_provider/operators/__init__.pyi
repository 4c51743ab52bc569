from calcom_provider.operators.calcom import (
    CalComManagedOrganizationsOperator,
    CalComOperator,
    ResponseCheckError,
)
from calcom_provider.operators.checks import CalComWarehouseCheckOperator
from calcom_provider.operators.delegation import CalComDelegationCredentialOperator
from calcom_provider.operators.events import CalComWebhooksOperator
from calcom_provider.operators.hr_apply import CalComApplyWriteBackOperator, CalComUndoWriteBackOperator
from calcom_provider.operators.hr_attributes import CalComAttributeSyncOperator
from calcom_provider.operators.hr_bulk import CalComAssignAttributesOperator, CalComCreateOutOfOfficeOperator
from calcom_provider.operators.hr_out_of_office import CalComOutOfOfficeSyncOperator
from calcom_provider.operators.privacy import (
    CalComErasePersonOperator,
    CalComLakehouseMaintenanceOperator,
    CalComRetentionOperator,
)
from calcom_provider.operators.reporting import CalComReportingOperator
from calcom_provider.operators.retry import CalComRetryPolicy

__all__ = [
    "CalComApplyWriteBackOperator",
    "CalComAssignAttributesOperator",
    "CalComAttributeSyncOperator",
    "CalComCreateOutOfOfficeOperator",
    "CalComDelegationCredentialOperator",
    "CalComErasePersonOperator",
    "CalComLakehouseMaintenanceOperator",
    "CalComManagedOrganizationsOperator",
    "CalComOperator",
    "CalComOutOfOfficeSyncOperator",
    "CalComReportingOperator",
    "CalComRetentionOperator",
    "CalComRetryPolicy",
    "CalComUndoWriteBackOperator",
    "CalComWarehouseCheckOperator",
    "CalComWebhooksOperator",
    "ResponseCheckError",
]

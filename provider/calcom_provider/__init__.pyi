from calcom_provider.api.client import CalComClient
from calcom_provider.api.http.auth import AccessToken, ApiKey, ManagedUser, PlatformClient
from calcom_provider.errors import CalComError
from calcom_provider.hooks.calcom import CalComHook
from calcom_provider.notifications.calcom import CalComNotifier
from calcom_provider.operators.calcom import CalComManagedOrganizationsOperator, CalComOperator
from calcom_provider.operators.checks import CalComWarehouseCheckOperator
from calcom_provider.operators.delegation import CalComDelegationCredentialOperator
from calcom_provider.operators.events import CalComWebhooksOperator
from calcom_provider.operators.hr_apply import CalComApplyWriteBackOperator, CalComUndoWriteBackOperator
from calcom_provider.operators.hr_attributes import CalComAttributeSyncOperator
from calcom_provider.operators.hr_bulk import CalComAssignAttributesOperator, CalComCreateOutOfOfficeOperator
from calcom_provider.operators.hr_out_of_office import CalComOutOfOfficeSyncOperator
from calcom_provider.operators.privacy import CalComErasePersonOperator, CalComRetentionOperator
from calcom_provider.operators.reporting import CalComReportingOperator
from calcom_provider.sandbox.server import Sandbox
from calcom_provider.sensors.calcom import CalComBookingSensor, CalComOutOfOfficeSensor
from calcom_provider.sync.options import SyncOptions
from calcom_provider.transfers.calcom_to_sql import CalComToSqlOperator
from calcom_provider.transfers.events_to_sql import CalComEventSyncOperator
from calcom_provider.transfers.fleet import CalComFleetPlanOperator, CalComFleetSummaryOperator
from calcom_provider.transfers.fleet_to_sql import CalComFleetToSqlOperator
from calcom_provider.warehouse.engine import Warehouse

__all__ = [
    "AccessToken",
    "ApiKey",
    "CalComApplyWriteBackOperator",
    "CalComAssignAttributesOperator",
    "CalComAttributeSyncOperator",
    "CalComBookingSensor",
    "CalComClient",
    "CalComCreateOutOfOfficeOperator",
    "CalComDelegationCredentialOperator",
    "CalComErasePersonOperator",
    "CalComError",
    "CalComEventSyncOperator",
    "CalComFleetPlanOperator",
    "CalComFleetSummaryOperator",
    "CalComFleetToSqlOperator",
    "CalComHook",
    "CalComManagedOrganizationsOperator",
    "CalComNotifier",
    "CalComOperator",
    "CalComOutOfOfficeSensor",
    "CalComOutOfOfficeSyncOperator",
    "CalComReportingOperator",
    "CalComRetentionOperator",
    "CalComToSqlOperator",
    "CalComUndoWriteBackOperator",
    "CalComWarehouseCheckOperator",
    "CalComWebhooksOperator",
    "ManagedUser",
    "PlatformClient",
    "Sandbox",
    "SyncOptions",
    "Warehouse",
]

__version__: str

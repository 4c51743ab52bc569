from calcom_provider.errors import CalComError
from calcom_provider.hr.apply.applier import ApplyResult
from calcom_provider.hr.apply.stored_plans import stored_plan, undo_job
from calcom_provider.hr.attributes.columns import AttributeColumn, load_columns
from calcom_provider.hr.attributes.job import AttributeJob, AttributeSettings
from calcom_provider.hr.bulk import EntryJob, assignment_job
from calcom_provider.hr.config import attribute_settings, load_settings, out_of_office_settings
from calcom_provider.hr.errors import (
    DirectorySyncError,
    HrError,
    HrSettingsError,
    Issue,
    LedgerError,
    RefusedError,
    RowsFailedError,
    SourceError,
    WriterBusyError,
)
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.out_of_office.days import DayPolicy
from calcom_provider.hr.out_of_office.job import OutOfOfficeJob, OutOfOfficeSettings
from calcom_provider.hr.plan.guards import Confirmation, GuardLimits
from calcom_provider.hr.plan.model import Action, Plan, Verdict
from calcom_provider.hr.plan.settings import Common
from calcom_provider.hr.review.approval import markdown
from calcom_provider.hr.settings import settings_schema
from calcom_provider.hr.sources.mapping import (
    AbsenceMapping,
    EmployeeMapping,
    Field,
    HrMapping,
    SourceFormat,
    load_mapping,
)
from calcom_provider.hr.sources.rows import Rows, from_frame, from_records, from_table, read_csv, read_json
from calcom_provider.hr.target.gateway import Gateway
from calcom_provider.hr.target.matching import MatchSettings

__all__ = [
    "AbsenceMapping",
    "Action",
    "ApplyResult",
    "AttributeColumn",
    "AttributeJob",
    "AttributeSettings",
    "CalComError",
    "Common",
    "Confirmation",
    "DayPolicy",
    "DirectorySyncError",
    "EmployeeMapping",
    "EntryJob",
    "Field",
    "Gateway",
    "GuardLimits",
    "HrError",
    "HrMapping",
    "HrSettingsError",
    "Issue",
    "Ledger",
    "LedgerError",
    "MatchSettings",
    "OutOfOfficeJob",
    "OutOfOfficeSettings",
    "Plan",
    "RefusedError",
    "Rows",
    "RowsFailedError",
    "SourceError",
    "SourceFormat",
    "Verdict",
    "WriterBusyError",
    "assignment_job",
    "attribute_settings",
    "from_frame",
    "from_records",
    "from_table",
    "load_columns",
    "load_mapping",
    "load_settings",
    "markdown",
    "out_of_office_settings",
    "read_csv",
    "read_json",
    "settings_schema",
    "stored_plan",
    "undo_job",
]

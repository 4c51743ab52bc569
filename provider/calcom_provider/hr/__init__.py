"""HR data into Cal.com: rows, people, plans with guards, a ledger, and what applies and undoes them."""

from __future__ import annotations

from calcom_provider.lazy import reexport

__getattr__, __dir__, __all__ = reexport(
    __name__,
    {
        "errors": ("CalComError",),
        "hr.apply.applier": ("ApplyResult",),
        "hr.apply.stored_plans": ("stored_plan", "undo_job"),
        "hr.attributes.columns": ("AttributeColumn", "load_columns"),
        "hr.attributes.job": ("AttributeJob", "AttributeSettings"),
        "hr.bulk": ("EntryJob", "assignment_job"),
        "hr.config": ("attribute_settings", "load_settings", "out_of_office_settings"),
        "hr.errors": (
            "DirectorySyncError",
            "HrError",
            "HrSettingsError",
            "Issue",
            "LedgerError",
            "RefusedError",
            "RowsFailedError",
            "SourceError",
            "WriterBusyError",
        ),
        "hr.ledger.record": ("Ledger",),
        "hr.out_of_office.days": ("DayPolicy",),
        "hr.out_of_office.job": ("OutOfOfficeJob", "OutOfOfficeSettings"),
        "hr.plan.guards": ("Confirmation", "GuardLimits"),
        "hr.plan.model": ("Action", "Plan", "Verdict"),
        "hr.review.approval": ("markdown",),
        "hr.plan.settings": ("Common",),
        "hr.settings": ("settings_schema",),
        "hr.sources.mapping": (
            "AbsenceMapping",
            "EmployeeMapping",
            "Field",
            "HrMapping",
            "SourceFormat",
            "load_mapping",
        ),
        "hr.sources.rows": ("Rows", "from_frame", "from_records", "from_table", "read_csv", "read_json"),
        "hr.target.gateway": ("Gateway",),
        "hr.target.matching": ("MatchSettings",),
    },
)

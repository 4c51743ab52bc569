"""Write approved absences into the out-of-office entries of a Cal.com organisation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from calcom_provider.hr.config import out_of_office_settings
from calcom_provider.hr.errors import SourceError
from calcom_provider.hr.out_of_office.job import OutOfOfficeJob
from calcom_provider.operators.hr_base import WriteBackOperator
from calcom_provider.operators.hr_source import fetch, is_data

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from calcom_provider.hr.ledger.record import Ledger
    from calcom_provider.hr.plan.model import Plan
    from calcom_provider.hr.target.gateway import Gateway


class CalComOutOfOfficeSyncOperator(WriteBackOperator):
    """Bring the entries this sync owns to the approved absences; entries of people are never touched.

    Entries say neither the type of absence nor any comment: their reason is ``unspecified`` and their notes
    hold a mark only, unless a mapping opts in.

    .. seealso:: :ref:`howto/operator:CalComOutOfOfficeSyncOperator`

    :param absences: where absences come from: a path or ``{"path": ..., "conn_id": ...}``, ``{"sql": ...,
        "conn_id": ...}`` (both templated), records, a data frame, or another task's output.
    :param employees: where employees come from, in the same ways; needed when absence rows name people by
        id alone.
    :param partial_days: what a share of a day means: ``skip``, ``round_up`` or ``block``.
    :param threshold: smallest share that ``round_up`` takes.
    :param open_ended: what an absence without an end means: ``reject`` or ``roll``.
    :param roll_weeks: weeks from today that ``roll`` takes.
    :param horizon_days: how far ahead days are written.
    :param window_start: first day of which the source speaks (templated).
    :param window_end: last day of which the source speaks (templated).
    :param on_drift: what an entry edited by a person means: ``keep`` or ``overwrite``.
    :param on_missing: what an entry deleted by a person means: ``respect`` or ``recreate``.
    :param allow_sensitive_reason: whether a type may be shown as ``sick``.
    :param note: fixed public sentence in the notes.
    :param marker_secret_conn_id: Airflow connection whose password keys the digests in the notes.
    """

    template_fields: Sequence[str] = (
        *WriteBackOperator.template_fields,
        "absences",
        "employees",
        "window_start",
        "window_end",
    )
    template_fields_renderers = {"absences": "json", "employees": "json"}

    def __init__(
        self,
        *,
        absences: Any,
        employees: Any = None,
        partial_days: str = "skip",
        threshold: float = 0.75,
        open_ended: str = "reject",
        roll_weeks: int = 4,
        horizon_days: int = 180,
        window_start: str | date | None = None,
        window_end: str | date | None = None,
        on_drift: str = "keep",
        on_missing: str = "respect",
        allow_sensitive_reason: bool = False,
        note: str = "",
        marker_secret_conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.absences = None if is_data(absences) else absences
        self.employees = None if is_data(employees) else employees
        self.absences_data = absences if is_data(absences) else None
        self.employees_data = employees if is_data(employees) else None
        self.partial_days = partial_days
        self.threshold = threshold
        self.open_ended = open_ended
        self.roll_weeks = roll_weeks
        self.horizon_days = horizon_days
        self.window_start = window_start
        self.window_end = window_end
        self.on_drift = on_drift
        self.on_missing = on_missing
        self.allow_sensitive_reason = allow_sensitive_reason
        self.note = note
        self.marker_secret_conn_id = marker_secret_conn_id
        self.depend_on(absences, employees)

    def open_job(self, gateway: Gateway, ledger: Ledger | None) -> OutOfOfficeJob:
        """Return the job for the settings of this task."""
        names = (
            "partial_days", "threshold", "open_ended", "roll_weeks", "horizon_days", "window_start",
            "window_end", "on_drift", "on_missing", "allow_sensitive_reason", "note",
        )  # fmt: skip
        raw = self.common_values() | {name: getattr(self, name) for name in names}
        if self.marker_secret_conn_id:
            from airflow.providers.common.compat.sdk import BaseHook

            raw["marker_secret"] = BaseHook.get_connection(self.marker_secret_conn_id).password or ""
        return OutOfOfficeJob(gateway, out_of_office_settings(raw), ledger)

    def make_plan(self, job: OutOfOfficeJob, context: Context) -> Plan:
        """Fetch absences and employees and compare them with Cal.com."""
        common = job.settings.common
        mapping = common.mapping
        employees = self.employees_data if self.employees_data is not None else self.employees
        staff = fetch(employees, context, mapping.employees.source.read if mapping.employees else None)
        absences = self.absences_data if self.absences_data is not None else self.absences
        rows = fetch(absences, context, lambda data: mapping.read_absences(data, staff, common.today()))
        if rows is None:
            raise SourceError("absences: there is no source")
        return job.plan(rows, staff)

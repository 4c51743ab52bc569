"""Write HR data into the attributes of a Cal.com organisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from calcom_provider.hr.attributes.job import AttributeJob
from calcom_provider.hr.config import attribute_settings
from calcom_provider.hr.errors import SourceError
from calcom_provider.hr.review.names import Names, names_of
from calcom_provider.operators.hr_base import WriteBackOperator
from calcom_provider.operators.hr_source import fetch, is_data

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from calcom_provider.hr.ledger.record import Ledger
    from calcom_provider.hr.plan.model import Plan
    from calcom_provider.hr.target.gateway import Gateway


class CalComAttributeSyncOperator(WriteBackOperator):
    """Bring the attributes of all matched people to what HR says, writing only differences.

    The whole plan is judged by guards before the first write; a plan that looks like an accident is
    refused. Each write is recorded in the ledger before and after it is sent, so that a killed task can be
    run again.

    .. seealso:: :ref:`howto/operator:CalComAttributeSyncOperator`

    :param employees: where employees come from: a path or ``{"path": ..., "conn_id": ...}``, ``{"sql": ...,
        "conn_id": ...}`` (both templated), records, a data frame, or another task's output.
    :param columns: columns and the attributes they fill.
    :param directory_sync: whether a directory (SCIM) writes attributes here; has no default, because
        nothing that can be read says so.
    :param allow_weight_loss: whether weighted assignments may be taken back, which loses their weights.
    :param clear_terminated: whether people who left lose what was assigned here.
    """

    template_fields: Sequence[str] = (
        *WriteBackOperator.template_fields,
        "employees",
        "columns",
        "directory_sync",
    )
    template_fields_renderers = {"columns": "json", "employees": "json"}

    def __init__(
        self,
        *,
        employees: Any,
        columns: Mapping[str, Any],
        directory_sync: bool | str,
        allow_weight_loss: bool = False,
        clear_terminated: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.employees = None if is_data(employees) else employees
        self.employees_data = employees if is_data(employees) else None
        self.columns = columns
        self.directory_sync = directory_sync
        self.allow_weight_loss = allow_weight_loss
        self.clear_terminated = clear_terminated
        self.depend_on(employees)

    def open_job(self, gateway: Gateway, ledger: Ledger | None) -> AttributeJob:
        """Return the job for the settings of this task."""
        raw = {
            **self.common_values(),
            "columns": self.columns,
            "directory_sync": self.directory_sync,
            "allow_weight_loss": self.allow_weight_loss,
            "clear_terminated": self.clear_terminated,
        }
        return AttributeJob(gateway, attribute_settings(raw), ledger)

    def names(self, job: AttributeJob) -> Names:
        """Return what the attributes of the last plan are called."""
        return names_of(job.attributes)

    def make_plan(self, job: AttributeJob, context: Context) -> Plan:
        """Fetch the employees and compare them with Cal.com."""
        half = job.settings.common.mapping.employees
        source = self.employees_data if self.employees_data is not None else self.employees
        rows = fetch(source, context, half.source.read if half else None)
        if rows is None:
            raise SourceError("employees: there is no source")
        return job.plan(rows)

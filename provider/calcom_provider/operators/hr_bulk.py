"""Write rows of assignments or out-of-office entries, each at most once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator, XComArg

from calcom_provider.hooks.calcom import CalComHook
from calcom_provider.hr.apply.job import check_rows
from calcom_provider.hr.bulk import EntryJob, assignment_job
from calcom_provider.hr.sources.rows import from_frame
from calcom_provider.links import CalComOrganizationLink
from calcom_provider.operators.hr_base import hr_failures, hr_job
from calcom_provider.operators.retry import with_retry_policy

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from calcom_provider.hr.target.gateway import Gateway


class _BulkOperator(BaseOperator):
    template_fields: Sequence[str] = ("calcom_conn_id", "organization_id")
    operator_extra_links = (CalComOrganizationLink(),)
    ledger_conn_id = None

    def __init__(
        self,
        *,
        rows: Any,
        max_failed_rows: int = 0,
        calcom_conn_id: str = CalComHook.default_conn_name,
        organization_id: int | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**with_retry_policy(kwargs))
        self.rows = rows
        self.max_failed_rows = max_failed_rows
        self.calcom_conn_id = calcom_conn_id
        self.organization_id = organization_id
        XComArg.apply_upstream_relationship(self, rows)

    def _records(self, context: Context) -> list[Any]:
        rows = self.rows.resolve(context) if isinstance(self.rows, XComArg) else self.rows
        if hasattr(rows, "itertuples"):
            rows = from_frame(rows).records
        return list(rows)


class CalComAssignAttributesOperator(_BulkOperator):
    """Assign attribute values to users; what is assigned already is left as it is, and nothing is taken back.

    The rows are not rendered, so that no page of Airflow shows them.

    .. seealso:: :ref:`howto/operator:CalComAssignAttributesOperator`

    :param rows: ``{"user": id or e-mail, "attribute": id, slug or name, "value": ...}`` each; a list, a
        data frame or another task's output.
    :param missing_option: what a value without an option means: ``fail``, ``skip`` or ``create``.
    :param max_failed_rows: rows that may fail.
    :param calcom_conn_id: Airflow connection of type ``calcom`` (templated).
    :param organization_id: organisation, instead of the connection's (templated).
    """

    def __init__(self, *, missing_option: str = "fail", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.missing_option = missing_option

    def execute(self, context: Context) -> dict[str, Any]:
        """Assign what is missing; return ids, counts and codes.

        :param context: the task's context.
        """
        rows = self._records(context)

        def open_job(gateway: Gateway, _: Any) -> Any:
            return assignment_job(gateway, rows, self.missing_option)

        with hr_failures(self.log), hr_job(self, context, open_job) as (job, source):
            plan = job.plan(source)
            result = job.apply(plan, reread=False)
            unmatched = [one for one in plan.issues if one.code in {"unmatched", "ambiguous", "pending"}]
            self.log.info("Assigned: %s, users not found: %d", result.statuses, len(unmatched))
            check_rows(plan, result, self.max_failed_rows)
            return {**plan.summary(), **result.summary()}


class CalComCreateOutOfOfficeOperator(_BulkOperator):
    """Make out-of-office entries; one of the same user and days is left as it is.

    Days are civil days. The rows are not rendered, so that no page of Airflow shows them.

    .. seealso:: :ref:`howto/operator:CalComCreateOutOfOfficeOperator`

    :param rows: ``{"user": id or e-mail, "start": day, "end": day}`` each, and if wanted ``reason``,
        ``to_user`` and ``notes``; a list, a data frame or another task's output.
    :param max_failed_rows: rows that may fail.
    :param calcom_conn_id: Airflow connection of type ``calcom`` (templated).
    :param organization_id: organisation, instead of the connection's (templated).
    """

    def execute(self, context: Context) -> dict[str, Any]:
        """Make what is missing; return ids, counts and codes.

        :param context: the task's context.
        """
        rows = self._records(context)
        with hr_failures(self.log), hr_job(self, context, lambda gateway, _: EntryJob(gateway)) as job:
            plan = job.plan(rows)
            result = job.apply(plan)
            self.log.info("Entries: %s", result.statuses)
            check_rows(plan, result, self.max_failed_rows)
            return {**plan.summary(), **result.summary()}

"""Apply or undo a write-back plan that the ledger keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from calcom_provider.hooks.calcom import CalComHook
from calcom_provider.hr.apply.job import check_rows
from calcom_provider.hr.apply.stored_plans import stored_plan, undo_job
from calcom_provider.hr.attributes.job import AttributeJob, AttributeSettings
from calcom_provider.hr.errors import LedgerError, RowsFailedError
from calcom_provider.hr.out_of_office.job import OutOfOfficeJob, OutOfOfficeSettings
from calcom_provider.hr.plan.guards import Confirmation, GuardLimits
from calcom_provider.hr.plan.settings import Common
from calcom_provider.hr.sources.mapping import HrMapping
from calcom_provider.hr.validation import check
from calcom_provider.links import CalComOrganizationLink
from calcom_provider.operators import arguments
from calcom_provider.operators.hr_base import (
    hr_failures,
    hr_job,
    quarantine_told,
    started_by,
    tell_quarantine,
)
from calcom_provider.operators.retry import with_retry_policy

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from calcom_provider.hr.ledger.record import Ledger
    from calcom_provider.hr.target.gateway import Gateway


class _StoredPlanOperator(BaseOperator):
    template_fields: Sequence[str] = ("plan_id", "ledger_conn_id", "calcom_conn_id", "organization_id")
    operator_extra_links = (CalComOrganizationLink(),)

    def __init__(
        self,
        *,
        plan_id: str,
        ledger_conn_id: str,
        calcom_conn_id: str = CalComHook.default_conn_name,
        organization_id: int | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**with_retry_policy(kwargs))
        self.plan_id = plan_id
        self.ledger_conn_id = ledger_conn_id
        self.calcom_conn_id = calcom_conn_id
        self.organization_id = organization_id


class CalComApplyWriteBackOperator(_StoredPlanOperator):
    """Apply exactly the plan that was approved, and nothing else.

    Cal.com is read again. Actions whose precondition no longer holds are reported as ``stale`` and left
    out; above 5 of them and 5 % the plan is refused. Run again after a kill it continues where it stopped.

    .. seealso:: :ref:`howto/operator:CalComApplyWriteBackOperator`

    :param plan_id: id of the plan (templated).
    :param plan_hash: the hash that was approved; another one refuses (templated).
    :param ledger_conn_id: Airflow connection of the ledger's database (templated).
    :param confirm: override: the plan's hash, or exact counts by guard; ``plan_hash`` overrides nothing
        (templated).
    :param approved_by: who approved it, for the ledger; also who confirms, default who started the run
        (templated).
    :param limits: limits of the guards.
    :param max_failed_rows: row errors that do not fail the task.
    :param calcom_conn_id: Airflow connection of type ``calcom`` (templated).
    :param organization_id: organisation, instead of the connection's (templated).
    """

    template_fields: Sequence[str] = (
        *_StoredPlanOperator.template_fields,
        "plan_hash",
        "confirm",
        "approved_by",
    )

    def __init__(
        self,
        *,
        plan_hash: str,
        confirm: str | Mapping[str, int] | None = None,
        approved_by: str | None = None,
        limits: Mapping[str, Any] | None = None,
        max_failed_rows: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.plan_hash = plan_hash
        self.confirm = confirm
        self.approved_by = approved_by
        self.limits = limits
        self.max_failed_rows = max_failed_rows
        self._started_by = ""

    def execute(self, context: Context) -> dict[str, Any]:
        """Apply the plan; return ids, counts and codes.

        :param context: the task's context.
        :raises AirflowFailException: when the plan is not the approved one, is refused, or too much of it
            is stale.
        """
        self._started_by = started_by(context)
        with (
            hr_failures(self.log),
            quarantine_told(context),
            hr_job(self, context, self._job) as (job, plan),
        ):
            result = job.apply(plan, reread=True)
            tell_quarantine(context, result.quarantine)
            self.log.info("Plan %s applied: %s", plan.id, result.statuses)
            failed = result.failures
            if failed > self.max_failed_rows:
                check_rows(plan, result, self.max_failed_rows + plan.errors())
            return result.summary()

    def _job(self, gateway: Gateway, ledger: Ledger | None) -> Any:
        if ledger is None:
            raise LedgerError("an approved plan is kept in the ledger; set ledger_conn_id")
        approver = arguments.text(self.approved_by)
        confirm = Confirmation.of(
            self.confirm if isinstance(self.confirm, Mapping) else arguments.text(self.confirm),
            approver or self._started_by,
        )
        plan = stored_plan(ledger, self.plan_id, self.plan_hash, confirm)
        if approver:
            ledger.set_status(plan, ledger.plan_status(plan.id), approved_by=approver)
        limits = check(GuardLimits, dict(self.limits or {}), "limits")
        common = Common("UTC", HrMapping("stored"), plan.namespace, limits=limits, confirm=confirm)
        if plan.kind == "attributes":
            return AttributeJob(gateway, AttributeSettings(common, (), False), ledger), plan
        return OutOfOfficeJob(gateway, OutOfOfficeSettings(common), ledger), plan


class CalComUndoWriteBackOperator(_StoredPlanOperator):
    """Take an applied plan back, as far as that is possible; the result says what is not.

    .. seealso:: :ref:`howto/operator:CalComUndoWriteBackOperator`

    :param plan_id: id of the applied plan (templated).
    :param ledger_conn_id: Airflow connection of the ledger's database (templated).
    :param calcom_conn_id: Airflow connection of type ``calcom`` (templated).
    :param organization_id: organisation, instead of the connection's (templated).
    """

    def execute(self, context: Context) -> dict[str, Any]:
        """Undo the plan; return ids, counts and codes.

        :param context: the task's context.
        """
        with hr_failures(self.log), quarantine_told(context), hr_job(self, context, self._job) as job:
            undo = job.plan(self.plan_id)
            if not undo.plan.actions:
                return undo.summary()
            result = job.apply(undo.plan)
            if result.failures:
                raise RowsFailedError(f"{result.failures} actions could not be undone", codes=result.codes)
            return {**undo.summary(), **result.summary()}

    def _job(self, gateway: Gateway, ledger: Ledger | None) -> Any:
        if ledger is None:
            raise LedgerError("what was applied is kept in the ledger; set ledger_conn_id")
        return undo_job(gateway, ledger, self.plan_id)

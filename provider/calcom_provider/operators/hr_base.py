"""Share what the write-back operators have in common: connections, ledger, plan, apply, report."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import date
from typing import TYPE_CHECKING, Any

from airflow.exceptions import AirflowProviderDeprecationWarning
from airflow.providers.common.compat.sdk import AirflowFailException, BaseOperator, XComArg

from calcom_provider.hooks.calcom import CalComHook
from calcom_provider.hooks.error_mapping import explained, one_line
from calcom_provider.hooks.sql import warehouse_target
from calcom_provider.hr.apply.job import check_rows
from calcom_provider.hr.errors import HrError, RefusedError, RowsFailedError, WriterBusyError
from calcom_provider.hr.ledger.record import Ledger
from calcom_provider.hr.review.approval import markdown
from calcom_provider.hr.review.names import Names
from calcom_provider.hr.target.gateway import Gateway
from calcom_provider.links import CalComOrganizationLink, CalComPlanLink, plan_address
from calcom_provider.operators import arguments
from calcom_provider.operators.hr_source import is_data
from calcom_provider.operators.retry import with_retry_policy

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from calcom_provider.hr.plan.model import Plan

QUARANTINE_KEY = "quarantine"
"""Key of the XCom in which a task says that a quarantine began, lasts or ended."""

MAY_PASS = ("http_5", "transport", "TransportError", "unclear")


class WriteBackOperator(BaseOperator):
    """Hold what every write-back is set up with; see the operators for what they write.

    Sources that are data (records, a data frame, another task's output) are not rendered: rendered fields
    are shown in Airflow's pages.

    :param timezone: IANA zone of the organisation, in which "today" is meant (templated).
    :param mapping: name of a shipped mapping, path of a YAML file, or the mapping itself (templated).
    :param mapping_changes: values to lay over the mapping's halves.
    :param namespace: whose write-back this is.
    :param aliases: HR id or e-mail to Cal.com user id or e-mail.
    :param metadata_key: path of the HR id in the users' metadata.
    :param limits: limits of the guards, by the names of :class:`~calcom_provider.hr.plan.guards.GuardLimits`.
    :param confirm: override for this run: the plan's hash, or exact counts by guard; the ledger keeps who
        started the run that gives it (templated).
    :param as_of: the day to plan for, default today in ``timezone`` (templated).
    :param max_failed_rows: row errors that do not fail the task.
    :param retention_days: days after which the ledger forgets values.
    :param ledger_conn_id: Airflow connection of the ledger's database (templated).
    :param preview: plan only; the result says ``no_change``, ``changes`` or ``refused`` (templated).
    :param dry_run: the name that ``preview`` had in 0.1; it ends with 0.3.0.
    :param calcom_conn_id: Airflow connection of type ``calcom`` (templated).
    :param organization_id: organisation, instead of the connection's (templated).
    """

    template_fields: Sequence[str] = (
        "timezone",
        "mapping",
        "confirm",
        "as_of",
        "ledger_conn_id",
        "preview",
        "calcom_conn_id",
        "organization_id",
    )
    operator_extra_links = (CalComOrganizationLink(), CalComPlanLink())
    ui_color = "#e8e8e8"
    ui_fgcolor = "#111827"

    def __init__(
        self,
        *,
        timezone: str,
        mapping: str | Mapping[str, Any],
        mapping_changes: Mapping[str, Any] | None = None,
        namespace: str = "hr",
        aliases: Mapping[str, int | str] | None = None,
        metadata_key: str | None = None,
        limits: Mapping[str, Any] | None = None,
        confirm: str | Mapping[str, int] | None = None,
        as_of: str | date | None = None,
        max_failed_rows: int = 0,
        retention_days: float = 30,
        ledger_conn_id: str | None = None,
        preview: bool | str = False,
        dry_run: bool | str | None = None,
        calcom_conn_id: str = CalComHook.default_conn_name,
        organization_id: int | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**with_retry_policy(kwargs))
        self.timezone = timezone
        self.mapping = mapping
        self.mapping_changes = mapping_changes
        self.namespace = namespace
        self.aliases = aliases
        self.metadata_key = metadata_key
        self.limits = limits
        self.confirm = confirm
        self.as_of = as_of
        self.max_failed_rows = max_failed_rows
        self.retention_days = retention_days
        self.ledger_conn_id = ledger_conn_id
        # No attribute: dry_run() is Airflow's own, which renders the fields of a task.
        self.preview = preview if dry_run is None else _renamed(dry_run)
        self.calcom_conn_id = calcom_conn_id
        self.organization_id = organization_id
        self._started_by = ""

    @abstractmethod
    def open_job(self, gateway: Gateway, ledger: Ledger | None) -> Any:
        """Return the job this operator runs.

        :param gateway: the organisation.
        :param ledger: the ledger, None without one.
        """

    @abstractmethod
    def make_plan(self, job: Any, context: Context) -> Plan:
        """Return the plan of this run.

        :param job: what :meth:`open_job` returned.
        :param context: the task's context.
        """

    def execute(self, context: Context) -> dict[str, Any]:
        """Plan, and write unless this is a preview; return ids, counts and codes.

        :param context: the task's context.
        :raises AirflowFailException: when a guard refuses, settings are wrong, or rows failed that a retry
            won't mend.
        """
        preview = arguments.flag(self.preview, "preview")
        self._started_by = started_by(context)
        with (
            hr_failures(self.log),
            quarantine_told(context),
            hr_job(self, context, self.open_job) as job,
            nullcontext() if preview else job.lease(),
        ):
            plan = self.make_plan(job, context)
            self.show(plan, context, self.names(job))
            if preview:
                return plan.summary()
            result = job.apply(plan, reread=False)
            self.log.info("Plan %s applied: %s", plan.id, result.statuses)
            check_rows(plan, result, job.settings.common.max_failed_rows)
            return {**plan.summary(), **result.summary()}

    def names(self, job: Any) -> Names:
        """Return what attributes are called in the text for whoever approves.

        :param job: the job that has just planned.
        """
        return Names()

    def show(self, plan: Plan, context: Context, names: Names) -> None:
        """Log a plan's summary and hand its Markdown to whoever approves it.

        :param plan: the plan.
        :param context: the task's context.
        :param names: what attributes are called.
        """
        summary = plan.summary()
        told = {
            name: summary[name] for name in ("plan_id", "plan_hash", "outcome", "actions", "people", "issues")
        }
        self.log.info("Plan: %s", told)
        ledger = arguments.text(self.ledger_conn_id)
        link = plan_address(ledger, plan.id) if ledger else None
        context["ti"].xcom_push(key="plan_markdown", value=markdown(plan, names, link))
        tell_quarantine(context, plan.quarantine)
        CalComPlanLink().store_page(context, link)

    def common_values(self) -> dict[str, Any]:
        """Return the common settings as plain values."""
        names = (
            "timezone", "mapping", "mapping_changes", "namespace", "aliases", "metadata_key", "limits",
            "max_failed_rows", "retention_days",
        )  # fmt: skip
        values = {name: getattr(self, name) for name in names}
        confirm = self.confirm if isinstance(self.confirm, Mapping) else arguments.text(self.confirm)
        return values | {"confirm": confirm, "confirmed_by": self._started_by, "as_of": _day(self.as_of)}

    def depend_on(self, *sources: Any) -> None:
        """Run after the tasks whose outputs are sources.

        :param sources: sources as they were given.
        """
        for source in sources:
            if is_data(source):
                XComArg.apply_upstream_relationship(self, source)


def _renamed(dry_run: bool | str) -> bool | str:
    warnings.warn(
        "dry_run is called preview now; the argument dry_run ends with 0.3.0.",
        AirflowProviderDeprecationWarning,
        stacklevel=4,
    )
    return dry_run


def started_by(context: Context) -> str:
    """Return who started a run, which is who confirms what its parameters confirm; else the run itself.

    :param context: the task's context.
    """
    run: Any = context.get("dag_run")
    return str(getattr(run, "triggering_user_name", None) or f"run {getattr(run, 'run_id', 'unknown')}")


def tell_quarantine(context: Context, quarantine: Mapping[str, Any] | None) -> None:
    """Hand a quarantine to the notifier, which tells it once when it begins and once when it ends.

    :param context: the task's context.
    :param quarantine: the quarantine, None when there is none.
    """
    if quarantine:
        context["ti"].xcom_push(key=QUARANTINE_KEY, value=dict(quarantine))


@contextmanager
def quarantine_told(context: Context) -> Iterator[None]:
    """Hand the quarantine that a refusal began or met to the notifier.

    :param context: the task's context.
    """
    try:
        yield
    except RefusedError as refused:
        tell_quarantine(context, refused.quarantine)
        raise


@contextmanager
def hr_job(operator: Any, context: Context, open_job: Any) -> Iterator[Any]:
    """Open connections for the time of a job, and store where the organisation is to be seen.

    :param operator: holds the names of the connections.
    :param context: the task's context.
    :param open_job: makes the job from gateway and ledger.
    """
    hook = CalComHook(
        operator.calcom_conn_id, organization_id=arguments.number(operator.organization_id, "organization_id")
    )
    ledger_conn_id = arguments.text(operator.ledger_conn_id)
    ledger = Ledger(warehouse_target(ledger_conn_id)) if ledger_conn_id else None
    try:
        CalComOrganizationLink().store(context, hook.organization_url)
        yield open_job(Gateway(hook.get_conn()), ledger)
    finally:
        hook.close()
        if ledger is not None:
            ledger.close()


@contextmanager
def hr_failures(log: Any) -> Iterator[None]:
    """Fail at once where a retry cannot help: refusals, bad sources, rows that the API does not accept.

    :param log: the task's logger.
    """
    try:
        with explained(log):
            yield
    except RowsFailedError as error:
        if any(code.startswith(MAY_PASS) for code in error.codes):
            raise
        raise AirflowFailException(one_line(error)) from None
    except WriterBusyError:
        raise
    except HrError as error:
        raise AirflowFailException(one_line(error)) from None


def _day(value: Any) -> Any:
    return value if isinstance(value, date) else arguments.text(value)

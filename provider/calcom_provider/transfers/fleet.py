"""Plan a run over many organisations, and say afterwards what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException, BaseOperator, conf

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.hooks.calcom import CalComHook
from calcom_provider.hooks.error_mapping import explained
from calcom_provider.hooks.sql import warehouse_target
from calcom_provider.operators import arguments
from calcom_provider.operators.retry import with_retry_policy

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from calcom_provider.sync.fleet.model import FleetPlan, Job
    from calcom_provider.sync.fleet.organizations import Organization
    from calcom_provider.warehouse import Warehouse


class CalComFleetPlanOperator(BaseOperator):
    """Decide which organisations are read in which order, and deal them into batches for mapped tasks.

    The organisations are a list, the rows of a table, or, where neither is given, those that the connection's
    platform account manages; its own where it manages none. The log says beforehand how old everything will get,
    and what cannot be kept. The result is one small mapping for each batch: one connection, organisations and
    numbers of promises.

    .. seealso:: :ref:`howto/operator:CalComFleetPlanOperator`

    :param organizations: ids, or mappings with any of ``organization_id``, ``calcom_conn_id`` and ``priority``
        (templated).
    :param organizations_table: table of the warehouse's database and schema with these columns (templated).
    :param calcom_conn_id: connection of the organisations that name none, and of the platform account
        (templated).
    :param sql_conn_id: Airflow connection of the warehouse (templated).
    :param schema: database schema of the tables; default the connection's own (templated).
    :param table_prefix: what table names start with (templated).
    :param resource_names: what is read of each, as for the sync operator (templated).
    :param promises: name or group -> how old it may get, such as ``{"bookings": "1h", "group:teams": "1d"}``
        (templated).
    :param within: how long it is until the next run begins; default None, for a run that reads everything
        (templated).
    :param batch_size: syncs of one mapped task, default 25 (templated).
    :param parallel: batches that run side by side: ``max_active_tis_per_dagrun`` of the mapped task.
    """

    template_fields: Sequence[str] = (
        "organizations",
        "organizations_table",
        "calcom_conn_id",
        "sql_conn_id",
        "schema",
        "table_prefix",
        "resource_names",
        "promises",
        "within",
        "batch_size",
    )
    template_fields_renderers = {"organizations": "json", "promises": "json"}
    ui_color = "#e8e8e8"
    ui_fgcolor = "#111827"

    def __init__(
        self,
        *,
        organizations: Sequence[Any] | None = None,
        organizations_table: str | None = None,
        calcom_conn_id: str = CalComHook.default_conn_name,
        sql_conn_id: str,
        schema: str | None = None,
        table_prefix: str = "calcom_",
        resource_names: str | Sequence[str] = "default",
        promises: Mapping[str, Any] | str | None = None,
        within: timedelta | float | str | None = None,
        batch_size: int | str = 25,
        parallel: int = 4,
        **kwargs: Any,
    ) -> None:
        super().__init__(**with_retry_policy(kwargs))
        self.organizations = organizations
        self.organizations_table = organizations_table
        self.calcom_conn_id = calcom_conn_id
        self.sql_conn_id = sql_conn_id
        self.schema = schema
        self.table_prefix = table_prefix
        self.resource_names = resource_names
        self.promises = promises
        self.within = within
        self.batch_size = batch_size
        self.parallel = parallel

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Plan, say so in the log, and return the batches.

        :param context: the task's context.
        """
        with explained(self.log):
            return self._plan(context)

    def _plan(self, context: Context) -> list[dict[str, Any]]:
        from calcom_provider.sync.fleet.batches import deal
        from calcom_provider.sync.fleet.forecast import jobs_of
        from calcom_provider.sync.fleet.model import together
        from calcom_provider.sync.fleet.promises import promises_of
        from calcom_provider.warehouse import Warehouse

        promises = promises_of(self.resource_names, self.promises)
        began = datetime.now(UTC)
        schema = arguments.text(self.schema)
        with closing(
            Warehouse(warehouse_target(self.sql_conn_id), schema=schema, prefix=self.table_prefix)
        ) as warehouse:
            organizations = self._named(self._organizations(warehouse))
            last_reads = {}
            if warehouse.exists:
                with warehouse.fleet_records() as records:
                    last_reads = records.last_reads()
        jobs: dict[str, list[Job]] = {}
        for job in jobs_of(organizations, promises, last_reads):
            jobs.setdefault(job.organization.calcom_conn_id, []).append(job)
        if not jobs:
            raise ConfigurationError("There is no organization to read.")
        plans = [self._plan_one(conn_id, mine) for conn_id, mine in jobs.items()]
        size = arguments.number(self.batch_size, "batch_size") or 25
        batches = deal(plans, promises, size=size, parallel=self.parallel)
        _check_length(len(batches), len(jobs), size)
        whole = together(plans)
        for line in whole.lines():
            self.log.info("%s", line)
        context["ti"].xcom_push(key="plan", value=_told(whole, began, len(batches)))
        return [{"calcom_conn_id": one.calcom_conn_id, "jobs": list(map(list, one.jobs))} for one in batches]

    def _organizations(self, warehouse: Warehouse) -> list[Organization]:
        from calcom_provider.sync.fleet.organizations import organizations_of

        table = arguments.text(self.organizations_table)
        if self.organizations and table:
            raise ConfigurationError("organizations and organizations_table are not given both.")
        if table:
            with warehouse.fleet_records() as records:
                rows = records.listed(table)
            if not rows:
                raise ConfigurationError(f"Table {table} names no organization_id.")
            return organizations_of(rows, self.calcom_conn_id)
        if self.organizations:
            return organizations_of(self.organizations, self.calcom_conn_id)
        with closing(CalComHook(self.calcom_conn_id)) as hook:
            ids = [int(row["id"]) for row in hook.rows("managed_organizations.list")]
        # An account that manages none has its own.
        return organizations_of(ids or [{"calcom_conn_id": self.calcom_conn_id}], self.calcom_conn_id)

    def _named(self, organizations: list[Organization]) -> list[Organization]:
        """Return them with their ids; that of a connection alone is asked for where it is not part of it."""
        from dataclasses import replace

        found = []
        for one in organizations:
            number = one.organization_id
            if number is None:
                with closing(CalComHook(one.calcom_conn_id)) as hook:
                    number = hook.organization_id
            found.append(replace(one, organization_id=number))
        return found

    def _plan_one(self, conn_id: str, jobs: list[Job]) -> FleetPlan:
        from calcom_provider.sync.fleet.model import Budget
        from calcom_provider.sync.fleet.planner import plan_fleet
        from calcom_provider.sync.option_values import duration

        within = duration(self.within, "within")
        with closing(CalComHook(conn_id)) as hook:
            snapshot = hook.get_conn().governor.snapshot()
        return plan_fleet(
            jobs,
            budget=Budget.of(snapshot),
            within=None if within is None else within.total_seconds(),
            parallel=self.parallel,
        )


class CalComFleetSummaryOperator(BaseOperator):
    """Say what became of a run over many organisations, and record it.

    Runs after the mapped syncs, whatever became of them (``trigger_rule="all_done"``). The numbers come from the run
    records: organisations synced and failed, the worst age, requests, answers 429. They go into the log,
    ``calcom_sync_fleet_runs`` and XCom, and from there to the notifier and the report. The task fails when an
    organisation failed, so that the DAG run does.

    .. seealso:: :ref:`howto/operator:CalComFleetSummaryOperator`

    :param sql_conn_id: Airflow connection of the warehouse (templated).
    :param schema: database schema of the tables; default the connection's own (templated).
    :param table_prefix: what table names start with (templated).
    :param plan_task_id: task that planned.
    :param sync_task_id: mapped task that synced.
    """

    template_fields: Sequence[str] = ("sql_conn_id", "schema", "table_prefix")
    ui_color = "#e8e8e8"
    ui_fgcolor = "#111827"

    def __init__(
        self,
        *,
        sql_conn_id: str,
        schema: str | None = None,
        table_prefix: str = "calcom_",
        plan_task_id: str = "plan",
        sync_task_id: str = "sync",
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"trigger_rule": "all_done"} | kwargs)
        self.sql_conn_id = sql_conn_id
        self.schema = schema
        self.table_prefix = table_prefix
        self.plan_task_id = plan_task_id
        self.sync_task_id = sync_task_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Read the run records, record the whole, and return it.

        :param context: the task's context.
        :raises AirflowFailException: if an organisation failed.
        """
        with explained(self.log):
            return self._summarize(context)

    def _summarize(self, context: Context) -> dict[str, Any]:
        from calcom_provider.sync.fleet.results import fleet_result
        from calcom_provider.warehouse import Warehouse

        instance: Any = context["ti"]
        plan = instance.xcom_pull(task_ids=self.plan_task_id, key="plan")
        if not plan:
            raise AirflowFailException("Nothing was planned; see the log of the task that plans.")
        began = datetime.fromisoformat(plan["began"])
        told = self._failures(instance, plan["batches"])
        schema = arguments.text(self.schema)
        with (
            closing(
                Warehouse(warehouse_target(self.sql_conn_id), schema=schema, prefix=self.table_prefix)
            ) as warehouse,
            warehouse.fleet_records() as records,
        ):
            result = fleet_result(
                plan["organizations"],
                records.ended_runs(str(instance.run_id)),
                records.read_before(began),
                failures=told,
                planned_age=plan["worst_age"],
            )
            bad = result.synced < result.organizations
            recorded = records.record(
                {
                    "dag_id": instance.dag_id,
                    "dag_run_id": instance.run_id,
                    "started_at": began,
                    "finished_at": datetime.now(UTC),
                    "status": "failed" if bad else "success",
                    "organizations": result.organizations,
                    "synced": result.synced,
                    "failed": result.organizations - result.synced,
                    "requests": result.requests,
                    "throttled": result.throttled,
                    "waited_seconds": result.waited_seconds,
                    "worst_age_seconds": result.worst_age,
                    "planned_age_seconds": result.planned_age,
                }
            )
        if not recorded:
            self.log.warning("No sync has made the tables yet, so this run is not recorded in the database.")
        for line in (result.line, *result.failures()):
            self.log.info("%s", line)
        if bad:
            instance.xcom_push(key="return_value", value=result.to_dict())
            raise AirflowFailException("; ".join((result.line, *result.failures())))
        return result.to_dict()

    def _failures(self, instance: Any, batches: int) -> dict[str, str]:
        found: dict[str, str] = {}
        told = instance.xcom_pull(
            task_ids=self.sync_task_id, key="failures", map_indexes=list(range(batches))
        )
        for one in told or ():
            found |= one or {}
        return found


def _check_length(batches: int, credentials: int, size: int) -> None:
    most = conf.getint("core", "max_map_length", fallback=1024)
    if batches > most:
        raise ConfigurationError(
            f"{batches} batches are more than Airflow maps a task over ([core] max_map_length = {most}).",
            advice=(
                f"Raise max_map_length: {credentials} connections need a batch each."
                if credentials > most
                else f"Raise batch_size, which is {size}."
            ),
        )


def _told(plan: FleetPlan, began: datetime, batches: int) -> dict[str, Any]:
    """Return the plan in a few numbers, fit for XCom."""
    numbers = plan.to_dict()
    read = {one.job.organization.organization_id for one in plan.jobs}
    ages = [one.age for one in plan.jobs if one.age is not None]
    return {
        "began": began.isoformat(),
        "batches": batches,
        "organizations": len(read),
        "worst_age": max(ages, default=None),
        **{name: numbers[name] for name in ("requests", "seconds", "late", "impossible", "promises")},
    }

"""Sync a batch of organisations, one after the other, so that one that fails holds up no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

from calcom_provider.errors import CalComError
from calcom_provider.hooks.error_mapping import HOPELESS, explained, in_words
from calcom_provider.operators import arguments
from calcom_provider.transfers import metrics, outcome
from calcom_provider.transfers.calcom_to_sql import CalComToSqlOperator
from calcom_provider.transfers.options import run_labels, sync_options

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from calcom_provider.sync.fleet.promises import Promise
    from calcom_provider.warehouse import Warehouse

#: Characters of one failure that are told in XCom.
_TOLD = 300
ADDED = (
    "rows_changed",
    "requests",
    "throttled",
    "waited_seconds",
    "lock_seconds",
    "publish_retries",
    "seconds",
)


class BatchFailedError(CalComError):
    """Say that syncs of a batch failed; the others of it are published."""


class CalComFleetToSqlOperator(CalComToSqlOperator):
    """Sync a batch of organisations into warehouse tables, each in a transaction of its own.

    Made to be mapped over the batches of :class:`~calcom_provider.transfers.fleet.CalComFleetPlanOperator`. An
    organisation that fails does not keep the batch from the others; at the end the task fails and names how
    many there were. A retry leaves out what this DAG run has published already.

    .. seealso:: :ref:`howto/operator:CalComFleetToSqlOperator`

    :param batch: ``calcom_conn_id`` and ``jobs``: pairs of organisation and number of the promise (templated).
    :param promises: what is promised about the age of which resources, as the plan was given it (templated).
    """

    template_fields: Sequence[str] = (*CalComToSqlOperator.template_fields, "batch", "promises")
    template_fields_renderers = {
        "columns": "json",
        "overrides": "json",
        "delete_guard": "json",
        "confirm_deletes": "json",
        "batch": "json",
        "promises": "json",
    }

    def __init__(
        self,
        *,
        batch: Mapping[str, Any],
        promises: Mapping[str, Any] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.batch = batch
        self.promises = promises

    def execute(self, context: Context) -> dict[str, Any]:
        """Sync the organisations of the batch; return counts, small enough for XCom.

        :param context: the task's context.
        :raises AirflowFailException: when some failed, and no retry can help any of them.
        :raises BatchFailedError: when some failed, so that Airflow retries those.
        """
        with explained(self.log):
            return self._sync_batch(context)

    def _sync_batch(self, context: Context) -> dict[str, Any]:
        jobs = self._jobs()
        failed: dict[str, Exception] = {}
        totals: dict[str, Any] = {"organizations": len(jobs), "synced": 0, **dict.fromkeys(ADDED, 0)}
        tables: dict[str, dict[str, Any]] = {}
        self.calcom_conn_id = self.batch.get("calcom_conn_id") or self.calcom_conn_id
        options = sync_options(self, context)
        with closing(self._warehouse()) as warehouse:
            assets = self._assets(warehouse)
            done_before = self._published(context, warehouse)
            for number, promise in jobs:
                if (number, promise.resources) in done_before:
                    totals["synced"] += 1
                    continue
                try:
                    with closing(self._hook(number)) as hook:
                        done = self._sync_one(hook, warehouse, promise.resources, options)
                except Exception as error:
                    metrics.count_failure()
                    failed[str(number)] = error
                    self.log.error("Organization %s failed: %s", number, in_words(error))
                    continue
                metrics.count_sync(done)
                totals["synced"] += 1
                for name in ADDED:
                    totals[name] = round(totals[name] + done[name], 3)
                _add(tables, done["tables"])
        self._attach(context, assets, tables)
        told = {number: in_words(error)[:_TOLD] for number, error in failed.items()}
        context["ti"].xcom_push(key="failures", value=told)
        if failed:
            self._fail(failed, len(jobs))
        return totals

    def _published(self, context: Context, warehouse: Warehouse) -> set[tuple[int | None, tuple[str, ...]]]:
        """Return what earlier tries of this task have published."""
        if context["ti"].try_number <= 1:
            return set()
        with warehouse.fleet_records() as records:
            runs = records.ended_runs(run_labels(context)["dag_run_id"])
        read: dict[int, set[str]] = {}
        for run in runs:
            if run.status == "success":
                read.setdefault(run.organization_id, set()).update(run.resources)
        return {
            (number, promise.resources)
            for number, promise in self._jobs()
            if number is not None and set(promise.resources) <= read.get(number, set())
        }

    def _jobs(self) -> list[tuple[int | None, Promise]]:
        from calcom_provider.sync.fleet.promises import promises_of

        promises = promises_of(self.resource_names, self.promises)
        return [(number, promises[place]) for number, place in self.batch["jobs"]]

    def _attach(self, context: Context, assets: outcome.TableAssets, tables: dict[str, Any]) -> None:
        """Record the events of each table for the whole batch."""
        done = {
            "organization_id": None,
            "run_id": run_labels(context)["dag_run_id"],
            "dry_run": arguments.flag(self.preview, "preview"),
            "tables": tables,
        }
        outcome.attach_assets(context, assets, done)

    def _fail(self, failed: Mapping[str, Exception], number: int) -> None:
        text = f"{len(failed)} of {number} organizations failed: {', '.join(list(failed)[:10])}"
        if all(isinstance(error, HOPELESS) for error in failed.values()):
            raise AirflowFailException(text)
        raise BatchFailedError(text)

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """Return nothing: a batch has as many sources as organisations.

        :param task_instance: the task instance, as the listener passes it.
        """
        return None


def _add(tables: dict[str, dict[str, Any]], more: Mapping[str, Mapping[str, Any]]) -> None:
    for table, counts in more.items():
        held = tables.setdefault(table, dict.fromkeys(outcome.COUNTS, 0) | {"complete": True})
        for name in outcome.COUNTS:
            held[name] += counts[name]
        held["complete"] = held["complete"] and counts["complete"]

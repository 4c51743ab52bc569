"""Merge the rows that webhooks named into warehouse tables."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from calcom_provider.hooks.calcom import CalComHook
from calcom_provider.hooks.error_mapping import explained
from calcom_provider.hooks.sql import warehouse_target
from calcom_provider.operators import arguments
from calcom_provider.operators.retry import with_retry_policy
from calcom_provider.transfers.outcome import TableAssets

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from calcom_provider.sync import EventSyncResult, SyncOptions

COUNTS = ("rows_read", "inserted", "updated", "unchanged", "deleted")


class CalComEventSyncOperator(BaseOperator):
    """Read the rows again that webhooks named, and merge them into tables that a sync keeps.

    At most two requests a row; no watermark, page mark or proof of a complete read is moved. Give it the same choices
    (mode, deletes, columns) as the sync. Rows are claimed, so several event syncs may run; what a broken one leaves,
    its retry takes.

    .. seealso:: :ref:`howto/operator:CalComEventSyncOperator`

    :param calcom_conn_id: Airflow connection of type ``calcom`` (templated).
    :param sql_conn_id: Airflow connection of the warehouse (templated).
    :param events_conn_id: Airflow connection of the store of events (templated).
    :param organization_id: organisation; default the connection's (templated).
    :param schema: database schema of the tables; default the connection's own (templated).
    :param table_prefix: what table names start with (templated).
    :param mode: as for the sync (templated).
    :param deletes: as for the sync (templated).
    :param delete_guard: as for the sync; a deletion that it refuses is left to the sync, which asks it too (templated).
    :param columns: as for the sync (templated).
    :param hash_conn_id: as for the sync (templated).
    :param overrides: as for the sync (templated).
    :param most: rows to take at most in one run (templated).
    :param keep_days: days for which the store keeps what was merged: repeated deliveries are known by it, and misses
        are counted by it (templated).
    """

    template_fields: Sequence[str] = (
        "calcom_conn_id",
        "sql_conn_id",
        "events_conn_id",
        "organization_id",
        "schema",
        "table_prefix",
        "mode",
        "deletes",
        "delete_guard",
        "columns",
        "hash_conn_id",
        "overrides",
        "most",
        "keep_days",
    )
    template_fields_renderers = {"columns": "json", "delete_guard": "json", "overrides": "json"}
    ui_color = "#e8e8e8"
    ui_fgcolor = "#111827"

    def __init__(
        self,
        *,
        calcom_conn_id: str = CalComHook.default_conn_name,
        sql_conn_id: str,
        events_conn_id: str,
        organization_id: int | str | None = None,
        schema: str | None = None,
        table_prefix: str = "calcom_",
        mode: str = "auto",
        deletes: str = "auto",
        delete_guard: Mapping[str, Any] | str | None = None,
        columns: Mapping[str, Any] | None = None,
        hash_conn_id: str | None = None,
        overrides: Mapping[str, Mapping[str, str]] | None = None,
        most: int | str = 500,
        keep_days: int | str = 30,
        **kwargs: Any,
    ) -> None:
        super().__init__(**with_retry_policy(kwargs))
        self.calcom_conn_id = calcom_conn_id
        self.sql_conn_id = sql_conn_id
        self.events_conn_id = events_conn_id
        self.organization_id = organization_id
        self.schema = schema
        self.table_prefix = table_prefix
        self.mode = mode
        self.deletes = deletes
        self.delete_guard = delete_guard
        self.columns = columns
        self.hash_conn_id = hash_conn_id
        self.overrides = overrides
        self.most = most
        self.keep_days = keep_days

    def execute(self, context: Context) -> dict[str, Any]:
        """Merge what waits, and return counts.

        :param context: the task's context.
        :raises AirflowFailException: when a retry cannot help.
        :raises CalComError: for all else, so that Airflow retries.
        """
        with explained(self.log):
            done, assets = self._sync(context)
        summary = _summary(done, self.table_prefix)
        for table, counts in summary["tables"].items():
            if counts["inserted"] + counts["updated"] + counts["deleted"]:
                change = {"organization_id": summary["organization_id"], "by": "events", **counts}
                assets.record(context, table, change)
        told = ("organization_id", "changes", "merged", "left", "deferred", "requests", "late_seconds")
        self.log.info(
            "Organization %s: %d rows named, %d merged, %d left, %d deferred, %d requests,"
            " %.1f s from the oldest change",
            *(summary[name] for name in told),
        )
        return summary

    def _sync(self, context: Context) -> tuple[EventSyncResult, TableAssets]:
        from calcom_provider.hooks.events import event_store
        from calcom_provider.sync import sync_events
        from calcom_provider.warehouse import Warehouse

        hook = CalComHook(
            self.calcom_conn_id, organization_id=arguments.number(self.organization_id, "organization_id")
        )
        store = event_store(self.events_conn_id)
        warehouse = Warehouse(
            warehouse_target(self.sql_conn_id), schema=arguments.text(self.schema), prefix=self.table_prefix
        )
        try:
            assets = TableAssets(warehouse, self.outlets, self.sql_conn_id)
            done = sync_events(
                hook.get_conn(),
                warehouse,
                store,
                owner=_owner(context),
                options=self._options(context),
                most=arguments.number(self.most, "most") or 500,
            )
            store.forget_days(arguments.number(self.keep_days, "keep_days") or 30)
            return done, assets
        finally:
            hook.close()
            warehouse.close()
            store.database.close()

    def _options(self, context: Context) -> SyncOptions:
        from calcom_provider.sync import SyncOptions, TableOptions
        from calcom_provider.sync.option_values import deletion_guard
        from calcom_provider.transfers.options import column_policy, run_labels

        return SyncOptions(
            mode=arguments.text(self.mode) or "auto",  # type: ignore[arg-type]
            deletes=arguments.text(self.deletes) or "auto",  # type: ignore[arg-type]
            overrides={name: TableOptions(**choice) for name, choice in (self.overrides or {}).items()},  # type: ignore[arg-type]
            policy=column_policy(self.columns or {}, arguments.text(self.hash_conn_id)),
            context=run_labels(context),
            delete_guard=deletion_guard(self.delete_guard, "delete_guard"),
        )


def _owner(context: Context) -> str:
    """Name the task, its retries included, but not its other runs."""
    instance = context["ti"]
    parts = (instance.dag_id, instance.task_id, instance.run_id, instance.map_index)
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:32]


def _summary(done: EventSyncResult, prefix: str) -> dict[str, Any]:
    names = (
        "organization_id",
        "changes",
        "merged",
        "left",
        "absent",
        "unreadable",
        "deferred",
        "requests",
        "rows_changed",
    )
    return {name: getattr(done, name) for name in names} | {
        "late_seconds": round(done.late_seconds, 3),
        "tables": {
            f"{prefix}{table.table}": {name: getattr(table, name) for name in COUNTS}
            for table in done.tables.values()
        },
    }

"""Sync Cal.com resources into the tables of any SQL database that Airflow can reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from calcom_provider.hooks.calcom import CalComHook
from calcom_provider.hooks.error_mapping import explained
from calcom_provider.hooks.sql import describe_target, warehouse_target
from calcom_provider.links import CalComOrganizationLink
from calcom_provider.operators import arguments
from calcom_provider.operators.retry import with_retry_policy
from calcom_provider.transfers import metrics, outcome
from calcom_provider.transfers.options import WAIT, sync_options

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from calcom_provider.sync import Progress, SyncOptions
    from calcom_provider.warehouse import Warehouse

LOGGED = ("rows_read", "inserted", "updated", "deleted", "emptied", "unchanged")


class CalComToSqlOperator(BaseOperator):
    """Sync Cal.com resources into warehouse tables: all of them in one transaction, or none.

    One task syncs all chosen resources of one organisation, because they share one request budget and are
    published together. To sync several organisations, map the operator over them. Running it again is safe
    at any time: the tables hold what Cal.com holds, and unchanged rows are not touched.

    .. seealso:: :ref:`howto/operator:CalComToSqlOperator`

    :param resource_names: names of resources, ``group:NAME``, ``default`` or ``all``; a list or one text
        separated by commas (templated). Default: the people of the organisation and their teams.
    :param calcom_conn_id: Airflow connection of type ``calcom`` (templated).
    :param sql_conn_id: Airflow connection of the warehouse, of any SQL type (templated).
    :param organization_id: organisation to read; default the connection's, else the one of ``/me``
        (templated).
    :param schema: database schema of the tables; default the connection's own (templated).
    :param table_prefix: what table names start with (templated).
    :param mode: ``auto``, ``merge``, ``replace`` or ``history`` (templated).
    :param deletes: what becomes of rows that Cal.com no longer has: ``auto``, ``ignore``, ``mark`` or
        ``remove`` (templated).
    :param columns: which columns are stored and how: a mapping with any of ``sensitive``, ``include``,
        ``select``, ``drop``, ``rename``, ``hash``, ``schema_evolution`` and ``keep_dropped`` (templated).
    :param hash_conn_id: Airflow connection whose password is the key for hashed columns (templated).
    :param overrides: mode and deletes of single resources or tables, by name (templated).
    :param full: read incremental resources in full (templated).
    :param full_every: read them in full when they were last read so longer ago, for example ``7d``, which is
        the default (templated).
    :param overlap: how far before the watermark an incremental read begins; default ``10m`` (templated).
    :param reread_days: days for which ended bookings are read again; default 14 (templated).
    :param delete_guard: how many rows a run may delete from a table: any of ``share``, ``absolute`` and
        ``minimum``; default a share of 0.2 of tables with 50 rows or more (templated).
    :param confirm_deletes: table, without prefix, and the rows that this run may delete although the guard
        would refuse it, as the refusal names them (templated).
    :param wait: how long to wait for another run on the same tables; default ``1h`` (templated).
    :param backfill_start: with ``backfill_end``, a window of incremental resources to read again: ISO 8601
        instants (templated).
    :param backfill_end: see ``backfill_start`` (templated).
    :param events_conn_id: Airflow connection of the store of events; with it the run counts what events had missed
        (templated).
    :param preview: read everything and report what would change, without changing a table (templated).
    """

    template_fields: Sequence[str] = (
        "resource_names",
        "calcom_conn_id",
        "sql_conn_id",
        "organization_id",
        "schema",
        "table_prefix",
        "mode",
        "deletes",
        "columns",
        "hash_conn_id",
        "overrides",
        "full",
        "full_every",
        "overlap",
        "reread_days",
        "delete_guard",
        "confirm_deletes",
        "wait",
        "backfill_start",
        "backfill_end",
        "events_conn_id",
        "preview",
    )
    template_fields_renderers = {
        "columns": "json",
        "overrides": "json",
        "delete_guard": "json",
        "confirm_deletes": "json",
    }
    operator_extra_links = (CalComOrganizationLink(),)
    ui_color = "#e8e8e8"
    ui_fgcolor = "#111827"

    def __init__(
        self,
        *,
        resource_names: str | Sequence[str] = "default",
        calcom_conn_id: str = CalComHook.default_conn_name,
        sql_conn_id: str,
        organization_id: int | str | None = None,
        schema: str | None = None,
        table_prefix: str = "calcom_",
        mode: str = "auto",
        deletes: str = "auto",
        columns: Mapping[str, Any] | None = None,
        hash_conn_id: str | None = None,
        overrides: Mapping[str, Mapping[str, str]] | None = None,
        full: bool | str = False,
        full_every: timedelta | float | str | None = None,
        overlap: timedelta | float | str | None = None,
        reread_days: int | str | None = None,
        delete_guard: Mapping[str, Any] | str | None = None,
        confirm_deletes: Mapping[str, int] | str | None = None,
        wait: timedelta | float | str | None = WAIT,
        backfill_start: str | None = None,
        backfill_end: str | None = None,
        events_conn_id: str | None = None,
        preview: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**with_retry_policy(kwargs))
        self.resource_names = resource_names
        self.calcom_conn_id = calcom_conn_id
        self.sql_conn_id = sql_conn_id
        self.organization_id = organization_id
        self.schema = schema
        self.table_prefix = table_prefix
        self.mode = mode
        self.deletes = deletes
        self.columns = columns
        self.hash_conn_id = hash_conn_id
        self.overrides = overrides
        self.full = full
        self.full_every = full_every
        self.overlap = overlap
        self.reread_days = reread_days
        self.delete_guard = delete_guard
        self.confirm_deletes = confirm_deletes
        self.wait = wait
        self.backfill_start = backfill_start
        self.backfill_end = backfill_end
        self.events_conn_id = events_conn_id
        self.preview = preview

    def execute(self, context: Context) -> dict[str, Any]:
        """Sync, and return the run's id and counts, small enough for XCom.

        :param context: the task's context.
        :raises AirflowFailException: when a retry cannot help: credential, rights, connection or arguments.
        :raises CalComError: for all else, so that Airflow retries.
        """
        with explained(self.log):
            try:
                done = self._sync(context)
            except Exception:
                metrics.count_failure()
                raise
        metrics.count_sync(done)
        return done

    def _sync(self, context: Context) -> dict[str, Any]:
        organization_id = arguments.number(self.organization_id, "organization_id")
        options = sync_options(self, context)
        with closing(self._warehouse()) as warehouse, closing(self._hook(organization_id)) as hook:
            CalComOrganizationLink().store(context, hook.organization_url)
            # Asked for before anything is read, so that a database without rights says so at once.
            assets = self._assets(warehouse)
            self._done = self._sync_one(hook, warehouse, arguments.names(self.resource_names), options)
            self._source = hook.settings.base_url
        self._policy = options.policy
        outcome.attach_assets(context, assets, self._done)
        return self._done

    def _assets(self, warehouse: Warehouse) -> outcome.TableAssets:
        return outcome.TableAssets(warehouse, self.outlets, self.sql_conn_id)

    def _warehouse(self) -> Warehouse:
        # Imported here: parsing a DAG file must not cost what the engine and pandas cost to load.
        from calcom_provider.warehouse import Warehouse

        schema = arguments.text(self.schema)
        return Warehouse(warehouse_target(self.sql_conn_id), schema=schema, prefix=self.table_prefix)

    def _hook(self, organization_id: int | None) -> CalComHook:
        return CalComHook(self.calcom_conn_id, organization_id=organization_id)

    def _sync_one(
        self, hook: CalComHook, warehouse: Warehouse, resources: Sequence[str] | None, options: SyncOptions
    ) -> dict[str, Any]:
        """Sync one organisation and say in the log what came of it."""
        from calcom_provider.sync import sync

        with ExitStack() as stack:
            if events_conn_id := arguments.text(self.events_conn_id):
                from calcom_provider.hooks.events import event_store

                store = event_store(events_conn_id)
                stack.callback(store.database.close)
                options = replace(options, events=store.named)
            result = sync(
                hook.get_conn(),
                warehouse,
                resources=resources,
                options=options,
                progress=self._log_progress,
                dry_run=arguments.flag(self.preview, "preview"),
            )
        done = outcome.summary(result, self.table_prefix)
        self._log_result(done)
        return done

    def _log_progress(self, step: Progress) -> None:
        if step.event == "wait":
            self.log.info("Waiting for Cal.com's rate limit (%.0f s so far)", step.waited_seconds)
        elif step.event == "finished":
            self.log.info("Read %s: %d rows (%d requests so far)", step.resource, step.rows, step.requests)

    def _log_result(self, done: Mapping[str, Any]) -> None:
        for table, counts in done["tables"].items():
            self.log.info(
                "%s: %d read, %d inserted, %d updated, %d deleted, %d emptied, %d unchanged",
                table,
                *(counts[name] for name in LOGGED),
            )
        self.log.info(
            "%s run %s of organization %s: %d rows changed, %d requests, %.1f s, of which %.1f s waiting",
            "Dry" if done["dry_run"] else "Published",
            *(done[name] for name in ("run_id", "organization_id", "rows_changed", "requests")),
            done["seconds"],
            done["waited_seconds"],
        )

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """Return the lineage of the finished sync: the organisation in, the tables with their row counts out.

        :param task_instance: the task instance, as the listener passes it.
        """
        done = getattr(self, "_done", None)
        if done is None:
            return None
        return outcome.lineage(
            source=self._source,
            target=describe_target(self.sql_conn_id),
            schema=arguments.text(self.schema),
            columns=outcome.stored_columns(done["tables"], self.table_prefix, self._policy),
            outcome=done,
        )

"""Tell Airflow what a sync did: the task's result, asset events and lineage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import Asset, AssetAlias

from calcom_provider.assets import database_asset, table_asset

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from calcom_provider.resources.policy import ColumnPolicy
    from calcom_provider.sync import SyncResult
    from calcom_provider.warehouse import Warehouse

COUNTS = ("rows_read", "inserted", "updated", "unchanged", "deleted", "emptied", "rows_after")


def summary(result: SyncResult, prefix: str) -> dict[str, Any]:
    """Return the outcome of a sync as small plain values, fit for XCom: names and counts, no rows.

    :param result: what the sync returned.
    :param prefix: what the names of the tables start with.
    """
    return {
        "run_id": result.run_id,
        "organization_id": result.organization_id,
        "rows_changed": result.rows_changed,
        "requests": result.requests,
        "throttled": result.throttled,
        "waited_seconds": round(result.waited_seconds, 3),
        "lock_seconds": result.lock_seconds,
        "publish_retries": result.publish_retries,
        "billed_bytes": result.billed_bytes,
        "seconds": round(result.seconds, 3),
        "dry_run": result.dry_run,
        "events_missed": result.events_missed,
        "events_late_seconds": result.events_late_seconds,
        "tables": {
            f"{prefix}{table.table}": {name: getattr(table, name) for name in COUNTS}
            | {"status": table.status, "complete": table.complete}
            for table in result.tables
        },
    }


class TableAssets:
    """Know the assets of a warehouse's tables, and record events of them under a task's asset aliases.

    :param warehouse: the open warehouse. It is asked for its tables' URIs only if there is an alias to record under.
    :param outlets: the task's outlets; whatever is no alias is left alone.
    :param sql_conn_id: Airflow connection of the warehouse.
    """

    def __init__(self, warehouse: Warehouse, outlets: Sequence[Any], sql_conn_id: str) -> None:
        self._aliases = [outlet for outlet in outlets if isinstance(outlet, AssetAlias)]
        self._sql_conn_id = sql_conn_id
        self._schema = warehouse.schema
        self._base = warehouse.asset_base() if self._aliases else None

    def of(self, table: str) -> list[Asset]:
        """Return the assets of a table: the one of this provider, and the one by the database's own scheme.

        :param table: name of the table.
        """
        own = table_asset(self._sql_conn_id, table, self._schema)
        return [own] if self._base is None else [own, database_asset(self._base, table)]

    def record(self, context: Context, table: str, extra: Mapping[str, Any]) -> None:
        """Record an event of a table.

        :param context: the task's context.
        :param table: name of the table.
        :param extra: what the event says.
        """
        for alias in self._aliases:
            for asset in self.of(table):
                context["outlet_events"][alias].add(asset, extra=dict(extra))


def attach_assets(context: Context, assets: TableAssets, outcome: Mapping[str, Any]) -> None:
    """Record the events of a sync, for each of its tables; a preview has none.

    :param context: the task's context.
    :param assets: the assets of the tables.
    :param outcome: what :func:`summary` returned.
    """
    if outcome["dry_run"]:
        return
    for table, counts in outcome["tables"].items():
        told = {"organization_id": outcome["organization_id"], "run_id": outcome["run_id"], **counts}
        assets.record(context, table, told)


def lineage(
    *,
    source: str,
    target: str,
    schema: str | None,
    columns: Mapping[str, Sequence[tuple[str, str]]],
    outcome: dict[str, Any],
) -> Any:
    """Return the lineage of a sync: one organisation in, its tables with columns and row counts out.

    :param source: the API's base URL.
    :param target: where the warehouse is, as :func:`calcom_provider.hooks.sql.describe_target` says.
    :param schema: schema of the tables, None for the connection's own.
    :param columns: name and type of each table's columns, as :func:`stored_columns` returns them.
    :param outcome: what :func:`summary` returned.
    """
    from airflow.providers.common.compat.openlineage.facet import (
        Dataset,
        OutputDataset,
        OutputStatisticsOutputDatasetFacet,
        SchemaDatasetFacet,
        SchemaDatasetFacetFields,
    )
    from airflow.providers.openlineage.extractors import OperatorLineage

    def output(table: str, counts: Mapping[str, int]) -> OutputDataset:
        fields = [SchemaDatasetFacetFields(name=name, type=kind) for name, kind in columns.get(table, ())]
        written = OutputStatisticsOutputDatasetFacet(
            rowCount=counts["inserted"] + counts["updated"], size=None
        )
        return OutputDataset(
            namespace=target,
            name=f"{schema}.{table}" if schema else table,
            facets={"schema": SchemaDatasetFacet(fields=fields)},
            outputFacets={"outputStatistics": written},
        )

    return OperatorLineage(
        inputs=[Dataset(namespace=source, name=f"organization/{outcome['organization_id']}")],
        outputs=[output(table, counts) for table, counts in outcome["tables"].items()],
    )


def stored_columns(
    tables: Iterable[str], prefix: str, policy: ColumnPolicy
) -> dict[str, list[tuple[str, str]]]:
    """Return name and type of tables' columns, as a policy stores them.

    :param tables: names of the tables.
    :param prefix: what these names start with.
    :param policy: which columns are stored, and how.
    """
    from calcom_provider.resources.registry import catalogue

    declared = {
        f"{prefix}{table.name}": table for resource in catalogue().values() for table in resource.tables
    }
    return {
        name: [(column.name, column.type) for column in policy.apply(declared[name]).table.columns]
        for name in tables
        if name in declared
    }

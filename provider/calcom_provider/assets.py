"""Name warehouse tables as Airflow assets, so that DAGs can be scheduled on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import SplitResult

from airflow.providers.common.compat.sdk import Asset
from airflow.sdk import AssetWatcher

from calcom_provider.resources.changes import CHECKED, LOOK_EVERY, SHORTEST_LOOK_EVERY, named
from calcom_provider.resources.events import DEBOUNCE, LONGEST_DEBOUNCE, SHORTEST_DEBOUNCE, TABLES

SCHEME = "calcom"
DEFAULT_SCHEMA = "default"


def table_asset(sql_conn_id: str, table: str, schema: str | None = None) -> Asset:
    """Return the asset that stands for one warehouse table; a DAG can be scheduled on it.

    :param sql_conn_id: Airflow connection of the warehouse.
    :param table: name of the table with its prefix, for example ``calcom_users``.
    :param schema: schema of the table, None for the connection's own.
    """
    path = f"{sql_conn_id}/{schema or DEFAULT_SCHEMA}/{table}"
    return Asset(name=path, uri=f"{SCHEME}://{path}")


def database_asset(base: str, table: str) -> Asset:
    """Return the asset that stands for the same table by the database's own scheme, as other providers name it.

    Its name is its URI, as that of what the providers' own ``create_asset`` functions return.

    :param base: what the URI begins with, as :meth:`calcom_provider.warehouse.Warehouse.asset_base` returns it.
    :param table: name of the table with its prefix.
    """
    return Asset(name=base + table, uri=base + table)


def events_asset(
    events_conn_id: str,
    organization_id: int | None = None,
    *,
    resources: Sequence[str] = tuple(sorted(TABLES)),
    debounce: float = DEBOUNCE,
) -> Asset:
    """Return the asset that changes when webhooks have named rows; a DAG with an event sync is scheduled on it.

    Its watcher runs in the triggerer, and tells once of many events.

    :param events_conn_id: Airflow connection of the store of events.
    :param organization_id: whose events; None for those of all organisations in the store.
    :param resources: of which tables.
    :param debounce: seconds to gather after the first event, 10 to 60.
    :raises ValueError: if it is shorter or longer.
    """
    from calcom_provider.triggers.events import CalComEventTrigger

    if not SHORTEST_DEBOUNCE <= debounce <= LONGEST_DEBOUNCE:
        bounds = f"{SHORTEST_DEBOUNCE:g} to {LONGEST_DEBOUNCE:g}"
        raise ValueError(f"debounce is {bounds} seconds, not {debounce!r}.")
    path = f"{events_conn_id}/{organization_id or 'all'}/{'-'.join(resources)}"
    trigger = CalComEventTrigger(
        events_conn_id=events_conn_id, organization_id=organization_id, resources=resources, debounce=debounce
    )
    return Asset(name=path, uri=f"{SCHEME}://{path}", watchers=[AssetWatcher(name=path, trigger=trigger)])


def changes_asset(
    calcom_conn_id: str,
    events_conn_id: str,
    organization_id: int | None = None,
    *,
    resources: Sequence[str] = CHECKED,
    every: float = LOOK_EVERY,
) -> Asset:
    """Return the asset that changes when a look at lists shows that tables without a webhook have changed.

    Its watcher runs in the triggerer, and looks for one request a page of rows. :func:`changed_resources` gives a task
    what to read again.

    :param calcom_conn_id: Airflow connection of type ``calcom``.
    :param events_conn_id: Airflow connection of the store of events, which remembers what was seen.
    :param organization_id: whose lists; None for the connection's own organisation.
    :param resources: of :data:`~calcom_provider.resources.changes.CHECKED`.
    :param every: seconds between two looks, 30 at least.
    :raises ValueError: if it is shorter, or for a resource that no look tells of.
    """
    from calcom_provider.triggers.changes import CalComChangeTrigger

    if every < SHORTEST_LOOK_EVERY:
        raise ValueError(f"every is {SHORTEST_LOOK_EVERY:g} seconds at least, not {every!r}.")
    path = f"{calcom_conn_id}/{organization_id or 'own'}/{'-'.join(named(resources))}"
    trigger = CalComChangeTrigger(
        calcom_conn_id=calcom_conn_id,
        events_conn_id=events_conn_id,
        organization_id=organization_id,
        resources=named(resources),
        every=every,
    )
    return Asset(name=path, uri=f"{SCHEME}://{path}", watchers=[AssetWatcher(name=path, trigger=trigger)])


def changed_resources(events: Mapping[Any, Sequence[Any]], default: Sequence[str] = CHECKED) -> str:
    """Return what a run is to read again, separated by commas, from the asset events that started it.

    :param events: ``triggering_asset_events`` of the run.
    :param default: what a run reads that no look has started.
    """
    told = {
        name
        for found in events.values()
        for event in found
        for name in ((event.extra or {}).get("payload") or {}).get("resources", ())
    }
    return ",".join(name for name in CHECKED if name in told) or ",".join(default)


def sanitize_uri(uri: SplitResult) -> SplitResult:
    """Check the URI of a table; Airflow calls this for every asset with this scheme.

    :param uri: ``calcom://connection/schema/table``.
    :raises ValueError: if a part is missing, so that a misspelt asset is an import error and not a DAG that
        never starts.
    """
    parts = [part for part in uri.path.split("/") if part]
    if not uri.netloc or len(parts) != 2:
        raise ValueError("An asset of Cal.com is calcom://CONNECTION/SCHEMA/TABLE, with SCHEMA or 'default'.")
    return uri._replace(path="/" + "/".join(parts), query="", fragment="")
